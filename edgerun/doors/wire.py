"""The wire door: HTTP/1.x from uvicorn's transport straight into the pipeline, and back.

A uvicorn protocol class: uvicorn keeps the listeners, TLS, limits and signals; this class replaces its ASGI
cycle. A request that nothing holds up is answered in the parser's own callback. Answers leave in the
order of their requests, however many a viewer sends at once.
"""

import asyncio
from collections import deque
from typing import Any, Final, Protocol, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from edgerun.asking import Pending, Resume
from edgerun.distribution.guard import LARGEST_HEAD, LONGEST_URL, check_size, wants_tunnel
from edgerun.doors.heads import KnownHead, KnownHeads, is_one_head
from edgerun.doors.incoming import IncomingBody, nothing
from edgerun.doors.secured import tls_of
from edgerun.doors.target import checked_coding, checked_host, split_target
from edgerun.doors.turn import Turn
from edgerun.eager import Begun
from edgerun.errors import BadRequest, HeadersTooLarge, RequestError, UriTooLong
from edgerun.http.headers import Headers, Line
from edgerun.http.message import NO_BODY, Body, OnInterim, Request, SameHead, Tls
from edgerun.visit import Delivery

HEAD_TIMEOUT: Final = 30.0
LINGER: Final = 1.0
LINGER_BYTES: Final = 1024 * 1024


NO_REQUEST: Final = Request(method="GET", path=b"/")


class Entrance(Protocol):
    """What a door asks of the pipeline."""

    def begin(self, request: Request, on_interim: OnInterim | None = None) -> Begun: ...

    def ask(self, request: Request, resume: Resume, on_interim: OnInterim | None = None) -> Pending | None: ...

    def refuse(self, error: RequestError, request: Request) -> Delivery: ...


