"""What may be kept, for how long, and whether a kept object may be used: CloudFront's rules."""

from collections.abc import Sequence
from typing import Final

from edgerun.cache.caching import Answer, Keep, Refuse
from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.key import cache_key, may_collapse, passes
from edgerun.cache.parts import contradicts_itself
from edgerun.cache.record import Reckoned, Trail, Use, Verdict, Why, one_copy
from edgerun.distribution import forward
from edgerun.distribution.choice import OriginChoice
from edgerun.distribution.guard import guard
from edgerun.distribution.model import Behavior, CachePolicy, Distribution
from edgerun.distribution.origins import OriginConfig
from edgerun.distribution.select import forwards_cookies
from edgerun.http import fields
from edgerun.http.headers import Headers, Line
from edgerun.http.message import Request, Response

ALWAYS_CACHED_ERRORS: Final = frozenset({404, 414, 500, 501, 502, 503, 504})
ERRORS_CACHED_IF_ASKED: Final = frozenset({400, 403, 405, 412, 415})
ERRORS_THAT_OBEY_NO_STORE: Final = frozenset({404, 410, 414, 501})
MAX_TTL: Final = 3_153_600_000.0  # 100 years, the longest lifetime CloudFront knows

HIT: Final = Verdict(Use.HIT, Why.FRESH)
RETRY_LATER: Final = Verdict(Use.STALE, Why.RETRY_LATER)
REVALIDATING: Final = Verdict(Use.REFRESH, Why.STALE_WHILE_REVALIDATE)
EXPIRED: Final = Verdict(Use.VALIDATE, Why.EXPIRED)
MUST_VALIDATE: Final = Verdict(Use.VALIDATE, Why.MUST_VALIDATE)
NOTHING_STORED: Final = Verdict(Use.FETCH, Why.NOTHING_STORED)
BYPASS: Final = Verdict(Use.PASS, Why.BYPASS)
METHOD: Final = Verdict(Use.PASS, Why.METHOD)
UPGRADE: Final = Verdict(Use.PASS, Why.UPGRADE)


