"""An upgraded connection: two sockets whose bytes go to each other."""

import asyncio
from collections.abc import Callable
from typing import Final

from edgerun.origins.connection import Connection

IDLE_SECONDS: Final = 600.0

OnClose = Callable[[int, int], None]


class End(asyncio.Protocol):
    """One of the two sockets, from the moment its transport is handed over."""

    def __init__(self, splice: "Splice", transport: asyncio.Transport) -> None:
        self.transport = transport
        self.received = 0
        self.at_end = False
        self.lost = False
        self.other: End | None = None
        self._splice = splice

    def data_received(self, data: bytes) -> None:
        self._splice.touch()
        self.received += len(data)
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        """Pass a half-close on where both transports can; otherwise close both, after flushing."""
        self.at_end = True
        other = self.other
        if other is None or other.at_end or not self._can_half_close(other):
            self._splice.finish()
            return False
        other.transport.write_eof()
        return True

    def _can_half_close(self, other: "End") -> bool:
        return not other.transport.is_closing() and self.transport.can_write_eof() and other.transport.can_write_eof()

    def pause_writing(self) -> None:
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        self._splice.touch()
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._splice.ended(self, exc)

    def __repr__(self) -> str:
        return f"<End {self.received} bytes received{', lost' * self.lost}>"


class Splice:
    """Joins an origin's upgraded connection, which it takes over, with a viewer's.

    Until `join` the origin waits with reading paused; nobody joining within the idle time closes it.
    """

    def __init__(self, connection: Connection, early: bytes, *, idle_timeout: float = IDLE_SECONDS) -> None:
        self._connection = connection
        self._early = early
        self._idle_timeout = idle_timeout
        self._far = End(self, connection.transport)
        self._near: End | None = None
        self._on_close: OnClose | None = None
        self._touched = connection.loop.time()
        self._timer = connection.loop.call_later(idle_timeout, self._check)
        connection.transport.set_protocol(self._far)

    def join(self, transport: asyncio.Transport, on_close: OnClose) -> asyncio.Protocol:
        """Join the viewer's transport, on which the 101 has been written.

        Args:
            transport: the viewer's; the caller sets the returned protocol on it, and hands that protocol
                whatever the viewer has sent beyond its request.
            on_close: called once, when both sockets are closed, with the bytes sent to and received from the viewer.

        Returns:
            The viewer's new protocol.
        """
        near = self._near = End(self, transport)
        near.other, self._far.other = self._far, near
        self._on_close = on_close
        self.touch()
        early, self._early = self._early, b""
        if early:
            self._far.data_received(early)
        if self._far.lost or self._far.transport.is_closing():
            transport.close()
        else:
            self._far.transport.resume_reading()
        return near

    def touch(self) -> None:
        """Something moved: the idle time begins anew."""
        self._touched = self._connection.loop.time()

    def finish(self) -> None:
        """Close both sockets once what was written has left."""
        for end in (self._far, self._near):
            if end is not None and not end.lost:
                end.transport.close()

    def ended(self, end: End, fault: Exception | None) -> None:
        """One socket is closed: so is the other soon; then the accounts are settled, once."""
        if end is self._far:
            self._connection.connection_lost(fault)
        if self._far.lost and (self._near is None or self._near.lost):
            self._timer.cancel()
            on_close, self._on_close = self._on_close, None
            if on_close is not None and self._near is not None:
                on_close(self._far.received, self._near.received)
        else:
            self.finish()

    def _check(self) -> None:
        left = self._touched + self._idle_timeout - self._connection.loop.time()
        if left > 0:
            self._timer = self._connection.loop.call_later(left, self._check)
            return
        for end in (self._far, self._near):
            if end is not None and not end.lost:
                end.transport.abort()

    def __repr__(self) -> str:
        return f"<Splice of {self._far!r} and {self._near!r}>"
