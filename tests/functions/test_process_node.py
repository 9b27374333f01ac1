"""What a Node function sees and what its caller gets."""

import json
import re

import pytest
from process_plays import HANDLERS, LONG, node, play

from edgerun.errors import FunctionExecutionError, FunctionInitError, FunctionTimeout

pytestmark = [pytest.mark.process, pytest.mark.node]


@pytest.mark.parametrize("uvloop", [False, True], ids=["asyncio", "uvloop"])
def test_an_async_handler_of_a_commonjs_module(uvloop):
    async def scene(stage):
        function = node("async_handler.handler")
        return await stage.invoke(function, {"name": "you"}), await stage.result(function), stage.lines

    first, second, lines = play(scene, uvloop=uvloop)
    assert json.loads(first.payload)["event"] == {"name": "you"}
    assert second["calls"] == 2
    assert first.max_memory > 10
    time, aws_request_id, level, text = lines[0].text.split("\t")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time)
    assert (aws_request_id, level, text) == (first.aws_request_id, "INFO", "hello\rfrom you")
    assert lines[1].text.endswith("\tERROR\tan error")
    assert {line.label for line in lines} == {"request-1"}


@pytest.mark.parametrize(
    ("handler", "root", "expected"),
    [
        ("module.handler", "", {"event": {}, "size": True}),
        ("index.handler", "packaged", {"module": True}),
        ("packaged/index.handler", "", {"module": True}),
        ("callback.handler", "", {"answered": {}}),
        ("callback.impatient", "", "at once"),
        ("callback.returnsOnly", "", None),
        ("callback.succeeds", "", "succeeded"),
        ("async_handler.never", "", None),
    ],
)
def test_each_way_to_write_a_handler(handler, root, expected):
    async def scene(stage):
        function = node(handler, root=f"{HANDLERS}/{root}")
        assert await stage.result(function) == expected
        return await stage.result(function)

    assert play(scene) == expected


def test_a_folder_brings_its_own_dependencies(tmp_path):
    package = tmp_path / "node_modules" / "dependency"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "dependency", "main": "main.js"}')
    (package / "main.js").write_text("module.exports = 'a dependency';")
    (tmp_path / "index.js").write_text("const it = require('dependency');\nexports.handler = async () => it;")
    (tmp_path / "other.mjs").write_text("import it from 'dependency';\nexport const handler = async () => it;")

    async def scene(stage):
        handlers = ("index.handler", "other.handler")
        return [await stage.result(node(handler, root=str(tmp_path))) for handler in handlers]

    assert play(scene) == ["a dependency", "a dependency"]


def test_a_callbacks_result_waits_for_the_event_loop_to_run_dry():
    async def scene(stage):
        await stage.invoke(node("callback.handler"))
        return stage.texts

    assert play(scene)[0].endswith("after the callback")


ERRORS = [  # spec/lambda-service.md §2.3
    ("async_handler.raises", "TypeError", "no"),
    ("async_handler.raisesText", "string", "text"),
    ("async_handler.circular", "Error", "Unable to stringify response body"),
    ("callback.fails", "Error", "called back"),
    ("async_handler.rejectsElsewhere", "Runtime.UnhandledPromiseRejection", "Error: unheard"),
    ("async_handler.throwsElsewhere", "RangeError", "outside"),
]


@pytest.mark.parametrize(("handler", "error_type", "message"), ERRORS, ids=[row[0] for row in ERRORS])
def test_an_error_is_told_in_lambdas_words(handler, error_type, message):
    async def scene(stage):
        with pytest.raises(FunctionExecutionError) as raised:
            await stage.invoke(node(handler))
        return raised.value

    error = play(scene)
    assert (error.error_type, str(error)) == (error_type, message)
    assert not any("node_host" in frame for frame in error.stack)


