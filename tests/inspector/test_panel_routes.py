"""The JSON of the functions, cache and distributions pages on the admin port: who is let in."""

import asyncio
import time

import httpx2
import pytest
from starlette.routing import Route

from edgerun.admin.app import admin_app
from edgerun.admin.inspector.panels import listening, panel_routes
from edgerun.app import Edge
from edgerun.config.load import Overrides, zero_config
from edgerun.errors import StoreError
from edgerun.workers.admin import fleet_app

TOKEN = {"x-edgerun-token": "secret"}
PATHS = [
    *(("GET", path) for path in ("/api/functions", "/api/function?name=f", "/api/changes")),
    *(("GET", f"/api/cache{path}") for path in ("", "/objects", "/object?uri=/a")),
    *(("POST", f"/api/cache{path}") for path in ("/purge", "/explain")),
    *(("GET", f"/api/distributions{path}") for path in ("", "/match?url=/a")),
]


@pytest.fixture
def ask(tmp_path):
    def asked(method, path, **more):
        async def act():
            edge = Edge(zero_config(tmp_path, {}, Overrides()).config)
            more_routes = panel_routes(edge, listening(edge))
            app = admin_app(edge, port=8788, token="secret", more=more_routes)
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8788") as client:
                answer = await client.request(method, path, **more)
            await edge.aclose()
            return answer

        return asyncio.run(act())

    return asked


@pytest.mark.parametrize("headers", [{}, {"x-edgerun-token": "guess"}], ids=["no token", "another token"])
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_nothing_is_told_or_done_without_the_token(ask, method, path, headers):
    answer = ask(method, path, headers=headers)
    assert (answer.status_code, list(answer.json())) == (401, ["error"])


@pytest.mark.parametrize(("method", "path"), [each for each in PATHS if "changes" not in each[1]])
def test_with_the_token_it_answers_and_nobody_keeps_it(ask, method, path):
    answer = ask(method, path, headers=TOKEN)
    assert answer.status_code in {200, 400, 404}
    if not path.endswith("explain"):
        assert answer.headers["cache-control"] == "no-store"


def test_every_route_is_in_this_list(tmp_path):
    async def act():
        edge = Edge(zero_config(tmp_path, {}, Overrides()).config)
        routes = panel_routes(edge, listening(edge))
        await edge.aclose()
        return routes

    routes = asyncio.run(act())
    assert all(isinstance(route, Route) for route in routes)
    assert sorted(route.path for route in routes) == sorted({path.partition("?")[0] for _, path in PATHS})


def test_a_cache_hit_without_functions_reaches_no_observer_of_the_pages(tmp_path):
    """What a hit emits is its answer, which the tally does not listen to."""
    heard = []

    async def act():
        edge = Edge(zero_config(tmp_path, {}, Overrides()).config)
        tally = listening(edge)
        tally.subscribe(heard.append)
        kinds = {kind.__name__: observers for kind, observers in edge.emit._observers.items()}
        await edge.aclose()
        return [name for name, observers in kinds.items() if tally in observers]

    assert asyncio.run(act()) == ["Called", "Failed", "Printed", "Reloaded"]


class Fleet:
    """Several workers, as the admin port of their parent sees them."""

    def __init__(self, config, failure=None):
        self.config, self.clock, self.failure = config, time.time, failure
        self.orders = []

    async def invalidate(self, items, distribution=""):
        if self.failure is not None:
            raise self.failure
        self.orders.append((items, distribution))
        return 4

    async def metrics(self):
        raise AssertionError("nobody asks for them here")


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (None, (201, {"invalidated": 4, "items": ["/a"], "objects": []})),
        (StoreError("worker 2 took no order in 5 s"), (503, {"error": "worker 2 took no order in 5 s"})),
    ],
    ids=["all forget", "one does not"],
)
def test_with_several_workers_the_parent_has_all_of_them_forget(tmp_path, failure, expected):
    fleet = Fleet(zero_config(tmp_path, {}, Overrides()).config, failure)
    app = fleet_app(fleet, port=8788, token="secret")

    async def act():
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8788") as client:
            return await client.post("/api/cache/purge", headers=TOKEN, json={"paths": ["/a"]})

    answer = asyncio.run(act())
    assert (answer.status_code, answer.json()) == expected
    assert fleet.orders == ([(["/a"], "")] if failure is None else [])
