"""Edges with a recorder, and what they recorded."""

import asyncio
from pathlib import Path

from plays import consume, request

from edgerun.app import Edge
from edgerun.config.build import build
from edgerun.config.faults import Source
from edgerun.functions.process import ProcessRuntime
from edgerun.functions.runtime import FunctionRuntime
from edgerun.http.headers import Headers
from edgerun.http.message import Response, StreamBody
from edgerun.observe.recorder import Recorder
from edgerun.testing import CallableRuntime, ScriptedOrigin, SettableClock

CONFIG = {
    "origins": {"site": {"url": "http://origin.example.org"}},
    "cache_policies": {"obedient": {"min_ttl": 0, "default_ttl": 86400, "max_ttl": 31536000, "query_strings": "all"}},
    "default_behavior": {"origin": "site", "cache_policy": "obedient", "allowed_methods": "all"},
}


def configuration(**points: str) -> dict:
    """Return a configuration whose functions have the names given by point, with underscores."""
    names = {name: {"handler": f"{name}.py:handler"} for name in points.values()}
    behavior = CONFIG["default_behavior"] | points
    return CONFIG | {"functions": names, "default_behavior": behavior} if points else CONFIG


class Recording:
    """An edge in process that records, entered as doors enter it."""

    def __init__(self, base: Path, replies=None, *, handlers=None, recorder=None, **points: str) -> None:
        for name in points.values():
            (base / f"{name}.py").write_text("def handler(event, context):\n    return event\n")
        self.recorder = recorder or Recorder()
        self.origin = ScriptedOrigin(replies)
        self.clock = SettableClock()
        config = build(Source(name="", data=configuration(**points)), base=base).config
        runtime: FunctionRuntime = CallableRuntime(handlers) if handlers is not None else ProcessRuntime(print)
        clients = {"site": self.origin}
        self.edge = Edge(config, clock=self.clock, recorder=self.recorder, runtime=runtime, clients=clients)
        self.entrance = self.recorder.before(self.edge)

    def run(self, *asked):
        """Send requests in turn, each a path or the arguments of `plays.request`; return the answers."""
        return asyncio.run(self._run(asked))

    async def _run(self, asked):
        try:
            return [await self.ask(**({"path": each} if isinstance(each, str) else each)) for each in asked]
        finally:
            await self.edge.aclose()

    async def ask(self, **given):
        begun = self.entrance.begin(request(**given))
        answer = await consume(begun if not asyncio.iscoroutine(begun) else await asyncio.ensure_future(begun))
        for _ in range(5):
            await asyncio.sleep(0)  # what the answer set off comes to its end
        return answer

    def record(self, which="last"):
        return self.recorder.get(which)

    def stage(self, name, which="last"):
        return next(stage for stage in self.record(which)["stages"] if stage["name"] == name)


def streamed(size, *, declared=True):
    """Return a reply whose body comes in pieces."""

    async def chunks():
        for _ in range(size // 1000):
            yield b"x" * 1000

    lines = [(b"Content-Length", b"%d" % size)] if declared else []
    lines.append((b"Cache-Control", b"max-age=60"))
    return lambda _: Response(
        status=200, headers=Headers(lines), body=StreamBody(chunks(), length=size if declared else None)
    )


def whole_record(**changes):
    """Return a record with everything that one has, as it stands in a file."""
    message = {"headers": [], "body": None}
    return {
        "id": "id-1",
        "number": 1,
        "at": 0.0,
        "method": "GET",
        "scheme": "http",
        "host": "shop.example",
        "path": "/a",
        "query": None,
        "status": 200,
        "result_type": "Miss",
        "request": message,
        "response": message,
        "stages": [],
        "cache": None,
        "origin": [],
        "logs": [],
        "warnings": [],
        **changes,
    }
