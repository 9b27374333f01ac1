"""The command line: thin commands over the library, exit codes for scripts.

0 done · 1 found something wrong · 2 usage or configuration · 3 could not start · 130 interrupted
"""

from edgerun.cli.root import main

__all__ = ["main"]
