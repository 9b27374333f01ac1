"""One origin fetch per key, however many viewers want the object."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, Generic, TypeVar

from edgerun.cache.entry import CacheKey

T = TypeVar("T")

PATIENCE: Final = 5.0
REMEMBERED: Final = 2.0
MOST_REMEMBERED: Final = 10_000


class Flight(Generic[T]):
    """One fetch under way: its outcome, once the head is in, and how many still care.

    The fetch runs as a task of its own, so that the viewer who started it may leave. Interest is counted
    from joining until the viewer is done with the body; when nobody is left the fetch is cancelled. What
    cannot be shared belongs to whoever claims it first; `discard` gives it up when nobody does.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.outcome: asyncio.Future[T] = loop.create_future()
        self.task: asyncio.Task[None] | None = None
        self.discard: Callable[[], Coroutine[Any, Any, None]] | None = None
        self.abandoned = False
        self._claimed = False
        self._interested = 0

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
            self.task = asyncio.get_running_loop().create_task(self.discard())

    def __repr__(self) -> str:
        return f"Flight({self._interested} interested, {'head in' if self.outcome.done() else 'waiting'})"


Start = Callable[[Flight[T]], Coroutine[Any, Any, None]]


class Collapser(Generic[T]):
    """The flights under way, by key."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        """Make it; those who wait for another's fetch give up after `patience` seconds."""
        self._flights: dict[CacheKey, Flight[T]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
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
            flight = self._flights[key] = self._depart(key, start)
            return await self._outcome(flight)
        return await self._outcome(flight, self._patience)

    async def alone(self, key: CacheKey, start: Start[T]) -> tuple[T, Flight[T]]:
        """Fetch for one viewer only; nobody may join."""
        found = await self._outcome(self._depart(key, start))
        assert found is not None
        return found

    def behind(self, key: CacheKey, start: Start[T]) -> None:
        """Fetch for nobody: the store alone is interested, until the fetch ends by itself."""
        flight = self._flights[key] = self._depart(key, start)
        flight.join()
        if flight.task is not None:
            flight.task.add_done_callback(lambda _: flight.leave())

    def land(self, key: CacheKey, flight: Flight[T]) -> None:
        """Let nobody join any more."""
        if self._flights.get(key) is flight:
            del self._flights[key]

    def _depart(self, key: CacheKey, start: Start[T]) -> Flight[T]:
        loop = asyncio.get_running_loop()
        flight: Flight[T] = Flight(loop)
        flight.task = loop.create_task(self._fly(key, flight, start))
        self._tasks.add(flight.task)
        flight.task.add_done_callback(partial(self._ended, key, flight))
        return flight

    def _ended(self, key: CacheKey, flight: Flight[T], task: asyncio.Task[None]) -> None:
        """Leave nobody waiting for a fetch that was cancelled, be it before its first step."""
        self._tasks.discard(task)
        self.land(key, flight)
        flight.outcome.cancel()

    async def _outcome(self, flight: Flight[T], patience: float | None = None) -> tuple[T, Flight[T]] | None:
        flight.join()
        try:
            if patience is not None:
                await asyncio.wait((flight.outcome,), timeout=patience)
                if not flight.outcome.done():
                    flight.leave()
                    return None
            return await asyncio.shield(flight.outcome), flight
        except BaseException:
            flight.leave()
            raise

    async def settled(self) -> None:
        """Wait until no fetch is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def aclose(self) -> None:
        """Cancel every fetch and wait until each is gone."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fly(self, key: CacheKey, flight: Flight[T], start: Start[T]) -> None:
        try:
            await start(flight)
        except Exception as error:  # noqa: BLE001  # handed to whoever waits
            if not flight.outcome.done():
                flight.outcome.set_exception(error)
                flight.outcome.exception()  # retrieved here: it is no lost exception when all have left
        finally:
            self.land(key, flight)
