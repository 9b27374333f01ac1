"""From an error to what the viewer gets: one table, in CloudFront's words.

Sources: `spec/cloudfront.md` §6.5, `spec/lambda-at-edge.md` §9.1, `spec/cloudfront-functions.md` §6.
"""

import html
from typing import Final

from edgerun import errors
from edgerun.errors import EdgeError
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Response
from edgerun.http.status import reason
from edgerun.values import value


@value
class Row:
    """How one class of error is answered.

    `word` is the one before "from cloudfront" in X-Cache and the log's result type; `detailed` the log's
    detailed result type.
    """

    status: int
    word: str
    detailed: str
    sentence: str
    close: bool = False


_METHOD: Final = (
    "This distribution is not configured to allow the HTTP request method that was used for this request. "
    "The distribution supports only cachable requests."
)
_BLOCKED: Final = "The Amazon CloudFront distribution is configured to block access from your country."
_INVALID: Final = (
    "The Lambda function associated with the CloudFront distribution is invalid or doesn't have the required "
    "permissions."
)
_THROTTLED: Final = "The Lambda function associated with the CloudFront distribution was throttled."
_CANNOT_CONNECT: Final = "CloudFront wasn't able to connect to the origin."
_CLOSED: Final = (
    "CloudFront attempted to establish a connection with the origin, but either the attempt failed or the origin "
    "closed the connection."
)
_NOT_STORED: Final = "The request asks for a stored response only, and none may be used."
_DNS: Final = "CloudFront wasn't able to resolve the origin domain name."

ROWS: Final[dict[type[EdgeError], Row]] = {
    errors.BadRequest: Row(status=400, word="Error", detailed="Error", sentence="Bad request.", close=True),
    errors.NoSuchDistribution: Row(status=403, word="Error", detailed="Error", sentence="Bad request."),
    errors.BodyNotAllowed: Row(status=403, word="Error", detailed="Error", sentence="Bad request.", close=True),
    errors.MethodNotAllowed: Row(status=403, word="Error", detailed="InvalidRequestMethod", sentence=_METHOD),
    errors.HttpsOnly: Row(status=403, word="Error", detailed="Error", sentence="Bad request."),
    errors.CountryBlocked: Row(status=403, word="Error", detailed="ClientGeoBlocked", sentence=_BLOCKED),
    errors.AccessDenied: Row(status=403, word="Error", detailed="Error", sentence=""),
    errors.UriTooLong: Row(status=414, word="Error", detailed="Error", sentence="Bad request.", close=True),
    errors.HeadersTooLarge: Row(status=494, word="Error", detailed="Error", sentence="Bad request.", close=True),
    errors.NothingStored: Row(status=504, word="Error", detailed="Error", sentence=_NOT_STORED),
    errors.OriginDnsError: Row(status=502, word="Error", detailed="OriginDnsError", sentence=_DNS),
    errors.OriginConnectError: Row(status=502, word="Error", detailed="OriginConnectError", sentence=_CANNOT_CONNECT),
    errors.OriginProtocolError: Row(status=502, word="Error", detailed="OriginInvalidResponseError", sentence=_CLOSED),
    errors.OriginPartLength: Row(status=502, word="Error", detailed="OriginContentRangeLengthError", sentence=_CLOSED),
    errors.OriginTimeout: Row(status=504, word="Error", detailed="OriginCommError", sentence=_CANNOT_CONNECT),
    errors.FunctionExecutionError: Row(
        status=503, word="LambdaExecutionError", detailed="LambdaExecutionError", sentence=_INVALID
    ),
    errors.FunctionThrottled: Row(
        status=503, word="LambdaLimitExceeded", detailed="LambdaLimitExceeded", sentence=_THROTTLED
    ),
    errors.FunctionResultError: Row(
        status=502, word="LambdaValidationError", detailed="LambdaValidationError", sentence=""
    ),
}

_COULD_NOT_RUN: Final = (
    "The CloudFront function associated with the CloudFront distribution is invalid or could not run."
)

# The rows of CloudFront Functions, before those of Lambda@Edge.
CLOUDFRONT_ROWS: Final[dict[type[EdgeError], Row]] = {
    errors.FunctionExecutionError: Row(
        status=503, word="FunctionExecutionError", detailed="FunctionExecutionError", sentence=_COULD_NOT_RUN
    ),
    errors.FunctionThrottled: Row(
        status=503, word="FunctionThrottledError", detailed="FunctionThrottledError", sentence=_COULD_NOT_RUN
    ),
    errors.FunctionResultError: Row(
        status=502, word="FunctionValidationError", detailed="FunctionValidationError", sentence=""
    ),
}


