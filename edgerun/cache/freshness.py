"""What may be kept, for how long, and whether a kept object may be used: CloudFront's rules.

`Caching` is the one seam between authorities: the pipeline asks it and knows no rule itself.
"""

from typing import Final, Literal, Protocol

from edgerun.cache.entry import Entry
from edgerun.distribution.model import CachePolicy
from edgerun.http import fields
from edgerun.http.headers import Headers
from edgerun.values import value

ALWAYS_CACHED_ERRORS: Final = frozenset({404, 414, 500, 501, 502, 503, 504})
ERRORS_CACHED_IF_ASKED: Final = frozenset({400, 403, 405, 412, 415})
ERRORS_THAT_OBEY_NO_STORE: Final = frozenset({404, 410, 414, 501})
MAX_TTL: Final = 3_153_600_000.0  # 100 years, the longest lifetime CloudFront knows


@value
class Keep:
    """The response may be stored: seconds it stays fresh, and the windows after that."""

    lifetime: float
    stale_while_revalidate: float | None = None
    stale_if_error: float | None = None
    max_stale: float = 0.0

    @property
    def shareable(self) -> bool:
        """Whether requests that wait for this answer may all use it."""
        return self.lifetime > 0


@value
class Refuse:
    """The response may not be stored; `reason` says why, for people."""

    reason: str


@value
class Fresh:
    """Serve it."""


@value
class Stale:
    """Serve it although it has expired; refresh it behind when `refresh`."""

    refresh: bool


@value
class Expired:
    """Ask the origin; the copy is at hand in case it answers 304 or fails."""


Look = Fresh | Stale | Expired


@value
class Answer:
    """What the rules need to know of a response, after origin-response."""

    status: int
    headers: Headers
    method: str
    s3: bool = False


class Caching(Protocol):
    """One authority over what is kept and used."""

    def judge(self, answer: Answer, policy: CachePolicy, error_min_ttl: float, now: float) -> Keep | Refuse:
        """Tell whether and how long a response may be kept."""
        ...

    def look(self, entry: Entry, now: float) -> Look:
        """Tell what may be done with a stored response."""
        ...

    def may_serve_on_error(self, entry: Entry, now: float) -> bool:
        """Tell whether an expired object may be served because the origin failed."""
        ...

    def may_transform(self, headers: Headers) -> bool:
        """Tell whether a response may be compressed on its way into the cache."""
        ...


class CloudFrontCaching:
    """CloudFront's authority (`spec/cloudfront.md` §3 and §6)."""

    def judge(self, answer: Answer, policy: CachePolicy, error_min_ttl: float, now: float) -> Keep | Refuse:
        if policy.disabled:
            return Refuse(reason="the cache policy's TTLs are all 0")
        if answer.status >= 400:
            return _judge_error(answer, policy, error_min_ttl, now)
        return _judge_success(answer, policy, now)

    def look(self, entry: Entry, now: float) -> Look:
        if now < entry.expires_at:
            return Fresh()
        if now < entry.retry_at and self.may_serve_on_error(entry, now):
            return Stale(refresh=False)
        window = entry.stale_while_revalidate or 0.0
        if now < min(entry.expires_at + window, entry.max_stale_at):
            return Stale(refresh=True)
        return Expired()

    def may_serve_on_error(self, entry: Entry, now: float) -> bool:
        if entry.origin_status >= 400 or entry.status >= 400:
            return False
        if entry.stale_if_error is None:
            return now < entry.max_stale_at
        return now < min(entry.expires_at + entry.stale_if_error, entry.max_stale_at)

    def may_transform(self, headers: Headers) -> bool:  # noqa: ARG002  # another authority reads them
        """CloudFront's conditions (§7.1) do not ask about `no-transform`."""
        return True


def _judge_success(answer: Answer, policy: CachePolicy, now: float) -> Keep | Refuse:
    """Judge a 2xx or 3xx (§3.1, §3.2, §3.6)."""
    control = fields.cache_control(answer.headers.get_all(b"cache-control"))
    if answer.status in {206, 304}:
        return Refuse(reason=f"a {answer.status} is not a whole object")
    if answer.status in {307, 308} and b"cache-control" not in answer.headers:
        return Refuse(reason=f"a {answer.status} is kept only with Cache-Control")
    if policy.min_ttl == 0:
        if control.no_store or control.private:
            return Refuse(reason="no-store or private, and the minimum TTL is 0")
        if _vary_star(answer.headers):
            return Refuse(reason="Vary: *, and the minimum TTL is 0")
    lifetime = _lifetime(control, answer.headers, policy, now)
    if lifetime == 0 and not has_validator(answer.headers):
        return Refuse(reason="no lifetime and no validator")
    return _keep(lifetime, control, policy)


