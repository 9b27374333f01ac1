"""Requests, responses and their bodies: what every part of edgerun hands to the next."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import field
from typing import Any, Final, Protocol

from edgerun.http.headers import EMPTY, Headers
from edgerun.values import changed, value


class Body(Protocol):
    """The bytes of a message, whole or arriving.

    `length` is the number of bytes if it is known beforehand, else None. `data` is all of them if they
    are in memory already, else None: whoever wants speed asks for `data` first.
    """

    @property
    def length(self) -> int | None: ...

    @property
    def data(self) -> bytes | None: ...

    def stream(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to `stop` (exclusive) in chunks of any size.

        Raises while iterating: `OriginError` when the sender broke off, so nobody takes a part for the whole.
        """
        ...

    async def aclose(self) -> None:
        """Give up the rest; safe to call twice, and after the end."""
        ...


class BytesBody:
    """A body that is in memory."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data: bytes = data

    @property
    def length(self) -> int:
        return len(self.data)

    async def stream(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        part = self.data[start:stop]
        if part:
            yield part

    async def aclose(self) -> None:
        return None

    def __repr__(self) -> str:
        return f"BytesBody({len(self.data)} bytes)"


class StreamBody:
    """A body that can be read once, from its start, as it arrives."""

    __slots__ = ("_chunks", "_close", "length")

    data: Final = None

    def __init__(
        self, chunks: AsyncIterator[bytes], *, length: int | None = None, close: Callable[[], Any] | None = None
    ) -> None:
        self._chunks = chunks
        self._close = close
        self.length = length

    def stream(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        if start or stop is not None:
            raise ValueError("a streaming body can only be read whole")
        return self._chunks

    async def aclose(self) -> None:
        """End the sender: `close` is called once, then the generator is finished."""
        close, self._close = self._close, None
        if close is not None:
            close()
        if isinstance(self._chunks, AsyncGenerator):
            await self._chunks.aclose()


class PartBody:
    """A view of the bytes from `start` to `stop` (exclusive) of a body that can be read more than once."""

    __slots__ = ("_body", "_start", "_stop", "data")

    def __init__(self, body: Body, start: int, stop: int) -> None:
        whole = body.data if start < stop else b""
        self._body = body
        self._start = start
        self._stop = stop
        self.data: bytes | None = None if whole is None else whole[start:stop]  # asked for more than once

    @property
    def length(self) -> int:
        return self._stop - self._start

    def stream(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        end = self._stop if stop is None else min(self._stop, self._start + stop)
        return self._body.stream(self._start + start, end)

    async def aclose(self) -> None:
        await self._body.aclose()


NO_BODY: Final = BytesBody(b"")


async def read(body: Body) -> bytes:
    """Return a whole body as bytes; only for bodies whose size is bounded."""
    if body.data is not None:
        return body.data
    return b"".join([chunk async for chunk in body.stream()])


class SameHead:
    """What requests with the very same bytes have in common; whoever answered one may keep here what he found."""

    __slots__ = ("answer", "asking")

    def __init__(self) -> None:
        self.answer: Any = None
        self.asking: Any = None  # where every answer takes a function


@value
class Tls:
    """What was agreed on with a viewer: `TLSv1.3`, a cipher as OpenSSL names it, whether a session was resumed."""

    protocol: str
    cipher: str
    resumed: bool = False


@value
class Request:
    """One HTTP request.

    `path` and `query` are the bytes as received; `query` is None when there is no `?`. `client` is the
    TCP peer as (address, port). `http_version` is `1.0`, `1.1` or `2.0`. `same` is shared by all requests
    that came with the same bytes, whoever sent them; None when the door keeps no account of that. `tls` is
    that of the viewer's connection, None without.
    """

    method: str
    path: bytes
    query: bytes | None = None
    headers: Headers = EMPTY
    body: Body = NO_BODY
    scheme: str = "http"
    http_version: str = "1.1"
    client: tuple[str, int] = ("127.0.0.1", 0)
    same: SameHead | None = field(default=None, compare=False, repr=False)
    tls: Tls | None = None

    def changed(self, **fields: Any) -> "Request":
        """Return the same request with some fields changed."""
        return changed(self, **fields)

    @property
    def target(self) -> bytes:
        """Path and query as they stand in a request line."""
        return self.path if self.query is None else self.path + b"?" + self.query


@value
class Response:
    """One final HTTP response; `reason` may be empty."""

    status: int
    reason: bytes = b""
    headers: Headers = EMPTY
    body: Body = NO_BODY

    def changed(self, **fields: Any) -> "Response":
        """Return the same response with some fields changed."""
        return changed(self, **fields)


@value
class Interim:
    """A 1xx response that comes before the final one."""

    status: int
    headers: Headers


@value
class Tunnel:
    """An upgraded connection: the 101 answer, and how the raw sockets are joined.

    `join(transport, on_close)` returns the protocol to set on the viewer's transport; `on_close(sent,
    received)` is called once with the bytes that passed to and from the viewer.
    """

    response: Response
    join: Callable[[Any, Callable[[int, int], None]], Any]


OnInterim = Callable[[Interim], None]
