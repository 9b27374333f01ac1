"""From a request and a policy to a cache key (`spec/cloudfront.md` §2)."""

from functools import lru_cache

from edgerun.cache.entry import CacheKey
from edgerun.cache.record import Why
from edgerun.distribution.guard import wants_tunnel
from edgerun.distribution.model import Behavior, CachePolicy, Choice, Selection
from edgerun.distribution.select import accept_encoding, forwards_cookies, key_cookies, pick_cookies, pick_query
from edgerun.http.headers import Headers
from edgerun.http.message import Request


def cache_key(request: Request, policy: CachePolicy, distribution: str) -> CacheKey:
    """Return the key of a request: the path as functions left it, and what the policy names.

    Args:
        request: after viewer-request, with the `CloudFront-*` headers the policies ask for.
        policy: the behavior's.
        distribution: its id; two aliases of one distribution share objects.
    """
    headers = request.headers
    method = "OPTIONS" if request.method == "OPTIONS" else "GET"
    encoding = None
    if policy.gzip or policy.brotli:
        encoding = accept_encoding(policy, headers.joined(b"accept-encoding"), request.http_version)[0]
    query = None
    if policy.query_strings.choice is not Choice.NONE:
        query = pick_query(request.query, policy.query_strings)
    keyed: tuple[tuple[bytes, tuple[bytes, ...]], ...] = ()
    if policy.headers.choice is not Choice.NONE:
        keyed = _header_part(headers, policy)
    cookies = None
    if policy.cookies.choice is not Choice.NONE:
        cookies = key_cookies(pick_cookies(headers.get_all(b"cookie"), policy.cookies))
    return CacheKey(distribution, method, request.path, query, keyed, cookies, encoding)


def _header_part(headers: Headers, policy: CachePolicy) -> tuple[tuple[bytes, tuple[bytes, ...]], ...]:
    names = _ordered(policy.headers, policy.gzip or policy.brotli)
    return tuple((name, headers.get_all(name)) for name in names if name in headers)


@lru_cache(maxsize=256)
def _ordered(selection: Selection, encodings_apart: bool) -> tuple[bytes, ...]:
    """Names in one order for all processes; sets of bytes have a different one in each."""
    left_out = {b"accept-encoding"} if encodings_apart else set()
    return tuple(sorted(selection.names - left_out))


def passes(request: Request, behavior: Behavior) -> Why | None:
    """Return why a request passes the cache by, or None if the cache is looked into."""
    if behavior.cache_policy.disabled:
        return Why.BYPASS
    if request.method not in behavior.cached_methods:
        return Why.METHOD
    return Why.UPGRADE if wants_tunnel(request) else None


_ALONE = (b"range", b"if-none-match", b"if-modified-since", b"if-match", b"if-unmodified-since", b"authorization")


def may_collapse(request: Request, behavior: Behavior) -> bool:
    """Tell whether a request may wait for another's fetch and share what it brings (§4.7).

    Not with cookies forwarded, and not when the origin may answer this viewer differently: a condition,
    a range, or credentials that reach it.
    """
    return not forwards_cookies(behavior) and all(name not in request.headers for name in _ALONE)
