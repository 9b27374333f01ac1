"""What happens, as it happens: server-sent events for the pages that are open."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.requests import Request as Asking
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from edgerun import __version__
from edgerun.admin.inspector.inspected import Inspected
from edgerun.observe.events import Event, Noted

WAITING: Final = 1000
"""Events that wait for a page that does not read; beyond that it loses some and is told so."""
HEARTBEAT: Final = 10.0
HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Streams:
    """The streams of the pages that are open, so that they can be ended with the server."""

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self.over = False

    def end(self) -> None:
        """Let every stream come to its end; those that look now and then see that they are `over`."""
        self.over = True
        for listener in self.listeners:
            listener.end()


def event_routes(edge: Inspected, streams: Streams) -> list[Route]:
    """Return the route of the stream."""

    async def events(_: Asking) -> Response:
        return StreamingResponse(told(edge, streams), media_type="text/event-stream", headers=HEADERS)

    return [Route("/api/events", events)]


class Listener:
    """One page's events: never more than so many wait, and putting one never does.

    Args:
        room: how many events may wait.
    """

    def __init__(self, room: int = WAITING) -> None:
        self._waiting: deque[tuple[str, Any]] = deque()
        self._room = room
        self._lost = 0
        self._ended = False
        self._woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def put(self, kind: str, told: Any) -> None:
        """Add an event, or count it as lost."""
        if len(self._waiting) >= self._room:
            self._lost += 1
        else:
            self._waiting.append((kind, told))
        self._woken.set()

    def end(self) -> None:
        """Let the stream end once it has told what waits."""
        self._ended = True
        self._woken.set()

    def request(self, summary: dict[str, Any]) -> None:
        """Hear that a request was answered."""
        self.put("request", summary)

    def __call__(self, event: Event) -> None:
        """Hear what is said about the server; stores say it from threads of theirs."""
        if isinstance(event, Noted):
            self._loop.call_soon_threadsafe(self.put, "note", {"text": event.text, "level": event.level})

    async def lines(self, heartbeat: float = HEARTBEAT) -> AsyncIterator[bytes]:
        """Yield events in the form of `text/event-stream`, and a comment when there are none for a while."""
        while True:
            try:
                async with asyncio.timeout(heartbeat):
                    await self._woken.wait()
            except TimeoutError:
                yield b": nothing new\n\n"
                continue
            self._woken.clear()
            while self._waiting:
                yield sse(*self._waiting.popleft())
            lost, self._lost = self._lost, 0
            if lost:
                yield sse("lost", {"count": lost})
            if self._ended:
                return


async def told(edge: Inspected, streams: Streams) -> AsyncIterator[bytes]:
    """Yield events for one page until it leaves; it costs the server nothing but while it listens."""
    listener = Listener()
    edge.emit.add(listener, Noted)
    streams.listeners.add(listener)
    recorder = edge.recorder
    ended = recorder.subscribe(listener.request) if recorder is not None else None
    try:
        yield sse("hello", {"version": __version__, "recording": recorder is not None})
        async for line in listener.lines():
            yield line
    finally:
        edge.emit.remove(listener)
        streams.listeners.discard(listener)
        if ended is not None:
            ended()


def sse(kind: str, told: Any) -> bytes:
    """Return one event as it goes over the wire; JSON has no line breaks of its own."""
    return f"event: {kind}\ndata: {json.dumps(told)}\n\n".encode()
