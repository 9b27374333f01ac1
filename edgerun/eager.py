"""Run a coroutine as plain code for as long as nothing has to wait."""

from collections.abc import Callable, Coroutine
from types import coroutine
from typing import Any, Final

from edgerun.visit import Delivery

Begun = Delivery | Coroutine[Any, Any, Delivery]


def begun(steps: Coroutine[Any, Any, Delivery]) -> Begun:
    """Run a coroutine up to where it first has to wait.

    Returns:
        Its result if it never waited: no task was made and no loop turn passed. Otherwise a coroutine for
        the rest, to be run in a task.
    """
    try:
        awaited = steps.send(None)
    except StopIteration as done:
        outcome: Delivery = done.value
        return outcome
    return _rest(steps, awaited)


class _InTask:
    """What `in_task` hands up; whoever runs the rest resumes at once."""


_IN_TASK: Final = _InTask()


@coroutine
def in_task() -> Any:
    """Leave the plain stretch that `begun` runs: from here on there is a task, as `asyncio.timeout` needs."""
    yield _IN_TASK


async def _rest(steps: Coroutine[Any, Any, Delivery], awaited: object) -> Delivery:
    outcome: Delivery = await _resumed(steps, awaited)
    return outcome


@coroutine
def _resumed(steps: Coroutine[Any, Any, Delivery], awaited: object) -> Any:
    """Hand the future a begun coroutine waits for to the task that runs the rest, then step it on."""
    while True:
        step: Callable[[Any], object] = steps.send
        argument: object = None
        if awaited is not _IN_TASK:
            try:
                argument = yield awaited
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as error:  # noqa: BLE001  # cancellation is thrown in, as into any coroutine
                step, argument = steps.throw, error
        try:
            awaited = step(argument)
        except StopIteration as done:
            return done.value
