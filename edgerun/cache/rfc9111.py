"""The cache of RFC 9111, as `spec/http-caching.md` reads it: `caching = "rfc9111"`."""

from collections.abc import Sequence
from itertools import product
from typing import Final

from edgerun.cache.caching import Answer, Keep, Refuse
from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.freshness import BYPASS, HIT, METHOD, NOTHING_STORED, UPGRADE, revalidation
from edgerun.cache.record import Reckoned, Trail, Use, Verdict, Why
from edgerun.cache.storing import stored
from edgerun.cache.targeted import directives
from edgerun.cache.uri import Uri, resolved, target
from edgerun.cache.variants import selects, variant_key, vary_names
from edgerun.distribution.choice import OriginChoice
from edgerun.distribution.guard import protocol_redirect, wants_tunnel
from edgerun.distribution.latitude import Rfc9111
from edgerun.distribution.model import Behavior, CachePolicy, Choice, Distribution
from edgerun.distribution.origins import OriginConfig
from edgerun.distribution.relay import answer_of_the_last, last_of_its_way, relayed_request, relayed_response
from edgerun.distribution.select import accept_encoding
from edgerun.http.fields import CacheControl, cache_control, entity_tags, is_tag, strong_match, weak_match
from edgerun.http.headers import Headers, Line
from edgerun.http.message import Request, Response

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
FAILURES: Final = frozenset({0, 500, 502, 503, 504})
"""What `stale-if-error` covers: no answer at all, and these (§11.2)."""
MOST_TAGS: Final = 8
ALONE: Final = frozenset({b"authorization", b"range", b"if-none-match", b"if-modified-since", b"if-range"})

REVALIDATING: Final = Verdict(Use.REFRESH, Why.STALE_WHILE_REVALIDATE)
MAX_STALE: Final = Verdict(Use.STALE, Why.MAX_STALE)
EXPIRED: Final = Verdict(Use.VALIDATE, Why.EXPIRED)
MUST_VALIDATE: Final = Verdict(Use.VALIDATE, Why.MUST_VALIDATE)
ASKED: Final = Verdict(Use.VALIDATE, Why.REQUEST)
OTHER_VARIANTS: Final = Verdict(Use.FETCH, Why.OTHER_VARIANTS)
CONDITION: Final = Verdict(Use.PASS, Why.CONDITION)
BODY: Final = Verdict(Use.PASS, Why.BODY)
UNAVAILABLE: Final = Verdict(Use.UNAVAILABLE, Why.ONLY_IF_CACHED)

Wish = CacheControl | None


