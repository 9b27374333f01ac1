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
from edgerun.http.message import NO_BODY, PartBody, Request, Response


def for_viewer(request: Request, response: Response) -> Response:
    """Return the answer to a GET or HEAD from a whole stored object (`spec/http-caching.md` §9.2, §13.1).

    Only a 200 of known length is looked at; several parts at once get the whole.
    """
    headers = request.headers
    if response.status != 200 or not _asks(request):
        return response
    etag = response.headers.get(b"etag")
    modified, date = _date(response, b"last-modified"), _date(response, b"date")
    since = modified if b"last-modified" in response.headers else date
    if evaluate(request.method, headers, etag=etag, last_modified=since) is Precondition.NOT_MODIFIED:
        return Response(
            status=304, reason=b"Not Modified", headers=not_modified_headers(response.headers), body=NO_BODY
        )
    length = response.body.length
    if request.method != "GET" or length is None or b"range" not in headers:
        return response
    match select_ranges(headers, length, etag=etag, last_modified=modified, date=date):
        case Partial(ranges=(only,)):
            return _part(response, only[0], only[1], length)
        case Unsatisfiable():
            return _unsatisfiable(response, length)
        case Partial() | Whole():
            return response


def _asks(request: Request) -> bool:
    headers = request.headers
    return b"if-none-match" in headers or b"if-modified-since" in headers or b"range" in headers


def _date(response: Response, name: bytes) -> float | None:
    text = response.headers.get(name)
    return None if text is None else fields.parse_date(text)


def _part(response: Response, start: int, stop: int, length: int) -> Response:
    headers = response.headers.replaced(b"Content-Length", b"%d" % (stop - start))
    headers = headers.replaced(b"Content-Range", content_range_value(start, stop, length))
    return Response(status=206, reason=b"Partial Content", headers=headers, body=PartBody(response.body, start, stop))


def _unsatisfiable(response: Response, length: int) -> Response:
    headers = response.headers.without(b"content-length", b"content-type", b"content-encoding")
    headers = headers.plus((b"Content-Range", unsatisfied_range_value(length)), (b"Content-Length", b"0"))
    return Response(status=416, reason=b"Range Not Satisfiable", headers=headers, body=NO_BODY)
