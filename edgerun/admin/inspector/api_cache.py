"""The cache as the inspector shows it: what the store holds, page by page, one object whole, and orders to forget."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edgerun.admin.commanded import Ordered
from edgerun.admin.inspector.answering import answer, refusal
from edgerun.admin.inspector.listings import ListingEnded, Listings
from edgerun.admin.inspector.shown import Shown
from edgerun.admin.orders import items_of
from edgerun.admin.questions import explanation, order_of
from edgerun.admin.told import lifetimes, stored
from edgerun.cache.format import digest
from edgerun.cache.invalidation import fault_of
from edgerun.cache.record import Decision
from edgerun.errors import StoreError

PAGE: Final = 50
LARGEST_PAGE: Final = 200
NAMED: Final = 20
"""Objects that an invalidation tells by name."""


class CachePages:
    """Answers about the store of an edge."""

    def __init__(self, edge: Shown) -> None:
        self._edge = edge
        self._listings = Listings()

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/cache", self.store),
            Route("/api/cache/objects", self.objects),
            Route("/api/cache/object", self.object),
            purge_route(self._edge, self._named),
            Route("/api/cache/explain", self.explain, methods=["POST"]),
        ]

    async def store(self, _: Request) -> Response:
        """Tell which store there is, and how full it is."""
        config = self._edge.config
        usage = await self._edge.store.usage()
        return answer(
            {
                "kind": config.store.kind,
                "size": config.store.size,
                "max_object_size": config.store.max_object_size,
                "place": config.store.path,
                "used": usage.used,
                "objects": usage.objects,
                "tag_headers": [name.decode("latin-1") for name in config.store.tag_headers],
                "distributions": [{"name": each.name, "id": each.id} for each in config.distributions],
            }
        )

    async def objects(self, request: Request) -> Response:
        """List what an invalidation path or a `#tag` covers, `limit` at once; `next` goes on."""
        asked = request.query_params
        limit, item = asked.get("limit", str(PAGE)), asked.get("match", "/*")
        if not (limit.isascii() and limit.isdecimal() and len(limit) < 9 and 1 <= int(limit) <= LARGEST_PAGE):
            return refusal(f"limit={limit!r}: expected a number from 1 to {LARGEST_PAGE}")
        if fault := fault_of(item):
            return refusal(fault)
        try:
            if "next" in asked:
                rows, after = await self._listings.go_on(asked["next"], int(limit))
            else:
                rows, after = await self._listings.begin(self._rows(item), int(limit))
        except ListingEnded:
            return refusal("this page of the list is not kept any more: list the objects anew", 410)
        return answer({"objects": rows, "next": after})

    async def object(self, request: Request) -> Response:
        """Tell everything of one object: its head and how its lifetime was found."""
        uri, name = request.query_params.get("uri", ""), request.query_params.get("id", "")
        plain = uri if uri.isascii() else "/*"
        if fault := fault_of(plain):
            return refusal(fault)
        async with aclosing(cast("Any", self._edge.objects(plain))) as found:
            async for decision in found:
                if name_of(decision) == name:
                    return answer(whole(decision))
        return refusal("this object is not in the cache any more", 404)

    async def explain(self, request: Request) -> Response:
        """Tell what the cache would do about a request."""
        return await explanation(self._edge, await order_of(request))

    async def _rows(self, item: str) -> AsyncIterator[dict[str, Any]]:
        async with aclosing(cast("Any", self._edge.objects(item))) as found:
            async for decision in found:
                yield {"id": name_of(decision), **stored(decision)}

    async def _named(self, items: list[str], distribution: str) -> list[str]:
        """Return the URIs of the first objects that items cover."""
        named: dict[str, None] = {}
        for item in items:
            async with aclosing(cast("Any", self._edge.objects(distribution + item))) as found:
                async for decision in found:
                    named[decision.entry.key.uri.decode("latin-1")] = None
                    if len(named) == NAMED:
                        return list(named)
        return list(named)


def cache_routes(edge: Shown) -> list[Route]:
    """Return the routes."""
    return CachePages(edge).routes()


async def unnamed(_items: list[str], _distribution: str) -> list[str]:
    """Name no object: where several processes forget, none knows what the others held."""
    return []


def purge_route(edge: Ordered, named: Callable[[list[str], str], Awaitable[list[str]]] = unnamed) -> Route:
    """Return the route of the order to forget, in one distribution or in all.

    Args:
        edge: forgets.
        named: tells the URIs of the first objects that items cover, before they are forgotten.
    """

    async def purge(request: Request) -> Response:
        items = await items_of(request)
        if isinstance(items, str):
            return refusal(items)
        distribution = (await request.json()).get("distribution", "")
        known = [each.id for each in edge.config.distributions]
        if distribution and distribution not in known:
            return refusal(f"there is no distribution {distribution!r}; there are {', '.join(known)}")
        objects = await named(items, distribution)
        try:
            count = await edge.invalidate(items, distribution)
        except StoreError as error:
            return refusal(str(error), 503)
        return answer({"invalidated": count, "items": items, "objects": objects}, 201)

    return Route("/api/cache/purge", purge, methods=["POST"])


def name_of(decision: Decision) -> str:
    """Return what a stored object goes by among those of its URI."""
    assert decision.entry is not None
    return digest(decision.entry.key).hex()


def whole(decision: Decision) -> dict[str, Any]:
    """Return everything that is told of one object; header lines are in the order they are sent in."""
    entry = decision.entry
    assert entry is not None
    headers = [[name.decode("latin-1"), text.decode("latin-1")] for name, text in entry.headers]
    return {
        "id": name_of(decision),
        **stored(decision),
        "why": str(decision.why),
        "hint": decision.hint,
        "reason": entry.reason.decode("latin-1"),
        "headers": headers,
        **lifetimes(decision),
    }
