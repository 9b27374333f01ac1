"""What a Python function sees and what its caller gets."""

import asyncio
import json
import re
import sys
import uuid

import pytest
from process_plays import HANDLERS, LONG, play, python

from edgerun.errors import FunctionExecutionError, FunctionInitError

pytestmark = pytest.mark.process


@pytest.mark.parametrize("uvloop", [False, True], ids=["asyncio", "uvloop"])
def test_a_handler_gets_the_event_and_its_result_comes_back(uvloop):
    async def scene(stage):
        return await stage.invoke(python("greet.handler"), {"name": "you"})

    invocation = play(scene, uvloop=uvloop)
    assert json.loads(invocation.payload)["event"] == {"name": "you"}
    assert uuid.UUID(invocation.aws_request_id)
    assert 0 < invocation.duration < LONG
    assert 0 < invocation.init_duration < LONG
    assert invocation.max_memory > 0


def test_an_environment_is_reused_and_only_its_first_invocation_has_an_init_duration():
    async def scene(stage):
        function = python("greet.handler")
        first, second = await stage.invoke(function), await stage.invoke(function)
        return json.loads(first.payload), json.loads(second.payload), second.init_duration

    first, second, init_duration = play(scene)
    assert (first["calls"], second["calls"]) == (1, 2)
    assert first["pid"] == second["pid"]
    assert init_duration is None


def test_equal_functions_share_their_environments():
    async def scene(stage):
        one = await stage.result(python("greet.handler", environment={"A1": "1"}))
        return one, await stage.result(python("greet.handler", environment={"A1": "1"}))

    one, other = play(scene)
    assert one["pid"] == other["pid"]


def test_printed_lines_carry_the_label_and_arrive_before_the_result():
    async def scene(stage):
        await stage.invoke(python("greet.handler"), {"name": "a"}, label="first")
        before = list(stage.lines)
        await stage.invoke(python("greet.handler"), {"name": "b"}, label="second")
        return before, stage.lines[len(before) :]

    first, second = play(scene)
    assert [line.text for line in first][::2] == ["hello from a", "half a line"]
    assert {(line.function, line.label) for line in first} == {("ab", "first")}
    assert {line.label for line in second} == {"second"}


def test_logging_is_written_in_lambdas_format():
    async def scene(stage):
        return (await stage.invoke(python("greet.handler"))).aws_request_id, stage.texts

    aws_request_id, texts = play(scene)
    logged = [text for text in texts if text.endswith("logged")]
    assert re.fullmatch(
        rf"\[WARNING\]\t\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z\t{aws_request_id}\tlogged", logged[0]
    )
    assert not any("below" in text for text in texts)


def test_the_context_has_every_attribute():
    said = play(lambda stage: stage.result(python("greet.describe", memory=256)))
    assert set(said["names"]) == {
        *("aws_request_id", "client_context", "function_name", "function_version", "get_remaining_time_in_millis"),
        *("identity", "invoked_function_arn", "log", "log_group_name", "log_stream_name", "memory_limit_in_mb"),
        "tenant_id",
    }
    assert said["said"]["memory_limit_in_mb"] == "256"
    assert said["said"]["invoked_function_arn"] == "arn:aws:lambda:us-east-1:123456789012:function:ab:1"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[1\][0-9a-f]{32}", said["said"]["log_stream_name"])
    assert said["identity"] == [None, None]
    assert LONG * 1000 - 5000 < said["left"] <= LONG * 1000


