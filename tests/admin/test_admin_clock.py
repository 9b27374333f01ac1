"""The clock on the admin port, and what follows it."""

import asyncio

import httpx2
import pytest
from plays import Play

from edgerun.admin.app import admin_app
from edgerun.clock import MovableClock
from edgerun.testing.origin import respond

START = 1_775_556_000.0


class Edge:
    """What the admin application needs, around a play."""

    def __init__(self, play, clock):
        self.config = play.config
        self.clock = clock
        self.store = play.store

    async def invalidate(self, items, distribution=""):
        return sum([await self.store.invalidate(item.encode()) for item in items])


def ask(edge, method="GET", order=None, **headers):
    app = admin_app(edge, port=8788, token="secret")
    headers = {"x-edgerun-token": "secret"} | headers

    async def act():
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://localhost:8788"
        ) as client:
            return await client.request(method, "/clock", json=order, headers=headers)

    return asyncio.run(act())


def played(**lines):
    clock = MovableClock(lambda: START)
    play = Play(replies={"/": lambda _: respond(200, b"a page", **lines)}, clock=clock)
    return play, Edge(play, clock), clock


def test_it_is_shown_and_moved():
    _, edge, _ = played()
    assert ask(edge).json() == {
        "now": "2026-04-07T10:00:00Z",
        "seconds": START,
        "moved_by": 0.0,
        "offset": "",
        "movable": True,
    }
    moved = ask(edge, "POST", {"to": "+1h"})
    assert (moved.status_code, moved.json()["now"], moved.json()["offset"]) == (200, "2026-04-07T11:00:00Z", "+1h")
    assert ask(edge).json()["moved_by"] == 3_600


def test_lifetimes_age_date_and_expires_follow_it():
    play, edge, _ = played(expires="Tue, 07 Apr 2026 10:10:00 GMT")
    assert play.get()["Date"] == "Tue, 07 Apr 2026 10:00:00 GMT"
    ask(edge, "POST", {"to": "+9m"})
    hit = play.get()
    assert (hit.x_cache, hit["Age"]) == ("Hit from cloudfront", "540")
    ask(edge, "POST", {"to": "+2m"})
    miss = play.get()
    assert (miss.x_cache, miss["Date"]) == ("Miss from cloudfront", "Tue, 07 Apr 2026 10:11:00 GMT")


def test_back_in_time_the_cache_is_emptied():
    play, edge, _ = played(cache_control="max-age=60")
    ask(edge, "POST", {"to": "+1d"})
    play.get()
    assert ask(edge, "POST", {"to": "reset"}).json()["invalidated"] == 1
    assert play.get().x_cache == "Miss from cloudfront"
    assert ask(edge, "POST", {"to": "+1s"}).json()["invalidated"] == 0
    assert play.get().x_cache == "Hit from cloudfront"


@pytest.mark.parametrize("order", [{"to": "soon"}, {"to": 1}, {}, [], None, {"to": "+1s" * 1_000}])
def test_a_bad_order_is_refused_with_a_sentence(order):
    _, edge, clock = played()
    answer = ask(edge, "POST", order)
    assert (answer.status_code, clock.offset) == (400, 0)
    assert "+1h" in answer.json()["error"]


def test_moving_needs_the_token():
    _, edge, clock = played()
    assert ask(edge, "POST", {"to": "+1h"}, **{"x-edgerun-token": "guess"}).status_code == 403
    assert clock.offset == 0


def test_the_machines_own_clock_is_not_moved():
    play, _, _ = played()
    fixed = Edge(play, lambda: START)
    assert ask(fixed).json()["movable"] is False
    refused = ask(fixed, "POST", {"to": "+1h"})
    assert refused.status_code == 409
    assert "only edgerun dev" in refused.json()["error"]
