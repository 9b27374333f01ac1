"""Files to which several processes append: whole batches, one after another, and a full file is moved away once.

Who appends holds a lock on the file meanwhile. So batches never mix, and of several that find a file full only one
moves it: the others see by its name that it is another file now.
"""

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path


def append(
    path: Path, data: bytes, largest: int, move_away: Callable[[], object], *, mode: int, head: bytes = b""
) -> bool:
    """Append to a file, opened anew each time: the user may remove or move it while we run.

    Args:
        path: the file; its folder is made if need be.
        data: whole lines.
        largest: bytes that it may have; one that would have more is moved away first, unless it is empty.
        move_away: gives the file another name.
        mode: of a file that is made.
        head: what every file begins with.

    Returns:
        Whether it is a file at all, rather than something without a size, such as a pipe; that gets the head each time.

    Raises:
        OSError: it cannot be written to.
    """
    while True:
        with _alone(path, mode) as descriptor:
            found = os.fstat(descriptor)
            regular = stat.S_ISREG(found.st_mode)
            if regular and found.st_size and found.st_size + len(data) > largest:
                move_away()
                continue
            write(descriptor, data if regular and found.st_size else head + data)
            return regular


def hold(path: Path, mode: int) -> int:
    """Open a file as one that is being written, which nobody is to clear away, until the descriptor is closed.

    Raises:
        OSError: it cannot be opened.
    """
    descriptor = opened(path, mode)
    _lock(descriptor, fcntl.LOCK_SH)
    return descriptor


def is_held(path: Path) -> bool:
    """Tell whether a process is writing a file; one that has ended writes none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def opened(path: Path, mode: int) -> int:
    """Return a descriptor that appends to a file, making it and its folder if need be.

    Raises:
        OSError: it cannot be opened.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, mode)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, mode)


def write(descriptor: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[os.write(descriptor, data) :]


@contextlib.contextmanager
def _alone(path: Path, mode: int) -> Iterator[int]:
    """Open a file while nobody else appends to it or moves it."""
    while True:
        descriptor = opened(path, mode)
        try:
            _lock(descriptor, fcntl.LOCK_EX)
            if _is_still(path, descriptor):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _lock(descriptor: int, kind: int) -> None:
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(descriptor, kind)


def _is_still(path: Path, descriptor: int) -> bool:
    """Tell whether an open file is the one of that name, and was not moved while we waited for it."""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        return True
    try:
        named = path.stat()
    except FileNotFoundError:
        return False
    return (named.st_dev, named.st_ino) == (found.st_dev, found.st_ino)
