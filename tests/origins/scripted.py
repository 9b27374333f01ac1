"""An HTTP server that does exactly what a test writes down, byte by byte; and the loops to run tests on."""

import asyncio
import functools
import inspect
import shutil
import socket
import ssl
import struct
import subprocess
from pathlib import Path

import pytest
import uvloop

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def on_loop(test=None, *, both=False):
    """Run an async test; with `both` once on asyncio and once on uvloop. Nothing may be left running behind it."""
    if test is None:
        return functools.partial(on_loop, both=both)

    @functools.wraps(test)
    def run(*args, **kwargs):
        faults = []
        with asyncio.Runner(loop_factory=LOOPS[kwargs.pop("loop", "asyncio")]) as runner:
            runner.get_loop().set_exception_handler(lambda _, context: faults.append(context))
            runner.run(asyncio.wait_for(test(*args, **kwargs), 20))
        assert not faults, faults

    if both:
        own = inspect.signature(test)
        extra = inspect.Parameter("loop", inspect.Parameter.KEYWORD_ONLY)
        run.__signature__ = own.replace(parameters=[*own.parameters.values(), extra])
        return pytest.mark.parametrize("loop", LOOPS)(run)
    return run


async def until(happened):
    """Let the loop turn until something that gives no sign of itself has happened."""
    while not happened():
        await asyncio.sleep(0)


class Peer:
    """The origin's end of one connection."""

    def __init__(self, origin, reader, writer):
        self.origin = origin
        self.reader = reader
        self.writer = writer

    async def head(self):
        """Read one request head, record and return it."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.origin.heads.append(head)
        return head

    async def exactly(self, count):
        return await self.reader.readexactly(count)

    async def chunked(self):
        """Read one chunked body, without its framing."""
        body = b""
        while size := int((await self.reader.readuntil(b"\r\n")).strip(), 16):
            body += (await self.reader.readexactly(size + 2))[:-2]
        assert await self.reader.readexactly(2) == b"\r\n"
        return body

    async def send(self, *parts):
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    async def answer(self, *parts):
        """Read a head, then send."""
        head = await self.head()
        await self.send(*parts)
        return head

    async def gone(self):
        """Wait until the client closes, and return what it sent before."""
        try:
            return await self.reader.read()
        except ConnectionError:
            return b""

    def half_close(self):
        self.writer.write_eof()

    def close(self):
        self.writer.close()

    def reset(self):
        """Close with RST."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class ScriptedOrigin:
    """Plays one script per connection; the last one goes on for all further connections.

    A script is `async def script(peer)`. When it returns the connection stays open until the client closes it.
    """

    def __init__(self, *scripts, tls=None, port=0):
        self.scripts = list(scripts)
        self.port = port
        self.tls = tls
        self.heads = []
        self.connections = 0
        self.faults = []
        self._tasks = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await asyncio.sleep(0)
        assert not self.faults, self.faults

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        try:
            await script(peer := Peer(self, reader, writer))
            await peer.gone()
        except (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            pass
        except Exception as fault:
            self.faults.append(fault)
        finally:
            self._tasks.discard(asyncio.current_task())
            writer.transport.abort()


def answers(*parts):
    """A script that gives the same answer to every request on a connection."""

    async def script(peer):
        while True:
            await peer.answer(*parts)

    return script


def once(*parts):
    """A script that answers one request and closes."""

    async def script(peer):
        await peer.answer(*parts)
        peer.close()

    return script


def authority(folder: Path):
    """Make a throw-away CA and a certificate for `edge.test`; returns (server context, CA file)."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    ca, key, cert, request = (folder / name for name in ("ca.pem", "key.pem", "cert.pem", "cert.csr"))
    ca_key = folder / "ca.key"
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _openssl("req", "-x509", *new, "-keyout", ca_key, "-out", ca, "-days", "2", "-subj", "/CN=edgerun test CA")
    _openssl("req", *new, "-keyout", key, "-out", request, "-subj", "/CN=edge.test")
    extensions = folder / "san.cnf"
    extensions.write_text("subjectAltName=DNS:edge.test\n")
    signer = ["-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-extfile", extensions]
    _openssl("x509", "-req", "-in", request, *signer, "-out", cert, "-days", "2")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context, ca


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
