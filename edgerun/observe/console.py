"""One line per request, and everything a developer wants to be told, in the terminal."""

import json
import re
import sys
from collections.abc import Callable
from typing import Final, Protocol

import click

from edgerun.errors import FunctionError, FunctionExecutionError, FunctionResultError
from edgerun.functions.advice import advice
from edgerun.functions.rulebook import RULEBOOK
from edgerun.observe.events import (
    Answered,
    Called,
    Event,
    Failed,
    Noted,
    Printed,
    Reloaded,
    Stepped,
    Warned,
    field_types,
)

MARKS: Final = (
    ("viewer-request", "vr"),
    ("origin-request", "or"),
    ("origin-response", "os"),
    ("viewer-response", "vs"),
)

COLOURS: Final = {
    "Hit": "green",
    "RefreshHit": "green",
    "Miss": "blue",
    "Redirect": "cyan",
    "LambdaGeneratedResponse": "magenta",
    "FunctionGeneratedResponse": "magenta",
}
LEVELS: Final = {"error": "red", "warning": "yellow", "output": None, "info": "cyan"}

FLUSH_AT: Final = 32_768
GUTTER: Final = " " * 8

# What the runtimes write before a line of `console.log`, and the errors they report besides: the block of a failure
# says the same, better.
_NODE_PREFIX: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z\t(?:[0-9a-f-]{36}|undefined)\t([A-Z]+)\t")
_REPORT: Final = re.compile(
    r"\[ERROR\] [^\r]*\r(?:Traceback|\Z)|[^\t]*Z\t[^\t]*\tERROR\t(?:Invoke Error|Uncaught Exception) *\t\{", re.DOTALL
)


class Out(Protocol):
    """Where lines go; one write holds whole lines."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


class Console:
    """Writes events for people, or as JSON lines for programs.

    Lines are gathered and written together by `flush`, which the shell calls shortly after the first of
    them: a write of its own for each request would cost more than answering it.

    Args:
        out: where lines go.
        colour: use ANSI colours; meaning is never in the colour alone.
        as_json: one JSON object per event.
        quiet: failures and warnings only.
        steps: every step and call of a function too, if they are told.
        soon: arranges for `flush` to be called soon.

    Attributes:
        inspector: its address with the token, once it listens and requests are recorded: failures lead there.
    """

    def __init__(
        self,
        out: Out,
        *,
        colour: bool = False,
        as_json: bool = False,
        quiet: bool = False,
        steps: bool = True,
        soon: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self._out: Out = out
        self._colour = colour
        self._as_json = as_json
        self._quiet = quiet
        self._steps = steps
        self._soon = soon
        self._lines: list[str] = []
        self._size = 0
        self.inspector = ""

    def __call__(self, event: Event) -> None:
        if self._quiet and isinstance(event, Answered | Called | Printed | Stepped):
            return
        if not self._steps and isinstance(event, Called | Stepped):
            return
        if isinstance(event, Printed) and event.kind == "platform":
            return  # START, END and REPORT are for `edgerun logs`
        line = json.dumps(record(event)) if self._as_json else self._text(event)
        if not line:
            return
        self._lines.append(line)
        self._size += len(line)
        if self._soon is None or self._size > FLUSH_AT:
            self.flush()
        elif len(self._lines) == 1:
            self._soon(self.flush)

    def flush(self) -> None:
        """Write what has gathered."""
        lines, self._lines, self._size = self._lines, [], 0
        if lines:
            try:
                self._out.write("\n".join(lines) + "\n")
                self._out.flush()
            except BrokenPipeError:
                self._out = sys.__stderr__ or self._out

    def _text(self, event: Event) -> str:
        match event:
            case Answered():
                return self._answered(event)
            case Failed():
                return self._failed(event)
            case Warned():
                return self._warned(event)
            case Printed():
                return self._printed(event)
            case Noted():
                return self._noted(event)
            case Called() | Reloaded():
                return ""  # its step says how it went, a note what was reloaded
            case Stepped():
                return self._style(f"{short(event.request_id)}  {event.step}: {printable(event.outcome)}", dim=True)

    def _answered(self, event: Answered) -> str:
        target = event.path if event.query is None else event.path + b"?" + event.query
        colour = "red" if event.status >= 500 else COLOURS.get(event.result_type, "yellow")
        word = self._style(f"{event.status:03d}  {event.result_type:<10}", fg=colour)
        marks = "·".join(mark if point in event.ran else "--" for point, mark in MARKS)
        took = f"{event.time_taken * 1000:7.1f} ms"
        took += f"  {event.failover}" if event.failover else ""
        took += "" if event.utilization is None else f"  {event.utilization} % cpu"
        note = "" if event.complete else self._style("  cut short" if event.status else "  the viewer left", fg="red")
        asked = f"{event.method} {printable(target.decode('latin-1'))}"
        return f"{self._style(short(event.request_id), dim=True)}  {asked:<32}  {word}  {marks}{took}{note}"

    def _printed(self, event: Printed) -> str:
        if is_report(event.text):
            return ""
        label = f"{short(event.request_id)}  " if event.request_id else GUTTER
        label = self._style(f"{label}{event.function} │ ", dim=True)
        return "\n".join(label + printable(line) for line in output_lines(event.text))

    def _noted(self, event: Noted) -> str:
        first, *more = event.text.splitlines() or [""]
        mark = "!!" if event.level == "error" else "--"
        lines = [f"{mark:<6}  {printable(first)}", *(GUTTER + printable(line) for line in more)]
        return "\n".join(self._style(line, fg=LEVELS.get(event.level)) for line in lines)

    def _failed(self, event: Failed) -> str:
        error = event.error
        who = f"{event.function} at {event.step}" if event.function else str(event.step)
        first, *more = said(error)
        lines = [self._style(f"{short(event.request_id)}  {who}: {printable(first)}", fg="red")]
        lines += [self._style(GUTTER + printable(line), fg="red") for line in more]
        if isinstance(error, FunctionResultError):
            lines += [f"{GUTTER}rule   {error.rule}, see edgerun explain {error.rule}"]
            lines += [f"{GUTTER}at     {printable(f'{error.path} = {error.value}')}"] if error.path else []
            lines += [f"{GUTTER}limit  {limit}"] if (limit := limit_of(error)) else []
            lines += [f"{GUTTER}fix    {error.fix}"] if error.fix else []
        elif isinstance(error, FunctionExecutionError):
            lines += [GUTTER + line for line in frames(error)]
            lines += [f"{GUTTER}fix    {todo}"] if (todo := advice(error.error_type)) else []
        if isinstance(error, FunctionError):
            lines += [f"{GUTTER}id     {event.request_id}"]
            lines += [f"{GUTTER}see    {self.inspector}&/requests/{short(event.request_id)}"] if self.inspector else []
        return "\n".join(lines)

    def _warned(self, event: Warned) -> str:
        text = f"{short(event.request_id)}  warning {event.rule} at {event.point}, {event.path}: {event.message}"
        return self._style(printable(text), fg="yellow")

    def _style(self, text: str, *, fg: str | None = None, dim: bool = False) -> str:
        return click.style(text, fg=fg, dim=dim or None) if self._colour else text


def short(request_id: str) -> str:
    """Return the part of a request id that people need."""
    return request_id[:6]


def is_report(text: str) -> bool:
    """Tell whether this is a runtime's own report of a function's failure, which is told of anyway."""
    return _REPORT.match(text) is not None


def output_lines(text: str) -> list[str]:
    """Return what a function printed at once, for people: a carriage return stands for a line break in Lambda's log."""
    prefix = _NODE_PREFIX.match(text)
    if prefix is not None:
        level = "" if prefix[1] == "INFO" else f"{prefix[1]} "
        text = level + text[prefix.end() :]
    return text.rstrip("\r\n").replace("\xa0", " ").replace("\r", "\n").split("\n")


