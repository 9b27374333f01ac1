"""The CloudFront Functions dialect: requests and responses to events, results back to requests and responses.

The result decides: what it leaves out is removed. Every rule it can break is in `cloudfront_rules.py`. The checks come
in the order of `spec/cloudfront-functions.md` §6, and the first failure ends them.
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from edgerun.distribution.origins import OriginSpec
from edgerun.functions.cloudfront_entries import BAD_IN_QUERY, Returned, cookie_wire, parameter_wire, read_entries
from edgerun.functions.cloudfront_event import build_event, cookies, parameters
from edgerun.functions.cloudfront_headers import read_headers
from edgerun.functions.cloudfront_origin import read_calls
from edgerun.functions.cloudfront_response import read_changed, read_generated
from edgerun.functions.lambda_edge import BAD_IN_URI, ChangedRequest
from edgerun.functions.lambda_refusal import Judge, refused
from edgerun.functions.limits import URI_CHARACTERS
from edgerun.http.headers import Headers
from edgerun.http.message import Request, Response
from edgerun.values import value

__all__ = ["Outcome", "build_event", "parse_payload", "read_request_result", "read_response_result"]


@value
class Outcome:
    """What a run brought.

    Attributes:
        result: what the handler returned, as JSON; None if that has no JSON.
        kind: JavaScript's word for what it returned, such as `undefined`.
        calls: the helpers that choose an origin, in the order in which they were called: `method` and `params` each.
    """

    result: object
    kind: str
    calls: tuple[Mapping[str, Any], ...] = ()


def parse_payload(payload: bytes, loads: Callable[[bytes], object]) -> Outcome:
    """Return what the engine says of a run.

    Args:
        payload: `{"value": ..., "kind": ..., "origin": [...] or null}` in JSON.
        loads: the JSON decoder.

    Raises:
        FunctionResultError: the payload is not JSON.
    """
    try:
        told = cast("dict[str, Any]", loads(payload))
    except (ValueError, RecursionError) as error:
        raise refused("C101", "", payload[:100].decode("utf-8", "replace"), note=str(error)[:200]) from error
    return Outcome(result=told.get("value"), kind=str(told.get("kind", "")), calls=tuple(told.get("origin") or ()))


def read_request_result(
    event: dict[str, object],
    outcome: Outcome,
    *,
    request: Request,
    origin: OriginSpec,
    origins: Mapping[str, OriginSpec],
    judge: Judge,
) -> ChangedRequest | Response:
    """Return what a viewer-request function decided: go on, perhaps to another origin, or answer.

    Args:
        event: what was sent.
        outcome: what came back.
        request: the one the event was built from; what the function left alone keeps its bytes.
        origin: the behavior's.
        origins: all that the function may select, by name.
        judge: decides what is forgiven.

    Raises:
        FunctionResultError: the result breaks a rule.
    """
    whole = cast("dict[str, Any]", event["request"])
    sent = {name: member for name, member in whole.items() if name != "rawQueryString"}
    returned = _request_or_response(_object(outcome), sent, judge)
    if "statusCode" in returned:
        return read_generated(returned, judge=judge)
    changed = request if returned == sent else _read_request(returned, sent, request, judge)
    choice = None
    if outcome.calls:
        names = frozenset(name.lower().decode("latin-1") for name in changed.headers.names())
        choice = read_calls(outcome.calls, configured=origin, origins=origins, request_headers=names, judge=judge)
    return ChangedRequest(request=changed, origin=None, choice=choice)


def read_response_result(event: dict[str, object], outcome: Outcome, *, response: Response, judge: Judge) -> Response:
    """Return the response as a viewer-response function left it.

    Whoever gets a response with another body than the one given closes the latter.

    Args:
        event: what was sent.
        outcome: what came back.
        response: the one the event was built from; what the function left alone keeps its bytes.
        judge: decides what is forgiven.

    Raises:
        FunctionResultError: the result breaks a rule.
    """
    sent = cast("dict[str, Any]", event["response"])
    returned = _object(outcome)
    if "statusCode" not in returned:
        inside = returned.get("response")
        meant = inside if isinstance(inside, dict) else returned
        sense = "status" in meant or not sent.keys().isdisjoint(meant)
        judge.broken("C201", "response.statusCode", None, sense=sense)
        returned = {"statusCode": meant.get("status", sent["statusCode"]), **meant}
    return response if returned == sent else read_changed(returned, sent=sent, response=response, judge=judge)


def _object(outcome: Outcome) -> dict[str, Any]:
    if not isinstance(outcome.result, dict):
        came = outcome.kind or "undefined"
        raise refused("C101", "", outcome.result, note=f"in JavaScript {came}" if outcome.result is None else "")
    return outcome.result


def _request_or_response(returned: dict[str, Any], sent: dict[str, Any], judge: Judge) -> dict[str, Any]:
    """Return an object that is a request or a response, or what is meant by one that is neither (§2.3)."""
    if "statusCode" in returned or {"method", "uri"} <= returned.keys():
        return returned
    inside = returned.get("request")
    if isinstance(inside, dict):
        judge.broken("C102", "", returned, note="which is the whole event")
        return {**sent, **inside}
    if "status" in returned:
        judge.broken("C102", "", returned, note="which has status, the word of Lambda@Edge, not statusCode")
        return {**returned, "statusCode": returned["status"]}
    sense = not sent.keys().isdisjoint(returned)
    judge.broken("C102", "", returned, note="which lacks uri, method or both", sense=sense)
    return {**sent, **returned}


def _read_request(returned: dict[str, Any], sent: dict[str, Any], request: Request, judge: Judge) -> Request:
    """Return the changed request; types first, as the order of the checks has it."""
    path, query = _read_target(returned, sent, request, judge)
    jar = read_entries(
        returned.get("cookies", {}),
        sent=sent["cookies"],
        pieces=cookies(request.headers),
        path="request.cookies",
        judge=judge,
    )
    lines = request.headers.get_all(b"cookie")
    if returned.get("cookies", {}) != sent["cookies"]:
        wire = [octets for cookie in jar for octets in cookie_wire(cookie, judge)]
        lines = (b"; ".join(wire),) if wire else ()
    headers = read_headers(
        "request", returned.get("headers", {}), sent=sent["headers"], original=request.headers, judge=judge
    )
    if "method" in returned and returned["method"] != sent["method"]:
        judge.broken("C505", "request.method", returned["method"], note=f"the event had {sent['method']}")
    headers = _with_cookies(request, headers, lines)
    _check_size(path, query, request, judge)
    return request.changed(path=path, query=query, headers=headers)


def _with_cookies(request: Request, headers: Headers, lines: tuple[bytes, ...]) -> Headers:
    if lines == request.headers.get_all(b"cookie") and headers is request.headers:
        return headers
    return headers.without(b"cookie").plus(*((b"Cookie", line) for line in lines))


def _read_target(
    returned: dict[str, Any], sent: dict[str, Any], request: Request, judge: Judge
) -> tuple[bytes, bytes | None]:
    """Return path and query: the original's bytes where the function left them alone (§2.1)."""
    path, query = request.path, request.query
    uri = returned["uri"]
    if uri != sent["uri"]:
        path = _read_uri(uri, judge).encode()
    given = returned.get("querystring", {})
    if isinstance(given, str):
        text = _without_blanks(given, judge)
        query = text.encode() or None
    elif given != sent["querystring"]:
        found = read_entries(
            given,
            sent=sent["querystring"],
            pieces=parameters(request.query),
            path="request.querystring",
            judge=judge,
        )
        query = _joined(found, judge)
    return path, query


