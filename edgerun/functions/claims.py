"""Which of the events sent ahead may begin: the server hands out claims, a host takes one before it begins an event.

A claim is an event's number, four bytes in a pipe of which both have the reading end. Whoever reads it has it: the host
begins the event, or the server has taken it back. So an event can be taken back from a host that is busy, and what was
taken back never begins.
"""

import contextlib
import os
import struct
from collections.abc import Sequence

_LARGEST = 65_536


class Claims:
    """The server's side of the pipe.

    Attributes:
        theirs: the host's reading end; whoever takes it closes it.
    """

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        for descriptor in (self._reading, self._writing):
            os.set_blocking(descriptor, False)
        self.theirs = os.dup(self._reading)
        self._open = True

    def give(self, numbers: Sequence[int]) -> None:
        """Let the host begin these events; before it gets them."""
        with contextlib.suppress(OSError):  # it is full only if the host takes none, and then none may begin
            os.write(self._writing, struct.pack(f"<{len(numbers)}I", *numbers))

    def take_back(self) -> set[int]:
        """Return the events that the host has not claimed, and now cannot claim any more."""
        try:
            taken = os.read(self._reading, _LARGEST) if self._open else b""
        except BlockingIOError:
            taken = b""
        return {number for (number,) in struct.iter_unpack("<I", taken[: len(taken) & ~3])}

    def close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._reading)
            os.close(self._writing)