class WireProtocol(HttpToolsProtocol):
    """One viewer's connection; `app.pipeline` is the pipeline of the moment."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parser = httptools.HttpRequestParser(self)
        self.turn: Turn | None = None
        self._waiting: deque[Turn] = deque()
        self._reading: Turn | None = None
        self._deferred: Request | None = None
        self._lines: list[Line] = []
        self._head_size = 0
        self._in_head = False
        self._deaf = False
        self._surplus = b""
        self._heads = KnownHeads()
        self._tls: Tls | None = None
        self._heads_begun = 0
        self._latest: Request | None = None
        self._alike: KnownHead | None = None
        self._request_alike = NO_REQUEST
        self._swallowed = 0
        self._winding_down = False
        self._idle_since = 0.0
        self._idle_timer: asyncio.TimerHandle | None = None
        self._head_timer: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------------ what the transport calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._heads = self.app.heads[self.scheme or "http"]
        self._tls = tls_of(transport)
        self._idle()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the transport's interface
        self.connections.discard(self)
        for timer in (self._idle_timer, self._head_timer):
            if timer is not None:
                timer.cancel()
        self.flow.resume_writing()
        for turn in (self._reading, self.turn, *self._waiting):
            if turn is not None:
                turn.viewer_left()
        self._waiting.clear()
        self._deaf = True

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._swallow(len(data))
            return
        at_rest = self.turn is None and not self._in_head and self._reading is None
        alike = self._heads.get(data) if at_rest else None
        if alike is not None:
            self._take_again(alike)
            return
        one_head = at_rest and is_one_head(data)
        if one_head:
            peer = self.client or ("127.0.0.1", 0)
            alike = self._heads.read(data, scheme=self.scheme or "http", client=peer, tls=self._tls)
            if alike is not None:
                self._alike, self._request_alike = alike, alike.request
                self._take_again(alike)
                return
        self._heads_begun = 0 if one_head else 2
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._pause_for_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError:
            self.logger.exception("edgerun failed on a request; this is a fault of edgerun's own")
            self.transport.abort()
        except httptools.HttpParserError as error:
            self._no_request(BadRequest(f"the request cannot be parsed: {error}"))
        if self._in_head and not self._deaf:
            self._watch_head(len(data))
        elif self._heads_begun == 1 and self._latest is not None and b"upgrade" not in self._latest.headers:
            self._heads.add(data, self._latest, keep_alive=not self._deaf)
        self._latest = None

    def shutdown(self) -> None:
        """Finish the answers under way, then close; called by uvicorn."""
        if self.turn is None:
            self.transport.close()
            return
        self._deaf = self._reading is None
        last = self._waiting[-1] if self._waiting else self.turn
        last.keep_alive = False

    def wind_down(self) -> None:
        """Say in the next head that it is the last, and close after that answer: another process takes over.

        Unlike `shutdown` this loses nothing that the viewer sends before it has heard of the end.
        """
        self._winding_down = True
        self._idle_since = self.loop.time()
        self._heads = KnownHeads()  # those known to everybody keep the connection alive
        last = self._waiting[-1] if self._waiting else self.turn
        if last is not None and last.be_last():
            self._deaf = self._reading is None

    def quiet_for(self) -> float:
        """Return for how many seconds nothing has been asked; 0 while something is."""
        busy = self.turn is not None or self._in_head
        return 0.0 if busy else self.loop.time() - self._idle_since

    # ------------------------------------------------------------------ what the parser calls

    def on_message_begin(self) -> None:
        self.url = b""
        self._lines = []
        self._heads_begun += 1
        self._head_size = 0
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # else a trailer, which is never merged into the head
            self._lines.append((name, value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        if self._deaf:
            return
        try:
            request = self._request()
        except RequestError as error:
            self._refuse(error)
            return
        chunked = b"transfer-encoding" in request.headers
        if chunked and request.method in {"GET", "HEAD"}:
            self._deferred = request  # whether it has a body shows with the next callback
        else:
            length = int(request.headers.get(b"content-length") or 0)
            self._take(request, has_body=chunked or length > 0, length=None if chunked else length)

    def on_body(self, body: bytes) -> None:
        if self._deferred is not None:
            self._take(self._deferred, has_body=True, length=None)
        if self._reading is not None:
            self._reading.body.feed(body)

    def on_message_complete(self) -> None:
        if self._deferred is not None:
            self._take(self._deferred, has_body=False, length=0)
        if self._reading is not None:
            self._reading.body.finish()
            self._deaf = not self._reading.keep_alive
            self._reading = None

    # ------------------------------------------------------------------ from head to turn

    def _request(self) -> Request:
        version = self.parser.get_http_version()
        method = self.parser.get_method().decode("ascii")
        size = len(self.url) + len(method) + 12 + sum(len(name) + len(text) + 4 for name, text in self._lines)
        check_size(len(self.url), size)
        headers = Headers(self._lines)
        path, query, authority = split_target(self.url)
        if authority is not None:
            headers = headers.replaced(b"Host", authority)
        checked_host(headers, version)
        checked_coding(headers)
        return Request(
            method=method,
            path=path,
            query=query,
            headers=headers,
            scheme=self.scheme or "http",
            http_version=version,
            client=self.client or ("127.0.0.1", 0),
            tls=self._tls,
        )

    def _take(self, request: Request, *, has_body: bool, length: int | None) -> None:
        """Let a request whose head is complete have its turn."""
        self._deferred = None
        body: Body = NO_BODY
        if self._heads_begun == 1 and not has_body:
            self._latest = request = request.changed(same=SameHead())
        turn = Turn(self, request, keep_alive=self.parser.should_keep_alive() and not self._winding_down)
        if has_body:
            body = self._incoming(turn, length)
            turn.request = request.changed(body=body)
            self._reading = turn
        if not turn.keep_alive and not has_body:
            self._deaf = True
        self._enqueue(turn)

    def _take_again(self, alike: KnownHead) -> None:
        """Let a request have its turn whose very bytes have been parsed before."""
        if self._alike is not alike:
            self._alike = alike
            self._request_alike = alike.request.changed(client=self.client or ("127.0.0.1", 0), tls=self._tls)
        turn = Turn(self, self._request_alike, keep_alive=alike.keep_alive)
        self._deaf = not alike.keep_alive
        self.turn = turn
        turn.start(self._pipeline())

    def _incoming(self, turn: Turn, length: int | None) -> IncomingBody:
        expects = (turn.request.headers.get(b"expect") or b"").lower() == b"100-continue"
        turn.body = IncomingBody(
            length=length,
            pause=self.flow.pause_reading,
            resume=self.flow.resume_reading,
            on_read=turn.send_continue if expects else nothing,
        )
        return turn.body

    def _enqueue(self, turn: Turn) -> None:
        if self.turn is None:
            self.turn = turn
            turn.start(self._pipeline())
        else:
            self.flow.pause_reading()
            self._waiting.append(turn)

    def _start(self, turn: Turn) -> None:
        if not self.transport.is_closing():
            turn.start(self._pipeline())

    def _pipeline(self) -> Entrance:
        return cast("Entrance", self.app.pipeline)

    def next_turn(self, *, keep_alive: bool) -> None:
        """Go on after an answer: the next request, or wait for one, or close."""
        self.server_state.total_requests += 1
        self.turn = None
        if not keep_alive or self.transport.is_closing():
            self._close()
        elif self._waiting:
            # In a turn of the loop of its own: a thousand hits in a row must not be a thousand frames deep.
            self.turn = self._waiting.popleft()
            self.loop.call_soon(self._start, self.turn)
        else:
            self.flow.resume_reading()
            self._idle()
            if self._surplus:
                surplus, self._surplus = self._surplus, b""
                self.parser = httptools.HttpRequestParser(self)
                self.loop.call_soon(self.data_received, surplus)

    # ------------------------------------------------------------------ refusals and endings

    def _no_request(self, error: RequestError) -> None:
        """Refuse what the parser gave up on: as a request, or as the rest of a body that came so far."""
        if self._reading is not None:
            self._reading.keep_alive = False
            self._reading.body.fail()
            self._deaf = True
        elif not self._deaf:
            self._refuse(error)

    def _refuse(self, error: RequestError) -> None:
        """Answer what is no request, after those before it, and close."""
        self._deaf = True
        self._in_head = False
        request = Request(
            method="GET",
            path=(self.url.partition(b"?")[0] or b"/")[:LONGEST_URL],
            headers=Headers(),
            scheme=self.scheme or "http",
            client=self.client or ("127.0.0.1", 0),
            tls=self._tls,
        )
        turn = Turn(self, request, keep_alive=False)
        turn.refusal = error
        self._enqueue(turn)

    def _watch_head(self, received: int) -> None:
        """Bound the size and the time of a head that comes in pieces."""
        self._head_size += received
        if self._head_size > LARGEST_HEAD:
            url_first = not self._lines and self._head_size > LONGEST_URL
            self._refuse(UriTooLong("the URL does not end") if url_first else HeadersTooLarge("the head does not end"))
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT, self._head_took_too_long)

    def _head_took_too_long(self) -> None:
        self._head_timer = None
        self.transport.close()

    def _pause_for_upgrade(self, surplus: bytes) -> None:
        """Hold back what follows a request that asks for an upgrade until it is answered."""
        self._surplus = surplus
        if self.turn is not None and wants_tunnel(self.turn.request):
            self.flow.pause_reading()
        elif self.turn is None and not self._deaf:
            self.next_turn(keep_alive=True)

    def take_surplus(self) -> bytes:
        """Return what came after the head of an upgrade; it belongs to the tunnel."""
        surplus, self._surplus = self._surplus, b""
        return surplus

    def hand_over(self, protocol: asyncio.BaseProtocol) -> None:
        """Give the transport to a tunnel; this door is done with the connection."""
        self.connections.discard(self)
        self.turn = None
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self.transport.set_protocol(protocol)
        self.flow.resume_reading()

    def _swallow(self, size: int) -> None:
        self._swallowed += size
        if self._swallowed > LINGER_BYTES:
            self.transport.abort()

    def _close(self) -> None:
        """Close so that the last answer arrives even when the viewer is still sending."""
        self._deaf = True
        if self._reading is None or self.transport.is_closing() or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.flow.resume_reading()
        self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.close)

    def _idle(self) -> None:
        """Start counting towards the keep-alive timeout; one timer serves a whole connection."""
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._idle_check)

    def _idle_check(self) -> None:
        self._idle_timer = None
        if self.turn is not None or self._in_head:
            return  # the end of the turn starts the count anew; a head has a timer of its own
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left <= 0:
            self.transport.close()
        else:
            self._idle_timer = self.loop.call_later(left, self._idle_check)
