"""The event a CloudFront Function gets (`spec/cloudfront-functions.md` §2)."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from edgerun.functions.lambda_event import EdgeContext
from edgerun.functions.lambda_headers import names_in_event, text
from edgerun.http.headers import Headers
from edgerun.http.message import Request, Response
from edgerun.http.status import reason

Entry = dict[str, Any]
Collection = dict[str, Entry]
Piece = tuple[str, bytes, Entry]
"""One header line, cookie or parameter: its name in the event, its bytes on the wire, and what the event says of it."""

COOKIE: Final = "cookie"
SET_COOKIE: Final = "set-cookie"
_BLANKS: Final = b" \t"


def build_event(context: EdgeContext, request: Request, *, response: Response | None = None) -> dict[str, object]:
    """Return the event for one run, as JSON values.

    `request.rawQueryString` is the query as it came, there only if the URI has a `?`; the engine makes of it the
    method of that name.

    Args:
        context: becomes `context`.
        request: as it stands at this point.
        response: becomes `response`; given at viewer-response.
    """
    event: dict[str, object] = {
        "version": "1.0",
        "context": {
            "distributionDomainName": context.distribution_domain_name,
            "distributionId": context.distribution_id,
            "eventType": context.point.value,
            "requestId": context.request_id,
        },
        "viewer": {"ip": request.client[0]},
        "request": _request_object(request),
    }
    if response is not None:
        event["response"] = _response_object(response)
    return event


@lru_cache(maxsize=512)
def _request_object(request: Request) -> dict[str, object]:
    members: dict[str, object] = {
        "method": request.method,
        "uri": text(request.path),
        "querystring": collected(parameters(request.query)),
        "headers": collected(header_lines(request.headers)),
        "cookies": collected(cookies(request.headers)),
    }
    if request.query is not None:
        members["rawQueryString"] = text(request.query)
    return members


def _response_object(response: Response) -> dict[str, object]:
    return {
        "statusCode": response.status,
        "statusDescription": text(response.reason) or reason(response.status).decode(),
        "headers": collected(header_lines(response.headers)),
        "cookies": collected(set_cookies(response.headers)),
    }


def collected(pieces: Iterable[Piece]) -> Collection:
    """Return pieces by name; `multiValue` is there only where a name occurred more than once (§2.2)."""
    made: Collection = {}
    for name, _, said in pieces:
        first = made.get(name)
        if first is None:
            made[name] = said
        elif "multiValue" in first:
            first["multiValue"].append(said)
        else:
            made[name] = {**first, "multiValue": [first, said]}
    return made


def header_lines(headers: Headers) -> Iterator[Piece]:
    """Yield the header lines that functions see, in order: not the hidden ones, and no cookies (§2.1, §2.4)."""
    for name, octets in headers.lines:
        names = names_in_event(name)
        if names is not None and names[0] not in {COOKIE, SET_COOKIE}:
            yield names[0], octets, {"value": text(octets)}


def parameters(query: bytes | None) -> Iterator[Piece]:
    """Yield the parameters of a query, undecoded; what has no `=` has the value "" (§2.2)."""
    for octets in (query or b"").split(b"&"):
        if octets:
            name, _, content = octets.partition(b"=")
            yield text(name), octets, {"value": text(content)}


def cookies(headers: Headers) -> Iterator[Piece]:
    """Yield the cookies of a request, from all its Cookie lines."""
    for line in headers.get_all(b"cookie"):
        for part in line.split(b";"):
            octets = part.strip(_BLANKS)
            if octets:
                name, _, content = octets.partition(b"=")
                yield text(name), octets, {"value": text(content)}


def set_cookies(headers: Headers) -> Iterator[Piece]:
    """Yield the cookies that a response sets; `attributes` is the rest of the line, if there is one."""
    for line in headers.get_all(b"set-cookie"):
        pair, semicolon, attributes = line.partition(b";")
        name, _, content = pair.partition(b"=")
        said = {"value": text(content.strip(_BLANKS))}
        if semicolon:
            said["attributes"] = text(attributes.strip(_BLANKS))
        yield text(name.strip(_BLANKS)), line, said
