"""What a policy picks out of a request: query parameters, cookies, `Accept-Encoding` (`spec/cloudfront.md` §2)."""

from collections.abc import Iterable
from functools import lru_cache
from operator import itemgetter

from edgerun.distribution.model import Behavior, CachePolicy, Choice, OriginRequestPolicy, Selection
from edgerun.values import remembered

_SIGNED_COOKIES = frozenset(
    b"CloudFront-" + name for name in (b"Policy", b"Signature", b"Key-Pair-Id", b"Expires", b"Hash-Algorithm")
)


def pick_query(query: bytes | None, selection: Selection) -> bytes | None:
    """Return the part of a raw query string that a policy takes, in the viewer's order, or None."""
    if query is None or selection.choice is Choice.NONE:
        return None
    if selection.choice is Choice.ALL:
        return query or None
    taken = [part for part in query.split(b"&") if selection.takes(part.partition(b"=")[0])]
    return b"&".join(taken) or None


def pick_cookies(lines: Iterable[bytes], selection: Selection) -> bytes | None:
    """Return the `Cookie` value a policy takes, sorted by name (of one name in the viewer's order), or None.

    A line that is not `name=value; …` is not forwarded at all, nor are names that begin with `$`.
    """
    if selection.choice is Choice.NONE:
        return None
    pairs = [pair for line in lines for pair in _cookie_pairs(line) if selection.takes(pair[0])]
    return b"; ".join(raw for _, raw in sorted(pairs, key=itemgetter(0))) or None


def key_cookies(value: bytes | None) -> bytes | None:
    """Drop the signed-cookie attributes from an already picked `Cookie` value: they never split the cache."""
    if value is None or b"CloudFront-" not in value:
        return value
    kept = (raw for raw in value.split(b"; ") if raw.partition(b"=")[0] not in _SIGNED_COOKIES)
    return b"; ".join(kept) or None


def _cookie_pairs(line: bytes) -> list[tuple[bytes, bytes]]:
    pairs = []
    for part in line.split(b";"):
        raw = part.strip(b" \t")
        name, equals, _ = raw.partition(b"=")
        if not equals or not name:
            return []
        if not name.startswith(b"$"):
            pairs.append((name, raw))
    return pairs


def accept_encoding(policy: CachePolicy, value: bytes | None, http_version: str) -> tuple[bytes | None, bytes | None]:
    """Return (what enters the key, what goes to the origin) for the viewer's `Accept-Encoding` (§2.2).

    Only meaningful when the policy has compression support on.
    """
    if value is None or http_version == "1.0":
        return None, None
    normal = _normal_encoding(policy.gzip, policy.brotli, value)
    return (normal, normal) if normal else (None, b"identity")


@lru_cache(maxsize=512)
def _normal_encoding(gzip: bool, brotli: bool, value: bytes) -> bytes:
    offered = set()
    for member in value.lower().split(b","):
        token, _, weight = member.partition(b";")
        if weight.translate(None, b" \t").rstrip(b"0.") != b"q=":
            offered.add(token.strip(b" \t"))
    taken = [name for name, on in ((b"br", brotli), (b"gzip", gzip)) if on and name in offered]
    return b",".join(taken)


def to_origin(cache: Selection, origin: Selection) -> Selection:
    """Return what is forwarded when a cache policy and an origin request policy meet (§2.3)."""
    if cache.choice is Choice.NONE:
        return origin
    if origin.choice is Choice.NONE or cache.choice is Choice.ALL:
        return cache
    match cache.choice, origin.choice:
        case _, Choice.ALL | Choice.ALL_VIEWER:
            return origin
        case Choice.ONLY, Choice.ONLY:
            return Selection(choice=Choice.ONLY, names=cache.names | origin.names)
        case Choice.ONLY, _:
            return Selection(choice=Choice.EXCEPT, names=origin.names - cache.names)
        case _, Choice.ONLY:
            return Selection(choice=Choice.EXCEPT, names=cache.names - origin.names)
        case _:
            return Selection(choice=Choice.EXCEPT, names=cache.names | origin.names)


@remembered
def forwarded(cache: CachePolicy, origin: OriginRequestPolicy | None) -> tuple[Selection, Selection, Selection]:
    """Return the (headers, cookies, query strings) that two policies together send to the origin."""
    if origin is None:
        return cache.headers, cache.cookies, cache.query_strings
    return (
        to_origin(cache.headers, origin.headers),
        to_origin(cache.cookies, origin.cookies),
        to_origin(cache.query_strings, origin.query_strings),
    )


@remembered
def forwards_cookies(behavior: Behavior) -> bool:
    """Tell whether a behavior sends any cookie to its origin: such objects keep their `Set-Cookie`."""
    return forwarded(behavior.cache_policy, behavior.origin_request_policy)[1].choice is not Choice.NONE
