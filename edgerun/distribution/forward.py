"""From the viewer's request to the origin's, and from the origin's response to the viewer's.

The tables are `spec/cloudfront.md` §4.1 (request headers), §5.1 (response headers) and §3.6 (Vary).
"""

import re
from dataclasses import replace
from functools import cache
from typing import Final

from edgerun.distribution.choice import OriginChoice
from edgerun.distribution.model import Behavior, Choice, Selection
from edgerun.distribution.origins import BucketOrigin, FunctionOrigin, HttpOrigin, OriginConfig, OriginSpec, is_bucket
from edgerun.distribution.select import accept_encoding, forwarded, forwards_cookies, pick_cookies, pick_query
from edgerun.distribution.viewer import wanted
from edgerun.http import fields
from edgerun.http.headers import Headers, Line
from edgerun.http.message import NO_BODY, Request, Response
from edgerun.values import FrozenMap

USER_AGENT: Final = b"Amazon CloudFront"
MOST_FOUND: Final = 64
_REGION: Final = re.compile(r"\.s3[.-]([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com$")

FORWARDED_BY_DEFAULT: Final = frozenset(
    name.encode()
    for name in (
        "cache-control content-length content-md5 content-type date from if-match if-modified-since if-none-match "
        "if-range if-unmodified-since max-forwards origin pragma range request-range transfer-encoding via warning"
    ).split()
)
REMOVED: Final = frozenset(
    name.encode()
    for name in (
        "connection expect keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer upgrade "
        "x-amz-cf-id x-forwarded-proto x-real-ip"
    ).split()
)
FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
HANDLED: Final = frozenset({b"host", b"user-agent", b"accept-encoding", b"cookie", b"x-forwarded-for", b"via"})
HOP_BY_HOP: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
OURS: Final = frozenset({b"x-cache", b"x-amz-cf-id", b"x-amz-cf-pop"})
S3_INTERNAL: Final = frozenset({b"x-amz-id-2", b"x-amz-request-id"})


def origin_request(
    request: Request, behavior: Behavior, origin: OriginConfig, via: bytes, conditions: tuple[Line, ...] = ()
) -> Request:
    """Return the request as origin-request functions see it and the origin gets it.

    Args:
        request: after viewer-request, with generated `CloudFront-*` headers.
        behavior: whose policies choose what is forwarded.
        origin: the configured origin; its custom headers hide the viewer's of the same name.
        via: CloudFront's own member of the `Via` header.
        conditions: conditional lines of our own; with them the viewer's `If-*` and `Range` stay behind.
    """
    queries = forwarded(behavior.cache_policy, behavior.origin_request_policy)[2]
    headers = _origin_headers(request, behavior, origin, via, conditions)
    return request.changed(headers=headers, query=pick_query(request.query, queries))


def _origin_headers(
    request: Request, behavior: Behavior, origin: OriginConfig, via: bytes, conditions: tuple[Line, ...]
) -> Headers:
    """Return the origin's header lines; found once for a head that comes again and again."""
    known = request.headers.found
    if known is None or conditions:
        return _made_headers(request, behavior, origin, via, conditions)
    key = (id(behavior), id(origin), request.method, request.http_version, request.client[0], via)
    found = known.get(key)
    if found is None:
        if len(known) >= MOST_FOUND:
            known.clear()
        made = _made_headers(request, behavior, origin, via, ())
        made.found = {}
        found = known[key] = (made, behavior, origin)  # which are kept, so that their places in memory stay theirs
    headers: Headers = found[0]
    return headers


def _made_headers(
    request: Request, behavior: Behavior, origin: OriginConfig, via: bytes, conditions: tuple[Line, ...]
) -> Headers:
    headers, cookies, _ = forwarded(behavior.cache_policy, behavior.origin_request_policy)
    hidden = frozenset(name.lower().encode() for name in origin.custom_headers)
    lines: list[Line] = [_host(request, headers, origin), _user_agent(request, headers)]
    lines += _viewer_lines(request, behavior, headers, hidden, revalidating=bool(conditions))
    lines += conditions
    lines += _joined_lines(request, behavior, via)
    cookie = pick_cookies(request.headers.get_all(b"cookie"), cookies)
    if cookie is not None:
        lines.append((b"Cookie", cookie))
    return Headers(lines)


