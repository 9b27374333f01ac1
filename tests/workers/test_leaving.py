"""A worker that leaves: no viewer who is connected to it loses an answer."""

import asyncio
import contextlib

import pytest
from served import DOORS, Served, until
from test_doors import gated, play

from edgerun.testing.origin import respond
from edgerun.workers.serving import PortServer

HEAD = b"GET /page HTTP/1.1\r\nHost: shop.example\r\n\r\n"
PAGE = respond(200, b"the page", Cache_Control="max-age=60")


@contextlib.asynccontextmanager
async def worker(made, door="wire"):
    """Serve a play as a worker does, on a listener that has a second one beside it."""
    served = Served(made.pipeline, door)
    beside = Served(made.pipeline, door)
    served.server = PortServer(served.server.config, [served.listener, beside.listener], 0)
    served.server.quiet = 0.1
    try:
        async with served:
            served.beside = beside.port
            yield served
    finally:
        served.server.close_listeners()
        await made.flights.aclose()


def run(act, door="wire", **replies):
    async def whole():
        async with asyncio.timeout(20), worker(play(page=PAGE, **replies), door) as served:
            return await act(served)

    return asyncio.run(whole())


async def refused(port):
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return False
    return True


def test_a_viewer_is_told_in_the_next_answer_that_it_is_the_last():
    async def act(served):
        async with served.connection() as viewer:
            await viewer.send(HEAD)
            first = await viewer.answer()
            leaving = asyncio.ensure_future(served.server.leave())
            await asyncio.sleep(0)
            assert await refused(served.port)
            await viewer.send(HEAD)
            last = await viewer.answer()
            assert await viewer.rest() == b""
        await leaving
        return first, last

    (_, first, _), (status, headers, body) = run(act)
    assert first["connection"] == "keep-alive"
    assert (status, headers["connection"], body) == (200, "close", b"the page")


@pytest.mark.parametrize("door", DOORS)
def test_an_answer_under_way_is_finished(door):
    gates = []

    async def act(served):
        async with served.connection() as viewer:
            await viewer.send(HEAD.replace(b"/page", b"/slow"))
            await until(lambda: gates)
            leaving = asyncio.ensure_future(served.server.leave())
            await asyncio.sleep(0)
            gates[0].set()
            answer = await viewer.answer()
            await viewer.rest()
        await leaving
        return answer

    status, _, body = run(act, door, slow=gated(respond(200, b"late", Cache_Control="no-store"), gates))
    assert (status, body) == (200, b"late")


def test_requests_that_were_sent_together_are_all_answered():
    gates = []

    async def act(served):
        async with served.connection() as viewer:
            await viewer.send(HEAD.replace(b"/page", b"/slow") + HEAD)
            await until(lambda: gates)
            leaving = asyncio.ensure_future(served.server.leave())
            await until(lambda: all(each._winding_down for each in served.server.server_state.connections))
            gates[0].set()
            answers = [await viewer.answer(), await viewer.answer()]
            assert await viewer.rest() == b""
        await leaving
        return answers

    first, last = run(act, slow=gated(respond(200, b"late", Cache_Control="no-store"), gates))
    assert (first[2], last[2], last[1]["connection"]) == (b"late", b"the page", "close")


def test_who_asks_nothing_is_not_waited_for():
    async def act(served):
        async with served.connection() as viewer:
            await viewer.send(HEAD)
            await viewer.answer()
            await served.server.leave()
            return await viewer.rest()

    assert run(act) == b""


def test_another_listener_is_answered_for_as_long_as_that_is_asked_for():
    async def ask(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answer = await reader.read()
        writer.close()
        return answer

    async def act(served):
        waiting = asyncio.ensure_future(ask(served.beside))  # nobody is there yet
        await served.server.help_out(1)
        await served.server.help_out(1)
        answers = [await waiting, await ask(served.beside)]
        served.server.help_no_longer(1)
        served.server.help_no_longer(1)
        reader, later = await asyncio.open_connection("127.0.0.1", served.beside)
        later.write(HEAD)
        answers.append(await ask(served.port))  # meanwhile the other would have been answered
        assert not reader._buffer
        later.close()
        return answers

    assert [answer.startswith(b"HTTP/1.1 200") for answer in run(act)] == [True] * 3
