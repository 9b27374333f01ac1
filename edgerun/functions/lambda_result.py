"""The response in a function's result: generated at a request point, or changed at a response point."""

import re
from base64 import b64decode
from typing import Any, Final

from edgerun.distribution.model import Point
from edgerun.functions.lambda_event import standard_phrase
from edgerun.functions.lambda_headers import BAD_IN_VALUE, read_changed_headers, read_new_headers
from edgerun.functions.lambda_refusal import Warn, forgiven, refused
from edgerun.functions.limits import BODYLESS_STATUSES, RESPONSE_BYTES, STATUSES
from edgerun.http.headers import Headers
from edgerun.http.message import NO_BODY, BytesBody, Response
from edgerun.values import value

_STATUS: Final = re.compile(r"[2-5][0-9][0-9]")


@value
class ReturnedBody:
    """The body of a returned response: as text for its size, decoded for the wire."""

    returned: bytes
    data: bytes


def read_generated(point: Point, result: dict[str, Any], *, warn: Warn) -> Response:
    """Return the response that a request function made (§4).

    Args:
        point: viewer-request or origin-request.
        result: an object with `status`.
        warn: gets what is forgiven.

    Returns:
        A response without `Content-Length`: the length is the body's.

    Raises:
        FunctionResultError: the response breaks a rule.
    """
    status = read_status(result["status"])
    reason = _read_reason(result, default=standard_phrase(status).encode())
    headers = read_new_headers(point, result.get("headers", {}), warn=warn)
    body = _read_body(result)
    if body is not None and body.returned and status == 204 and point is Point.VIEWER_REQUEST:
        raise refused("L706", "body", result["body"])
    _refuse_oversize(point, headers, body)
    sent_body = NO_BODY if body is None else _fitting(status, body, warn)
    return Response(status=status, reason=reason, headers=headers, body=sent_body)


def read_origin_response(result: dict[str, Any], *, sent: dict[str, Any], response: Response, warn: Warn) -> Response:
    """Return the response as an origin-response function left it (§5.1).

    Args:
        result: the returned object.
        sent: the event's `response`.
        response: the origin's; its body stays if the result has none.
        warn: gets what is forgiven.

    Raises:
        FunctionResultError: the response breaks a rule.
    """
    point = Point.ORIGIN_RESPONSE
    status = read_status(_required_status(result))
    reason = _changed_reason(result, sent, response, status)
    headers = read_changed_headers(
        point, result.get("headers", {}), sent=sent["headers"], original=response.headers, warn=warn
    )
    body = _read_body(result)
    _refuse_oversize(point, headers, body)
    if body is None:
        headers = _with_own_length(headers, response.headers, warn)
        return Response(status=status, reason=reason, headers=headers, body=response.body)
    new_body = _fitting(status, body, warn)
    # AWS: Transfer-Encoding is read-only, so it is in the result, yet the new body goes out with its length (§5.1).
    headers = with_length(headers.without(b"transfer-encoding"), len(new_body.data))
    return Response(status=status, reason=reason, headers=headers, body=new_body)


def read_viewer_response(result: dict[str, Any], *, sent: dict[str, Any], response: Response, warn: Warn) -> Response:
    """Return the response as a viewer-response function left it: reason and headers (§5.2).

    Args:
        result: the returned object.
        sent: the event's `response`.
        response: what is about to be sent.
        warn: gets what is forgiven.

    Raises:
        FunctionResultError: the response breaks a rule.
    """
    point = Point.VIEWER_RESPONSE
    returned = _required_status(result)
    if returned != sent["status"] and read_status(returned) != response.status:
        raise refused("L203", "status", returned, note=f"the event had {response.status}")
    reason = _changed_reason(result, sent, response, response.status)
    headers = read_changed_headers(
        point, result.get("headers", {}), sent=sent["headers"], original=response.headers, warn=warn
    )
    if "body" in result:
        forgiven(warn, "L707", "body", result["body"])
    if headers is not response.headers:
        _refuse_oversize(point, headers, None)
    return Response(status=response.status, reason=reason, headers=headers, body=response.body)


