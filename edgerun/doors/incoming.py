"""A request's body while it arrives from a viewer."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Final

from edgerun.errors import BadRequest, EdgeError

HIGH_WATER: Final = 65_536


def nothing() -> None:
    """Do nothing: for a door that has nothing to pause or to answer."""


class IncomingBody:
    """A body with one reader, fed by a door; pauses the viewer while too much waits.

    Args:
        length: what Content-Length said; None when chunked.
        pause, resume: stop and start reading from the viewer.
        on_read: called once, when somebody begins to read: the moment for "100 Continue".
    """

    data: Final = None

    def __init__(
        self,
        *,
        length: int | None,
        pause: Callable[[], None],
        resume: Callable[[], None],
        on_read: Callable[[], None],
    ) -> None:
        self.length = length
        self.complete = False
        self.received = 0
        self._pause = pause
        self._resume = resume
        self._on_read: Callable[[], None] | None = on_read
        self._chunks: list[bytes] = []
        self._size = 0
        self._error: EdgeError | None = None
        self._unwanted = False
        self._waiting: asyncio.Future[None] | None = None

    def feed(self, chunk: bytes) -> None:
        """Add bytes that arrived."""
        self.received += len(chunk)
        if self._unwanted:
            return
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > HIGH_WATER:
            self._pause()
        self._wake()

    def finish(self) -> None:
        """Declare that the last byte is here."""
        self.complete = True
        self._wake()

    def fail(self) -> None:
        """Declare that the viewer left before the last byte."""
        if not self.complete:
            self._error = BadRequest("the viewer left before the end of the request's body")
            self._wake()

    async def stream(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        if start or stop is not None:
            raise ValueError("a request's body can only be read whole")
        if self._on_read is not None:
            on_read, self._on_read = self._on_read, None
            on_read()
        while True:
            if self._chunks:
                chunk = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
                self._chunks.clear()
                self._size = 0
                self._resume()
                yield chunk
            elif self._error is not None:
                raise self._error
            elif self.complete:
                return
            else:
                self._waiting = asyncio.get_running_loop().create_future()
                await self._waiting

    async def aclose(self) -> None:
        self.discard()

    def discard(self) -> None:
        """Let whatever still comes pass unread."""
        self._unwanted = True
        self._chunks.clear()
        self._resume()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
