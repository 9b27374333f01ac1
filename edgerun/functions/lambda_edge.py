"""The Lambda@Edge dialect: requests and responses to events, results back to requests and responses.

The result decides: what it leaves out is removed. Every rule it can break is in `rules.py`; a broken one raises a
`FunctionResultError`, or is passed to `warn` where AWS is unclear (`spec/lambda-at-edge.md` §13). The checks come in
the order of §9.5, and the first failure ends them.
"""

import re
from collections.abc import Callable
from typing import Any, Final, cast

from edgerun.distribution.choice import OriginChoice
from edgerun.distribution.model import Point
from edgerun.distribution.origins import OriginSpec
from edgerun.functions.lambda_event import EdgeContext, ExposedBody, build_event
from edgerun.functions.lambda_headers import names_in_event, read_changed_headers
from edgerun.functions.lambda_origin import read_origin, without_custom_headers
from edgerun.functions.lambda_refusal import Judge, Warn, Warned, refused
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
from edgerun.values import changed, value

__all__ = [
    "ChangedRequest",
    "EdgeContext",
    "ExposedBody",
    "Judge",
    "Warn",
    "Warned",
    "build_event",
    "parse_payload",
    "read_request_result",
    "read_response_result",
    "with_body",
]

BAD_IN_URI: Final = re.compile(r"[\x00-\x20\x7f?#\ud800-\udfff]")
_BAD_IN_QUERYSTRING: Final = re.compile(r"[\x00-\x20\x7f#\ud800-\udfff]")


@value
class ChangedRequest:
    """The request with which the walk goes on, and where it goes.

    Attributes:
        request: as the function left it.
        origin: at origin-request the origin it goes to, else None.
        choice: at viewer-request the origin that a CloudFront Function chose, if it did.
    """

    request: Request
    origin: OriginSpec | None
    choice: OriginChoice | None = None


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
    judge: Judge,
) -> ChangedRequest | Response:
    """Return what a viewer-request or origin-request function decided: go on, or answer.

    Args:
        context: the one the event was built with.
        event: what was sent.
        result: what came back, any JSON value.
        request: the one the event was built from; what the function left alone keeps its bytes.
        origin: likewise; None at viewer-request.
        judge: decides what is forgiven.

    Returns:
        The request to go on with, or the generated response.

    Raises:
        FunctionResultError: the result breaks a rule.
    """
    sent = _sent(event, "request")
    if result == sent:
        return ChangedRequest(request=_visible(context.point, request, origin), origin=origin)
    returned = _meant(_object(result), "request", judge)
    if "status" in returned:
        return read_generated(context.point, returned, judge=judge)
    _warn_of_read_only(returned, sent, judge)
    original = _visible(context.point, request, origin)
    headers = read_changed_headers(
        context.point, returned.get("headers", {}), sent=sent["headers"], original=original.headers, judge=judge
    )
    path, query = _read_target(returned, sent, original, judge)
    new_origin = _read_new_origin(context.point, returned, sent, origin, headers, judge)
    data = _read_new_body(context.point, returned.get("body", {}), judge)
    body: Body = original.body
    if data is not None:
        body = BytesBody(data)
        # AWS: Content-Length is read-only, and adjusted to the replaced body (§6).
        headers = with_length(headers, len(data)) if b"content-length" in headers else headers
    request = changed(request, path=path, query=query, headers=headers, body=body)
    return ChangedRequest(request=request, origin=new_origin)


def read_response_result(
    context: EdgeContext, event: dict[str, object], result: object, *, response: Response, judge: Judge
) -> Response:
    """Return the response as an origin-response or viewer-response function left it.

    Whoever gets a response with another body than the one given closes the latter.

    Args:
        context: the one the event was built with.
        event: what was sent.
        result: what came back, any JSON value.
        response: the one the event was built from; what the function left alone keeps its bytes.
        judge: decides what is forgiven.

    Raises:
        FunctionResultError: the result breaks a rule.
    """
    sent = _sent(event, "response")
    returned = _meant(_object(result), "response", judge)
    if context.point is Point.VIEWER_RESPONSE:
        return read_viewer_response(returned, sent=sent, response=response, judge=judge)
    return read_origin_response(returned, sent=sent, response=response, judge=judge)


def with_body(request: Request, body: Body) -> Request:
    """Return a request with another body; its headers stay."""
    return changed(request, body=body)


def _sent(event: dict[str, object], member: str) -> dict[str, Any]:
    return cast("dict[str, Any]", cast("Any", event)["Records"][0]["cf"][member])


def _object(result: object) -> dict[str, Any]:
    if not isinstance(result, dict):
        raise refused("L102", "", result)
    return result


