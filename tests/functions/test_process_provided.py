"""Custom runtimes as processes: a `bootstrap` under the same limits and in the same life as any environment."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from process_plays import LONG, is_alive, play, wait_until_gone

from edgerun.errors import FunctionExecutionError, FunctionInitError, FunctionTimeout
from edgerun.functions.function import Function

pytestmark = pytest.mark.process

OFFICIAL = f'#!/bin/sh\nexec {sys.executable} -m awslambdaric "$_HANDLER"\n'
APP = """
import os, sys

told = []


def handler(event, context):
    print("printed")
    told.append(event)
    left = context.get_remaining_time_in_millis()
    return {"event": event, "told": len(told), "id": context.aws_request_id, "left": left,
            "arn": context.invoked_function_arn, "trace": os.environ["_X_AMZN_TRACE_ID"]}


def raises(event, context):
    raise ValueError("no")


def large(event, context):
    return "x" * event["size"]
"""
SHELL = """#!/bin/sh
set -eu
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
while :; do
  event=$(curl -sS -D "${TMPDIR:-/tmp}/head" "$api/invocation/next")
  id=$(tr -d '\\r' <"${TMPDIR:-/tmp}/head" | sed -n 's/^Lambda-Runtime-Aws-Request-Id: //p')
  echo "got $event"
  curl -sS -o /dev/null -d "{\\"echo\\": $event, \\"handler\\": \\"$_HANDLER\\"}" "$api/invocation/$id/response"
done
"""
# A runtime in twenty lines, whose handler is the rest of the file.
OWN = f"""#!{sys.executable} -I
import http.client, json, os, pathlib, subprocess, sys, time

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def call(method, path, body=None, headers={{}}):
    api.request(method, "/2018-06-01/runtime/" + path, body, headers)
    reply = api.getresponse()
    return reply.status, dict(reply.getheaders()), reply.read()


def serve(handler):
    while True:
        _, headers, event = call("GET", "invocation/next")
        id = headers["Lambda-Runtime-Aws-Request-Id"]
        call("POST", f"invocation/{{id}}/response", json.dumps(handler(json.loads(event))))


"""


@pytest.fixture
def provided(tmp_path):
    """Return what makes a function of a bootstrap's text."""

    def make(bootstrap, mode=0o755, **parts):
        place = tmp_path / "bootstrap"
        place.write_text(bootstrap)
        place.chmod(mode)
        (tmp_path / "app.py").write_text(APP)
        given = {"name": "own", "handler": "app.handler", "runtime": "provided.al2023", "timeout": LONG, **parts}
        return Function(root=str(tmp_path), **given)

    return make


def test_the_official_client_runs_a_handler_unmodified(provided):
    async def scene(stage):
        function = provided(OFFICIAL, timeout=5.0)
        first = await stage.invoke(function, {"n": 1})
        second = await stage.invoke(function, {"n": 2})
        return first, second, stage.texts

    first, second, texts = play(scene)
    told = json.loads(second.payload)

    assert told["event"] == {"n": 2}
    assert told["told"] == 2, "the environment is used again"
    assert (told["id"], told["arn"]) == (second.aws_request_id, "arn:aws:lambda:us-east-1:123456789012:function:own:1")
    assert 0 < told["left"] <= 5000
    assert told["trace"].startswith("Root=1-")
    assert first.init_duration > 0
    assert second.init_duration is None
    assert 0 < second.duration < 5
    assert second.max_memory > 1
    assert texts == ["printed", "printed"]


def test_an_error_of_the_official_client_is_lambdas(provided):
    async def scene(stage):
        with pytest.raises(FunctionExecutionError) as caught:
            await stage.invoke(provided(OFFICIAL, handler="app.raises"))
        return caught.value

    error = play(scene)

    assert (error.error_type, str(error)) == ("ValueError", "no")
    assert "in raises" in error.stack[-1]


