"""What is counted, and how the counts of several processes become one."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from edgerun import __version__

Kind = Literal["counter", "gauge", "histogram"]

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds up to which a histogram's buckets go; the last one has no bound."""


class Metric(NamedTuple):
    """One thing that is counted.

    Attributes:
        name: Prometheus's.
        kind: a counter grows until its process ends, a gauge says how it is now, a histogram counts seconds.
        text: what it is, for people.
        labels: by what it is told apart.
        shared: with which first labels every process tells the same, because they share what is counted.
    """

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


_REQUEST: Final = ("distribution", "status", "x_cache")

_SHARED: Final = ("lmdb", "redis")

METRICS: Final = (
    Metric("edgerun_requests_total", "counter", "Answers to viewers, by the class of their status", _REQUEST),
    Metric("edgerun_response_bytes_total", "counter", "Bytes sent to viewers, heads included", _REQUEST),
    Metric("edgerun_request_duration_seconds", "histogram", "From a request's head to its answer's end", _REQUEST),
    Metric(
        "edgerun_responses_incomplete_total", "counter", "Answers that the viewer or the origin broke off", _REQUEST[:1]
    ),
    Metric("edgerun_origin_fetches_total", "counter", "Requests to origins", ("origin",)),
    Metric(
        "edgerun_origin_errors_total", "counter", "Requests that got no answer that can be used", ("origin", "error")
    ),
    Metric("edgerun_origin_duration_seconds", "histogram", "From a request to an origin to its head", ("origin",)),
    Metric("edgerun_function_invocations_total", "counter", "Calls of functions", ("function", "point")),
    Metric(
        "edgerun_function_errors_total",
        "counter",
        "Calls that failed, and results that break a rule",
        ("function", "error"),
    ),
    Metric(
        "edgerun_function_throttles_total", "counter", "Calls that were refused: no environment was free", ("function",)
    ),
    Metric("edgerun_function_cold_starts_total", "counter", "First calls of an environment", ("function",)),
    Metric("edgerun_function_duration_seconds", "histogram", "Time that functions ran", ("function",)),
    Metric("edgerun_function_environments", "gauge", "Processes of functions, by what they do", ("function", "state")),
    Metric("edgerun_function_queue", "gauge", "Calls that wait for an environment", ("function",)),
    Metric("edgerun_cache_objects", "gauge", "Objects in the store", ("store",), _SHARED),
    Metric("edgerun_cache_bytes", "gauge", "Bytes that they are counted as", ("store",), _SHARED),
    Metric("edgerun_cache_limit_bytes", "gauge", "Bytes that the store may hold", ("store",), _SHARED),
    Metric("edgerun_cache_evictions_total", "counter", "Objects that made room for others", ("store",)),
    Metric("edgerun_workers", "gauge", "Workers, by how far they are", ("state",)),
    Metric("edgerun_worker_restarts_total", "counter", "Workers that were replaced because they ended"),
    Metric("edgerun_info", "gauge", "Which version this is", ("version",), (__version__,)),
)
BY_NAME: Final = {metric.name: metric for metric in METRICS}

Value = float | list[float]
"""A number, or a histogram: how many fell into each bucket, and at the end the seconds of all."""

Snapshot = dict[str, list[tuple[list[str], Value]]]
"""By the names of metrics, what is counted under which labels; JSON can hold it."""


def merged(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Return the counts of several processes as one."""
    sums: dict[str, dict[tuple[str, ...], Value]] = {}
    for snapshot in snapshots:
        for name, samples in snapshot.items():
            metric, found = BY_NAME[name], sums.setdefault(name, {})
            for labels, value in samples:
                key = tuple(labels)
                before = found.get(key)
                shared = bool(labels) and labels[0] in metric.shared
                found[key] = value if before is None else _together(before, value, shared=shared)
    return {name: [(list(labels), value) for labels, value in found.items()] for name, found in sums.items()}


def lasting(snapshot: Snapshot) -> Snapshot:
    """Return what is left of the counts of a process that has ended: what it was at that moment is no more."""
    return {name: samples for name, samples in snapshot.items() if BY_NAME[name].kind != "gauge"}


def _together(one: Value, other: Value, *, shared: bool) -> Value:
    if isinstance(one, list) and isinstance(other, list):
        return [mine + yours for mine, yours in zip(one, other, strict=True)]
    assert not isinstance(one, list)
    assert not isinstance(other, list)
    return max(one, other) if shared else one + other
