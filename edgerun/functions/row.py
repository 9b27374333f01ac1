"""The calls of one environment, in its order, and how they are sent: those of one turn of the loop in one piece."""

import asyncio
import collections
from collections.abc import Callable

from edgerun.functions import frames
from edgerun.functions.ahead import Ahead
from edgerun.functions.call import Call
from edgerun.functions.claims import Claims


class Row:
    """The call that runs, or is about to, and those sent ahead of its end.

    Attributes:
        head: the first one, None when there is none.
        behind: the others.
        ahead: how many there may be.
        progress: how often the process was heard.
    """

    __slots__ = (
        *("_ahead", "_asked", "_claims", "_last", "_loop", "_unsent", "_write", "ahead", "behind", "head"),
        "progress",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, claims: Claims | None, write: Callable[[bytes], None]) -> None:
        """Make a row of none; without `claims` there can only be one at a time. `write` sends frames."""
        self.head: Call | None = None
        self.behind: collections.deque[Call] = collections.deque()
        self.ahead = Ahead()
        self.progress = 0
        self._asked = 0
        self._loop = loop
        self._claims = claims
        self._write = write
        self._last = 0
        self._unsent: list[bytes] = []
        self._ahead: list[int] = []

    @property
    def has_room(self) -> bool:
        """Whether one more may be sent ahead."""
        return self._claims is not None and len(self.behind) + 1 < self.ahead.depth

    def stalls(self) -> bool:
        """Tell whether calls wait behind one, and nothing was heard since this was asked the last time."""
        before, self._asked = self._asked, self.progress
        return bool(self.behind) and before == self.progress

    def add(self, call: Call) -> None:
        """Send a call ahead of the end of those before it."""
        self.behind.append(call)
        self._put(frames.AHEAD, call)
        self._ahead.append(call.number)

    def send(self, call: Call) -> None:
        """Send the first call, which need not be claimed."""
        self._put(frames.EVENT, call)

    def advance(self) -> Call | None:
        """Let the next call be the first, once the one before is over; return it, if there is one."""
        self.head = self.behind.popleft() if self.behind else None
        return self.head

    def take_back(self) -> list[Call]:
        """Return the calls that will never begin here, in their order; what is left behind has been claimed.

        The first may be among them: it was sent ahead, too, and its turn had come without the process having seen it.
        """
        if self._claims is None or not self.behind:
            return []
        self._flush()
        numbers = self._claims.take_back()
        calls = [self.head, *self.behind]
        taken = [call for call in calls if call is not None and call.number in numbers]
        for call in taken:
            call.attempts -= 1
        if self.head in taken:
            self.head = None
        self.behind = collections.deque(call for call in self.behind if call.number not in numbers)
        return taken

    def leave(self) -> list[Call]:
        """Return all behind the first, of a process that is gone or going."""
        left = list(self.behind)
        self.behind.clear()
        return left

    def close(self) -> None:
        """Give up the means of sending."""
        self._unsent.clear()
        if self._claims is not None:
            self._claims.close()

    def _put(self, kind: int, call: Call) -> None:
        self._last = call.number = (self._last + 1) & 0xFFFFFFFF
        call.attempts += 1
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(frames.encode(kind, call.number, call.aws_request_id.encode() + call.event))

    def _flush(self) -> None:
        if self._ahead and self._claims is not None:
            self._claims.give(self._ahead)
            self._ahead.clear()
        if self._unsent:
            unsent = b"".join(self._unsent)
            self._unsent.clear()
            self._write(unsent)
