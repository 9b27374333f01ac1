"""Recorded requests, sent through today's configuration and code in process."""

import asyncio
import base64
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from edgerun import errors
from edgerun.app import Edge
from edgerun.cache.memory import MemoryStore
from edgerun.distribution.model import Config
from edgerun.distribution.origins import OriginSpec
from edgerun.errors import EdgeError, OriginConnectError, OriginError
from edgerun.functions.runtime import FunctionRuntime
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, OnInterim, Request, Response, read
from edgerun.observe.recorder import Recorder
from edgerun.observe.trace import target
from edgerun.origins.origin import Origin
from edgerun.replay.compare import Difference, differences
from edgerun.testing.clock import SettableClock
from edgerun.values import value
from edgerun.visit import Delivery

Record = dict[str, Any]

HOPS: Final = frozenset({"connection", "transfer-encoding", "content-encoding", "content-length"})
OURS: Final = frozenset({"x-cache", "via", "x-amz-cf-pop", "x-amz-cf-id", "age"})


@value
class Outcome:
    """What came of a request that was sent again.

    `after` is None, and `why_not` says why, when it could not be sent.
    """

    before: Record
    after: Record | None = None
    differences: tuple[Difference, ...] = ()
    why_not: str = ""


class Unrecorded(OriginConnectError):
    """The origin is asked for what no record has."""


class Replay:
    """Sends records through an edge of their own; what the origin answers is what it answered then.

    A request has the time and the id that it had. Each starts with an empty cache, into which what was stored for it
    is brought by the request that stored it.

    Args:
        config: today's.
        known: every record there is: what is in the cache came by one of them.
        live: whether the real origins are asked instead.
        cwd: where the programs behind origins run.
        runtime: runs functions, instead of worker processes.
        origins: with `live`, those of an edge that runs, instead of clients and programs of its own.
    """

    def __init__(
        self,
        config: Config,
        known: Iterable[Record],
        *,
        live: bool = False,
        cwd: Path | None = None,
        runtime: FunctionRuntime | None = None,
        origins: Callable[[OriginSpec], Origin] | None = None,
    ) -> None:
        self._known = {record["id"]: record for record in known}
        self._live = live
        self._clock = SettableClock()
        self._recorder = Recorder(limit=2)
        self._answers: list[Record] = []
        self._given: list[Record] = []
        self._missing = ""
        self._id = ""
        self._store = MemoryStore(size=config.store.size, max_object_size=config.store.max_object_size)
        self._edge = Edge(
            without_logs(config),
            clock=self._clock,
            recorder=self._recorder,
            store=self._store,
            cwd=cwd,
            runtime=runtime,
            make_id=lambda: self._id,
            instead=origins if live else self._origin,
        )
        self._entrance = self._recorder.before(self._edge)
        self._started = origins is not None

    async def send(self, record: Record) -> Outcome:
        """Send one request again and compare."""
        if self._live and not self._started:
            await self._edge.start()
        self._started = True
        await self._edge.invalidate(["/*"])
        self._given = []
        stored_by = (record["cache"] or {}).get("stored_by")
        if stored_by and not self._live:
            primed = self._known.get(stored_by)
            if primed is None:
                return Outcome(before=record, why_not="the request that stored the object is not recorded any more")
            await self._take(primed)
        after, missing = await self._take(record)
        if missing:
            return Outcome(before=record, after=after, differences=tuple(differences(record, after)), why_not=missing)
        return Outcome(before=record, after=after, differences=tuple(differences(record, after)))

    async def aclose(self) -> None:
        """End every environment."""
        await self._edge.aclose()

    async def _take(self, record: Record) -> tuple[Record, str]:
        self._recorder.forget()
        self._clock.now, self._id = record["at"], record["id"]
        self._answers = answers_of(record)
        self._given += self._answers
        self._missing = ""
        begun = self._entrance.begin(request_of(record))
        delivery = begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun)
        complete, sent = True, 0
        try:
            sent = len(await read(delivery.response.body))
        except EdgeError:
            complete = False
        await delivery.body.aclose()
        delivery.sent(sent, complete=complete)
        await self._edge.settled()
        after = self._recorder.get("last")
        assert after is not None
        if any(_is_padded(each["response"]["body"]) for each in self._given if each["response"]):
            for each in (after, *after["origin"]):
                if each["response"]:
                    each["response"]["body"]["padded"] = True
        if _is_padded(record["request"]["body"]):
            for each in after["origin"]:
                each["request"]["body"]["padded"] = True
        return after, self._missing

    def _origin(self, spec: OriginSpec) -> Origin:
        return _Recorded(spec.domain_name, self._answer)

    def _answer(self, domain: str, request: Request) -> Record:
        """Return the recorded answer to a request: to the very same one, else to the next for that origin."""
        asked = request.target.decode("latin-1")
        same = [each for each in self._answers if each["domain"] in {domain, ""} and each["request"]["target"] == asked]
        near = same or [each for each in self._answers if each["domain"] in {domain, ""}] or self._answers
        if not near:
            elsewhere = self._elsewhere(domain, request.method, asked)
            if elsewhere is not None:
                return elsewhere
            self._missing = f"no answer of {domain} to {request.method} {asked} is recorded: --live asks the origin"
            raise Unrecorded(self._missing)
        self._answers.remove(near[0])
        return near[0]

    def _elsewhere(self, domain: str, method: str, asked: str) -> Record | None:
        """Return what the origin answered to the same in another request: the one nearest in time."""
        found = [
            (abs(record["at"] - self._clock.now), number, each)
            for number, record in enumerate(self._known.values())
            if not record.get("foreign")
            for each in record["origin"]
            if each["domain"] == domain and each["request"]["target"] == asked and each["request"]["method"] == method
        ]
        return min(found, key=lambda each: each[:2])[-1] if found else None


