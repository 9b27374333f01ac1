"""S3's own words: faults, the pages that tell them, and the listing of a bucket. Text only, no I/O."""

from collections.abc import Iterable
from html import escape
from http import HTTPStatus
from typing import Final

from edgerun.http.conditional import unsatisfied_range_value
from edgerun.http.headers import Line
from edgerun.values import value

_CUSTOM_FAILED: Final = "An Error Occurred While Attempting to Retrieve a Custom Error Document"


@value
class Fault:
    """Why S3 refuses: the status, its code and sentence, and what else the page and the headers say, in order."""

    status: int
    code: str
    message: str
    details: tuple[tuple[str, str], ...] = ()
    headers: tuple[Line, ...] = ()


# Sentences: cloudfront.md §13.2.
ACCESS_DENIED: Final = Fault(status=403, code="AccessDenied", message="Access Denied")
CORS_DISABLED: Final = Fault(
    status=403, code="AccessForbidden", message="CORSResponse: CORS is not enabled for this bucket."
)
INTERNAL_ERROR: Final = Fault(
    status=500, code="InternalError", message="We encountered an internal error. Please try again."
)
INVALID_URI: Final = Fault(status=400, code="InvalidURI", message="Couldn't parse the specified URI.")


def found_at(location: bytes) -> Fault:
    """Return the website's redirect to a folder, which it tells like a fault."""
    return Fault(status=302, code="Found", message="Resource Found", headers=((b"Location", location),))


def no_such_key(key: bytes) -> Fault:
    return Fault(
        status=404,
        code="NoSuchKey",
        message="The specified key does not exist.",
        details=(("Key", key.decode(errors="replace")),),
    )


def method_not_allowed(method: str) -> Fault:
    return Fault(
        status=405,
        code="MethodNotAllowed",
        message="The specified method is not allowed against this resource.",
        details=(("Method", method), ("ResourceType", "OBJECT")),
        headers=((b"Allow", b"GET, HEAD"),),
    )


def precondition_failed(condition: str) -> Fault:
    return Fault(
        status=412,
        code="PreconditionFailed",
        message="At least one of the pre-conditions you specified did not hold",
        details=(("Condition", condition),),
    )


def invalid_range(requested: bytes, size: int) -> Fault:
    return Fault(
        status=416,
        code="InvalidRange",
        message="The requested range is not satisfiable",
        details=(("RangeRequested", requested.decode("latin-1")), ("ActualObjectSize", str(size))),
        headers=((b"Content-Range", unsatisfied_range_value(size)),),
    )


def phrase(status: int) -> str:
    """Return the words of a status line; Python's own for 416 differ from version to version."""
    return "Requested Range Not Satisfiable" if status == 416 else HTTPStatus(status).phrase


def xml_error(fault: Fault, *, request_id: str, host_id: str) -> bytes:
    """Return the body of an error of the REST endpoint (cloudfront.md §13.2)."""
    lines = "".join(f"<{name}>{xml_text(text)}</{name}>" for name, text in _lines(fault, request_id, host_id))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{lines}</Error>'.encode()


def html_error(fault: Fault, *, request_id: str, host_id: str, document: Fault | None = None) -> bytes:
    """Return the body of an error of the website endpoint (cloudfront.md §13.3).

    Args:
        fault: what the request came to.
        request_id: as in the headers.
        host_id: as in the headers.
        document: why the configured error document could not be had either.
    """
    title = f"{fault.status} {phrase(fault.status)}"
    extra = "" if document is None else f"<h3>{_CUSTOM_FAILED}</h3>\n{_items(_lines(document))}"
    return (
        f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n"
        f"{_items(_lines(fault, request_id, host_id))}{extra}<hr/>\n</body>\n</html>\n"
    ).encode()


def xml_listing(
    bucket: str, prefix: str, entries: Iterable[tuple[str, str, int]], *, limit: int, truncated: bool
) -> bytes:
    """Return a `ListBucketResult`; each entry is a key, its time in ISO 8601 and its size."""
    contents = "".join(
        f"<Contents><Key>{xml_text(key)}</Key><LastModified>{modified}</LastModified><Size>{size}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for key, modified, size in entries
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{xml_text(bucket)}</Name><Prefix>{xml_text(prefix)}</Prefix><Marker></Marker>"
        f"<MaxKeys>{limit}</MaxKeys><IsTruncated>{str(truncated).lower()}</IsTruncated>{contents}</ListBucketResult>"
    ).encode()


def xml_text(text: str) -> str:
    """Return text for an element; what XML cannot hold is written as S3 does, as a numeric reference."""
    escaped = escape(text, quote=False)
    return "".join(character if character >= " " else f"&#x{ord(character):x};" for character in escaped)


def _lines(fault: Fault, request_id: str = "", host_id: str = "") -> list[tuple[str, str]]:
    lines = [("Code", fault.code), ("Message", fault.message), *fault.details]
    return [*lines, ("RequestId", request_id), ("HostId", host_id)] if request_id else lines


def _items(lines: list[tuple[str, str]]) -> str:
    items = "".join(f"<li>{name}: {escape(text, quote=False)}</li>\n" for name, text in lines)
    return f"<ul>\n{items}</ul>\n"
