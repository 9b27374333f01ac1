"""Lets simulated viewers come, and notes what each got."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from edgerun.ab.signs import By, Reader
from edgerun.ab.viewers import Plan, Viewer, order, viewers
from edgerun.distribution.geo import ViewerPlace, place_in
from edgerun.observe.events import Answered
from edgerun.testing.answer import Answer
from edgerun.testing.edge import AsyncEdge
from edgerun.values import value

AT_ONCE: Final = 4  # more bring nothing, as the edge itself is busy by then, and cost environments

Progress = Callable[[int, int], None]


class Places:
    """Where each viewer is, by address, for an edge's configuration."""

    def __init__(self) -> None:
        self.countries: dict[str, str] = {}

    def __call__(self, address: str) -> ViewerPlace:
        return place_in(self.countries.get(address, ""))


@value
class Visit:
    """One visit: the viewer's number, what may tell the variant, X-Cache's word and the cache key."""

    viewer: int
    signs: Mapping[str, str]
    word: str
    key: Any


@value
class Seen:
    """All visits in order; those that failed are counted, and the first failure told; `missing` ones did not happen."""

    plan: Plan
    crowd: list[Viewer]
    visits: list[Visit]
    failed: int
    failure: str
    missing: int = 0


class Trial:
    """Simulated viewers before an edge.

    A few visits happen at the same time, and at the same moment of the edge's clock; of one viewer there is never more
    than one among them. So what a viewer gets depends on nothing but the seed, as far as it does in the functions.

    Args:
        edge: whom they ask; its clock moves on.
        plan: who they are.
        url: what they ask for: a path with query, or an absolute URL.
        by: what tells the variant; None keeps everything that may.
        headers: further ones that each viewer sends.
        places: told where each viewer is; what the edge's configuration asks.
        at_once: visits at the same time.
    """

    def __init__(
        self, edge: AsyncEdge, plan: Plan, url: str, *, by: By | None = None,
        headers: Mapping[str, str] | None = None, places: Places | None = None, at_once: int = AT_ONCE,
    ) -> None:  # fmt: skip
        self._edge = edge
        self._plan = plan
        self._url = url
        self._headers = dict(headers or {})
        self._reader = Reader(by)
        self._at_once = at_once
        self._crowd = viewers(plan)
        self._numbers = {id(viewer): number for number, viewer in enumerate(self._crowd)}
        self._total = sum(viewer.visits for viewer in self._crowd)
        self._visits: list[Visit] = []
        self._failures: list[str] = []
        if places is not None:
            places.countries = {viewer.address: viewer.country for viewer in self._crowd}

    async def run(self, progress: Progress = lambda _done, _of: None) -> Seen:
        """Let all of them come and return what they saw; `progress` is told how many visits are done, of how many."""
        done = 0
        for group in together(order(self._plan, self._crowd), self._at_once):
            answers = await asyncio.gather(*(self._visit(viewer) for viewer in group))
            for viewer, answer in zip(group, answers, strict=True):
                self._note(viewer, answer)
            _forget(self._edge)
            self._edge.clock.advance(self._plan.seconds * len(group) / self._total)
            done += len(group)
            progress(done, self._total)
        return self.seen

    @property
    def seen(self) -> Seen:
        """What they saw until now."""
        return Seen(
            plan=self._plan,
            crowd=self._crowd,
            visits=self._visits,
            failed=len(self._failures),
            failure=next(iter(self._failures), ""),
            missing=self._total - len(self._visits) - len(self._failures),
        )

    async def _visit(self, viewer: Viewer) -> Answer:
        cookies = viewer.cookies(self._edge.clock())
        sent = {"User-Agent": viewer.agent, **self._headers}
        if cookies:
            given = next((text for name, text in sent.items() if name.lower() == "cookie"), "")
            sent = {name: text for name, text in sent.items() if name.lower() != "cookie"}
            sent["Cookie"] = "; ".join(filter(None, (given, cookies)))
        return await self._edge.get(self._url, headers=sent, client=viewer.address)

    def _note(self, viewer: Viewer, answer: Answer) -> None:
        now = self._edge.clock()
        given = [pair for line in _lines(answer) if (pair := viewer.take(line, now, self._url))]
        failure = _failure(answer)
        if failure:
            self._failures.append(failure)
            return
        answered = next(event for event in answer.events if isinstance(event, Answered))
        decision = answered.obtained.decision
        key = None if decision is None else decision.key
        signs = self._reader.signs(answer, answered, viewer, given, now)
        number = self._numbers[id(viewer)]
        self._visits.append(Visit(viewer=number, signs=signs, word=answered.response_result_type, key=key))


def together(visits: Iterable[Viewer], most: int) -> Iterator[list[Viewer]]:
    """Yield visits in groups of those that may happen at the same time: at most so many, none of one viewer."""
    group: list[Viewer] = []
    for viewer in visits:
        if len(group) == most or viewer in group:
            yield group
            group = []
        group.append(viewer)
    if group:
        yield group


def _lines(answer: Answer) -> list[str]:
    return [text.decode("latin-1") for name, text in answer.lines if name.lower() == b"set-cookie"]


def _failure(answer: Answer) -> str:
    if answer.status < 500 and not answer.errors:
        return ""
    return str(answer.errors[0]) if answer.errors else f"status {answer.status}"


def _forget(edge: AsyncEdge) -> None:
    """Keep the edge from remembering every request of a hundred thousand."""
    edge.events.clear()
    edge.calls.clear()
    for origin in (edge.origin, *edge.origins.values()):
        origin.seen.clear()
