"""The shared cache: keys, freshness, collapsing and stores."""
