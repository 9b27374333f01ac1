"""One invocation on its way: waiting, assigned to an environment, answered."""

import asyncio
import random
from collections.abc import Callable
from functools import partial
from typing import Final

from edgerun.functions.runtime import Ending, Invocation

_FREE_BITS: Final = ~(0xF000 << 64 | 0xC000 << 48)
_FOURTH_VERSION: Final = 0x4000 << 64 | 0x8000 << 48


class Call:
    """One event, and who hears what came of it.

    Attributes:
        label: the caller's name for it; printed lines carry it.
        started: the host has begun it, so it may have had effect and runs nowhere else.
        attempts: environments that got it.
        init_only: it ends when its environment is ready; no event is sent.
        abandoned: nobody waits for the result, be it that it has come or that the caller left.
        number: its number in the environment that it was sent to.
        turn: its place among the calls of its pool, in the order they came.
        until: how long it may wait for an environment, on the loop's clock; for its pool.
    """

    __slots__ = (
        *("_heard", "abandoned", "attempts", "aws_request_id", "event", "init_only", "label", "number", "started"),
        *("turn", "until"),
    )

    def __init__(self, event: bytes, label: str, heard: Callable[[Ending], None], *, init_only: bool = False) -> None:
        """Make a call; `heard` is told once, in the midst of whatever brought the result, and must not raise."""
        self.init_only = init_only
        self.event = event
        self.label = label
        self.aws_request_id = new_id()
        self.started = False
        self.attempts = 0
        self.number = 0
        self.turn = 0
        self.abandoned = False
        self.until = 0.0
        self._heard: Callable[[Ending], None] | None = heard

    def leave(self) -> None:
        """Want no result any more."""
        self.abandoned, self._heard = True, None

    def settle(self, outcome: Ending) -> None:
        """Tell what came of it, if somebody still wants to know."""
        heard, self._heard = self._heard, None  # who hears may hold this call: no ring is left for the collector
        if heard is not None:
            self.abandoned = True
            heard(outcome)


def awaited(future: asyncio.Future[Invocation]) -> Callable[[Ending], None]:
    """Return what hands an outcome to somebody who awaits it."""
    return partial(_resolve, future)


def _resolve(future: asyncio.Future[Invocation], outcome: Ending) -> None:
    if future.done():
        return
    if isinstance(outcome, Invocation):
        future.set_result(outcome)
    else:
        future.set_exception(outcome)
        future.exception()  # seen: the caller may leave in the moment it is told


def new_id() -> str:
    """Return Lambda's id for an invocation: a UUID of random bits, from a generator that a fork seeds anew."""
    digits = f"{random.getrandbits(128) & _FREE_BITS | _FOURTH_VERSION:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
