"""All workers as one: what the admin port asks and orders."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Iterable
from typing import Any, Final

from edgerun.distribution.model import Config
from edgerun.errors import StoreError
from edgerun.observe.figures import Snapshot, lasting, merged
from edgerun.visit import Clock
from edgerun.workers.control import Message, NoAnswer
from edgerun.workers.crew import Crew
from edgerun.workers.hand import Hand

COUNTING: Final = 5.0
"""Seconds in which a worker has to say what it has counted."""
PATIENCE: Final = 30.0
"""Seconds in which a worker has to take an order."""


class Fleet:
    """The workers that there are, of one revision or, while another takes over, of two.

    Attributes:
        config: what is served now.
        crews: the workers, those of the latest revision last.
    """

    def __init__(self, config: Config, count: int) -> None:
        self.config = config
        self.clock: Clock = time.time
        self.crews: list[Crew] = []
        self._count = count
        self._helpers: dict[int, Hand] = {}
        self._counting: list[Hand] = []
        self._counted: Snapshot = {}
        self._replaced = 0

    @property
    def hands(self) -> list[Hand]:
        """Every worker that runs."""
        return [hand for crew in self.crews for hand in crew.hands]

    @property
    def ready(self) -> list[Hand]:
        """Those that answer viewers, of the latest revision first."""
        return [hand for crew in reversed(self.crews) for hand in crew.ready]

    async def invalidate(self, items: list[str], distribution: str = "") -> int:
        """Forget what invalidation paths and `#tags` cover, everywhere; return how many objects that were.

        It has happened when this returns: every worker has taken the order, those too that are about to end. The first
        goes ahead, so that others find nothing left in a store that they share.

        Raises:
            StoreError: a worker did not take it.
        """
        order = {"items": items, "distribution": distribution}
        hands = self.hands
        counts = [await _taken(hand, order) for hand in hands[:1]]
        counts += await asyncio.gather(*(_taken(hand, order) for hand in hands[1:]))
        return sum(counts)

    async def answered(self, request: Message) -> AsyncGenerator[Message, None]:
        """Have a worker answer a request to the admin port, part by part.

        Raises:
            NoAnswer: none is ready, or it ends meanwhile.
        """
        ready = self.ready
        if not ready:
            raise NoAnswer("none is ready")
        async with contextlib.aclosing(ready[0].link.stream("answer", **request)) as answer:
            async for message in answer:
                yield message

    def health(self) -> dict[str, Any]:
        """Return how each worker is."""
        ready = sum(hand.ready for hand in self.hands)
        word = "ok" if ready >= self._count else "degraded" if ready else "down"
        return {"status": word, "workers": [told for crew in self.crews for told in _told(crew)]}

    def add(self, hand: Hand) -> None:
        """Count what a worker does with the rest, for as long as it runs and after."""
        self._close_books()
        self._counting.append(hand)

    def forget(self, crew: Crew) -> None:
        """Let the workers of a revision go, all of which have ended."""
        self.crews.remove(crew)
        self._replaced += sum(crew.restarts.values())

    async def metrics(self) -> Snapshot:
        """Return what all workers have counted, those too that have ended."""
        self._close_books()
        found = await asyncio.gather(*(hand.counted(COUNTING) for hand in self._counting))
        replaced = self._replaced + sum(sum(crew.restarts.values()) for crew in self.crews)
        own: Snapshot = {
            "edgerun_workers": [([hand.state], 1.0) for hand in self.hands],
            "edgerun_worker_restarts_total": [([], float(replaced))],
        }
        return merged([self._counted, *found, own])

    def _close_books(self) -> None:
        """Keep the sums of workers that have ended, and nothing else of them."""
        ended = [hand for hand in self._counting if hand.link.lost.is_set()]
        self._counting = [hand for hand in self._counting if hand not in ended]
        self._counted = merged([self._counted, *(lasting(hand.figures) for hand in ended)])

    def share_out(self) -> None:
        """Have the listener of a worker that is not there answered by another one, for as long as that is needed."""
        ready = self.ready
        own = {hand.number for hand in ready}
        for number in range(1, self._count + 1):
            helper = self._helpers.get(number)
            if helper is not None and (number in own or helper not in ready):
                helper.link.tell("help no longer", listener=number - 1)
                del self._helpers[number]
                helper = None
            if helper is None and number not in own and ready:
                self._helpers[number] = ready[0]
                ready[0].link.tell("help", listener=number - 1)


async def _taken(hand: Hand, order: Message) -> int:
    """Have one worker forget; one that ends over it remembers nothing either."""
    try:
        async with asyncio.timeout(PATIENCE):
            return int((await hand.link.ask("invalidate", **order))["count"])
    except NoAnswer as error:
        if hand.link.lost.is_set():
            return 0
        raise StoreError(f"worker {hand.number} did not forget: {error}") from error
    except TimeoutError as error:
        raise StoreError(f"worker {hand.number} took no order in {PATIENCE:.0f} s") from error


def _told(crew: Crew) -> Iterable[dict[str, Any]]:
    for hand in crew.hands:
        started = {"pid": hand.pid, "state": hand.state, "since": round(hand.started, 3)}
        yield {"worker": hand.number, **started, "restarts": crew.restarts[hand.number]}
