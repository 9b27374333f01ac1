"""Which engine runs a function: chosen by its runtime."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from edgerun.functions.function import Function
from edgerun.functions.runtime import Ending, Forget, FunctionRuntime, Invocation, PromptRuntime
from edgerun.functions.seen import PoolSeen

_UNASKED: Final = object()


class Engine(FunctionRuntime, Protocol):
    """A runtime that keeps what it has loaded, and can be told to give it up."""

    async def warm(self, function: Function) -> None:
        """Load a function, to see whether it can be; raises what `invoke` would."""
        ...

    def hold(self, function: Function) -> None:
        """Keep a function to what it has loaded."""
        ...

    def retire(self, function: Function) -> None:
        """Give up a function once nothing runs on it."""
        ...

    def pools(self) -> list[PoolSeen]:
        """Return what can be seen of the environments now; empty where functions need none."""
        ...


class RuntimeRouter:
    """A `FunctionRuntime` of several: each function goes to the engine of its runtime.

    Args:
        usual: runs what no other engine does.
        engines: makers of the others, by how the names of their runtimes begin; called when the first such function
            comes, so that nobody pays for an engine that no function needs.
    """

    def __init__(self, usual: Engine, engines: Mapping[str, Callable[[], Engine]]) -> None:
        self._usual = usual
        self._engines = engines
        self._made: dict[str, Engine] = {}
        self._prompt: dict[str, Any] = {}  # by the runtime's name, how to ask its engine at once

    async def invoke(self, function: Function, event: bytes, *, label: str) -> Invocation:
        return await self.engine_of(function).invoke(function, event, label=label)

    def begin(self, function: Function, event: bytes, *, label: str, heard: Callable[[Ending], None]) -> Forget | None:
        """Ask the engine of a function, if it can be asked without waiting."""
        begin = self._prompt.get(function.runtime, _UNASKED)
        if begin is _UNASKED:
            engine = self.engine_of(function)
            begin = self._prompt[function.runtime] = engine.begin if isinstance(engine, PromptRuntime) else None
        return None if begin is None else begin(function, event, label=label, heard=heard)

    def engine_of(self, function: Function) -> Engine:
        """Return what runs a function."""
        for beginning, make in self._engines.items():
            if function.runtime.startswith(beginning):
                made = self._made.get(beginning)
                if made is None:
                    made = self._made[beginning] = make()
                return made
        return self._usual

    def pools(self) -> list[PoolSeen]:
        """Return what can be seen of all environments now."""
        return [pool for engine in (self._usual, *self._made.values()) for pool in engine.pools()]

    async def aclose(self) -> None:
        """Close every engine that was made."""
        for engine in (self._usual, *self._made.values()):
            await engine.aclose()