def read_status(returned: object) -> int:
    """Return a status given as a number or as a string of digits (§2.6, §4.1)."""
    if isinstance(returned, str) and _STATUS.fullmatch(returned):
        return int(returned)
    if isinstance(returned, int) and not isinstance(returned, bool) and returned in STATUSES:
        return returned
    raise refused("L202", "status", returned)


def decoded(returned: str, encoding: object, *, encoding_path: str, path: str) -> bytes:
    """Return the bytes of a body given as text or in base64.

    Args:
        returned: the string.
        encoding: `text` or `base64`; anything else is refused.
        encoding_path: JSON path of the encoding.
        path: JSON path of the string.

    Raises:
        FunctionResultError: unknown encoding, or no valid base64.
    """
    if encoding == "text":
        return octets(returned)
    if encoding != "base64":
        raise refused("L703", encoding_path, encoding)
    try:
        return b64decode(returned, validate=True)
    except ValueError as error:
        raise refused("L704", path, returned) from error


def octets(returned: str) -> bytes:
    """Return a string as UTF-8; half a surrogate pair, which has none, becomes a question mark."""
    return returned.encode("utf-8", "replace")


def with_length(headers: Headers, length: int) -> Headers:
    """Return headers whose one Content-Length, in the case it had, is this."""
    named = next((name for name, _ in headers.lines if name.lower() == b"content-length"), b"Content-Length")
    return headers.replaced(named, b"%d" % length)


def _required_status(result: dict[str, Any]) -> object:
    if "status" not in result:
        raise refused("L201", "status", None, note="it is missing")
    return result["status"]


def _read_reason(result: dict[str, Any], *, default: bytes) -> bytes:
    if "statusDescription" not in result:
        return default
    returned = result["statusDescription"]
    if not isinstance(returned, str) or BAD_IN_VALUE.search(returned):
        raise refused("L204", "statusDescription", returned)
    return returned.encode()


def _changed_reason(result: dict[str, Any], sent: dict[str, Any], response: Response, status: int) -> bytes:
    """Return the reason: the original's bytes if status and description came back as they were."""
    same_status = status == response.status
    if same_status and result.get("statusDescription") == sent["statusDescription"]:
        return response.reason
    return _read_reason(result, default=response.reason if same_status else standard_phrase(status).encode())


def _read_body(result: dict[str, Any]) -> ReturnedBody | None:
    """Return the result's body, or None when it has no such member."""
    encoding = result.get("bodyEncoding", "text")
    if "body" not in result:
        decoded("", encoding, encoding_path="bodyEncoding", path="body")
        return None
    returned = result["body"]
    if not isinstance(returned, str):
        raise refused("L701", "body", returned)
    data = decoded(returned, encoding, encoding_path="bodyEncoding", path="body")
    return ReturnedBody(returned=octets(returned), data=data)


def _refuse_oversize(point: Point, headers: Headers, body: ReturnedBody | None) -> None:
    """Refuse what is too large, counted as returned: a base64 body in its encoded form (§4.2)."""
    size = sum(len(name) + len(line_value) for name, line_value in headers.lines)
    if body is not None:
        size += len(body.returned)
    limit = RESPONSE_BYTES[point]
    if size > limit:
        offending = "" if body is None else body.returned[:100].decode("utf-8", "replace")
        path = "headers" if body is None else "body"
        raise refused("L708", path, offending, note=f"headers and body are {size:,} bytes, at {point} {limit:,} fit")


def _fitting(status: int, body: ReturnedBody, warn: Warn) -> BytesBody:
    """Return the body to send: none for a status that has none."""
    if body.data and status in BODYLESS_STATUSES:
        forgiven(warn, "L709", "body", body.returned[:100].decode("utf-8", "replace"), note=f"the status is {status}")
        return NO_BODY
    return BytesBody(body.data)


def _with_own_length(headers: Headers, original: Headers, warn: Warn) -> Headers:
    """Return headers whose Content-Length is the original's, since the body is the original's."""
    own, returned = original.get_all(b"content-length"), headers.get_all(b"content-length")
    if own == returned:
        return headers
    forgiven(warn, "L710", "headers.content-length", [each.decode("latin-1") for each in returned])
    kept = (line for line in original.lines if line[0].lower() == b"content-length")
    return headers.without(b"content-length").plus(*kept)