def _lifetime(control: fields.CacheControl, headers: Headers, policy: CachePolicy, now: float) -> float:
    """Return seconds of freshness: the TTL table of §3.1."""
    forbidden = control.no_store or control.private or control.no_cache
    if forbidden:
        return policy.min_ttl
    told = explicit_lifetime(control, headers, now)
    if told is None:
        return max(policy.min_ttl, policy.default_ttl)
    return max(policy.min_ttl, min(told, policy.max_ttl))


def explicit_lifetime(control: fields.CacheControl, headers: Headers, now: float) -> float | None:
    """Return what `s-maxage`, `max-age` or `Expires` says, in that order, or None."""
    for seconds in (control.s_maxage, control.max_age):
        if seconds is not None:
            return min(float(seconds), MAX_TTL)
    expires = headers.get(b"expires")
    if expires is None:
        return None
    moment = fields.parse_date(expires)
    return 0.0 if moment is None else min(max(0.0, moment - now), MAX_TTL)


def _judge_error(answer: Answer, policy: CachePolicy, error_min_ttl: float, now: float) -> Keep | Refuse:
    """Judge a 4xx or 5xx (§6.1, §6.2)."""
    control = fields.cache_control(answer.headers.get_all(b"cache-control"))
    asked = control.max_age is not None or control.s_maxage is not None
    if answer.status not in ALWAYS_CACHED_ERRORS and not (answer.status in ERRORS_CACHED_IF_ASKED and asked):
        return Refuse(reason=f"a {answer.status} is not cached")
    lifetime = error_min_ttl
    if control.no_store or control.no_cache or control.private:
        if answer.status in ERRORS_THAT_OBEY_NO_STORE:
            return Refuse(reason=f"a {answer.status} with no-store, no-cache or private is not cached")
    else:
        told = explicit_lifetime(control, answer.headers, now)
        if told is not None:
            lifetime = max(error_min_ttl, min(told, policy.max_ttl))
    if answer.s3:
        lifetime = max(lifetime, 1.0)  # AWS: an S3 origin's errors are kept a second at least
    return Keep(lifetime=lifetime) if lifetime > 0 else Refuse(reason="the error caching minimum TTL is 0")


def _keep(lifetime: float, control: fields.CacheControl, policy: CachePolicy) -> Keep:
    return Keep(
        lifetime=lifetime,
        stale_while_revalidate=_window(control.stale_while_revalidate, policy),
        stale_if_error=_window(control.stale_if_error, policy),
        max_stale=max(policy.max_ttl, lifetime),
    )


def _window(seconds: int | None, policy: CachePolicy) -> float | None:
    return None if seconds is None else min(float(seconds), policy.max_ttl)


def has_validator(headers: Headers) -> bool:
    """Tell whether a response can be revalidated."""
    return b"etag" in headers or b"last-modified" in headers


def _vary_star(headers: Headers) -> bool:
    return any(member == b"*" for line in headers.get_all(b"vary") for member in fields.split_list(line))


def revalidation(entry: Entry) -> tuple[tuple[bytes, bytes], ...]:
    """Return the conditional lines that ask the origin whether an entry still holds (§3.4)."""
    lines = []
    etag = entry.headers.get(b"etag")
    if etag is not None:
        lines.append((b"If-None-Match", etag))
    modified = entry.headers.get(b"last-modified")
    if modified is not None:
        lines.append((b"If-Modified-Since", modified))
    return tuple(lines)


NOT_UPDATED: Final = frozenset({b"content-length", b"content-range", b"transfer-encoding"})


def freshened(stored: Headers, told: Headers) -> Headers:
    """Return a stored head updated by a 304's: its fields replace, new ones are added (RFC 9111 §3.2)."""
    replaced = {name for name in told.names() if name not in NOT_UPDATED}
    kept = [line for line in stored if line[0].lower() not in replaced]
    return Headers([*kept, *(line for line in told if line[0].lower() in replaced)])


Mode = Literal["cloudfront"]