def said(error: Exception) -> list[str]:
    """Return an error's words in lines, with the type of what a function raised."""
    text = str(error)
    if (
        isinstance(error, FunctionExecutionError)
        and "." not in error.error_type
        and not text.startswith(error.error_type)
    ):
        text = f"{error.error_type}: {text}"
    return text.splitlines() or [type(error).__name__]


def frames(error: FunctionExecutionError) -> list[str]:
    """Return the user's own part of a traceback, printable; node's inner frames are left out."""
    lines = [line for frame in error.stack for line in frame.rstrip().splitlines() if line.strip()]
    return [printable(line) for line in lines if "(node:" not in line and not line.lstrip().startswith("at node:")]


def limit_of(error: FunctionResultError) -> str:
    """Return the size or range that a result had to keep to, in words; "" when its rule has none."""
    rule = RULEBOOK.get(error.rule)
    return rule.limit if rule is not None else ""


def printable(text: str) -> str:
    """Return text that cannot move the cursor or change the terminal: control characters are spelled out."""
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in text)


def record(event: Event) -> dict[str, object]:
    """Return an event as JSON-able fields, with its kind."""
    return {"event": type(event).__name__.lower()} | {
        name: plain(getattr(event, name)) for name in field_types(type(event))
    }


def plain(value: object) -> object:
    """Return a value as JSON has it."""
    match value:
        case bytes():
            return value.decode("latin-1")
        case FunctionResultError():
            return {
                "type": type(value).__name__,
                "message": str(value),
                "rule": value.rule,
                "path": value.path,
                "value": value.value,
                "limit": limit_of(value),
                "fix": value.fix,
                "page": value.page,
            }
        case FunctionExecutionError():
            return {
                "type": type(value).__name__,
                "message": str(value),
                "errorType": value.error_type,
                "stack": list(value.stack),
            }
        case Exception():
            return {"type": type(value).__name__, "message": str(value)}
        case str() | int() | float() | bool() | None:
            return value
        case tuple():
            return [plain(each) for each in value]
        case _:
            return str(value)
