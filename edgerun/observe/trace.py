"""The form of a record: everything about one request as JSON values, made from what was told about it."""

import json
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.key_parts import key_parts
from edgerun.cache.record import Decision, Settled, Steps
from edgerun.distribution.model import Behavior
from edgerun.errors import FunctionExecutionError, FunctionResultError
from edgerun.functions.lambda_edge import ChangedRequest
from edgerun.http.headers import Headers
from edgerun.http.message import Request, Response, Tunnel
from edgerun.observe.events import Answered, Called, Failed, Stepped
from edgerun.observe.tap import NO_BODY_TOLD, body_told, told_of

Record = dict[str, Any]

EVENT_KEPT: Final = 262_144
"""Bytes of a function's event or result that are kept; larger ones leave their size and hash."""

SUMMARY: Final = (
    *("id", "number", "at", "method", "scheme", "host", "path", "query", "status", "result_type", "detailed"),
    *("time_taken", "bytes", "complete", "distribution", "path_pattern"),
)


def empty(request_id: str) -> Record:
    """Return a record of which nothing is known yet."""
    return {"id": request_id, "stages": [], "cache": None, "origin": [], "logs": [], "warnings": []}


def called_stage(call: Called) -> Record:
    """Return the stage of a function's call; its step, or its failure, is told after it."""
    return {
        "name": str(call.point),
        "at": None,
        "outcome": "",
        "function": call.function,
        "event": parsed(call.event),
        "result": parsed(call.result),
        "duration": call.duration,
        "init": call.init_duration,
        "memory": call.max_memory,
        "error": None if call.error is None else error_told(call.error),
    }


def plain_stage(name: str) -> Record:
    """Return the stage of a step without a function."""
    nothing = dict.fromkeys(("at", "function", "event", "result", "duration", "init", "memory", "error"))
    return {"name": name, "outcome": "", **nothing}


def take_step(record: Record, event: Stepped | Failed) -> Record:
    """Put what a step came to into its stage, a new one unless its function was just called; return the stage."""
    stages, name = record["stages"], str(event.step)
    last = stages[-1] if stages and stages[-1]["name"] == name and stages[-1]["at"] is None else None
    stage: Record = last if last is not None else plain_stage(name)
    if last is None:
        stages.append(stage)
    stage["at"] = event.at
    if isinstance(event, Stepped):
        stage["outcome"] = event.outcome
        stage["detail"] = detail_told(event.detail)
    else:
        stage["outcome"] = "failed"
        stage["function"] = stage["function"] or event.function or None
        stage["error"] = error_told(event.error)
    return stage


def answer_told(event: Answered, response: Response | Tunnel | None) -> Record:
    """Return the fields of a record that are known once the viewer has been answered.

    Args:
        event: as it was told.
        response: as it was delivered, with its body tapped.
    """
    request = event.visit.request
    return {
        "at": event.visit.started,
        "method": event.method,
        "scheme": event.scheme,
        "host": event.host,
        "path": text(event.path),
        "query": None if event.query is None else text(event.query),
        "client": event.client[0],
        "client_port": event.client[1],
        "http_version": event.http_version,
        "status": event.status,
        "result_type": event.result_type,
        "response_result_type": event.response_result_type,
        "detailed": event.detailed_result_type,
        "time_taken": event.time_taken,
        "time_to_first_byte": event.time_to_first_byte,
        "bytes": event.bytes_sent,
        "complete": event.complete,
        "distribution": event.distribution,
        "path_pattern": event.path_pattern,
        "failover": event.failover,
        "utilization": event.utilization,
        "request": {"headers": lines(request.headers), "body": told_of(request.body)},
        "response": _response_told(event, response),
        "cache": cache_told(event),
    }


def _response_told(event: Answered, response: Response | Tunnel | None) -> Record:
    head = response.response if isinstance(response, Tunnel) else response
    if head is None:
        return {"status": event.status, "headers": [], "body": NO_BODY_TOLD}
    bodiless = event.method == "HEAD" or head.status in {204, 304} or head.status < 200
    return {
        "status": head.status,
        "headers": lines(head.headers),
        "body": NO_BODY_TOLD if bodiless else told_of(head.body),
    }


def cache_told(event: Answered) -> Record:
    """Return what the cache had to do with an answer."""
    decision: Decision | None = event.obtained.decision
    told: Record = {"word": event.response_result_type, "key": [], "steps": [], "hint": "", "forwarded": ""}
    told["reason"] = "the cache was not asked"
    if decision is not None:
        told["reason"] = str(decision.why)
        told["stored_by"] = decision.entry.stored_by if decision.entry is not None else ""
        told |= {"hint": decision.hint, "forwarded": decision.forwarded, "steps": steps_told(decision.steps)}
        behavior: Behavior | None = event.visit.behavior
        if decision.key is not None and behavior is not None:
            told["key"] = steps_told(key_parts(decision.key, behavior.cache_policy))
    told["collapsed"] = event.obtained.collapsed
    told["settled"] = None if event.obtained.settled is None else detail_told(event.obtained.settled)
    return told