class CloudFrontCaching:
    """CloudFront's authority (`spec/cloudfront.md` §2 to §6)."""

    by_vary = False

    def guard(self, request: Request, behavior: Behavior) -> bool:
        return guard(request, behavior)

    def forward(
        self,
        request: Request,
        behavior: Behavior,
        origin: OriginConfig,
        choice: OriginChoice | None,
        via: bytes,
        conditions: Sequence[Line],
    ) -> Request:
        if choice is None:
            return forward.origin_request(request, behavior, origin, via, tuple(conditions))
        return forward.chosen_origin_request(request, behavior, origin, choice, via, tuple(conditions))

    def to_viewer(self, response: Response, behavior: Behavior, now: float, *, s3: bool) -> Response:
        return forward.to_viewer(response, behavior, fields.format_date(now), s3=s3)

    def may_transform(self, headers: Headers) -> bool:
        """CloudFront's conditions (§7.1) do not ask about `no-transform`."""
        return True

    def answer(self, request: Request, now: float) -> None:
        return None

    def wish(self, request: Request) -> None:
        """A request's `Cache-Control` and `Pragma` are no matter of the cache (§3.1, notes)."""

    def passes(self, request: Request, behavior: Behavior, wish: None) -> Verdict | None:
        why = passes(request, behavior)
        return None if why is None else Verdict(Use.PASS, why)

    def key(self, request: Request, behavior: Behavior, distribution: Distribution) -> CacheKey:
        return cache_key(request, behavior.cache_policy, distribution.id)

    def passed_key(self, request: Request, behavior: Behavior, distribution: Distribution) -> None:
        return None

    def missing(self, wish: None, *, variants: bool) -> Verdict:
        return NOTHING_STORED

    def look(self, entry: Entry, wish: None, now: float, trail: Trail | None = None) -> Verdict:
        fresh = now < entry.expires_at
        if trail is not None:
            trail.append(Reckoned("age", now - entry.response_time, "seconds since it was stored or last confirmed"))
            trail.append(Reckoned("fresh", fresh, "lifetime > age, §3.1"))
        if fresh:
            return HIT
        if now < entry.retry_at:
            covers = self.may_serve_on_error(entry, now, trail=trail)
            if trail is not None:
                trail.append(Reckoned("left alone for", entry.retry_at - now, "the error caching minimum TTL, §6.3"))
            if covers:
                return RETRY_LATER
        if entry.stale_while_revalidate is not None:
            until = min(entry.expires_at + entry.stale_while_revalidate, entry.max_stale_at)
            if trail is not None:
                rule = "stale-while-revalidate, at most the maximum TTL after it was stored, §3.3"
                trail.append(Reckoned("may be served while it is refreshed for", until - now, rule))
            if now < until:
                return REVALIDATING
        return EXPIRED if entry.lifetime > 0 else MUST_VALIDATE

    def may_collapse(self, request: Request, behavior: Behavior, wish: None) -> bool:
        return may_collapse(request, behavior)

    def may_share(self, entry: Entry, request: Headers, wish: None, now: float, *, covers: bool) -> bool:
        return covers or entry.lifetime > 0

    def conditions(
        self,
        entry: Entry | None,
        others: Sequence[Entry],
        request: Request,
        behavior: Behavior,
    ) -> tuple[Line, ...]:
        """Not with cookies forwarded, and not about what varies on everything (§3.4)."""
        if entry is None or forwards_cookies(behavior) or vary_star(entry.headers):
            return ()
        return revalidation(entry.headers)

    def confirms(self, told: Headers, entry: Entry, others: Sequence[Entry]) -> bool:
        etag, stored = told.get(b"etag"), entry.headers.get(b"etag")
        return etag is None or stored is None or fields.weak_match(etag, stored)

    def head_tells(self, entry: Entry, response: Response) -> None:
        return None

    def confirmed_age(self, entry: Entry, now: float) -> None:
        """A confirmed object has no `Age` (§3.4)."""

    def failure_status(self, status: int, *, unreachable: bool) -> int:
        return status

    def may_serve_on_error(
        self,
        entry: Entry,
        now: float,
        *,
        status: int = 0,
        wish: None = None,
        trail: Trail | None = None,
    ) -> bool:
        if entry.origin_status >= 400 or entry.status >= 400:
            return False
        until, rule = entry.max_stale_at, "the maximum TTL after it was stored, §3.3"
        if entry.stale_if_error is not None:
            until, rule = min(entry.expires_at + entry.stale_if_error, until), f"stale-if-error, at most {rule}"
        if trail is not None:
            trail.append(Reckoned("may cover for a failing origin for", until - now, rule))
        return now < until

    def retry_at(self, now: float, error_min_ttl: float) -> float:
        return now + error_min_ttl

    def judge(self, answer: Answer, policy: CachePolicy, error_min_ttl: float, now: float) -> Keep | Refuse:
        if policy.disabled:
            return Refuse(reason="the cache policy's TTLs are all 0")
        if answer.status >= 400:
            return _judge_error(answer, policy, error_min_ttl, now)
        return _judge_success(answer, policy, now)

    def stored_under(self, key: CacheKey, headers: Headers, request: Headers, policy: CachePolicy) -> CacheKey:
        return key

    def forgets(
        self, request: Request, response: Response, status: int, distribution: Distribution
    ) -> tuple[CacheKey, ...]:
        """Nothing but an invalidation forgets (§8)."""
        return ()

    def may_pass_on(self, response: Response) -> bool:
        """A 206 of another length than its `Content-Range` is an error (§5.4)."""
        return not contradicts_itself(response)


def _judge_success(answer: Answer, policy: CachePolicy, now: float) -> Keep | Refuse:
    """Judge a 2xx or 3xx (§3.1, §3.2, §3.6)."""
    control = fields.cache_control(answer.headers.get_all(b"cache-control"))
    if answer.status == 304:
        return Refuse(reason="a 304 is no object")
    if answer.status in {307, 308} and b"cache-control" not in answer.headers:
        return Refuse(reason=f"a {answer.status} is kept only with Cache-Control")
    if policy.min_ttl == 0 and (control.no_store or control.private):
        return Refuse(reason="no-store or private, and the minimum TTL is 0")
    trail: Trail = []
    lifetime = _lifetime(control, answer.headers, policy, now, trail)
    return Keep(
        lifetime=lifetime,
        stale_while_revalidate=_window("stale-while-revalidate", control.stale_while_revalidate, policy, trail),
        stale_if_error=_window("stale-if-error", control.stale_if_error, policy, trail),
        max_stale=max(policy.max_ttl, lifetime),
        left_out=(b"set-cookie",) if b"set-cookie" in control.no_cache_fields else (),
        steps=one_copy(tuple(trail)),
    )


