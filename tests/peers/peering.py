"""What the tests of the peers' faults share: functions that pass everything on, and an edge over worker processes."""

import asyncio
import itertools
from functools import partial

from plays import Play, behavior, consume, distribution
from plays import request as plain_request
from served import Served

from edgerun import app
from edgerun.cache.authority import caching_of
from edgerun.cache.collapse import Collapser
from edgerun.cache.memory import MemoryStore
from edgerun.distribution.model import Association, Config, StoreConfig
from edgerun.distribution.origins import HttpOrigin
from edgerun.functions.function import Function
from edgerun.functions.invoker import Invoker
from edgerun.functions.process import ProcessRuntime
from edgerun.pipeline import Pipeline
from edgerun.services import Services
from edgerun.testing import Edge, ScriptedOrigin, SettableClock
from edgerun.testing.origin import respond
from edgerun.visit import Delivery

PAGE = respond(200, b"a page", cache_control="max-age=60", etag='"v1"')
ALL_FOUR = {
    "viewer_request": "vrq",
    "origin_request": "orq",
    "origin_response": "ors",
    "viewer_response": "vrs",
}
EVERY_POINT = ["viewer-request", "origin-request", "origin-response", "viewer-response"]
VIEWER_POINTS = ["viewer-request", "viewer-response"]


def request_of(event):
    return event["Records"][0]["cf"]["request"]


def response_of(event):
    return event["Records"][0]["cf"]["response"]


def passes_request(event, context):
    return request_of(event)


def passes_response(event, context):
    return response_of(event)


def returns(result):
    return lambda event, context: result


def answers(status, **more):
    return returns({"status": str(status), "body": "made here", **more})


def fails(event, context):
    raise RuntimeError("broken")


def with_request(**changes):
    """A handler that returns a request of its own making, the event's with some members changed."""
    return lambda event, context: {**request_of(event), **changes}


def with_headers(read, **changes):
    """A handler that returns the event's message with some headers changed; None removes one."""

    def handler(event, context):
        message = read(event)
        headers = {**message["headers"]}
        for word, texts in changes.items():
            name = word.replace("_", "-")
            headers.pop(name, None)
            if texts is not None:
                headers[name] = [{"value": text} for text in ([texts] if isinstance(texts, str) else texts)]
        return {**message, "headers": headers}

    return handler


PASSING = {"vrq": passes_request, "orq": passes_request, "ors": passes_response, "vrs": passes_response}


def edge(*, replies=None, changes=None, parts=None, **functions):
    """An edge with functions at all four points; `changes` of its behavior, `parts` of its distribution."""
    default = behavior(points=ALL_FOUR, **(changes or {}))
    return Play(
        distribution(default, **(parts or {})),
        replies={"/": PAGE} if replies is None else replies,
        functions={**PASSING, **functions},
    )


def kit(**functions):
    """The testing kit's edge over a page, with functions at all four points."""
    named = {point: {**PASSING, **functions}[name] for point, name in ALL_FOUR.items()}
    return Edge(origin=ScriptedOrigin({"/": PAGE}), **named)


def event_at(play, point):
    """Return what the function at a point was told last."""
    found = [
        event["Records"][0]["cf"]
        for _, event in play.runtime.calls
        if event["Records"][0]["cf"]["config"]["eventType"] == point
    ]
    return found[-1]


class Deployed:
    """An edge whose functions are files of a folder and run in processes of their own.

    `points` maps a behavior's points to `module.name`; paths below `/free` have no function at all.
    """

    def __init__(self, folder, sources, points, *, replies=None, timeout=30.0, concurrency=1):
        for name, source in sources.items():
            (folder / name).write_text(source)
        self._folder = folder
        self._limits = {"timeout": timeout, "concurrency": concurrency}
        self._runner = asyncio.Runner()
        self._heard = asyncio.Event()
        self._names = itertools.count(1)
        self.printed = []
        self.events = []
        self.runtime = ProcessRuntime(self._hear)
        self.origin = ScriptedOrigin(replies or {"/": PAGE, "/free": respond(200, b"free")})
        associations = {point: Association(function=self.function(name)) for point, name in points.items()}
        chosen = distribution(behavior(points=associations), behavior("/free*"))
        config = Config(
            distributions=(chosen,),
            origins={each.origin.name: each.origin for each in chosen.all_behaviors},
            functions={},
            store=StoreConfig(),
        )
        services = Services(
            store=MemoryStore(size=1_000_000, max_object_size=1_000_000),
            flights=Collapser(),
            caching=caching_of,
            invoker=Invoker(self.runtime),
            origin_for=lambda spec: self.origin,
            clock=SettableClock(),
            make_id=lambda: f"request-{next(self._names)}",
            emit=self.events.append,
        )
        self.pipeline = Pipeline(config, services)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run(self.runtime.aclose())
        self._runner.close()

    def function(self, name):
        is_python = (self._folder / name.partition(".")[0]).with_suffix(".py").exists()
        return Function(
            name=name.partition(".")[0],
            root=str(self._folder),
            handler=name,
            runtime="python" if is_python else "nodejs",
            memory=128 if is_python else 256,
            init_timeout=30.0,
            queue_timeout=30.0,
            **self._limits,
        )

    def run(self, steps):
        return self._runner.run(steps)

    def ask(self, path="/", method="GET", body=b"", **headers):
        return self.run(asked(self.pipeline, plain_request(path, method, body, **headers)))

    def at_the_door(self, act):
        """Open the wire door and let somebody act before it."""

        async def whole():
            async with Served(self.pipeline, "wire") as door:
                return await act(door)

        return self.run(whole())

    async def line(self, text):
        """Wait until a function printed something."""
        async with asyncio.timeout(30):
            while text not in self.printed:
                self._heard.clear()
                await self._heard.wait()

    def _hear(self, line):
        self.printed.append(line.text)
        self._heard.set()


async def asked(edge, request):
    begun = edge.begin(request)
    return await consume(begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun))


def fetched(origin, *paths):
    """Ask an edge with a real client of a real origin, and return its answers."""
    chosen = distribution(behavior(origin=origin))
    config = Config(distributions=(chosen,), origins={origin.name: origin}, functions={}, store=StoreConfig())

    async def whole():
        real = app.Edge(config)
        try:
            return [await asked(real, plain_request(path)) for path in paths]
        finally:
            await real.aclose()

    return asyncio.run(whole())


http_origin = partial(
    HttpOrigin,
    name="site",
    scheme="http",
    host="127.0.0.1",
    domain_name="127.0.0.1",
    host_header="origin.example.org",
    connection_attempts=1,
)
GET = b"GET %b HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"
