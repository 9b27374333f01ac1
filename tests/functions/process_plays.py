"""How the process tests run a function: one runtime per test, everything gone at its end."""

import asyncio
import contextlib
import json
import os
import sys
import time
from pathlib import Path

import uvloop as fast_loop

from edgerun.functions.function import Function
from edgerun.functions.process import ProcessRuntime

HANDLERS = str(Path(__file__).resolve().parent / "handlers")
LONG = 30.0


class Play:
    """A runtime that remembers what was printed, and short ways to ask it."""

    def __init__(self, **options):
        self.lines = []
        self.heard = asyncio.Event()
        self.runtime = ProcessRuntime(self.hear, **options)

    def hear(self, line):
        self.lines.append(line)
        self.heard.set()

    @property
    def texts(self):
        return [line.text for line in self.lines]

    async def invoke(self, function, event=None, label="request-1"):
        return await self.runtime.invoke(function, json.dumps(event or {}).encode(), label=label)

    async def result(self, function, event=None):
        return json.loads((await self.invoke(function, event)).payload)

    async def line(self, start, count=1):
        """Wait until so many lines begin like this; return the last one's words."""
        async with asyncio.timeout(LONG):
            while len(found := [text for text in self.texts if text.startswith(start)]) < count:
                self.heard.clear()
                await self.heard.wait()
        return found[-1].split()


def python(handler, **limits):
    return Function(
        **{"name": "ab", "root": HANDLERS, "handler": handler, "runtime": "python", "timeout": LONG, **limits}
    )


def node(handler, **limits):
    return python(handler, **{"name": "node", "runtime": "nodejs", "memory": 256, **limits})


def play(scene, *, uvloop=False, **options):
    """Run a scene, then see that no process and no folder of it is left."""

    async def whole():
        stage = Play(**options)
        try:
            return await scene(stage)
        finally:
            pids = stage.runtime.pids() | stage.runtime.spares()
            folders = [Path(spawner._folder) for spawner in stage.runtime._spawners.values()]
            await stage.runtime.aclose()
            assert [pid for pid in pids if is_alive(pid)] == []
            assert [folder for folder in folders if folder.exists()] == []

    if uvloop:
        return fast_loop.run(whole())
    return asyncio.run(whole())


def is_alive(pid):
    if sys.platform != "linux":
        with contextlib.suppress(OSError):
            os.kill(pid, 0)
            return True
        return False
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    return False


def wait_until_gone(pids, seconds=30.0):
    """Poll: nobody tells a stranger of a process's end."""
    deadline = time.monotonic() + seconds
    while left := [pid for pid in pids if is_alive(pid)]:
        assert time.monotonic() < deadline, f"still alive: {left}"
        time.sleep(0.005)
