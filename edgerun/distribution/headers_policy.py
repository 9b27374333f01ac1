"""Response headers policies: what is taken from an answer, then what is put on it (`spec/cloudfront.md` §11)."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, Protocol, TypeVar
from zlib import crc32

from edgerun.distribution.headers_model import Cors, ResponseHeadersPolicy, Security, ServerTiming, XssProtection
from edgerun.distribution.model import ALL_METHODS
from edgerun.http.fields import format_date, split_list
from edgerun.http.headers import Headers, Line
from edgerun.http.message import Request, Response
from edgerun.values import value

# §11.4: what CloudFront needs itself.
NOT_REMOVABLE: Final = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "warning",
        "x-accel-buffering",
        "x-accel-charset",
        "x-accel-limit-rate",
        "x-accel-redirect",
        "x-amzn-auth",
        "x-amzn-cf-billing",
        "x-amzn-cf-id",
        "x-amzn-cf-xff",
        "x-amzn-errortype",
        "x-amzn-fle-profile",
        "x-amzn-header-count",
        "x-amzn-header-order",
        "x-amzn-lambda-integration-tag",
        "x-amzn-requestid",
        "x-cache",
        "x-forwarded-proto",
        "x-real-ip",
    }
)
NOT_REMOVABLE_PREFIXES: Final = ("x-amz-cf-", "x-edge-")

_CORS_PREFIX: Final = b"access-control-"
_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HOST: Final = re.compile(r"[a-z0-9._-]*|\[[0-9a-f:.]+\]")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_ORIGIN: Final = re.compile(r"(?:([^:/]*)://)?(\[[^\]]*\]|[^:]*)(?::(.*))?", re.DOTALL)

Added = tuple[bytes, bytes, bool]


@value
class Facts:
    """What a policy's answer depends on besides request and response.

    Attributes:
        date: the time as `Date` has it, for an answer whose own was removed.
        dice: 0 to 100; below the sampling rate, `Server-Timing` is added unasked.
        cache: what the cache did; "" when it was not asked.
        pop: the edge location.
        request_id: as in `X-Amz-Cf-Id`.
        first_byte: milliseconds from the request to this answer.
    """

    date: bytes
    dice: float
    cache: Literal["hit", "refresh", "miss", ""]
    pop: bytes
    request_id: bytes
    first_byte: int


class Visited(Protocol):
    """What is asked of a visit; the request is the one that was received."""

    id: str
    request: Request
    started: float


class Answer(Protocol):
    """What is asked of an answer on its way: CloudFront's word for it, and where it is from."""

    @property
    def response(self) -> Response: ...
    @property
    def word(self) -> str: ...
    @property
    def age(self) -> int | None: ...
    @property
    def origin_status(self) -> int: ...
    def changed(self, **fields: Any) -> Any: ...


AnyAnswer = TypeVar("AnyAnswer", bound=Answer)


def on(answer: AnyAnswer, policy: ResponseHeadersPolicy, visit: Visited, *, pop: bytes, now: float) -> AnyAnswer:
    """Return an answer on its way to a viewer as its behavior's policy leaves it."""
    facts = Facts(
        date=format_date(now),
        dice=dice(visit.id),
        cache=_cache(answer),
        pop=pop,
        request_id=visit.id.encode(),
        first_byte=max(0, round((now - visit.started) * 1000)),
    )
    response = apply(policy, visit.request, answer.response, facts=facts)
    changed: AnyAnswer = answer.changed(response=response, age=None if b"age" in policy.remove else answer.age)
    return changed


def dice(request_id: str) -> float:
    """Return the throw that decides on sampling, 0 to 99.9999: a request's id is as random, and can be repeated."""
    return crc32(request_id.encode()) % 1_000_000 / 10_000


def _cache(answer: Answer) -> Literal["hit", "refresh", "miss", ""]:
    if answer.word == "RefreshHit":
        return "refresh"
    if answer.age is not None:
        return "hit"
    return "miss" if answer.origin_status else ""


