"""Databases of places."""
