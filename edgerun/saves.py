"""What was saved: the events of the file system, without those of nobody's interest."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Final

from watchfiles import DefaultFilter, awatch

from edgerun.home import STATE_FOLDER

# A set of changes is complete once nothing more came for a step: what follows a save waits for one to two of them.
STEP_MS: Final = 10
DEBOUNCE_MS: Final = 50
LOOK_MS: Final = 500

Mark = tuple[int, int, int]


async def saves(
    paths: Iterable[Path], stop: asyncio.Event, is_wanted: Callable[[str], bool]
) -> AsyncIterator[set[Path]]:
    """Yield sets of what was saved, made or removed as they come, and an empty one now and then.

    Args:
        paths: files and folders; those that do not exist are left out.
        stop: ends it.
        is_wanted: tells of files in folders such as node_modules, which count for nobody else.
    """
    usual = DefaultFilter()
    existing = [path for path in paths if path.exists()]
    # No filter there: as long as only what it drops is written, such as logs, it would yield nothing at all.
    async for changes in awatch(
        *existing,
        watch_filter=None,
        debounce=DEBOUNCE_MS,
        step=STEP_MS,
        stop_event=stop,
        rust_timeout=LOOK_MS,
        yield_on_timeout=True,
    ):
        yield {
            Path(name)
            for change, name in changes
            if (usual(change, name) and STATE_FOLDER not in Path(name).parts) or is_wanted(name)
        }


def mark(path: str | Path) -> Mark:
    """Return what tells a file from another one of the same name; of a folder nothing of its content counts."""
    try:
        found = os.stat(path)  # noqa: PTH116  # called for every loaded file
    except OSError:
        return (0, 0, 0)
    if stat.S_ISDIR(found.st_mode):
        return (found.st_ino, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def marks(paths: Iterable[Path]) -> dict[Path, Mark]:
    return {path: mark(path) for path in paths}


class Folders:
    """Tells what lies in some folders, or is one of them, by their own names and by those that they link to."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._names = {name for path in paths for name in (str(path), os.path.realpath(path))}

    def __contains__(self, file: str) -> bool:
        return any(file == name or file.startswith(name + os.sep) for name in self._names)
