"""An edge in process, for tests: functions as worker processes or as plain callables, origins real or scripted."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

from edgerun import app
from edgerun.config.build import build
from edgerun.config.faults import Source
from edgerun.config.load import load
from edgerun.config.overrides import Loaded, Overrides
from edgerun.distribution.model import Association, Config, Point
from edgerun.errors import EdgeError
from edgerun.functions.function import Function
from edgerun.functions.readings import Strictness
from edgerun.functions.runtime import FunctionRuntime, Invocation
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Request, read
from edgerun.observe.events import Event, Noted, Reloaded
from edgerun.testing.answer import Answer
from edgerun.testing.clock import SettableClock
from edgerun.testing.functions import CallableRuntime, Handler
from edgerun.testing.origin import ScriptedOrigin
from edgerun.visit import Delivery

T = TypeVar("T")
Given = str | Path | Mapping[str, Any] | Loaded | None
HOST: Final = "d111111abcdef8.cloudfront.net"
POINTS: Final = tuple(point.value.replace("-", "_") for point in Point)
CACHING: Final = {"min_ttl": 0, "default_ttl": 86_400, "max_ttl": 31_536_000, "query_strings": "all"}


class _Mixed:
    """A `FunctionRuntime` that calls what was given as a callable, and runs everything else as it would be served."""

    def __init__(self, callables: CallableRuntime, others: FunctionRuntime) -> None:
        self._callables = callables
        self._others = others

    async def invoke(self, function: Function, event: bytes, *, label: str) -> Invocation:
        known = function.name in self._callables.handlers
        return await (self._callables if known else self._others).invoke(function, event, label=label)

    async def aclose(self) -> None:
        await self._others.aclose()  # the edge's own, which closes it too: closing twice is no matter


class AsyncCache:
    """The cache of an edge under test."""

    def __init__(self, edge: app.Edge) -> None:
        self._edge = edge

    async def purge(self, *paths: str) -> int:
        """Invalidate paths as CloudFront takes them, such as `/img/*`, and `#tags`; return how many objects went."""
        return await self._edge.invalidate(list(paths))

    async def clear(self) -> int:
        """Forget everything."""
        return await self.purge("/*")


class Cache:
    """The cache of an edge under test."""

    def __init__(self, cache: AsyncCache, run: Callable[[Coroutine[Any, Any, int]], int]) -> None:
        self._cache = cache
        self._run = run

    def purge(self, *paths: str) -> int:
        """Invalidate paths as CloudFront takes them, such as `/img/*`, and `#tags`; return how many objects went."""
        return self._run(self._cache.purge(*paths))

    def clear(self) -> int:
        """Forget everything."""
        return self._run(self._cache.clear())


class AsyncEdge:
    """An edge under test, for asynchronous tests; `Edge` is the same for all others.

    Requests may come at the same time; `origin_requests` are then also those of the others.

    Args:
        config: a configuration's path, a mapping in the native form, or one that is loaded already; None for one
            made of the rest.
        origin: for an edge without configuration: a `ScriptedOrigin`, a folder, or a URL.
        functions: callables that stand for configured functions, by name.
        origins: scripted origins that stand for configured ones, by name.
        clock: instead of a new one.
        country: the viewers', two capital letters.
        strictness: how AWS's unclear points are read: `strict`, `pedantic`, `lenient`.
        watched: whether answers know their `stages`; False is quicker, for many thousands of requests.
        points: `viewer_request=handler` and its like, for an edge without configuration.

    Raises:
        ConfigError: the configuration cannot be used; one located sentence per line.
    """

    def __init__(
        self,
        config: Given = None,
        *,
        origin: ScriptedOrigin | str | Path | None = None,
        functions: Mapping[str, Handler] | None = None,
        origins: Mapping[str, ScriptedOrigin] | None = None,
        clock: SettableClock | None = None,
        country: str = "",
        strictness: Strictness = "strict",
        watched: bool = True,
        **points: Handler,
    ) -> None:
        unknown = [name for name in points if name not in POINTS]
        if unknown:
            raise TypeError(f"there is no {unknown[0]!r}; the points are {', '.join(POINTS)}")
        self.clock = clock or SettableClock()
        self.origin = origin if isinstance(origin, ScriptedOrigin) else ScriptedOrigin()
        self.origins = dict(origins or {})
        self.events: list[Event] = []
        self.last: Answer | None = None
        self._told: dict[str, list[Event]] = {}
        self._scripted = config is None and not isinstance(origin, str | Path)
        handlers = dict(functions or {}) | {name: points[name] for name in points}
        made, base = self._loaded(config, origin, tuple(points), country, strictness)
        self._runtime = CallableRuntime(handlers)
        clients: dict[str, Any] = {"origin": self.origin} if self._scripted else {}
        self._edge = app.Edge(
            made,
            self._hear,
            cwd=base,
            clock=self.clock,
            watched=watched,
            before=lambda others: _Mixed(self._runtime, others),
            clients=clients | self.origins,
        )
        self.cache = AsyncCache(self._edge)
        self._started = False

    # ------------------------------------------------------------------------------ requests

    async def request(
        self, method: str, url: str = "/", *, headers: Mapping[str, str | list[str]] | None = None,
        body: bytes | str | None = None, json: Any = None, client: str = "203.0.113.178", scheme: str = "",
        http_version: str = "1.1",
    ) -> Answer:  # fmt: skip
        """Send one request and return its answer, with its body whole and the object stored.

        Args:
            method: of the request.
            url: a path with query, or an absolute URL: its host is the Host header.
            headers: further ones; a list of values makes several lines.
            body: bytes, or text to be sent as UTF-8.
            json: values to be sent as JSON instead.
            client: the viewer's address.
            scheme: `http` or `https`; that of an absolute URL otherwise, else `https`.
            http_version: as the viewer speaks it.
        """
        await self._start()
        seen = self._seen()
        asked = _request(method, url, headers, body, json, client, scheme, http_version)
        begun = self._edge.begin(asked)
        delivery = begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun)
        data, complete = b"", True
        try:
            data = await read(delivery.response.body)
        except EdgeError:
            complete = False
        await delivery.body.aclose()
        delivery.sent(len(data), complete=complete)
        await self._edge.settled()
        bare = method == "HEAD" or delivery.response.status in {204, 304}
        answer = Answer(
            delivery.response.status,
            delivery.response.headers,
            b"" if bare else data,
            complete=complete,
            events=self._told.pop(delivery.id, ()),
        )
        answer.origin_requests = self._seen()[len(seen) :]
        self.last = answer
        return answer

    async def get(self, url: str = "/", **more: Any) -> Answer:
        """Send a GET; see `request`."""
        return await self.request("GET", url, **more)

    async def post(self, url: str = "/", **more: Any) -> Answer:
        """Send a POST; see `request`."""
        return await self.request("POST", url, **more)

    async def head(self, url: str = "/", **more: Any) -> Answer:
        """Send a HEAD; see `request`."""
        return await self.request("HEAD", url, **more)

    @property
    def calls(self) -> list[tuple[str, Any]]:
        """Every call of a callable: its function's name and its event."""
        return self._runtime.calls

    async def aclose(self) -> None:
        """End every environment, and forget everything."""
        await self._edge.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    # ------------------------------------------------------------------------------

    async def _start(self) -> None:
        if not self._started:
            self._started = True
            await self._edge.start()

    def _hear(self, event: Event) -> None:
        self.events.append(event)
        if not isinstance(event, Noted | Reloaded):
            self._told.setdefault(event.request_id, []).append(event)

    def _seen(self) -> list[Request]:
        every = {id(each): each for each in (self.origin, *self.origins.values())}
        return [request for each in every.values() for request in each.seen]

    def _loaded(
        self, config: Given, origin: object, points: tuple[str, ...], country: str, strictness: Strictness
    ) -> tuple[Config, Path]:
        if isinstance(config, str | Path):
            loaded = load(Path(config), Overrides(country=country, strictness=strictness))
            return loaded.config, loaded.path.parent
        if isinstance(config, Loaded):
            return config.config, config.path.parent
        base = Path.cwd()
        data = dict(config) if config is not None else _minimal(origin)
        source = Source(name="", data=data)
        made = build(source, base=base, strictness=strictness, country=country).config
        return (_with_callables(made, points) if points else made), base


