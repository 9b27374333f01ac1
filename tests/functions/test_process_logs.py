"""What stands in a function's log, with real processes: which lines, in which order, in both forms."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from process_plays import node, play, python

from edgerun.errors import FunctionError
from edgerun.functions.silences import Silences

pytestmark = pytest.mark.process

INIT = r"INIT_START Runtime Version: {runtime}\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:[0-9a-f]{{64}}"
START = r"START RequestId: {id} Version: 1"
END = r"END RequestId: {id}"
REPORT = (
    r"REPORT RequestId: {id}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: {memory} MB"
    r"\tMax Memory Used: [1-9]\d* MB\t"
)
FIRST = REPORT + r"Init Duration: \d+\.\d\d ms\t"
TIME = r"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z"
PYTHON, NODE = r"python:3\.\d+\.v\d+", r"nodejs:\d+\.v\d+"


def said(lines, function, *, runtime):
    """Return what the patterns leave open; the request id is that of the first START."""
    found = re.match(r"START RequestId: (\S+)", next(text for text in lines if text.startswith("START")))
    return {"id": found[1], "memory": function.memory, "runtime": runtime}


def assert_log(lines, patterns, **words):
    assert len(lines) == len(patterns), lines
    for line, pattern in zip(lines, patterns, strict=True):
        assert re.fullmatch(pattern.format(**words), line, re.DOTALL), (pattern, line)


def logged(function, event=None, **options):
    """Invoke once, wait for the REPORT, and end the runtime; return what was logged."""

    async def scene(stage):
        try:
            await stage.invoke(function, event)
        except FunctionError:
            pass
        else:
            assert stage.texts[-1].startswith("REPORT")  # before the caller goes on
        await stage.line("REPORT")
        return stage.lines

    return play(scene, platform_lines=True, **options)


def lines_of(folder, **files):
    for name, text in files.items():
        Path(folder, name.replace("_", ".")).write_text(text)


PYTHON_SOURCE = """
import logging, os, signal, sys
print("importing")

def happy(event, context):
    print("hello")
    logging.warning("a warning")
    return event

def raises(event, context):
    print("soon")
    helper()

def helper():
    raise KeyError("auth")

def silent(event, context):
    raise ValueError

def lines(event, context):
    raise ValueError("one\\n  two")

def loops(event, context):
    print("before the loop", flush=True)
    while True: pass

def exits(event, context):
    print("last words")
    sys.exit(3)

def killed(event, context):
    os.kill(os.getpid(), signal.SIGKILL)

def large(event, context):
    return "x" * 2000

def unjson(event, context):
    return {1, 2}
