"""HTTP messages and their rules, without I/O."""
