"""Running a coroutine as plain code for as long as nothing has to wait."""

import asyncio

import pytest

from edgerun.eager import begun
from edgerun.run import in_task
from edgerun.visit import Delivery

DONE = object.__new__(Delivery)


def test_what_never_waits_is_finished_at_once_without_a_loop():
    async def steps():
        return DONE

    assert begun(steps()) is DONE


def test_what_waits_goes_on_in_a_task():
    async def whole():
        future = asyncio.get_running_loop().create_future()
        order = []

        async def steps():
            order.append("begun")
            order.append(await future)
            await asyncio.sleep(0)
            order.append("done")
            return DONE

        rest = begun(steps())
        assert order == ["begun"]
        task = asyncio.ensure_future(rest)
        future.set_result("went on")
        assert await task is DONE
        return order

    assert asyncio.run(whole()) == ["begun", "went on", "done"]


def test_an_error_awaited_comes_out_where_it_was_awaited():
    async def whole():
        future = asyncio.get_running_loop().create_future()

        async def steps():
            try:
                await future
            except ValueError as error:
                return error
            return DONE

        rest = begun(steps())
        future.set_exception(ValueError("no"))
        return await rest

    assert str(asyncio.run(whole())) == "no"


def test_cancelling_the_rest_cancels_what_was_begun():
    async def whole():
        ended = []

        async def steps():
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                ended.append(True)

        task = asyncio.ensure_future(begun(steps()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return ended

    assert asyncio.run(whole()) == [True]


def test_after_in_task_there_is_a_task_so_that_timeouts_work():
    async def whole():
        async def steps():
            assert asyncio.current_task() is outer
            await in_task()
            assert asyncio.current_task() is not outer
            async with asyncio.timeout(30):
                await asyncio.sleep(0)
            await in_task()
            return DONE

        outer = asyncio.current_task()
        return await asyncio.ensure_future(begun(steps()))

    assert asyncio.run(whole()) is DONE


def test_a_rest_that_is_never_run_ends_its_steps():
    async def whole():
        ended = []

        async def steps():
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                ended.append(True)

        task = asyncio.ensure_future(begun(steps()))
        await asyncio.sleep(0)
        task.get_coro().close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return ended

    assert asyncio.run(whole()) == [True]
