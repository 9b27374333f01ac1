"""The Lambda@Edge dialect: requests and responses to events, results back to requests and responses.

The result decides: what it leaves out is removed. Every rule it can break is in `rules.py`; a broken one raises a
`FunctionResultError`, or is passed to `warn` where AWS is unclear (`spec/lambda-at-edge.md` §13). The checks come in
the order of §9.5, and the first failure ends them.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, cast

from edgerun.distribution.model import OriginSpec, Point
from edgerun.functions.lambda_event import EdgeContext, ExposedBody, build_event
from edgerun.functions.lambda_headers import names_in_event, read_changed_headers
from edgerun.functions.lambda_origin import read_origin, without_custom_headers
from edgerun.functions.lambda_refusal import Warn, Warned, forgiven, refused, unforgiven
from edgerun.functions.lambda_result import (
    decoded,
    read_generated,
    read_origin_response,
    read_viewer_response,
    with_length,
)
from edgerun.functions.limits import EXPOSED_BODY, URI_CHARACTERS
from edgerun.http.headers import Headers
from edgerun.http.message import Body, BytesBody, Request, Response
from edgerun.values import value

__all__ = [
    "ChangedRequest",
    "EdgeContext",
    "ExposedBody",
    "Warn",
    "Warned",
    "build_event",
    "parse_payload",
    "read_request_result",
    "read_response_result",
    "unforgiven",
    "with_body",
]

_BAD_IN_URI: Final = re.compile(r"[\x00-\x20\x7f?#\ud800-\udfff]")
_BAD_IN_QUERYSTRING: Final = re.compile(r"[\x00-\x20\x7f#\ud800-\udfff]")


@value
class ChangedRequest:
    """The request with which the walk goes on, and at origin-request the origin it goes to."""

    request: Request
    origin: OriginSpec | None


def parse_payload(payload: bytes, loads: Callable[[bytes], object]) -> object:
    """Return what a function's payload says.

    Args:
        payload: the bytes the runtime returned.
        loads: the JSON decoder; raises a `ValueError` for what is not JSON.

    Raises:
        FunctionResultError: the payload is not JSON.
    """
    try:
        return loads(payload)
    except (ValueError, RecursionError) as error:
        raise refused("L101", "", payload[:100].decode("utf-8", "replace"), note=str(error)[:200]) from error


def read_request_result(
    context: EdgeContext,
    event: dict[str, object],
    result: object,
    *,
    request: Request,
    origin: OriginSpec | None,
    warn: Warn,
) -> ChangedRequest | Response:
    """Return what a viewer-request or origin-request function decided: go on, or answer.

    Args:
        context: the one the event was built with.
        event: what was sent.
        result: what came back, any JSON value.
        request: the one the event was built from; what the function left alone keeps its bytes.
        origin: likewise; None at viewer-request.
        warn: gets what is forgiven.

    Returns:
        The request to go on with, or the generated response.

    Raises:
        FunctionResultError: the result breaks a rule.
    """
    sent = _sent(event, "request")
    if result == sent:
        return ChangedRequest(request=_visible(context.point, request, origin), origin=origin)
    returned = _object(result)
    if "status" in returned:
        return read_generated(context.point, returned, warn=warn)
    if "uri" not in returned:
        raise refused("L103", "", returned, note=_guess(returned))
    _warn_of_read_only(returned, sent, warn)
    original = _visible(context.point, request, origin)
    headers = read_changed_headers(
        context.point, returned.get("headers", {}), sent=sent["headers"], original=original.headers, warn=warn
    )
    path, query = _read_target(returned, sent, original, warn)
    new_origin = _read_new_origin(context.point, returned, sent, origin, headers, warn)
    data = _read_new_body(context.point, returned.get("body", {}))
    body: Body = original.body
    if data is not None:
        body = BytesBody(data)
        # AWS: Content-Length is read-only, and adjusted to the replaced body (§6).
        headers = with_length(headers, len(data)) if b"content-length" in headers else headers
    changed = replace(request, path=path, query=query, headers=headers, body=body)
    return ChangedRequest(request=changed, origin=new_origin)


def read_response_result(
    context: EdgeContext, event: dict[str, object], result: object, *, response: Response, warn: Warn
) -> Response:
    """Return the response as an origin-response or viewer-response function left it.

    Whoever gets a response with another body than the one given closes the latter.

    Args:
        context: the one the event was built with.
        event: what was sent.
        result: what came back, any JSON value.
        response: the one the event was built from; what the function left alone keeps its bytes.
        warn: gets what is forgiven.

    Raises:
        FunctionResultError: the result breaks a rule.
    """
    sent = _sent(event, "response")
    returned = _object(result)
    if context.point is Point.VIEWER_RESPONSE:
        return read_viewer_response(returned, sent=sent, response=response, warn=warn)
    return read_origin_response(returned, sent=sent, response=response, warn=warn)


def with_body(request: Request, body: Body) -> Request:
    """Return a request with another body; its headers stay."""
    return replace(request, body=body)


def _sent(event: dict[str, object], member: str) -> dict[str, Any]:
    return cast("dict[str, Any]", cast("Any", event)["Records"][0]["cf"][member])


def _object(result: object) -> dict[str, Any]:
    if not isinstance(result, dict):
        raise refused("L102", "", result)
    return result


def _guess(returned: dict[str, Any]) -> str:
    """Return what the result seems to be."""
    if "Records" in returned:
        return "which is the whole event"
    if "statusCode" in returned:
        return "which has statusCode, the word of API Gateway and CloudFront Functions, not status"
    return "which has neither uri nor status"


def _visible(point: Point, request: Request, origin: OriginSpec | None) -> Request:
    """Return the request without what the configured origin's custom headers override."""
    if point is not Point.ORIGIN_REQUEST or origin is None:
        return request
    headers = without_custom_headers(request.headers, origin)
    return request if headers is request.headers else replace(request, headers=headers)


