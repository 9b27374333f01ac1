"""INIT and its repetition, reset, idleness, pauses, what is held in reserve, and what all that takes."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest
from process_plays import LONG, is_alive, node, play, python, wait_until_gone

from edgerun.errors import FunctionExecutionError, FunctionInitError, FunctionTimeout
from edgerun.functions import pool

pytestmark = pytest.mark.process

# Every INIT leaves a mark in the folder; `FAILS` says how many of the first ones fail, and how.
COUNTS_INITS = """
import os, pathlib, sys, time
HERE = pathlib.Path(__file__).parent
NUMBER = len(list(HERE.glob("init.*"))) + 1
(HERE / f"init.{NUMBER}").touch()
if NUMBER in FAILS:
    HARM

def handler(event, context):
    if event.get("exit"):
        os._exit(1)
    return {"init": NUMBER, "left": context.get_remaining_time_in_millis()}
"""
COUNTS_INITS_IN_NODE = """
const fs = require('fs');
const number = fs.readdirSync(__dirname).filter((name) => name.startsWith('init.')).length + 1;
fs.writeFileSync(`${__dirname}/init.${number}`, '');
if (FAILS.includes(number)) { HARM }
exports.handler = async (event, context) => {
  if (event.exit) process.exit(1);
  return { init: number, left: context.getRemainingTimeInMillis() };
};
"""


def counting(folder, *fails, harm="raise RuntimeError('at import')", **limits):
    source = COUNTS_INITS.replace("FAILS", repr(fails)).replace("HARM", harm)
    Path(folder, "app.py").write_text(source)
    return python("app.handler", root=str(folder), **limits)


def inits(folder):
    return len(list(Path(folder).glob("init.*")))


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param("raise RuntimeError('at import')", id="an exception"),
        pytest.param("os._exit(1)", id="an exit"),
        pytest.param("time.sleep(30)", id="too slow"),
    ],
)
def test_a_failed_init_is_repeated_inside_the_first_invocation(tmp_path, harm):
    async def scene(stage):
        return await stage.invoke(
            counting(tmp_path, 1, harm=harm, init_timeout=1.0 if "sleep" in harm else LONG, timeout=5.0)
        )

    invocation = play(scene)
    said = json.loads(invocation.payload)
    assert said["init"] == 2
    assert 2000 < said["left"] < 5000  # INIT used some of the invocation's time
    assert invocation.init_duration is None
    assert invocation.cold


@pytest.mark.node
def test_a_failed_init_is_repeated_in_node_too(tmp_path):
    source = COUNTS_INITS_IN_NODE.replace("FAILS", "[1]").replace("HARM", "throw new Error('at import');")
    (tmp_path / "app.js").write_text(source)

    async def scene(stage):
        return await stage.invoke(node("app.handler", root=str(tmp_path), timeout=5.0))

    invocation = play(scene)
    said = json.loads(invocation.payload)
    assert said["init"] == 2
    assert 2000 < said["left"] < 5000
    assert invocation.duration > 0.005  # with INIT
    assert invocation.init_duration is None


def test_an_init_that_fails_twice_fails_the_invocation_and_the_next_one_tries_once(tmp_path):
    async def scene(stage):
        function = counting(tmp_path, 1, 2, 3)
        for expected in (2, 3):
            with pytest.raises(FunctionInitError, match="at import"):
                await stage.invoke(function)
            assert inits(tmp_path) == expected
        return await stage.result(function)

    assert play(scene)["init"] == 4


def test_an_invocation_whose_init_was_within_it_counts_it_in_its_duration(tmp_path):
    async def scene(stage):
        return await stage.invoke(counting(tmp_path, 1, 2, harm="time.sleep(0.3) if NUMBER == 2 else sys.exit(1)"))

    invocation = play(scene)
    assert json.loads(invocation.payload)["init"] == 2
    assert invocation.duration >= 0.3
    assert invocation.billed_duration >= 300


def test_the_functions_own_time_covers_the_repeated_init(tmp_path):
    async def scene(stage):
        function = counting(tmp_path, 1, 2, harm="time.sleep(30)", init_timeout=0.2, timeout=0.5)
        with pytest.raises(FunctionTimeout, match=r"Task timed out after 0\.50 seconds"):
            await stage.invoke(function)

    play(scene)


def test_a_call_that_left_during_a_failing_init_does_not_repeat_it(tmp_path):
    async def scene(stage):
        function = counting(tmp_path, 1, harm="print('importing', flush=True); time.sleep(0.2); sys.exit(1)")
        call = asyncio.create_task(stage.invoke(function))
        await stage.line("importing")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        wait_until_gone(stage.runtime.pids() - {spawner.pid for spawner in stage.runtime._spawners.values()})
        return inits(tmp_path)

    assert play(scene) == 1


def test_a_reset_environment_runs_init_inside_the_next_invocation(tmp_path):
    async def scene(stage):
        function = counting(tmp_path, concurrency=1)
        first = await stage.invoke(function)
        with pytest.raises(FunctionExecutionError):
            await stage.invoke(function, {"exit": True})
        return first, await stage.invoke(function), await stage.invoke(function)

    first, second, third = play(scene)
    assert first.init_duration > 0
    assert (second.init_duration, second.cold) == (None, True)
    assert (third.init_duration, third.cold) == (None, False)


@pytest.mark.parametrize("harm", ["exit", "loop"])
def test_temporary_files_outlive_a_reset_and_not_a_change_of_the_code(harm):
    async def scene(stage):
        function = python("keeps.handler", concurrency=1, timeout=0.4)
        first = await stage.result(function, {"name": "kept-1"})
        second = await stage.result(function, {"name": "kept-2"})
        with pytest.raises(FunctionExecutionError):
            await stage.invoke(function, {"name": "kept-3", "harm": harm})
        third = await stage.result(function, {"name": "kept-4"})
        await stage.runtime.reload("ab")
        return [first, second, third, await stage.result(function, {"name": "kept-5"})]

    first, second, third, fresh = play(scene)
    assert first["pid"] == second["pid"] != third["pid"]
    assert [said["there"] for said in (first, second, third, fresh)] == [
        [],
        ["kept-1"],
        ["kept-1", "kept-2", "kept-3"],
        [],
    ]


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def test_environments_that_idle_too_long_are_ended_the_coldest_first(tmp_path):
    clock = Clock()

    async def scene(stage):
        function = python("gates.handler", concurrency=2)
        gate = tmp_path / "gate"
        both = [asyncio.create_task(stage.result(function, {"gate": str(gate)})) for _ in range(2)]
        await stage.line("running", 2)
        gate.touch()
        first, second = await asyncio.gather(*both)
        clock.now += 70
        warm = await stage.result(function)
        clock.now += 70
        stage.runtime.reap()
        cold = first if warm == second else second
        wait_until_gone([cold])
        assert await stage.result(function) == warm
        clock.now += 99
        stage.runtime.reap()
        assert is_alive(warm)
        clock.now += 1
        stage.runtime.reap()
        wait_until_gone([warm])
        assert await stage.result(function) not in {first, second}

    play(scene, monotonic=clock, longest_idle=100.0)


def test_the_runtime_reaps_by_itself():
    async def scene(stage):
        pid = await stage.result(python("gates.handler"))
        async with asyncio.timeout(LONG):
            while is_alive(pid):
                await asyncio.sleep(0.005)

    play(scene, longest_idle=0.02)


def test_a_function_that_keeps_failing_to_start_pauses_and_says_so(tmp_path):
    clock = Clock()

    async def scene(stage):
        function = counting(tmp_path, *range(1, 99))

        async def fails():
            with pytest.raises(FunctionInitError, match="at import"):
                await stage.invoke(function)
            return inits(tmp_path)

        tried = [await fails() for _ in range(5)]
        notes = [line.text for line in stage.lines if line.kind == "note"]
        clock.now += 0.25
        tried += [await fails(), await fails()]
        await stage.runtime.reload("ab")
        tried += [await fails()]
        return tried, notes

    tried, notes = play(scene, monotonic=clock)
    assert tried == [2, 3, 4, 4, 4, 5, 5, 7]
    said = "function 'ab' failed to start 3 times in a row; it is not started again for 0.25 seconds, "
    assert notes == [said + "or until its code changes"]


async def spare_of(stage):
    """Wait until there is one, and it has come up."""
    async with asyncio.timeout(LONG):
        while not stage.runtime.spares():
            await asyncio.sleep(0.005)
    return next(iter(stage.runtime.spares()))


@pytest.fixture
def at_once():
    """Make spares without waiting for calm."""
    before, pool.SPARE_DELAY = pool.SPARE_DELAY, 0.0
    yield
    pool.SPARE_DELAY = before


MAKES = [pytest.param(python, id="python"), pytest.param(node, marks=pytest.mark.node, id="node")]


def counted(make, folder):
    if make is python:
        return counting(folder)
    (folder / "app.js").write_text(COUNTS_INITS_IN_NODE.replace("FAILS", "[]").replace("HARM", ""))
    return node("app.handler", root=str(folder))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("make", MAKES)
def test_a_spare_has_loaded_nothing_and_becomes_the_next_environment(tmp_path, make):
    async def scene(stage):
        function = counted(make, tmp_path)
        await stage.invoke(function)
        spare = await spare_of(stage)
        assert inits(tmp_path) == 1
        await stage.runtime.reload(function.name)
        invocation = await stage.invoke(function)
        assert spare in stage.runtime.pids()
        await spare_of(stage)
        return invocation

    invocation = play(scene)
    assert json.loads(invocation.payload)["init"] == 2
    assert invocation.init_duration > 0


@pytest.mark.usefixtures("at_once")
def test_a_spare_runs_the_code_that_was_saved_after_it_was_made(tmp_path):
    async def scene(stage):
        function = counting(tmp_path)
        await stage.invoke(function)
        spare = await spare_of(stage)
        (tmp_path / "app.py").write_text("import os\ndef handler(event, context):\n    return os.getpid()\n")
        await stage.runtime.reload("ab")
        assert await stage.result(function) == spare

    play(scene)


@pytest.mark.usefixtures("at_once")
def test_a_spare_that_dies_is_not_missed():
    async def scene(stage):
        function = python("gates.handler", concurrency=1)
        first = await stage.result(function)
        spare = await spare_of(stage)
        os.kill(spare, signal.SIGKILL)
        await stage.runtime.reload("ab")
        assert await stage.result(function) not in {first, spare}

    play(scene)


@pytest.mark.usefixtures("at_once")
def test_a_spare_gets_the_temporary_files_of_what_was_reset():
    async def scene(stage):
        function = python("keeps.handler", concurrency=1)
        await stage.result(function, {"name": "kept-1"})
        spare = await spare_of(stage)
        with pytest.raises(FunctionExecutionError):
            await stage.invoke(function, {"name": "kept-2", "harm": "exit"})
        return spare, await stage.result(function, {"name": "kept-3"})

    spare, said = play(scene)
    assert (said["pid"], said["there"]) == (spare, ["kept-1", "kept-2"])


@pytest.mark.usefixtures("at_once")
def test_the_spare_goes_with_the_last_environment():
    clock = Clock()

    async def scene(stage):
        await stage.result(python("gates.handler"))
        spare = await spare_of(stage)
        clock.now += 1000
        stage.runtime.reap()
        wait_until_gone([spare])
        assert stage.runtime.spares() == set()

    play(scene, monotonic=clock)


def test_warming_a_function_that_is_warm_does_nothing():
    async def scene(stage):
        function = python("greet.handler")
        await stage.invoke(function)
        await stage.runtime.warm(function)
        return (await stage.result(function))["calls"]

    assert play(scene) == 2


def test_every_invocation_tells_what_it_took():
    async def scene(stage):
        function = python("greet.handler")
        return [await stage.invoke(function) for _ in range(2)]

    cold, warm = play(scene)
    assert (cold.cold, warm.cold) == (True, False)
    assert cold.init_duration > 0
    assert warm.init_duration is None
    for invocation in (cold, warm):
        assert invocation.duration * 1000 <= invocation.billed_duration <= invocation.duration * 1000 + 1
        assert invocation.max_memory > 0
