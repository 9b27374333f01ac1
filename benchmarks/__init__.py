"""Edgerun side by side with named baselines, measured in one run; see `README.md` in this folder."""
