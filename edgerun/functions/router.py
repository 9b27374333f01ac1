"""Which engine runs a function: chosen by its runtime."""

from collections.abc import Callable, Mapping

from edgerun.functions.function import Function
from edgerun.functions.runtime import FunctionRuntime, Invocation


class RuntimeRouter:
    """A `FunctionRuntime` of several: each function goes to the engine of its runtime.

    Args:
        usual: runs what no other engine does.
        engines: makers of the others, by how the names of their runtimes begin; called when the first such function
            comes, so that nobody pays for an engine that no function needs.
    """

    def __init__(self, usual: FunctionRuntime, engines: Mapping[str, Callable[[], FunctionRuntime]]) -> None:
        self.usual = usual
        self._engines = engines
        self._made: dict[str, FunctionRuntime] = {}

    async def invoke(self, function: Function, event: bytes, *, label: str) -> Invocation:
        return await self.engine_of(function).invoke(function, event, label=label)

    def engine_of(self, function: Function) -> FunctionRuntime:
        """Return what runs a function."""
        for beginning, make in self._engines.items():
            if function.runtime.startswith(beginning):
                made = self._made.get(beginning)
                if made is None:
                    made = self._made[beginning] = make()
                return made
        return self.usual

    async def aclose(self) -> None:
        """Close every engine that was made."""
        for engine in (self.usual, *self._made.values()):
            await engine.aclose()
