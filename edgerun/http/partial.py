"""What a viewer gets of a stored object: all of it, a part, or word that it has not changed."""

from edgerun.http import fields
from edgerun.http.conditional import (
    Partial,
    Precondition,
    Unsatisfiable,
    Whole,
    content_range_value,
    evaluate,
    not_modified_headers,
    select_ranges,
    unsatisfied_range_value,
)
from edgerun.http.headers import Headers
from edgerun.http.message import PartBody, Request, Response
from edgerun.http.multipart import MultipartBody


def for_viewer(request: Request, response: Response, request_id: str, stored: Headers | None = None) -> Response:
    """Return the answer to a GET or HEAD from a whole stored object (`spec/http-caching.md` §9.2, §13.1).

    Only a 200 is looked at, for ranges one of known length.

    Args:
        request: the viewer's.
        response: the stored one; its body can be read more than once, from anywhere.
        stored: its head as it was stored; a 304 has lines that were added or changed since, too.
        request_id: what the boundary between several ranges is made of, as no object can foresee it.
    """
    headers = request.headers
    if response.status != 200 or not _asks(request):
        return response
    etag = response.headers.get(b"etag")
    modified, date = _date(response, b"last-modified"), _date(response, b"date")
    since = modified if b"last-modified" in response.headers else date
    if evaluate(request.method, headers, etag=etag, last_modified=since) is Precondition.NOT_MODIFIED:
        left = not_modified_headers(response.headers, since=stored)
        return Response(status=304, reason=b"Not Modified", headers=left, body=PartBody(response.body, 0, 0))
    length = response.body.length
    if request.method != "GET" or length is None or b"range" not in headers:
        return response
    match select_ranges(headers, length, etag=etag, last_modified=modified, date=date):
        case Partial(ranges=(only,)):
            return part(response, only[0], only[1], length)
        case Partial(ranges=several):
            return parts(response, several, length, request_id)
        case Unsatisfiable():
            return _unsatisfiable(response, length)
        case Whole():
            return response


def _asks(request: Request) -> bool:
    headers = request.headers
    return b"if-none-match" in headers or b"if-modified-since" in headers or b"range" in headers


def _date(response: Response, name: bytes) -> float | None:
    text = response.headers.get(name)
    return None if text is None else fields.parse_date(text)


def part(response: Response, start: int, stop: int, length: int) -> Response:
    """Return the 206 with one part of an object."""
    headers = response.headers.replaced(b"Content-Length", b"%d" % (stop - start))
    headers = headers.replaced(b"Content-Range", content_range_value(start, stop, length))
    return Response(status=206, reason=b"Partial Content", headers=headers, body=PartBody(response.body, start, stop))


def parts(response: Response, ranges: tuple[tuple[int, int], ...], length: int, request_id: str) -> Response:
    """Return the 206 with several parts of an object, each under its own head."""
    boundary = request_id.rstrip("=").encode()
    content_type = response.headers.get(b"content-type")
    body = MultipartBody(response.body, ranges, of=length, content_type=content_type, boundary=boundary)
    headers = response.headers.without(b"content-range").replaced(b"Content-Length", b"%d" % body.length)
    headers = headers.replaced(b"Content-Type", b"multipart/byteranges; boundary=" + boundary)
    return Response(status=206, reason=b"Partial Content", headers=headers, body=body)


def _unsatisfiable(response: Response, length: int) -> Response:
    headers = response.headers.without(b"content-length", b"content-type", b"content-encoding")
    headers = headers.plus((b"Content-Range", unsatisfied_range_value(length)), (b"Content-Length", b"0"))
    return Response(status=416, reason=b"Range Not Satisfiable", headers=headers, body=PartBody(response.body, 0, 0))
