"""The cache's record as JSON: a stored object, and the explanation of a request. It tells what it is given."""

from datetime import UTC, datetime
from typing import Any, Final

from edgerun import answers
from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.key_parts import key_parts, left_out
from edgerun.cache.record import OUTCOMES, Decision, Steps, Use
from edgerun.distribution.model import Association, Behavior, CachePolicy
from edgerun.observe.events import Event, Warned
from edgerun.visit import Obtained, Sought, Weighed

RESULTS: Final = {Use.HIT: "hit", Use.REFRESH: "refreshed behind"}
NOT_RUN: Final = "viewer-request is not run, and may change what the key is made of or answer itself: --run runs it"


def stored(decision: Decision) -> dict[str, Any]:
    """Return a stored object as `edgerun cache ls` tells it."""
    entry = decision.entry
    assert entry is not None
    return {
        "uri": _text(entry.key.uri),
        "state": OUTCOMES[decision.use],
        **object_of(entry, decision.now),
        "key": _key(entry.key),
    }


def object_of(entry: Entry, now: float) -> dict[str, Any]:
    """Return what is known of a stored object."""
    return {
        "status": entry.status,
        "size": entry.size,
        "length": entry.body.length,
        "age": entry.age(now),
        "ttl": round(entry.expires_at - now, 3),
        "requested": _text(entry.requested_uri),
        "stored_at": _moment(entry.response_time),
        "stored_by": entry.stored_by,
        "origin_status": entry.origin_status,
        "generated": entry.generated,
        "compressed": entry.compressed,
        "tags": list(entry.tags),
    }


def explained(weighed: Weighed, said: list[Event]) -> dict[str, Any]:
    """Return what would become of a request, and why."""
    visit, behavior = weighed.visit, weighed.visit.behavior
    told: dict[str, Any] = {"method": visit.request.method, "target": _text(visit.request.target)}
    if visit.distribution is not None:
        told["distribution"] = {"name": visit.distribution.name, "id": visit.distribution.id}
    if behavior is not None:
        told["behavior"] = behavior.path_pattern
        told["viewer_request"] = _function(behavior.viewer_request, ran=bool(visit.ran))
        told["cache_policy"] = _policy(behavior.cache_policy)
    if weighed.error is not None:
        row = answers.row_for(weighed.error)
        told |= {"result": "refused", "why": str(weighed.error), "status": row.status}
    elif weighed.answered is not None:
        told |= _answered(weighed.answered)
    elif weighed.sought is not None and behavior is not None:
        told |= _sought(weighed.sought, behavior, rewritten=_rewritten(weighed))
    warnings = [f"{event.point}: {event.message}" for event in said if isinstance(event, Warned)]
    if behavior is not None and behavior.viewer_request is not None and not visit.ran and weighed.sought is not None:
        warnings.append(NOT_RUN)
    return told | {"warnings": warnings}


def lifetimes(decision: Decision) -> dict[str, Any]:
    """Return how the lifetime of a stored object was found, what it is worth now, and its key part by part."""
    entry = decision.entry
    assert entry is not None
    return {
        "steps": _steps(decision.steps),
        "parts": _steps(entry.key.parts),
        "lifetime": entry.lifetime,
        "initial_age": entry.initial_age,
        "stale_while_revalidate": entry.stale_while_revalidate,
        "stale_if_error": entry.stale_if_error,
        "must_validate": entry.must_validate,
        "never_stale": entry.never_stale,
    }


def _answered(obtained: Obtained) -> dict[str, Any]:
    redirect = obtained.word == "Redirect"
    why = "the viewer is sent to HTTPS" if redirect else "viewer-request answers itself: the cache is not asked"
    return {"result": "redirect" if redirect else "generated", "why": why, "status": obtained.response.status}


def _sought(sought: Sought, behavior: Behavior, rewritten: str) -> dict[str, Any]:
    decision, key = sought.decision, sought.key
    entry = decision.entry
    return {
        "result": RESULTS.get(decision.use, OUTCOMES[decision.use]),
        "why": str(decision.why),
        "hint": decision.hint,
        "forwarded": decision.forwarded,
        "rewritten": rewritten,
        "key": _steps(key_parts(key, behavior.cache_policy)) if key is not None else [],
        "left_out": left_out(key, sought.request) if key is not None else [],
        "steps": _steps(decision.steps),
        "object": None if entry is None else object_of(entry, decision.now),
    }


def _rewritten(weighed: Weighed) -> str:
    """Return the target that the key was made from, if it is not the viewer's."""
    seen, asked = weighed.visit.seen.target, weighed.visit.request.target
    return "" if seen == asked else _text(seen)


def _function(association: Association | None, *, ran: bool) -> dict[str, Any] | None:
    return None if association is None else {"name": association.function.name, "ran": ran}


def _policy(policy: CachePolicy) -> dict[str, Any]:
    ttls = {"min_ttl": policy.min_ttl, "default_ttl": policy.default_ttl, "max_ttl": policy.max_ttl}
    return {"name": policy.name, **ttls}


def _key(key: CacheKey) -> dict[str, str]:
    return {part.name: str(part.value) for part in key.parts}


def _steps(steps: Steps) -> list[dict[str, Any]]:
    return [{"name": step.name, "value": step.value, "rule": step.rule} for step in steps]


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _text(raw: bytes) -> str:
    return raw.decode("latin-1")
