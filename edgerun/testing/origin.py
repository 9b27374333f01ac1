"""An origin that answers as scripted and remembers what it saw."""

import asyncio
from collections.abc import Awaitable, Callable

from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, OnInterim, Request, Response, read

Reply = Response | Exception | Callable[[Request], "Response | Awaitable[Response]"]


class ScriptedOrigin:
    """An `Origin` with replies by path: a response, an error to raise, or a callable that makes either.

    `seen` holds every request in order, with its body read. A path without a reply is a 404.
    """

    def __init__(self, replies: dict[str, Reply] | None = None) -> None:
        self.replies: dict[str, Reply] = dict(replies or {})
        self.seen: list[Request] = []
        self.closed = False

    def reply(self, path: str, status: int = 200, body: bytes | str = b"", **headers: str) -> None:
        """Script an answer; header names with underscores: `cache_control="max-age=60"`."""
        self.replies[path] = respond(status, body.encode() if isinstance(body, str) else body, **headers)

    def fail(self, path: str, error: Exception) -> None:
        """Script a failure, such as `OriginTimeout("too slow")` of `edgerun.errors`."""
        self.replies[path] = error

    def wait(self, path: str, gate: asyncio.Event, then: Response) -> None:
        """Script an answer that comes when a gate opens: a slow origin, without any sleeping."""

        async def waits(_request: Request) -> Response:
            await gate.wait()
            return then

        self.replies[path] = waits

    async def fetch(self, request: Request, *, on_interim: OnInterim | None = None) -> Response:  # noqa: ARG002
        body = await read(request.body)
        self.seen.append(request.changed(body=BytesBody(body)))
        reply = self.replies.get(request.path.decode("latin-1"))
        if reply is None:
            return respond(404, b"nothing here")
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, Response):
            return reply
        made = reply(request)
        return made if isinstance(made, Response) else await made

    async def resolve(self) -> None:
        return None

    async def aclose(self) -> None:
        self.closed = True


def respond(status: int = 200, body: bytes = b"", **headers: str) -> Response:
    """Return a response; header names are given with underscores: `cache_control="max-age=60"`."""
    lines = [(name.replace("_", "-").title().encode(), text.encode("latin-1")) for name, text in headers.items()]
    if not any(name == b"Content-Length" for name, _ in lines):
        lines.append((b"Content-Length", b"%d" % len(body)))
    return Response(status=status, headers=Headers(lines), body=BytesBody(body))
