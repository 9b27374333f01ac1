"""The admin port: who is answered, and what an order does."""

import asyncio

import httpx2
import pytest
from plays import Play

from edgerun.admin.app import admin_app

OWN = "http://localhost:8788"


class Edge:
    def __init__(self):
        play = Play()
        self.config, self.clock = play.config, play.clock
        self.invalidated = []

    async def invalidate(self, items, distribution=""):
        self.invalidated += items
        return 7


def ask(method, path, *, base=OWN, edge=None, **more):
    app = admin_app(edge or Edge(), port=8788, token="secret")

    async def act():
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=base) as client:
            return await client.request(method, path, **more)

    return asyncio.run(act())


@pytest.mark.parametrize("path", ["/", "/health"])
def test_health_is_told_to_everybody_on_this_machine(path):
    answer = ask("GET", path)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_a_single_process_is_ready_once_it_answers():
    assert ask("GET", "/ready").json() == {"ready": True}


@pytest.mark.parametrize("base", [OWN, "http://127.0.0.1:8788", "http://[::1]:8788"])
def test_its_own_names_are_answered(base):
    assert ask("GET", "/health", base=base).status_code == 200


@pytest.mark.parametrize(
    "base", ["http://evil.example:8788", "http://localhost:8787", "http://localhost.evil.example:8788"]
)
def test_any_other_host_is_refused(base):
    assert ask("GET", "/health", base=base).status_code == 403


def test_a_page_of_another_site_is_refused_even_with_the_token():
    headers = {"origin": "http://evil.example", "x-edgerun-token": "secret"}
    edge = Edge()
    assert ask("POST", "/invalidations", headers=headers, json={"paths": ["/*"]}, edge=edge).status_code == 403
    assert edge.invalidated == []


@pytest.mark.parametrize("headers", [{}, {"x-edgerun-token": ""}, {"x-edgerun-token": "guess"}])
def test_a_change_needs_the_token(headers):
    edge = Edge()
    assert ask("POST", "/invalidations", headers=headers, json={"paths": ["/*"]}, edge=edge).status_code == 403
    assert edge.invalidated == []


def test_an_order_invalidates_and_says_how_many():
    edge = Edge()
    answer = ask(
        "POST", "/invalidations", headers={"x-edgerun-token": "secret"}, json={"paths": ["/a", "/b/*"]}, edge=edge
    )
    assert (answer.status_code, answer.json()) == (201, {"invalidated": 7})
    assert edge.invalidated == ["/a", "/b/*"]


def test_an_order_may_name_cache_tags():
    edge = Edge()
    order = {"paths": ["/a", "#sale"], "tags": ["shoes", "Hats"]}
    assert (
        ask("POST", "/invalidations", headers={"x-edgerun-token": "secret"}, json=order, edge=edge).status_code == 201
    )
    assert edge.invalidated == ["/a", "#sale", "#shoes", "#Hats"]


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"{}", b'{"paths": []}', b'{"paths": "x"}', b'{"paths": ["no-slash"]}', b'{"paths": [1]}'),
        *(b'{"tags": "x"}', b'{"tags": [""]}', b'{"tags": ["a,b"]}', b'{"tags": [1]}', b'{"paths": ["#a b"]}'),
        *(b'{"paths": [], "tags": []}', b'{"paths": ["/a"], "tags": ["\xc3\xa9"]}'),
    ],
)
def test_a_bad_order_is_refused_with_a_sentence(content):
    edge = Edge()
    answer = ask("POST", "/invalidations", headers={"x-edgerun-token": "secret"}, content=content, edge=edge)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert edge.invalidated == []
