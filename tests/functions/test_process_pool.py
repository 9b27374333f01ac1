"""Scale out, queue, throttle, cancel, reload."""

import asyncio
import shutil
from pathlib import Path

import pytest
from process_plays import HANDLERS, play, python, wait_until_gone

from edgerun.errors import FunctionExecutionError, FunctionInitError, FunctionThrottled, FunctionTimeout

pytestmark = pytest.mark.process


async def stop(task):
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("uvloop", [False, True], ids=["asyncio", "uvloop"])
def test_64_invocations_share_3_environments(uvloop):
    async def scene(stage):
        function = python("greet.handler", concurrency=3)
        calls = [stage.runtime.invoke(function, b'{"name": "%d"}' % n, label=str(n)) for n in range(64)]
        await asyncio.gather(*calls)
        return len(stage.runtime.pids()), stage.lines

    processes, lines = play(scene, uvloop=uvloop)
    assert processes == 1 + 3
    said = [line for line in lines if line.text.startswith("hello")]
    assert len(said) == 64
    assert all(line.text == f"hello from {line.label}" for line in said)


def test_a_full_queue_and_a_long_wait_are_throttled(tmp_path):
    async def scene(stage):
        function = python("gates.handler", concurrency=1, queue=1, queue_timeout=0.1)
        gate = tmp_path / "gate"
        busy = asyncio.create_task(stage.result(function, {"gate": str(gate)}))
        await stage.line("running")
        waiting = asyncio.create_task(stage.invoke(function))
        await asyncio.sleep(0)
        with pytest.raises(FunctionThrottled, match="1 environment is busy and 1 invocation waits already"):
            await stage.invoke(function)
        with pytest.raises(FunctionThrottled, match=r": its only environment never became free within 0\.10 seconds"):
            await waiting
        gate.touch()
        assert await busy == await stage.result(function)

    play(scene)


def test_a_cancelled_wait_leaves_the_queue(tmp_path):
    async def scene(stage):
        function = python("gates.handler", concurrency=1, queue=1)
        gate = tmp_path / "gate"
        busy = asyncio.create_task(stage.result(function, {"gate": str(gate)}))
        await stage.line("running")
        leaving = asyncio.create_task(stage.invoke(function))
        await asyncio.sleep(0)
        await stop(leaving)
        staying = asyncio.create_task(stage.result(function))
        await asyncio.sleep(0)
        gate.touch()
        assert await busy == await staying
        return stage.texts

    assert len(play(scene)) == 2


def test_a_cancelled_invocation_is_finished_in_the_background_and_its_environment_freed(tmp_path):
    async def scene(stage):
        function = python("gates.handler", concurrency=1)
        gate = tmp_path / "gate"
        leaving = asyncio.create_task(stage.invoke(function, {"gate": str(gate)}))
        pid = int((await stage.line("running"))[1])
        await stop(leaving)
        waiting = asyncio.create_task(stage.result(function))
        await asyncio.sleep(0)
        gate.touch()
        assert await waiting == pid

    play(scene)


def test_an_invocation_cancelled_during_init_leaves_a_usable_environment():
    async def scene(stage):
        function = python("greet.handler", concurrency=1)
        leaving = asyncio.create_task(stage.invoke(function))
        await asyncio.sleep(0)
        await stop(leaving)
        result = await stage.result(function)
        return result["calls"], len(stage.runtime.pids())

    assert play(scene) == (1, 2)


def test_init_errors_do_not_stop_the_queue():
    async def scene(stage):
        function = python("bad_module.handler", concurrency=2)
        ends = await asyncio.gather(*(stage.invoke(function) for _ in range(8)), return_exceptions=True)
        return {type(end) for end in ends}

    assert play(scene) == {FunctionInitError}


def test_reload_picks_up_new_code_after_what_runs(tmp_path):
    shutil.copy(Path(HANDLERS, "gates.py"), tmp_path / "app.py")

    async def scene(stage):
        function = python("app.handler", root=str(tmp_path), concurrency=2)
        gate = tmp_path / "gate"
        running = asyncio.create_task(stage.result(function, {"gate": str(gate)}))
        pid = int((await stage.line("running"))[1])
        idle = await stage.result(function)
        (tmp_path / "app.py").write_text("def handler(event, context):\n    return 'the new code'\n")
        await stage.runtime.reload("another")
        assert await stage.result(function) == idle
        await stage.runtime.reload("ab")
        assert await stage.result(function) == "the new code"
        gate.touch()
        assert await running == pid
        return await stage.result(function)

    assert play(scene) == "the new code"


def test_a_retired_function_finishes_what_runs(tmp_path):
    async def scene(stage):
        function = python("gates.handler")
        gate = tmp_path / "gate"
        running = asyncio.create_task(stage.result(function, {"gate": str(gate)}))
        pid = int((await stage.line("running"))[1])
        stage.runtime.retire(function)
        stage.runtime.retire(function)
        gate.touch()
        assert await running == pid

    play(scene)