def test_a_result_of_the_limit_passes_and_a_larger_one_is_lambdas_error(provided):
    async def scene(stage):
        function = provided(OFFICIAL, handler="app.large")
        passed = await stage.invoke(function, {"size": 998})
        with pytest.raises(FunctionExecutionError) as caught:
            await stage.invoke(function, {"size": 999})
        after = await stage.invoke(function, {"size": 1})  # the client ends itself after a refusal: another one serves
        return len(passed.payload), caught.value.error_type, after.payload

    assert play(scene, largest_result=1000) == (1000, "Function.ResponseSizeTooLarge", b'"x"')


@pytest.mark.parametrize(
    ("handler", "error_type"),
    [("nope.handler", "Runtime.ImportModuleError"), ("app.nothere", "Runtime.HandlerNotFound")],
)
def test_an_init_error_of_the_official_client_is_told_each_time(provided, handler, error_type):
    async def scene(stage):
        function = provided(OFFICIAL, handler=handler)
        told = []
        for _ in range(2):
            with pytest.raises(FunctionInitError) as caught:
                await stage.invoke(function)
            told.append(caught.value.error_type)
        return told

    assert play(scene) == [error_type, error_type]


@pytest.mark.skipif(shutil.which("curl", path="/usr/local/bin:/usr/bin:/bin") is None, reason="needs curl")
@pytest.mark.parametrize("uvloop", [False, True], ids=["asyncio", "uvloop"])
def test_a_shell_script_with_curl_is_a_runtime(provided, uvloop):
    async def scene(stage):
        function = provided(SHELL, handler="any.thing", runtime="provided")
        return [await stage.result(function, {"n": n}) for n in range(2)], stage.texts

    results, texts = play(scene, uvloop=uvloop)

    assert results == [{"echo": {"n": n}, "handler": "any.thing"} for n in range(2)]
    assert texts == ['got {"n": 0}', 'got {"n": 1}']


SEEN = OWN + "serve(lambda event: [dict(os.environ), os.getcwd(), sorted(os.listdir('/proc/self/fd'))])"


def test_a_runtime_sees_lambdas_world(provided, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "1")

    async def scene(stage):
        function = provided(SEEN, memory=256)
        return function, await stage.result(function)

    function, (seen, folder, descriptors) = play(scene)

    assert folder == function.root
    assert {name: seen[name] for name in ("_HANDLER", "LAMBDA_TASK_ROOT", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE")} == {
        "_HANDLER": "app.handler",
        "LAMBDA_TASK_ROOT": function.root,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
    }
    host, port = seen["AWS_LAMBDA_RUNTIME_API"].split(":")
    assert host == "127.0.0.1"
    assert int(port)
    assert seen["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    assert seen["AWS_REGION"] == "us-east-1"
    assert "AWS_EXECUTION_ENV" not in seen
    assert "SECRET_OF_THE_SERVER" not in seen
    if sys.platform == "linux":
        assert len(descriptors) <= 5, "input, output, errors, its connection and the listing: no channel"


def test_environments_have_ports_of_their_own_and_run_at_once(provided):
    together = """
def handler(event):
    folder = pathlib.Path(os.environ["LAMBDA_TASK_ROOT"])
    (folder / f"here-{event['n']}").touch()
    while len(list(folder.glob("here-*"))) < 2:
        time.sleep(0.001)
    return os.environ["AWS_LAMBDA_RUNTIME_API"]


serve(handler)
"""

    async def scene(stage):
        function = provided(OWN + together)
        return await asyncio.gather(*(stage.result(function, {"n": n}) for n in range(2)))

    assert len(set(play(scene))) == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param("sys.exit(0)", "Runtime exited without providing a reason", id="exit 0"),
        pytest.param("os._exit(3)", "Runtime exited with error: exit status 3", id="exit 3"),
        pytest.param("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed", id="killed"),
    ],
)
@pytest.mark.parametrize("when", ["init", "invocation"])
def test_an_exit_is_told_in_lambdas_words(provided, body, message, when):
    async def scene(stage):
        text = f"{body}\n" if when == "init" else f"serve(lambda event: {body})\n"
        kind = FunctionInitError if when == "init" else FunctionExecutionError
        with pytest.raises(kind, match=message) as caught:
            await stage.invoke(provided(OWN + text))
        return caught.value

    error = play(scene)

    assert error.error_type == "Runtime.ExitError"
    assert str(error).startswith("RequestId: ")


