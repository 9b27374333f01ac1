"""The folder of an lmdb store: who uses it, and whether what is in it can be trusted.

Every process that uses it holds a shared lock for as long as it does. Whoever finds nobody else there may
clear away what a process left that was killed, and drop what cannot be trusted.
"""

import contextlib
import fcntl
import os
import shutil
from pathlib import Path
from typing import Final

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
BROKEN: Final = "broken"
BALLAST: Final = "ballast"
BALLAST_BYTES: Final = 1024 * 1024
READERS: Final = "lock.mdb"
READERS_BYTES: Final = 128 * 1024
DROPPED: Final = ("data.mdb", READERS, "signs", "boot", BALLAST, BROKEN, "bodies")


class StoreFolder:
    """A folder in use; `alone` tells whether nobody else used it when it was entered."""

    def __init__(self, path: Path) -> None:
        """Enter a folder, making it if it is not there.

        Raises:
            OSError: it cannot be made or written to.
        """
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = path
        self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.alone = self._alone()
        if not self.alone:
            fcntl.flock(self._lock, fcntl.LOCK_SH)

    def distrusted(self) -> str:
        """Return why what is there cannot be trusted, or nothing."""
        if (self.path / BROKEN).exists():
            return "was damaged"
        marker = self.path / "boot"
        if marker.exists() and marker.read_text() != _boot():
            return "was in use when the machine went down"
        return ""

    def drop(self) -> None:
        """Remove everything that is there; only for who is alone."""
        for name in DROPPED:
            place = self.path / name
            if place.is_dir():
                shutil.rmtree(place, ignore_errors=True)
            else:
                place.unlink(missing_ok=True)

    def prepare(self) -> None:
        """Give lmdb's table of readers its room; only for who is alone.

        lmdb leaves it as a hole, and a hole that finds no room ends the process that writes to it.

        Raises:
            OSError: there is no room.
        """
        _reserve(self.path / READERS, READERS_BYTES)

    def hold_ballast(self) -> None:
        """Take some room that nobody else gets, if there is any."""
        with contextlib.suppress(OSError):
            _reserve(self.path / BALLAST, BALLAST_BYTES)

    def drop_ballast(self) -> None:
        """Give that room back: even forgetting takes some."""
        (self.path / BALLAST).unlink(missing_ok=True)

    def share(self) -> None:
        """Say that it is in use, and let others in."""
        (self.path / "boot").write_text(_boot())
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def distrust(self) -> None:
        """Have whoever enters next, alone, drop everything."""
        with contextlib.suppress(OSError):
            (self.path / BROKEN).touch()

    def last(self) -> bool:
        """Tell whether everybody else has left."""
        return self._alone()

    def leave(self, *, clean: bool) -> None:
        """Leave it; `clean` when everything is on the disk."""
        if clean:
            (self.path / "boot").unlink(missing_ok=True)
        os.close(self._lock)

    def _alone(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def _reserve(path: Path, size: int) -> None:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(file, 0, size)
    finally:
        os.close(file)


def _boot() -> str:
    try:
        return BOOT_ID.read_text()
    except OSError:
        return ""
