"""What goes to an origin and comes back, as bytes: heads, framing, the reading of an answer. No I/O."""

import re
from typing import Final, NamedTuple

import httptools

from edgerun.errors import OriginConnectError, OriginProtocolError
from edgerun.http.headers import EMPTY, Headers, Index, Line, serialise, together
from edgerun.http.message import Interim, OnInterim, Request

HEAD_LIMIT: Final = 32_768
_TOO_BIG: Final = (f"sent a response head over {HEAD_LIMIT} bytes", "OriginHeaderTooBig: ")

# RFC 9110 §7.6.1 and §11.7: they speak to the next hop only.
HOP_BY_HOP: Final = frozenset(
    (
        b"connection keep-alive proxy-authenticate proxy-authentication-info proxy-authorization "
        b"proxy-connection te trailer transfer-encoding upgrade"
    ).split()
)

# RFC 9110 §7.6.1 forbids senders to list these in Connection; a list that does is not obeyed.
END_TO_END: Final = frozenset(
    (
        b"accept-ranges age allow authorization cache-control cdn-cache-control content-disposition "
        b"content-encoding content-language content-length content-location content-range content-type date "
        b"etag expires host last-modified location pragma retry-after set-cookie vary via www-authenticate"
    ).split()
)

_OURS: Final = frozenset((b"connection", b"transfer-encoding", b"content-length", b"keep-alive"))
_TOKEN_BYTES: Final = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NOT_IN_A_TARGET: Final = re.compile(rb"[\x00-\x20\x7f]")
_NOT_IN_A_REASON: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_USUAL: Final = frozenset(("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"))
_SAYS_ZERO: Final = frozenset(("POST", "PUT", "PATCH"))
_REPEATABLE: Final = frozenset(("GET", "HEAD", "OPTIONS"))


class Asked(NamedTuple):
    """A request ready for the wire, and what its answer has to be read against."""

    method: str
    head: bytes
    chunked: bool
    upgrade: bool
    expects_continue: bool
    repeatable: bool
    """Sending it twice does no harm: a safe method without a body."""


class Head(NamedTuple):
    """An answer's end-to-end lines, and its framing."""

    headers: Headers
    length: int | None
    until_close: bool
    connection: frozenset[bytes]


def ask(request: Request) -> Asked:
    """Return a request's head as it goes on the wire, with our own framing and connection lines.

    Raises:
        ValueError: method, target or a header line cannot be written without changing the message's meaning.
    """
    method, target, headers = request.method, request.target, request.headers
    _check(method, target)
    names = _names(headers)
    block = headers.block
    if not names.isdisjoint(_OURS):
        block = serialise(line for line in headers.lines if line[0].lower() not in _OURS)
    length = request.body.length
    upgrade = b"upgrade" in names
    line = b"%b %b HTTP/1.1\r\n" % (method.encode("ascii"), target)
    connection = b"Connection: Upgrade\r\n" if upgrade else b"Connection: Keep-Alive\r\n"
    head = b"".join((line, block, connection, _framing(method, length), b"\r\n"))
    repeatable = length == 0 and method in _REPEATABLE
    return Asked(method, head, length is None, upgrade, b"expect" in names, repeatable)


def _check(method: str, target: bytes) -> None:
    if method not in _USUAL and (not method.isascii() or not method or method.encode().translate(None, _TOKEN_BYTES)):
        raise ValueError(f"{method!r} is not a method")
    if not target or _NOT_IN_A_TARGET.search(target):
        raise ValueError(f"{target!r} is not a request target")


def _names(headers: Headers) -> frozenset[bytes]:
    """Return the lower-case names of header lines; those of a head that comes again and again are looked at once.

    Raises:
        ValueError: one of them is none.
    """
    below = headers.base
    if below is not None and below.found is not None:
        known: frozenset[bytes] | None = below.found.get(_names)
        if known is None:
            known = below.found[_names] = _checked({name.lower() for name, _ in below.lines})
        return known | _checked({name.lower() for name, _ in headers.own})
    return _checked({name.lower() for name, _ in headers.lines})


