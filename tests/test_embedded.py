"""The embedded server: it ends when it is told to, and does nothing while nobody asks."""

import asyncio
import contextlib
import socket

import pytest
import uvicorn

from edgerun.embedded import EmbeddedServer

GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"


class Recording(asyncio.SelectorEventLoop):
    """A loop that notes what it is asked to do later, and by when."""

    def __init__(self):
        super().__init__()
        self.delays = []

    def call_at(self, when, callback, *args, **more):
        self.delays.append(when - self.time())
        return super().call_at(when, callback, *args, **more)


@contextlib.asynccontextmanager
async def serving(app, **settings):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None, **settings)
        server = EmbeddedServer(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0)
        try:
            yield server, task, listener.getsockname()
        finally:
            server.stop(force=True)
            await task


def run(play):
    with asyncio.Runner(loop_factory=Recording) as runner:
        return runner.run(play(runner.get_loop()))


async def empty(scope, receive, send):
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def waiting(gate):
    async def app(scope, receive, send):
        await gate.wait()
        await empty(scope, receive, send)

    return app


@pytest.mark.parametrize(("dated", "timers"), [(False, 0), (True, 1)])
def test_an_idle_server_waits_for_nothing_but_the_next_date(dated, timers):
    async def play(loop):
        async with serving(empty, date_header=dated) as (server, task, _):
            for _ in range(10):
                await asyncio.sleep(0)
            idle = list(loop.delays)
            server.stop()
            await task
            return idle, loop.delays[len(idle) :]

    idle, ending = run(play)
    assert len(idle) == timers
    assert all(0.9 < delay <= 1 for delay in idle)
    assert ending == []  # with no connection, the end comes at once


def test_the_date_goes_on():
    async def play(_):
        async with serving(empty, date_header=True) as (server, _, _):
            [(_, first)] = [line for line in server.server_state.default_headers if line[0] == b"date"]
            async with asyncio.timeout(10):
                while (b"date", first) in server.server_state.default_headers:
                    await asyncio.sleep(0.01)

    run(play)


def test_an_answer_under_way_is_waited_for_and_an_idle_connection_is_not():
    async def play(_):
        gate = asyncio.Event()
        async with serving(waiting(gate)) as (server, task, address):
            reader, writer = await asyncio.open_connection(*address)
            idle, idler = await asyncio.open_connection(*address)
            writer.write(GET)
            while not server.server_state.tasks:
                await asyncio.sleep(0.001)
            server.stop()
            assert await idle.read() == b""
            assert not task.done()
            gate.set()
            answer = await reader.read()
            writer.close()
            idler.close()
            await task
            return answer

    assert run(play).startswith(b"HTTP/1.1 204 ")


def test_what_takes_longer_than_the_grace_is_cancelled():
    ended = []

    async def forever(scope, receive, send):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(scope["path"])

    async def play(_):
        async with serving(forever, timeout_graceful_shutdown=0.05) as (server, task, address):
            _, writer = await asyncio.open_connection(*address)
            writer.write(GET)
            while not server.server_state.tasks:
                await asyncio.sleep(0.001)
            server.stop()
            await task
            while not ended:
                await asyncio.sleep(0.001)
            writer.close()

    run(play)
    assert ended == ["/"]


def test_force_waits_for_nothing():
    async def play(loop):
        async with serving(waiting(asyncio.Event())) as (server, task, address):
            _, writer = await asyncio.open_connection(*address)
            writer.write(GET)
            while not server.server_state.tasks:
                await asyncio.sleep(0.001)
            server.stop()
            server.stop(force=True)
            await task
            tasks = set(server.server_state.tasks)
            writer.close()
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            return len(tasks)

    assert run(play) == 1
