"""What a gateway that only follows HTTP passes on: everything but what concerns one connection.

Sources: RFC 9110 §7.6, http-caching.md §3.2, §10.1, §10.2, §20 rows 13, 14 and 19.
"""

from collections.abc import Sequence
from typing import Final

from edgerun.distribution.forward import OURS, named_by_connection
from edgerun.http.fields import format_date, parse_date
from edgerun.http.headers import Headers, Line
from edgerun.http.message import NO_BODY, BytesBody, Request, Response

HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
SECRETS: Final = frozenset({b"authorization", b"cookie", b"proxy-authorization"})
ANSWERED_HERE: Final = frozenset({b"expect"})
"""What the door has done about already."""


def relayed_request(request: Request, via: bytes, conditions: Sequence[Line]) -> Request:
    """Return a viewer's request as the origin gets it.

    Args:
        request: after viewer-request.
        via: our own member of the `Via` header.
        conditions: conditional lines of our own; with them the viewer's `If-*` and `Range` stay behind.
    """
    stopped = HOP_BY_HOP | ANSWERED_HERE | named_by_connection(request.headers) | {b"via", b"x-forwarded-for"}
    lines = [line for line in request.headers if line[0].lower() not in stopped]
    if conditions:
        lines = [line for line in lines if not _asks_for_a_part(line[0].lower())]
    lines += conditions
    lines = [_counted_down(line) if line[0].lower() == b"max-forwards" else line for line in lines]
    before, came_through = request.headers.joined(b"via"), request.headers.joined(b"x-forwarded-for")
    address = request.client[0].encode()
    lines.append((b"Via", via if before is None else before + b", " + via))
    lines.append((b"X-Forwarded-For", address if came_through is None else came_through + b", " + address))
    return request.changed(headers=Headers(lines))


def relayed_response(response: Response, now: float) -> Response:
    """Return an origin's response without what concerned its connection, and with a `Date` that can be read."""
    headers = response.headers.without(*HOP_BY_HOP, *OURS, *named_by_connection(response.headers))
    date = headers.get(b"date")
    if date is None or parse_date(date, now=now) is None:
        headers = headers.replaced(b"Date", format_date(now))
    return response.changed(headers=headers)


def without_conditions(request: Request) -> Request:
    """Return a request for the whole, whatever the viewer has already, and without a body."""
    lines = [line for line in request.headers if not _asks_for_a_part(line[0].lower())]
    return request.changed(headers=Headers(lines), body=NO_BODY)


def last_of_its_way(request: Request) -> bool:
    """Tell whether an OPTIONS or TRACE is to be answered here: `Max-Forwards` is used up (RFC 9110 §7.6.2)."""
    return request.method in {"OPTIONS", "TRACE"} and _steps_left(request.headers) == 0


def answer_of_the_last(request: Request, now: float) -> Response:
    """Return the answer to such an OPTIONS or TRACE; the latter repeats the request, but for secrets."""
    date = (b"Date", format_date(now))
    if request.method == "OPTIONS":
        return Response(status=200, reason=b"OK", headers=Headers([date, (b"Content-Length", b"0")]))
    head = b"TRACE %b HTTP/%b\r\n" % (request.target, request.http_version.encode())
    body = head + request.headers.without(*SECRETS).block + b"\r\n"
    lines = (date, (b"Content-Type", b"message/http"), (b"Content-Length", b"%d" % len(body)))
    return Response(status=200, reason=b"OK", headers=Headers(lines), body=BytesBody(body))


def _asks_for_a_part(name: bytes) -> bool:
    return name.startswith(b"if-") or name == b"range"


def _steps_left(headers: Headers) -> int | None:
    text = headers.get(b"max-forwards")
    return int(text) if text is not None and text.isdigit() and len(text) < 10 else None


def _counted_down(line: Line) -> Line:
    left = _steps_left(Headers([line]))
    return line if not left else (line[0], b"%d" % (left - 1))
