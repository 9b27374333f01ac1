"""How an invocation fails, in Lambda's words (spec/lambda-service.md §2.1)."""

import json
import os
import signal
from collections.abc import Sequence
from typing import Final, TypeVar

from edgerun.errors import FunctionExecutionError, FunctionInitError, FunctionThrottled, FunctionTimeout
from edgerun.functions.function import Function
from edgerun.functions.runtime import OutputLine

Kind = TypeVar("Kind", bound=FunctionExecutionError)

LARGEST_RESULT: Final = 6 * 1024 * 1024 + 100
TIMED_OUT: Final = "Sandbox.Timedout"
OUT_OF_MEMORY: Final = "Runtime.OutOfMemory"  # a host's word for it; never told as such, see `out_of_memory`
_SIGNALS: Final[dict[int, str]] = {
    signal.SIGKILL: "killed",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "aborted",
    signal.SIGTERM: "terminated",
    signal.SIGBUS: "bus error",
    signal.SIGILL: "illegal instruction",
    signal.SIGFPE: "floating point exception",
    signal.SIGINT: "interrupt",
    signal.SIGHUP: "hangup",
}


def documented(function: Function, document: bytes, kind: type[Kind]) -> Kind:
    """Return the error that a host's error document describes; a document that is none says so itself."""
    fields = _fields(document)
    stack = fields.get("stackTrace", fields.get("trace"))
    return kind(
        _text(fields.get("errorMessage")),
        function=function.name,
        error_type=_text(fields.get("errorType")) or "Error",
        stack=tuple(_text(frame) for frame in stack) if isinstance(stack, list) else (),
    )


def timed_out(function: Function, aws_request_id: str) -> FunctionTimeout:
    said = f"RequestId: {aws_request_id} Error: Task timed out after {function.timeout:.2f} seconds"
    return FunctionTimeout(said, function=function.name, error_type=TIMED_OUT)


def init_timed_out(function: Function) -> FunctionInitError:
    return FunctionInitError(
        f"Task timed out after {function.init_timeout:.2f} seconds", function=function.name, error_type=TIMED_OUT
    )


def end_of(function: Function, status: int | None, aws_request_id: str, *, ready: bool) -> FunctionExecutionError:
    """Return the error for a process that is gone, by its wait status; None: it went down with its zygote."""
    if status is not None:
        return exited(function, status, aws_request_id, FunctionExecutionError if ready else FunctionInitError)
    why = "the process that starts environments ended"
    if ready:
        return platform_failed(function, why)
    return no_start(function, f"{why}; its interpreter must be Python 3.10 or later")


def out_of_memory(function: Function, aws_request_id: str, kind: type[Kind]) -> Kind:
    """Return what Lambda says of a process that it killed for its memory: that it was killed, no more."""
    return exited(function, signal.SIGKILL, aws_request_id, kind)


def too_large(function: Function, limit: int) -> FunctionExecutionError:
    return FunctionExecutionError(
        f"Response payload size exceeded maximum allowed payload size ({limit} bytes).",
        function=function.name,
        error_type="Function.ResponseSizeTooLarge",
    )


def exited(function: Function, status: int, aws_request_id: str, kind: type[Kind]) -> Kind:
    """Return the error for an environment that ended with a wait status."""
    return kind(
        f"RequestId: {aws_request_id} Error: Runtime exited {_how(status)}",
        function=function.name,
        error_type="Runtime.ExitError",
    )


def damaged(function: Function, aws_request_id: str, why: str, kind: type[Kind]) -> Kind:
    return kind(
        f"RequestId: {aws_request_id} Error: the function wrote to its runtime's channel: {why}",
        function=function.name,
        error_type="Runtime.Unknown",
    )


def note_of(function: Function, cause: str) -> OutputLine:
    """Return what to tell people of a process that was killed for having too much: Lambda does not say it."""
    if cause == "memory":
        why = f"it needed more than its {function.memory} MB of memory; free some, or give it more with 'memory'"
    else:
        why = f"it had more than {function.processes:,} processes and threads"
    text = f"function {function.name!r} was killed: {why}"
    return OutputLine(function=function.name, label="", text=text, kind="note")


def no_start(function: Function, why: str) -> FunctionInitError:
    return FunctionInitError(why, function=function.name, error_type="Runtime.InvalidEntrypoint")


def no_bootstrap(function: Function, places: Sequence[str], aws_request_id: str) -> FunctionInitError:
    return FunctionInitError(
        f"RequestId: {aws_request_id} Error: Couldn't find valid bootstrap(s): [{' '.join(places)}]",
        function=function.name,
        error_type="Runtime.InvalidEntrypoint",
    )


def platform_failed(function: Function, why: str) -> FunctionExecutionError:
    return FunctionExecutionError(why, function=function.name, error_type="Sandbox.Failure")


def queue_full(function: Function) -> FunctionThrottled:
    return FunctionThrottled(
        f"function {function.name!r}: {_counted(function.concurrency, 'environment is', 'environments are')} busy and "
        f"{_counted(function.queue, 'invocation waits', 'invocations wait')} already",
        function=function.name,
    )


def waited_too_long(function: Function) -> FunctionThrottled:
    return FunctionThrottled(
        f"function {function.name!r}: {_none_of(function.concurrency)} became free within "
        f"{function.queue_timeout:.2f} seconds",
        function=function.name,
    )


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _none_of(environments: int) -> str:
    return f"none of {environments} environments" if environments > 1 else "its only environment never"


def _how(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"with error: signal: {_SIGNALS.get(number, f'signal {number}')}"
    code = os.waitstatus_to_exitcode(status)
    return f"with error: exit status {code}" if code else "without providing a reason"


def _fields(document: bytes) -> dict[str, object]:
    try:
        fields: object = json.loads(document)  # not orjson: it refuses half a surrogate pair
    except ValueError:
        fields = None
    if isinstance(fields, dict):
        return fields
    return {"errorMessage": document.decode("utf-8", "replace")}


def _text(part: object) -> str:
    text = part if isinstance(part, str) else "" if part is None else str(part)
    return text.encode("utf-8", "replace").decode()