def row_for(error: EdgeError) -> Row:
    """Return the row of the nearest class in the error's ancestry."""
    rows = {**ROWS, **CLOUDFRONT_ROWS} if isinstance(error, errors.FunctionError) and error.of_cloudfront else ROWS
    for cls in type(error).__mro__:
        row = rows.get(cls)
        if row is not None:
            return row
    raise LookupError(f"no row for {type(error).__name__}")


def sentence_for(error: EdgeError) -> str:
    """Return the sentence of CloudFront's page for this error."""
    if isinstance(error, errors.FunctionResultError):
        return error.page or "The Lambda function result failed validation."
    return row_for(error).sentence


def error_response(error: EdgeError, request_id: str, date: bytes, status: int = 0) -> Response:
    """Return CloudFront's own error page for an error, under its own status unless another is given.

    What private content is refused with is XML (§10.4).
    """
    if isinstance(error, errors.AccessDenied):
        return denial(error.code, date)
    row = row_for(error)
    return page(status or row.status, sentence_for(error), request_id, date)


DENIALS: Final = {
    "MissingKey": "Missing Key-Pair-Id query parameter or cookie value",
    "InvalidKey": "Unknown Key",
    "MalformedSignature": "Could not unencode Signature",
    "MalformedPolicy": "Malformed Policy",
    "AccessDenied": "Access denied",
}


def denial(code: str, date: bytes) -> Response:
    """Return what CloudFront answers to a request for private content that it refuses (§10.4), byte for byte."""
    text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{DENIALS[code]}</Message></Error>'
    return made(403, b"text/xml", text.encode(), date)


_PAGE: Final = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">
<HTML><HEAD><META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=iso-8859-1">
<TITLE>ERROR: The request could not be satisfied</TITLE>
</HEAD><BODY>
<H1>{status} ERROR</H1>
<H2>The request could not be satisfied.</H2>
<HR noshade size="1px">
{sentence}
We can't connect to the server for this app or website at this time. There might be too much traffic or a \
configuration error. Try again later, or contact the app or website owner.
<BR clear="all">
If you provide content to customers through CloudFront, you can find steps to troubleshoot and help prevent this \
error by reviewing the CloudFront documentation.
<BR clear="all">
<HR noshade size="1px">
<PRE>
Generated by cloudfront (CloudFront)
Request ID: {request_id}
</PRE>
<ADDRESS>
</ADDRESS>
</BODY></HTML>"""


def page(status: int, sentence: str, request_id: str, date: bytes) -> Response:
    """Return CloudFront's error page (`spec/cloudfront.md` §6.5), byte for byte."""
    text = _PAGE.format(status=status, sentence=html.escape(sentence, quote=False), request_id=request_id)
    return made(status, b"text/html", text.encode("latin-1", "xmlcharrefreplace"), date)


def made(status: int, content_type: bytes, body: bytes, date: bytes, *more: tuple[bytes, bytes]) -> Response:
    """Return a response that CloudFront itself makes."""
    lines = (
        (b"Server", b"CloudFront"),
        (b"Date", date),
        (b"Content-Type", content_type),
        (b"Content-Length", b"%d" % len(body)),
        *more,
    )
    return Response(status=status, reason=reason(status), headers=Headers(lines), body=BytesBody(body))


def https_redirect(method: str, host: bytes, target: bytes, date: bytes) -> Response:
    """Return the redirect from HTTP to HTTPS: 301 for reads, 307 for everything else (§4.4, §6.6)."""
    status = 301 if method in {"GET", "HEAD"} else 307
    title = b"%d %s" % (status, reason(status))
    body = (
        b"<html>\r\n<head><title>"
        + title
        + b"</title></head>\r\n<body>\r\n<center><h1>"
        + title
        + b"</h1></center>\r\n"
        b"<hr><center>CloudFront</center>\r\n</body>\r\n</html>\r\n"
    )
    return made(status, b"text/html", body, date, (b"Location", b"https://" + host + target))


def signed(response: Response, date: bytes) -> Response:
    """Return a generated response with `Server` and `Date`, unless the function set its own."""
    missing = [
        line for line in ((b"Server", b"CloudFront"), (b"Date", date)) if line[0].lower() not in response.headers
    ]
    return response.changed(headers=response.headers.plus(*missing)) if missing else response


def page_instead(page: Response, status: int, response_code: int | None) -> Response:
    """Return a custom error page under the status it is to have; a page that fails keeps its own (§6.4)."""
    if page.status >= 400:
        return page
    shown = response_code or status
    return page.changed(status=shown, reason=reason(shown))
