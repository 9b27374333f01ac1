"""Requests that were recorded, once more: through today's configuration and code."""
