"""An edge in process with the JSON of the inspector's pages beside it, asked step by step."""

import asyncio

import httpx2
from starlette.applications import Starlette

from edgerun.admin.inspector.panels import panel_routes
from edgerun.observe.tally import Tally
from edgerun.testing import AsyncEdge


class ShownEdge:
    """Requests go through `ask`, questions about them through `get` and `post`; takes what `AsyncEdge` takes."""

    def __init__(self, config=None, *, stamp=lambda _: "", pools=(), **more):
        self._runner = asyncio.Runner()
        self.edge = AsyncEdge(config, **more)
        self.inner = self.edge._edge
        self.tally = Tally(self.edge.clock, stamp)
        self.inner.emit.add(self.tally, *Tally.KINDS)
        if pools:
            self.inner.pools = lambda: list(pools)
        self.app = Starlette(routes=panel_routes(self.inner, self.tally))

    def run(self, steps):
        return self._runner.run(steps)

    def ask(self, url="/", **more):
        return self.run(self.edge.get(url, **more))

    def get(self, path, **query):
        return self._answer("GET", path, params=query)

    def post(self, path, order):
        return self._answer("POST", path, **({"content": order} if isinstance(order, bytes) else {"json": order}))

    def _answer(self, method, path, **more):
        async def act():
            transport = httpx2.ASGITransport(app=self.app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8788") as client:
                return await client.request(method, path, **more)

        answer = self.run(act())
        assert answer.headers["content-type"] == "application/json"
        return answer.status_code, answer.json()

    def close(self):
        self.run(self.edge.aclose())
        self._runner.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
