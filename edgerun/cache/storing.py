"""May a response be stored, and on which terms: RFC 9111 §3 (http-caching.md §3, §11.1, §14.3, §15, §16)."""

from typing import Final

from edgerun.cache.age import HEURISTIC, initial_age, lifetime
from edgerun.cache.caching import Answer, Keep, Refuse
from edgerun.cache.freshness import has_validator
from edgerun.cache.record import Reckoned, Trail, one_copy
from edgerun.cache.targeted import Directives, directives
from edgerun.cache.uri import resolved
from edgerun.cache.variants import vary_names
from edgerun.distribution.latitude import Rfc9111
from edgerun.http.fields import CacheControl, cache_control
from edgerun.http.message import Request

UNDERSTOOD: Final = frozenset(
    {*range(200, 207), *range(300, 305), 307, 308, *range(400, 418), 421, 422, 426, 428, 429, 431, 451}
    | {*range(500, 506), 511}
)
"""Statuses that `must-understand` lets through (§16.1)."""


def stored(answer: Answer, rules: Rfc9111, now: float) -> Keep | Refuse:
    """Return the terms on which a response may be stored, or why it may not.

    Args:
        answer: the response, and what it answers.
        rules: what is configured.
        now: seconds since the epoch, when the response came.
    """
    said = directives(answer.headers, rules.targeted_fields)
    reason = _hindrance(answer, said, rules)
    if reason is not None:
        return Refuse(reason=reason)
    trail: Trail = []
    seconds = lifetime(said, answer.headers, answer.status, now, rules.default_ttl, trail)
    if (seconds is None or said.control.no_cache) and not has_validator(answer.headers):
        return Refuse(reason="nothing says how long it stays fresh, and it cannot be confirmed", steps=tuple(trail))
    age = initial_age(answer.headers, answer.began, now, trail)
    return _terms(said, seconds or 0.0, age, rules, trail)


def _terms(said: Directives, seconds: float, age: float, rules: Rfc9111, trail: Trail) -> Keep:
    control = said.control
    forbidden = control.no_cache or control.must_revalidate or control.proxy_revalidate
    implied = control.s_maxage is not None
    allowed = not forbidden and (not implied or rules.stale_beside_s_maxage)
    revalidate, error = control.stale_while_revalidate, control.stale_if_error
    if forbidden or implied:
        rule = "no-cache, must-revalidate, proxy-revalidate or s-maxage, §11.1"
        trail.append(Reckoned("never served stale", forbidden or (revalidate is None and error is None), rule))
    for name, window in (("stale-while-revalidate", revalidate), ("stale-if-error", error)):
        if window is not None:
            trail.append(Reckoned(name, float(window) if allowed else 0.0, f"{said.field}, §11"))
    return Keep(
        lifetime=seconds,
        initial_age=age,
        must_validate=control.no_cache,
        never_stale=forbidden or implied,
        stale_while_revalidate=float(revalidate) if allowed and revalidate is not None else None,
        stale_if_error=float(error) if allowed and error is not None else None,
        max_stale=max(0.0, seconds - age) + rules.max_stale,
        withheld=control.no_cache_fields,
        left_out=(*control.private_fields, *((b"set-cookie",) if rules.set_cookie == "strip" else ())),
        steps=one_copy(tuple(trail)),
    )


def _hindrance(answer: Answer, said: Directives, rules: Rfc9111) -> str | None:
    """Return why a response may not be stored at all, or None (§3.1)."""
    control, request, status = said.control, answer.request, answer.status
    asked = cache_control(request.headers.get_all(b"cache-control"))
    checks = (
        (status == 304, "a 304 is no response of its own"),
        (control.must_understand and status not in UNDERSTOOD, f"must-understand, and {status} is not understood"),
        (control.no_store and not control.must_understand, f"no-store in {said.field}"),
        (control.private, f"private in {said.field}"),
        (asked.no_store and rules.request_directives, "no-store in the request"),
        (
            b"authorization" in request.headers and not _for_everybody(control),
            "the request has Authorization, and neither public, must-revalidate nor s-maxage allows it",
        ),
        (b"*" in vary_names(answer.headers), "Vary: * never matches"),
        (
            b"set-cookie" in answer.headers and rules.set_cookie == "no-store",
            "it has Set-Cookie, and set_cookie is 'no-store'",
        ),
        (not _reason_to_keep(answer, said, rules), f"a {status} is kept only if something says how long"),
    )
    reason = next((reason for holds, reason in checks if holds), None)
    return _not_from(request, answer, said) if reason is None else reason


def _for_everybody(control: CacheControl) -> bool:
    return control.public or control.must_revalidate or control.s_maxage is not None


def _reason_to_keep(answer: Answer, said: Directives, rules: Rfc9111) -> bool:
    return said.control.public or _explicit(answer, said) or rules.default_ttl is not None or answer.status in HEURISTIC


def _explicit(answer: Answer, said: Directives) -> bool:
    expires = said.expires and b"expires" in answer.headers
    return said.control.max_age is not None or said.control.s_maxage is not None or expires


def _not_from(request: Request, answer: Answer, said: Directives) -> str | None:
    """Return why the method forbids it: POST needs explicit freshness, and to name what it answers for (§14.3)."""
    if request.method in {"GET", "HEAD"}:
        return None
    location = answer.headers.get(b"content-location")
    if request.method == "POST" and _explicit(answer, said) and location is not None:
        if resolved(request, location) == resolved(request, b""):
            return None
        return "a POST, and Content-Location names something else"
    return f"a {request.method}, without explicit freshness and Content-Location"
