"""What of a request made its cache key, by which policy, and what did not count (`spec/cloudfront.md` §2)."""

from typing import Final

from edgerun.cache.entry import CacheKey
from edgerun.cache.record import Steps
from edgerun.distribution.model import CachePolicy, Choice, Selection
from edgerun.http.headers import Headers
from edgerun.http.message import Request

_NOT_ASKED: Final = frozenset({b"host"})


def key_parts(key: CacheKey, policy: CachePolicy) -> Steps:
    """Return the parts of a key, each with where it comes from."""
    return tuple(part._replace(rule=_source(part.name, key, policy)) for part in key.parts)


def _source(name: str, key: CacheKey, policy: CachePolicy) -> str:
    whose = f"cache policy {policy.name}"
    match name:
        case "distribution":
            return "the Host header"
        case "method":
            return "GET and HEAD share an object" if key.method == "GET" else "apart from GET's"
        case "path":
            return "the URL, as viewer-request left it"
        case "query":
            return f"query string: {taken(policy.query_strings)}, {whose}"
        case "cookies":
            return f"Cookie header: {taken(policy.cookies)}, {whose}"
        case "encoding":
            return f"Accept-Encoding header, as far as {whose} has gzip and brotli"
        case _:
            return f"{name} header, {whose}"


def taken(selection: Selection) -> str:
    """Return what a policy takes, for people: `none`, `all`, `only a, b`, `all but a, b`."""
    names = ", ".join(sorted(name.decode("latin-1") for name in selection.names))
    match selection.choice:
        case Choice.ONLY:
            return f"only {names}"
        case Choice.EXCEPT:
            return f"all but {names}"
        case _:
            return selection.choice.name.lower()


def left_out(key: CacheKey, request: Request) -> list[str]:
    """Return what a request has and its key does not: query parameters, cookies and headers, by name."""
    query = _names(request.query, b"&") - _names(key.query, b"&")
    cookies = _names(request.headers.joined(b"cookie"), b";") - _names(key.cookies, b";")
    keyed = {name for name, _ in key.headers} | _NOT_ASKED
    keyed |= {b"cookie"} if cookies or key.cookies else set()
    keyed |= {b"accept-encoding"} if key.encoding else set()
    headers = [name for name in _in_order(request.headers) if name not in keyed]
    said = [("query", query), ("cookie", cookies)]
    rows = [f"{kind} {name.decode('latin-1')}" for kind, names in said for name in sorted(names)]
    return rows + [f"header {name.decode('latin-1')}" for name in headers]


def _names(text: bytes | None, separator: bytes) -> set[bytes]:
    return {part.strip().partition(b"=")[0] for part in (text or b"").split(separator)} - {b""}


def _in_order(headers: Headers) -> list[bytes]:
    return list(dict.fromkeys(name.lower() for name, _ in headers))
