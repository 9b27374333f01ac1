"""`python -m edgerun`."""

from edgerun.cli import main

main()