def _checked(names: set[bytes]) -> frozenset[bytes]:
    # "Transfer-Encoding " (with a space) is a framing line to some origins, so names are checked here too.
    if b"" in names or b"".join(names).translate(None, _TOKEN_BYTES):
        bad = next(name for name in names if not name or name.translate(None, _TOKEN_BYTES))
        raise ValueError(f"{bad!r} is not a header name")
    return frozenset(names)


def _framing(method: str, length: int | None) -> bytes:
    if length is None:
        return b"Transfer-Encoding: chunked\r\n"
    if length or method in _SAYS_ZERO:
        return b"Content-Length: %d\r\n" % length
    return b""


def read_head(lines: list[Line]) -> Head:
    """Return what lines accepted by the parser say, without those that speak to us only (RFC 9110 §7.6.1)."""
    kept: list[Line] = []
    index: Index = {}
    length: int | None = None
    transfer: bytes | None = None
    listed: frozenset[bytes] = frozenset()
    for name, value in lines:
        lower = name.lower()
        if lower not in HOP_BY_HOP:
            stripped = value.rstrip(b" \t")
            kept.append((name, stripped))
            index[lower] = together(index.get(lower), stripped) if lower in index else stripped
            if lower == b"content-length":
                length = int(value)
        elif lower == b"connection":
            listed |= {token.strip().lower() for token in value.split(b",")}
        elif lower == b"transfer-encoding":
            transfer = value
    headers = Headers.of_index(kept, index)
    if listed:
        headers = headers.without(*(listed - END_TO_END))
    chunked = transfer is not None and transfer.rpartition(b",")[2].strip().lower() == b"chunked"
    return Head(headers, length, length is None and not chunked, listed)


def head_size(reason: bytes, lines: list[Line]) -> int:
    """Return the bytes a head took on the wire, padding aside."""
    return len(reason) + 17 + sum(len(name) + len(value) + 4 for name, value in lines)