def chosen_origin_request(
    request: Request,
    behavior: Behavior,
    origin: OriginConfig,
    choice: OriginChoice,
    via: bytes,
    conditions: tuple[Line, ...] = (),
) -> Request:
    """Return the same as `origin_request` for the origin that a CloudFront Function chose.

    `origin` is the configured one that the choice starts from; `choice` has its own custom headers and perhaps `Host`.
    """
    own = FrozenMap({name.decode("latin-1"): text.decode("latin-1") for name, text in choice.spec.custom_headers})
    made = origin_request(request, behavior, replace(origin, custom_headers=own), via, conditions)
    if not choice.host:
        return made
    return made.changed(headers=made.headers.replaced(b"Host", choice.host.encode()))


def _host(request: Request, headers: Selection, origin: OriginConfig) -> Line:
    listed = b"host" in headers.names if headers.choice is not Choice.EXCEPT else b"host" not in headers.names
    wants_viewers = listed or headers.choice in {Choice.ALL, Choice.ALL_VIEWER}
    if wants_viewers and not is_bucket(origin):
        host = request.headers.get(b"host")
        if host is not None:
            return b"Host", host
    own = origin.host_header if isinstance(origin, HttpOrigin) else origin.domain_name
    return b"Host", own.encode("latin-1")


def _user_agent(request: Request, headers: Selection) -> Line:
    if headers.takes(b"user-agent"):
        agent = request.headers.get(b"user-agent")
        if agent is not None:
            return b"User-Agent", agent
    return b"User-Agent", USER_AGENT


def _viewer_lines(
    request: Request, behavior: Behavior, headers: Selection, hidden: frozenset[bytes], *, revalidating: bool
) -> list[Line]:
    generated = wanted(behavior.cache_policy, behavior.origin_request_policy)
    stopped = HANDLED | REMOVED | hidden | named_by_connection(request.headers)
    if headers.choice is Choice.EXCEPT:
        stopped |= headers.names - FRAMING
    kept = []
    for line in request.headers:
        name = line[0].lower()
        if name in stopped or name.startswith(b"x-edge-"):
            continue
        if revalidating and (name.startswith(b"if-") or name == b"range"):
            continue
        listed = name in FORWARDED_BY_DEFAULT or name in generated or headers.takes(name)
        if listed or _authorization(name, request.method, behavior):
            kept.append(line)
    return kept


NEVER_HOP_BY_HOP: Final = frozenset(
    {b"age", b"authorization", b"cache-control", b"content-length", b"cookie", b"date", b"host", b"range"}
)


def named_by_connection(headers: Headers) -> frozenset[bytes]:
    """Return the fields `Connection` lists, but for those a sender may not list (RFC 9110 §7.6.1)."""
    value = headers.joined(b"connection")
    if value is None or value.lower() in {b"keep-alive", b"close"}:
        return frozenset()
    return frozenset(member.lower() for member in fields.split_list(value)) - NEVER_HOP_BY_HOP


def _authorization(name: bytes, method: str, behavior: Behavior) -> bool:
    if name != b"authorization" or method in {"GET", "HEAD"}:
        return False
    return not (method == "OPTIONS" and "OPTIONS" in behavior.cached_methods)


def _joined_lines(request: Request, behavior: Behavior, via: bytes) -> list[Line]:
    lines = []
    policy = behavior.cache_policy
    encoding = request.headers.joined(b"accept-encoding")
    if policy.gzip or policy.brotli:
        encoding = accept_encoding(policy, encoding, request.http_version)[1]
    elif not forwarded(policy, behavior.origin_request_policy)[0].takes(b"accept-encoding"):
        encoding = None
    if encoding is not None:
        lines.append((b"Accept-Encoding", encoding))
    before = request.headers.joined(b"via")
    lines.append((b"Via", via if before is None else before + b", " + via))
    came_through = request.headers.joined(b"x-forwarded-for")
    address = request.client[0].encode()
    lines.append((b"X-Forwarded-For", address if came_through is None else came_through + b", " + address))
    return lines


def origin_spec(origin: OriginConfig) -> OriginSpec:
    """Return the configured origin as functions see it (`spec/lambda-at-edge.md` §2.5)."""
    custom = Headers((name.encode(), text.encode("latin-1")) for name, text in origin.custom_headers.items())
    completion = origin.response_completion_timeout
    if is_bucket(origin):
        return OriginSpec(
            kind="s3",
            domain_name=origin.domain_name,
            path=origin.path,
            custom_headers=custom,
            region=_region(origin),
            connection_attempts=origin.connection_attempts,
            connection_timeout=int(origin.connection_timeout),
        )
    scheme, port = _reached(origin)
    return OriginSpec(
        kind="custom",
        domain_name=origin.domain_name,
        path=origin.path,
        custom_headers=custom,
        port=port,
        protocol=scheme,
        read_timeout=int(origin.read_timeout),
        keepalive_timeout=int(origin.keepalive_timeout),
        response_completion_timeout=None if completion is None else int(completion),
        connection_attempts=origin.connection_attempts,
        connection_timeout=int(origin.connection_timeout),
    )


