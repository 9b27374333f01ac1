"""The response in a CloudFront Function's result: generated at viewer-request, or changed at viewer-response."""

from base64 import b64decode
from typing import Any, Final

from edgerun.functions.cloudfront_entries import read_entries, set_cookie_wire
from edgerun.functions.cloudfront_event import Collection, set_cookies
from edgerun.functions.cloudfront_headers import read_headers, read_new_headers
from edgerun.functions.lambda_headers import BAD_IN_VALUE
from edgerun.functions.lambda_refusal import Judge, refused
from edgerun.functions.lambda_result import as_text, octets, with_length
from edgerun.functions.limits import BODYLESS_STATUSES, STATUSES
from edgerun.http.headers import EMPTY, Headers
from edgerun.http.message import NO_BODY, Body, BytesBody, Response
from edgerun.http.status import reason

_BODY: Final = "response.body"


def read_generated(returned: dict[str, Any], *, judge: Judge) -> Response:
    """Return the response that a viewer-request function made (`spec/cloudfront-functions.md` §2.3).

    Args:
        returned: an object with `statusCode`.
        judge: decides what is forgiven.

    Returns:
        A response without `Content-Length`: the length is the body's.

    Raises:
        FunctionResultError: the response breaks a rule.
    """
    status = _read_status(returned["statusCode"], judge)
    phrase = _read_reason(returned, reason(status), judge)
    headers = read_new_headers(returned.get("headers", {}), judge=judge)
    headers = _with_cookies(headers, returned.get("cookies", {}), {}, EMPTY, judge)
    body = NO_BODY
    if returned.get("body") is not None:
        body = BytesBody(_read_body(returned["body"], judge))
    return Response(status=status, reason=phrase, headers=headers, body=NO_BODY if _is_bodyless(status) else body)


def read_changed(returned: dict[str, Any], *, sent: dict[str, Any], response: Response, judge: Judge) -> Response:
    """Return the response as a viewer-response function left it: status, headers, cookies, and perhaps a body.

    Args:
        returned: an object with `statusCode`.
        sent: the event's `response`.
        response: what is about to be sent; its body stays if the result has none.
        judge: decides what is forgiven.

    Raises:
        FunctionResultError: the response breaks a rule.
    """
    status, phrase = response.status, response.reason
    if returned["statusCode"] != sent["statusCode"]:
        status = _read_status(returned["statusCode"], judge)
    if status != response.status or returned.get("statusDescription") != sent["statusDescription"]:
        # A description that was left alone belongs to the status from before.
        alone = returned.get("statusDescription") == sent["statusDescription"]
        phrase = reason(status) if alone else _read_reason(returned, reason(status), judge)
    headers = read_headers(
        "response", returned.get("headers", {}), sent=sent["headers"], original=response.headers, judge=judge
    )
    headers = _with_cookies(headers, returned.get("cookies", {}), sent["cookies"], response.headers, judge)
    body: Body = response.body
    if returned.get("body") is not None:
        data = _read_body(returned["body"], judge)
        body, headers = BytesBody(data), with_length(headers.without(b"transfer-encoding"), len(data))
    elif status != response.status and _is_bodyless(status):
        body, headers = NO_BODY, headers.without(b"content-length")
    return Response(status=status, reason=phrase, headers=headers, body=body)


def _is_bodyless(status: int) -> bool:
    return status in BODYLESS_STATUSES


def _read_status(returned: object, judge: Judge) -> int:
    path = "response.statusCode"
    if isinstance(returned, bool) or not isinstance(returned, int):
        digits = isinstance(returned, str) and returned.isascii() and returned.isdigit() and len(returned) == 3
        judge.broken("C202", path, returned, sense=digits)
        returned = int(str(returned))
    if returned not in STATUSES:
        raise refused("C203", path, returned)
    return returned


def _read_reason(returned: dict[str, Any], default: bytes, judge: Judge) -> bytes:
    if "statusDescription" not in returned:
        return default
    said = returned["statusDescription"]
    if not isinstance(said, str) or BAD_IN_VALUE.search(said):
        judge.broken("C204", "response.statusDescription", said)
        return default
    return said.encode()


def _with_cookies(headers: Headers, returned: object, sent: Collection, original: Headers, judge: Judge) -> Headers:
    """Return the headers with the Set-Cookie lines of `cookies`, which stand last."""
    if returned == sent:
        return headers
    jar = read_entries(returned, sent=sent, pieces=set_cookies(original), path="response.cookies", judge=judge)
    lines = [line for cookie in jar for line in set_cookie_wire(cookie, judge)]
    return headers.without(b"set-cookie").plus(*((b"Set-Cookie", line) for line in lines))


def _read_body(returned: object, judge: Judge) -> bytes:
    if isinstance(returned, str):
        return octets(returned)
    if not isinstance(returned, dict) or not isinstance(returned.get("data"), str):
        told = as_text(returned)
        judge.broken("C701", _BODY, returned, sense=told is not None)
        return octets(told or "")
    encoding = returned.get("encoding", "text")
    if encoding not in ("text", "base64"):  # it may be a list, which no set takes
        judge.broken("C702", f"{_BODY}.encoding", encoding)
        encoding = "text"
    if encoding == "text":
        return octets(returned["data"])
    try:
        return b64decode(returned["data"], validate=True)
    except ValueError:
        raise refused("C703", f"{_BODY}.data", returned["data"]) from None