def _warn_of_read_only(returned: dict[str, Any], sent: dict[str, Any], warn: Warn) -> None:
    for name, rule in (("method", "L505"), ("clientIp", "L506")):
        if name in returned and returned[name] != sent[name]:
            forgiven(warn, rule, name, returned[name], note=f"the event had {sent[name]}")


def _read_target(
    returned: dict[str, Any], sent: dict[str, Any], original: Request, warn: Warn
) -> tuple[bytes, bytes | None]:
    """Return path and query: the original's bytes where the function left them alone (§3.2, §3.3, §3.6)."""
    uri = returned["uri"]
    querystring = returned.get("querystring", "")
    if "querystring" not in returned and sent["querystring"]:
        forgiven(warn, "L507", "querystring", None, note=f"the event had {sent['querystring'][:80]}")
    new_uri, new_querystring = uri != sent["uri"], querystring != sent["querystring"]
    if new_uri and (not isinstance(uri, str) or not uri.startswith("/")):
        raise refused("L501", "uri", uri)
    if new_uri and _BAD_IN_URI.search(uri):
        raise refused("L502", "uri", uri)
    if new_querystring and (not isinstance(querystring, str) or _BAD_IN_QUERYSTRING.search(querystring)):
        raise refused("L503", "querystring", querystring)
    length = len(uri) + len(querystring)
    if (new_uri or new_querystring) and length >= URI_CHARACTERS:
        raise refused("L504", "uri" if new_uri else "querystring", uri, note=f"together {length:,} characters")
    path = uri.encode() if new_uri else original.path
    query = (querystring.encode() or None) if new_querystring else original.query
    return path, query


def _read_new_origin(
    point: Point,
    returned: dict[str, Any],
    sent: dict[str, Any],
    origin: OriginSpec | None,
    headers: Headers,
    warn: Warn,
) -> OriginSpec | None:
    """Return the origin to go to; only origin-request may choose (§3.5)."""
    if point is not Point.ORIGIN_REQUEST or origin is None:
        return origin
    if "origin" not in returned:
        forgiven(warn, "L617", "origin", None, note="it is missing")
        return origin
    names = {names[0] for names in map(names_in_event, headers.names()) if names is not None}
    return read_origin(returned["origin"], sent=sent["origin"], configured=origin, request_headers=names, warn=warn)


def _read_new_body(point: Point, returned: object) -> bytes | None:
    """Return the bytes that replace the request's body, or None to leave it (§6)."""
    if not isinstance(returned, dict):
        raise refused("L701", "body", returned)
    action = returned.get("action", "read-only")
    if action == "read-only":
        return None
    if action != "replace":
        raise refused("L702", "body.action", action)
    text = returned.get("data")
    if not isinstance(text, str):
        raise refused("L701", "body.data", text)
    encoding = returned.get("encoding", "base64")
    data = decoded(text, encoding, encoding_path="body.encoding", path="body.data")
    limit = EXPOSED_BODY[point]
    if len(data) > limit:
        raise refused("L705", "body.data", text, note=f"which are {len(data):,} bytes, at {point} {limit:,} fit")
    return data
