"""Where edgerun keeps what belongs to one configuration while it is served: logs, and how to reach the server."""

from pathlib import Path
from typing import Final

STATE_FOLDER: Final = ".edgerun"


def home(configuration: Path) -> Path:
    """Return the state folder of a configuration: beside its file, or, for a folder served as it is, where we are.

    No directory origin serves a folder of this name, and no watcher looks into it.
    """
    return (Path.cwd() if configuration.is_dir() else configuration.parent) / STATE_FOLDER