class Rfc9111Caching:
    """HTTP's own authority; what is left open is configured."""

    by_vary = True

    def __init__(self, rules: Rfc9111) -> None:
        self._rules = rules

    # ------------------------------------------------------------------ what passes

    def guard(self, request: Request, behavior: Behavior) -> bool:
        """Any method, with or without a body (§14); only the protocol is the behavior's matter."""
        return protocol_redirect(request, behavior)

    def forward(
        self,
        request: Request,
        behavior: Behavior,
        origin: OriginConfig,
        choice: OriginChoice | None,
        via: bytes,
        conditions: Sequence[Line],
    ) -> Request:
        made = relayed_request(request, via, conditions)
        if choice is None or not choice.host:
            return made
        return made.changed(headers=made.headers.replaced(b"Host", choice.host.encode()))

    def to_viewer(self, response: Response, behavior: Behavior, now: float, *, s3: bool) -> Response:
        return relayed_response(response, now)

    def may_transform(self, headers: Headers) -> bool:
        return not directives(headers, self._rules.targeted_fields).control.no_transform

    def may_pass_on(self, response: Response) -> bool:
        """What a 206 says of itself decides on storing only (§13.3)."""
        return True

    def answer(self, request: Request, now: float) -> Response | None:
        return answer_of_the_last(request, now) if last_of_its_way(request) else None

    # ------------------------------------------------------------------ what is looked for

    def wish(self, request: Request) -> Wish:
        """What `Cache-Control` of the request says, None for nothing (§7)."""
        if not self._rules.request_directives or b"cache-control" not in request.headers:
            return None
        return cache_control(request.headers.get_all(b"cache-control"))

    def passes(self, request: Request, behavior: Behavior, wish: Wish) -> Verdict | None:
        verdict = _passes(request, behavior)
        if verdict is BYPASS and wish is not None and wish.only_if_cached:
            return UNAVAILABLE
        return verdict

    def key(self, request: Request, behavior: Behavior, distribution: Distribution) -> CacheKey:
        """The target URI; and, where the edge compresses, what the viewer takes (§4)."""
        policy, encoding = behavior.cache_policy, None
        if behavior.compress:
            encoding = accept_encoding(policy, request.headers.joined(b"accept-encoding"), request.http_version)[0]
        return _key(distribution, target(request), encoding=encoding)

    def passed_key(self, request: Request, behavior: Behavior, distribution: Distribution) -> CacheKey | None:
        if request.method != "POST" or behavior.cache_policy.disabled:
            return None
        return self.key(request, behavior, distribution)

    def missing(self, wish: Wish, *, variants: bool) -> Verdict:
        if wish is not None and wish.only_if_cached:
            return UNAVAILABLE
        return OTHER_VARIANTS if variants else NOTHING_STORED

    def look(self, entry: Entry, wish: Wish, now: float, trail: Trail | None = None) -> Verdict:
        verdict = _look(entry, wish, now, [] if trail is None else trail)
        if verdict.use is Use.VALIDATE and wish is not None and wish.only_if_cached:
            return UNAVAILABLE
        return verdict

    def may_collapse(self, request: Request, behavior: Behavior, wish: Wish) -> bool:
        """Not what the origin may answer differently to one viewer, and not who wants to hear from it (§18)."""
        if wish is not None and (wish.no_cache or wish.no_store or wish.max_age == 0):
            return False
        return not any(name in ALONE for name in request.headers.names())

    def may_share(self, entry: Entry, request: Headers, wish: Wish, now: float, *, covers: bool) -> bool:
        if not selects(entry.key, request):
            return False
        return self.may_serve_on_error(entry, now, wish=wish) if covers else self.look(entry, wish, now).use is Use.HIT

    # ------------------------------------------------------------------ what the origin is asked and says

    def conditions(
        self,
        entry: Entry | None,
        others: Sequence[Entry],
        request: Request,
        behavior: Behavior,
    ) -> tuple[Line, ...]:
        """Ours, with the viewer's tags where all can be read; on a variant miss the other variants' (§10.2)."""
        if entry is None:
            tags = [tag for other in others if (tag := other.headers.get(b"etag")) is not None]
            theirs = any(name.startswith(b"if-") for name in request.headers.names())
            if theirs or not tags or len(tags) > MOST_TAGS or not all(map(is_tag, tags)):
                return ()
            return ((b"If-None-Match", b", ".join(dict.fromkeys(tags))),)
        lines = revalidation(entry.headers)
        etag, asked = entry.headers.get(b"etag"), request.headers.joined(b"if-none-match")
        if etag is None or asked is None:
            return lines
        tags = [*entity_tags(asked), etag]
        if not all(map(is_tag, tags)):
            return lines
        return ((b"If-None-Match", b", ".join(dict.fromkeys(tags))), *lines[1:])

    def confirms(self, told: Headers, entry: Entry, others: Sequence[Entry]) -> bool:
        """By a strong validator if the 304 has one, else by what it has (§10.3)."""
        etag, modified = told.get(b"etag"), told.get(b"last-modified")
        own = entry.headers.get(b"etag")
        if etag is not None:
            match = weak_match if etag.startswith(b"W/") or entry.compressed else strong_match
            return own is not None and match(etag, own)
        if modified is not None:
            return modified == entry.headers.get(b"last-modified")
        return not others

    def head_tells(self, entry: Entry, response: Response) -> bool | None:
        """Compare every validator the head has, and its length (§10.4)."""
        if response.status != 200:
            return None
        told = [
            value == entry.headers.get(name)
            for name in (b"etag", b"last-modified")
            if (value := response.headers.get(name)) is not None
        ]
        length = response.headers.get(b"content-length")
        if length is not None and entry.body.length is not None and not entry.compressed:
            told.append(length == b"%d" % entry.body.length)
        return all(told) if told else None

    def confirmed_age(self, entry: Entry, now: float) -> int:
        return entry.age(now)

    def failure_status(self, status: int, *, unreachable: bool) -> int:
        """504 where there was not even a connection (§11.1)."""
        return 504 if unreachable else status

    def may_serve_on_error(
        self, entry: Entry, now: float, *, status: int = 0, wish: Wish = None, trail: Trail | None = None
    ) -> bool:
        """Within `stale-if-error`; without one, when there was no answer at all and nothing forbids it (§11.2)."""
        notes: Trail = [] if trail is None else trail
        stale_for = max(0.0, now - entry.expires_at)
        window = entry.stale_if_error
        if wish is not None and wish.stale_if_error is not None and not entry.never_stale:
            window = float(wish.stale_if_error) if window is None else max(window, float(wish.stale_if_error))
        if status not in FAILURES or entry.must_validate:
            return False
        if window is not None:
            notes.append(Reckoned("may cover for a failing origin for", window - stale_for, "stale-if-error, §11.2"))
            return window > 0 and stale_for <= window
        if status != 0 or entry.never_stale:
            return False
        notes.append(Reckoned("may be served without an origin for", entry.max_stale_at - now, "max_stale, §11.2"))
        return now < entry.max_stale_at

    def retry_at(self, now: float, error_min_ttl: float) -> float:
        """A failing origin is asked again by the next request."""
        return now

    # ------------------------------------------------------------------ what is kept

    def judge(self, answer: Answer, policy: CachePolicy, error_min_ttl: float, now: float) -> Keep | Refuse:
        if policy.disabled:
            return Refuse(reason="the cache policy's TTLs are all 0")
        return stored(answer, self._rules, now)

    def stored_under(self, key: CacheKey, headers: Headers, request: Headers, policy: CachePolicy) -> CacheKey:
        """By what `Vary` names, and by the headers that a cache policy names (§4)."""
        names = set(vary_names(headers))
        if policy.headers.choice is Choice.ONLY:
            names |= policy.headers.names
        return variant_key(key, tuple(sorted(names)), request) if names else key

    def forgets(
        self, request: Request, response: Response, status: int, distribution: Distribution
    ) -> tuple[CacheKey, ...]:
        """What an unsafe method changed: the target, and what `Location` and `Content-Location` name (§12)."""
        if request.method in SAFE or not 200 <= status < 400:
            return ()
        own = target(request)
        uris = {own: None}
        for name in (b"location", b"content-location"):
            reference = response.headers.get(name)
            found = None if reference is None else resolved(request, reference)
            if found is not None and found.origin == own.origin:
                uris[found] = None
        packed = any(behavior.compress for behavior in distribution.all_behaviors)
        encodings = (None, b"br", b"gzip", b"br,gzip") if packed else (None,)
        return tuple(
            _key(distribution, uri, method, encoding)
            for uri, method, encoding in product(uris, ("GET", "HEAD"), encodings)
        )


