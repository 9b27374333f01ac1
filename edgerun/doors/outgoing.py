"""A response's head on the wire of HTTP/1.x."""

from functools import lru_cache
from typing import Final

from edgerun.http.message import Interim, Response
from edgerun.http.status import reason

BODILESS: Final = frozenset({204, 304})
KEEP_ALIVE: Final = b"Connection: keep-alive\r\n\r\n"
CLOSE: Final = b"Connection: close\r\n\r\n"
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
LAST_CHUNK: Final = b"0\r\n\r\n"


@lru_cache(maxsize=512)
def status_line(status: int, phrase: bytes) -> bytes:
    """Return the status line; a reason phrase that would split it is replaced by the standard one."""
    if any(byte < 0x20 or byte == 0x7F for byte in phrase):
        phrase = reason(status)
    return b"HTTP/1.1 %d %s\r\n" % (status, phrase)


def head(response: Response, *, keep_alive: bool, chunked: bool) -> bytes:
    """Return the head as it is written; `chunked` when the body has no declared length.

    Raises:
        ValueError: a header that would split the message.
    """
    connection = KEEP_ALIVE if keep_alive else CLOSE
    coding = CHUNKED if chunked else b""
    return b"".join((status_line(response.status, response.reason), response.headers.block, coding, connection))


def tunnel_head(response: Response, upgrade: bytes) -> bytes:
    """Return the 101 that opens a tunnel; the origin's own Connection and Upgrade were hop-by-hop."""
    lines = b"Connection: Upgrade\r\nUpgrade: " + upgrade + b"\r\n\r\n"
    headers = response.headers.without(b"connection", b"upgrade")
    return status_line(101, b"Switching Protocols") + headers.block + lines


def interim_head(interim: Interim) -> bytes:
    """Return an interim response as it is written."""
    return status_line(interim.status, reason(interim.status)) + interim.headers.block + b"\r\n"


def chunk(data: bytes) -> bytes:
    """Return one chunk of the chunked coding."""
    return b"%x\r\n%b\r\n" % (len(data), data)
