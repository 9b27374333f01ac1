"""The JSON of the functions, cache and distributions pages on the admin port: who is let in."""

import asyncio

import httpx2
import pytest
from starlette.routing import Route

from edgerun.admin.app import admin_app
from edgerun.admin.inspector.panels import listening, panel_routes
from edgerun.app import Edge
from edgerun.config.load import Overrides, zero_config

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
