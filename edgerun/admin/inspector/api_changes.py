"""What changed, as it changes: which pages have to look again. The pages fetch what they need themselves."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from edgerun.admin.inspector.answering import HEADERS
from edgerun.admin.inspector.api_events import Streams
from edgerun.admin.inspector.shown import Shown
from edgerun.observe.tally import Tally

LOOK: Final = 0.4
"""Seconds between two looks at what tells of no change itself: the configuration, the environments."""
REST: Final = 0.15
"""Seconds between two events for one page, so that a busy function does not keep it busy."""
QUIET: Final = 25
"""Looks without anything new after which a sign of life is sent."""


def change_routes(edge: Shown, tally: Tally, streams: Streams | None = None) -> list[Route]:
    """Return the route of the stream: events `functions`, `origins` and `config`."""

    async def changes(_: Request) -> Response:
        return StreamingResponse(
            told(edge, tally, streams or Streams()), media_type="text/event-stream", headers=HEADERS
        )

    return [Route("/api/changes", changes)]


class Changes:
    """What one page has not been told yet."""

    def __init__(self, edge: Shown, tally: Tally) -> None:
        self._edge = edge
        self._names: set[str] = set()
        self._woken = asyncio.Event()
        self._config = edge.config
        self._environments = self._seen()
        self.close = tally.subscribe(self._hear)

    def _hear(self, name: str) -> None:
        self._names.add(name)
        self._woken.set()

    def _seen(self) -> dict[str, list[Any]]:
        """Return what can be seen of the environments, by function."""
        found: dict[str, list[Any]] = {}
        for pool in self._edge.pools():
            found.setdefault(pool.function.name, []).append((pool.function.version, pool.environments, pool.waiting))
        return found

    async def next(self) -> list[bytes]:
        """Wait for a while, and return the events that are due then; none if nothing changed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await self._woken.wait()
        self._woken.clear()
        names, self._names = self._names, set()
        before, self._environments = self._environments, self._seen()
        every = before.keys() | self._environments.keys()
        names |= {name for name in every if before.get(name) != self._environments.get(name)}
        due = []
        if self._edge.config is not self._config:
            self._config = self._edge.config
            due.append(sse("config", {}))
        if "" in names:
            names.discard("")
            due.append(sse("origins", {}))
        if names:
            due.append(sse("functions", {"names": sorted(names)}))
        return due


async def told(edge: Shown, tally: Tally, streams: Streams) -> AsyncIterator[bytes]:
    """Yield events in the form of `text/event-stream` until the page leaves, or the streams are over."""
    changes, quiet = Changes(edge, tally), 0
    try:
        yield sse("hello", {})
        while not streams.over:
            due = await changes.next()
            quiet = 0 if due else quiet + 1
            if due:
                yield b"".join(due)
                await asyncio.sleep(REST)
            elif quiet >= QUIET:
                quiet = 0
                yield b": nothing new\n\n"
    finally:
        changes.close()


def sse(kind: str, told: dict[str, Any]) -> bytes:
    """Return one event as it goes over the wire; JSON has no line breaks of its own."""
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), json.dumps(told).encode())
