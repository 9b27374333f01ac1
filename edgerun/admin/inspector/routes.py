"""Everything that the inspector answers, put together."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edgerun import __version__
from edgerun.admin.inspector.answering import answer
from edgerun.admin.inspector.api_events import Streams, event_routes
from edgerun.admin.inspector.api_replay import replay_routes
from edgerun.admin.inspector.api_requests import request_routes
from edgerun.admin.inspector.api_resend import resend_routes
from edgerun.admin.inspector.api_rules import rule_routes
from edgerun.admin.inspector.inspected import About, Inspected
from edgerun.admin.inspector.pages import page_routes


def inspector_routes(edge: Inspected, about: About, streams: Streams) -> list[Route]:
    """Return the routes of the pages, and of the JSON below `/api/`, which needs the token."""

    async def told(_: Request) -> Response:
        return answer(
            {
                "version": __version__,
                "recording": edge.recorder is not None,
                "edge_url": about.edge_url,
                "watching": about.watching,
            }
        )

    return [
        *page_routes(),
        Route("/api/about", told),
        *event_routes(edge, streams),
        *request_routes(edge),
        *resend_routes(edge),
        *replay_routes(edge, about),
        *rule_routes(),
    ]
