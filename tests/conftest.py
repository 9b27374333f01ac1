"""What all tests share."""

import os

from hypothesis import settings

# A function has a `/tmp` of its own, unless its code lies in the machine's: what tests and functions share does not.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/var/tmp")

# How long an example takes says more about what else the machine does than about the code.
settings.register_profile("edgerun", deadline=None)
settings.load_profile("edgerun")