class _Recorded:
    """An origin that answers what it answered then."""

    def __init__(self, domain: str, answer: Callable[[str, Request], Record]) -> None:
        self._domain = domain
        self._answer = answer

    async def fetch(self, request: Request, *, on_interim: OnInterim | None = None) -> Response:  # noqa: ARG002
        await read(request.body)
        told = self._answer(self._domain, request)
        if told["error"] is not None:
            raise error_of(told["error"])
        response = told["response"] or {"status": 502, "headers": [], "body": None}
        body = BytesBody(whole(response["body"]))
        return Response(status=response["status"], headers=headers_of(response["headers"]), body=body)

    async def resolve(self) -> None:
        return None

    async def aclose(self) -> None:
        return None


def without_logs(config: Config) -> Config:
    """Return a configuration that writes no access logs: what is replayed was logged when it came."""
    quiet = tuple(replace(each, access_log=None) for each in config.distributions)
    return replace(config, distributions=quiet)


def answers_of(record: Record) -> list[Record]:
    """Return what origins answered; for a request of another tool, its answer stands for the origin's."""
    if not record.get("foreign"):
        return list(record["origin"])
    response = record["response"]
    lines = [line for line in response["headers"] if line[0].lower() not in HOPS | OURS]
    size = response["body"]["size"]
    if record["method"] != "HEAD":
        lines.append(["Content-Length", str(size)])
    told = {"status": record["status"], "headers": lines, "body": response["body"]}
    asked = {"method": record["method"], "target": target(record)}
    return [{"domain": "", "request": asked, "response": told, "error": None}]


def request_of(record: Record) -> Request:
    """Return a recorded request, as a door hands it over."""
    return Request(
        method=record["method"],
        path=record["path"].encode("latin-1", "replace"),
        query=None if record["query"] is None else record["query"].encode("latin-1", "replace"),
        headers=headers_of(record["request"]["headers"]),
        body=BytesBody(whole(record["request"]["body"])),
        scheme=record["scheme"],
        http_version=record.get("http_version") or "1.1",
        client=(record.get("client") or "127.0.0.1", record.get("client_port") or 0),
    )


def headers_of(lines: list[list[str]]) -> Headers:
    """Return recorded header lines."""
    return Headers([(name.encode("latin-1", "replace"), text.encode("latin-1", "replace")) for name, text in lines])


def whole(body: Record | None) -> bytes:
    """Return a recorded body; of what was not kept of a large one, as many zero bytes."""
    data = base64.b64decode(body["data"]) if body else b""
    return data + bytes(max(0, body["size"] - len(data))) if body else b""


def _is_padded(body: Record) -> bool:
    return len(base64.b64decode(body["data"])) < int(body["size"])


def error_of(told: Record) -> OriginError:
    """Return an origin's failure as it was raised."""
    kind = getattr(errors, told["type"], OriginConnectError)
    return kind(told["message"]) if isinstance(kind, type) and issubclass(kind, OriginError) else OriginConnectError()
