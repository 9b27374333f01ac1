"""Remembers requests: listens to what is told about each, taps the bodies that pass, keeps the latest."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from edgerun.distribution.origins import OriginSpec
from edgerun.eager import Begun
from edgerun.errors import OriginError, RequestError
from edgerun.functions.log_files import soon
from edgerun.http.message import OnInterim, Request, Response, Tunnel
from edgerun.observe import trace, traces
from edgerun.observe.events import Answered, Called, Event, Failed, Printed, Step, Stepped, Warned
from edgerun.observe.tap import Tap, told_of
from edgerun.observe.trace import Record
from edgerun.origins.origin import Origin
from edgerun.visit import Delivery

Subscriber = Callable[[Record], None]
OriginFor = Callable[[OriginSpec], Origin]

UNDER_WAY: Final = 2000
"""Requests that have not been answered yet; beyond that the oldest are forgotten: their viewers left."""
BYTES: Final = 64_000_000


class Recorder:
    """An observer that makes one record of each request, and keeps the latest.

    Records are dicts of JSON values, in the form that `trace.py` makes; `docs/tracing.md` names the fields. What is
    told about a request after its answer, by a fetch behind it, is added to its record.

    Args:
        limit: how many records are kept.
        folder: where they are kept on disk too, None for memory alone.

    `on_trouble` gets one sentence when they cannot be written.
    """

    def __init__(self, limit: int = 500, folder: Path | None = None) -> None:
        self._limit = limit
        self._folder = folder
        self._files = None if folder is None else traces.TraceFiles(folder, limit)
        self._earlier: list[Record] | None = None if folder is not None else []
        self._unwritten: dict[str, Record] = {}
        self.on_trouble: Callable[[str], None] = _say_nothing
        self._open: OrderedDict[str, Record] = OrderedDict()
        self._delivered: dict[str, Response] = {}
        self._kept: OrderedDict[str, Record] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._size = 0
        self._number = 0 if self._files is None else self._files.last_number()
        self._before = self._number
        self._subscribers: list[Subscriber] = []

    # ------------------------------------------------------------------------------ what is asked of it

    def latest(self, count: int, pattern: str = "") -> list[Record]:
        """Return summaries of the latest requests, newest first.

        Args:
            count: how many at most.
            pattern: words that are all found in `METHOD host/target status result-type`; see `trace.fits`.
        """
        found = (record for record in self.newest_first() if trace.fits(record, pattern))
        return [trace.summary(record) for record, _ in zip(found, range(count), strict=False)]

    def get(self, which: str | int) -> Record | None:
        """Return a record by its number, by the beginning of its id, or the newest one by `last`; None without."""
        return trace.chosen([*self.newest_first()][::-1], which)

    def newest_first(self) -> Iterator[Record]:
        """Yield the records of this server, then those from before it, read from disk once they are asked for."""
        yield from reversed(self._kept.values())
        if self._earlier is None:
            assert self._folder is not None
            before = [each for each in traces.read(self._folder, _say_nothing) if each["number"] <= self._before]
            self._earlier = before[-self._limit :]
        room = max(0, self._limit - len(self._kept))
        yield from self._earlier[: -room - 1 : -1]

    def forget(self) -> None:
        """Forget every record in memory."""
        self._kept.clear()
        self._sizes.clear()
        self._size = 0

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have a function called with the summary of each answered request; return what ends that."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    # ------------------------------------------------------------------------------ what it is told

    def __call__(self, event: Event) -> None:
        match event:
            case Stepped():
                self._stepped(event)
            case Called():
                self._of(event.request_id)["stages"].append(trace.called_stage(event))
            case Failed():
                trace.take_step(self._of(event.request_id), event)
            case Warned():
                told = {"point": event.point, "rule": event.rule, "path": event.path, "message": event.message}
                self._of(event.request_id)["warnings"].append(told)
            case Printed() if event.request_id:
                told = {"function": event.function, "text": event.text, "kind": event.kind}
                self._of(event.request_id)["logs"].append(told)
            case Answered():
                self._answered(event)

    def _stepped(self, event: Stepped) -> None:
        record = self._of(event.request_id)
        trace.take_step(record, event)
        if event.request_id in self._kept:
            self._to_write(record)
        if event.step is Step.DELIVER and isinstance(event.detail, Response | Tunnel):
            head = event.detail.response if isinstance(event.detail, Tunnel) else event.detail
            self._delivered.setdefault(event.request_id, head)

    def _answered(self, event: Answered) -> None:
        record = self._open.pop(event.request_id, None) or trace.empty(event.request_id)
        self._number += 1
        record["number"] = self._number
        record |= trace.answer_told(event, self._delivered.pop(event.request_id, None))
        self._keep(record)
        told = trace.summary(record)
        for subscriber in self._subscribers.copy():
            subscriber(told)

    def _of(self, request_id: str) -> Record:
        """Return the record of a request that is under way, or whose answer has gone out already."""
        found = self._open.get(request_id) or self._kept.get(request_id)
        if found is None:
            found = self._open[request_id] = trace.empty(request_id)
            if len(self._open) > UNDER_WAY:
                gone, _ = self._open.popitem(last=False)
                self._delivered.pop(gone, None)
        return found

    def _keep(self, record: Record) -> None:
        name, size = record["id"], weight(record)
        self._kept[name], self._sizes[name] = record, size
        self._size += size
        self._to_write(record)
        while len(self._kept) > self._limit or (self._size > BYTES and len(self._kept) > 1):
            gone, _ = self._kept.popitem(last=False)
            self._size -= self._sizes.pop(gone)

    def _to_write(self, record: Record) -> None:
        if self._files is not None:
            first = not self._unwritten
            self._unwritten[record["id"]] = record
            if first:
                soon(self.flush)

    def flush(self) -> None:
        """Write down what has gathered."""
        records, self._unwritten = list(self._unwritten.values()), {}
        if self._files is None or not records:
            return
        try:
            self._files.append(records)
        except OSError as error:
            self._files = None
            self.on_trouble(f"requests are no longer recorded on disk: {self._folder}: {error.strerror or error}")

    # ------------------------------------------------------------------------------ what it taps

    def before(self, entrance: Any) -> "Recorded":
        """Return an entrance for doors, before the edge's own, at which the bodies of viewers are tapped."""
        return Recorded(entrance, self)

    def origins(self, origin_for: OriginFor) -> OriginFor:
        """Return a source of origins' clients whose requests and answers are recorded."""
        return lambda spec: _TappedOrigin(origin_for(spec), spec.domain_name, self)

    def delivers(self, delivery: Delivery) -> Delivery:
        """Tap an answer before a door writes it."""
        body = delivery.response.body
        if delivery.tunnel is None and body.data is None:
            delivery.response = delivery.response.changed(body=Tap(body))
        self._delivered[delivery.id] = delivery.response
        return delivery

    def asks(self, domain: str, request: Request) -> Record:
        """Add a request to an origin to the record of the one it is for; return where its answer belongs."""
        told = trace.origin_told(domain, request)
        name = request.headers.get(b"x-amz-cf-id")
        if name is not None:
            self._of(trace.text(name))["origin"].append(told)
        return told

    def amended(self, request: Request) -> None:
        """Write the record of a request to an origin again, if it was written before that was over."""
        record = self._kept.get(trace.text(request.headers.get(b"x-amz-cf-id") or b""))
        if record is not None:
            self._to_write(record)


