"""An edge that records and its admin port, in a thread of their own, so that a browser can be driven beside them."""

import asyncio
import threading
from pathlib import Path

from plays import consume, request

from edgerun.admin.inspector.api_events import Streams
from edgerun.admin.inspector.inspected import About
from edgerun.admin.port import AdminPort
from edgerun.app import Edge
from edgerun.config.build import build
from edgerun.config.faults import Source
from edgerun.listening import listen
from edgerun.observe.events import Noted
from edgerun.observe.recorder import Recorder
from edgerun.testing import ScriptedOrigin

DEADLINE = 30.0


class Inspected:
    """Starts as it is made; `ask` sends viewers' requests through the edge, `url` is where the inspector is.

    Args:
        config: as in edgerun.toml; origins named `site` are answered by `replies`.
        base: a folder with the functions' code; the state folder is made in it.
        replies: of the origin, by target, as `ScriptedOrigin` takes them.
        recording: whether records are kept.
    """

    def __init__(self, config: dict, base: Path, replies=None, *, recording=True, port=0):
        self.base = base
        self.origin = ScriptedOrigin(replies)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.run(self._begin(config, recording, port))

    async def _begin(self, config, recording, port):
        built = build(Source(name="", data=config), base=self.base).config
        self.recorder = Recorder() if recording else None
        self.edge = Edge(built, recorder=self.recorder, clients={"site": self.origin}, cwd=self.base)
        self.entrance = self.recorder.before(self.edge) if recording else self.edge
        await self._open(port)

    async def _open(self, port):
        listener, _ = listen("127.0.0.1", port, strict=bool(port))
        self.streams = Streams()
        about = About(edge_url="http://localhost:8787/", cwd=self.base, watching=True)
        self.admin = AdminPort(self.edge, listener, self.base / ".edgerun", about=about, streams=self.streams)
        self.admin.start()
        self.port = self.admin.port
        self.url = f"http://localhost:{self.port}/"
        self.address = self.admin.address
        self.token = self.address.partition("#token=")[2]

    def run(self, coroutine):
        """Run something in the server's thread and return what comes of it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(DEADLINE)

    def ask(self, path="/", method="GET", body=b"", **headers):
        """Send one viewer's request; return its record."""

        async def asked():
            begun = self.entrance.begin(request(path, method, body, **headers))
            answer = await consume(await asyncio.ensure_future(begun) if asyncio.iscoroutine(begun) else begun)
            await self.edge.settled()
            return answer.delivery.id

        found = self.run(asked())
        return self.recorder.get(found) if self.recorder is not None else None

    def until(self, happened):
        """Look until something is true."""

        async def looked():
            async with asyncio.timeout(DEADLINE):
                while not happened():
                    await asyncio.sleep(0.005)

        self.run(looked())

    def note(self, text, level="info"):
        """Say something as the server does about itself."""

        async def noted():
            self.edge.emit(Noted(text=text, level=level))

        self.run(noted())

    def down(self):
        """Close the admin port, as the server's end does."""
        self.run(self.admin.stop())

    def up(self):
        """Open it again, at the same port."""
        self.run(self._open(self.port))

    def close(self):
        """End everything."""
        self.down()
        self.run(self.edge.aclose())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(DEADLINE)
        self.loop.close()


FUNCTIONS = {
    "greet": """\
def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    print("greeting", request["uri"])
    request["headers"]["x-greeting"] = [{"key": "X-Greeting", "value": "hello"}]
    return request
""",
    "refused": """\
def handler(event, context):
    return {"status": "200", "headers": {"via": [{"key": "Via", "value": "1.1 me"}]}}
""",
    "crash": """\
def handler(event, context):
    print("about to fail")
    raise KeyError("no such price")
""",
    "odd": """\
def handler(event, context):
    return {"status": float("nan"), "body": "half of a pair: \\ud800", "list": [float("inf")]}
""",
}

SITE = {
    "origins": {"site": {"url": "http://origin.example.org"}},
    "functions": {name: {"handler": f"{name}.py:handler"} for name in FUNCTIONS},
    "cache_policies": {"plain": {"min_ttl": 0, "default_ttl": 86400, "max_ttl": 31536000, "query_strings": "all"}},
    "default_behavior": {"origin": "site", "cache_policy": "plain", "allowed_methods": "all"},
    "behaviors": [
        {"path_pattern": path, "origin": "site", "cache_policy": "plain", "allowed_methods": "all", point: name}
        for path, point, name in (
            ("/greet*", "viewer_request", "greet"),
            ("/refused*", "viewer_request", "refused"),
            ("/crash*", "origin_request", "crash"),
            ("/odd*", "viewer_request", "odd"),
        )
    ],
}


def inspected_site(base: Path, replies=None, **options) -> Inspected:
    """Return a server of a site with functions that change a request, are refused, and fail."""
    for name, code in FUNCTIONS.items():
        (base / f"{name}.py").write_text(code)
    return Inspected(SITE, base, replies, **options)