"""
NODE_SOURCE = """
console.log('importing');
exports.happy = async (event) => { console.log('hello'); return event; };
exports.raises = async () => { console.log('soon'); throw new TypeError('no'); };
exports.loops = async () => { console.log('before the loop'); for (;;); };
exports.exits = async () => process.exit(3);
exports.large = async () => 'x'.repeat(2000);
exports.logs = async () => {
  console.log('a', { b: 1 }); console.info({ c: 2 }); console.debug('unheard'); console.warn(new Error('as a value'));
  console.error('with', new RangeError('beside'));
};
"""


@pytest.fixture
def folder(tmp_path):
    lines_of(tmp_path, app_py=PYTHON_SOURCE, app_js=NODE_SOURCE, broken_py="import no_such_package\n")
    lines_of(tmp_path, broken_js="require('no-such-package');\n", exits_py="import os\nos._exit(7)\n")
    return str(tmp_path)


NBSP = "\xa0"


def failed(error_type):
    return FIRST + r"Status: error\tError Type: " + re.escape(error_type)


TOO_LARGE = failed("Function.ResponseSizeTooLarge")


PYTHON_LOGS = [
    pytest.param("happy", {}, ["hello", r"\[WARNING\]\t" + TIME + r"\t{id}\ta warning", END, FIRST], id="happy"),
    pytest.param(
        "raises",
        {},
        [
            "soon",
            (
                r"\[ERROR\] KeyError: 'auth'\rTraceback \(most recent call last\):"
                rf'\r{NBSP}{NBSP}File "[^"]*/app\.py", line \d+, in raises\r{NBSP * 4}helper\(\)'
                rf'\r{NBSP}{NBSP}File "[^"]*/app\.py", line \d+, in helper\r{NBSP * 4}raise KeyError\("auth"\)[^\r]*'
            ),
            END,
            failed("Runtime.Unknown"),
        ],
        id="exception",
    ),
    pytest.param("silent", {}, [r"\[ERROR\] ValueError\rTraceback.*", END, failed("Runtime.Unknown")], id="no message"),
    pytest.param(
        "lines",
        {},
        [rf"\[ERROR\] ValueError: one\r{NBSP}{NBSP}two\rTraceback.*", END, failed("Runtime.Unknown")],
        id="message of two lines",
    ),
    pytest.param(
        "loops",
        {"timeout": 0.4},
        [
            "before the loop",
            TIME + r" {id} Task timed out after 0\.\d\d seconds",
            END,
            FIRST + "Status: timeout",
        ],
        id="timeout",
    ),
    pytest.param(
        "exits",
        {},
        [
            "last words",
            END,
            failed("Runtime.ExitError"),
            r"RequestId: {id} Error: Runtime exited with error: exit status 3\nRuntime\.ExitError",
        ],
        id="exit",
    ),
    pytest.param(
        "killed",
        {},
        [
            END,
            failed("Runtime.ExitError"),
            r"RequestId: {id} Error: Runtime exited with error: signal: killed\nRuntime\.ExitError",
        ],
        id="killed",
    ),
    pytest.param("large", {}, [END, TOO_LARGE], id="oversize"),
    pytest.param(
        "unjson",
        {},
        [
            (
                r"\[ERROR\] Runtime\.MarshalError: Unable to marshal response: Object of type set is not JSON "
                r"serializable\rTraceback \(most recent call last\):"
            ),
            END,
            failed("Runtime.MarshalError"),
        ],
        id="not JSON",
    ),
]


@pytest.mark.parametrize(("handler", "limits", "expected"), PYTHON_LOGS)
def test_a_python_functions_log(folder, handler, limits, expected):
    function = python(f"app.{handler}", root=folder, **limits)
    lines = logged(function, largest_result=1000)
    texts = [line.text for line in lines]
    assert_log(texts, [INIT, "importing", START, *expected], **said(texts, function, runtime=PYTHON))
    assert [line.label for line in lines] == ["", "", *["request-1"] * (len(lines) - 2)]


NODE_LOGS = [
    pytest.param("happy", {}, [TIME + r"\t{id}\tINFO\thello", END, FIRST], id="happy"),
    pytest.param(
        "raises",
        {},
        [
            TIME + r"\t{id}\tINFO\tsoon",
            TIME + r"\t{id}\tERROR\tInvoke Error \t\{{\"errorType\":\"TypeError\",\"errorMessage\":\"no\",\"stack\":"
            r"\[\"TypeError: no\",\"    at exports\.raises .*\]\}}",
            END,
            failed("Runtime.Unknown"),
        ],
        id="exception",
    ),
    pytest.param(
        "loops",
        {"timeout": 0.4},
        [
            TIME + r"\t{id}\tINFO\tbefore the loop",
            TIME + r" {id} Task timed out after 0\.\d\d seconds",
            END,
            FIRST + "Status: timeout",
        ],
        id="timeout",
    ),
    pytest.param(
        "exits",
        {},
        [
            END,
            failed("Runtime.ExitError"),
            r"RequestId: {id} Error: Runtime exited with error: exit status 3\nRuntime\.ExitError",
        ],
        id="exit",
    ),
    pytest.param("large", {}, [END, TOO_LARGE], id="oversize"),
]


@pytest.mark.node
@pytest.mark.parametrize(("handler", "limits", "expected"), NODE_LOGS)
def test_a_node_functions_log(folder, handler, limits, expected):
    function = node(f"app.{handler}", root=folder, **limits)
    texts = [line.text for line in logged(function, largest_result=1000)]
    words = said(texts, function, runtime=NODE)
    assert_log(texts, [INIT, TIME + r"\tundefined\tINFO\timporting", START, *expected], **words)


INIT_REPORT = r"INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: "
AGAIN = INIT_REPORT.replace("Phase: init", "Phase: invoke")
IMPORT_FAILS = (
    r"\[ERROR\] Runtime\.ImportModuleError: Unable to import module 'broken': No module named "
    r"'no_such_package'\rTraceback \(most recent call last\):"
)
REQUIRE_FAILS = TIME + r"\tundefined\tERROR\tUncaught Exception \t.*Runtime\.ImportModuleError.*"
INIT_ERRORS = [
    pytest.param(
        python,
        "broken.handler",
        {},
        [
            IMPORT_FAILS,
            INIT_REPORT + r"error\tError Type: Runtime\.ImportModuleError",
            IMPORT_FAILS,
            AGAIN + r"error\tError Type: Runtime\.ImportModuleError",
            START,
            END,
            REPORT + r"Status: error\tError Type: Runtime\.ImportModuleError",
        ],
        id="import",
    ),
    pytest.param(
        python,
        "exits.handler",
        {},
        [
            INIT_REPORT + r"error\tError Type: Runtime\.ExitError",
            AGAIN + r"error\tError Type: Runtime\.ExitError",
            START,
            END,
            REPORT + r"Status: error\tError Type: Runtime\.ExitError",
            r"RequestId: {id} Error: Runtime exited with error: exit status 7\nRuntime\.ExitError",
        ],
        id="exit",
    ),
    pytest.param(
        node,
        "broken.handler",
        {},
        [
            REQUIRE_FAILS,
            INIT_REPORT + r"error\tError Type: Runtime\.ImportModuleError",
            REQUIRE_FAILS,
            AGAIN + r"error\tError Type: Runtime\.ImportModuleError",
            START,
            END,
            REPORT + r"Status: error\tError Type: Runtime\.ImportModuleError",
        ],
        id="import in Node",
        marks=pytest.mark.node,
    ),
]


@pytest.mark.parametrize(("make", "handler", "limits", "expected"), INIT_ERRORS)
def test_the_log_of_an_init_that_fails(folder, make, handler, limits, expected):
    function = make(handler, root=folder, **limits)
    texts = [line.text for line in logged(function)]
    runtime = PYTHON if make is python else NODE
    assert_log(texts, [INIT, *expected], **said(texts, function, runtime=runtime))


def test_only_the_first_invocation_of_an_environment_tells_of_init(folder):
    async def scene(stage):
        function = python("app.raises", root=folder, concurrency=1)
        for _ in range(3):
            with pytest.raises(FunctionError):
                await stage.invoke(function)
        return stage.texts

    texts = play(scene, platform_lines=True)
    kinds = [text.split()[0] for text in texts]
    invocation = ["START", "soon", "[ERROR]", "END", "REPORT"]
    assert kinds == ["INIT_START", "importing", *invocation * 3]
    assert ["Init Duration" in text for text in texts if text.startswith("REPORT")] == [True, False, False]


def test_an_environment_that_was_warmed_begins_its_log_then(folder):
    async def scene(stage):
        function = python("app.happy", root=folder)
        await stage.runtime.warm(function)
        warmed = list(stage.texts)
        await stage.invoke(function)
        return warmed, stage.texts[len(warmed) :]

    warmed, then = play(scene, platform_lines=True)
    assert [text.split()[0] for text in warmed] == ["INIT_START", "importing"]
    assert [text.split()[0] for text in then] == ["START", "hello", "[WARNING]", "END", "REPORT"]
    assert "Init Duration" in then[-1]


def test_a_warming_that_fails_has_no_invocation_in_its_log(folder):
    async def scene(stage):
        with pytest.raises(FunctionError):
            await stage.runtime.warm(python("broken.handler", root=folder))
        await stage.line("INIT_REPORT")
        return stage.texts

    texts = play(scene, platform_lines=True)
    assert [text.split()[0] for text in texts] == ["INIT_START", "[ERROR]", "INIT_REPORT"]


def test_without_being_asked_for_there_are_no_lines_of_the_platform(folder):
    async def scene(stage):
        await stage.invoke(python("app.happy", root=folder))
        return stage.lines

    lines = play(scene)
    assert [line.text.split()[0] for line in lines] == ["importing", "hello", "[WARNING]"]
    assert {line.kind for line in lines} == {"output"}


def test_the_platforms_lines_are_marked_as_such(folder):
    lines = logged(python("app.happy", root=folder))
    assert [line.kind for line in lines] == ["platform", "output", "platform", *["output"] * 2, *["platform"] * 2]
    assert {line.function for line in lines} == {"ab"}


def test_an_invocation_that_runs_is_in_the_log_already(tmp_path):
    Path(tmp_path, "app.py").write_text(
        "import os, time\n"
        "def handler(event, context):\n"
        "    while not os.path.exists(event['gate']):\n"
        "        time.sleep(0.002)\n"
    )

    async def scene(stage):
        function = python("app.handler", root=str(tmp_path))
        gate = tmp_path / "gate"
        running = asyncio.create_task(stage.invoke(function, {"gate": str(gate)}))
        words = await stage.line("START")
        gate.touch()
        await running
        return words

    assert play(scene, platform_lines=True, silences=Silences(list))[:2] == ["START", "RequestId:"]


JSON_LOGS = [
    pytest.param(python, "happy", {}, ["INFO", "WARNING", "platform.report"], id="happy"),
    pytest.param(python, "raises", {}, ["INFO", "ERROR", "platform.runtimeDone", "platform.report"], id="exception"),
    pytest.param(python, "loops", {"timeout": 0.4}, ["INFO", "platform.runtimeDone", "platform.report"], id="timeout"),
    pytest.param(python, "exits", {}, ["INFO", "platform.runtimeDone", "platform.report"], id="exit"),
    pytest.param(
        node,
        "raises",
        {},
        ["INFO", "ERROR", "platform.runtimeDone", "platform.report"],
        id="exception in Node",
        marks=pytest.mark.node,
    ),
    pytest.param(
        node,
        "logs",
        {},
        ["INFO", "INFO", "WARN", "ERROR", "platform.report"],
        id="console in Node",
        marks=pytest.mark.node,
    ),
]


def records_of(function):
    async def scene(stage):
        try:
            await stage.invoke(function)
        except FunctionError:
            await stage.line('{"time"', 4)
        return stage.texts

    return [json.loads(text) for text in play(scene, platform_lines=True, log_format="json")]


@pytest.mark.parametrize(("make", "handler", "limits", "expected"), JSON_LOGS)
def test_every_line_of_the_json_form_is_a_record(folder, make, handler, limits, expected):
    records = records_of(make(f"app.{handler}", root=folder, **limits))
    assert [record.get("type") or record["level"] for record in records] == [
        *("platform.initStart", "INFO", "platform.start"),
        *expected,
    ]
    aws_request_id = records[2]["record"]["requestId"]
    assert {record.get("record", record)["requestId"] for record in records[2:]} == {aws_request_id}


def test_an_exception_in_the_json_form(folder):
    error = next(record for record in records_of(python("app.raises", root=folder)) if record.get("level") == "ERROR")
    assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'auth'")
    assert [frame.split(", in ")[1].split("\n")[0] for frame in error["stackTrace"]] == ["raises", "helper"]


def test_the_logging_module_in_the_json_form(folder):
    record = next(each for each in records_of(python("app.happy", root=folder)) if each.get("level") == "WARNING")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["timestamp"])
    assert (record["message"], record["logger"]) == ("a warning", "root")


@pytest.mark.node
def test_the_console_of_node_in_the_json_form(folder):
    records = [record for record in records_of(node("app.logs", root=folder)) if "level" in record][1:]
    several, one, error, beside = records
    assert (several["message"], one["message"]) == ("a { b: 1 }", {"c": 2})
    assert (error["message"]["errorType"], error["message"]["errorMessage"]) == ("Error", "as a value")
    assert (beside["errorType"], beside["errorMessage"]) == ("RangeError", "beside")
    assert beside["message"].startswith("with RangeError: beside")
