"""The second port: questions and orders for a running server, apart from the site it serves."""
