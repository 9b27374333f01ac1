"""Calls of functions that are counted: those that succeeded at a viewer point together, a moment after they ended."""

from collections.abc import Callable
from typing import Protocol

from edgerun.distribution.model import Point
from edgerun.errors import FunctionError
from edgerun.functions.runtime import Ending, Invocation
from edgerun.functions.told import Tell, ended
from edgerun.observe.events import Called
from edgerun.observe.gathered import Gathered, Soon, soon


class Counter(Protocol):
    """What counts calls."""

    def __call__(self, event: Called, /) -> None:
        """Take one call."""

    def many(self, events: list[Called], /) -> None:
        """Take calls that succeeded, in the order they ended; without what was sent and returned."""


class Counted:
    """Tells counters of calls.

    Args:
        counters: who hears.
        soon: arranges for a call in a moment.
    """

    def __init__(self, *counters: Counter, soon: Soon = soon) -> None:
        self._counters = list(counters)
        self._ran: Gathered[tuple[str, str, Invocation]] = Gathered(self._tell_many, soon=soon)
        self.flush = self._ran.flush

    def add(self, counter: Counter) -> None:
        """Have one more hear, of calls from now on."""
        self.flush()
        self._counters.append(counter)

    @property
    def teller(self) -> Tell | None:
        """What tells of a call; None as long as nobody hears."""
        return self.tell if self._counters else None

    def tell(self, call: Called) -> None:
        """Tell of one call at once, after those before it."""
        self.flush()
        for counter in self._counters:
            counter(call)

    def hearing(
        self, function: str, event: bytes, label: str, heard: Callable[[Ending], None]
    ) -> Callable[[Ending], None]:
        """Return what hears of a call at viewer-request, and has it counted once its viewer has been seen to."""
        add = self._ran.add

        def hear(how: Ending) -> None:
            heard(how)
            if isinstance(how, FunctionError):
                call = Called(request_id=label, point=Point.VIEWER_REQUEST, function=function, event=event)
                self.tell(ended(call, how))
            else:
                add((function, label, how))

        return hear

    def _tell_many(self, ran: list[tuple[str, str, Invocation]]) -> None:
        calls = [
            Called(
                request_id=label,
                point=Point.VIEWER_REQUEST,
                function=function,
                event=b"",
                duration=how.duration,
                billed_duration=how.billed_duration,
                init_duration=how.init_duration,
                cold=how.cold,
                max_memory=how.max_memory,
                utilization=how.compute_utilization,
            )
            for function, label, how in ran
        ]
        for counter in self._counters:
            counter.many(calls)
