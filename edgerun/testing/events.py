"""Events for a handler alone: what AWS would send it, field by field, and what AWS would say to its result."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from edgerun.distribution.forward import origin_request, origin_spec
from edgerun.distribution.geo import place_in
from edgerun.distribution.managed import CACHE_POLICIES
from edgerun.distribution.model import Behavior, Point
from edgerun.distribution.origins import HttpOrigin, OriginSpec
from edgerun.errors import FunctionResultError
from edgerun.functions import lambda_edge
from edgerun.functions.lambda_edge import EdgeContext, ExposedBody, Judge
from edgerun.functions.readings import Strictness
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Request, Response
from edgerun.http.status import reason
from edgerun.values import value

Texts = Mapping[str, str | list[str]]
Event = dict[str, Any]

HOST: Final = "d111111abcdef8.cloudfront.net"
DISTRIBUTION: Final = "EDFDVBD6EXAMPLE"
REQUEST_ID: Final = "4TyzHTaYWb1GX1qTfsHhEqV6HUDd_BzoBZnwfnvQc_1oF26ClkoUSEQ=="
CLIENT: Final = "203.0.113.178"
VIA: Final = b"2.0 2afae0d44e2540f472c0635ab62c232b.cloudfront.net (CloudFront)"
ORIGIN: Final = HttpOrigin(
    name="origin",
    scheme="https",
    host="example.org",
    port=443,
    domain_name="example.org",
    host_header="example.org",
)
BEHAVIOR: Final = Behavior(path_pattern="*", origin=ORIGIN, cache_policy=CACHE_POLICIES[0])


def viewer_request_event(
    uri: str = "/", *, method: str = "GET", headers: Texts | None = None, body: bytes | None = None,
    host: str = HOST, client_ip: str = CLIENT,
) -> Event:  # fmt: skip
    """Return the event of a viewer-request function.

    Args:
        uri: path and query, as the viewer asks for them.
        method: of the request.
        headers: beside Host; a list of values makes several lines.
        body: what a function with Include Body sees; None for a function without it.
        host: what the viewer asked.
        client_ip: the viewer's address.
    """
    return _event(Point.VIEWER_REQUEST, _request(uri, method, headers, host, client_ip), body=body)


def origin_request_event(
    uri: str = "/", *, method: str = "GET", headers: Texts | None = None, body: bytes | None = None,
    host: str = HOST, client_ip: str = CLIENT, country: str = "", origin: OriginSpec | None = None,
) -> Event:  # fmt: skip
    """Return the event of an origin-request function: with its origin, and the headers that CloudFront adds.

    Args:
        uri: path and query.
        method: of the request.
        headers: those that the policies let through.
        body: as for `viewer_request_event`.
        host: what the viewer asked; the origin's own name is what the function sees.
        client_ip: the viewer's address.
        country: the viewer's, two capital letters; adds `CloudFront-Viewer-Country`.
        origin: instead of a custom origin `example.org`.
    """
    request = _to_origin(_request(uri, method, headers, host, client_ip), country)
    return _event(Point.ORIGIN_REQUEST, request, origin=origin or origin_spec(ORIGIN), body=body)


def origin_response_event(  # noqa: PLR0913  # keywords, all with defaults
    uri: str = "/", *, status: int = 200, headers: Texts | None = None, method: str = "GET",
    request_headers: Texts | None = None, host: str = HOST, client_ip: str = CLIENT, country: str = "",
    origin: OriginSpec | None = None,
) -> Event:  # fmt: skip
    """Return the event of an origin-response function: `status` and `headers` are the origin's."""
    request = _to_origin(_request(uri, method, request_headers, host, client_ip), country)
    response = _response(status, headers)
    return _event(Point.ORIGIN_RESPONSE, request, origin=origin or origin_spec(ORIGIN), response=response)


def viewer_response_event(
    uri: str = "/", *, status: int = 200, headers: Texts | None = None, method: str = "GET",
    request_headers: Texts | None = None, host: str = HOST, client_ip: str = CLIENT,
) -> Event:  # fmt: skip
    """Return the event of a viewer-response function: `status` and `headers` are what the viewer is about to get."""
    request = _request(uri, method, request_headers, host, client_ip)
    return _event(Point.VIEWER_RESPONSE, request, response=_response(status, headers))


@value
class Refusal:
    """What AWS would say to a result.

    `refused` is False for what is only forgiven here, and may not be elsewhere. `rule` is what `edgerun explain`
    knows it by, `path` the place in the result, `fix` what to do.
    """

    rule: str
    path: str
    value: str
    message: str
    fix: str = ""
    refused: bool = True


