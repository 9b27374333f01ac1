"""A recorded request through today's configuration and code, as `edgerun replay` sends it, and what differs."""

import asyncio
from typing import Final

from starlette.requests import Request as Asking
from starlette.responses import Response
from starlette.routing import Route

from edgerun.admin.inspector.answering import answer
from edgerun.admin.inspector.api_requests import recorded
from edgerun.admin.inspector.inspected import About, Inspected
from edgerun.admin.inspector.orders import BadOrder, error, order_of
from edgerun.errors import EdgerunError
from edgerun.observe.trace import Record
from edgerun.replay.again import Outcome, Replay
from edgerun.replay.compare import changed_fields, differences

LARGEST: Final = 1000
PATIENCE: Final = 120.0


def replay_routes(edge: Inspected, about: About) -> list[Route]:
    """Return the routes that replay and compare."""
    turn = asyncio.Lock()  # each replay has processes of its own for its functions

    async def replay(asking: Asking) -> Response:
        record = recorded(edge.recorder, asking.path_params["id"])
        if isinstance(record, str):
            return error(404, record)
        try:
            order = await order_of(asking, LARGEST)
            async with turn, asyncio.timeout(PATIENCE):
                outcome = await _sent(edge, about, record, live=order.get("live") is True)
        except BadOrder as fault:
            return fault.answer()
        except TimeoutError:
            return error(504, f"the request was not answered within {PATIENCE:.0f} s")
        except EdgerunError as fault:
            return error(500, str(fault))
        return answer(_told(outcome))

    async def compared(asking: Asking) -> Response:
        found = [recorded(edge.recorder, asking.path_params[name]) for name in ("id", "other")]
        missing = next((each for each in found if isinstance(each, str)), None)
        if missing is not None:
            return error(404, missing)
        before, after = (each for each in found if not isinstance(each, str))
        told = [{name: each[name] for name in ("id", "number")} for each in (before, after)]
        return answer({"before": told[0], "after": told[1], "differences": changed_fields(differences(before, after))})

    return [
        Route("/api/replay/{id}", replay, methods=["POST"]),
        Route("/api/requests/{id}/differences/{other}", compared),
    ]


async def _sent(edge: Inspected, about: About, record: Record, *, live: bool) -> Outcome:
    assert edge.recorder is not None
    known = list(edge.recorder.newest_first())
    again = Replay(edge.config, known, live=live, cwd=about.cwd, origins=edge.origin_for if live else None)
    try:
        return await again.send(record)
    finally:
        await again.aclose()


def _told(outcome: Outcome) -> Record:
    after = outcome.after
    return {
        "same": not outcome.differences and not outcome.why_not,
        "not_replayed": outcome.why_not or None,
        "differences": changed_fields(outcome.differences),
        "after": None if after is None else {name: after[name] for name in ("status", "result_type", "time_taken")},
    }
