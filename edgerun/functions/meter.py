"""What one environment's invocations take, in time and memory, and how that is told: in the lines of its log."""

import asyncio
from dataclasses import replace
from typing import Final

from edgerun.errors import FunctionExecutionError
from edgerun.functions.call import Call
from edgerun.functions.deadline import Deadline
from edgerun.functions.function import Function
from edgerun.functions.log_lines import InvocationFacts, Phase
from edgerun.functions.output import Journal
from edgerun.functions.runtime import Invocation

SILENCE: Final = 0.05  # seconds until the log tells that an invocation has begun, if nothing else happens


class Meter:
    """Measures by a clock that is handed in with every call, in seconds.

    INIT is measured apart, unless it runs inside an invocation; then it is part of that (spec/lambda-service.md §3.1).

    Attributes:
        max_memory: MB the environment held at most, as far as known.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, function: Function, journal: Journal | None) -> None:
        self.max_memory = 0
        self._function = function
        self._journal = journal
        self._announcing = Deadline(loop, self._announce)
        self._init_begun = 0.0
        self._init_within = False
        self._init_duration = 0.0
        self._ready = False
        self._cold = True
        self._begun = 0.0
        self._last: tuple[Call, InvocationFacts] | None = None

    @property
    def since(self) -> float:
        """When the last invocation began, or INIT if there was none."""
        return self._begun or self._init_begun

    def init_started(self, now: float, *, within: bool, again: bool) -> None:
        """Begin INIT; `within` an invocation, perhaps `again` after one that failed, which is not announced twice."""
        self._init_begun, self._init_within = now, within
        if self._journal is not None and not again:
            self._journal.init_started("invoke" if within else "init")

    def init_done(self, now: float) -> float:
        """End INIT and return its seconds."""
        self._ready = True
        self._init_duration = now - self._init_begun
        return self._init_duration

    def init_failed(self, now: float, error_type: str) -> None:
        if self._journal is not None:
            phase: Phase = "invoke" if self._init_within else "init"
            self._journal.init_failed(now - self._init_begun, error_type, phase)

    def started(self, now: float, call: Call) -> None:
        self._begun = now
        if self._journal is not None:
            self._journal.started(call)
            self._announcing.set(now + SILENCE)

    def answered(self, call: Call, payload: bytes, duration: float, max_memory: int) -> Invocation:
        """Close an invocation that succeeded.

        Args:
            call: the invocation.
            payload: its result.
            duration: seconds its handler ran, by the host's word.
            max_memory: MB, by the host's word.
        """
        self.max_memory = max_memory
        cold, facts = self._cold, self._facts(call, duration)
        self._report(call, facts)
        return Invocation(
            payload=payload,
            aws_request_id=call.aws_request_id,
            duration=facts.duration,
            init_duration=facts.init_duration,
            max_memory=max_memory,
            cold=cold,
        )

    def failed(
        self, now: float, call: Call, why: FunctionExecutionError, duration: float | None, *, ending: bool
    ) -> None:
        """Close an invocation that failed.

        Args:
            now: the clock's time.
            call: the invocation.
            why: how it failed.
            duration: seconds its handler ran, by the host's word; None: as far as seen from here.
            ending: its environment ends with it. Then this is told when that is gone: until then it may print.
        """
        if call.init_only:
            return
        facts = self._facts(call, self._lasted(now, call) if duration is None else duration, why)
        if not ending:
            self._report(call, facts)
            return
        self._last = (call, facts)
        if self._journal is not None:
            self._journal.started(call)
            self._journal.announce()

    def ended(self, max_memory: int) -> None:
        """Tell what was kept until the environment was gone."""
        self._announcing.cancel()
        self.max_memory = max(self.max_memory, max_memory)
        if self._last is not None:
            (call, facts), self._last = self._last, None
            self._report(call, replace(facts, max_memory=self.max_memory))

    def _lasted(self, now: float, call: Call) -> float:
        """Return how long a call ran, without an INIT that ended before it; or INIT, if it failed with that."""
        if call.started:
            return now - self._begun
        return self._function.timeout if self._ready else now - self._init_begun

    def _facts(self, call: Call, duration: float, why: FunctionExecutionError | None = None) -> InvocationFacts:
        init_duration = self._init_duration if self._cold and self._ready else None
        self._cold = False
        if init_duration is not None and self._init_within:
            duration, init_duration = duration + init_duration, None
        return InvocationFacts(
            aws_request_id=call.aws_request_id,
            duration=duration,
            memory_size=self._function.memory,
            max_memory=self.max_memory,
            init_duration=init_duration,
            error_type=why.error_type if why is not None else "",
            message=str(why) if why is not None else "",
        )

    def _report(self, call: Call, facts: InvocationFacts) -> None:
        if self._journal is not None:
            self._journal.finished(call, facts)

    def _announce(self) -> None:
        if self._journal is not None:
            self._journal.announce()
