"""A request's way as a page draws it: every step in the pipeline's order, with its time, or why it was not taken."""

from typing import Any, Final

from edgerun.distribution.model import Behavior, Config, Point
from edgerun.observe.events import Step

Record = dict[str, Any]

ORDER: Final = {str(step): n for n, step in enumerate(Step)}
POINTS: Final = frozenset(map(str, Point))
ORIGIN_HALF: Final = frozenset({"forward", "origin-request", "fetch", "origin-response", "settle", "store"})
CACHE: Final = frozenset({"key", "look up"}) | ORIGIN_HALF


def way(record: Record, config: Config) -> list[Record]:
    """Return the steps of a record's request, taken ones and others.

    Args:
        record: as `Recorder` keeps it.
        config: today's; tells at which points there are functions.

    Returns:
        `name`; `half`: viewer or origin; `stage`: its place in the record's stages, None if it was not taken; `why` it
        was not; `start` and `end` in seconds since the request came.
    """
    rows, before = [], record["at"]
    for n, stage in enumerate(record["stages"]):
        ended = stage["at"] if stage["at"] is not None else before
        rows.append(_row(stage["name"], n, before - record["at"], ended - record["at"]))
        before = max(before, ended)
    taken = {row["name"] for row in rows}
    if not rows:
        return rows
    behavior = _behavior(record, config)
    for name in ORDER:
        if name not in taken:
            place = next((n for n, row in enumerate(rows) if ORDER.get(row["name"], 0) > ORDER[name]), len(rows))
            rows.insert(place, _row(name, None, why=_why(name, record, behavior)))
    return rows


def _row(name: str, stage: int | None, start: float = 0.0, end: float = 0.0, why: str = "") -> Record:
    half = "origin" if name in ORIGIN_HALF else "viewer"
    times = {"start": round(max(start, 0.0), 6), "end": round(max(end, 0.0), 6)}
    return {"name": name, "half": half, "stage": stage, "why": why, **times}


def _behavior(record: Record, config: Config) -> Behavior | None:
    """Return the behavior that a request had, if it is still there."""
    for distribution in config.distributions:
        if distribution.domain_name == record.get("distribution"):
            for behavior in distribution.all_behaviors:
                if behavior.path_pattern == record.get("path_pattern"):
                    return behavior
    return None


def _why(name: str, record: Record, behavior: Behavior | None) -> str:
    """Return why a step was not taken."""
    if name in POINTS and behavior is not None and behavior.function_at(Point(name)) is None:
        return "no function at this point"
    cut = _cut_short(name, record["stages"])
    if cut:
        return cut
    cache = record["cache"] or {}
    if name in ORIGIN_HALF - {"store"} - POINTS and not _outcome("forward", record):
        return "another request fetched it" if cache.get("collapsed") else "the cache had an answer"
    reasons = {
        "key": "the cache was passed by",
        "store": (cache.get("settled") or {}).get("reason") or "nothing to store",
        "error page": "no page is configured for this status" if record["status"] >= 400 else "the answer is no error",
        "conditionals and range": "the answer is not from the cache",
        "viewer-response": "not run for this answer: made by viewer-request, or a status of 400 and more",
    }
    if name in {"origin-request", "origin-response"} and not _outcome("forward", record):
        return "the origin was not asked"
    return reasons.get(name, "not needed")


def _cut_short(name: str, stages: list[Record]) -> str:
    """Return which step before this one ended the way to the origin, or nothing."""
    for stage in stages:
        earlier = ORDER.get(stage["name"], 0) < ORDER[name]
        if not earlier or (name not in CACHE and name not in POINTS):
            continue
        if stage["error"]:
            return f"{stage['name']} failed"
        if name in CACHE and stage["outcome"].startswith("answered ") and stage["name"] in POINTS:
            return f"{stage['name']} answered itself"
        if stage["name"] == "guard" and stage["outcome"] != "allowed":
            return str(stage["outcome"])
    return ""


def _outcome(name: str, record: Record) -> str:
    return next((stage["outcome"] for stage in record["stages"] if stage["name"] == name), "")
