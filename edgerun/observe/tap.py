"""Bodies that are remembered while they pass: their hash, their size and their beginning, never the whole."""

import base64
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from hashlib import sha256
from typing import Any, Final

from edgerun.http.message import Body

KEPT: Final = 65_536


class Tap:
    """A body that somebody else reads, and what passed so far.

    A body that is in memory stays so, and is looked at when it is asked about. `on_end` is called once a body that
    arrives in pieces has been read to its end, or given up.
    """

    def __init__(self, body: Body, on_end: Callable[["Tap"], None] | None = None) -> None:
        self._body = body
        self._on_end = on_end
        self._hash = sha256()
        self._kept = bytearray()
        self._size = 0
        self._complete = False

    @property
    def length(self) -> int | None:
        return self._body.length

    @property
    def data(self) -> bytes | None:
        return self._body.data

    def stream(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        whole = start == 0 and stop is None and not self._size
        return self._listened() if whole else self._body.stream(start, stop)

    async def aclose(self) -> None:
        await self._body.aclose()
        self._end()

    def told(self) -> dict[str, Any]:
        """Return what passed, as `body_told` does."""
        data = self._body.data
        if data is not None:
            return body_told(data)
        return _told(self._hash.hexdigest(), self._size, bytes(self._kept), complete=self._complete)

    async def _listened(self) -> AsyncGenerator[bytes, None]:
        chunks = self._body.stream()
        try:
            async for chunk in chunks:
                self._hash.update(chunk)
                self._size += len(chunk)
                room = KEPT - len(self._kept)
                if room > 0:
                    self._kept += chunk[:room]
                yield chunk
            self._complete = True
        finally:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()
            self._end()

    def _end(self) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(self)


def body_told(data: bytes) -> dict[str, Any]:
    """Return a body as a record has it.

    Returns:
        `sha256` in hex, `size` in bytes, `data`: the first 64 KiB as base64, `complete`: whether it came to its end.
    """
    return _told(sha256(data).hexdigest(), len(data), data[:KEPT], complete=True)


def _told(digest: str, size: int, kept: bytes, *, complete: bool) -> dict[str, Any]:
    return {"sha256": digest, "size": size, "data": base64.b64encode(kept).decode(), "complete": complete}


NO_BODY_TOLD: Final = body_told(b"")


def told_of(body: Body) -> dict[str, Any]:
    """Return what is known of a body: all if it was tapped or is in memory, else that nothing is."""
    if isinstance(body, Tap):
        return body.told()
    return body_told(body.data) if body.data is not None else {**NO_BODY_TOLD, "complete": False}
