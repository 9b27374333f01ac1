"""One writer, many readers: a body that is read by everybody who wants it while it still arrives.

Up to 1 MiB it lives in memory, above that in an unlinked file, so that a slow reader slows nobody and
memory stays flat.
"""

import asyncio
import os
import tempfile
import weakref
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from edgerun.errors import EdgeError, OriginProtocolError
from edgerun.http.message import Body

MEMORY_LIMIT = 1024 * 1024
CHUNK = 256 * 1024


@runtime_checkable
class AtHand(Protocol):
    """A complete body whose bytes can be had at once, piece by piece."""

    def part(self, start: int, stop: int) -> bytes:
        """Return these bytes; from any thread once the body is complete.

        Raises:
            OSError: they cannot be read.
        """
        ...


def pieces(body: Body) -> Iterator[bytes] | None:
    """Return the bytes of a complete body piece by piece, or None if they have to be waited for."""
    if body.data is not None:
        return iter((body.data,))
    if body.length is None or not isinstance(body, AtHand):
        return None
    return _pieces(body, body.length)


def at_hand(body: Body, start: int, stop: int) -> bytes:
    """Return some bytes of a complete body.

    Raises:
        OSError: they cannot be had at once.
    """
    if body.data is not None:
        return body.data[start:stop]
    if not isinstance(body, AtHand):
        raise OSError(f"{body!r} has to be waited for")
    return body.part(start, stop)


def _pieces(body: AtHand, length: int) -> Iterator[bytes]:
    for start in range(0, length, CHUNK):
        yield body.part(start, min(length, start + CHUNK))


class SharedBody:
    """A body with one writer (`feed`, then `finish` or `fail`) and any number of readers."""

    def __init__(self, *, length: int | None = None, memory_limit: int = MEMORY_LIMIT) -> None:
        self._declared = length
        self._memory_limit = memory_limit
        self._buffer = bytearray()
        self._file: int | None = None
        self._written = 0
        self._whole: bytes | None = None
        self._complete = False
        self._failure: EdgeError | None = None
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def length(self) -> int | None:
        return self._written if self._complete else self._declared

    @property
    def data(self) -> bytes | None:
        return self._whole

    @property
    def complete(self) -> bool:
        """True once every byte is here."""
        return self._complete

    def feed(self, chunk: bytes) -> None:
        """Add bytes; readers that wait go on."""
        if self._file is None and self._written + len(chunk) > self._memory_limit:
            self._spill()
        if self._file is None:
            self._buffer += chunk
        else:
            _write_all(self._file, chunk)
        self._written += len(chunk)
        self._wake()

    def finish(self) -> None:
        """Declare the body complete.

        Raises:
            OriginProtocolError: fewer or more bytes came than were declared; readers see the same.
        """
        if self._declared is not None and self._declared != self._written:
            error = OriginProtocolError(f"the body has {self._written} bytes, {self._declared} were declared")
            self.fail(error)
            raise error
        self._complete = True
        if self._file is None:
            self._whole = bytes(self._buffer)
            self._buffer = bytearray()
        self._wake()

    def fail(self, error: EdgeError) -> None:
        """Break the body off: readers get the bytes that came, then the error."""
        self._failure = error
        self._wake()

    async def stream(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        offset = start
        while stop is None or offset < stop:
            limit = self._written if stop is None else min(self._written, stop)
            if offset < limit:
                chunk = self.part(offset, min(limit, offset + CHUNK))
                offset += len(chunk)
                yield chunk
            elif self._complete:
                return
            elif self._failure is not None:
                raise self._failure
            else:
                await self._more()

    async def aclose(self) -> None:
        return None

    def part(self, start: int, stop: int) -> bytes:
        """Return bytes that are here already."""
        if self._whole is not None:
            return self._whole[start:stop]
        if self._file is not None:
            return os.pread(self._file, stop - start, start)
        return bytes(self._buffer[start:stop])

    def _spill(self) -> None:
        self._file, name = tempfile.mkstemp(prefix="edgerun-body-")
        Path(name).unlink()
        weakref.finalize(self, os.close, self._file)
        _write_all(self._file, bytes(self._buffer))
        self._buffer = bytearray()

    async def _more(self) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def __repr__(self) -> str:
        state = "complete" if self._complete else "broken" if self._failure else "filling"
        return f"SharedBody({self._written} bytes, {state})"


class HeldBody:
    """A view of a body that tells when its reader is done with it, whichever way that comes."""

    __slots__ = ("_body", "_release")

    def __init__(self, body: Body, release: Callable[[], None]) -> None:
        self._body = body
        self._release: Callable[[], None] | None = release

    @property
    def length(self) -> int | None:
        return self._body.length

    @property
    def data(self) -> bytes | None:
        return self._body.data

    def stream(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        return self._body.stream(start, stop)  # type: ignore[return-value]

    async def aclose(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            release()
            await self._body.aclose()


async def fill(shared: SharedBody, source: Body) -> bool:
    """Copy an arriving body into a shared one; return whether it came whole.

    Whatever ends it early breaks the shared body off, so that no reader waits for ever, and gives up the source.
    """
    try:
        async for chunk in source.stream():
            shared.feed(chunk)
        shared.finish()
    except EdgeError as error:
        shared.fail(error)
    except OSError as error:
        shared.fail(OriginProtocolError(f"the body could not be kept: {error}"))
    except BaseException:
        shared.fail(OriginProtocolError("the fetch was given up"))
        raise
    finally:
        await source.aclose()
    return shared.complete


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
