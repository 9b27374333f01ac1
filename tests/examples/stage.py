"""A stage for the documented examples: the whole pipeline, real worker processes, an origin that remembers."""

import asyncio
import itertools
from dataclasses import dataclass
from pathlib import Path

from plays import Answer, behavior, consume, distribution
from plays import request as plain_request

from edgerun.cache.authority import caching_of
from edgerun.cache.collapse import Collapser
from edgerun.cache.memory import MemoryStore
from edgerun.distribution.model import Association, Config, StoreConfig
from edgerun.distribution.origins import OriginSpec
from edgerun.functions.cloudfront_js import CloudFrontJsRuntime
from edgerun.functions.function import Function
from edgerun.functions.invoker import Invoker
from edgerun.functions.process import ProcessRuntime
from edgerun.functions.router import RuntimeRouter
from edgerun.http.message import StreamBody
from edgerun.observe.events import Failed, Warned
from edgerun.pipeline import Pipeline
from edgerun.services import Services
from edgerun.testing import ScriptedOrigin, SettableClock
from edgerun.visit import Delivery

FUNCTIONS = Path(__file__).parent / "functions"
HOST = "d.example"


class Workers:
    """One event loop and one process runtime for many stages: an example's process starts once, then serves them all.

    It is the runtime that the stages' invokers get, and writes down each call.
    """

    def __init__(self):
        self.printed = []
        self.calls = []
        self._runtime = RuntimeRouter(ProcessRuntime(self._printed), {"cloudfront-js-": self._cloudfront})
        self._runner = asyncio.Runner()

    def run(self, steps):
        return self._runner.run(steps)

    async def invoke(self, function, event, *, label):
        self.calls.append((function.name, event))
        return await self._runtime.invoke(function, event, label=label)

    def _printed(self, line):
        self.printed.append(line.text)

    def _cloudfront(self):
        return CloudFrontJsRuntime(self._printed, limit=0.3)  # for machines with much to do

    async def aclose(self):
        await self._runtime.aclose()

    def close(self):
        self.run(self.aclose())
        self._runner.close()


def example(name, language, root=FUNCTIONS):
    """Return one of our examples as a deployed function; generous limits, for machines with much to do."""
    runtime, memory = {
        "python": ("python", 128),
        "node": ("nodejs", 256),
        "cloudfront": ("cloudfront-js-2.0", 2),
        "cloudfront 1.0": ("cloudfront-js-1.0", 2),
    }[language]
    language = language.partition(" ")[0]
    return Function(
        name=name,
        root=str(root / language if root is FUNCTIONS else root),
        handler=f"{name}.handler",
        runtime=runtime,
        memory=memory,
        timeout=30.0,
        init_timeout=30.0,
        concurrency=1,
        queue_timeout=30.0,
        key_value_store=FUNCTIONS / "cloudfront/store.json" if runtime == "cloudfront-js-2.0" else None,
    )


@dataclass
class Asked:
    """One request as it reached an origin, and which origin that was."""

    origin: OriginSpec
    method: str
    path: str
    query: str | None
    headers: dict[str, str]
    body: bytes

    @property
    def target(self):
        return self.path if self.query is None else f"{self.path}?{self.query}"


class OneOfMany:
    """The origin of one domain name: all answer from the same script."""

    def __init__(self, spec, script, asked):
        self._spec = spec
        self._script = script
        self._asked = asked

    async def fetch(self, request, *, on_interim=None):
        response = await self._script.fetch(request, on_interim=on_interim)
        seen = self._script.seen[-1]
        self._asked.append(
            Asked(
                origin=self._spec,
                method=seen.method,
                path=seen.path.decode(),
                query=None if seen.query is None else seen.query.decode(),
                headers={name.decode().lower(): text.decode() for name, text in seen.headers},
                body=seen.body.data,
            )
        )
        return response

    async def resolve(self):
        return None

    async def aclose(self):
        return None


async def arriving(chunks):
    for chunk in chunks:
        yield chunk


class Stage:
    """An edge with one example at one point of its only behavior."""

    def __init__(
        self,
        workers,
        name,
        language,
        point,
        *,
        replies=None,
        include_body=False,
        strictness="strict",
        root=FUNCTIONS,
        pages=None,
        **changes,
    ):
        """Build it; `changes` are the behavior's fields, `replies` the origin's answers by path."""
        association = Association(function=example(name, language, root), include_body=include_body)
        self._distribution = distribution(behavior(points={point: association}, **changes), error_responses=pages or {})
        self._workers = workers
        self._calls_before = len(workers.calls)
        self._printed_before = len(workers.printed)
        self._script = ScriptedOrigin(replies)
        self._pipelines = {}
        self._strictness = strictness
        self._names = itertools.count(1)
        self.clock = SettableClock()
        self.store = MemoryStore(size=10_000_000, max_object_size=1_000_000)
        self.events = []
        self.asked = []
        self._services = Services(
            store=self.store,
            flights=Collapser(),
            caching=caching_of,
            invoker=Invoker(workers),
            origin_for=lambda spec: OneOfMany(spec, self._script, self.asked),
            clock=self.clock,
            make_id=lambda: f"request-{next(self._names)}",
            emit=self.events.append,
            watched=False,
        )

    def ask(self, path="/", method="GET", body=b"", *, cookies=(), country="", chunks=(), **headers) -> Answer:
        """Send one request and read the answer to its end.

        `cookies` are the lines of the Cookie header, `country` is where the viewer is, `chunks` are a body that
        arrives piece by piece and does not tell its length.
        """
        sent = plain_request(path, method, body, **headers)
        lines = sent.headers.replaced(b"Host", HOST.encode()).plus(*((b"Cookie", line.encode()) for line in cookies))
        if chunks:
            lines = lines.plus((b"Transfer-Encoding", b"chunked"))
            sent = sent.changed(body=StreamBody(arriving(chunks)))
        return self._workers.run(self._ask(sent.changed(headers=lines), country))

    async def _ask(self, request, country):
        begun = self._pipeline(country).begin(request)
        return await consume(begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun))

    def _pipeline(self, country):
        """Return the pipeline for viewers of a country: they share everything, the cache too."""
        if country not in self._pipelines:
            origin = self._distribution.default_behavior.origin
            config = Config(
                distributions=(self._distribution,),
                origins={origin.name: origin},
                functions={},
                store=StoreConfig(),
                country=country,
                strictness=self._strictness,
            )
            self._pipelines[country] = Pipeline(config, self._services)
        return self._pipelines[country]

    @property
    def calls(self):
        """How often the function ran."""
        return len(self._workers.calls) - self._calls_before

    @property
    def printed(self):
        return self._workers.printed[self._printed_before :]

    @property
    def failures(self):
        return [event.error for event in self.events if isinstance(event, Failed)]

    @property
    def warned(self):
        return [event.rule for event in self.events if isinstance(event, Warned)]
