"""Calls that are sent ahead, with real processes: what is short waits in the pipe, and nothing else changes."""

import asyncio
import json

import pytest
from process_plays import node, play, python

from edgerun.errors import FunctionError, FunctionExecutionError, FunctionTimeout

pytestmark = pytest.mark.process

MAKERS = [pytest.param(python, id="python"), pytest.param(node, id="node", marks=pytest.mark.node)]
SHORT = 40  # calls after which it is known how short they are, also on a busy machine


@pytest.fixture(params=MAKERS)
def make(request):
    return lambda **limits: request.param("moods.handler", **limits)


class Stage:
    """One function that has run short calls until some may be sent ahead."""

    def __init__(self, stage, function, tmp_path):
        self.stage, self.function = stage, function
        self.book = tmp_path / "book"

    async def warm(self):
        for _ in range(SHORT):
            await self.ask(0)
        (environment,) = self.pool._current
        environment.row.ahead.depth = 64  # however busy the machine is
        self.book.write_text("")
        return environment

    @property
    def pool(self):
        (pool,) = self.stage.runtime._pools.values()
        return pool

    async def ask(self, number, **event):
        event = {"number": number, "book": str(self.book), **event}
        invocation = await self.stage.runtime.invoke(self.function, json.dumps(event).encode(), label=f"r{number}")
        return json.loads(invocation.payload)

    def asks(self, *events):
        """Ask all at once; the first has number 1."""
        return [asyncio.ensure_future(self.ask(number, **event)) for number, event in enumerate(events, 1)]

    @property
    def begun(self):
        return [int(line) for line in self.book.read_text().split()]


def test_short_calls_wait_in_the_pipe_of_one_environment_and_run_in_their_order(make, tmp_path):
    async def scene(stage):
        hot = Stage(stage, make(concurrency=2), tmp_path)
        environment = await hot.warm()
        calls = hot.asks(*[{}] * 30)
        await asyncio.sleep(0)
        ahead = len(environment.row.behind)
        return ahead, [number for number, _ in await asyncio.gather(*calls)], hot.begun

    ahead, answered, begun = play(scene)
    assert ahead == 29
    assert answered == list(range(1, 31))
    assert sorted(begun) == answered  # each once; those that a busy machine had taken back began elsewhere


def test_what_waits_behind_a_long_call_goes_to_another_environment(make, tmp_path):
    async def scene(stage):
        hot = Stage(stage, make(concurrency=3), tmp_path)
        environment = await hot.warm()
        gate = tmp_path / "gate"
        first, *others = hot.asks({"do": "wait", "gate": str(gate)}, {}, {}, {})
        answers = await asyncio.gather(*others)
        assert not first.done()
        gate.touch()
        _, pid = await first
        assert pid == environment.pid
        return pid, answers, hot.begun

    pid, answers, begun = play(scene)
    assert [number for number, _ in answers] == [2, 3, 4]
    assert pid not in {pid for _, pid in answers}
    assert sorted(begun) == [1, 2, 3, 4]


def test_a_timeout_ends_the_call_that_runs_and_no_other(make, tmp_path):
    async def scene(stage):
        hot = Stage(stage, make(concurrency=1, timeout=2), tmp_path)
        await hot.warm()
        first, *others = hot.asks({"do": "sleep", "seconds": 30}, {}, {})
        with pytest.raises(FunctionTimeout, match=r"after 2\.00 seconds"):
            await first
        return [number for number, _ in await asyncio.gather(*others)], hot.begun

    answered, begun = play(scene)
    assert (answered, begun) == ([2, 3], [1, 2, 3])


def test_a_crash_between_calls_ends_its_own_and_no_other(make, tmp_path):
    async def scene(stage):
        hot = Stage(stage, make(concurrency=1), tmp_path)
        await hot.warm()
        calls = hot.asks({}, {}, {"do": "exit"}, {}, {})
        return await asyncio.gather(*calls, return_exceptions=True), hot.begun

    (first, second, third, *others), begun = play(scene)
    assert isinstance(third, FunctionExecutionError)
    assert [number for number, _ in (first, second, *others)] == [1, 2, 4, 5]
    assert begun == [1, 2, 3, 4, 5]


def test_what_each_call_prints_is_said_to_be_its_own(make, tmp_path):
    async def scene(stage):
        hot = Stage(stage, make(concurrency=1), tmp_path)
        await hot.warm()
        await asyncio.gather(*hot.asks(*[{"do": "print"} if number % 3 else {} for number in range(20)]))
        return [line for line in stage.lines if "printed by" in line.text], hot.begun

    lines, begun = play(scene)
    assert len(lines) == 13
    assert all(line.label == f"r{line.text.split()[-1]}" for line in lines)
    assert sorted(begun) == list(range(1, 21))


def test_the_log_of_calls_sent_ahead_is_that_of_calls_one_by_one(make, tmp_path):
    async def scene(stage):
        hot = Stage(stage, make(concurrency=1), tmp_path)
        await hot.warm()
        stage.lines.clear()
        await asyncio.gather(*hot.asks(*[{"do": "print"}, {}, {}] * 4))
        return [line.text.split()[0] if line.kind == "platform" else "printed" for line in stage.lines]

    words = play(scene, platform_lines=True)
    assert words == [*["START", "printed", "END", "REPORT"], *["START", "END", "REPORT"] * 2] * 4


def test_a_function_that_prints_is_sent_one_call_at_a_time(make, tmp_path):
    async def scene(stage):
        hot = Stage(stage, make(concurrency=1), tmp_path)
        environment = await hot.warm()
        await hot.ask(1, do="print")
        return environment.row.ahead.depth

    assert play(scene) == 1


def test_a_reload_runs_what_has_not_begun_on_the_new_code(make, tmp_path):
    async def scene(stage):
        hot = Stage(stage, make(concurrency=1), tmp_path)
        environment = await hot.warm()
        gate = tmp_path / "gate"
        first, second = hot.asks({"do": "wait", "gate": str(gate)}, {})
        await asyncio.sleep(0)
        old = environment.pid
        await stage.runtime.reload(hot.function.name)
        _, new = await second
        gate.touch()
        return old, new, (await first)[1]

    old, new, first = play(scene)
    assert first == old != new


def test_closing_fails_what_was_sent_ahead(make, tmp_path):
    async def scene(stage):
        hot = Stage(stage, make(concurrency=1), tmp_path)
        await hot.warm()
        calls = hot.asks({"do": "sleep", "seconds": 30}, {}, {})
        await asyncio.sleep(0)
        await stage.runtime.aclose()
        return await asyncio.gather(*calls, return_exceptions=True)

    assert all(isinstance(each, FunctionError) for each in play(scene))
