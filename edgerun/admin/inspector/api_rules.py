"""The rules that functions' results are held to, as `edgerun explain` tells them."""

from starlette.requests import Request as Asking
from starlette.responses import Response
from starlette.routing import Route

from edgerun.admin.inspector.answering import answer
from edgerun.admin.inspector.orders import error
from edgerun.functions.explained import record
from edgerun.functions.rulebook import RULEBOOK


def rule_routes() -> list[Route]:
    """Return the route of a rule."""

    async def rule(asking: Asking) -> Response:
        known = RULEBOOK.get(asking.path_params["id"].upper())
        return error(404, "there is no such rule") if known is None else answer(record(known))

    return [Route("/api/rules/{id}", rule)]
