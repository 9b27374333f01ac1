"""Both doors say the same, byte for byte, but for what HTTP/1.1 leaves to the connection."""

import pytest
from plays import Play, behavior
from served import Served, parse_head, run

from edgerun.distribution.model import ALL_METHODS
from edgerun.errors import OriginConnectError
from edgerun.http.headers import Headers
from edgerun.http.message import Response, StreamBody
from edgerun.testing.origin import respond

CONNECTION = {"connection", "transfer-encoding"}

CASES = [
    pytest.param(b"GET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id="200"),
    pytest.param(b"GET /page?q=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: bytes=1-2\r\n\r\n", id="range"),
    pytest.param(b"HEAD /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id="head"),
    pytest.param(b"GET /missing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id="404"),
    pytest.param(b"GET /down HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id="502"),
    pytest.param(b"GET /drip HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id="unknown length"),
    pytest.param(b"GET /empty HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id="204"),
    pytest.param(b"GET /cookies HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id="many lines of one name"),
    pytest.param(b"GET /bytes HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id="bytes above 0x7f"),
    pytest.param(b"POST /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", id="post"),
    pytest.param(b"PURGE /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", id="method not allowed"),
]


async def drip():
    yield b"one "
    yield b"two"


def edge():
    play = Play(behavior(allowed_methods=ALL_METHODS))
    play.origin.replies |= {
        "/page": respond(200, b"a page", cache_control="max-age=60", etag='"v1"'),
        "/down": OriginConnectError("refused"),
        "/drip": lambda request: Response(status=200, body=StreamBody(drip())),
        "/empty": Response(status=204),
        "/cookies": Response(status=200, headers=Headers([(b"Link", b"</a>"), (b"Link", b"</b>"), (b"LINK", b"</c>")])),
        "/bytes": Response(status=200, headers=Headers([(b"X-Bytes", b"\xe4\xf6\xfc \xff")])),
    }
    return play


def said(door, data):
    play = edge()

    async def act():
        async with Served(play.pipeline, door) as served:
            try:
                return await served.exchange(data)
            finally:
                await play.flights.aclose()

    head, _, body = run(act).partition(b"\r\n\r\n")
    status, headers = parse_head(head)
    lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    ordered = [(name.lower(), text.strip()) for name, _, text in lines if name.decode().lower() not in CONNECTION]
    if headers.get("transfer-encoding") == "chunked":
        body = unchunked(body)
    return status, ordered, body


def unchunked(data):
    out = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        out += data[: int(size, 16)]
        data = data[int(size, 16) + 2 :]
    return out


@pytest.mark.parametrize("data", CASES)
def test_both_doors_say_the_same(data):
    assert said("wire", data) == said("asgi", data)
