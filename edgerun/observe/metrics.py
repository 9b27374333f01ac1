"""Counts for `/metrics`: an observer over the stream of events, and origins that are counted as they are asked.

An answer costs a fifth of a microsecond: plain numbers in a list, found by what the answer is. What they are called,
and how they are written, matters only when somebody asks.
"""

import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Final

from edgerun.distribution.origins import OriginSpec
from edgerun.errors import FunctionInitError, FunctionResultError, FunctionThrottled, FunctionTimeout, OriginError
from edgerun.http.message import OnInterim, Request, Response, Tunnel
from edgerun.observe.events import Answered, Called, Event, Failed
from edgerun.observe.figures import BOUNDS, Snapshot, merged
from edgerun.origins.origin import Origin

OTHER: Final = "other"
"""The name of every origin that a function made up: there may be as many as it likes."""

_FIRST: Final = BOUNDS[0]
_SECONDS, _OCTETS, _BROKEN, _CELL = range(len(BOUNDS) + 1, len(BOUNDS) + 5)

Labels = tuple[str, ...]


class Metrics:
    """An observer of `KINDS` that counts."""

    KINDS: Final[tuple[type[Event], ...]] = (Answered, Called, Failed)

    def __init__(self) -> None:
        # By distribution, status and X-Cache word: buckets of seconds, then seconds, bytes and broken ones.
        self._answers: dict[tuple[str | None, int, str], list[float]] = {}
        self._counts: dict[str, dict[Labels, float]] = {}
        self._seconds: dict[str, dict[Labels, list[float]]] = {}

    def __call__(self, event: Event) -> None:
        if type(event) is Answered:
            visit = event.visit
            distribution = visit.distribution
            key = (distribution and distribution.name, event.status, event.obtained.word)
            try:
                cell = self._answers[key]
            except KeyError:
                cell = self._answers[key] = [0.0] * _CELL
            taken = event.at - visit.started
            if taken <= _FIRST:  # most
                cell[0] += 1
            else:
                cell[bisect_left(BOUNDS, taken)] += 1
            cell[_SECONDS] += taken
            cell[_OCTETS] += event.bytes_sent
            if not event.complete:
                cell[_BROKEN] += 1
        elif type(event) is Called:
            self._called(event)
        elif type(event) is Failed and event.function and isinstance(event.error, FunctionResultError):
            self.add("edgerun_function_errors_total", (event.function, "result"))

    def many(self, events: list[Called]) -> None:
        """Count calls that succeeded."""
        durations: dict[tuple[str, str], list[float]] = {}
        for call in events:
            durations.setdefault((call.function, call.point), []).append(call.duration)
            if call.cold:
                self.add("edgerun_function_cold_starts_total", (call.function,))
        for labels, seconds in durations.items():
            self.add("edgerun_function_invocations_total", labels, len(seconds))
            for each in seconds:
                self.time("edgerun_function_duration_seconds", labels[:1], each)

    def add(self, name: str, labels: Labels, count: int = 1) -> None:
        """Count one, or several."""
        counts = self._counts.setdefault(name, {})
        counts[labels] = counts.get(labels, 0.0) + count

    def time(self, name: str, labels: Labels, seconds: float) -> None:
        """Count seconds."""
        cell = self._seconds.setdefault(name, {}).setdefault(labels, [0.0] * (len(BOUNDS) + 2))
        cell[bisect_left(BOUNDS, seconds)] += 1
        cell[-1] += seconds

    def origins(
        self, origin_for: Callable[[OriginSpec], Origin], specs: Mapping[str, OriginSpec]
    ) -> Callable[[OriginSpec], Origin]:
        """Return a source of origins' clients that are counted.

        Args:
            origin_for: the source.
            specs: the configured origins, by name.
        """
        names = {(spec.domain_name, spec.port): name for name, spec in specs.items()}
        return lambda spec: Counted(origin_for(spec), names.get((spec.domain_name, spec.port), OTHER), self)

    def snapshot(self) -> Snapshot:
        """Return the counts so far."""
        answers = [
            ([distribution or "", f"{status // 100}xx" if status else "none", word], cell)
            for (distribution, status, word), cell in self._answers.items()
        ]
        found: Snapshot = {
            "edgerun_requests_total": [(labels, sum(cell[:_SECONDS])) for labels, cell in answers],
            "edgerun_response_bytes_total": [(labels, cell[_OCTETS]) for labels, cell in answers],
            "edgerun_request_duration_seconds": [(labels, cell[:_OCTETS]) for labels, cell in answers],
            "edgerun_responses_incomplete_total": [(labels[:1], cell[_BROKEN]) for labels, cell in answers],
        }
        for name, counts in self._counts.items():
            found[name] = [(list(labels), count) for labels, count in counts.items()]
        for name, cells in self._seconds.items():
            found[name] = [(list(labels), list(cell)) for labels, cell in cells.items()]
        return merged([found])

    def _called(self, call: Called) -> None:
        function = (call.function,)
        self.add("edgerun_function_invocations_total", (call.function, call.point))
        if isinstance(call.error, FunctionThrottled):
            self.add("edgerun_function_throttles_total", function)
        elif call.error is not None:
            self.add("edgerun_function_errors_total", (call.function, _kind_of(call.error)))
        else:
            self.time("edgerun_function_duration_seconds", function, call.duration)
        if call.cold:
            self.add("edgerun_function_cold_starts_total", function)


class Counted:
    """An origin whose requests are counted."""

    def __init__(self, origin: Origin, name: str, metrics: Metrics) -> None:
        self._origin = origin
        self._name = name
        self._metrics = metrics

    async def fetch(self, request: Request, *, on_interim: OnInterim | None = None) -> Response | Tunnel:
        self._metrics.add("edgerun_origin_fetches_total", (self._name,))
        began = time.monotonic()
        try:
            answer = await self._origin.fetch(request, on_interim=on_interim)
        except OriginError as error:
            self._metrics.add("edgerun_origin_errors_total", (self._name, type(error).__name__))
            raise
        self._metrics.time("edgerun_origin_duration_seconds", (self._name,), time.monotonic() - began)
        return answer

    async def resolve(self) -> None:
        await self._origin.resolve()

    async def aclose(self) -> None:
        await self._origin.aclose()


def _kind_of(error: Exception) -> str:
    match error:
        case FunctionTimeout():
            return "timeout"
        case FunctionInitError():
            return "init"
        case _:
            return "error"