def test_what_waits_for_a_retired_function_still_runs_and_nothing_stays(tmp_path):
    async def scene(stage):
        function = python("gates.handler", concurrency=1)
        gate = tmp_path / "gate"
        running = asyncio.create_task(stage.result(function, {"gate": str(gate)}))
        first = int((await stage.line("running"))[1])
        waiting = asyncio.create_task(stage.result(function))
        await asyncio.sleep(0)
        stage.runtime.retire(function)
        second = await waiting
        gate.touch()
        assert await running == first != second
        wait_until_gone([first, second])

    play(scene)


def test_closing_while_environments_start_leaves_nothing():
    async def scene(stage):
        calls = [asyncio.create_task(stage.invoke(python("greet.handler"))) for _ in range(4)]
        await asyncio.sleep(0)
        await stage.runtime.aclose()
        ends = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(end, FunctionExecutionError) for end in ends)

    play(scene)


def test_the_pool_tells_what_it_does():
    async def scene(stage):
        function = python("greet.handler")
        await stage.invoke(function)
        return repr(stage.runtime._pool(function))

    assert play(scene) == "<Pool ab: 0 busy, 1 idle, 0 waiting>"


def test_what_environments_do_can_be_seen_from_outside(tmp_path):
    async def scene(stage):
        def states():
            (pool,) = stage.runtime.pools()
            return [each.state for each in pool.environments if each.state != "spare"], pool.waiting

        function = python("gates.handler", concurrency=1)
        gate = tmp_path / "gate"
        task = asyncio.create_task(stage.result(function, {"gate": str(gate)}))
        await asyncio.sleep(0)
        seen = [states()]
        await stage.line("running")
        waiting = asyncio.create_task(stage.invoke(function))
        await asyncio.sleep(0)
        seen.append(states())
        gate.touch()
        await asyncio.gather(task, waiting)
        seen.append(states())
        await stage.runtime.reload(function.name)
        return [*seen, states()]

    assert play(scene) == [(["starting"], 0), (["busy"], 1), (["idle"], 0), (["ending"], 0)]


def test_warm_starts_an_environment_that_the_first_call_finds():
    async def scene(stage):
        function = python("greet.handler")
        await stage.runtime.warm(function)
        before = stage.runtime.pids()
        await stage.invoke(function)
        assert stage.runtime.pids() == before

    play(scene)


def test_warm_tells_that_a_function_does_not_start():
    async def scene(stage):
        with pytest.raises(FunctionInitError, match="no_such_module_anywhere"):
            await stage.runtime.warm(python("bad_import.handler"))

    play(scene)


def slow(**limits):
    return python("slow.handler", root=str(Path(HANDLERS).parent / "hostile"), **limits)


def test_1000_invocations_64_at_a_time_share_10_environments_in_their_order():
    async def scene(stage):
        function = slow()
        numbers = iter(range(1000))
        most, answers = 0, []

        async def viewer():
            nonlocal most
            for number in numbers:
                answers.append((number, await stage.result(function, {"seconds": 0.0, "number": number})))
                most = max(most, len(stage.runtime.pids()))

        await asyncio.gather(*(viewer() for _ in range(64)))
        return answers, most

    answers, most = play(scene)
    assert sorted(answers) == [(number, number) for number in range(1000)]
    assert most <= 1 + 10


def test_10_run_1000_wait_and_the_rest_is_throttled_at_once(tmp_path):
    async def scene(stage):
        function = python("gates.handler", queue_timeout=60.0)
        gate = tmp_path / "gate"
        calls = [asyncio.create_task(stage.result(function, {"gate": str(gate)})) for _ in range(10 + 1000 + 54)]
        await stage.line("running", 10)
        throttled = [call for call in calls if call.done()]
        assert repr(stage.runtime._pool(function)) == "<Pool ab: 10 busy, 0 idle, 1000 waiting>"
        gate.touch()
        ends = await asyncio.gather(*calls, return_exceptions=True)
        return calls[1010:] == throttled, ends

    in_turn, ends = play(scene)
    assert in_turn
    assert [type(end) for end in ends[1010:]] == [FunctionThrottled] * 54
    assert len(set(ends[:1010])) <= 10
    assert {type(end) for end in ends[:1010]} == {int}


def test_the_limits_of_waiting_are_a_thousand_and_five_seconds():
    function = python("gates.handler")
    assert (function.concurrency, function.queue, function.queue_timeout) == (10, 1000, 5.0)


def test_what_waits_goes_in_the_order_it_came(tmp_path):
    async def scene(stage):
        function = python("gates.handler", concurrency=1)
        gate = tmp_path / "gate"
        order = []

        async def caller(number):
            await stage.invoke(function, {"gate": str(gate)})
            order.append(number)

        calls = [asyncio.create_task(caller(number)) for number in range(20)]
        await stage.line("running")
        gate.touch()
        await asyncio.gather(*calls)
        return order

    assert play(scene) == list(range(20))


def test_a_call_after_a_timeout_takes_the_environment_that_was_reset():
    async def scene(stage):
        function = slow(timeout=0.2)
        with pytest.raises(FunctionTimeout):
            await stage.invoke(function, {"seconds": 30, "number": 1})
        invocation = await stage.invoke(function, {"seconds": 0, "number": 2})
        return invocation.cold, invocation.init_duration

    assert play(scene) == (True, None)
