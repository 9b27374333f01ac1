"""Where viewers come in: two doors onto one pipeline."""