def origin_told(domain: str, request: Request) -> Record:
    """Return what an origin is asked, before it answers."""
    return {
        "domain": domain,
        "request": {
            "method": request.method,
            "target": text(request.target),
            "headers": lines(request.headers),
            "body": told_of(request.body),
        },
        "response": None,
        "error": None,
    }


def origin_answer_told(response: Response) -> Record:
    """Return an origin's answer; a body that still arrives is filled in when it is there."""
    return {"status": response.status, "headers": lines(response.headers), "body": told_of(response.body)}


def detail_told(detail: object) -> Record | None:
    """Return what a step produced, as JSON values; None for what has no form of its own."""
    told: Record | None = None
    match detail:
        case Response():
            told = {"status": detail.status, "headers": lines(detail.headers)}
        case Request():
            told = {"method": detail.method, "target": text(detail.target), "headers": lines(detail.headers)}
        case ChangedRequest():
            told = detail_told(detail.request)
        case Tunnel():
            told = detail_told(detail.response)
        case Behavior():
            told = {"path_pattern": detail.path_pattern, "origin": detail.origin.name}
        case CacheKey():
            told = {part.name: part.value for part in detail.parts}
        case Decision():
            told = {"use": detail.use.value, "reason": str(detail.why), "ttl": detail.ttl}
        case Settled():
            told = {"case": detail.case.value, "stored": detail.stored, "reason": detail.reason, "ttl": detail.ttl}
            told["steps"] = steps_told(detail.steps)
        case Entry():
            told = {"status": detail.status, "lifetime": detail.lifetime, "size": detail.size}
    return told


def steps_told(steps: Steps) -> list[Record]:
    """Return steps of arithmetic as JSON values."""
    return [{"name": step.name, "value": step.value, "rule": step.rule} for step in steps]


def error_told(error: Exception) -> Record:
    """Return what went wrong: `rule`, `path`, `value` and `fix` of a result that breaks a rule, else None there."""
    told: Record = {"type": type(error).__name__, "message": str(error)}
    broken = error if isinstance(error, FunctionResultError) else None
    for name in ("rule", "path", "value", "fix"):
        told[name] = None if broken is None else getattr(broken, name)
    if isinstance(error, FunctionExecutionError):
        told |= {"error_type": error.error_type, "stack": list(error.stack)}
    return told


def parsed(payload: bytes) -> Any:
    """Return what a function was sent or returned as JSON values; text if it is no JSON, None if there is nothing."""
    if not payload:
        return None
    if len(payload) > EVENT_KEPT:
        told = body_told(payload)
        return {"too_large": {"sha256": told["sha256"], "size": told["size"]}}
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")


def lines(headers: Headers) -> list[list[str]]:
    """Return header lines in order, as lists of name and value."""
    return [[text(name), text(content)] for name, content in headers]


def text(raw: bytes) -> str:
    """Return bytes of HTTP as text, each byte a character."""
    return raw.decode("latin-1")


def summary(record: Record) -> Record:
    """Return what a list of requests shows of one."""
    failed = [stage for stage in record["stages"] if stage["error"]]
    ran = [stage["name"] for stage in record["stages"] if stage["function"]]
    return {name: record.get(name) for name in SUMMARY} | {
        "ran": ran,
        "failed": bool(failed),
        "failed_at": [stage["name"] for stage in failed],
        "refusals": [stage["error"]["rule"] for stage in failed if stage["error"].get("rule")],
        "warnings": len(record["warnings"]),
    }


def target(record: Record) -> str:
    """Return path and query as they stand in a request line."""
    path: str = record["path"]
    return path if record["query"] is None else f"{path}?{record['query']}"


def fits(record: Record, pattern: str) -> bool:
    """Tell whether a request is meant by a pattern.

    Its words all have to be found in `METHOD host target status result-type`, in any case of letters; a word with
    `*`, or one that begins with `/`, stands for a whole target.
    """
    asked = target(record)
    where = f"{record['method']} {record['host']}{asked} {record['status']} {record['result_type']}".lower()
    return all(
        fnmatchcase(asked, word) if "*" in word else record["path"] == word or word.lower() in where
        for word in pattern.split()
    )


def chosen(records: Sequence[Record], which: str | int) -> Record | None:
    """Return the newest of some records with a number, with an id that begins so, or, for `last`, the newest."""
    wanted = str(which)
    for record in reversed(records):
        if wanted == "last" or str(record["number"]) == wanted:
            return record
    if len(wanted) < 2:
        return None
    return next((record for record in reversed(records) if record["id"].startswith(wanted)), None)
