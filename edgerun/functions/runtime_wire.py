"""One connection of a runtime to its Runtime API: HTTP/1.1 in, answers out.

A request is shown to the desk when its head is there, so that one that is refused is answered before its body, and the
body then passes unread. Nothing here knows what the calls mean.
"""

import asyncio
from http import HTTPStatus
from typing import Final, Protocol, cast

import httptools

from edgerun.functions import runtime_turns as turns
from edgerun.functions.runtime_turns import ApiAnswer, Phase

# The Python client sends an X-Ray cause of up to 1 MiB as a header.
HEAD_LIMIT: Final = 1024 * 1024 + 65_536
_UNREAD_LIMIT: Final = 256 * 1024 * 1024  # bytes of a refused body; more than AWS lets anybody stream
_KNOWN: Final = frozenset(
    (
        b"connection content-length content-type expect lambda-runtime-function-error-body "
        b"lambda-runtime-function-error-type lambda-runtime-function-response-mode transfer-encoding"
    ).split()
)


class ApiRequest:
    """One request as it arrives.

    Attributes:
        headers, trailers: those that mean something here, by name in lower case.
        body: what arrived of it until now.
        refused: it is answered, or never will be; what still comes of it is dropped.
        to: the phase it leads to, which the desk found out.
        precious: an invocation ends with it, if the desk says so.
    """

    __slots__ = (
        "body",
        "head_complete",
        "headers",
        "method",
        "precious",
        "refused",
        "target",
        "to",
        "trailers",
        "unread",
    )

    def __init__(self, *, refused: bool) -> None:
        self.method = ""
        self.target = b""
        self.headers: dict[bytes, bytes] = {}
        self.trailers: dict[bytes, bytes] = {}
        self.body = bytearray()
        self.head_complete = False
        self.refused = refused
        self.to: Phase | None = None
        self.precious = False
        self.unread = 0

    def text(self, name: bytes) -> str:
        """Return a header, or the trailer of that name if there is one; "" if neither."""
        return self.trailers.get(name, self.headers.get(name, b"")).decode("latin-1")

    def head(self) -> bytes:
        """Return the head again, with what means something here."""
        lines = [b"%b %b HTTP/1.1" % (self.method.encode(), self.target)]
        return b"\r\n".join([*lines, *(b"%b: %b" % line for line in self.headers.items()), b"", b""])

    @property
    def announced(self) -> int:
        """How long the body says it is, 0 if it does not say."""
        length = self.headers.get(b"content-length", b"")
        return int(length) if length.isdigit() and len(length) < 20 else 0


class Desk(Protocol):
    """What stands behind the connections of one environment."""

    largest: int

    def admit(self, request: ApiRequest) -> ApiAnswer | None:
        """Return why a request is refused, before its body; None: let it come."""

    def outgrown(self, request: ApiRequest) -> ApiAnswer:
        """Take note that an admitted body is larger than `largest`."""

    def broken_off(self, request: ApiRequest) -> ApiAnswer:
        """Take note that an admitted request will never be complete."""

    def take(self, request: ApiRequest, connection: "Connection") -> ApiAnswer | None:
        """Obey a complete request; None: the answer comes later, by `connection.answer`."""

    def opened(self, connection: "Connection") -> None:
        """A client has come."""

    def closed(self, connection: "Connection") -> None:
        """A client has gone."""