def test_the_servers_environment_is_hidden(monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")

    async def scene(stage):
        function = python("greet.world", environment={"MINE": "yes"})
        return await stage.result(function), (await stage.invoke(python("greet.proc_environ"))).payload

    world, environ = play(scene)
    variables = world["variables"]
    assert set(variables) - {"TMPDIR"} == {
        *("LANG", "TZ", "PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "NODE_PATH", "MINE", "_HANDLER"),
        *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME"),
        *("AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_INITIALIZATION_TYPE"),
        *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "_X_AMZN_TRACE_ID"),
    }
    assert variables["LAMBDA_TASK_ROOT"] == HANDLERS
    assert b"SECRET_OF_THE_HOST" not in environ


def test_a_function_runs_in_its_root_with_nothing_of_edgerun_in_reach():
    world = play(lambda stage: stage.result(python("greet.world")))
    assert world["cwd"] == HANDLERS
    assert world["path"][0] == HANDLERS
    assert not any("site-packages" in path or "hosts" in path for path in world["path"])
    ours = {
        "orjson",
        "python_host",
        "python_debugger",
        "python_modules",
        "lambda_python",
        "seclusion",
        "system",
        "watch",
        "zygote",
        "edgerun",
    }
    assert not ours & set(world["modules"])


def test_a_folder_brings_its_own_dependencies():
    root = f"{HANDLERS}/packaged"

    async def scene(stage):
        handlers = ("app.handler", "nested/deep.handler", "shadow.handler")
        return [await stage.result(python(handler, root=root)) for handler in handlers]

    assert play(scene) == ["vendored", "deep", "the user's own uuid"]


def test_an_exception_shows_the_users_frames_only_and_leaves_the_environment():
    async def scene(stage):
        function = python("fails.works_or_not")
        pid = await stage.result(function)
        with pytest.raises(FunctionExecutionError, match="as told") as raised:
            await stage.invoke(function, {"fail": True})
        assert await stage.result(function) == pid
        return raised.value, stage.texts

    error, texts = play(scene)
    assert (error.error_type, error.function) == ("ValueError", "ab")
    assert len(error.stack) == 1
    assert error.stack[0].startswith(f'  File "{HANDLERS}/fails.py", line ')
    assert 'raise ValueError("as told")' in error.stack[0]
    assert texts[0].startswith("[ERROR] ValueError: as told\rTraceback (most recent call last):\r\u00a0\u00a0File")


INIT_ERRORS = [  # spec/lambda-service.md §2.2
    ("nope.handler", "Runtime.ImportModuleError", "Unable to import module 'nope': No module named 'nope'"),
    ("bad_import.handler", "Runtime.ImportModuleError", "Unable to import module 'bad_import': No module named "),
    ("greet.nothere", "Runtime.HandlerNotFound", "Handler 'nothere' missing on module 'greet'"),
    ("nodot", "Runtime.MalformedHandlerName", "Bad handler 'nodot': not enough values to unpack (expected 2, got 1)"),
    ("sys.exit", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module"),
    ("bad_module.handler", "RuntimeError", "at import"),
]


@pytest.mark.parametrize(("handler", "error_type", "message"), INIT_ERRORS, ids=[row[0] for row in INIT_ERRORS])
def test_an_init_error_is_told_in_lambdas_words_each_time(handler, error_type, message):
    async def scene(stage):
        for _ in range(2):
            with pytest.raises(FunctionInitError) as raised:
                await stage.invoke(python(handler))
        return raised.value

    error = play(scene)
    assert error.error_type == error_type
    assert str(error).startswith(message)


def test_a_syntax_error_is_told_with_its_line(tmp_path):
    (tmp_path / "app.py").write_text("def handler(event, context:\n    pass\n")

    async def scene(stage):
        with pytest.raises(FunctionInitError) as raised:
            await stage.invoke(python("app.handler", root=str(tmp_path)))
        return raised.value

    error = play(scene)
    assert error.error_type == "Runtime.UserCodeSyntaxError"
    assert str(error).startswith("Syntax error in module 'app': ")
    assert error.stack == (f'  File "{tmp_path}/app.py" Line 1\n    def handler(event, context:\n',)


def test_an_interpreter_that_cannot_be_run_is_an_init_error():
    async def scene(stage):
        with pytest.raises(FunctionInitError, match="cannot run '/no/python'"):
            await stage.invoke(python("greet.handler", python="/no/python"))

    play(scene)


def test_an_interpreter_of_the_functions_own_brings_its_packages():
    async def scene(stage):
        own = await stage.result(python("packages.handler", python=sys.executable))
        return own, await stage.result(python("packages.handler"))

    assert play(scene) == (True, False)


def test_a_folder_that_is_missing_is_an_init_error():
    async def scene(stage):
        with pytest.raises(FunctionInitError, match="exit status 1"):
            await stage.invoke(python("greet.handler", root="/no/such/folder"))
        return stage.texts

    assert any("/no/such/folder" in text for text in play(scene))


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        ("returns.a_set", "Unable to marshal response: Object of type set is not JSON serializable"),
        ("returns.a_date", "Unable to marshal response: Object of type datetime is not JSON serializable"),
        ("returns.coroutine", "Unable to marshal response: Object of type coroutine is not JSON serializable"),
    ],
)
def test_a_result_that_is_not_json_is_a_marshal_error(handler, message):
    async def scene(stage):
        with pytest.raises(FunctionExecutionError) as raised:
            await stage.invoke(python(handler))
        return raised.value

    error = play(scene)
    assert (error.error_type, str(error)) == ("Runtime.MarshalError", message)


def test_results_are_passed_on_exactly_as_the_runtime_wrote_them():
    async def scene(stage):
        handlers = ("returns.numbers", "returns.raw", "returns.nonsense")
        return [(await stage.invoke(python(handler))).payload for handler in handlers]

    assert play(scene) == [b'{"nan": NaN, "decimal": 1.10, "text": "\\u00e4"}', b"\x00raw", b'"nonsense"']


def test_an_event_that_is_not_json_is_an_unmarshal_error():
    async def scene(stage):
        with pytest.raises(FunctionExecutionError) as raised:
            await stage.runtime.invoke(python("greet.handler"), b"{", label="")
        return raised.value.error_type

    assert play(scene) == "Runtime.UnmarshalError"


def test_a_result_over_the_limit_is_dropped_and_the_environment_stays():
    async def scene(stage):
        function = python("returns.large")
        await stage.invoke(function, {"size": 1})
        pids = stage.runtime.pids()
        with pytest.raises(FunctionExecutionError) as raised:
            await stage.invoke(function, {"size": 3_000_000})
        assert len((await stage.invoke(function, {"size": 99_998})).payload) == 100_000
        assert stage.runtime.pids() == pids
        return raised.value

    error = play(scene, largest_result=100_000)
    assert error.error_type == "Function.ResponseSizeTooLarge"
    assert str(error) == "Response payload size exceeded maximum allowed payload size (100000 bytes)."


def test_large_events_and_results_pass():
    async def scene(stage):
        return await stage.result(python("greet.handler"), {"name": "you", "body": "x" * 2_000_000})

    assert len(play(scene)["event"]["body"]) == 2_000_000


def test_a_closed_runtime_says_so():
    async def scene(stage):
        function = python("greet.handler")
        await stage.invoke(function)
        await stage.runtime.aclose()
        with pytest.raises(FunctionExecutionError, match="closed"):
            await stage.invoke(function)

    play(scene)


def test_closing_fails_what_runs_and_what_waits():
    async def scene(stage):
        function = python("loops.handler", concurrency=1)
        calls = [asyncio.create_task(stage.invoke(function)) for _ in range(2)]
        await stage.line("before the loop")
        await stage.runtime.aclose()
        return [type(end) for end in await asyncio.gather(*calls, return_exceptions=True)]

    assert play(scene) == [FunctionExecutionError, FunctionExecutionError]
