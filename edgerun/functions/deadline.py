"""When something's time is over: one timer for many times in a row, set seldom and looked at when it rings."""

import asyncio
import math
from collections.abc import Callable
from typing import Final

_TICK: Final = 0.001  # what a loop's timer may come too early


class Deadline:
    """Calls `over` when the time set last has come, unless it was cleared.

    To set and to clear it costs next to nothing: a timer that rings too early is set again, one in vain is let be.
    """

    __slots__ = ("_at", "_loop", "_over", "_rings", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, over: Callable[[], None]) -> None:
        self._loop = loop
        self._over = over
        self._at = math.inf
        self._rings = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at: float) -> None:
        """Set the time, on the loop's clock, in place of one that was set before."""
        self._at = at
        if at < self._rings:
            self._ring_at(at)

    def clear(self) -> None:
        """Let the time pass."""
        self._at = math.inf

    def cancel(self) -> None:
        """Clear it for good, with its timer."""
        self._at = self._rings = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring_at(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings = at
        self._timer = self._loop.call_later(at - self._loop.time(), self._look)

    def _look(self) -> None:
        self._timer, self._rings = None, math.inf
        if self._at == math.inf:
            return
        if self._at - self._loop.time() > _TICK:
            self._ring_at(self._at)
        else:
            self._at = math.inf
            self._over()