class Connection(asyncio.Protocol):
    """One client. The `on_…` methods are the parser's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, desk: Desk) -> None:
        self._loop = loop
        self._desk = desk
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._request: ApiRequest | None = None
        self._offer: ApiRequest | None = None  # has a head that offers another protocol
        self._waits = False
        self._keep = False
        self._unproductive = 0  # bytes since the last that ended a head or brought a part of a body

    @property
    def idle(self) -> bool:
        """Whether no invocation depends on it."""
        return not self._waits and (self._request is None or not self._request.precious)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def answer(self, answer: ApiAnswer) -> None:
        """Answer a request that waited."""
        if self._waits:
            self._waits = False
            self._write(answer, keep=self._keep)

    # -- what the socket brings

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self._desk.opened(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._break_off()
        self._desk.closed(self)

    def eof_received(self) -> bool:
        """Tell a client that stopped half way; one that only waits has gone."""
        refusal = self._break_off()
        if refusal is not None:
            self._write(refusal, keep=False)
        return False

    def data_received(self, data: bytes) -> None:
        self._unproductive += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserCallbackError as error:
            self._fail(error)
        except httptools.HttpParserError:
            self._write(self._break_off() or turns.MALFORMED, keep=False)
        else:
            if self._unproductive > HEAD_LIMIT:
                self._write(self._break_off() or turns.HEAD_TOO_LARGE, keep=False)

    def _feed(self, data: bytes) -> None:
        """Parse, and go on in HTTP/1.1 where a client offers another protocol: Java's does so by default.

        The parser stops at such a head and reads no body, so it is shown the head again without the offer.
        """
        while True:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                offer, self._offer = self._offer, None
                assert offer is not None
                if offer.method == "CONNECT":
                    raise httptools.HttpParserError("there is nothing to connect to") from None
                data = offer.head() + data[upgrade.args[0] :]
                self._parser = httptools.HttpRequestParser(self)
            else:
                return

    # -- what the parser finds

    def on_message_begin(self) -> None:
        # Nobody sends a second request before the first is answered, or after the end.
        self._request = ApiRequest(refused=self._waits or self._transport is None or self._transport.is_closing())
        if self._waits:
            self.abort()

    def on_url(self, part: bytes) -> None:
        assert self._request is not None
        self._request.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        request = self._request
        assert request is not None
        if (lower := name.lower()) in _KNOWN:
            (request.trailers if request.head_complete else request.headers)[lower] = value.strip()

    def on_headers_complete(self) -> None:
        request = self._request
        assert request is not None
        request.method = self._parser.get_method().decode("ascii")
        if self._parser.should_upgrade():
            self._offer = request
            return
        request.head_complete = True
        self._unproductive = 0
        if request.refused:
            return
        refusal = self._desk.admit(request)
        expects = request.headers.get(b"expect", b"").lower() == b"100-continue"
        if refusal is not None:
            # A client that waits for leave may send its body or not: only the end of the connection is clear then.
            self._refuse(refusal, keep=not expects and self._parser.should_keep_alive())
        elif expects:
            self._send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, chunk: bytes) -> None:
        request = self._request
        assert request is not None
        self._unproductive = 0
        if request.refused:
            request.unread += len(chunk)
            if request.unread > _UNREAD_LIMIT:
                self.abort()
        elif len(request.body) + len(chunk) > self._desk.largest:
            request.body.clear()
            self._refuse(self._desk.outgrown(request), keep=self._parser.should_keep_alive())
        else:
            request.body += chunk

    def on_message_complete(self) -> None:
        if self._offer is not None:
            return
        request, self._request = self._request, None
        self._unproductive = 0
        self._keep = self._parser.should_keep_alive()
        if request is None or request.refused:
            return
        answer = self._desk.take(request, self)
        if answer is not None:
            self._write(answer, keep=self._keep)

    def wait(self) -> None:
        """Keep the request that is being taken until `answer`."""
        self._waits = True

    # -- what goes out

    def _refuse(self, answer: ApiAnswer, *, keep: bool) -> None:
        assert self._request is not None
        self._request.refused = True
        self._write(answer, keep=keep)

    def _break_off(self) -> ApiAnswer | None:
        """Forget the request that is being read; return what an admitted one is answered."""
        request, self._request = self._request, None
        if request is None or not request.head_complete or request.refused:
            return None
        return self._desk.broken_off(request)

    def _fail(self, error: httptools.HttpParserCallbackError) -> None:
        """Answer a mistake of the server's own, and tell of it where such things are told."""
        cause = error.__context__ or error
        self._request = None
        self._write(turns.INTERNAL, keep=False)
        self._loop.call_exception_handler({"message": "the Runtime API failed", "exception": cause})

    def _write(self, answer: ApiAnswer, *, keep: bool) -> None:
        lines = [
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(answer.body)}",
            *(f"{name}: {value}" for name, value in answer.headers),
            *([] if keep else ["Connection: close"]),
        ]
        self._send("\r\n".join([*lines, "", ""]).encode("latin-1"), answer.body)
        if not keep and self._transport is not None:
            self._transport.close()

    def _send(self, *parts: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(parts))
