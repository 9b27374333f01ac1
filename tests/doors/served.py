"""Both doors on real sockets, in the test's own loop, over a play's pipeline."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self

import uvicorn
import uvloop

from edgerun.doors.asgi import AsgiDoor
from edgerun.doors.plain import PlainProtocol
from edgerun.doors.wire import WireProtocol
from edgerun.embedded import EmbeddedServer

DOORS = ("wire", "asgi")


class Served:
    """One door of a pipeline, listening."""

    def __init__(self, pipeline: Any, door: str, *, keep_alive: float = 5.0) -> None:
        self.door = door
        self.app = AsgiDoor(pipeline)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        config = uvicorn.Config(
            self.app,
            http=WireProtocol if door == "wire" else PlainProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=keep_alive,  # type: ignore[arg-type]
            timeout_graceful_shutdown=2,
        )
        self.server = EmbeddedServer(config)

    async def __aenter__(self) -> Self:
        self._task = asyncio.ensure_future(self.server.serve(sockets=[self.listener]))
        while not self.server.started:
            await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.stop()
        await self._task

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator["Viewer"]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        try:
            yield Viewer(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def exchange(self, data: bytes) -> bytes:
        """Send bytes and return everything that comes until the server closes."""
        async with self.connection() as viewer:
            await viewer.send(data)
            return await viewer.rest()


class Viewer:
    """A viewer who speaks bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    async def rest(self) -> bytes:
        """Return everything until the server closes."""
        parts = []
        with contextlib.suppress(ConnectionError):
            while part := await self.reader.read(65536):
                parts.append(part)
        return b"".join(parts)

    async def head(self) -> tuple[int, dict[str, str]]:
        """Read one head: the status and the headers, names in lower case."""
        return parse_head(await self.reader.readuntil(b"\r\n\r\n"))

    async def answer(self, *, head_only: bool = False) -> tuple[int, dict[str, str], bytes]:
        """Read one whole answer."""
        status, headers = await self.head()
        if head_only or status in {204, 304} or status < 200:
            return status, headers, b""
        if "content-length" in headers:
            return status, headers, await self.reader.readexactly(int(headers["content-length"]))
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, await self._chunked()
        return status, headers, await self.rest()

    async def _chunked(self) -> bytes:
        parts = []
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            parts.append(await self.reader.readexactly(size))
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)
        return b"".join(parts)


def parse_head(data: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = data.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return int(first.split(" ")[1]), {name.lower(): text.strip() for name, _, text in pairs}


def run(test: Callable[[], Awaitable[Any]], *, loop: str = "uvloop") -> Any:
    """Run a test on one of the two loops edgerun knows."""
    factory = uvloop.new_event_loop if loop == "uvloop" else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(test())  # type: ignore[arg-type]


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for something that other tasks bring about."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.001)
