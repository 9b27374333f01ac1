"""What the invoker asks of whatever runs functions: one JSON event in, one JSON result out."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from edgerun.errors import FunctionError
from edgerun.functions.function import Function
from edgerun.functions.log_lines import billed
from edgerun.values import value


@value
class Invocation:
    """A finished invocation.

    Attributes:
        payload: the result exactly as the function's runtime encoded it; not necessarily valid JSON.
        aws_request_id: Lambda's own id of this invocation, a UUID.
        duration: seconds from its start in the environment to its result; with INIT, where that ran inside it.
        init_duration: seconds the environment took to start, if this was its first event, else None.
        max_memory: peak resident memory in MB, 0 when unknown.
        compute_utilization: percent of the allowed time that a CloudFront Function took; None for Lambda.
        cold: it was the first event of a process.
    """

    payload: bytes
    aws_request_id: str = ""
    duration: float = 0.0
    init_duration: float | None = None
    max_memory: int = 0
    compute_utilization: int | None = None
    cold: bool = False

    @property
    def billed_duration(self) -> int:
        """Milliseconds, begun ones included, without INIT."""
        return billed(self.duration)


@value
class OutputLine:
    """One event of a function's log: a line it printed, or one of the platform's own about it.

    Attributes:
        label: what the caller named the invocation that ran at that time, "" outside one.
        text: of several lines, if the event has several.
        kind: `output` or `platform`, of which several may come as one, or `note`: a word of edgerun's own for the
            terminal, which is in no log on AWS.
    """

    function: str
    label: str
    text: str
    kind: str = "output"


Ending = Invocation | FunctionError
Forget = Callable[[], None]


class FunctionRuntime(Protocol):
    """Runs functions on events. It knows no HTTP and no CloudFront."""

    async def invoke(self, function: Function, event: bytes, *, label: str) -> Invocation:
        """Run one function on one JSON event.

        Args:
            function: what to run, and its limits.
            event: JSON, UTF-8.
            label: the caller's name for this invocation; printed lines carry it.

        Raises:
            FunctionInitError, FunctionExecutionError, FunctionTimeout, FunctionThrottled.
        """
        ...

    async def aclose(self) -> None:
        """Kill every environment and remove every folder made for one."""
        ...


@runtime_checkable
class PromptRuntime(Protocol):
    """A runtime that can be asked without waiting for it."""

    def begin(self, function: Function, event: bytes, *, label: str, heard: Callable[[Ending], None]) -> Forget | None:
        """Run one function on one JSON event, as `invoke` does, and return at once.

        Args:
            function: what to run, and its limits.
            event: JSON, UTF-8.
            label: the caller's name for this invocation.
            heard: told once of the result or the error, perhaps before this returns; must not raise.

        Returns:
            How to leave the call unheard; None when this function can only be invoked.
        """
        ...
