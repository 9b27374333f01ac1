"""The response in a function's result: generated at a request point, or changed at a response point."""

import json
import re
from base64 import b64decode
from typing import Any, Final

from edgerun.distribution.model import Point
from edgerun.functions.lambda_headers import BAD_IN_VALUE, read_changed_headers, read_new_headers
from edgerun.functions.lambda_refusal import Judge, plain_text, refused
from edgerun.functions.limits import BODYLESS_STATUSES, RESPONSE_BYTES, STATUSES
from edgerun.functions.readings import REFUSE
from edgerun.http.headers import Headers
from edgerun.http.message import NO_BODY, BytesBody, Response
from edgerun.http.status import reason
from edgerun.values import value

_STATUS: Final = re.compile(r"[2-5][0-9][0-9]")


@value
class ReturnedBody:
    """The body of a returned response: as text for its size, decoded for the wire."""

    returned: bytes
    data: bytes


def read_generated(point: Point, result: dict[str, Any], *, judge: Judge) -> Response:
    """Return the response that a request function made (§4).

    Args:
        point: viewer-request or origin-request.
        result: an object with `status`.
        judge: decides what is forgiven.

    Returns:
        A response without `Content-Length`: the length is the body's.

    Raises:
        FunctionResultError: the response breaks a rule.
    """
    status = read_status(result["status"])
    phrase = _read_reason(result, default=reason(status), judge=judge)
    headers = read_new_headers(point, result.get("headers", {}), judge=judge)
    body = _read_body(result, judge)
    if body is not None and status == 204 and point is Point.VIEWER_REQUEST:
        body = _refuse_body_of_204(body, judge)
    _refuse_oversize(point, headers, body, judge)
    sent_body = NO_BODY if body is None else _fitting(status, body, judge)
    return Response(status=status, reason=phrase, headers=headers, body=sent_body)


def read_origin_response(result: dict[str, Any], *, sent: dict[str, Any], response: Response, judge: Judge) -> Response:
    """Return the response as an origin-response function left it (§5.1).

    Args:
        result: the returned object.
        sent: the event's `response`.
        response: the origin's; its body stays if the result has none.
        judge: decides what is forgiven.

    Raises:
        FunctionResultError: the response breaks a rule.
    """
    point = Point.ORIGIN_RESPONSE
    status = read_status(result["status"])
    phrase = _changed_reason(result, sent, response, status, judge)
    headers = read_changed_headers(
        point, result.get("headers", {}), sent=sent["headers"], original=response.headers, judge=judge
    )
    body = _read_body(result, judge)
    _refuse_oversize(point, headers, body, judge)
    if body is None:
        headers = _with_own_length(headers, response.headers, judge)
        return Response(status=status, reason=phrase, headers=headers, body=response.body)
    new_body = _fitting(status, body, judge)
    # AWS: Transfer-Encoding is read-only, so it is in the result, yet the new body goes out with its length (§5.1).
    headers = with_length(headers.without(b"transfer-encoding"), len(new_body.data))
    return Response(status=status, reason=phrase, headers=headers, body=new_body)


def read_viewer_response(result: dict[str, Any], *, sent: dict[str, Any], response: Response, judge: Judge) -> Response:
    """Return the response as a viewer-response function left it: reason and headers (§5.2).

    Args:
        result: the returned object.
        sent: the event's `response`.
        response: what is about to be sent.
        judge: decides what is forgiven.

    Raises:
        FunctionResultError: the response breaks a rule.
    """
    point = Point.VIEWER_RESPONSE
    returned = result["status"]
    if returned != sent["status"] and read_status(returned) != response.status:
        judge.broken("L203", "status", returned, note=f"the event had {response.status}")
    phrase = _changed_reason(result, sent, response, response.status, judge)
    headers = read_changed_headers(
        point, result.get("headers", {}), sent=sent["headers"], original=response.headers, judge=judge
    )
    if "body" in result:
        judge.broken("L707", "body", result["body"])
    if headers is not response.headers:
        _refuse_oversize(point, headers, None, judge)
    return Response(status=response.status, reason=phrase, headers=headers, body=response.body)


def read_status(returned: object) -> int:
    """Return a status given as a number or as a string of digits (§2.6, §4.1)."""
    if isinstance(returned, str) and _STATUS.fullmatch(returned):
        return int(returned)
    if isinstance(returned, int) and not isinstance(returned, bool) and returned in STATUSES:
        return returned
    raise refused("L202", "status", returned)


