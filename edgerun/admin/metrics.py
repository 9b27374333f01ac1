"""`GET /metrics`: what is counted, as Prometheus reads it."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edgerun import __version__
from edgerun.app import Edge
from edgerun.observe.figures import BOUNDS, BY_NAME, Snapshot, Value, merged
from edgerun.observe.metrics import Metrics

Collect = Callable[[], Awaitable[Snapshot]]


def counting(edge: Edge) -> Metrics:
    """Return metrics that count what an edge does from now on."""
    metrics = Metrics()
    edge.emit.add(metrics, *Metrics.KINDS)
    edge.tell_calls(metrics)
    edge.count_origins(metrics)
    return metrics


async def collected(edge: Edge, metrics: Metrics) -> Snapshot:
    """Return what was counted, and how the cache and the environments are now."""
    edge.flush()
    store = edge.config.store
    usage = await edge.store.usage()
    kind: list[str] = [store.kind]
    environments = [
        ([pool.function.name, environment.state], 1.0) for pool in edge.pools() for environment in pool.environments
    ]
    now: Snapshot = {
        "edgerun_cache_limit_bytes": [(kind, float(store.size))],
        "edgerun_function_environments": [(labels, count) for labels, count in environments],
        "edgerun_function_queue": [([pool.function.name], float(pool.waiting)) for pool in edge.pools()],
        "edgerun_info": [([__version__], 1.0)],
    }
    if usage.evicted is not None:
        now["edgerun_cache_evictions_total"] = [(kind, float(usage.evicted))]
    if usage.objects is not None and usage.used is not None:
        now["edgerun_cache_objects"] = [(kind, float(usage.objects))]
        now["edgerun_cache_bytes"] = [(kind, float(usage.used))]
    # Several samples with the same labels, such as two revisions of a function, are one.
    return merged([metrics.snapshot(), now])


def metrics_routes(collect: Collect) -> list[Route]:
    """Return the route."""

    async def metrics(request: Request) -> Response:
        text, kind = written(await collect(), request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": kind, "Cache-Control": "no-store"})

    return [Route("/metrics", metrics)]


def written(snapshot: Snapshot, accept: str) -> tuple[bytes, str]:
    """Return counts as text, and its media type.

    Args:
        snapshot: the counts.
        accept: the scraper's `Accept`: OpenMetrics if it asks for that.
    """
    from prometheus_client.exposition import choose_encoder  # noqa: PLC0415  # only once somebody asks
    from prometheus_client.registry import CollectorRegistry  # noqa: PLC0415

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(snapshot))
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


class _Collector:
    """Hands a snapshot to prometheus-client in its own words."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Any]:
        from prometheus_client import core  # noqa: PLC0415

        for name, metric in BY_NAME.items():
            samples = self._snapshot.get(name, [])
            if metric.kind == "histogram":
                family: Any = core.HistogramMetricFamily(name, metric.text, labels=metric.labels)
                for labels, value in samples:
                    family.add_metric(labels, *_buckets(value))
            else:
                make = core.CounterMetricFamily if metric.kind == "counter" else core.GaugeMetricFamily
                family = make(name, metric.text, labels=metric.labels)
                for labels, value in samples:
                    family.add_metric(labels, value)
            if samples:
                yield family


def _buckets(value: Value) -> tuple[list[tuple[str, float]], float]:
    """Return buckets as Prometheus has them, each with those before it, and the seconds of all."""
    assert isinstance(value, list)
    *counts, seconds = value
    bounds: Iterable[str] = (*map(str, BOUNDS), "+Inf")
    return [(bound, sum(counts[: number + 1])) for number, bound in enumerate(bounds)], seconds
