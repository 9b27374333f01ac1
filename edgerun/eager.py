"""Run a coroutine as plain code for as long as nothing has to wait."""

from collections.abc import Coroutine
from typing import Any

from edgerun.run import resumed
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


async def _rest(steps: Coroutine[Any, Any, Delivery], awaited: object) -> Delivery:
    outcome: Delivery = await resumed(steps, awaited)
    return outcome