def test_a_runtime_that_exits_after_its_answer_is_replaced(provided):
    once = OWN.replace("while True", "for _ in [1]") + "serve(lambda event: os.getpid())"

    async def scene(stage):
        function = provided(once)
        return [await stage.result(function) for _ in range(3)]

    assert len(set(play(scene))) == 3


def test_an_invocation_out_of_time_ends_the_runtime_and_all_it_started(provided):
    slow = """
def handler(event):
    if event.get("quick"):
        return "quick"
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    print("pids", os.getpid(), child.pid, flush=True)
    time.sleep(1000)


serve(handler)
"""

    async def scene(stage):
        function = provided(OWN + slow, timeout=0.5)
        with pytest.raises(FunctionTimeout, match=r"timed out after 0\.50 seconds"):
            await stage.invoke(function)
        pids = [int(pid) for pid in (await stage.line("pids"))[1:]]
        wait_until_gone(pids)
        return await stage.result(function, {"quick": 1})

    assert play(scene) == "quick"


def test_a_runtime_that_never_asks_is_out_of_time(provided):
    async def scene(stage):
        function = provided(OWN + "time.sleep(1000)", init_timeout=0.3, timeout=0.5)
        with pytest.raises(FunctionTimeout, match=r"timed out after 0\.50 seconds"):  # the repeated INIT's time
            await stage.invoke(function)
        with pytest.raises(FunctionInitError, match=r"timed out after 0\.30 seconds"):
            await stage.runtime.warm(provided(OWN + "time.sleep(1000)", init_timeout=0.3))

    play(scene)


@pytest.mark.parametrize("case", ["missing", "not executable", "a folder"])
def test_without_a_bootstrap_the_error_is_lambdas(provided, case):
    function = provided(OWN, mode=0o644)
    place = Path(function.root, "bootstrap")
    if case != "not executable":
        place.unlink()
    if case == "a folder":
        place.mkdir()

    async def scene(stage):
        with pytest.raises(FunctionInitError) as caught:
            await stage.invoke(function)
        return caught.value

    error = play(scene)

    assert error.error_type == "Runtime.InvalidEntrypoint"
    places = f"[{function.root}/bootstrap /opt/bootstrap]"
    assert str(error).startswith("RequestId: ")
    assert str(error).endswith(f" Error: Couldn't find valid bootstrap(s): {places}")


def test_a_bootstrap_that_cannot_be_executed_says_why(provided):
    async def scene(stage):
        function = provided("#!/no/such/interpreter\n")
        with pytest.raises(FunctionInitError, match="exit status 127"):
            await stage.invoke(function)
        return stage.texts, function.root

    texts, root = play(scene)

    assert texts == [f"fork/exec {root}/bootstrap: no such file or directory"] * 2  # INIT is repeated


def test_platform_lines_surround_a_custom_runtime(provided):
    async def scene(stage):
        await stage.invoke(provided(OFFICIAL))
        return stage.texts

    first, start, printed, end, report = play(scene, platform_lines=True)

    assert first.startswith("INIT_START Runtime Version: provided:al2023\t")
    assert start.startswith("START RequestId: ")
    assert printed == "printed"
    assert end.startswith("END RequestId: ")
    assert "Init Duration: " in report


def test_reload_starts_the_new_bootstrap(provided):
    async def scene(stage):
        function = provided(OWN + "serve(lambda event: 'old')")
        before = await stage.result(function)
        provided(OWN + "serve(lambda event: 'new')")
        await stage.runtime.reload("own")
        return before, await stage.result(function)

    assert play(scene) == ("old", "new")


def test_closing_ends_a_runtime_in_the_middle(provided):
    async def scene(stage):
        task = asyncio.ensure_future(
            stage.invoke(provided(OWN + "print('pid', os.getpid(), flush=True)\ntime.sleep(1000)"))
        )
        pid = int((await stage.line("pid"))[1])
        await stage.runtime.aclose()
        with pytest.raises(FunctionExecutionError, match="closed"):
            await task
        return is_alive(pid), os.getpid() != pid

    assert play(scene) == (False, True)
