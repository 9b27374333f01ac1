"""The server's end of the private socket to a host of our own."""

import asyncio
import socket
from typing import Protocol, cast

from edgerun.functions.frames import DamagedChannel, Frame, FrameReader


class Listener(Protocol):
    """What hears a host: its environment."""

    def hear(self, *frames: Frame) -> None:
        """Take the frames that came at once.

        Raises:
            DamagedChannel: no host would send it now.
        """

    def damaged(self, why: str) -> None:
        """User code wrote to the channel."""

    def lost(self) -> None:
        """The host's end is closed."""


class Channel(asyncio.Protocol):
    """A `Link` to a host; what is written before it is connected waits.

    Attributes:
        theirs: the descriptor of the host's end; whoever takes it closes it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, listener: Listener, largest: int) -> None:
        self._listener = listener
        self._frames = FrameReader(largest)
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        self._aborted = False
        ours, theirs = socket.socketpair()
        self.theirs = theirs.detach()
        self._connecting = loop.create_task(self._connect(loop, ours))

    def write(self, frame: bytes) -> None:
        if self._transport is None:
            self._unsent.append(frame)
        else:
            self._transport.write(frame)

    def is_closing(self) -> bool:
        return self._aborted or (self._transport is not None and self._transport.is_closing())

    def abort(self) -> None:
        self._aborted = True
        self._connecting.cancel()
        if self._transport is not None:
            self._transport.abort()

    async def _connect(self, loop: asyncio.AbstractEventLoop, ours: socket.socket) -> None:
        try:
            await loop.create_unix_connection(lambda: self, sock=ours)
        except BaseException:
            ours.close()
            raise

    # -- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        for frame in self._unsent:
            self._transport.write(frame)
        self._unsent.clear()

    def data_received(self, data: bytes) -> None:
        if self._aborted:
            return
        try:
            self._listener.hear(*self._frames.feed(data))
        except DamagedChannel as damage:
            self._listener.damaged(str(damage))

    def connection_lost(self, _exc: Exception | None) -> None:
        self._listener.lost()
