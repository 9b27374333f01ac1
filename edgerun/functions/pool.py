"""The environments of one function: reuse, scale out, queue, throttle.

An invocation takes an idle environment, else starts one and stays with it, else waits for one to become free. Nothing
here waits itself: every method decides and returns.
"""

import asyncio
import collections
from collections.abc import Callable

from edgerun.errors import FunctionExecutionError, FunctionInitError
from edgerun.functions import faults
from edgerun.functions.call import Call
from edgerun.functions.environment import Environment
from edgerun.functions.function import Function

StartEnvironment = Callable[["Pool", Call], Environment]


class Pool:
    """At most `function.concurrency` environments, and at most `function.queue` calls behind them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, function: Function, start: StartEnvironment) -> None:
        self.function = function
        self._loop = loop
        self._start = start
        self._current: set[Environment] = set()
        self._retiring: set[Environment] = set()
        self._idle: list[Environment] = []  # the last one used is the warmest, and is taken first
        self._waiting: collections.deque[Call] = collections.deque()
        self._leaving = False
        self._held = False

    def __repr__(self) -> str:
        busy = len(self._current) - len(self._idle)
        return f"<Pool {self.function.name}: {busy} busy, {len(self._idle)} idle, {len(self._waiting)} waiting>"

    def submit(self, call: Call) -> None:
        """Run a call now, later or not at all."""
        if self._idle:
            self._idle.pop().begin(call)
        elif len(self._current) < self._limit():
            self._start_for(call)
        elif len(self._waiting) < self.function.queue:
            self._waiting.append(call)
            call.arm(self._loop, self.function.queue_timeout, lambda: self._waited_too_long(call))
        else:
            call.fail(faults.queue_full(self.function))

    def forget(self, call: Call) -> None:
        """Take a call out of the queue, if it is there."""
        if call in self._waiting:
            self._waiting.remove(call)
            call.disarm()

    def retire(self) -> None:
        """Replace all environments: those idle end now, the others after the call they run."""
        retired, self._current = self._current, set()
        self._retiring |= retired
        self._idle.clear()
        for environment in retired:
            environment.retire()
        self._serve_waiting()

    def hold(self) -> None:
        """Start nothing more as long as something runs: the code on disk is no longer this function's."""
        self._held = True

    def leave(self) -> None:
        """Run what came until now, and keep nothing."""
        self._leaving = True
        self.retire()

    def close(self, why: FunctionExecutionError) -> None:
        """Kill every environment; what runs and what waits fails with `why`."""
        for environment in self._current | self._retiring:
            environment.kill(why)
        while self._waiting:
            call = self._waiting.popleft()
            call.disarm()
            call.fail(why)

    def pids(self) -> set[int]:
        return {environment.pid for environment in self._current | self._retiring if environment.pid}

    # -- what environments report

    def freed(self, environment: Environment) -> None:
        call = self._next()
        if call is not None:
            environment.begin(call)
        elif self._leaving:
            environment.retire()
        else:
            self._idle.append(environment)

    def ended(self, environment: Environment) -> None:
        self._current.discard(environment)
        self._retiring.discard(environment)
        if environment in self._idle:
            self._idle.remove(environment)
        self._serve_waiting()

    def returned(self, call: Call) -> None:
        """Give a call another environment, ahead of those that wait."""
        if call.abandoned:
            return
        self._waiting.appendleft(call)
        call.arm(self._loop, self.function.queue_timeout, lambda: self._waited_too_long(call))
        if self._idle:
            self.freed(self._idle.pop())

    def _limit(self) -> int:
        return max(1, len(self._current)) if self._held else self.function.concurrency

    def _serve_waiting(self) -> None:
        while len(self._current) < self._limit() and (call := self._next()) is not None:
            self._start_for(call)

    def _next(self) -> Call | None:
        while self._waiting:
            call = self._waiting.popleft()
            call.disarm()
            if not call.abandoned:
                return call
        return None

    def _start_for(self, call: Call) -> None:
        try:
            environment = self._start(self, call)
        except FunctionInitError as error:
            call.fail(error)
            return
        self._current.add(environment)
        environment.begin(call)

    def _waited_too_long(self, call: Call) -> None:
        self.forget(call)
        call.fail(faults.waited_too_long(self.function))
