"""Little plays: an edge built by hand, the origin's replies, viewers' requests."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edgerun.cache.authority import caching_of
from edgerun.cache.collapse import Collapser
from edgerun.cache.memory import MemoryStore
from edgerun.cache.store import CacheStore
from edgerun.distribution.forward import origin_spec
from edgerun.distribution.geo import PlaceOf, nowhere
from edgerun.distribution.managed import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES
from edgerun.distribution.model import Association, Behavior, CachePolicy, Config, Distribution, StoreConfig
from edgerun.distribution.origins import HttpOrigin, OriginConfig, OriginSpec
from edgerun.eager import Begun
from edgerun.functions.function import Function
from edgerun.functions.invoker import Invoker
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Request, Tunnel, read
from edgerun.observe.events import Answered, Event, Failed, Stepped, Warned
from edgerun.pipeline import Pipeline
from edgerun.services import Services
from edgerun.testing import CallableRuntime, ScriptedOrigin, SettableClock
from edgerun.testing.functions import Handler
from edgerun.testing.origin import Reply
from edgerun.visit import Delivery

MANAGED = {policy.name: policy for policy in CACHE_POLICIES}
MANAGED_ORIGIN = {policy.name: policy for policy in ORIGIN_REQUEST_POLICIES}

SITE = HttpOrigin(
    name="site",
    scheme="http",
    host="origin.example.org",
    port=80,
    domain_name="origin.example.org",
    host_header="origin.example.org",
)
# Minimum TTL 0, so that what the origin says about caching counts.
OBEDIENT = CachePolicy(name="obedient", min_ttl=0, default_ttl=86_400, max_ttl=31_536_000)


def function(name: str, runtime: str = "python") -> Function:
    return Function(name=name, root="/", handler=f"{name}.handler", runtime=runtime)


def light(name: str) -> Association:
    """Return the association of a CloudFront Function."""
    return Association(function=function(name, "cloudfront-js-2.0"))


def behavior(
    path_pattern: str = "*", *, points: dict[str, str | Association] | None = None, **changes: Any
) -> Behavior:
    """Return a behavior; `points` maps `viewer_request` and its like to function names or associations."""
    associations = {
        point: given if isinstance(given, Association) else Association(function=function(given))
        for point, given in (points or {}).items()
    }
    return Behavior(
        **{
            "path_pattern": path_pattern,
            "origin": SITE,
            "cache_policy": OBEDIENT,
            **changes,
            **associations,
        }
    )


def distribution(default: Behavior, *behaviors: Behavior, **changes: Any) -> Distribution:
    return Distribution(
        **{
            "name": "default",
            "id": "EDGERUNDEMO001",
            "domain_name": "d111111abcdef8.cloudfront.net",
            "default_behavior": default,
            "behaviors": behaviors,
            **changes,
        }
    )


class Answer:
    """What a viewer got, with its body read and its sending reported."""

    def __init__(self, delivery: Delivery, body: bytes, error: Exception | None) -> None:
        self.status = delivery.response.status
        self.headers = delivery.response.headers
        self.body = body
        self.error = error
        self.delivery = delivery

    def __getitem__(self, name: str) -> str | None:
        value = self.headers.get(name.lower().encode())
        return None if value is None else value.decode("latin-1")

    @property
    def x_cache(self) -> str | None:
        return self["X-Cache"]


class Play:
    """An edge without processes or sockets: a scripted origin, callables as functions, a clock that stands still."""

    def __init__(
        self,
        given: Distribution | Behavior | None = None,
        *,
        replies: dict[str, Reply] | None = None,
        functions: dict[str, Handler] | None = None,
        origins: dict[str, ScriptedOrigin] | None = None,
        store: CacheStore | None = None,
        clock: Any = None,
        country: str = "",
        geo: PlaceOf = nowhere,
        strictness: str = "strict",
        patience: float = 60.0,
        watched: bool = True,
        spare: tuple[OriginConfig, ...] = (),
        runtime: Any = None,
    ) -> None:
        """Build it; `origins` answer for domain names of their own, `spare` are configured and no behavior's."""
        chosen = given if isinstance(given, Distribution) else distribution(given or behavior())
        self.clock = clock or SettableClock()
        self.origin = ScriptedOrigin(replies)
        self.runtime = runtime or CallableRuntime(functions or {})
        self.events: list[Event] = []
        self.store: Any = MemoryStore(size=10_000_000, max_object_size=10_000_000) if store is None else store
        self.flights: Collapser[Any] = Collapser(patience=patience)
        self._others = origins or {}
        names = itertools.count(1)
        every = {b.origin.name: b.origin for b in chosen.all_behaviors} | {each.name: each for each in spare}
        self.asked: list[OriginSpec] = []
        config = Config(
            distributions=(chosen,),
            origins=every,
            functions={},
            store=StoreConfig(),
            country=country,
            geo=geo,
            strictness=strictness,
        )
        self.config = config
        services = Services(
            store=self.store,
            flights=self.flights,
            caching=caching_of,
            invoker=Invoker(
                self.runtime,
                {name: origin_spec(each) for name, each in every.items()},
                tell=self.events.append if watched else None,
            ),
            origin_for=self._origin_for,
            clock=self.clock,
            make_id=lambda: f"request-{next(names)}",
            emit=self.events.append,
            watched=watched,
        )
        self.pipeline = Pipeline(config, services)

    def _origin_for(self, spec: OriginSpec) -> ScriptedOrigin:
        if not self.asked or self.asked[-1] is not spec:
            self.asked.append(spec)
        return self._others.get(spec.domain_name, self.origin)

    def begin(self, path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> Begun:
        return self.pipeline.begin(request(path, method, body, **headers))

    async def ask(self, path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
        """Send one request and read its answer to the end."""
        begun = self.begin(path, method, body, **headers)
        delivery = begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun)
        assert not isinstance(delivery, Tunnel)
        return await consume(delivery)

    def run(self, play: Callable[["Play"], Any]) -> Any:
        """Run an asynchronous play to its end, and the fetches it started."""

        async def whole() -> Any:
            try:
                return await play(self)
            finally:
                await self.flights.aclose()

        return asyncio.run(whole())

    def purge(self, item: str) -> int:
        """Invalidate a path or a `#tag`; return how many objects that covered."""
        return asyncio.run(self.store.invalidate(item.encode()))

    def get(self, path: str = "/", **headers: str) -> Answer:
        return self.run(lambda play: play.ask(path, **headers))

    @property
    def ran(self) -> list[str]:
        """The points whose functions ran, in order, with the calls of all requests."""
        return [event["Records"][0]["cf"]["config"]["eventType"] for _, event in self.runtime.calls]

    def steps(self) -> list[str]:
        return [event.step.value for event in self.events if isinstance(event, Stepped)]

    def logged(self) -> list[Answered]:
        return [event for event in self.events if isinstance(event, Answered)]

    def failures(self) -> list[Failed]:
        return [event for event in self.events if isinstance(event, Failed)]

    def warnings(self) -> list[Warned]:
        return [event for event in self.events if isinstance(event, Warned)]


async def consume(delivery: Delivery) -> Answer:
    """Read an answer as a door does: to its end or its break, then close and report."""
    body, error = b"", None
    try:
        body = await read(delivery.response.body)
    except Exception as problem:
        error = problem
    await delivery.body.aclose()
    delivery.sent(len(body), complete=error is None)
    return Answer(delivery, body, error)


def request(path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> Request:
    """Return a viewer's request; header names with underscores."""
    lines = [(b"Host", b"shop.example")]
    lines += [(name.replace("_", "-").title().encode(), text.encode("latin-1")) for name, text in headers.items()]
    if body:
        lines.append((b"Content-Length", b"%d" % len(body)))
    raw, mark, query = path.encode("latin-1").partition(b"?")
    return Request(
        method=method,
        path=raw,
        query=query if mark else None,
        headers=Headers(lines),
        body=BytesBody(body),
        client=("198.51.100.23", 40_000),
    )


def changed(given: Any, **fields: Any) -> Any:
    """Return a frozen value with other fields."""
    return replace(given, **fields)
