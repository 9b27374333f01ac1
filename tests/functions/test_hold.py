"""A function whose code on disk is broken now keeps to the environments that hold its last good code."""

import asyncio
import os
import signal

import pytest
from process_plays import play

from edgerun.functions.function import Function

pytestmark = pytest.mark.process

GOOD = "import os\n\ndef handler(event, context):\n    return os.getpid()\n"


def function(folder):
    return Function(name="held", root=str(folder), handler="held.handler", runtime="python", timeout=10.0)


def test_a_held_function_starts_nothing_while_something_runs(tmp_path):
    (tmp_path / "held.py").write_text(GOOD)
    held = function(tmp_path)

    async def scene(stage):
        first = await stage.result(held)
        (tmp_path / "held.py").write_text("def handler(:\n")
        stage.runtime.hold(held)
        return first, await asyncio.gather(*(stage.result(held) for _ in range(6)))

    first, rest = play(scene)
    assert set(rest) == {first}


def test_an_environment_that_died_idle_hands_its_next_call_to_another(tmp_path):
    (tmp_path / "held.py").write_text(GOOD)
    made = function(tmp_path)

    async def scene(stage):
        first = await stage.result(made)
        os.kill(first, signal.SIGKILL)
        return first, [await stage.result(made) for _ in range(3)]

    first, rest = play(scene)
    assert first not in rest
