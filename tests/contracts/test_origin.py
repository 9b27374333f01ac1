"""What every origin owes, run over the directory, the HTTP client, a function and the fake that stands in for them."""

import asyncio
import base64

import pytest

from edgerun.distribution.origins import FunctionOrigin as FunctionConfig
from edgerun.functions.function import Function
from edgerun.http.headers import Headers
from edgerun.http.message import Request, read
from edgerun.origins.directory import DirectoryOrigin
from edgerun.origins.function import FunctionOrigin, payload_of
from edgerun.origins.http1 import HttpOrigin
from edgerun.testing import CallableRuntime, ScriptedOrigin
from edgerun.testing.origin import respond

PAGE = b"<p>a page</p>"
BIG = bytes(range(256)) * 16_384


async def serve(reader, writer):
    """A small HTTP server with the same two files."""
    files = {"/page.html": PAGE, "/big.bin": BIG}
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
            body = files.get(path)
            status, content = ("200 OK", body) if body is not None else ("404 Not Found", b"nothing here")
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n\r\n".encode())
            if method != "HEAD":
                writer.write(content)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def answer(event, context):
    """A function with the same two files."""
    body = {"/page.html": PAGE, "/big.bin": BIG}.get(event["rawPath"])
    found = {"statusCode": 404, "body": "nothing here"}
    return (
        found if body is None else {"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(body).decode()}
    )


class Made:
    """An origin of one kind, for the time of a test."""

    def __init__(self, kind, folder):
        self.kind = kind
        self.folder = folder
        self.server = None

    async def __aenter__(self):
        if self.kind == "scripted":
            self.origin = ScriptedOrigin({"/page.html": respond(200, PAGE), "/big.bin": respond(200, BIG)})
        elif self.kind == "directory":
            (self.folder / "page.html").write_bytes(PAGE)
            (self.folder / "big.bin").write_bytes(BIG)
            self.origin = DirectoryOrigin(self.folder, list_bucket=True)
        elif self.kind == "function":
            given = FunctionConfig(name="f", function="f", payload="function-url", domain_name="f.example")
            function = Function(name="f", root="/", handler="f.handler", runtime="python")
            runtime = CallableRuntime({"f": answer})
            self.origin = FunctionOrigin(
                given, payload_of(given), function=lambda: function, runtime=runtime, clock=lambda: 0.0, tell=print
            )
        else:
            self.server = await asyncio.start_server(serve, "127.0.0.1", 0)
            port = self.server.sockets[0].getsockname()[1]
            self.origin = HttpOrigin("api", host="127.0.0.1", port=port)
        return self.origin

    async def __aexit__(self, *_):
        await self.origin.aclose()
        if self.server is not None:
            self.server.close()
            await self.server.wait_closed()


@pytest.fixture(params=["directory", "function", "http", "scripted"])
def on(request, tmp_path):
    """Run a play with an origin of each kind."""

    def run(play):
        async def whole():
            async with Made(request.param, tmp_path) as origin:
                return await play(origin)

        return asyncio.run(whole())

    return run


def asked(path, method="GET"):
    return Request(method=method, path=path, headers=Headers([(b"Host", b"origin.example")]))


def test_what_is_there_is_a_200_with_all_its_bytes(on):
    async def play(origin):
        response = await origin.fetch(asked(b"/page.html"))
        body = await read(response.body)
        await response.body.aclose()
        return response.status, response.body.length, body

    assert on(play) == (200, len(PAGE), PAGE)


def test_a_large_body_arrives_whole_and_says_its_length(on):
    async def play(origin):
        response = await origin.fetch(asked(b"/big.bin"))
        body = await read(response.body)
        await response.body.aclose()
        return response.headers.get(b"content-length"), body

    assert on(play) == (b"%d" % len(BIG), BIG)


def test_what_is_missing_is_a_response_and_no_exception(on):
    async def play(origin):
        response = await origin.fetch(asked(b"/missing.html"))
        await read(response.body)
        return response.status

    assert on(play) == 404


def test_head_has_the_length_and_no_bytes(on):
    async def play(origin):
        response = await origin.fetch(asked(b"/page.html", "HEAD"))
        return response.headers.get(b"content-length"), origin, await read(response.body)

    length, origin, body = on(play)
    assert length == b"%d" % len(PAGE)
    assert isinstance(origin, ScriptedOrigin) or body == b""


def test_no_hop_by_hop_field_is_handed_on(on):
    async def play(origin):
        response = await origin.fetch(asked(b"/page.html"))
        await read(response.body)
        return set(response.headers.names())

    assert not on(play) & {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"te", b"trailer"}


def test_many_at_once_get_each_their_own(on):
    async def play(origin):
        async def one(path):
            response = await origin.fetch(asked(path))
            return await read(response.body)

        return await asyncio.gather(*(one(b"/page.html" if n % 2 else b"/big.bin") for n in range(12)))

    assert on(play) == [PAGE if n % 2 else BIG for n in range(12)]


def test_a_body_that_is_given_up_harms_no_later_request(on):
    async def play(origin):
        response = await origin.fetch(asked(b"/big.bin"))
        await response.body.aclose()
        await response.body.aclose()
        response = await origin.fetch(asked(b"/page.html"))
        return await read(response.body)

    assert on(play) == PAGE


def test_its_name_resolves_and_closing_twice_is_safe(on):
    async def play(origin):
        await origin.resolve()
        await origin.aclose()
        await origin.aclose()

    on(play)