def apply(policy: ResponseHeadersPolicy, request: Request, response: Response, *, facts: Facts) -> Response:
    """Return a response without what a policy removes and with what it adds.

    Args:
        policy: the behavior's.
        request: the viewer's, as received.
        response: as it would go to the viewer; never the stored one.
        facts: what else counts.

    Returns:
        The response with other headers; added ones come last, in the order CORS, security, custom.

    Source: Developer Guide, "Understand response headers policies".
    """
    headers = _removed(response.headers, policy, facts.date) if policy.remove else response.headers
    added: dict[bytes, Line] = {}
    for name, text, override in _additions(policy, request, headers):
        lower = name.lower()
        if override or not (lower in headers or lower in added):
            added[lower] = (name, text)
    if added:
        headers = headers.without(*added).plus(*added.values())
    if policy.server_timing is not None and _is_timed(policy.server_timing, request, facts.dice):
        headers = _timed(headers, facts)
    return response.changed(headers=headers)


def is_removable(name: str) -> bool:
    """Tell whether a policy may remove this header (§11.4)."""
    lower = name.lower()
    return lower not in NOT_REMOVABLE and not lower.startswith(NOT_REMOVABLE_PREFIXES)


def _removed(headers: Headers, policy: ResponseHeadersPolicy, date: bytes) -> Headers:
    """Return headers without those named; CloudFront's own `Server` and `Date` stand in, unless they are added."""
    gone = {name for name in headers.names() if name in policy.remove}
    own = gone - {custom.header.lower().encode("latin-1") for custom in policy.custom}
    if b"date" in own:
        headers = headers.replaced(b"Date", date)
        gone.remove(b"date")
    headers = headers.without(*gone)
    return Headers(((b"Server", b"CloudFront"), *headers)) if b"server" in own else headers


def _additions(policy: ResponseHeadersPolicy, request: Request, headers: Headers) -> Iterator[Added]:
    """Yield name, value and whether it goes over the response's own."""
    if policy.cors is not None:
        yield from _cors(policy.cors, request, headers)
    if policy.security is not None:
        yield from _security(policy.security)
    for custom in policy.custom:
        yield custom.header.encode("latin-1"), custom.value.encode("latin-1"), custom.override


# ------------------------------------------------------------------------------ CORS, §11.1


def _cors(cors: Cors, request: Request, headers: Headers) -> Iterator[Added]:
    origin = request.headers.get(b"origin")
    if origin is None:
        return
    if not cors.origin_override and any(name.startswith(_CORS_PREFIX) for name in headers.names()):
        return
    allowed = allowed_origin(cors, origin)
    if allowed is not None:
        yield b"Access-Control-Allow-Origin", allowed, True
    if cors.allow_credentials:
        yield b"Access-Control-Allow-Credentials", b"true", True
    if cors.expose_headers:
        yield b"Access-Control-Expose-Headers", _listed(cors.expose_headers), True
    if is_preflight(request):
        yield from _preflight(cors, request)


def is_preflight(request: Request) -> bool:
    """Tell whether a browser asks if it may send another request."""
    headers = request.headers
    return request.method == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers


def _preflight(cors: Cors, request: Request) -> Iterator[Added]:
    methods = sorted(ALL_METHODS) if "ALL" in cors.allow_methods else cors.allow_methods
    if methods:
        yield b"Access-Control-Allow-Methods", _listed(methods), True
    names = allowed_headers(cors, request)
    if names:
        yield b"Access-Control-Allow-Headers", b", ".join(names), True
    if cors.max_age is not None:
        yield b"Access-Control-Max-Age", b"%d" % cors.max_age, True


def _listed(words: Iterable[str]) -> bytes:
    return ", ".join(words).encode("latin-1")


def allowed_origin(cors: Cors, origin: bytes) -> bytes | None:
    """Return what `Access-Control-Allow-Origin` says to an origin: `*`, the origin itself, or nothing."""
    if "*" in cors.allow_origins:
        return b"*"
    text = origin.decode("latin-1")
    return origin if any(origin_matches(entry, text) for entry in cors.allow_origins) else None


def origin_matches(entry: str, origin: str) -> bool:
    """Tell whether an entry of `allow_origins` covers an origin.

    An entry with a scheme and no port takes no port, one without a scheme any. AWS: `*.example.org` covers
    `.example.org` too, and `http://example.org:*` also the origin without a port.
    """
    scheme, host, port = _parts(entry)
    its_scheme, its_host, its_port = _parts(origin)
    if its_scheme not in ({scheme} if scheme else {"", "http", "https"}) or not _HOST.fullmatch(its_host):
        return False
    if its_port is not None and not _PORT.fullmatch(its_port):
        return False
    if port is None:
        if scheme and its_port is not None:
            return False
    elif port != "*" and (its_port is None or not _like(port, its_port)):
        return False
    if host.startswith("*"):
        return its_host.endswith(host[1:])
    return its_host == host


