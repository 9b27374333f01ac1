"""What all tests share."""

import os

# A function has a `/tmp` of its own, unless its code lies in the machine's: what tests and functions share does not.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/var/tmp")