class Recorded:
    """An entrance at which the bodies of requests and answers are tapped."""

    def __init__(self, entrance: Any, recorder: Recorder) -> None:
        self._entrance = entrance
        self._recorder = recorder

    def begin(self, request: Request, on_interim: OnInterim | None = None) -> Begun:
        if request.body.data is None:
            request = request.changed(body=Tap(request.body))
        begun: Begun = self._entrance.begin(request, on_interim)
        return self._recorder.delivers(begun) if isinstance(begun, Delivery) else self._later(begun)

    def ask(self, *_: object) -> None:
        """Ask no function at once: every step is told."""

    def refuse(self, error: RequestError, request: Request) -> Delivery:
        delivery: Delivery = self._entrance.refuse(error, request)
        return self._recorder.delivers(delivery)

    async def _later(self, begun: Any) -> Delivery:
        return self._recorder.delivers(await begun)


class _TappedOrigin:
    """An origin whose requests and answers are recorded."""

    def __init__(self, origin: Origin, domain: str, recorder: Recorder) -> None:
        self._origin = origin
        self._domain = domain
        self._recorder = recorder

    async def fetch(self, request: Request, *, on_interim: OnInterim | None = None) -> Response | Tunnel:
        told, began = self._recorder.asks(self._domain, request), time.monotonic()
        try:
            response = await self._origin.fetch(request, on_interim=on_interim)
        except OriginError as error:
            told["error"] = trace.error_told(error)
            raise
        finally:
            told["request"]["body"] = told_of(request.body)
            told["time_to_first_byte"] = round(time.monotonic() - began, 6)
        if isinstance(response, Tunnel):
            told["response"] = trace.origin_answer_told(response.response)
            return response

        def ended(tap: Tap) -> None:
            told["response"]["body"] = tap.told()
            self._recorder.amended(request)

        tapped = response.changed(body=Tap(response.body, ended))
        told["response"] = trace.origin_answer_told(tapped)
        return tapped

    async def resolve(self) -> None:
        await self._origin.resolve()

    async def aclose(self) -> None:
        await self._origin.aclose()


def _say_nothing(_: str) -> None:
    """Tell nobody."""


def weight(record: Record) -> int:
    """Return roughly how many bytes a record takes: its bodies, and what functions were sent and returned."""
    bodies = [record["request"]["body"], record["response"]["body"]]
    bodies += [each["response"]["body"] for each in record["origin"] if each["response"]]
    events = sum(
        len(str(stage["event"])) + len(str(stage["result"])) for stage in record["stages"] if stage["function"]
    )
    return 4000 + events + sum(len(body["data"]) for body in bodies)