def _parts(origin: str) -> tuple[str, str, str | None]:
    """Return scheme or "", host and port of an origin or of an entry for some."""
    match = _ORIGIN.fullmatch(origin.lower())
    assert match is not None
    return match[1] or "", match[2], match[3]


def allowed_headers(cors: Cors, request: Request) -> list[bytes]:
    """Return what `Access-Control-Allow-Headers` lists.

    Entries stand for themselves, `*` too; in place of one such as `x-amz-*` come the names asked for that it covers.
    """
    asked = request.headers.joined(b"access-control-request-headers") or b""
    wanted = [name for name in split_list(asked) if _TOKEN.fullmatch(name)]
    listed: dict[bytes, bytes] = {}
    for entry in cors.allow_headers:
        given = entry.encode("latin-1")
        partial = "*" in entry and entry != "*"
        found = [name for name in wanted if _like(entry.lower(), name.decode().lower())] if partial else [given]
        for name in found:
            listed.setdefault(name.lower(), name)
    return list(listed.values())


def _like(pattern: str, text: str) -> bool:
    """Tell whether a text fits a pattern in which `*` is any run of characters, none too."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    last = rest.pop()
    if not (text.startswith(first) and text.endswith(last) and len(text) >= len(first) + len(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in rest:
        at = text.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


# ------------------------------------------------------------------------------ security, §11.2


def _security(security: Security) -> Iterator[Added]:
    if (transport := security.strict_transport_security) is not None:
        text = b"max-age=%d" % transport.max_age
        text += b"; includeSubDomains" if transport.include_subdomains else b""
        text += b"; preload" if transport.preload else b""
        yield b"Strict-Transport-Security", text, transport.override
    if (options := security.content_type_options) is not None:
        yield b"X-Content-Type-Options", b"nosniff", options.override
    if (frame := security.frame_options) is not None:
        yield b"X-Frame-Options", frame.frame_option.encode(), frame.override
    if (referrer := security.referrer_policy) is not None:
        yield b"Referrer-Policy", referrer.referrer_policy.encode(), referrer.override
    if (content := security.content_security_policy) is not None:
        yield b"Content-Security-Policy", content.content_security_policy.encode("latin-1"), content.override
    if (xss := security.xss_protection) is not None:
        yield b"X-XSS-Protection", _xss(xss), xss.override


def _xss(xss: XssProtection) -> bytes:
    if not xss.protection:
        return b"0"
    if xss.mode_block:
        return b"1; mode=block"
    return b"1; report=" + xss.report_uri.encode("latin-1") if xss.report_uri else b"1"


# ------------------------------------------------------------------------------ Server-Timing, §11.6


def _is_timed(timing: ServerTiming, request: Request, dice: float) -> bool:
    if not timing.enabled:
        return False
    if dice < timing.sampling_rate:
        return True
    asked = request.headers.joined(b"pragma")
    return asked is not None and b"server-timing" in (word.lower() for word in split_list(asked))


def _timed(headers: Headers, facts: Facts) -> Headers:
    """Return headers with `Server-Timing`; the origin's own stays in it unless it comes from the cache."""
    stored = facts.cache in {"hit", "refresh"}
    before = None if stored else headers.joined(b"server-timing")
    metrics = b",".join(_metrics(facts))
    text = metrics if before is None else metrics + b"," + before
    return headers.without(b"server-timing").plus((b"Server-Timing", text))


def _metrics(facts: Facts) -> Iterator[bytes]:
    """Yield what is known; the times of an origin's answer are not."""
    if facts.cache:
        yield b"cdn-cache-" + facts.cache.encode()
    yield b'cdn-pop;desc="' + facts.pop + b'"'
    yield b'cdn-rid;desc="' + facts.request_id + b'"'
    if facts.cache == "hit":
        yield b'cdn-hit-layer;desc="EDGE"'
    yield b"cdn-downstream-fbl;dur=%d" % facts.first_byte
