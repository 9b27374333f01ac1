"""A body compressed while it arrives: neither held whole nor in the loop's way."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final, Protocol

from edgerun.http.message import Body

IN_LOOP: Final = 8 * 1024
"""Bytes worth less than the way to a thread and back."""
AT_ONCE: Final = 256 * 1024
GZIP_LEVEL: Final = 6
BROTLI_QUALITY: Final = 5
GZIP_FORM: Final = 31  # zlib's largest window, in gzip's wrapping with a time of 0: equal bytes give equal bytes


class Encoder(Protocol):
    """Takes bytes, gives compressed ones, perhaps later."""

    def process(self, data: bytes) -> bytes:
        """Add bytes; return what is ready."""
        ...

    def finish(self) -> bytes:
        """Return the rest."""
        ...


class GzipEncoder:
    def __init__(self) -> None:
        self._compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_FORM)

    def process(self, data: bytes) -> bytes:
        return self._compressor.compress(data)

    def finish(self) -> bytes:
        return self._compressor.flush()


def encoder(encoding: bytes) -> Encoder:
    """Return a new encoder for `gzip` or `br`."""
    if encoding == b"gzip":
        return GzipEncoder()
    import brotli  # type: ignore[import-untyped]  # noqa: PLC0415  # most starts never need it

    made: Encoder = brotli.Compressor(mode=brotli.MODE_GENERIC, quality=BROTLI_QUALITY)
    return made


class CompressedBody:
    """The compressed form of a body; it can be read once, from its start, and its length is not known."""

    __slots__ = ("_encoding", "_source")

    length: Final = None
    data: Final = None

    def __init__(self, source: Body, encoding: bytes) -> None:
        self._source = source
        self._encoding = encoding

    def stream(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        if start or stop is not None:
            raise ValueError("a body that is being compressed can only be read whole")
        return self._stream()

    async def _stream(self) -> AsyncGenerator[bytes, None]:
        coder = encoder(self._encoding)
        loop = asyncio.get_running_loop()
        async for data in self._source.stream():
            for start in range(0, len(data), AT_ONCE):
                piece = data[start : start + AT_ONCE]
                if len(piece) <= IN_LOOP:
                    ready = coder.process(piece)
                else:
                    ready = await loop.run_in_executor(None, coder.process, piece)
                if ready:
                    yield ready
        # Brotli keeps up to its window to itself until now.
        yield await loop.run_in_executor(None, coder.finish)

    async def aclose(self) -> None:
        await self._source.aclose()
