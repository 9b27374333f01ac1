"""Functions: their dialects, their limits and the processes that run them."""