def _region(origin: OriginConfig) -> str:
    if isinstance(origin, BucketOrigin):
        return origin.region
    found = _REGION.search(origin.domain_name)
    return found[1] if found else "us-east-1"


def _reached(origin: OriginConfig) -> tuple[str, int]:
    """Return protocol and port of a custom origin; those of its name on AWS, where that is another one."""
    match origin:
        case HttpOrigin():
            port = {"http": 80, "https": 443}[origin.scheme] if origin.domain_name != origin.host else origin.port
            return origin.scheme, port
        case FunctionOrigin():
            return "https", 443
        case _:
            return "http", 80


def wire_request(request: Request, spec: OriginSpec, request_id: str, *, upgrade: bytes | None = None) -> Request:
    """Return what is sent: the origin path before the URI, custom headers over the viewer's, the request id.

    `upgrade` is the viewer's `Upgrade`, which functions never see.
    """
    custom, name = spec.custom_headers, request_id.encode()
    headers = request.headers.without(*custom.names()).plus(*custom) if custom else request.headers
    headers = headers.plus((b"X-Amz-Cf-Id", name))
    if upgrade is not None:
        headers = headers.plus((b"Upgrade", upgrade))
    if spec.path:
        return request.changed(headers=headers, path=spec.path.encode() + request.path)
    return request.changed(headers=headers)


VIEWERS_OWN: Final = (
    b"if-none-match",
    b"if-modified-since",
    b"if-match",
    b"if-unmodified-since",
    b"if-range",
    b"range",
)


def page_request(request: Request, page: str) -> Request:
    """Return the request for a custom error page: a plain GET in the viewer's name."""
    path, _, query = page.encode().partition(b"?")
    headers = request.headers.without(*VIEWERS_OWN, b"content-length", b"transfer-encoding", b"upgrade")
    return request.changed(method="GET", path=path, query=query or None, headers=headers, body=NO_BODY)


def as_received(response: Response) -> Response:
    """Return an origin's response as origin-response functions see it: with the coding it came in.

    AWS: a chunked answer shows `Transfer-Encoding`, read-only (`spec/lambda-at-edge.md` §2.7); `to_viewer` drops it.
    """
    if response.body.length is not None:
        return response
    return response.changed(headers=response.headers.plus((b"Transfer-Encoding", b"chunked")))


def to_viewer(response: Response, behavior: Behavior, date: bytes, *, s3: bool = False) -> Response:
    """Return the origin's response with the headers that viewers may see, as it is stored (§5.1).

    `s3` says that a bucket answered: the origin a function chose counts, not the configured one.
    """
    drop = _dropped(forwards_cookies(behavior), s3) | named_by_connection(response.headers)
    headers = _filtered_vary(response.headers.without(*drop), behavior)
    if b"date" not in headers:
        headers = headers.plus((b"Date", date))
    return response.changed(headers=headers)


@cache
def _dropped(cookies: bool, s3: bool) -> frozenset[bytes]:
    drop = HOP_BY_HOP | OURS
    if not cookies:
        drop |= {b"set-cookie"}
    return drop | S3_INTERNAL if s3 else drop


def _filtered_vary(headers: Headers, behavior: Behavior) -> Headers:
    """Keep in `Vary` only what is forwarded (§3.6)."""
    lines = headers.get_all(b"vary")
    if not lines:
        return headers
    selection = forwarded(behavior.cache_policy, behavior.origin_request_policy)[0]
    members = [member for line in lines for member in fields.split_list(line)]
    if b"*" in members and behavior.cache_policy.min_ttl == 0:
        return headers
    kept = [member for member in members if _may_vary(member.lower(), selection, behavior)]
    return headers.replaced(b"Vary", b", ".join(kept)) if kept else headers.without(b"vary")


def _may_vary(name: bytes, selection: Selection, behavior: Behavior) -> bool:
    if name in {b"accept-encoding", b"cookie"} or (name != b"*" and selection.takes(name)):
        return True
    if name == b"user-agent":
        return any(b"-is-" in header for header in wanted(behavior.cache_policy, behavior.origin_request_policy))
    return name == b"origin"
