"""The edge's clock on the admin port: `GET /clock` shows it, `POST /clock` moves it."""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from edgerun.admin.commanded import Ordered
from edgerun.clock import MovableClock, shown, shown_offset
from edgerun.visit import Clock

LONGEST: Final = 1_000
FIXED: Final = "this server goes by the machine's time: only edgerun dev has a clock that can be moved"


def clock_routes(edge: Ordered) -> list[Route]:
    """Return the routes of the clock."""

    async def show(_: Request) -> JSONResponse:
        return JSONResponse(told(edge.clock))

    async def move(request: Request) -> JSONResponse:
        clock = edge.clock
        if not isinstance(clock, MovableClock):
            return JSONResponse({"error": FIXED}, status_code=409)
        order = await _order(request)
        if order is None:
            return JSONResponse({"error": 'expected {"to": "+1h"}'}, status_code=400)
        try:
            by = clock.move(order)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        # What was stored later than now would be fresh for as long as the clock went back, and more.
        forgotten = await edge.invalidate(["/*"]) if by < 0 else 0
        return JSONResponse(told(clock) | {"invalidated": forgotten})

    return [Route("/clock", show), Route("/clock", move, methods=["POST"])]


def told(clock: Clock) -> dict[str, object]:
    """Return what is said of a clock."""
    now = clock()
    offset = clock.offset if isinstance(clock, MovableClock) else 0.0
    return {
        "now": shown(now),
        "seconds": now,
        "moved_by": offset,
        "offset": shown_offset(offset),
        "movable": isinstance(clock, MovableClock),
    }


async def _order(request: Request) -> str | None:
    """Return where to, or None if that is not what was sent."""
    if int(request.headers.get("content-length") or 0) > LONGEST:
        return None
    try:
        order = await request.json()
    except ValueError:
        return None
    to = order.get("to") if isinstance(order, dict) else None
    return to if isinstance(to, str) else None
