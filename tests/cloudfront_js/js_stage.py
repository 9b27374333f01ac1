"""How the tests of CloudFront Functions run one: a runtime kept for a module, a file for every function."""

import asyncio
import itertools
import json

from edgerun.functions.cloudfront_js import CloudFrontJsRuntime
from edgerun.functions.function import Function

EVENT = {
    "version": "1.0",
    "context": {"eventType": "viewer-request"},
    "viewer": {"ip": "198.51.100.11"},
    "request": {"method": "GET", "uri": "/", "querystring": {}, "headers": {}, "cookies": {}},
}
NOW = 1_700_000_000.123


class Stage:
    """A runtime on a loop of its own, and short ways to ask it."""

    def __init__(self, folder, **options):
        self.folder = folder
        self.lines = []
        self.runner = asyncio.Runner()
        self.runtime = CloudFrontJsRuntime(self.lines.append, **{"clock": lambda: NOW, **options})
        self.numbers = itertools.count()

    def function(self, code, version="2.0", name="", **rest):
        name = name or f"f{next(self.numbers)}"
        (self.folder / f"{name}.js").write_bytes(code if isinstance(code, bytes) else code.encode())
        return Function(
            name=name, root=str(self.folder), handler=f"{name}.handler", runtime=f"cloudfront-js-{version}", **rest
        )

    def invoke(self, function, event=EVENT, label="request-1"):
        self.lines.clear()
        return self.runner.run(self.runtime.invoke(function, json.dumps(event).encode(), label=label))

    def run(self, code, event=EVENT, version="2.0", **rest):
        """Return the whole result of a function's code."""
        return json.loads(self.invoke(self.function(code, version, **rest), event).payload)

    def value(self, expression, before="", version="2.0"):
        """Return what an expression is worth, or the text of what it throws."""
        code = f"{before}\nfunction handler(event) {{ return {{v: {expression}}}; }}"
        return self.run(code, version=version)["value"].get("v")

    def texts(self):
        return [line.text for line in self.lines]

    def close(self):
        pids = self.runtime.pids()
        self.runner.run(self.runtime.aclose())
        self.runner.close()
        return pids
