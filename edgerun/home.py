"""Where edgerun keeps what belongs to one configuration while it is served: logs, and how to reach the server."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

STATE_FOLDER: Final = ".edgerun"


def home(configuration: Path) -> Path:
    """Return the state folder of a configuration: beside its file, or, for a folder served as it is, where we are.

    No directory origin serves a folder of this name, and no watcher looks into it.
    """
    return (Path.cwd() if configuration.is_dir() else configuration.parent) / STATE_FOLDER


def data_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder of what belongs to a user and to no one configuration: `EDGERUN_DATA`, else XDG's data home."""
    own = environment.get("EDGERUN_DATA")
    if own:
        return Path(own).absolute()
    shared = environment.get("XDG_DATA_HOME", "")
    # XDG: a path that is not absolute counts as none.
    return (Path(shared) if Path(shared).is_absolute() else Path.home() / ".local" / "share") / "edgerun"
