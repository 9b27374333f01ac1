"""A WebSocket through the wire door and the real origin client, raw bytes both ways."""

import asyncio

import pytest
from plays import Play, behavior
from served import Served, parse_head, run

from edgerun.observe.events import Answered
from edgerun.origins.http1 import HttpOrigin

OPENING = (
    b"GET /ws HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


class Far:
    """An origin that accepts the upgrade and then echoes, remembering how it was asked."""

    def __init__(self):
        self.head = b""
        self.closed = asyncio.Event()

    async def __call__(self, reader, writer):
        self.head = await reader.readuntil(b"\r\n\r\n")
        writer.write(ACCEPTED + b"hello from the start")
        while data := await reader.read(65536):
            writer.write(b"echo " + data)
        writer.close()
        self.closed.set()


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_websocket_joins_viewer_and_origin(loop):
    async def act():
        far = Far()
        server = await asyncio.start_server(far, "127.0.0.1", 0)
        origin = HttpOrigin("far", host="127.0.0.1", port=server.sockets[0].getsockname()[1])
        play = Play(behavior(), origins={"origin.example.org": origin})
        async with Served(play.pipeline, "wire") as served, asyncio.timeout(30):
            async with served.connection() as viewer:
                await viewer.send(OPENING + b"early ")
                raw = await viewer.reader.readuntil(b"\r\n\r\n")
                assert raw.lower().count(b"upgrade: websocket") == 1
                status, headers = parse_head(raw)
                got = await viewer.reader.readexactly(len(b"hello from the startecho early "))
                await viewer.send(b"x" * 200_000)
                echoed = 0
                while echoed < 200_000:
                    echoed += (await viewer.reader.read(65536)).count(b"x")
            await far.closed.wait()
        await origin.aclose()
        server.close()
        return status, headers, got, far.head, play

    status, headers, got, head, play = run(act, loop=loop)
    assert (status, headers["upgrade"].lower()) == (101, "websocket")
    assert headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert got == b"hello from the startecho early "
    assert b"upgrade: websocket" in head.lower()
    assert head.count(b"Upgrade: ") == 1
    log = [event for event in play.events if isinstance(event, Answered)]
    assert [(line.status, line.result_type) for line in log] == [(101, "Miss")]
    assert log[0].bytes_sent > 200_000
