"""Lines for the terminal: a worker's go to the parent, which writes the lines of all as one stream."""

import sys
from typing import Final

from edgerun.observe.console import Out
from edgerun.workers.control import Link

MOST_WAITING: Final = 8 * 1024 * 1024


class ToParent:
    """Where a worker's console writes: whole lines, as one word to the parent.

    A parent that is held up by its own terminal must not fill the worker's memory: lines are lost then, and it is said
    how many once there is room again.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lost = 0

    def write(self, text: str) -> None:
        """Send whole lines."""
        if self._link.waiting > MOST_WAITING:
            self._lost += text.count("\n")
            return
        lost, self._lost = self._lost, 0
        self._link.tell("lines", text=text, lost=lost)

    def flush(self) -> None:
        """Do nothing: what is written is on its way."""


class Terminal:
    """Where the parent writes, its own lines and those of the workers: one stream, whole lines."""

    def __init__(self, out: Out) -> None:
        self._out: Out = out

    def write(self, text: str) -> None:
        """Write whole lines."""
        try:
            self._out.write(text)
            self._out.flush()
        except BrokenPipeError:
            self._out = sys.__stderr__ or self._out

    def flush(self) -> None:
        """Do nothing: every write is whole."""
