"""One stream of events to many observers, none of which can disturb a request."""

import logging

from edgerun.observe.events import Event, Observer

logger = logging.getLogger("edgerun.observe")


class Fanout:
    """Calls every observer with every event; an observer that fails is reported and the rest go on."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = list(observers)

    def add(self, observer: Observer) -> None:
        """Let one more observer listen."""
        self._observers.append(observer)

    def remove(self, observer: Observer) -> None:
        """Let an observer go that was added."""
        self._observers = [each for each in self._observers if each is not observer]

    def __call__(self, event: Event) -> None:
        for observer in self._observers:
            try:
                observer(event)
            except Exception:
                logger.exception("an observer failed on %s", type(event).__name__)
