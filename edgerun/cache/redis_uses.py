"""What was used lately, told to a Redis server a moment later and all at once: what is least in use leaves first."""

import asyncio
from collections.abc import Callable
from typing import Final

TOUCH_SECONDS: Final = 1.0
MOST_USED: Final = 100_000
"""Digests that are remembered while the server cannot be told."""


class Uses:
    """The digests of what was used since the server was told last, the last used last."""

    def __init__(self, tell: Callable[[], None]) -> None:
        """`tell` is called once, a moment after something was used."""
        self._tell = tell
        self._used: dict[bytes, None] = {}
        self._waiting = False

    def note(self, digest: bytes) -> None:
        """Note that an entry was used, in the running loop."""
        self._used.pop(digest, None)
        self._used[digest] = None
        if len(self._used) > MOST_USED:
            del self._used[next(iter(self._used))]
        if not self._waiting:
            self._waiting = True
            asyncio.get_running_loop().call_later(TOUCH_SECONDS, self._in_time)

    def taken(self) -> list[bytes]:
        """Return them, and begin anew."""
        used, self._used = self._used, {}
        return list(used)

    def _in_time(self) -> None:
        self._waiting = False
        self._tell()
