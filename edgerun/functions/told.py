"""Calls of functions that somebody hears of."""

from collections.abc import Callable

from edgerun.errors import FunctionError
from edgerun.functions.function import Function
from edgerun.functions.runtime import Ending, FunctionRuntime, Invocation
from edgerun.observe.events import Called
from edgerun.values import changed

Tell = Callable[[Called], None]


async def told(runtime: FunctionRuntime, function: Function, call: Called, tell: Tell) -> Invocation:
    """Run a function on the event of a call, and tell how it went.

    Raises:
        FunctionError: as the runtime; that is told too.
    """
    try:
        invocation = await runtime.invoke(function, call.event, label=call.request_id)
    except FunctionError as error:
        tell(ended(call, error))
        raise
    tell(ended(call, invocation))
    return invocation


def ended(call: Called, how: Ending) -> Called:
    """Return a call with how it ended."""
    if isinstance(how, FunctionError):
        return changed(call, error=how)
    return changed(
        call,
        result=how.payload,
        duration=how.duration,
        billed_duration=how.billed_duration,
        init_duration=how.init_duration,
        cold=how.cold,
        max_memory=how.max_memory,
        utilization=how.compute_utilization,
    )


class ToldRuntime:
    """A `FunctionRuntime` through which functions run that are at no point, such as an origin's.

    Args:
        runtime: runs them.
        place: what stands where the point would.
        teller: returns who hears of the calls, None as long as nobody does.
    """

    def __init__(self, runtime: FunctionRuntime, place: str, teller: Callable[[], Tell | None]) -> None:
        self._runtime = runtime
        self._place = place
        self._teller = teller

    async def invoke(self, function: Function, event: bytes, *, label: str) -> Invocation:
        tell = self._teller()
        if tell is None:
            return await self._runtime.invoke(function, event, label=label)
        call = Called(request_id=label, point=self._place, function=function.name, event=event)
        return await told(self._runtime, function, call, tell)

    async def aclose(self) -> None:
        await self._runtime.aclose()
