"""Functions as the inspector shows them: where they stand, their limits, environments, calls and logs."""

import math
from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edgerun.admin.inspector.answering import answer, refusal
from edgerun.admin.inspector.code import file_of
from edgerun.admin.inspector.shown import Shown
from edgerun.config.faults import suggestion
from edgerun.distribution.model import Config, Point, is_cloudfront
from edgerun.distribution.origins import FunctionOrigin
from edgerun.errors import FunctionExecutionError
from edgerun.functions.function import Function
from edgerun.functions.seen import PoolSeen
from edgerun.observe.console import frames, said
from edgerun.observe.tally import FunctionBook, Run, Tally, Trouble

MILLISECONDS: Final = 1000


def function_routes(edge: Shown, tally: Tally) -> list[Route]:
    """Return the routes: all functions in short, and one with its last calls and lines."""

    async def functions(_: Request) -> Response:
        pools = edge.pools()
        told = [summary(each, edge.config, tally.function(name), pools) for name, each in edge.config.functions.items()]
        return answer({"functions": told})

    async def function(request: Request) -> Response:
        name, after = request.query_params.get("name", ""), request.query_params.get("after", "0")
        found = edge.config.functions.get(name)
        if found is None:
            known = edge.config.functions.keys()
            return refusal(f"there is no function {name!r}{suggestion(name, known)}", 404)
        if not (after.isascii() and after.isdecimal() and len(after) < 16):
            return refusal(f"after={after!r}: expected the number of a line")
        book = tally.function(name)
        told = summary(found, edge.config, book, edge.pools())
        runs = [run_told(run) for run in book.runs]
        lines = [
            {"number": each.number, "at": each.at, "id": each.request_id, "kind": each.kind, "text": each.text}
            for each in book.lines
            if each.number > int(after)
        ]
        return answer(told | {"runs": runs, "lines": lines})

    return [Route("/api/functions", functions), Route("/api/function", function)]


def summary(function: Function, config: Config, book: FunctionBook, pools: Sequence[PoolSeen]) -> dict[str, Any]:
    """Return what is told of a function in the list of all."""
    mine = [pool for pool in pools if pool.function.name == function.name]
    file = file_of(function)
    return {
        "name": function.name,
        "runtime": function.runtime,
        "kind": "cloudfront" if is_cloudfront(function) else "lambda",
        "handler": function.handler,
        "file": None if file is None else str(file),
        "root": function.root,
        "limits": {
            "timeout": function.timeout,
            "memory": function.memory,
            "concurrency": function.concurrency,
            "queue": function.queue,
        },
        "places": places(function.name, config),
        "environments": [
            {"pid": each.pid, "state": each.state, "version": pool.function.version}
            for pool in mine
            for each in pool.environments
        ],
        "waiting": sum(pool.waiting for pool in mine),
        "failed_starts": max((pool.failures for pool in mine), default=0),
        "counts": {
            name: getattr(book, name)
            for name in ("called", "cold", "warm", "errors", "timeouts", "throttles", "refusals", "printed")
        },
        "durations": durations(book.runs),
        "utilization": utilization(book.runs),
        "revision": {
            "version": function.version,
            "loaded_at": book.loaded_at,
            "file": book.stamp,
            "not_taken": not_taken(book.not_taken),
        },
    }


def places(name: str, config: Config) -> list[dict[str, Any]]:
    """Return where a function stands: at a point of a behavior, or as an origin."""
    found: list[dict[str, Any]] = []
    for distribution in config.distributions:
        for behavior in distribution.all_behaviors:
            row = {"distribution": distribution.name, "path_pattern": behavior.path_pattern}
            for point in Point:
                association = behavior.function_at(point)
                if association is not None and association.function.name == name:
                    found.append(row | {"point": str(point), "include_body": association.include_body})
            group = behavior.origin_group
            for origin in (behavior.origin,) if group is None else (group.primary, group.secondary):
                behind = isinstance(origin, FunctionOrigin) and origin.function == name
                found += [row | {"point": "origin", "include_body": True}] if behind else []
    return found


def run_told(run: Run) -> dict[str, Any]:
    """Return one call, its times in milliseconds."""
    init = run.init_duration
    return {
        "number": run.number,
        "at": run.at,
        "id": run.request_id,
        "point": run.point,
        "ended": run.ended,
        "ms": round(run.duration * MILLISECONDS, 3),
        "init_ms": None if init is None else round(init * MILLISECONDS, 3),
        "cold": run.cold,
        "memory": run.max_memory,
        "utilization": run.utilization,
        "why": run.why,
    }


def durations(runs: Sequence[Run]) -> dict[str, Any]:
    """Return how long the last calls that succeeded took, in milliseconds; None without any."""
    taken = sorted(run.duration * MILLISECONDS for run in runs if run.ended == "ok")
    return {"count": len(taken), "p50": ranked(taken, 0.5), "p95": ranked(taken, 0.95), "max": ranked(taken, 1.0)}


def utilization(runs: Sequence[Run]) -> dict[str, Any] | None:
    """Return what share of their time the last calls of a CloudFront Function took, in percent."""
    taken = sorted(float(run.utilization) for run in runs if run.utilization is not None)
    return {"p50": ranked(taken, 0.5), "max": ranked(taken, 1.0)} if taken else None


def ranked(ordered: Sequence[float], share: float) -> float | None:
    """Return a quantile by the nearest rank; None of nothing."""
    return round(ordered[max(1, math.ceil(share * len(ordered))) - 1], 3) if ordered else None


def not_taken(trouble: Trouble | None) -> dict[str, Any] | None:
    """Return why the last save was not taken over, with the user's own part of the traceback."""
    if trouble is None:
        return None
    error = trouble.error
    trace = frames(error) if isinstance(error, FunctionExecutionError) else []
    return {"at": trouble.at, "count": trouble.count, "message": "\n".join(said(error)), "trace": trace}
