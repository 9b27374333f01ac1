"""What comes in great numbers and may be seen to a moment later: gathered, and handed on together."""

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST: Final = 512
DELAY: Final = 0.02

Soon = Callable[[Callable[[], None]], object]


def soon(flush: Callable[[], None]) -> None:
    """Flush in a moment, or now where no loop runs."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        flush()
    else:
        loop.call_later(DELAY, flush)


class Gathered(Generic[T]):
    """Hands on what is added, in its order: `DELAY` seconds after the first, when there are `MOST`, or by `flush`.

    Args:
        see_to: gets at least one.
        soon: arranges for a call in a moment.
    """

    __slots__ = ("_items", "_see_to", "_set", "_soon")

    def __init__(self, see_to: Callable[[list[T]], None], *, soon: Soon = soon) -> None:
        self._see_to = see_to
        self._soon = soon
        self._items: list[T] = []
        self._set = False

    def add(self, item: T) -> None:
        self._items.append(item)
        if not self._set:
            self._set = True
            self._soon(self._rang)
        elif len(self._items) >= MOST:
            self.flush()

    def flush(self) -> None:
        """Hand on what is here now."""
        if self._items:
            items, self._items = self._items, []
            self._see_to(items)

    def _rang(self) -> None:
        self._set = False
        self.flush()