def test_a_stack_names_the_users_file():
    async def scene(stage):
        with pytest.raises(FunctionExecutionError) as raised:
            await stage.invoke(node("async_handler.raises"))
        return raised.value.stack

    first, *frames = play(scene)
    assert first == "TypeError: no"
    assert f"{HANDLERS}/async_handler.js" in frames[0]


NO_PACKAGE = "Error: Cannot find module 'no-such-package'\nRequire stack:\n- {}\n- /var/runtime/index.mjs"
INIT_ERRORS = [
    (
        "nope.handler",
        "Runtime.ImportModuleError",
        "Error: Cannot find module 'nope'\nRequire stack:\n- /var/runtime/index.mjs",
    ),
    (
        "bad_require.handler",
        "Runtime.ImportModuleError",
        NO_PACKAGE.format(f"{HANDLERS}/bad_require.js"),
    ),
    ("bad_syntax_node.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: "),
    ("async_handler.nope", "Runtime.HandlerNotFound", "async_handler.nope is undefined or not exported"),
    ("async_handler.notFunction", "Runtime.HandlerNotFound", "async_handler.notFunction is not a function"),
    ("../x.y", "Runtime.MalformedHandlerName", "'../x.y' is not a valid handler name."),
    ("nodot", "Runtime.MalformedHandlerName", "Bad handler"),
]


@pytest.mark.parametrize(("handler", "error_type", "message"), INIT_ERRORS, ids=[row[0] for row in INIT_ERRORS])
def test_an_init_error_is_told_in_lambdas_words(handler, error_type, message):
    async def scene(stage):
        with pytest.raises(FunctionInitError) as raised:
            await stage.invoke(node(handler))
        return raised.value

    error = play(scene)
    assert error.error_type == error_type
    assert str(error).startswith(message)


def test_a_loop_is_killed_and_the_next_invocation_works():
    async def scene(stage):
        function = node("async_handler.loops", timeout=0.5, concurrency=1)
        with pytest.raises(FunctionTimeout, match=r"Task timed out after 0.50 seconds"):
            await stage.invoke(function)
        return await stage.result(function, {"loop": False}), stage.texts

    result, texts = play(scene)
    assert result == "done"
    assert texts[0].endswith("before the loop")


def test_an_exit_is_told_with_its_status():
    async def scene(stage):
        with pytest.raises(FunctionExecutionError, match=r"Runtime exited with error: exit status 5$") as raised:
            await stage.invoke(node("async_handler.exits"))
        return raised.value.error_type

    assert play(scene) == "Runtime.ExitError"


def test_the_world_and_the_context_are_lambdas(monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")

    async def scene(stage):
        return await stage.result(node("async_handler.world")), await stage.result(node("async_handler.context"))

    world, said = play(scene)
    assert world["cwd"] == HANDLERS
    assert "SECRET_OF_THE_HOST" not in world["variables"]
    assert re.fullmatch(r"AWS_Lambda_nodejs\d+\.x", world["variables"]["AWS_EXECUTION_ENV"])
    assert set(said["names"]) == {
        *("callbackWaitsForEmptyEventLoop", "functionVersion", "functionName", "memoryLimitInMB", "logGroupName"),
        *("logStreamName", "clientContext", "identity", "invokedFunctionArn", "awsRequestId"),
        *("getRemainingTimeInMillis", "done", "succeed", "fail"),
    }
    assert said["context"]["memoryLimitInMB"] == "256"
    assert LONG * 1000 - 5000 < said["left"] <= LONG * 1000


def test_a_program_started_by_the_function_cannot_reach_the_channel():
    descriptors = play(lambda stage: stage.result(node("async_handler.descriptors")))
    assert "15" not in descriptors


def test_a_missing_node_is_an_init_error(monkeypatch):
    monkeypatch.setenv("PATH", "/no/where")

    async def scene(stage):
        with pytest.raises(FunctionInitError, match="node is not on the PATH"):
            await stage.invoke(node("async_handler.handler"))

    play(scene)
