"""A function's own URL: events of payload format 2.0 and what results mean (`spec/lambda-service.md` §7)."""

import json
from typing import Final
from urllib.parse import parse_qsl, unquote_to_bytes

from edgerun.functions.http_payload import (
    Call,
    Unusable,
    body_bytes,
    came_through,
    encoded,
    is_text,
    line,
    respond,
    status_in,
    text_of,
)
from edgerun.http.fields import format_date
from edgerun.http.headers import Line
from edgerun.http.message import Request, Response
from edgerun.values import value

LARGEST_REQUEST: Final = 6 * 1024 * 1024
LARGEST_RESULT: Final = 6 * 1024 * 1024 + 100
_TLS: Final = {"x-amzn-tls-cipher-suite": "TLS_AES_128_GCM_SHA256", "x-amzn-tls-version": "TLSv1.3"}
_MESSAGES: Final = {413: "Request Entity Too Large", 429: "Rate Exceeded.", 502: "Internal Server Error"}


@value
class FunctionUrl:
    """The `Payload` of a function's URL, whose host is `domain_name`."""

    domain_name: str
    largest_request: int = LARGEST_REQUEST
    largest_result: int = LARGEST_RESULT

    def refusal(self, request: Request) -> int:  # noqa: ARG002  # a load balancer looks at it
        return 0

    def event(self, request: Request, body: bytes, call: Call) -> dict[str, object]:
        path = text_of(unquote_to_bytes(request.path))
        query = request.query or b""
        event: dict[str, object] = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": text_of(query),
            "headers": _headers(request, call),
            "requestContext": self._context(request, path, call),
            "isBase64Encoded": False,
        }
        cookies = [one.strip() for line in request.headers.get_all(b"cookie") for one in text_of(line).split(";")]
        if any(cookies):
            event["cookies"] = [one for one in cookies if one]
        if parameters := _parameters(query):
            event["queryStringParameters"] = parameters
        if body:
            event["body"], event["isBase64Encoded"] = encoded(body, text=is_text(request.headers))
        return event

    def response(self, result: object, method: str) -> Response:
        if not isinstance(result, dict) or "statusCode" not in result:
            text = result if isinstance(result, str) else _compact(result)
            return respond(200, _TYPED, body_bytes(text, base64=False), method)
        body = result.get("body")
        text = body if isinstance(body, str) else "" if body is None else _compact(body)
        lines = _lines(result)
        if not any(name.lower() == b"content-type" for name, _ in lines):
            lines = [*_TYPED, *lines]
        data = body_bytes(text, base64=result.get("isBase64Encoded"))
        return respond(status_in(result), lines, data, method)

    def error(self, status: int) -> Response:
        text = _MESSAGES[status]
        if status == 429:
            text = _compact({"Reason": "ConcurrentInvocationLimitExceeded", "Type": "User", "message": text})
        return respond(status, _TYPED, text.encode(), "GET")

    def failed(self, *, throttled: bool) -> int:
        return 429 if throttled else 502

    def own_lines(self, request_id: str) -> tuple[Line, ...]:
        return ((b"x-amzn-RequestId", request_id.encode()),)

    def _context(self, request: Request, path: str, call: Call) -> dict[str, object]:
        # As in "Mon, 23 Nov 2026 10:00:00 GMT".
        _, day, month, year, clock, _ = format_date(call.now).decode().split()
        prefix = self.domain_name.partition(".")[0]
        return {
            "accountId": "anonymous",
            "apiId": prefix,
            "domainName": self.domain_name,
            "domainPrefix": prefix,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": call.address,
                "userAgent": text_of(request.headers.get(b"user-agent") or b""),
            },
            "requestId": call.request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": f"{day}/{month}/{year}:{clock} +0000",
            "timeEpoch": int(call.now * 1000),
        }


_TYPED: Final[tuple[Line, ...]] = ((b"Content-Type", b"application/json"),)


def _headers(request: Request, call: Call) -> dict[str, str]:
    names = (name for name in request.headers.names() if name != b"cookie")
    sent = {text_of(name): ",".join(map(text_of, request.headers.get_all(name))) for name in names}
    return sent | _TLS | came_through(request, call)


def _parameters(query: bytes) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, text in parse_qsl(text_of(query), keep_blank_values=True):
        found.setdefault(name, []).append(text)
    return {name: ",".join(texts) for name, texts in found.items()}


def _lines(result: dict[str, object]) -> list[Line]:
    headers, cookies = result.get("headers"), result.get("cookies")
    if headers is not None and not isinstance(headers, dict):
        raise Unusable(f"expected headers to be an object, got {type(headers).__name__}")
    if cookies is not None and not isinstance(cookies, list):
        raise Unusable(f"expected cookies to be a list, got {type(cookies).__name__}")
    made = [line(name, given) for name, given in (headers or {}).items()]
    made += [line("Set-Cookie", given) for given in cookies or ()]
    return [each for each in made if each is not None]


def _compact(result: object) -> str:
    return json.dumps(result, separators=(",", ":"), ensure_ascii=False)
