"""Configurations in other people's formats: what is served here, deployed there."""
