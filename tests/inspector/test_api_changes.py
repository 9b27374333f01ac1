"""The stream that tells pages when to look again."""

import asyncio
import json
from dataclasses import replace

import pytest
from shown_edge import ShownEdge

from edgerun.admin.inspector.api_changes import Changes, sse, told
from edgerun.admin.inspector.api_events import Streams
from edgerun.errors import OriginTimeout
from edgerun.functions.function import Function
from edgerun.functions.seen import EnvironmentSeen, PoolSeen
from edgerun.observe.events import Failed, Printed


@pytest.fixture
def shown():
    with ShownEdge() as made:
        yield made


def events(chunks):
    found = []
    for block in b"".join(chunks).decode().split("\n\n")[:-1]:
        kind, data = block.split("\n")
        found.append((kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def printed(name):
    return Printed(request_id="r", function=name, text="x")


def due(shown, *happenings):
    """Return the events of the next look, after something has happened."""

    async def act():
        changes = Changes(shown.inner, shown.tally)
        for happening in happenings:
            happening()
        found = await changes.next()
        changes.close()
        return found

    return events(shown.run(act()))


def test_functions_with_news_are_told_once_by_name(shown):
    happenings = [lambda name=name: shown.tally(printed(name)) for name in ("b", "a", "b")]
    assert due(shown, *happenings) == [("functions", {"names": ["a", "b"]})]


def test_another_configuration_is_told(shown):
    def revise():
        shown.inner.config = replace(shown.inner.config, country="SE")

    assert due(shown, revise) == [("config", {})]


def test_the_failure_of_an_origin_is_told(shown):
    error = OriginTimeout("late")
    error.place = "api.example", 80
    assert due(shown, lambda: shown.tally(Failed(request_id="r", step="fetch", at=0.0, error=error))) == [
        ("origins", {})
    ]


def test_an_environment_that_starts_or_ends_is_told_though_nothing_was_called(shown):
    function = Function(name="ab", root="/", handler="ab.handler", runtime="python")

    def start():
        shown.inner.pools = lambda: [PoolSeen(function, (EnvironmentSeen(1, "starting"),), 0, 0)]

    assert due(shown, start) == [("functions", {"names": ["ab"]})]


def test_nothing_new_is_nothing_told(shown):
    assert due(shown) == []


def test_a_page_that_left_is_forgotten(shown):
    async def act():
        stream = told(shown.inner, shown.tally, Streams())
        first = await anext(stream)
        while not shown.tally._subscribers:
            await asyncio.sleep(0)
        shown.tally(printed("ab"))
        second = await anext(stream)
        await stream.aclose()
        return [first, second]

    assert events(shown.run(act())) == [("hello", {}), ("functions", {"names": ["ab"]})]
    assert shown.tally._subscribers == []


def test_an_event_is_one_whatever_stands_in_it():
    assert events([sse("functions", {"names": ["a\n\ndata: b\u2028\ud800"]})]) == [
        ("functions", {"names": ["a\n\ndata: b\u2028\ud800"]})
    ]