def decoded(returned: str, encoding: object, *, encoding_path: str, path: str, judge: Judge) -> bytes:
    """Return the bytes of a body given as text or in base64.

    Args:
        returned: the string.
        encoding: `text` or `base64`; anything else is refused.
        encoding_path: JSON path of the encoding.
        path: JSON path of the string.
        judge: decides what is forgiven.

    Raises:
        FunctionResultError: unknown encoding, or no valid base64.
    """
    if encoding not in ("text", "base64"):  # it may be a list, which no set takes
        judge.broken("L703", encoding_path, encoding, sense=encoding is None or isinstance(encoding, str))
        encoding = "base64" if str(encoding).lower() == "base64" else "text"
    if encoding == "text":
        return octets(returned)
    data = _base64(returned)
    if data is None:
        data = _base64(re.sub(r"[=\s]", "", returned).replace("-", "+").replace("_", "/"), pad=True)
        judge.broken("L704", path, returned, sense=data is not None)
    assert data is not None
    return data


def _base64(returned: str, *, pad: bool = False) -> bytes | None:
    try:
        return b64decode(returned + "=" * (-len(returned) % 4 if pad else 0), validate=True)
    except ValueError:
        return None


def octets(returned: str) -> bytes:
    """Return a string as UTF-8; half a surrogate pair, which has none, becomes a question mark."""
    return returned.encode("utf-8", "replace")


def with_length(headers: Headers, length: int) -> Headers:
    """Return headers whose one Content-Length, in the case it had, is this."""
    named = next((name for name, _ in headers.lines if name.lower() == b"content-length"), b"Content-Length")
    return headers.replaced(named, b"%d" % length)


def _read_reason(result: dict[str, Any], *, default: bytes, judge: Judge) -> bytes:
    if "statusDescription" not in result:
        return default
    returned = result["statusDescription"]
    if not isinstance(returned, str) or BAD_IN_VALUE.search(returned):
        judge.broken("L204", "statusDescription", returned)
        return default
    return returned.encode()


def _changed_reason(
    result: dict[str, Any], sent: dict[str, Any], response: Response, status: int, judge: Judge
) -> bytes:
    """Return the reason: the original's bytes if status and description came back as they were."""
    same_status = status == response.status
    if same_status and result.get("statusDescription") == sent["statusDescription"]:
        return response.reason
    default = response.reason if same_status else reason(status)
    return _read_reason(result, default=default, judge=judge)


def _read_body(result: dict[str, Any], judge: Judge) -> ReturnedBody | None:
    """Return the result's body, or None when it has no such member."""
    encoding = result.get("bodyEncoding", "text")
    if "body" not in result:
        decoded("", encoding, encoding_path="bodyEncoding", path="body", judge=judge)
        return None
    returned = result["body"]
    if not isinstance(returned, str):
        told = as_text(returned)
        judge.broken("L701", "body", returned, sense=returned is None or told is not None)
        if told is None:
            return None
        returned = told
    data = decoded(returned, encoding, encoding_path="bodyEncoding", path="body", judge=judge)
    return ReturnedBody(returned=octets(returned), data=data)


def as_text(returned: object) -> str | None:
    """Return what a forgiving reader takes a body for: an object or list for its JSON."""
    if not isinstance(returned, dict | list):
        return plain_text(returned)
    try:
        return json.dumps(returned)
    except (ValueError, TypeError, RecursionError):
        return None


def _refuse_body_of_204(body: ReturnedBody, judge: Judge) -> ReturnedBody | None:
    """Refuse a body with status 204; whether an empty one is a body is open (§4.2)."""
    if not body.returned and judge.readings.empty_body_with_204 != REFUSE:
        return body
    judge.broken("L706", "body", body.returned[:100].decode("utf-8", "replace"))
    return None


def _refuse_oversize(point: Point, headers: Headers, body: ReturnedBody | None, judge: Judge) -> None:
    """Refuse what is too large, counted as returned: a base64 body in its encoded form (§4.2, §13.11)."""
    size = sum(len(name) + len(line_value) for name, line_value in headers.lines)
    if body is not None:
        size += len(body.data if judge.readings.base64_size == "decoded" else body.returned)
    limit = judge.limit(RESPONSE_BYTES[point])
    if size > limit:
        offending = "" if body is None else body.returned[:100].decode("utf-8", "replace")
        path = "headers" if body is None else "body"
        judge.broken("L708", path, offending, note=f"headers and body are {size:,} bytes, at {point} {limit:,} fit")


def _fitting(status: int, body: ReturnedBody, judge: Judge) -> BytesBody:
    """Return the body to send: none for a status that has none."""
    if body.data and status in BODYLESS_STATUSES:
        judge.broken("L709", "body", body.returned[:100].decode("utf-8", "replace"), note=f"the status is {status}")
        return NO_BODY
    return BytesBody(body.data)


def _with_own_length(headers: Headers, original: Headers, judge: Judge) -> Headers:
    """Return headers whose Content-Length is the original's, since the body is the original's."""
    own, returned = original.get_all(b"content-length"), headers.get_all(b"content-length")
    if own == returned:
        return headers
    judge.broken("L710", "headers.content-length", [each.decode("latin-1") for each in returned])
    kept = (line for line in original.lines if line[0].lower() == b"content-length")
    return headers.without(b"content-length").plus(*kept)
