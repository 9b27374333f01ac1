"""The access log: gathers answers while they go out, words them in batches, has a thread write them."""

import asyncio
from collections.abc import Callable
from typing import Final

from edgerun.distribution.access_log import AccessLog
from edgerun.distribution.model import Config, Distribution
from edgerun.observe.access_files import Folder, OneFile, Sink, Writer
from edgerun.observe.access_line import HEAD, LineMaker, hour
from edgerun.observe.events import Answered, Event
from edgerun.visit import POP

BATCH: Final = 512
DELAY: Final = 0.25

Soon = Callable[[Callable[[], None]], object]


def soon(flush: Callable[[], None]) -> None:
    """Flush in a moment, or now where no loop runs."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        flush()
    else:
        loop.call_later(DELAY, flush)


class AccessLogs:
    """An observer that keeps the access logs of all distributions that have one.

    While answers go out it only takes note. Requests that no distribution answers are in no log, as on CloudFront.

    Args:
        config: tells the configuration in force.
        tell: gets a sentence when lines cannot be written; called in the loop, if there is one.
        soon: arranges for a call in a moment.
    """

    def __init__(self, config: Callable[[], Config], tell: Callable[[str], None], *, soon: Soon = soon) -> None:
        self._config = config
        self._known = config()
        self._tell = tell
        self._soon = soon
        self._loop: asyncio.AbstractEventLoop | None = None
        self._answers: list[Answered] = []
        location = POP.decode()
        self._makers = {cookies: LineMaker(location, include_cookies=cookies) for cookies in (False, True)}
        self._sinks: dict[tuple[str, AccessLog], Sink] = {}
        self._writer = Writer(self._told)

    def __call__(self, event: Event) -> None:
        if type(event) is not Answered:
            return
        answers = self._answers
        answers.append(event)
        if len(answers) == 1:
            self._soon(self.flush)
        elif len(answers) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Word what has gathered, and have it written."""
        answers, self._answers = self._answers, []
        if not answers:
            return
        if self._loop is None:
            self._loop = _running()
        groups: dict[tuple[int, int], tuple[Distribution, AccessLog, list[str]]] = {}
        for event in answers:
            distribution: Distribution | None = event.visit.distribution
            if distribution is None or distribution.access_log is None:
                continue
            key = (id(distribution), int(event.at) // 3600)
            if key not in groups:
                groups[key] = (distribution, distribution.access_log, [])
            _, log, lines = groups[key]
            maker = self._makers[log.include_cookies]
            lines.append(maker.w3c(event) if log.format == "w3c" else maker.json(event, self._place))
        for (_, hours), (distribution, log, lines) in groups.items():
            self._writer.write(self._sink(distribution, log), "".join(lines), hour(hours))
        for maker in self._makers.values():
            maker.forget()
        if self._config() is not self._known:
            self._finish_unused()

    def close(self) -> None:
        """Write everything, and finish every file."""
        self.flush()
        for sink in self._sinks.values():
            self._writer.finish(sink)
        self._sinks.clear()
        self._writer.close()

    def _sink(self, distribution: Distribution, log: AccessLog) -> Sink:
        key = _key(distribution, log)
        sink = self._sinks.get(key)
        if sink is None:
            head = HEAD if log.format == "w3c" else ""
            sink = Folder(log, distribution.id, head) if log.folder else OneFile(log, head)
            self._sinks[key] = sink
        return sink

    def _finish_unused(self) -> None:
        """Finish the files of what another configuration does not have."""
        self._known = self._config()
        used = {_key(each, each.access_log) for each in self._known.distributions if each.access_log is not None}
        for key in self._sinks.keys() - used:
            self._writer.finish(self._sinks.pop(key))

    def _place(self, address: str) -> tuple[str, int]:
        config = self._config()
        if config.country:
            return config.country, 0
        place = config.geo(address)
        return place.country, place.asn

    def _told(self, text: str) -> None:
        """Pass a sentence of the writing thread on, in the loop if that still runs."""
        if self._loop is None:
            self._tell(text)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, text)


def _key(distribution: Distribution, log: AccessLog) -> tuple[str, AccessLog]:
    """Return what makes two logs one: in a folder each distribution has files of its own."""
    return (distribution.id if log.folder else "", log)


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
