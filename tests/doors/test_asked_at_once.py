"""Hits behind a function, on real sockets: whoever asks with known bytes is answered the moment the function is."""

import asyncio
import re

import pytest
from plays import Play, behavior
from served import DOORS, Served, run

from edgerun.errors import FunctionExecutionError
from edgerun.testing.functions import CallableRuntime
from edgerun.testing.origin import respond

GET = b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Gated(CallableRuntime):
    """Is asked at once, and answers when it is told to."""

    def __init__(self):
        super().__init__({"one": lambda event, _: event["Records"][0]["cf"]["request"]})
        self.waiting = []
        self.left = 0
        self.asked = asyncio.Event()
        self.forgotten = asyncio.Event()

    def begin(self, function, event, *, label, heard):
        def answer(error=None):
            try:
                self.invoke(function, event, label=label).send(None)
            except StopIteration as done:
                heard(error or done.value)

        self.waiting.append(answer)
        self.asked.set()
        return self.forgotten.set

    async def answer(self, error=None):
        await self.asked.wait()
        self.asked.clear()
        self.waiting.pop(0)(error)


def serve(door, act):
    async def whole():
        runtime = Gated()
        page = respond(200, b"a page", cache_control="max-age=60")
        play = Play(behavior(points={"viewer_request": "one"}), replies={"/page": page}, watched=False, runtime=runtime)
        try:
            async with Served(play.pipeline, door) as served:
                await served.exchange(LAST)
                async with served.connection() as viewer:
                    await viewer.send(GET)
                    assert await viewer.reader.readuntil(b"a page")
                    return await act(play, served, viewer)
        finally:
            await play.flights.aclose()

    return run(whole)


def test_an_answer_is_written_when_the_function_answers_and_the_connection_goes_on():
    async def act(play, _, viewer):
        for _ in range(3):
            await viewer.send(GET)
            await play.runtime.answer()
            assert b"X-Cache: Hit" in await viewer.reader.readuntil(b"a page")
        return len(play.runtime.calls)

    assert serve("wire", act) == 5


def test_requests_sent_at_once_are_answered_in_their_order():
    async def act(play, _, viewer):
        await viewer.send(GET)
        await play.runtime.asked.wait()
        await viewer.send(GET.replace(b"/page", b"/none") + LAST)
        await play.runtime.answer()
        return await viewer.rest()

    said = serve("wire", act)
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"200", b"404", b"200"]


def test_a_failing_function_is_a_503_and_the_connection_goes_on():
    async def act(play, _, viewer):
        await viewer.send(GET)
        await play.runtime.answer(FunctionExecutionError("no", function="one"))
        return await viewer.reader.readuntil(b"\r\n\r\n")

    assert serve("wire", act).startswith(b"HTTP/1.1 503")


def test_a_viewer_who_leaves_meanwhile_has_the_call_forgotten():
    async def act(play, _, viewer):
        await viewer.send(GET)
        await play.runtime.asked.wait()
        viewer.writer.transport.abort()
        await play.runtime.forgotten.wait()
        return play.logged()[-1].status

    assert serve("wire", act) == 0


def test_a_fault_in_what_follows_ends_the_connection_and_nothing_else(caplog):
    async def act(play, served, viewer):
        await viewer.send(GET)
        await play.runtime.asked.wait()
        play.pipeline._emit = None
        await play.runtime.answer()
        rest = await viewer.rest()
        play.pipeline._emit = play.events.append
        return rest, await served.exchange(LAST)

    rest, other = serve("wire", act)
    assert b"a page" in other
    assert "a fault of edgerun's own" in caplog.text
    assert rest == b"" or b"a page" in rest


@pytest.mark.parametrize("door", DOORS)
def test_both_doors_give_the_same(door):
    async def act(_play, served, _viewer):
        return (await served.exchange(LAST)).partition(b"\r\n\r\n")[2]

    assert serve(door, act) == b"a page"
