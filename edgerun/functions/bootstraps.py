"""Where a function that brings its own runtime has it: the executable `bootstrap` in its folder.

Source: spec/lambda-service.md §4.3.
"""

import os
from pathlib import Path
from typing import Final

RUNTIMES: Final = ("provided", "provided.al2", "provided.al2023")
NAME: Final = "bootstrap"
_LAYERS: Final = "/opt"


def places(root: str) -> tuple[str, ...]:
    """Return where a bootstrap may be, in the order of looking."""
    return f"{root}/{NAME}", f"{_LAYERS}/{NAME}"


def find(root: str) -> str | None:
    """Return the first bootstrap that can be executed, or None."""
    return next((place for place in places(root) if Path(place).is_file() and os.access(place, os.X_OK)), None)
