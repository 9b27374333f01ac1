"""A task that begins at once: stepped by what it waits for, cancelled as a task is, a current task within."""

import asyncio

import pytest

from edgerun.run import Run, in_asyncio_task, in_task


def play(act):
    """Run one act; faults reported to the loop come back."""
    reported = []

    async def whole():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
        async with asyncio.timeout(10):
            await act()

    asyncio.run(whole())
    return reported


def running(steps):
    """Start a run; return it, and the list that gets it when it has ended."""
    ended = []
    run = Run(asyncio.get_running_loop(), steps, ended.append)
    run.start()
    return run, ended


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


def test_its_first_step_is_taken_at_once_and_the_rest_as_what_it_waits_for_comes():
    async def act():
        future, order = asyncio.get_running_loop().create_future(), []

        async def steps():
            order.append("begun")
            order.append(await future)
            await asyncio.sleep(0)
            order.append("done")

        run, ended = running(steps())
        assert (order, run.done) == (["begun"], False)
        future.set_result("went on")
        await turns()
        assert (order, run.done, ended) == (["begun", "went on", "done"], True, [run])

    assert play(act) == []


def test_what_never_waits_has_ended_when_it_is_started():
    async def act():
        async def steps():
            pass

        run, ended = running(steps())
        assert ended == [run]
        assert not run.cancel()

    assert play(act) == []


def test_it_is_the_current_task_within_and_whoever_started_it_is_again_afterwards():
    async def act():
        seen = []

        async def steps():
            seen.append(asyncio.current_task())
            await asyncio.sleep(0)
            seen.append(asyncio.current_task())

        outer = asyncio.current_task()
        run, _ = running(steps())
        assert asyncio.current_task() is outer
        await turns()
        assert seen == [run, run]

    assert play(act) == []


def test_a_run_within_a_run_gives_the_place_back():
    async def act():
        seen = []

        async def inner():
            seen.append(asyncio.current_task())

        async def steps():
            run, _ = running(inner())
            seen.extend([run, asyncio.current_task()])

        run, _ = running(steps())
        assert seen[0] is seen[1]
        assert seen[2] is run

    assert play(act) == []


@pytest.mark.parametrize("elsewhere", [False, True], ids=["its own", "a task of asyncio's"])
def test_timeouts_work_in_it(elsewhere):
    async def act():
        seen = []

        async def steps():
            await (in_asyncio_task() if elsewhere else in_task())
            try:
                async with asyncio.timeout(0):
                    await asyncio.get_running_loop().create_future()
            except TimeoutError:
                seen.append("late")
            async with asyncio.timeout(5):
                await asyncio.sleep(0)
            seen.append("in time")

        run, _ = running(steps())
        while not run.done:
            await asyncio.sleep(0)
        assert seen == ["late", "in time"]

    assert play(act) == []


def test_who_wants_a_task_of_asyncios_gets_one():
    async def act():
        seen = []

        async def steps():
            seen.append(isinstance(asyncio.current_task(), asyncio.Task))
            await in_asyncio_task()
            seen.append(isinstance(asyncio.current_task(), asyncio.Task))
            await in_asyncio_task()
            await in_task()

        run, ended = running(steps())
        await turns()
        assert (seen, ended) == ([False, True], [run])

    assert play(act) == []


@pytest.mark.parametrize("where", ["a future", "a sleep", "a task of asyncio's"])
def test_cancelling_reaches_it_wherever_it_waits_and_may_be_caught(where):
    async def act():
        order = []

        async def steps():
            try:
                if where == "a task of asyncio's":
                    await in_asyncio_task()
                await (asyncio.sleep(0) if where == "a sleep" else asyncio.get_running_loop().create_future())
            except asyncio.CancelledError:
                order.append("caught")
                await asyncio.sleep(0)
                order.append("cleaned up")
                raise

        run, ended = running(steps())
        if where == "a task of asyncio's":
            await turns(2)
        assert run.cancel()
        await turns()
        assert (order, ended) == (["caught", "cleaned up"], [run])

    assert play(act) == []


def test_cancelled_before_its_first_step_it_takes_none():
    async def act():
        async def steps():
            raise AssertionError("a step was taken")

        ended = []
        run = Run(asyncio.get_running_loop(), steps(), ended.append)
        run.cancel()
        run.start()
        assert ended == [run]

    assert play(act) == []


def test_cancelled_from_within_it_ends_where_it_next_waits():
    async def act():
        order = []

        async def steps():
            asyncio.current_task().cancel()
            order.append("goes on")
            await asyncio.get_running_loop().create_future()
            order.append("never")

        _, ended = running(steps())
        await turns()
        assert order == ["goes on"]
        assert len(ended) == 1

    assert play(act) == []


def test_cancelled_as_what_it_waits_for_comes_it_is_cancelled_all_the_same():
    async def act():
        future, order = asyncio.get_running_loop().create_future(), []

        async def steps():
            order.append(await future)

        run, ended = running(steps())
        future.set_result("there")
        run.cancel()
        await turns()
        assert (order, ended) == ([], [run])

    assert play(act) == []


def test_an_error_that_comes_out_is_reported():
    async def act():
        async def steps():
            raise ValueError("a fault")

        _, ended = running(steps())
        assert len(ended) == 1

    assert [str(error) for error in play(act)] == ["a fault"]


def test_an_error_that_comes_out_of_a_task_of_asyncios_is_reported_too():
    async def act():
        async def steps():
            await in_asyncio_task()
            raise ValueError("a fault")

        run, ended = running(steps())
        await turns()
        assert ended == [run]

    assert [str(error) for error in play(act)] == ["a fault"]
