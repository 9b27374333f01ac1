"""An access log through today's configuration: what would be answered now, and how often from the cache."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from edgerun.app import Edge
from edgerun.cache.memory import MemoryStore
from edgerun.distribution.model import Config
from edgerun.distribution.origins import OriginSpec
from edgerun.errors import EdgeError
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, OnInterim, Request, Response, read
from edgerun.observe.events import Answered, Event, Failed
from edgerun.origins.origin import Origin
from edgerun.replay.access_log import Line
from edgerun.replay.compare import Difference
from edgerun.testing.clock import SettableClock
from edgerun.visit import Delivery

HITS: Final = frozenset({"Hit", "RefreshHit"})
OF_CLOUDFRONT: Final = frozenset({"Error", "LambdaExecutionError", "LimitExceeded", "CapacityExceeded"})
SHOWN: Final = 1000


@dataclass
class Simulated:
    """What came of the requests of a log.

    Attributes:
        requests: how many were sent.
        logged, now: how many came to which result type then and now.
        differing: how many lines differ in anything.
        first: the first of those that differ, with what does.
        failures: what went wrong, and how often.
    """

    requests: int = 0
    logged: Counter[str] = field(default_factory=Counter)
    now: Counter[str] = field(default_factory=Counter)
    differing: int = 0
    first: list[tuple[Line, list[Difference]]] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)

    def ratio(self, results: Counter[str]) -> float:
        """Return the share of requests that the cache answered, from 0 to 1."""
        total = sum(results.values())
        return sum(results[name] for name in HITS) / total if total else 0.0


class Simulation:
    """Sends the requests of a log in order, by the log's own clock; each edge location has its own cache.

    The origin answers with the status, type and length that were logged for the request; it says nothing about
    caching, which leaves that to the cache policy's default TTL.
    """

    def __init__(self, config: Config, lines: list[Line]) -> None:
        self._lines = lines
        self._clock = SettableClock()
        self._answered: Answered | None = None
        self._told = Simulated()
        self._lengths = lengths(lines)
        self._line: Line | None = None
        store = MemoryStore(size=config.store.size, max_object_size=config.store.max_object_size)
        self._edge = Edge(config, self._hear, clock=self._clock, store=store, instead=self._origin)

    async def run(self, on_request: Callable[[], object]) -> Simulated:
        """Send them all; `on_request` is called after each."""
        location = None
        try:
            for line in self._lines:
                if line.location != location:
                    await self._edge.invalidate(["/*"])
                    location = line.location
                await self._send(line)
                on_request()
        finally:
            await self._edge.aclose()
        return self._told

    async def _send(self, line: Line) -> None:
        self._line, self._clock.now = line, line.at
        begun = self._edge.begin(request_of(line))
        delivery = begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun)
        complete = True
        try:
            body = await read(delivery.response.body)
        except EdgeError:
            body, complete = b"", False
        await delivery.body.aclose()
        delivery.sent(len(body), complete=complete)
        if not isinstance(begun, Delivery):
            await self._edge.settled()
        self._compare(line, delivery, len(body))

    def _compare(self, line: Line, delivery: Delivery, size: int) -> None:
        told, answered = self._told, self._answered
        assert answered is not None
        told.requests += 1
        told.logged[line.result_type] += 1
        told.now[answered.result_type] += 1
        status = delivery.response.status
        pairs = [("status", line.status or None, status), ("result_type", line.result_type, answered.result_type)]
        if line.length is not None and line.method != "HEAD" and status == line.status:
            pairs.append(("content_length", line.length, size))
        found = [
            Difference(stage="response", path=name, before=before, after=after)
            for name, before, after in pairs
            if before is not None and before != after
        ]
        told.differing += bool(found)
        if found and len(told.first) < SHOWN:
            told.first.append((line, found))

    def _hear(self, event: Event) -> None:
        if isinstance(event, Answered):
            self._answered = event
        elif isinstance(event, Failed):
            self._told.failures[f"{event.function or event.step}: {event.error}"] += 1

    def _origin(self, _: OriginSpec) -> Origin:
        return _Logged(self._answer)

    def _answer(self, request: Request) -> Response:
        line = self._line
        assert line is not None
        status = {0: 200, 206: 200, 304: 200}.get(line.status, line.status)
        length = self._lengths.get((line.host, line.path), 0) if status == 200 else line.length or 0
        lines = [(b"Content-Length", b"%d" % length)]
        if line.content_type:
            lines.append((b"Content-Type", line.content_type.encode("latin-1", "replace")))
        body = BytesBody(b"" if request.method == "HEAD" else blank(length))
        return Response(status=status, headers=Headers(lines), body=body)


class _Logged:
    """An origin that answers as the log has it."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        self._answer = answer

    async def fetch(self, request: Request, *, on_interim: OnInterim | None = None) -> Response:  # noqa: ARG002
        return self._answer(request)

    async def resolve(self) -> None:
        return None

    async def aclose(self) -> None:
        return None


def lengths(lines: list[Line]) -> dict[tuple[str, bytes], int]:
    """Return how long the content of each URL is: as logged last with status 200, else the longest part of it."""
    parts: dict[tuple[str, bytes], int] = {}
    wholes: dict[tuple[str, bytes], int] = {}
    for line in lines:
        if line.length is not None and line.status == 200:
            wholes[line.host, line.path] = line.length
        elif line.length is not None:
            parts[line.host, line.path] = max(line.length, parts.get((line.host, line.path), 0))
    return parts | wholes


@lru_cache(maxsize=256)
def blank(length: int) -> bytes:
    """Return so many bytes, the same ones for all that are as long."""
    return bytes(length)


def request_of(line: Line) -> Request:
    """Return a logged request, as a door hands it over."""
    return Request(
        method=line.method,
        path=line.path,
        query=line.query,
        headers=Headers([(b"Host", line.host.encode("latin-1", "replace")), *line.headers]),
        scheme=line.scheme,
        client=(line.client, 0),
    )
