"""Where answers come from when the cache has none."""
