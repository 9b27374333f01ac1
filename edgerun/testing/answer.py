"""What came of a request to an edge under test: the answer, and how each stage came to it."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from edgerun.cache.record import Decision
from edgerun.errors import FunctionExecutionError, FunctionResultError
from edgerun.functions.advice import advice
from edgerun.http.headers import Headers
from edgerun.http.message import Request
from edgerun.observe.events import Answered, Called, Event, Failed, Printed, Step, Stepped, Warned
from edgerun.values import value

STEPS: Final = tuple(Step)


@value
class Stage:
    """One step of a request's way.

    Attributes:
        name: as in `pipeline.py`'s drawing: `viewer-request`, `look up`, `fetch` …
        ran: False for a step that the request did not come to, or that had nothing to do.
        outcome: in few words, or why it did not run.
        function: the name of the function that ran here, or "".
        event: what it was sent, as JSON values; None without a function.
        result: what it returned; None when it failed.
        duration: seconds the function took.
        error: what failed here.
    """

    name: str
    ran: bool
    outcome: str = ""
    function: str = ""
    event: Any = None
    result: Any = None
    duration: float = 0.0
    error: Exception | None = None


@value
class CacheFacts:
    """What the cache had to do with it.

    `word` is that of X-Cache, `key` the cache key or None, `reason` why it was so, `steps` the arithmetic, in words.
    """

    word: str
    key: Any
    reason: str
    steps: tuple[str, ...]


class Answer:
    """A viewer's answer; `text`, `json()` and `headers` are what the viewer saw, the rest is how it came about."""

    def __init__(self, status: int, headers: Headers, body: bytes, *, complete: bool, events: Sequence[Event]) -> None:
        self.status = status
        self.lines = headers
        self.body = body
        self.complete = complete
        self.events = tuple(events)
        self.origin_requests: list[Request] = []

    @property
    def headers(self) -> dict[str, str]:
        """The headers by lower-case name; those of one name are joined with a comma."""
        return {
            name.decode("latin-1"): (self.lines.joined(name) or b"").decode("latin-1") for name in self.lines.names()
        }

    def __getitem__(self, name: str) -> str | None:
        """Return a header, or None."""
        return self.headers.get(name.lower())

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body as JSON values."""
        return json.loads(self.body)

    @property
    def logs(self) -> list[str]:
        """What functions printed."""
        return [event.text for event in self._of(Printed) if event.kind == "output"]

    @property
    def warnings(self) -> list[Warned]:
        """What was forgiven here and may not be on AWS."""
        return list(self._of(Warned))

    @property
    def errors(self) -> list[Exception]:
        """What went wrong on the way."""
        return [event.error for event in self._of(Failed)]

    @property
    def ran(self) -> list[str]:
        """The points whose functions ran, in order."""
        return [event.point for event in self._of(Called)]

    @property
    def cache(self) -> CacheFacts:
        """What the cache had to do with it."""
        answered = next(self._of(Answered), None)
        decision: Decision | None = answered.obtained.decision if answered else None
        word = answered.response_result_type if answered else ""
        if decision is None:
            return CacheFacts(word=word, key=None, reason="the cache was not asked", steps=())
        steps = tuple(str(step) for step in decision.steps)
        return CacheFacts(word=word, key=decision.key, reason=str(decision.why.value), steps=steps)

    @property
    def stages(self) -> list[Stage]:
        """Every step in order, also those that did not run."""
        return [self.stage(step) for step in STEPS]

    def stage(self, name: str) -> Stage:
        """Return one step, such as `viewer-request`, `look up` or `fetch`.

        Raises:
            KeyError: there is no such step.
        """
        if name not in STEPS:
            raise KeyError(f"there is no stage {name!r}; there are {', '.join(STEPS)}")
        took = next((event for event in self._of(Stepped) if event.step == name), None)
        call = next((event for event in self._of(Called) if event.point == name), None)
        failed = next((event for event in self._of(Failed) if event.step == name), None)
        outcome = took.outcome if took else str(failed.error) if failed else "did not run"
        if call is None:
            error = failed.error if failed else None
            return Stage(name=name, ran=took is not None or failed is not None, outcome=outcome, error=error)
        return Stage(
            name=name,
            ran=True,
            outcome=outcome,
            function=call.function,
            event=json.loads(call.event),
            result=_parsed(call.result),
            duration=call.duration,
            error=call.error or (failed.error if failed else None),
        )

    def _of(self, kind: type[Any]) -> Iterator[Any]:
        return (event for event in self.events if isinstance(event, kind))

    def report(self) -> str:
        """Return the stages for people, one line each: what a failing test prints."""
        lines = [f"{self.status}  X-Cache: {self['X-Cache'] or '-'}  {len(self.body)} bytes"]
        for stage in self.stages:
            mark = "!" if stage.error else "·" if stage.ran else " "
            lines.append(f"  {mark} {stage.name:<24} {stage.outcome if stage.ran else ''}".rstrip())
            if stage.function:
                lines.append(f"      {stage.function} returned {json.dumps(stage.result)[:400]}")
            if stage.error:
                lines += [f"      {line}" for line in _about(stage.error)]
        lines += [f"  log  {line.rstrip()}" for line in self.logs]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Answer {self.status} {self['X-Cache'] or ''}>"


def _about(error: Exception) -> list[str]:
    if isinstance(error, FunctionResultError):
        facts = (("rule", error.rule), ("path", error.path), ("value", error.value), ("fix", error.fix))
        return [f"{name:<6} {text}" for name, text in facts if text]
    if isinstance(error, FunctionExecutionError):
        todo = advice(error.error_type)
        raised = [line for frame in error.stack for line in frame.rstrip().splitlines()]
        return [error.error_type, *raised, *([f"fix    {todo}"] if todo else [])]
    return [type(error).__name__]


def _parsed(result: bytes) -> Any:
    try:
        return json.loads(result) if result else None
    except ValueError:
        return result.decode("utf-8", "replace")
