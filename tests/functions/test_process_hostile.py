"""Functions that do harm: the invocation fails in Lambda's words, the next one works, nothing is left."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from process_plays import HANDLERS, LONG, is_alive, play, python, wait_until_gone

from edgerun.errors import FunctionExecutionError, FunctionInitError, FunctionTimeout
from edgerun.functions.output import LONGEST_LINE

pytestmark = pytest.mark.process
linux = pytest.mark.skipif(sys.platform != "linux", reason="the sweep needs /proc")


@pytest.mark.parametrize("uvloop", [False, True], ids=["asyncio", "uvloop"])
def test_a_loop_is_killed_and_the_next_invocation_works(uvloop):
    async def scene(stage):
        function = python("loops.handler", timeout=0.3, concurrency=1)
        with pytest.raises(FunctionTimeout) as raised:
            await stage.invoke(function)
        return raised.value, await stage.result(function, {"loop": False}), stage.texts

    error, result, texts = play(scene, uvloop=uvloop)
    assert error.error_type == "Sandbox.Timedout"
    assert re.fullmatch(r"RequestId: [0-9a-f-]{36} Error: Task timed out after 0\.30 seconds", str(error))
    assert result == "done"
    assert texts[0] == "before the loop"


EXITS = [
    ("fails.exits", {}, "Runtime exited without providing a reason"),
    ("fails.exits", {"code": 9}, "Runtime exited with error: exit status 9"),
    ("fails.exits", {"code": "a word"}, "Runtime exited with error: exit status 1"),
    ("fails.exits_now", {}, "Runtime exited with error: exit status 3"),
    ("fails.segfaults", {}, "Runtime exited with error: signal: segmentation fault"),
]


@pytest.mark.parametrize(("handler", "event", "message"), EXITS)
def test_an_exit_is_told_in_lambdas_words(handler, event, message):
    async def scene(stage):
        with pytest.raises(FunctionExecutionError) as raised:
            await stage.invoke(python(handler), event)
        assert (await stage.result(python("greet.handler")))["calls"] == 1
        return raised.value, stage.lines

    error, lines = play(scene)
    assert error.error_type == "Runtime.ExitError"
    assert str(error).startswith("RequestId: ")
    assert str(error).endswith(f" Error: {message}")
    if handler == "fails.exits_now":
        assert (lines[0].text, lines[0].label) == ("last words", "request-1")


def test_an_exit_at_import_is_an_init_error():
    async def scene(stage):
        with pytest.raises(FunctionInitError, match=r"Runtime exited with error: exit status 7$"):
            await stage.invoke(python("exits_at_import.handler"))

    play(scene)


def test_an_import_that_takes_too_long_is_repeated_in_the_functions_own_time():
    async def scene(stage):
        with pytest.raises(FunctionTimeout, match=r"Task timed out after 0.40 seconds") as raised:
            await stage.invoke(python("sleeps_at_import.handler", init_timeout=0.2, timeout=0.4))
        with pytest.raises(FunctionInitError, match=r"Task timed out after 0.20 seconds"):
            await stage.runtime.warm(python("sleeps_at_import.handler", init_timeout=0.2))
        return raised.value.error_type

    assert play(scene) == "Sandbox.Timedout"


def test_megabytes_without_a_newline_are_cut_and_all_delivered():
    size = 20 * LONGEST_LINE + 7

    async def scene(stage):
        assert await stage.result(python("prints.without_newline"), {"size": size}) == 4
        return stage.texts

    texts = play(scene)
    assert sum(map(len, texts)) == size
    assert max(map(len, texts)) <= LONGEST_LINE


def test_raw_writes_and_childrens_output_are_lines_too():
    async def scene(stage):
        await stage.invoke(python("prints.raw"))
        return stage.texts

    assert play(scene) == ["one", "\ufffd\ufffd", "two", "three"]


@pytest.mark.parametrize(
    ("handler", "event"), [("closes.handler", {"close": 1}), ("writes_everywhere.handler", {"write": 1})]
)
def test_harm_to_the_channel_fails_that_invocation_only(handler, event):
    async def scene(stage):
        function = python(handler, concurrency=1)
        neighbour = await stage.result(python("greet.handler"))
        with pytest.raises(FunctionExecutionError) as raised:
            await stage.invoke(function, event)
        assert (await stage.result(python("greet.handler")))["pid"] == neighbour["pid"]
        assert await stage.result(function)
        return raised.value.error_type

    assert play(scene).startswith("Runtime.")


@linux
def test_descendants_that_left_the_group_go_with_their_environment():
    async def scene(stage):
        function = python("spawns.handler", timeout=2.0)
        strays = await stage.result(function)
        assert all(map(is_alive, strays))
        assert (await stage.result(python("greet.handler")))["calls"] == 1
        with pytest.raises(FunctionTimeout):
            await stage.invoke(function, {"loop": True, "forks": 20})
        printed = [int(word) for word in (await stage.line("pids", 2))[1:]]
        wait_until_gone(printed)
        return strays

    wait_until_gone(play(scene), seconds=0)


@linux
def test_a_retired_environments_strays_go_and_its_neighbours_stay():
    async def scene(stage):
        one, other = python("spawns.handler", name="one"), python("spawns.handler", name="other")
        ones, others = await stage.result(one), await stage.result(other)
        stage.runtime.retire(one)
        wait_until_gone(ones)
        assert all(map(is_alive, others))
        return others

    wait_until_gone(play(scene), seconds=0)


def test_a_function_without_descriptors_left_still_gets_its_answer_out():
    async def scene(stage):
        for _ in range(2):
            with pytest.raises(FunctionExecutionError, match="Too many open files") as raised:
                await stage.invoke(python("opens.handler"))
        return raised.value.error_type

    assert play(scene) == "OSError"


def test_a_forked_copy_of_the_handler_answers_nothing():
    async def scene(stage):
        function = python("spawns.forks_and_both_return")
        return [await stage.result(function) for _ in range(5)]

    assert play(scene) == ["once"] * 5


def test_an_event_that_was_not_begun_goes_to_another_environment(tmp_path):
    async def scene(stage):
        function = python("dies_later.handler", concurrency=1)
        first = await stage.result(function, {"gate": str(tmp_path / "one")})
        os.kill(first, signal.SIGSTOP)
        call = asyncio.create_task(stage.result(function, {"gate": str(tmp_path / "two")}))
        await asyncio.sleep(0)
        os.kill(first, signal.SIGKILL)
        return first, await call

    first, second = play(scene)
    assert first != second


def test_the_loss_of_the_zygote_fails_what_runs_and_a_new_one_takes_over():
    async def scene(stage):
        function = python("gates.handler")
        call = asyncio.create_task(stage.invoke(function, {"gate": "/no/such/gate"}))
        pid = int((await stage.line("running"))[1])
        zygote = next(iter(stage.runtime._spawners.values())).pid
        os.kill(zygote, signal.SIGKILL)
        with pytest.raises(FunctionExecutionError) as raised:
            await call
        assert await stage.result(function) != pid
        wait_until_gone([pid, zygote])
        return raised.value.error_type

    assert play(scene) == "Sandbox.Failure"


@linux
def test_what_environments_started_goes_even_if_the_zygote_is_killed():
    async def scene(stage):
        function = python("spawns.handler")
        strays = await stage.result(function)
        zygote = next(iter(stage.runtime._spawners.values()))
        assert all(map(is_alive, strays))
        os.kill(zygote.pid, signal.SIGKILL)
        wait_until_gone([zygote.pid])
        async with asyncio.timeout(LONG):
            while zygote.alive:  # its end is heard of by the loop
                await asyncio.sleep(0.005)
        others = await stage.result(function)
        async with asyncio.timeout(LONG):
            while any(map(is_alive, strays)) or Path(zygote._folder).exists():  # noqa: ASYNC240 - one look
                await asyncio.sleep(0.005)
        assert all(map(is_alive, others))
        return others

    wait_until_gone(play(scene), seconds=0)


def test_the_end_of_an_environment_comes_without_a_warning(tmp_path):
    (tmp_path / "app.py").write_text(LISTENS)

    async def scene(stage):
        function = python("app.handler", root=str(tmp_path))
        pid = await stage.result(function)
        await stage.runtime.reload("ab")
        wait_until_gone([pid])
        return stage.texts

    assert play(scene) == []


LISTENS = """
import os, signal

