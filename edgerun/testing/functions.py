"""Plain callables as functions."""

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

from edgerun.errors import FunctionExecutionError
from edgerun.functions.function import Function
from edgerun.functions.runtime import Invocation

Handler = Callable[[Any, Any], Any]


class CallableRuntime:
    """A `FunctionRuntime` that calls handlers in process, by function name.

    Events and results pass through JSON as they do on their way to a process. `calls` remembers
    (function, event) in order.
    """

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self.handlers = dict(handlers)
        self.calls: list[tuple[str, Any]] = []

    async def invoke(self, function: Function, event: bytes, *, label: str) -> Invocation:
        parsed = json.loads(event)
        self.calls.append((function.name, json.loads(event)))
        try:
            result = self.handlers[function.name](parsed, None)
            if inspect.isawaitable(result):
                result = await result
        except Exception as error:  # the handler's fault, reported as a runtime reports it
            raise FunctionExecutionError(str(error), function=function.name, error_type=type(error).__name__) from error
        try:
            payload = json.dumps(result).encode()
        except (TypeError, ValueError) as error:
            message = f"Unable to marshal response: {error}"
            raise FunctionExecutionError(message, function=function.name, error_type="Runtime.MarshalError") from error
        return Invocation(payload=payload, aws_request_id=label)

    async def aclose(self) -> None:
        return None