def refusals(point: str, event: Event, result: object, *, strictness: Strictness = "strict") -> list[Refusal]:
    """Return what AWS would reject, or may reject, of a handler's result; an empty list when all is well.

    Args:
        point: such as `viewer-request`.
        event: what the handler was given, unchanged: take a copy if it changes its event.
        result: what it returned.
        strictness: how AWS's unclear points are read.
    """
    found: list[Refusal] = []
    judge = Judge.at(
        strictness,
        lambda warned: found.append(
            Refusal(rule=warned.rule, path=warned.path, value="", message=warned.message, refused=False)
        ),
    )
    try:
        _judged(Point(point), event, result, judge)
    except FunctionResultError as error:
        refused = Refusal(rule=error.rule, path=error.path, value=str(error.value), message=str(error), fix=error.fix)
        found.insert(0, refused)
    return found


def _judged(point: Point, event: Event, result: object, judge: Judge) -> None:
    sent = event["Records"][0]["cf"]
    context = EdgeContext(
        point=point, distribution_domain_name=HOST, distribution_id=DISTRIBUTION, request_id=REQUEST_ID
    )
    told = sent["request"]
    request = Request(
        method=told["method"],
        path=told["uri"].encode("latin-1", "replace"),
        query=told["querystring"].encode("latin-1", "replace") or None,
        headers=_lines_of(told["headers"]),
        client=(told["clientIp"], 443),
    )
    if point in {Point.VIEWER_REQUEST, Point.ORIGIN_REQUEST}:
        origin = origin_spec(ORIGIN) if point is Point.ORIGIN_REQUEST else None
        lambda_edge.read_request_result(context, event, result, request=request, origin=origin, judge=judge)
        return
    response = Response(status=int(sent["response"]["status"]), headers=_lines_of(sent["response"]["headers"]))
    lambda_edge.read_response_result(context, event, result, response=response, judge=judge)


# ------------------------------------------------------------------------------


def _event(
    point: Point, request: Request, *, origin: OriginSpec | None = None, response: Response | None = None,
    body: bytes | None = None,
) -> Event:  # fmt: skip
    context = EdgeContext(
        point=point, distribution_domain_name=HOST, distribution_id=DISTRIBUTION, request_id=REQUEST_ID
    )
    exposed = None if body is None else ExposedBody(data=body, truncated=False)
    # Built anew each time: a handler may change what it is given.
    made: Event = _copied(lambda_edge.build_event(context, request, origin=origin, response=response, exposed=exposed))
    return made


def _copied(given: Any) -> Any:
    if isinstance(given, dict):
        return {name: _copied(each) for name, each in given.items()}
    return [_copied(each) for each in given] if isinstance(given, list) else given


def _request(uri: str, method: str, headers: Texts | None, host: str, client_ip: str) -> Request:
    parts = urlsplit(uri)
    return Request(
        method=method,
        path=(parts.path or "/").encode(),
        query=parts.query.encode() or None,
        headers=Headers([(b"Host", host.encode()), *_lines(headers)]),
        http_version="2.0",
        client=(client_ip, 443),
    )


def _to_origin(request: Request, country: str) -> Request:
    made = origin_request(request, BEHAVIOR, ORIGIN, VIA)
    if country:
        line = (b"CloudFront-Viewer-Country", place_in(country).country.encode())
        made = made.changed(headers=made.headers.plus(line))
    # What CloudFront keeps from the origin for want of a policy, the caller has asked for here.
    known = set(made.headers.names())
    asked = [line for line in request.headers if line[0].lower() not in known | {b"host"}]
    return made.changed(headers=made.headers.plus(*asked)) if asked else made


def _response(status: int, headers: Texts | None) -> Response:
    lines = _lines(headers) or [(b"Content-Type", b"text/html")]
    return Response(status=status, reason=reason(status), headers=Headers(lines), body=BytesBody(b""))


def _lines(headers: Texts | None) -> list[tuple[bytes, bytes]]:
    lines = []
    for name, given in (headers or {}).items():
        several = [given] if isinstance(given, str) else given
        lines += [(name.encode("latin-1"), text.encode("latin-1")) for text in several]
    return lines


def _lines_of(told: Mapping[str, list[dict[str, str]]]) -> Headers:
    return Headers(
        (each.get("key", name).encode("latin-1", "replace"), str(each["value"]).encode("latin-1", "replace"))
        for name, several in told.items()
        for each in several
    )
