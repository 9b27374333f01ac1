"""The inspector: pages that show every stage of every request, and the JSON they are made of."""
