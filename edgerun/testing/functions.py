"""Plain callables as functions."""

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

from edgerun.distribution.model import is_cloudfront
from edgerun.errors import FunctionExecutionError
from edgerun.functions.function import Function
from edgerun.functions.runtime import Invocation

Handler = Callable[[Any, Any], Any]


class OriginHelpers:
    """What a CloudFront Function's `cf` can do about origins, under CloudFront's names; `calls` remembers."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def updateRequestOrigin(self, params: Any) -> None:  # noqa: N802
        self.calls.append({"method": "updateRequestOrigin", "params": params})

    def selectRequestOriginById(self, name: Any, overrides: Any = None) -> None:  # noqa: N802
        self.calls.append({"method": "selectRequestOriginById", "params": {**(overrides or {}), "originId": name}})

    def createRequestOriginGroup(self, params: Any) -> None:  # noqa: N802
        self.calls.append({"method": "createRequestOriginGroup", "params": params})


class CallableRuntime:
    """A `FunctionRuntime` that calls handlers in process, by function name.

    A handler gets the event and, in place of Lambda's context, None; one that stands for a CloudFront Function gets
    `OriginHelpers`. Events and results pass through JSON as they do on their way to a process. `calls` remembers
    (function, event) in order. `utilization` is what runs of CloudFront Functions are said to take.
    """

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self.handlers = dict(handlers)
        self.calls: list[tuple[str, Any]] = []
        self.utilization = 10

    async def invoke(self, function: Function, event: bytes, *, label: str) -> Invocation:
        parsed = json.loads(event)
        self.calls.append((function.name, json.loads(event)))
        helpers = OriginHelpers() if is_cloudfront(function) else None
        if helpers is not None:
            parsed["request"].pop("rawQueryString", None)  # a method there, which no result has
        try:
            result = self.handlers[function.name](parsed, helpers)
            if inspect.isawaitable(result):
                result = await result
        except Exception as error:  # the handler's fault, reported as a runtime reports it
            raise FunctionExecutionError(str(error), function=function.name, error_type=type(error).__name__) from error
        try:
            payload = json.dumps(result if helpers is None else _enveloped(result, helpers)).encode()
        except (TypeError, ValueError) as error:
            message = f"Unable to marshal response: {error}"
            raise FunctionExecutionError(message, function=function.name, error_type="Runtime.MarshalError") from error
        return Invocation(
            payload=payload, aws_request_id=label, compute_utilization=None if helpers is None else self.utilization
        )

    async def aclose(self) -> None:
        return None


def _enveloped(result: object, helpers: OriginHelpers) -> dict[str, object]:
    """Return a result as the engine of CloudFront Functions hands it over."""
    kind = {type(None): "undefined", str: "string", bool: "boolean", int: "number", float: "number", list: "array"}
    return {"value": result, "kind": kind.get(type(result), "object"), "origin": helpers.calls or None}
