"""One stream of events to many observers, none of which can disturb a request."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Final, get_args

from edgerun.observe.events import Event, Observer, Printed

logger = logging.getLogger("edgerun.observe")

KINDS: Final[tuple[type[Event], ...]] = get_args(Event)


class Fanout:
    """Calls every observer with every event that it wants; one that fails is reported and the rest go on."""

    def __init__(self, *observers: Observer) -> None:
        self._observers: dict[type[Event], list[Observer]] = {kind: list(observers) for kind in KINDS}

    def add(self, observer: Observer, *kinds: type[Event]) -> None:
        """Let one more observer listen, to some kinds of events or to all: those it does not want cost nothing."""
        for kind in kinds or KINDS:
            self._observers[kind].append(observer)

    def remove(self, observer: Observer) -> None:
        """Let an observer go that was added."""
        for kind, observers in self._observers.items():
            self._observers[kind] = [each for each in observers if each is not observer]

    def many(self, events: list[Printed]) -> None:
        """Hand on what was printed, at once to those observers that can take many."""
        for observer in self._observers[Printed]:
            take: Callable[[list[Printed]], None] = getattr(observer, "many_printed", None) or partial(_each, observer)
            try:
                take(events)
            except Exception:
                logger.exception("an observer failed on what functions printed")

    def __call__(self, event: Event) -> None:
        for observer in self._observers[type(event)]:
            try:
                observer(event)
            except Exception:
                logger.exception("an observer failed on %s", type(event).__name__)


def _each(observer: Observer, events: list[Printed]) -> None:
    for event in events:
        observer(event)
