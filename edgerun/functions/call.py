"""One invocation on its way: waiting, assigned to an environment, answered."""

import asyncio
import uuid
from collections.abc import Callable

from edgerun.errors import FunctionError
from edgerun.functions.runtime import Invocation


class Call:
    """One event and the future of its result.

    Attributes:
        label: the caller's name for it; printed lines carry it.
        started: the host has begun it, so it may have had effect and runs nowhere else.
        attempts: environments that got it.
        init_only: it ends when its environment is ready; no event is sent.
    """

    __slots__ = ("_future", "_timer", "attempts", "aws_request_id", "event", "init_only", "label", "started")

    def __init__(self, loop: asyncio.AbstractEventLoop, event: bytes, label: str, *, init_only: bool = False) -> None:
        self.init_only = init_only
        self.event = event
        self.label = label
        self.aws_request_id = str(uuid.uuid4())
        self.started = False
        self.attempts = 0
        self._future: asyncio.Future[Invocation] = loop.create_future()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for the result any more."""
        return self._future.done()

    async def result(self) -> Invocation:
        try:
            return await self._future
        except asyncio.CancelledError:
            if self._future.done() and not self._future.cancelled():
                self._future.exception()  # seen: the caller left in the moment it was answered
            raise

    def answer(self, invocation: Invocation) -> None:
        if not self._future.done():
            self._future.set_result(invocation)

    def fail(self, error: FunctionError) -> None:
        if not self._future.done():
            self._future.set_exception(error)

    def arm(self, loop: asyncio.AbstractEventLoop, delay: float, act: Callable[[], None]) -> None:
        """Set the call's one alarm."""
        self.disarm()
        self._timer = loop.call_later(delay, act)

    def disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
