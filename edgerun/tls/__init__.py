"""HTTPS to viewers: an authority of this machine's own, its certificates, and which of them a viewer is shown."""
