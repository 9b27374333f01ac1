"""What the two events by which HTTP reaches a Lambda function have in common: bodies, headers, results.

Source: `spec/lambda-service.md` §6, §7.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Final, Protocol

from edgerun.http.headers import Headers, Line
from edgerun.http.message import NO_BODY, BytesBody, Request, Response
from edgerun.http.status import reason
from edgerun.values import value

_TEXTS: Final = frozenset({b"application/json", b"application/javascript", b"application/xml"})
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE: Final = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_CONNECTIONS_OWN: Final = frozenset(
    {"connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
_BODILESS: Final = frozenset({204, 304})


class Unusable(ValueError):
    """A function's result is no HTTP response; the message says why."""


@value
class Call:
    """What an event tells besides the request.

    Attributes:
        now: seconds since the epoch.
        request_id: a UUID.
        trace_id: as `X-Amzn-Trace-Id` has it.
        address: the edge's own, from which the request seems to come.
    """

    now: float
    request_id: str
    trace_id: str
    address: str


class Payload(Protocol):
    """One of the two forms: how a request becomes an event, and a result a response.

    Attributes:
        largest_request: bytes of body that are taken.
        largest_result: bytes that the encoded result may have.
    """

    @property
    def largest_request(self) -> int: ...

    @property
    def largest_result(self) -> int: ...

    def refusal(self, request: Request) -> int:
        """Return the status with which a request is refused unseen, or 0."""
        ...

    def event(self, request: Request, body: bytes, call: Call) -> dict[str, object]:
        """Return the event of a request, whose body was read."""
        ...

    def response(self, result: object, method: str) -> Response:
        """Return the response that a decoded result means.

        Raises:
            Unusable: it means none.
        """
        ...

    def error(self, status: int) -> Response:
        """Return the answer where there is no result, or no use for it."""
        ...

    def failed(self, *, throttled: bool) -> int:
        """Return the status for a function that failed, or that could not be run any more often."""
        ...

    def own_lines(self, request_id: str) -> tuple[Line, ...]:
        """Return what is added to the response of an invocation with this id."""
        ...


def is_text(headers: Headers) -> bool:
    """Tell whether a body of this type goes into an event as it is."""
    kind = (headers.get(b"content-type") or b"").partition(b";")[0].strip().lower()
    return kind.startswith(b"text/") or kind in _TEXTS


def encoded(body: bytes, *, text: bool) -> tuple[str, bool]:
    """Return a body for an event, and whether that is base64: what is no UTF-8 is so always."""
    if text or not body:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return b64encode(body).decode(), True


def came_through(request: Request, call: Call) -> dict[str, str]:
    """Return the headers that AWS itself adds in front of a function."""
    before = request.headers.joined(b"x-forwarded-for")
    trace = request.headers.get(b"x-amzn-trace-id")
    return {
        "x-amzn-trace-id": trace.decode("latin-1") if trace else call.trace_id,
        "x-forwarded-for": f"{before.decode('latin-1')}, {call.address}" if before else call.address,
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }


def text_of(octets: bytes) -> str:
    """Return bytes of a request as JSON can hold them."""
    return octets.decode("utf-8", "replace")


def status_in(result: dict[str, object]) -> int:
    """Return a result's status.

    Raises:
        Unusable: it is no whole number from 200 to 599.
    """
    status = result.get("statusCode")
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise Unusable(f"expected statusCode to be a number from 200 to 599, got {status!r}")
    return status


def line(name: str, given: object) -> Line | None:
    """Return one header of a result; None for those that belong to the connection.

    Raises:
        Unusable: it cannot be a header.
    """
    if not _NAME.fullmatch(name):
        raise Unusable(f"{name[:80]!r} is not a header's name")
    if name.lower() in _CONNECTIONS_OWN:
        return None
    if isinstance(given, bool):
        given = str(given).lower()
    if not isinstance(given, str | int | float):
        raise Unusable(f"expected the header {name} to be a string, got {type(given).__name__}")
    text = str(given)
    if not _VALUE.fullmatch(text):
        raise Unusable(f"the header {name} holds a control character")
    return name.encode(), text.strip(" \t").encode("utf-8", "replace")


def body_bytes(text: str, *, base64: object) -> bytes:
    """Return the bytes of a result's body.

    Raises:
        Unusable: it says that it is base64 and is not.
    """
    if base64 is not True:
        return text.encode("utf-8", "replace")
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unusable(f"isBase64Encoded is true, and body is not base64: {error}") from None


def respond(status: int, lines: Iterable[Line], body: bytes, method: str, phrase: bytes = b"") -> Response:
    """Return a response with the length of its body; HEAD has that and no body."""
    bodiless = status in _BODILESS
    length = () if bodiless else ((b"Content-Length", b"%d" % len(body)),)
    sent = NO_BODY if bodiless or method == "HEAD" or not body else BytesBody(body)
    return Response(status=status, reason=phrase or reason(status), headers=Headers((*lines, *length)), body=sent)
