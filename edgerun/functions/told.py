"""Calls of functions that somebody hears of."""

from collections.abc import Callable

from edgerun.errors import FunctionError
from edgerun.functions.function import Function
from edgerun.functions.runtime import FunctionRuntime, Invocation
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
        tell(changed(call, error=error))
        raise
    tell(
        changed(
            call,
            result=invocation.payload,
            duration=invocation.duration,
            billed_duration=invocation.billed_duration,
            init_duration=invocation.init_duration,
            cold=invocation.cold,
            max_memory=invocation.max_memory,
            utilization=invocation.compute_utilization,
        )
    )
    return invocation


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
