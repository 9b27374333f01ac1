"""A function behind a load balancer: target group events and what results mean (`spec/lambda-service.md` §6)."""

import re
from typing import Final

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
from edgerun.http.fields import split_list
from edgerun.http.headers import Line
from edgerun.http.message import Request, Response
from edgerun.http.status import reason
from edgerun.values import value

MEGABYTE: Final = 1024 * 1024
MOST_HEADER_BYTES: Final = 32 * 1024
LONGEST_HEADER: Final = 16 * 1024
MOST_ADDRESSES: Final = 30
_DESCRIPTION: Final = re.compile(r"\d{3} ([\x20-\x7e]+)")
_PAGE: Final = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
)


@value
class TargetGroup:
    """The `Payload` of a target group; `multi_value` is its `lambda.multi_value_headers.enabled`."""

    arn: str
    multi_value: bool = False
    largest_request: int = MEGABYTE
    largest_result: int = MEGABYTE

    def refusal(self, request: Request) -> int:
        if b"upgrade" in request.headers or any(len(text) > LONGEST_HEADER for _, text in request.headers):
            return 400
        through = request.headers.joined(b"x-forwarded-for") or b""
        return 463 if len(split_list(through)) > MOST_ADDRESSES else 0

    def event(self, request: Request, body: bytes, call: Call) -> dict[str, object]:
        text, base64 = encoded(body, text=is_text(request.headers) and b"content-encoding" not in request.headers)
        return {
            "requestContext": {"elb": {"targetGroupArn": self.arn}},
            "httpMethod": request.method,
            "path": text_of(request.path),
            **self._collections(request, call),
            "body": text,
            "isBase64Encoded": base64,
        }

    def response(self, result: object, method: str) -> Response:
        if not isinstance(result, dict):
            raise Unusable(f"expected an object with statusCode, got {type(result).__name__}")
        status, body = status_in(result), result.get("body")
        if body is not None and not isinstance(body, str):
            raise Unusable(f"expected body to be a string, got {type(body).__name__}")
        if not isinstance(result.get("isBase64Encoded", False), bool):
            raise Unusable("expected isBase64Encoded to be true or false")
        lines = self._lines(result)
        if sum(len(name) + len(text) for name, text in lines) > MOST_HEADER_BYTES:
            raise Unusable(f"the headers have more than {MOST_HEADER_BYTES} bytes")
        if body and not any(name.lower() == b"content-type" for name, _ in lines):
            lines.append((b"Content-Type", b"application/octet-stream"))
        data = body_bytes(body or "", base64=result.get("isBase64Encoded"))
        said = _DESCRIPTION.fullmatch(str(result.get("statusDescription", "")))
        return respond(status, lines, data, method, said[1].encode() if said else b"")

    def error(self, status: int) -> Response:
        title = f"{status} {reason(status).decode()}".strip()
        lines = ((b"Server", b"awselb/2.0"), (b"Content-Type", b"text/html"))
        return respond(status, lines, _PAGE.format(title).encode(), "GET")

    def failed(self, *, throttled: bool) -> int:  # noqa: ARG002  # all the same to a load balancer
        return 502

    def own_lines(self, request_id: str) -> tuple[Line, ...]:  # noqa: ARG002
        return ()

    def _collections(self, request: Request, call: Call) -> dict[str, object]:
        lines = [(text_of(name.lower()), text_of(text)) for name, text in request.headers]
        lines = [pair for pair in lines if pair[0] not in _ADDED] + list(came_through(request, call).items())
        parameters = _parameters(text_of(request.query or b""))
        if not self.multi_value:
            # AWS: when a name repeats, the last value wins.
            return {"queryStringParameters": dict(parameters), "headers": dict(lines)}
        return {"multiValueQueryStringParameters": _grouped(parameters), "multiValueHeaders": _grouped(lines)}

    def _lines(self, result: dict[str, object]) -> list[Line]:
        word = "multiValueHeaders" if self.multi_value else "headers"
        headers = result.get(word)
        if headers is not None and not isinstance(headers, dict):
            raise Unusable(f"expected {word} to be an object, got {type(headers).__name__}")
        made: list[Line | None] = []
        for name, given in (headers or {}).items():
            if self.multi_value and not isinstance(given, list):
                raise Unusable(f"expected {word}.{name} to be a list, got {type(given).__name__}")
            made += [line(name, each) for each in (given if self.multi_value else (given,))]
        return [each for each in made if each is not None]


_ADDED: Final = frozenset({"x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"})


def _parameters(query: str) -> list[tuple[str, str]]:
    """Return the parameters of a query as they are written: nothing is decoded."""
    parts = (part.partition("=") for part in query.split("&") if part)
    return [(name, text) for name, _, text in parts]


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for name, text in pairs:
        made.setdefault(name, []).append(text)
    return made
