"""A small file that processes share in memory, by which each notices at once what another has changed.

One sign stands for the invalidations, and each key has one of some thousands. Who changes something gives its
sign a value that no sign ever had, so whoever remembers the value from before notices, and two who change at
once cannot hide one another.
"""

import contextlib
import mmap
import os
import random
from pathlib import Path
from typing import Final

from edgerun.cache.tier import KEYS

IN_PROGRESS: Final = 0
_BYTES: Final = 8 * (KEYS + 1)


class Signs:
    """The shared signs: number 0 for invalidations, 1 and up for keys; read by index."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            OSError: there is no room for it.
        """
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(file).st_size < _BYTES:
                # Written out, not left as a hole: a hole that finds no room ends the process that writes to it.
                os.pwrite(file, random.randbytes(_BYTES), 0)  # noqa: S311
            self._map = mmap.mmap(file, _BYTES)
        finally:
            os.close(file)
        self.values = memoryview(self._map).cast("Q")

    def change(self, number: int) -> None:
        """Give a sign a new value, after what it stands for has changed."""
        self.values[number] = random.getrandbits(64) | 1

    def begin(self) -> None:
        """Say that an invalidation is under way; whoever dies over it leaves this behind, which is slow but right."""
        self.values[0] = IN_PROGRESS

    def close(self) -> None:
        """Let go of the file."""
        self.values.release()
        with contextlib.suppress(BufferError):
            self._map.close()
