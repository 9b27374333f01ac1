"""The request line's target and the Host field: what a request is about, or why it is none."""

import httptools

from edgerun.errors import BadRequest
from edgerun.http.headers import Headers


def split_target(url: bytes) -> tuple[bytes, bytes | None, bytes | None]:
    """Split a request-target into path, query and authority.

    The origin form gives no authority; the absolute form does, and it then stands for Host (RFC 9112 §3.2).

    Raises:
        BadRequest: any other form, a fragment, or a byte that cannot stand in a request line.
    """
    if b"#" in url or b" " in url or b"\0" in url:
        raise BadRequest("the request-target holds a character that cannot stand there")
    if url.startswith(b"/"):
        path, mark, query = url.partition(b"?")
        return path, (query if mark else None), None
    try:
        parsed = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError as error:
        raise BadRequest(f"the request-target cannot be parsed: {error}") from error
    if not parsed.host or parsed.schema not in {b"http", b"https"}:
        raise BadRequest("the request-target is neither a path nor an http URL")
    host: bytes = parsed.host if parsed.port is None else b"%b:%d" % (parsed.host, parsed.port)
    return parsed.path or b"/", parsed.query, host


def checked_host(headers: Headers, version: str) -> None:
    """Check that HTTP/1.1 names exactly one host, and a possible one.

    Raises:
        BadRequest.
    """
    hosts = headers.get_all(b"host")
    if len(hosts) > 1:
        raise BadRequest("more than one Host")
    if not hosts:
        if version == "1.1":
            raise BadRequest("no Host")
        return
    if any(byte in b'/\\@?# \t,<>"' or byte < 0x21 or byte > 0x7E for byte in hosts[0]):
        raise BadRequest("the Host holds a character that cannot stand there")


def checked_coding(headers: Headers) -> bool:
    """Tell whether the body is chunked, the only transfer coding there is here.

    Raises:
        BadRequest: another coding, or a length beside it (RFC 9112 §6.1, §6.3).
    """
    coding = headers.joined(b"transfer-encoding")
    if coding is None:
        return False
    if coding.lower() != b"chunked":
        raise BadRequest("a transfer coding other than chunked")
    if b"content-length" in headers:
        raise BadRequest("both Content-Length and Transfer-Encoding")
    return True