signal.signal(signal.SIGTERM, lambda number, frame: print("warned", flush=True))


def handler(event, context):
    return os.getpid()
"""
SERVER = """
import asyncio, json, sys
from edgerun.functions.function import Function
from edgerun.functions.process import ProcessRuntime

async def main():
    runtime = ProcessRuntime(lambda line: None)
    root, runs, loops = sys.argv[1:]
    one = Function(name="a", root=root, handler=runs, runtime="python")
    strays = json.loads((await runtime.invoke(one, b"{}", label="")).payload)
    two = Function(name="b", root=root, handler=loops, runtime="python", timeout=60)
    busy = asyncio.create_task(runtime.invoke(two, b"{}", label=""))
    while len(runtime.pids()) < 3:
        await asyncio.sleep(0.001)
    folder = next(iter(runtime._spawners.values()))._folder
    print(json.dumps({"pids": [*strays, *runtime.pids()], "folder": folder}), flush=True)
    await busy

asyncio.run(main())
"""


@linux
def test_nothing_is_left_after_the_server_is_killed():
    command = [sys.executable, "-c", SERVER, HANDLERS, "spawns.handler", "loops.handler"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as server:
        said = json.loads(server.stdout.readline())
        server.kill()
    wait_until_gone(said["pids"], seconds=LONG)
    assert not Path(said["folder"]).exists()