def _passes(request: Request, behavior: Behavior) -> Verdict | None:
    if behavior.cache_policy.disabled:
        return BYPASS
    if request.method not in {"GET", "HEAD"}:
        return METHOD
    if wants_tunnel(request):
        return UPGRADE
    if request.method == "GET" and request.body.length != 0:
        return BODY
    headers = request.headers
    return CONDITION if b"if-match" in headers or b"if-unmodified-since" in headers else None


def _look(entry: Entry, wish: Wish, now: float, trail: Trail) -> Verdict:
    """Decide in the order of http-caching.md §8."""
    age = max(0.0, entry.initial_age + now - entry.response_time)
    stale_for = age - entry.lifetime
    fresh = stale_for < 0
    trail.append(Reckoned("current age", age, "initial age + now - received, §4.2.3"))
    trail.append(Reckoned("fresh", fresh, "lifetime > current age, §4.2"))
    if entry.must_validate:
        return MUST_VALIDATE
    if wish is not None and _objects(entry, wish, age, trail):
        return ASKED if fresh else EXPIRED
    if fresh:
        return HIT
    window = entry.stale_while_revalidate
    if window is not None:
        trail.append(Reckoned("may be served while it is refreshed for", window - stale_for, "stale-while-revalidate"))
        if stale_for <= window:
            return REVALIDATING
    if wish is not None and wish.max_stale is not None and not entry.never_stale:
        trail.append(Reckoned("may be served for", wish.max_stale - stale_for, "max-stale of the request"))
        if stale_for <= wish.max_stale:
            return MAX_STALE
    return EXPIRED


def _objects(entry: Entry, wish: CacheControl, age: float, trail: Trail) -> bool:
    """Tell whether a request wants more than what is stored (§7)."""
    if wish.no_cache:
        trail.append(Reckoned("asked for", "no-cache", "the request"))
        return True
    left = entry.lifetime - age
    if wish.min_fresh is not None:
        trail.append(Reckoned("fresh enough", left >= wish.min_fresh, f"min-fresh={wish.min_fresh} of the request"))
        if left < wish.min_fresh:
            return True
    if wish.max_age is None or (wish.malformed and wish.max_age == 0):
        return False
    trail.append(Reckoned("young enough", 0 < wish.max_age >= age, f"max-age={wish.max_age} of the request"))
    too_old = wish.max_age == 0 or age > wish.max_age
    return too_old and (left > 0 or wish.max_stale is None)


def _key(distribution: Distribution, uri: Uri, method: str = "GET", encoding: bytes | None = None) -> CacheKey:
    place = ((b":authority", (uri.authority,)), (b":scheme", (uri.scheme,)))
    return CacheKey(distribution.id, method, uri.path or b"/", uri.query, place, None, encoding)
