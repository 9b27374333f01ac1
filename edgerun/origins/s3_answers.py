"""Answers in S3's form: headers in its order, conditionals, ranges, and faults as pages."""

import base64
import secrets
from typing import Final, assert_never
from urllib.parse import quote

from edgerun.http.conditional import (
    Partial,
    Precondition,
    Unsatisfiable,
    Whole,
    content_range_value,
    evaluate,
    select_ranges,
)
from edgerun.http.fields import byte_ranges, format_date
from edgerun.http.headers import Headers, Line
from edgerun.http.message import NO_BODY, Body, BytesBody, Request, Response
from edgerun.origins.objects import StoredObject
from edgerun.origins.s3_pages import Fault, html_error, invalid_range, phrase, precondition_failed, xml_error
from edgerun.values import value

REDIRECT: Final = b"x-amz-website-redirect-location"
"""The metadata that makes the website endpoint answer 301."""

_SERVER: Final = (b"Server", b"AmazonS3")
_ENCRYPTED: Final = (b"x-amz-server-side-encryption", b"AES256")
_SYSTEM_METADATA: Final = (b"Content-Encoding", b"Content-Disposition", b"Content-Language", b"Expires", REDIRECT)
_PLAIN_IN_HEADERS: Final = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_NOT_ON_304: Final = (
    b"content-type",
    b"content-length",
    b"content-encoding",
    b"content-disposition",
    b"content-language",
    b"accept-ranges",
    _ENCRYPTED[0],
)


@value
class Exchange:
    """One request as S3 sees it: when it came and the two ids its answer carries."""

    request: Request
    now: float
    request_id: str
    host_id: str

    @property
    def ids(self) -> tuple[Line, Line]:
        return (b"x-amz-id-2", self.host_id.encode()), (b"x-amz-request-id", self.request_id.encode())

    @property
    def date(self) -> Line:
        return b"Date", format_date(self.now)


def begin(request: Request, now: float) -> Exchange:
    """Return a request with fresh ids: 16 characters in upper case, and base64."""
    host_id = base64.b64encode(secrets.token_bytes(56)).decode()
    return Exchange(request=request, now=now, request_id=secrets.token_hex(8).upper(), host_id=host_id)


def object_answer(exchange: Exchange, found: StoredObject) -> Response | Fault:
    """Return the answer for an object to a GET or HEAD: 200, 206 or 304, or why not (cloudfront.md §13.2)."""
    headers = exchange.request.headers
    outcome = evaluate(exchange.request.method, headers, etag=found.etag, last_modified=found.modified)
    match outcome:
        case Precondition.PROCEED:
            return _selected(exchange, found)
        case Precondition.NOT_MODIFIED:
            head = Headers(_object_lines(exchange, found, found.size)).without(*_NOT_ON_304)
            return respond(304, head, NO_BODY)
        case Precondition.FAILED:
            return precondition_failed("If-Match" if b"if-match" in headers else "If-Unmodified-Since")
        case _:
            assert_never(outcome)


def document_answer(exchange: Exchange, document: StoredObject, fault: Fault) -> Response:
    """Return an error document under the status of the fault it stands for (cloudfront.md §13.3)."""
    head = Headers((*_object_lines(exchange, document, document.size), *_error_lines(fault), *fault.headers))
    return respond(fault.status, head.without(b"accept-ranges"), _sent(exchange, document.body))


def redirect_answer(exchange: Exchange, location: bytes) -> Response:
    """Return the redirect that an object's metadata asks for: 301, empty (cloudfront.md §13.3)."""
    lines = (*exchange.ids, (b"Location", location), (b"Content-Length", b"0"), _SERVER, exchange.date)
    return respond(301, Headers(lines), NO_BODY)


def xml_answer(exchange: Exchange, fault: Fault) -> Response:
    """Return a fault as the REST endpoint tells it (cloudfront.md §13.2)."""
    page = xml_error(fault, request_id=exchange.request_id, host_id=exchange.host_id)
    return page_answer(exchange, fault.status, page, b"application/xml", fault.headers)


def html_answer(exchange: Exchange, fault: Fault, *, document: Fault | None = None) -> Response:
    """Return a fault as the website endpoint tells it (cloudfront.md §13.3)."""
    page = html_error(fault, request_id=exchange.request_id, host_id=exchange.host_id, document=document)
    lines = (*_error_lines(fault), *fault.headers)
    return page_answer(exchange, fault.status, page, b"text/html; charset=utf-8", lines)


def page_answer(
    exchange: Exchange, status: int, page: bytes, content_type: bytes, lines: tuple[Line, ...] = ()
) -> Response:
    """Return a generated page, and none for HEAD. S3 sends it chunked, so there is no Content-Length."""
    head = (*exchange.ids, (b"Content-Type", content_type), *lines, _SERVER, exchange.date)
    return respond(status, Headers(head), _sent(exchange, BytesBody(page)))


def respond(status: int, headers: Headers, body: Body) -> Response:
    return Response(status=status, reason=phrase(status).encode(), headers=headers, body=body)


def _selected(exchange: Exchange, found: StoredObject) -> Response | Fault:
    wanted = _wanted(exchange, found)
    match wanted:
        case Whole():
            return respond(200, Headers(_object_lines(exchange, found, found.size)), _sent(exchange, found.body))
        case Partial():
            start, stop = wanted.ranges[0]
            where = (b"Content-Range", content_range_value(start, stop, found.size))
            return respond(206, Headers(_object_lines(exchange, found, stop - start, where)), found.part(start, stop))
        case Unsatisfiable():
            return invalid_range(exchange.request.headers.get(b"range") or b"", found.size)
        case _:
            assert_never(wanted)


def _wanted(exchange: Exchange, found: StoredObject) -> Whole | Partial | Unsatisfiable:
    headers = exchange.request.headers
    # AWS: one range per GET; several get the whole object (cloudfront.md §13.2).
    if exchange.request.method != "GET" or len(byte_ranges(headers.get(b"range") or b"") or ()) != 1:
        return Whole()
    return select_ranges(headers, found.size, etag=found.etag, last_modified=found.modified, date=exchange.now)


def _object_lines(exchange: Exchange, found: StoredObject, length: int, *where: Line) -> tuple[Line, ...]:
    """Return an object's headers in S3's order (cloudfront.md §13.2)."""
    table = found.metadata
    cache_control = table.get(b"cache-control")
    return (
        *exchange.ids,
        (b"Content-Type", table[b"content-type"]),
        (b"Content-Length", b"%d" % length),
        (b"Last-Modified", format_date(found.modified)),
        _ENCRYPTED,
        *((name, text) for name, text in table.items() if name.startswith(b"x-amz-meta-")),
        *((name, table[name.lower()]) for name in _SYSTEM_METADATA if name.lower() in table),
        (b"Accept-Ranges", b"bytes"),
        *where,
        _SERVER,
        exchange.date,
        *(((b"Cache-Control", cache_control),) if cache_control is not None else ()),
        (b"ETag", found.etag),
    )


def _error_lines(fault: Fault) -> tuple[Line, ...]:
    """Return the headers that repeat a fault on the website endpoint; what a key may hold is encoded."""
    details = ((f"x-amz-error-detail-{name}", text) for name, text in fault.details)
    lines = (("x-amz-error-code", fault.code), ("x-amz-error-message", fault.message), *details)
    return tuple((name.encode(), quote(text, safe=_PLAIN_IN_HEADERS).encode()) for name, text in lines)


def _sent(exchange: Exchange, body: Body) -> Body:
    return NO_BODY if exchange.request.method == "HEAD" else body
