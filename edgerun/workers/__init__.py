"""Several processes on one port: a parent that watches over them, and the workers that answer viewers."""