class Answer:
    """One answer, read from the bytes as they come: no socket, no clock.

    Once `answered`, status and headers are final. `done` means every byte arrived; `error` says why they never will.
    The `on_…` methods are the parser's.
    """

    def __init__(self, asked: Asked, *, label: str, on_interim: OnInterim | None = None) -> None:
        self.started = False  # the origin sent at least one byte
        self.answered = False
        self.done = False
        self.error: Exception | None = None
        self.status = 0
        self.reason = b""
        self.headers: Headers = EMPTY
        self.length: int | None = None
        self.leftover: bytes | None = None  # what came after a 101 head
        self.label = label
        self._asked = asked
        self._on_interim = on_interim
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._lines: list[Line] = []
        self._held = b""
        self._heads = 0
        self._packet = 0
        self._unproductive = 0
        self._until_close = False
        self._persistent = False
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._received = 0

    def feed(self, data: bytes) -> None:
        """Take bytes from the socket; afterwards `answered`, `done` and `error` tell what they meant."""
        self._packet = len(data)
        if not self.started or self._held:
            data = self._held + data
            self._held = b""
            self.started = True
            if not data.startswith(b"HTTP/1."):
                self._refuse_or_hold(data)
                return
        progress = self._received + self._heads
        if self._asked.method == "HEAD":
            self._feed_heads(data)
        else:
            self._feed_parser(data)
        if self._received + self._heads == progress and not self.done and self.error is None:
            self._limit()

    def ended(self, fault: BaseException | None) -> None:
        """The origin sends no more: that completes an answer framed by the close, and breaks any other."""
        if self.answered and self._until_close and fault is None:
            self.done = True
        elif not self.started:
            how = "reset" if fault else "closed"
            self.error = OriginConnectError(f"{self.label} {how} the connection before answering")
        elif not self.answered:
            self._fail("closed the connection within the response head")
        else:
            of = "unknown" if self.length is None else self.length
            self._fail(f"broke off the body after {self._received} of {of} bytes")

    def take(self) -> bytes:
        """Return and forget the body bytes that have arrived."""
        chunks, self._chunks, self._buffered = self._chunks, [], 0
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _refuse_or_hold(self, data: bytes) -> None:
        # llhttp takes RTSP/ and other versions for HTTP as well.
        if b"HTTP/1.".startswith(data):
            self._held = data
        else:
            self._fail(f"answered {data[:16]!r}, which is not HTTP/1.x")

    def _feed_heads(self, data: bytes) -> None:
        # The parser cannot be told that the answer to HEAD has no body, so it is never shown what follows the head.
        while data and not self.done and self.error is None and self.leftover is None:
            end = data.find(b"\r\n\r\n") + 4
            if end < 4:
                self._held = data
                return
            self._feed_parser(data[:end])
            data = data[end:]
        self._persistent = self._persistent and not data

    def _feed_parser(self, data: bytes) -> None:
        assert self._parser is not None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.leftover = data[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            self._persistent = False
            if not self.done and self.error is None:  # after the end: surplus bytes, which harm this connection only
                self._fail(f"sent a malformed answer: {error}")

    def _limit(self) -> None:
        """Bound what neither ends a head nor brings body bytes: heads, trailers, chunk lines."""
        self._unproductive += self._packet
        if self._unproductive > HEAD_LIMIT and not self.answered:
            self._fail(*_TOO_BIG)
        elif self._unproductive > HEAD_LIMIT:
            self._fail(f"sent more than {HEAD_LIMIT} bytes of chunk lines or trailers")

    def _fail(self, what: str, kind: str = "") -> None:
        self.error = OriginProtocolError(f"{kind}{self.label} {what}")

    def on_message_begin(self) -> None:
        if self.done:
            raise ValueError("bytes after the end of the answer")
        self._lines = []
        self.reason = b""

    def on_status(self, reason: bytes) -> None:
        self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.answered:  # what comes later is a trailer
            self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        status = self._parser.get_status_code()
        head = read_head(self._lines)
        self._check_head(status, head)
        self._heads += 1
        self._unproductive = self._packet = 0
        if status < 200:
            self._interim(status, head.headers)
            return
        self.status, self.headers, self.length = status, head.headers, head.length
        self._until_close = head.until_close
        self.answered = True
        if self._asked.method == "HEAD":
            persistent = self._parser.get_http_version() == "1.1" or b"keep-alive" in head.connection
            self._persistent = persistent and b"close" not in head.connection
            self.done = True

    def _check_head(self, status: int, head: Head) -> None:
        if self._unproductive + self._packet > HEAD_LIMIT and head_size(self.reason, self._lines) > HEAD_LIMIT:
            self._fail(*_TOO_BIG)
        elif status < 100 or _NOT_IN_A_REASON.search(self.reason):
            self._fail(f"sent a malformed status line: {status} {self.reason!r}")
        elif status == 101 and not self._asked.upgrade:
            self._fail("switched protocols without being asked")
        elif status < 200 and not head.until_close:
            self._fail(f"sent a {status} that claims a body")
        if self.error is not None:
            raise self.error

    def _interim(self, status: int, headers: Headers) -> None:
        if status == 101:
            upgrade = [line for line in self._lines if line[0].lower() == b"upgrade"]
            self.status, self.headers, self.answered = status, headers.plus(*upgrade), True
        elif self._on_interim is not None and (status != 100 or self._asked.expects_continue):
            self._on_interim(Interim(status=status, headers=headers))

    def on_body(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._buffered += len(chunk)
        self._received += len(chunk)
        self._unproductive = 0

    def on_message_complete(self) -> None:
        if self.status >= 200 and not self.done:
            assert self._parser is not None
            self.done = True
            self._persistent = self._parser.should_keep_alive()