def _lifetime(control: fields.CacheControl, headers: Headers, policy: CachePolicy, now: float, trail: Trail) -> float:
    """Return seconds of freshness: the TTL table of §3.1; 0 is kept too, for a failing origin (§3.2)."""
    if policy.min_ttl == 0 and vary_star(headers):
        lifetime, rule = 0.0, "Vary: *, and the minimum TTL is 0, §3.6"
    elif control.no_store or control.private or control.no_cache:
        lifetime, rule = policy.min_ttl, "the minimum TTL: no-store, no-cache or private, §3.1"
    elif (told := explicit_lifetime(control, headers, now, trail)) is None:
        lifetime = max(policy.min_ttl, policy.default_ttl)
        rule = "the default TTL, or the minimum if larger: the origin says nothing, §3.1"
    else:
        lifetime = max(policy.min_ttl, min(told, policy.max_ttl))
        rule = f"at least {policy.min_ttl:.15g} s and at most {policy.max_ttl:.15g} s: minimum and maximum TTL, §3.1"
    trail.append(Reckoned("lifetime", lifetime, rule))
    return lifetime


def explicit_lifetime(
    control: fields.CacheControl, headers: Headers, now: float, trail: Trail | None = None
) -> float | None:
    """Return what `s-maxage`, `max-age` or `Expires` says, in that order, or None."""
    told, name = None, "none"
    for seconds, directive in ((control.s_maxage, "s-maxage"), (control.max_age, "max-age")):
        if seconds is not None:
            told, name = min(float(seconds), MAX_TTL), directive
            break
    else:
        expires = headers.get(b"expires")
        if expires is not None:
            moment = fields.parse_date(expires)
            told, name = 0.0 if moment is None else min(max(0.0, moment - now), MAX_TTL), "Expires"
    if trail is not None and told is not None:
        trail.append(Reckoned(name, told, "what the origin says: s-maxage before max-age before Expires"))
    return told


def _judge_error(answer: Answer, policy: CachePolicy, error_min_ttl: float, now: float) -> Keep | Refuse:
    """Judge a 4xx or 5xx (§6.1, §6.2)."""
    control = fields.cache_control(answer.headers.get_all(b"cache-control"))
    asked = control.max_age is not None or control.s_maxage is not None
    if answer.status not in ALWAYS_CACHED_ERRORS and not (answer.status in ERRORS_CACHED_IF_ASKED and asked):
        return Refuse(reason=f"a {answer.status} is not cached")
    trail: Trail = []
    lifetime, rule = error_min_ttl, "the error caching minimum TTL, §6.2"
    if control.no_store or control.no_cache or control.private:
        if answer.status in ERRORS_THAT_OBEY_NO_STORE:
            return Refuse(reason=f"a {answer.status} with no-store, no-cache or private is not cached")
    else:
        told = explicit_lifetime(control, answer.headers, now, trail)
        if told is not None:
            lifetime = max(error_min_ttl, min(told, policy.max_ttl))
            rule = f"at least {error_min_ttl:.15g} s, the error caching minimum TTL, §6.2"
    if answer.s3 and lifetime < 1:
        lifetime, rule = 1.0, "an S3 origin's errors are kept a second at least, §6.2"
    if lifetime == 0:
        return Refuse(reason="the error caching minimum TTL is 0", steps=tuple(trail))
    trail.append(Reckoned("lifetime", lifetime, rule))
    return Keep(lifetime=lifetime, steps=one_copy(tuple(trail)))


def _window(name: str, seconds: int | None, policy: CachePolicy, trail: Trail) -> float | None:
    if seconds is None:
        return None
    window = min(float(seconds), policy.max_ttl)
    trail.append(Reckoned(name, window, "what the origin says, at most the maximum TTL, §3.3"))
    return window


def has_validator(headers: Headers) -> bool:
    """Tell whether a response can be revalidated."""
    return b"etag" in headers or b"last-modified" in headers


def vary_star(headers: Headers) -> bool:
    """Tell whether `Vary` has a `*` among its members."""
    return any(member == b"*" for line in headers.get_all(b"vary") for member in fields.split_list(line))


def revalidation(headers: Headers) -> tuple[Line, ...]:
    """Return the conditional lines that ask the origin whether a stored response still holds (§3.4)."""
    lines = []
    etag = headers.get(b"etag")
    if etag is not None:
        lines.append((b"If-None-Match", etag))
    modified = headers.get(b"last-modified")
    if modified is not None:
        lines.append((b"If-Modified-Since", modified))
    return tuple(lines)


NOT_UPDATED: Final = frozenset({b"content-length", b"content-range", b"transfer-encoding"})


def freshened(stored: Headers, told: Headers) -> Headers:
    """Return a stored head updated by a 304's: its fields replace, new ones are added (RFC 9111 §3.2)."""
    replaced = {name for name in told.names() if name not in NOT_UPDATED}
    kept = [line for line in stored if line[0].lower() not in replaced]
    return Headers([*kept, *(line for line in told if line[0].lower() in replaced)])