class Edge:
    """An edge under test: `edge.get("/")` returns an `Answer`, whose `stages` tell how it came about.

    Takes what `AsyncEdge` takes. Requests run one after the other, on a loop of the edge's own; between two of them
    everything that the first set off has come to its end.
    """

    def __init__(self, config: Given = None, **more: Any) -> None:
        self._runner = asyncio.Runner()
        self._inner = AsyncEdge(config, **more)
        self.cache = Cache(self._inner.cache, self._run)
        self.clock = self._inner.clock
        self.origin = self._inner.origin
        self.origins = self._inner.origins

    def request(self, method: str, url: str = "/", **more: Any) -> Answer:
        """Send one request; see `AsyncEdge.request`."""
        answer: Answer = self._run(self._inner.request(method, url, **more))
        return answer

    def get(self, url: str = "/", **more: Any) -> Answer:
        """Send a GET; see `AsyncEdge.request`."""
        return self.request("GET", url, **more)

    def post(self, url: str = "/", **more: Any) -> Answer:
        """Send a POST; see `AsyncEdge.request`."""
        return self.request("POST", url, **more)

    def head(self, url: str = "/", **more: Any) -> Answer:
        """Send a HEAD; see `AsyncEdge.request`."""
        return self.request("HEAD", url, **more)

    @property
    def events(self) -> list[Event]:
        """Everything that happened, in order."""
        return self._inner.events

    @property
    def last(self) -> Answer | None:
        """The answer to the last request."""
        return self._inner.last

    @property
    def calls(self) -> list[tuple[str, Any]]:
        """Every call of a callable: its function's name and its event."""
        return self._inner.calls

    def close(self) -> None:
        """End every environment, and forget everything."""
        self._run(self._inner.aclose())
        self._runner.close()

    def _run(self, steps: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(steps)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _minimal(origin: object) -> dict[str, Any]:
    place = {"url": "http://origin.example.org"}
    if isinstance(origin, str | Path):
        is_url = str(origin).startswith(("http://", "https://"))
        place = {"url": str(origin)} if is_url else {"directory": str(origin)}
    return {
        "origins": {"origin": place},
        "cache_policies": {"obedient": dict(CACHING)},
        "default_behavior": {"origin": "origin", "cache_policy": "obedient", "allowed_methods": "all"},
    }


def _with_callables(config: Config, points: tuple[str, ...]) -> Config:
    uses: dict[str, Any] = {
        point: Association(
            function=Function(name=point, root="/", handler=f"{point}.handler", runtime="python"),
            include_body=point.endswith("request"),
        )
        for point in points
    }
    distributions = tuple(
        replace(each, default_behavior=replace(each.default_behavior, **uses)) for each in config.distributions
    )
    return replace(config, distributions=distributions)


def _request(
    method: str, url: str, headers: Mapping[str, str | list[str]] | None, body: bytes | str | None, values: Any,
    client: str, scheme: str, http_version: str,
) -> Request:  # fmt: skip
    parts = urlsplit(url)
    data = body.encode() if isinstance(body, str) else body or b""
    given = dict(headers or {})
    if values is not None:
        data = json.dumps(values).encode()
        given.setdefault("Content-Type", "application/json")
    lowered = {name.lower() for name in given}
    lines = [] if "host" in lowered else [(b"Host", (parts.netloc or HOST).encode())]
    for name, texts in given.items():
        several = [texts] if isinstance(texts, str) else texts
        lines += [(name.encode("latin-1"), text.encode("latin-1")) for text in several]
    if data and "content-length" not in lowered:
        lines.append((b"Content-Length", b"%d" % len(data)))
    return Request(
        method=method,
        path=(parts.path or "/").encode("latin-1"),
        query=parts.query.encode("latin-1") if "?" in url else None,
        headers=Headers(lines),
        body=BytesBody(data),
        scheme=scheme or parts.scheme or "https",
        http_version=http_version,
        client=(client, 50_000),
    )
