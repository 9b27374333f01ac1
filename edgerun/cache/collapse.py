"""One origin fetch per key, however many viewers want the object."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, Generic, TypeVar, cast

from edgerun.cache.entry import CacheKey
from edgerun.run import Run

T = TypeVar("T")

PATIENCE: Final = 5.0
REMEMBERED: Final = 2.0
MOST_REMEMBERED: Final = 10_000


class Outcome(Generic[T]):
    """What a fetch came to: a future of which nobody's waiting can be cancelled for others."""

    __slots__ = ("_error", "_is_there", "_value", "_waiting")

    def __init__(self) -> None:
        self._is_there = False
        self._value: T | None = None
        self._error: BaseException | None = None
        self._waiting: list[asyncio.Future[None]] = []

    def done(self) -> bool:
        """Whether it is there."""
        return self._is_there

    def set_result(self, value: T) -> None:
        """Tell everybody what was brought."""
        self._value = value
        self._tell()

    def set_exception(self, error: BaseException) -> None:
        """Tell everybody why nothing was."""
        self._error = error
        self._tell()

    def cancel(self) -> None:
        """Tell those who wait, if anybody still does, that nothing will come."""
        if not self._is_there:
            self.set_exception(asyncio.CancelledError())

    async def wait(self, patience: float | None = None) -> None:
        """Wait until it is there, at most `patience` seconds."""
        if self._is_there:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        if patience is None:
            await waiter
        else:
            await asyncio.wait((waiter,), timeout=patience)

    def result(self) -> T:
        """Return what was brought.

        Raises:
            Exception: why nothing was.
        """
        if self._error is not None:
            raise self._error
        return cast("T", self._value)

    def _tell(self) -> None:
        self._is_there = True
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)


class Flight(Generic[T]):
    """One fetch under way: its outcome, once the head is in, and how many still care.

    The fetch runs by itself, so that the viewer who started it may leave. Interest is counted
    from joining until the viewer is done with the body; when nobody is left the fetch is cancelled. What
    cannot be shared belongs to whoever claims it first; `discard` gives it up when nobody does.
    """

    def __init__(self) -> None:
        self.outcome: Outcome[T] = Outcome()
        self.task: Run | None = None
        self.discard: Callable[[], Coroutine[Any, Any, None]] | None = None
        self.abandoned = False
        self._claimed = False
        self._interested = 0
        self._discarding: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        """Whether the fetch has come to its end: nothing is left that leaving could cancel."""
        return self.task is None or self.task.done

    def claim(self) -> bool:
        """Return True to the first who asks: the outcome is a miss for that one, a hit for all others."""
        first, self._claimed = not self._claimed, True
        return first

    def join(self) -> None:
        """Count one more who cares."""
        self._interested += 1

    def leave(self) -> None:
        """Count one less; the last one to leave ends the fetch."""
        self._interested -= 1
        if self._interested > 0 or self.task is None:
            return
        self.abandoned = True
        self.task.cancel()
        if self.discard is not None and not self._claimed:
            self._claimed = True
            self._discarding = asyncio.get_running_loop().create_task(self.discard())

    def __repr__(self) -> str:
        return f"Flight({self._interested} interested, {'head in' if self.outcome.done() else 'waiting'})"


Start = Callable[[Flight[T]], Coroutine[Any, Any, None]]


class Collapser(Generic[T]):
    """The flights under way, by key."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        """Make it; those who wait for another's fetch give up after `patience` seconds."""
        self._flights: dict[CacheKey, Flight[T]] = {}
        self._tasks: set[Run] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self._patience = patience
        self._alone_until: dict[CacheKey, float] = {}

    def __len__(self) -> int:
        """How many fetches are under way, shared or not."""
        return len(self._tasks)

    def __contains__(self, key: object) -> bool:
        flight = self._flights.get(key)  # type: ignore[call-overload]
        return flight is not None and not flight.abandoned

    def goes_alone(self, key: CacheKey, now: float) -> bool:
        """Tell whether what a key brings was found of no use to others, a moment ago."""
        until = self._alone_until.get(key)
        return until is not None and now < until

    def remember(self, key: CacheKey, *, shareable: bool, now: float) -> None:
        """Remember for a moment that what a key brings is of no use to others, or that it is again."""
        if shareable:
            self._alone_until.pop(key, None)
            return
        self._alone_until[key] = now + REMEMBERED
        if len(self._alone_until) > MOST_REMEMBERED:
            del self._alone_until[next(iter(self._alone_until))]

    async def share(self, key: CacheKey, start: Start[T]) -> tuple[T, Flight[T]] | None:
        """Wait for the outcome of the one fetch for a key, starting it if none is under way.

        Args:
            key: what is fetched.
            start: makes the coroutine that sets the flight's outcome and goes on until the body is
                complete; it calls `land` as soon as others may no longer join.

        Returns:
            The outcome, and the flight: the caller has joined it and must `leave`. None when the outcome of
            another's fetch has not come in time.
        """
        flight = self._flights.get(key)
        if flight is None or flight.abandoned:  # an abandoned one may take its time to end
            flight, run = self._depart(key, start)
            self._flights[key] = flight
            flight.join()
            run.start()
            return await self._outcome(flight)
        flight.join()
        return await self._outcome(flight, self._patience)

    async def alone(self, key: CacheKey, start: Start[T]) -> tuple[T, Flight[T]]:
        """Fetch for one viewer only; nobody may join."""
        flight, run = self._depart(key, start)
        flight.join()
        run.start()
        found = await self._outcome(flight)
        assert found is not None
        return found

    def behind(self, key: CacheKey, start: Start[T]) -> None:
        """Fetch for nobody: the store alone is interested, until the fetch ends by itself."""
        flight, run = self._depart(key, start, behind=True)
        self._flights[key] = flight
        flight.join()
        asyncio.get_running_loop().call_soon(run.start)

    def land(self, key: CacheKey, flight: Flight[T]) -> None:
        """Let nobody join any more."""
        if self._flights.get(key) is flight:
            del self._flights[key]

    def _depart(self, key: CacheKey, start: Start[T], *, behind: bool = False) -> tuple[Flight[T], Run]:
        """Make a flight that is ready to go; whoever starts it has joined it before."""
        flight: Flight[T] = Flight()

        def ended(run: Run) -> None:
            # Nobody is left waiting for a fetch that was cancelled, be it before its first step.
            self._tasks.discard(run)
            if self._waiting and not self._tasks:
                self._tell()
            self.land(key, flight)
            flight.outcome.cancel()
            if behind:
                flight.leave()

        run = flight.task = Run(asyncio.get_running_loop(), self._fly(key, flight, start), ended)
        self._tasks.add(run)
        return flight, run

    async def _outcome(self, flight: Flight[T], patience: float | None = None) -> tuple[T, Flight[T]] | None:
        try:
            await flight.outcome.wait(patience)
            if not flight.outcome.done():
                flight.leave()
                return None
            return flight.outcome.result(), flight
        except BaseException:
            flight.leave()
            raise

    async def settled(self) -> None:
        """Wait until no fetch is under way."""
        while self._tasks:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter

    async def aclose(self) -> None:
        """Cancel every fetch and wait until each is gone."""
        for task in list(self._tasks):
            task.cancel()
        await self.settled()

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def _fly(self, key: CacheKey, flight: Flight[T], start: Start[T]) -> None:
        try:
            await start(flight)
        except Exception as error:  # noqa: BLE001  # handed to whoever waits
            if not flight.outcome.done():
                flight.outcome.set_exception(error)
        finally:
            self.land(key, flight)