def _meant(returned: dict[str, Any], member: str, judge: Judge) -> dict[str, Any]:
    """Return an object that is a request or a response, or what is meant by one that is neither (§3.1, §4.3)."""
    if "status" in returned or (member == "request" and "uri" in returned):
        return returned
    meant = _sense(returned, member)
    if member == "request":
        judge.broken("L103", "", returned, note=_guess(returned), sense=meant is not None)
    else:
        judge.broken("L201", "status", None, note="it is missing", sense=meant is not None)
    assert meant is not None
    return meant


def _sense(returned: dict[str, Any], member: str) -> dict[str, Any] | None:
    """Return the message in a whole event, or the response that other products' `statusCode` makes."""
    if "statusCode" in returned:
        return {**returned, "status": returned["statusCode"]}
    records = returned.get("Records")
    inside: object = records[0] if isinstance(records, list) and records else None
    for step in ("cf", member):
        inside = inside.get(step) if isinstance(inside, dict) else None
    required = "uri" if member == "request" else "status"
    return inside if isinstance(inside, dict) and required in inside else None


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
    return request if headers is request.headers else changed(request, headers=headers)


def _warn_of_read_only(returned: dict[str, Any], sent: dict[str, Any], judge: Judge) -> None:
    for name, rule in (("method", "L505"), ("clientIp", "L506")):
        if name in returned and returned[name] != sent[name]:
            judge.broken(rule, name, returned[name], note=f"the event had {sent[name]}")


def _read_target(
    returned: dict[str, Any], sent: dict[str, Any], original: Request, judge: Judge
) -> tuple[bytes, bytes | None]:
    """Return path and query: the original's bytes where the function left them alone (§3.2, §3.3, §3.6)."""
    uri = returned["uri"]
    querystring = returned.get("querystring", "")
    if "querystring" not in returned and sent["querystring"]:
        judge.broken("L507", "querystring", None, note=f"the event had {sent['querystring'][:80]}")
    new_uri, new_querystring = uri != sent["uri"], querystring != sent["querystring"]
    if new_uri and (not isinstance(uri, str) or not uri.startswith("/")):
        judge.broken("L501", "uri", uri, sense=isinstance(uri, str) and "://" not in uri)
        uri = f"/{uri}"
    if new_uri and BAD_IN_URI.search(uri):
        encoded = uri.replace(" ", "%20")
        judge.broken("L502", "uri", uri, sense=not BAD_IN_URI.search(encoded))
        uri = encoded
    if new_querystring:
        querystring = _read_querystring(querystring, judge)
    length = len(uri) + len(querystring)
    if (new_uri or new_querystring) and length >= URI_CHARACTERS:
        raise refused("L504", "uri" if new_uri else "querystring", uri, note=f"together {length:,} characters")
    path = uri.encode() if new_uri else original.path
    query = (querystring.encode() or None) if new_querystring else original.query
    return path, query


def _read_querystring(returned: object, judge: Judge) -> str:
    """Return a querystring that a function wrote (§3.3, §13.13)."""
    text = returned if isinstance(returned, str) else ""
    if not isinstance(returned, str) or _BAD_IN_QUERYSTRING.search(returned):
        text = text.replace(" ", "%20")
        sense = (returned is None or bool(text)) and not _BAD_IN_QUERYSTRING.search(text)
        judge.broken("L503", "querystring", returned, sense=sense)
    if text.startswith("?"):
        judge.broken("L508", "querystring", text)
        if judge.readings.querystring_mark == "stripped":
            return text[1:]
    return text


def _read_new_origin(
    point: Point,
    returned: dict[str, Any],
    sent: dict[str, Any],
    origin: OriginSpec | None,
    headers: Headers,
    judge: Judge,
) -> OriginSpec | None:
    """Return the origin to go to; only origin-request may choose (§3.5)."""
    if point is not Point.ORIGIN_REQUEST or origin is None:
        return origin
    if "origin" not in returned:
        judge.broken("L617", "origin", None, note="it is missing")
        return origin
    names = {names[0] for names in map(names_in_event, headers.names()) if names is not None}
    return read_origin(returned["origin"], sent=sent["origin"], configured=origin, request_headers=names, judge=judge)


def _read_new_body(point: Point, returned: object, judge: Judge) -> bytes | None:
    """Return the bytes that replace the request's body, or None to leave it (§6)."""
    if not isinstance(returned, dict):
        judge.broken("L701", "body", returned, sense=returned is None)
        return None
    action = returned.get("action", "read-only")
    if action == "read-only":
        return None
    if action != "replace":
        raise refused("L702", "body.action", action)
    text = returned.get("data")
    if not isinstance(text, str):
        raise refused("L701", "body.data", text)
    encoding = returned.get("encoding", "base64")
    data = decoded(text, encoding, encoding_path="body.encoding", path="body.data", judge=judge)
    limit = judge.limit(EXPOSED_BODY[point])
    if len(data) > limit:
        judge.broken("L705", "body.data", text, note=f"which are {len(data):,} bytes, at {point} {limit:,} fit")
    return data
