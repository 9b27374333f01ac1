"""The workers that serve one revision of the configuration: all of them started, and each replaced when it ends."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from edgerun.programs import ending
from edgerun.workers.hand import Hand
from edgerun.workers.patience import Patience

ATTEMPTS: Final = 3
"""Starts of one worker that may fail before it is said so."""
UNUSABLE: Final = 1.0
"""Seconds to wait at least after one that could not use its configuration."""
STOPPING: Final = 12.0
"""Seconds that workers get to end: 2 for what runs, the rest for their functions' processes."""
FORCED: Final = 4.0

Start = Callable[[int], Awaitable[Hand]]
Tell = Callable[[str, str], None]


class Crew:
    """So many workers of one kind.

    Args:
        start: starts one, by its number.
        count: how many there are to be.
        tell: gets sentences for the user, with a level.

    `changed` is called whenever one has become ready, or has ended. `restarts` counts, by number, how often each was
    replaced.
    """

    def __init__(self, start: Start, count: int, tell: Tell) -> None:
        self._start = start
        self._tell = tell
        self.changed: Callable[[], None] = _nothing
        self._hands: dict[int, Hand] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._over = False
        self.restarts = dict.fromkeys(range(1, count + 1), 0)
        self._outcomes: dict[int, asyncio.Future[Failure | None]] = {}

    async def begin(self) -> "list[Failure]":
        """Start every worker, and wait until each is ready or has failed; return those that failed.

        Those are still tried again, less and less often.
        """
        loop = asyncio.get_running_loop()
        self._outcomes = {number: loop.create_future() for number in self.restarts}
        self._tasks = [asyncio.ensure_future(self._keep(number)) for number in self.restarts]
        found = await asyncio.gather(*self._outcomes.values())
        return [failure for failure in found if failure is not None]

    @property
    def hands(self) -> list[Hand]:
        """The workers there are, by number."""
        return [hand for _, hand in sorted(self._hands.items()) if not hand.link.lost.is_set()]

    @property
    def ready(self) -> list[Hand]:
        """Those of them that answer viewers."""
        return [hand for hand in self.hands if hand.ready]

    async def leave(self) -> None:
        """Have all of them end once nobody is connected to them any more; wait for it."""
        self._end_replacing()
        for hand in self.hands:
            hand.leave()
        await self._gone(self.hands)

    async def stop(self, force: asyncio.Event) -> None:
        """Have all of them end; wait for it. Once `force` is set they end at once."""
        self._end_replacing()
        hands = self.hands
        for hand in hands:
            hand.stop(force=force.is_set())
        gone = asyncio.ensure_future(self._gone(hands))
        forced = asyncio.ensure_future(force.wait())
        await asyncio.wait((gone, forced), timeout=STOPPING, return_when=asyncio.FIRST_COMPLETED)
        if force.is_set() and not gone.done():
            for hand in hands:
                hand.stop(force=True)
            await asyncio.wait((gone,), timeout=FORCED)
        forced.cancel()
        for hand in hands:
            if not hand.ended.done():
                hand.kill()
        await gone

    @staticmethod
    async def _gone(hands: Iterable[Hand]) -> None:
        await asyncio.gather(*(hand.ended for hand in hands))

    def _end_replacing(self) -> None:
        self._over = True
        for task in self._tasks:
            task.cancel()

    async def _keep(self, number: int) -> None:
        """Keep one worker going: start it, and another in its place when it ends."""
        patience = Patience()
        while not self._over:
            hand = await self._started(number)
            if hand is None:
                await asyncio.sleep(patience.ended(None))
                continue
            await hand.begun.wait()
            if hand.ready:
                self._concluded(number, None)
                self.changed()
            code = await asyncio.shield(hand.ended)
            self.changed()
            served = hand.served
            pause = max(patience.ended(served), UNUSABLE if hand.why else 0.0)
            failure = Failure(number, hand, code)
            if served is None and (hand.why or patience.failures >= ATTEMPTS):
                self._concluded(number, failure)
            self._tell(f"{failure}: it is replaced{f' in {pause:.1f} s' if pause else ''}", "error")
            await asyncio.sleep(pause)
            self.restarts[number] += 1

    async def _started(self, number: int) -> Hand | None:
        # Shielded: a worker whose start is interrupted would be left without a parent that knows of it.
        starting = asyncio.ensure_future(self._start(number))
        try:
            hand = await asyncio.shield(starting)
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                (await starting).kill()
            raise
        except OSError as error:
            self._tell(f"worker {number} cannot be started: {error.strerror}", "error")
            return None
        self._hands[number] = hand
        hand.changed = self._hand_changed
        return hand

    def _hand_changed(self) -> None:
        self.changed()

    def _concluded(self, number: int, failure: "Failure | None") -> None:
        if not self._outcomes[number].done():
            self._outcomes[number].set_result(failure)


def _nothing() -> None:
    return None


class Failure:
    """A worker that ended without having been told to; as text, a sentence about it."""

    def __init__(self, number: int, hand: Hand, code: int) -> None:
        self.why = hand.why
        self.code = code
        self._text = f"worker {number} (process {hand.pid}) {ending(code)}"
        if hand.why:
            self._text += f": {hand.why}"
        elif hand.ready_at is None:
            self._text += " before it was ready"

    def __str__(self) -> str:
        return self._text
