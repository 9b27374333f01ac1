"""The admin port over several workers: orders go to all of them, questions about the cache to one."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from edgerun import __version__
from edgerun.admin.app import App, guarded, order_routes
from edgerun.admin.inspector.api_cache import purge_route
from edgerun.admin.metrics import metrics_routes
from edgerun.workers.fleet import Fleet
from edgerun.workers.passing import passes


def fleet_app(fleet: Fleet, *, port: int, token: str) -> App:
    """Return the application for the admin port of a parent.

    Args:
        fleet: what it commands.
        port: its own, for the Host check.
        token: what changes something has to name it.
    """

    async def health(_: Request) -> JSONResponse:
        told = fleet.health()
        status = 503 if told["status"] == "down" else 200
        return JSONResponse({**told, "version": __version__}, status_code=status)

    async def ready(_: Request) -> JSONResponse:
        there = len(fleet.ready)
        return JSONResponse({"ready": there > 0, "workers": there}, status_code=200 if there else 503)

    routes = [
        Route("/health", health),
        Route("/ready", ready),
        *metrics_routes(fleet.metrics),
        *order_routes(fleet),
        purge_route(fleet),
        Mount("/", passes(fleet)),
    ]
    return guarded(Starlette(routes=routes), port=port, token=token)
