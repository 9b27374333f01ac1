"""The admin application: inspector, health, invalidations, questions about the cache, the clock, CloudFront's API.

It listens on loopback on a port of its own, so that its paths and cookies never mix with the site's. It
answers to its own Host only (a name that an attacker points at 127.0.0.1 is another host). What changes
something, and what tells of requests, needs a token that only a file of the user's holds.
"""

import hmac
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from edgerun.admin.api_errors import ApiError
from edgerun.admin.clock import clock_routes
from edgerun.admin.cloudfront_api import PREFIX, CloudFrontApi, refusal
from edgerun.admin.commanded import Commanded, Ordered
from edgerun.admin.inspector.api_events import Streams
from edgerun.admin.inspector.inspected import About
from edgerun.admin.inspector.routes import inspector_routes
from edgerun.admin.orders import items_of
from edgerun.admin.questions import cache_routes
from edgerun.errors import StoreError

SIGNATURE: Final = "AWS4-HMAC-SHA256 "
TOKEN_HEADER: Final = "x-edgerun-token"  # noqa: S105  # a name, not a token
INSPECTOR: Final = "/api/"
OWN_PAGES: Final = frozenset({"same-origin", "none"})

NOTHING_KNOWN: Final = About()

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]


class OwnHostOnly:
    """Refuses requests to another Host, from another Origin, and without the token changes and records."""

    def __init__(self, app: App, *, hosts: frozenset[str], token: str) -> None:
        self._app = app
        self._hosts = hosts
        self._token = token

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, api, inspector = (
            Headers(scope=scope),
            scope["path"].startswith(PREFIX),
            scope["path"].startswith(INSPECTOR),
        )
        why = self._api_refusal(headers) if api else self._refusal(headers)
        free = api or (scope["method"] in {"GET", "HEAD"} and not inspector)
        app: App = self._app
        if why is not None and api:
            app = refusal(ApiError("AccessDenied", 403, f"Access denied: {why}."))
        elif why is not None:
            app = JSONResponse({"error": why}, status_code=403)
        elif inspector and headers.get("sec-fetch-site", "none") not in OWN_PAGES:
            app = JSONResponse({"error": "pages of other sites are not answered"}, status_code=403)
        elif not free and not self._knows_token(headers):
            what, status = ("records", 401) if inspector else ("changes", 403)
            app = JSONResponse({"error": f"{what} need the {TOKEN_HEADER} header"}, status_code=status)
        await app(scope, receive, send)

    def _api_refusal(self, headers: Headers) -> str | None:
        """Tell why CloudFront's API is closed to a request.

        It is open to whoever signs, with whatever key: no page of another site can send `Authorization` without
        a preflight, which nobody answers here. No page at all calls it, so any `Origin` is refused.
        """
        if headers.get("host") not in self._hosts:
            return "this port answers to its own name only"
        if "origin" in headers:
            return "pages in a browser are not answered"
        if headers.get("authorization", "").startswith(SIGNATURE) or self._knows_token(headers):
            return None
        return "sign the request, with any key"

    def _refusal(self, headers: Headers) -> str | None:
        if headers.get("host") not in self._hosts:
            return "this port answers to its own name only"
        origin = headers.get("origin")
        if origin is not None and origin.removeprefix("http://") not in self._hosts:
            return "requests from other sites are not answered"
        return None

    def _knows_token(self, headers: Headers) -> bool:
        return hmac.compare_digest(headers.get(TOKEN_HEADER, "").encode(), self._token.encode())


def admin_app(
    edge: Commanded,
    *,
    port: int,
    token: str,
    about: About = NOTHING_KNOWN,
    streams: Streams | None = None,
    more: Sequence[Route] = (),
) -> App:
    """Return the application for the admin port.

    Args:
        edge: what it commands.
        port: its own, for the Host check.
        token: what changes something, and what asks for records, has to name it.
        about: what the inspector shows of the server.
        streams: the streams of events that are open, for who ends them.
        more: further routes, of the inspector's pages.
    """

    async def ready(_: Request) -> JSONResponse:
        return JSONResponse({"ready": True})

    routes = [
        *inspector_routes(edge, about, streams or Streams()),
        *more,
        Route("/ready", ready),
        *cache_routes(edge),
        *order_routes(edge),
    ]
    return guarded(Starlette(routes=routes), port=port, token=token)


def order_routes(edge: Ordered) -> list[Route]:
    """Return the routes of what can be ordered, and of the distributions that orders are about."""

    async def invalidations(request: Request) -> JSONResponse:
        items = await items_of(request)
        if isinstance(items, str):
            return JSONResponse({"error": items}, status_code=400)
        try:
            return JSONResponse({"invalidated": await edge.invalidate(items)}, status_code=201)
        except StoreError as error:
            return JSONResponse({"error": str(error)}, status_code=503)

    return [
        Route("/invalidations", invalidations, methods=["POST"]),
        *clock_routes(edge),
        *CloudFrontApi(edge).routes(),
    ]


def guarded(app: App, *, port: int, token: str) -> App:
    """Return an application that answers on loopback's names of a port only, and takes orders with a token only."""
    hosts = frozenset(f"{name}:{port}" for name in ("localhost", "127.0.0.1", "[::1]"))
    return OwnHostOnly(app, hosts=hosts, token=token)
