"""The environments of one function: reuse, scale out, queue, throttle, and what is kept for the next one.

An invocation takes an idle environment, else starts one and stays with it, else waits for one to become free. Nothing
here waits itself: every method decides and returns.

An environment that failed is reset: what it left is given to the next one (`remains.py`). Beside those at work there is
one spare process that has loaded nothing of the function yet; it makes the next start quick, and is no environment.
"""

import asyncio
import collections
import contextlib
import time
from collections.abc import Callable
from typing import Final

from edgerun.errors import FunctionExecutionError, FunctionInitError
from edgerun.functions import backoff, faults
from edgerun.functions.call import Call
from edgerun.functions.environment import Environment
from edgerun.functions.function import Function
from edgerun.functions.remains import Remains
from edgerun.functions.seen import EnvironmentSeen, PoolSeen, State

StartEnvironment = Callable[["Pool", Call | None], Environment]
_TICK: Final = 0.001  # what a loop's timer may come too early
LOOK: Final = 0.003  # seconds between two looks at who waits behind whom
SPARE_DELAY: Final = 0.2  # seconds from the last start to the spare's: in a burst it would be in the way


class Pool:
    """At most `function.concurrency` environments, and at most `function.queue` calls behind them."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        function: Function,
        start: StartEnvironment,
        *,
        note: Callable[[str], None] = lambda _text: None,
        monotonic: Callable[[], float] = time.monotonic,
        spare: bool = False,
    ) -> None:
        """Make a pool.

        Args:
            loop: where it lives.
            function: what its environments run.
            start: has a process made that waits for INIT.
            note: gets sentences for people.
            monotonic: tells seconds, for idleness and pauses.
            spare: whether to keep one.
        """
        self.function = function
        self._loop = loop
        self._start = start
        self._note = note
        self._monotonic = monotonic
        self._keeps_spare = spare
        self._spare: Environment | None = None
        self._spare_timer: asyncio.TimerHandle | None = None
        self._backoff = backoff.Backoff()
        self._remains: list[Remains] = []
        self._current: set[Environment] = set()
        self._retiring: set[Environment] = set()
        self._idle: list[Environment] = []  # the last one used is the warmest, and is taken first
        self._waiting: collections.deque[Call] = collections.deque()
        self._hot: Environment | None = None  # the one that got a call last
        self._look_timer: asyncio.TimerHandle | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._turns = 0
        self._leaving = False
        self._held = False

    def __repr__(self) -> str:
        busy = len(self._current) - len(self._idle)
        return f"<Pool {self.function.name}: {busy} busy, {len(self._idle)} idle, {len(self._waiting)} waiting>"

    def submit(self, call: Call) -> None:
        """Run a call now, later or not at all."""
        self._turns = call.turn = self._turns + 1
        hot = self._hot
        if hot is not None and not self._waiting and hot.has_room:
            self._send_ahead(hot, call)
        elif self._idle:
            self._hot = self._idle.pop()
            self._hot.begin(call)
        elif len(self._current) < self._limit() and not self._resets_soon():
            self._start_for(call)
        elif len(self._waiting) < self.function.queue:
            self._waiting.append(call)
            self._limit_waiting(call)
        else:
            call.settle(faults.queue_full(self.function))

    def forget(self, call: Call) -> None:
        """Leave a call to itself: out of the queue, if it is there, else unheard."""
        call.leave()
        if call in self._waiting:
            self._waiting.remove(call)

    def retire(self) -> None:
        """Replace all environments: those idle end now, the others after the call they run."""
        retired, self._current = self._current, set()
        self._retiring |= retired
        self._idle.clear()
        self._backoff.reset()
        self._forget_remains()
        for environment in retired:
            environment.retire()
        self._serve_waiting()

    def reap(self, longest: float) -> None:
        """End the environments that have been idle for so many seconds; the last one takes the spare with it."""
        if self.function.debugger is not None:
            return  # somebody may be attached, and looking for longer
        before = self._monotonic() - longest
        while self._idle and self._idle[0].idle_since <= before:
            environment = self._idle.pop(0)
            self._current.discard(environment)
            self._retiring.add(environment)
            environment.retire()
        if not self._current:
            self._forget_remains()
            self._drop_spare()

    def hold(self) -> None:
        """Start nothing more as long as something runs: the code on disk is no longer this function's."""
        self._held = True

    def leave(self) -> None:
        """Run what came until now, and keep nothing."""
        self._leaving = True
        self._drop_spare()
        self.retire()

    def close(self, why: FunctionExecutionError) -> None:
        """Kill every environment; what runs and what waits fails with `why`."""
        self._leaving = True
        self._drop_spare()
        for environment in self._current | self._retiring:
            environment.kill(why)
        while self._waiting:
            self._waiting.popleft().settle(why)
        self._stop_alarm()

    def pids(self) -> set[int]:
        return {environment.pid for environment in self._current | self._retiring if environment.pid}

    def seen(self) -> PoolSeen:
        """Return what can be seen of it now."""
        found = [EnvironmentSeen(each.pid, self._state(each)) for each in self._current | self._retiring]
        if self._spare is not None:
            found.append(EnvironmentSeen(self._spare.pid, "spare"))
        return PoolSeen(self.function, tuple(sorted(found)), len(self._waiting), self._backoff.failures)

    def _state(self, environment: Environment) -> State:
        if environment.ending or environment.retired:
            return "ending"
        if not environment.ready:
            return "starting"
        return "busy" if environment.busy else "idle"

    def spares(self) -> set[int]:
        return {self._spare.pid} if self._spare is not None and self._spare.pid else set()

    # -- what environments report

    def initialised(self, environment: Environment) -> None:  # noqa: ARG002 - a pool is told by any of its own
        self._backoff.reset()
        self._plan_spare()

    def init_failed(self, environment: Environment, why: FunctionExecutionError) -> None:
        if environment in self._retiring:
            return  # its code is not the function's any more
        pause = self._backoff.failed(self._monotonic(), why)
        if pause:
            self._note(backoff.note_of(self.function, self._backoff.failures, pause))

    def init_repeats(self, environment: Environment, call: Call) -> None:
        remains, environment.remains = environment.remains, None
        self._current.discard(environment)
        self._retiring.discard(environment)
        if not call.abandoned:
            self._start_for(call, remains)
        elif remains is not None:
            remains.forget()

    def freed(self, environment: Environment) -> None:
        call = self._next()
        if call is not None:
            self._hot = environment
            environment.begin(call)
        elif self._leaving:
            environment.retire()
        else:
            environment.idle_since = self._monotonic()
            self._idle.append(environment)

    def ended(self, environment: Environment) -> None:
        if environment is self._spare:
            self._spare = None
        if environment.remains is not None:
            self._keep(environment.remains, wanted=environment in self._current)
        self._current.discard(environment)
        self._retiring.discard(environment)
        if environment in self._idle:
            self._idle.remove(environment)
        if environment is self._hot:
            self._hot = None
        self._serve_waiting()

    def roomy(self, environment: Environment) -> None:
        while self._waiting and environment.has_room and (call := self._next()) is not None:
            self._send_ahead(environment, call)

    def returned(self, *calls: Call) -> None:
        """Give calls other environments, ahead of those that came later."""
        wanted = [call for call in calls if not call.abandoned]
        for call in wanted:
            self._limit_waiting(call)
        if wanted:
            self._waiting = collections.deque(sorted((*wanted, *self._waiting), key=lambda call: call.turn))
        while self._waiting and self._idle:
            self.freed(self._idle.pop())

    def _resets_soon(self) -> bool:
        """Whether a failed environment is about to be free for a call more: it is taken before a new one is made."""
        ending = sum(environment.ending for environment in self._current)
        return len(self._waiting) < min(ending, self.function.queue)

    def _limit(self) -> int:
        return max(1, len(self._current)) if self._held else self.function.concurrency

    def _serve_waiting(self) -> None:
        while len(self._current) < self._limit() and (call := self._next()) is not None:
            self._start_for(call)

    def _next(self) -> Call | None:
        while self._waiting:
            call = self._waiting.popleft()
            if not call.abandoned:
                return call
        return None

    def _start_for(self, call: Call, remains: Remains | None = None) -> None:
        """Start an environment for a call: where another was reset, if one was."""
        if remains is None and (why := self._backoff.refusal(self._monotonic())) is not None:
            call.settle(why)
            return
        if remains is None and self._remains:
            remains = self._remains.pop()
        try:
            environment = self._take_spare() or self._start(self, call)
        except FunctionInitError as error:
            if remains is not None:
                remains.forget()
            call.settle(error)
            return
        self._current.add(environment)
        environment.initialise(remains)
        environment.begin(call)

    # -- what is sent ahead

    def _send_ahead(self, environment: Environment, call: Call) -> None:
        """Have a call wait in the pipe of a busy environment: by what it ran lately, its turn comes at once."""
        environment.begin(call)
        if self._look_timer is None:
            self._look_timer = self._loop.call_later(LOOK, self._look)

    def _look(self) -> None:
        """Take back what waits behind a call that is longer than those before it."""
        self._look_timer = None
        for environment in tuple(self._current | self._retiring):
            if environment.row.stalls():
                environment.give_back()
                self._serve_waiting()
        if any(environment.row.behind for environment in self._current | self._retiring):
            self._look_timer = self._loop.call_later(LOOK, self._look)

    # -- how long calls wait

    def _limit_waiting(self, call: Call) -> None:
        call.until = self._loop.time() + self.function.queue_timeout
        if self._alarm is None:
            self._alarm = self._loop.call_later(self.function.queue_timeout, self._waited)

    def _waited(self) -> None:
        """Throttle those that have waited too long; one alarm serves all, set for the first of them."""
        self._alarm, now = None, self._loop.time() + _TICK
        for call in [call for call in self._waiting if call.until <= now]:
            self._waiting.remove(call)
            call.settle(faults.waited_too_long(self.function))
        if self._waiting and self._alarm is None:
            first = min(call.until for call in self._waiting)
            self._alarm = self._loop.call_later(first - self._loop.time(), self._waited)

    def _stop_alarm(self) -> None:
        for timer in (self._alarm, self._look_timer):
            if timer is not None:
                timer.cancel()
        self._alarm = self._look_timer = None

    # -- what is kept

    def _keep(self, remains: Remains, *, wanted: bool) -> None:
        if wanted and not self._leaving:
            self._remains.append(remains)
        else:
            remains.forget()

    def _forget_remains(self) -> None:
        while self._remains:
            self._remains.pop().forget()

    def _plan_spare(self) -> None:
        if self._keeps_spare and self._spare is None and not self._leaving:
            if self._spare_timer is not None:
                self._spare_timer.cancel()
            self._spare_timer = self._loop.call_later(SPARE_DELAY, self._make_spare)

    def _make_spare(self) -> None:
        self._spare_timer = None
        if self._spare is None:
            with contextlib.suppress(FunctionInitError):  # whoever needs one will hear of it
                self._spare = self._start(self, None)

    def _take_spare(self) -> Environment | None:
        spare, self._spare = self._spare, None
        return spare

    def _drop_spare(self) -> None:
        if self._spare_timer is not None:
            self._spare_timer.cancel()
            self._spare_timer = None
        if self._spare is not None:
            self._retiring.add(self._spare)
            self._spare.retire()
            self._spare = None