def _read_uri(uri: object, judge: Judge) -> str:
    if not isinstance(uri, str) or not uri.startswith("/"):
        judge.broken("C501", "request.uri", uri, sense=isinstance(uri, str) and "://" not in uri)
        uri = f"/{uri}"
    if BAD_IN_URI.search(uri):
        encoded = uri.replace(" ", "%20")
        judge.broken("C502", "request.uri", uri, sense=not BAD_IN_URI.search(encoded))
        uri = encoded
    return uri


def _without_blanks(text: str, judge: Judge) -> str:
    if not BAD_IN_QUERY.search(text):
        return text
    encoded = text.replace(" ", "%20")
    judge.broken("C503", "request.querystring", text, sense=not BAD_IN_QUERY.search(encoded))
    return encoded


def _joined(found: list[Returned], judge: Judge) -> bytes | None:
    wire = [octets for parameter in found for octets in parameter_wire(parameter, judge)]
    return b"&".join(wire) if wire else None


def _check_size(path: bytes, query: bytes | None, request: Request, judge: Judge) -> None:
    if (path, query) == (request.path, request.query):
        return
    length = len(path.decode("utf-8", "replace")) + len((query or b"").decode("utf-8", "replace"))
    if length >= URI_CHARACTERS:
        judge.broken("C504", "request.uri", path[:80].decode("utf-8", "replace"), note=f"together {length:,}")
