"""The ASGI door: the same pipeline for tests, for embedding and for HTTP/2.

An ASGI server owns framing, so two duties of the wire door cannot be done here: interim answers are
dropped and WebSockets refused, because ASGI has no raw connection to give.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from edgerun.distribution.guard import check_size
from edgerun.doors.heads import known_heads
from edgerun.doors.incoming import IncomingBody, nothing
from edgerun.doors.outgoing import BODILESS
from edgerun.doors.secured import TLS_STATE
from edgerun.doors.target import checked_coding, checked_host
from edgerun.doors.wire import Entrance
from edgerun.errors import BadRequest, EdgeError, RequestError
from edgerun.http.headers import Headers
from edgerun.http.message import NO_BODY, Request
from edgerun.visit import Delivery

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class AsgiDoor:
    """An ASGI application; `pipeline` may be replaced at any time and counts from the next request on.

    `heads` is the wire door's account of the requests that came to this server.
    """

    def __init__(
        self,
        pipeline: Entrance,
        *,
        startup: Callable[[], Awaitable[None]] | None = None,
        shutdown: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.pipeline = pipeline
        self.heads = known_heads()
        self._startup = startup
        self._shutdown = shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await _Exchange(self.pipeline, scope, receive, send).run()
            case "lifespan":
                await self._lifespan(receive, send)
            case "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1011, "reason": "WebSockets need the wire door"})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        for moment, action in (("startup", self._startup), ("shutdown", self._shutdown)):
            await receive()
            if action is not None:
                await action()
            await send({"type": f"lifespan.{moment}.complete"})


class _Exchange:
    """One request and its answer over ASGI."""

    def __init__(self, pipeline: Entrance, scope: Scope, receive: Receive, send: Send) -> None:
        self._pipeline = pipeline
        self._receive = receive
        self._send = send
        # No upgrade can be passed on: without the header it is an ordinary request.
        self._headers = Headers(scope["headers"]).without(b"upgrade")
        if not request_is_1x(scope):
            self._headers = joined_cookies(self._headers)
        self._scope = scope
        self._body: IncomingBody | None = None
        self._room = asyncio.Event()
        self._room.set()

    async def run(self) -> None:
        try:
            request = await self._request()
        except RequestError as error:
            await self._write(self._pipeline.refuse(error, self._plain()))
            return
        answering = asyncio.ensure_future(self._answer(request))
        listening = asyncio.ensure_future(self._listen(answering))
        try:
            await asyncio.wait({answering})
        finally:
            answering.cancel()
            listening.cancel()
            await asyncio.gather(answering, listening, return_exceptions=True)
        if not answering.cancelled():
            answering.result()

    async def _answer(self, request: Request) -> None:
        begun = self._pipeline.begin(request)
        await self._write(begun if isinstance(begun, Delivery) else await begun)

    async def _request(self) -> Request:
        request = self._plain()
        size = sum(len(name) + len(text) + 4 for name, text in self._headers)
        check_size(len(request.target), size + len(request.target) + len(request.method) + 12)
        checked_host(self._headers, request.http_version)
        chunked = checked_coding(self._headers)
        length = self._headers.get(b"content-length")
        if not chunked and (length is None or length == b"0"):
            return request
        if length is not None and not length.isdigit():
            raise BadRequest("Content-Length is not a number")
        first = await self._receive()
        body = first.get("body", b"")
        if not first.get("more_body") and not body:
            return request
        self._body = IncomingBody(
            length=None if chunked or length is None else int(length),
            pause=self._room.clear,
            resume=self._room.set,
            on_read=nothing,
        )
        self._body.feed(body)
        if not first.get("more_body"):
            self._body.finish()
        return request.changed(body=self._body)

    def _plain(self) -> Request:
        scope = self._scope
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        client = scope.get("client") or ("127.0.0.1", 0)
        return Request(
            method=scope["method"],
            path=path.partition(b"?")[0],
            query=scope["query_string"] or None,
            headers=self._headers,
            body=NO_BODY,
            scheme=scope["scheme"],
            http_version=scope["http_version"] if scope["http_version"] != "2" else "2.0",
            client=(client[0], client[1]),
            tls=scope.get("state", {}).get(TLS_STATE),
        )

    async def _listen(self, answering: "asyncio.Future[None]") -> None:
        """Feed the body as it comes, and end the answer when the viewer leaves."""
        while True:
            await self._room.wait()
            message = await self._receive()
            if message["type"] == "http.disconnect":
                if self._body is not None:
                    self._body.fail()
                answering.cancel()
                return
            if self._body is not None:
                self._body.feed(message.get("body", b""))
                if not message.get("more_body"):
                    self._body.finish()

    async def _write(self, delivery: Delivery) -> None:
        response, sent, complete = delivery.response, 0, False
        try:
            # Checked here as on the wire: an ASGI server need not look for a line break in a value.
            sent = len(response.headers.block)
            headers = list(response.headers)
            if delivery.close and request_is_1x(self._scope):
                headers.append((b"Connection", b"close"))
            await self._send({"type": "http.response.start", "status": response.status, "headers": headers})
            silent = self._scope["method"] == "HEAD" or response.status in BODILESS
            if response.body.data is not None or silent:
                data = b"" if silent else response.body.data or b""
                sent += len(data)
                await self._send({"type": "http.response.body", "body": data})
            else:
                async for chunk in response.body.stream():
                    sent += len(chunk)
                    await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
                await self._send({"type": "http.response.body", "body": b""})
            complete = True
        except EdgeError as error:
            raise ConnectionAbortedError(f"the origin broke off: {error}") from error
        finally:
            await delivery.body.aclose()
            delivery.sent(sent, complete=complete)


def joined_cookies(headers: Headers) -> Headers:
    """Return headers with the crumbs that HTTP/2 may make of a Cookie header put together (RFC 9113 §8.2.3)."""
    crumbs = headers.get_all(b"cookie")
    return headers if len(crumbs) < 2 else headers.replaced(b"cookie", b"; ".join(crumbs))


def request_is_1x(scope: Scope) -> bool:
    """Tell whether a request came over HTTP/1.x, which alone knows `Connection`."""
    version: str = scope["http_version"]
    return version.startswith("1")
