"""A Runtime API without processes: what an environment hears of it, and a client that sends it any bytes."""

import asyncio
import contextlib
import json
from dataclasses import dataclass

import uvloop as fast_loop

from edgerun.functions import frames
from edgerun.functions.runtime_api import RuntimeApi

ID = "11111111-2222-4333-8444-555555555555"
OTHER_ID = "99999999-2222-4333-8444-555555555555"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:thumb:1"
BASE = "/2018-06-01/runtime"
NEXT = f"{BASE}/invocation/next"
PATIENCE = 5


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def fault(self):
        return json.loads(self.body)["errorType"]


class Client:
    """One connection."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, api):
        host, port = api.address.split(":")
        return cls(*await asyncio.open_connection(host, int(port)))

    async def send(self, sent):
        self.writer.write(sent)
        await self.writer.drain()

    async def ask(self, method, path, body=b"", headers=()):
        lines = [f"{method} {path} HTTP/1.1", "Host: api", *headers]
        if method == "POST" and not any(line.lower().startswith("transfer-encoding") for line in headers):
            lines.append(f"Content-Length: {len(body)}")
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        return await self.reply()

    async def reply(self):
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Reply(int(first.split()[1]), headers, body)

    async def at_end(self):
        """Tell whether the server closes the connection, with nothing more to say."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read() == b""
            except ConnectionResetError:
                return True

    async def close(self):
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


class Stage:
    """One environment's API, and what its environment heard."""

    def __init__(self, largest=1000, timeout=3.0):
        self.heard = []
        self.number = 0
        self.held = []
        self.changed = asyncio.Event()
        self.clients = []
        self.api = RuntimeApi(asyncio.get_running_loop(), self.hear, largest)
        facts = {"timeout": timeout, "invoked_function_arn": ARN}
        self.api.write(frames.encode(frames.INIT, 0, json.dumps(facts).encode()))

    def hear(self, frame):
        self.heard.append(frame)
        self.changed.set()
        if frame.kind == frames.READY:
            for event in self.held:
                self.api.write(event)

    def invoke(self, aws_request_id=ID, event=b"{}"):
        """Bring an event; as an environment does, not before the runtime is ready."""
        self.number += 1
        event = frames.encode(frames.EVENT, self.number, aws_request_id.encode() + event)
        if frames.READY in self.kinds:
            self.api.write(event)
        else:
            self.held.append(event)

    @property
    def kinds(self):
        return [frame.kind for frame in self.heard]

    @property
    def answers(self):
        """The ends of invocations, as (kind, number, document, oversized)."""
        ends = [frame for frame in self.heard if frame.kind in {frames.RESULT, frames.ERROR}]
        return [
            (frame.kind, frame.id, b"" if frame.oversized else frames.read_answer(frame.payload).document)
            for frame in ends
        ]

    async def until(self, kind):
        async with asyncio.timeout(PATIENCE):
            while kind not in self.kinds:
                self.changed.clear()
                await self.changed.wait()

    async def client(self):
        client = await Client.open(self.api)
        self.clients.append(client)
        return client

    async def running(self, aws_request_id=ID):
        """Return a client whose runtime has an invocation."""
        client = await self.client()
        self.invoke(aws_request_id)
        assert (await client.ask("GET", NEXT)).status == 200
        return client

    async def close(self):
        self.api.abort()
        for client in self.clients:
            await client.close()
        await asyncio.sleep(0)


def play(scene, *, uvloop=False, **options):
    async def whole():
        stage = Stage(**options)
        try:
            return await scene(stage)
        finally:
            await stage.close()

    return fast_loop.run(whole()) if uvloop else asyncio.run(whole())
