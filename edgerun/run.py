"""A task that begins at once: what `asyncio` has from Python 3.12 on as an eager task, as far as edgerun needs it.

Most requests wait once, for their origin. A task of asyncio's costs a turn of the loop before its first step, and a
place among all tasks; this one is stepped by the futures it waits for.
"""

import asyncio
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Callable, Coroutine
from types import coroutine
from typing import Any, Final


class _Wanted:
    """What a coroutine yields that wants another surrounding, rather than to wait."""


IN_TASK: Final = _Wanted()
IN_ASYNCIO_TASK: Final = _Wanted()


@coroutine
def in_task() -> Any:
    """Leave the plain stretch that `eager.begun` runs: from here on there is a task, as `asyncio.timeout` needs.

    For code under `begun` or a `Run` alone; nothing else knows what this yields.
    """
    yield IN_TASK


@coroutine
def in_asyncio_task() -> Any:
    """Go on in a task of asyncio's own, for code that does not know others: anybody's, in short."""
    yield IN_ASYNCIO_TASK


@coroutine
def resumed(steps: Coroutine[Any, Any, Any], awaited: object) -> Any:
    """Step a coroutine on that has begun already; to be awaited in a task.

    Args:
        steps: what has begun.
        awaited: what it waits for.
    """
    while True:
        step: Callable[[Any], object] = steps.send
        argument: object = None
        if not isinstance(awaited, _Wanted):
            try:
                argument = yield awaited
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as error:  # noqa: BLE001  # cancellation is thrown in, as into any coroutine
                step, argument = steps.throw, error
        try:
            awaited = step(argument)
        except StopIteration as done:
            return done.value


class Run:
    """Runs a coroutine, its first step at once. A current task to whoever asks within, so that timeouts work.

    A coroutine that yields `IN_TASK` is stepped on at once; one that yields `IN_ASYNCIO_TASK` goes on in a task of
    asyncio's, for libraries that look into those.

    Args:
        loop: the running loop.
        steps: what to run. It handles its errors: one that comes out is a fault of edgerun's, and is reported.
        on_end: called once, when it has ended in whichever way.
    """

    __slots__ = ("__weakref__", "_cancels", "_loop", "_must_cancel", "_on_end", "_steps", "_task", "_waits_for", "done")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, steps: Coroutine[Any, Any, None], on_end: "Callable[[Run], object]"
    ) -> None:
        self.done = False
        self._loop = loop
        self._steps = steps
        self._on_end = on_end
        self._waits_for: asyncio.Future[Any] | None = None
        self._task: asyncio.Task[None] | None = None
        self._must_cancel = False
        self._cancels = 0

    def start(self) -> None:
        """Take the first step."""
        self._step(None)

    def cancel(self, msg: object = None) -> bool:
        """Cancel it as a task is cancelled; False if it has ended."""
        if self.done:
            return False
        self._cancels += 1
        if self._task is not None:
            return self._task.cancel(msg)
        if self._waits_for is None or not self._waits_for.cancel(msg):
            self._must_cancel = True
        return True

    def cancelling(self) -> int:
        """Return how often it was cancelled and not taken back; `asyncio.timeout` asks."""
        return self._cancels

    def uncancel(self) -> int:
        """Take one cancelling back."""
        self._cancels = max(0, self._cancels - 1)
        return self._cancels

    def _step(self, _: object) -> None:
        """Go on to where it next has to wait."""
        self._waits_for = None
        loop, steps = self._loop, self._steps
        outer = asyncio.current_task(loop)
        if outer is not None:
            _leave_task(loop, outer)
        _enter_task(loop, self)  # type: ignore[arg-type]  # made for tasks of others, says asyncio's documentation
        try:
            waits_for = self._resume(steps)
            while waits_for is IN_TASK:
                waits_for = steps.send(None)
        except StopIteration:
            self._end()
        except asyncio.CancelledError:
            self._end()
        except Exception as error:  # noqa: BLE001  # reported as asyncio reports what nobody handles
            self._end()
            self._report(error)
        except BaseException:
            self._end()
            raise
        else:
            self._wait(waits_for)
        finally:
            _leave_task(loop, self)  # type: ignore[arg-type]
            if outer is not None:
                _enter_task(loop, outer)

    def _resume(self, steps: Coroutine[Any, Any, None]) -> Any:
        if self._must_cancel:
            self._must_cancel = False
            return steps.throw(asyncio.CancelledError())
        return steps.send(None)

    def _wait(self, waits_for: Any) -> None:
        if waits_for is None:  # as asyncio.sleep(0) does
            self._loop.call_soon(self._step, None)
        elif waits_for is IN_ASYNCIO_TASK:
            self._task = self._loop.create_task(_rest(self._steps))
            self._task.add_done_callback(self._task_ended)
            if self._must_cancel:
                self._task.cancel()
        else:
            waits_for._asyncio_future_blocking = False  # noqa: SLF001  # how a future is told that it was taken
            self._waits_for = waits_for
            waits_for.add_done_callback(self._step)
            if self._must_cancel and waits_for.cancel():
                self._must_cancel = False

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._end()
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._report(error)

    def _report(self, error: BaseException) -> None:
        self._loop.call_exception_handler({"message": "a run failed", "exception": error})

    def _end(self) -> None:
        self.done = True
        # Whoever is told may hold this run: without these there is no ring for the collector to find.
        on_end, self._on_end, self._task = self._on_end, _told, None
        on_end(self)

    def __repr__(self) -> str:
        return f"<Run {'done' if self.done else 'waiting'} {self._steps!r}>"


def _told(_: Run) -> None:
    """Stand in the place of whom a run has told that it ended."""


async def _rest(steps: Coroutine[Any, Any, None]) -> None:
    await resumed(steps, IN_ASYNCIO_TASK)
