"""The platform's lines: spec/lambda-service.md §3.4, §3.5; spec/lambda-at-edge.md §9.3, §10.5."""

import json
from datetime import UTC, datetime

import pytest

from edgerun.functions import log_lines
from edgerun.functions.log_lines import EnvironmentFacts, InvocationFacts

NOW = datetime(2026, 11, 23, 10, 0, 0, 123_000, UTC).timestamp()
TIME = "2026-11-23T10:00:00.123Z"
ID = "8f5cbb70-1111-4222-8333-444455556666"
ARN = f"arn:aws:lambda:us-east-1::runtime:{'0a' * 32}"
ENVIRONMENT = EnvironmentFacts(
    function_name="ab", version="3", runtime_version="python:3.13.v50", runtime_version_arn=ARN
)


def facts(**changed):
    return InvocationFacts(
        **{"aws_request_id": ID, "duration": 0.01574, "memory_size": 128, "max_memory": 56, **changed}
    )


EXITED = f"RequestId: {ID} Error: Runtime exited with error: signal: killed"
REPORT = (
    f"REPORT RequestId: {ID}\tDuration: 15.74 ms\tBilled Duration: 16 ms\tMemory Size: 128 MB\tMax Memory Used: 56 MB"
)
TEXT = [
    pytest.param(facts(), [f"END RequestId: {ID}", f"{REPORT}\t"], id="warm"),
    pytest.param(
        facts(init_duration=0.13049),
        [f"END RequestId: {ID}", f"{REPORT}\tInit Duration: 130.49 ms\t"],
        id="first of its environment",
    ),
    pytest.param(
        facts(
            error_type="Sandbox.Timedout",
            duration=10.0104,
            message=f"RequestId: {ID} Error: Task timed out after 10.00 seconds",
        ),
        [
            f"{TIME} {ID} Task timed out after 10.01 seconds",
            f"END RequestId: {ID}",
            REPORT.replace("15.74", "10010.40").replace("16 ms", "10011 ms") + "\tStatus: timeout",
        ],
        id="timeout",
    ),
    pytest.param(
        facts(error_type="Runtime.ExitError", message=EXITED),
        [
            f"END RequestId: {ID}",
            f"{REPORT}\tStatus: error\tError Type: Runtime.ExitError",
            f"{EXITED}\nRuntime.ExitError",
        ],
        id="killed",
    ),
    pytest.param(
        facts(error_type="Function.ResponseSizeTooLarge", message="Response payload size exceeded"),
        [f"END RequestId: {ID}", f"{REPORT}\tStatus: error\tError Type: Function.ResponseSizeTooLarge"],
        id="oversize",
    ),
    pytest.param(
        facts(error_type="KeyError", message="'auth'"),
        [f"END RequestId: {ID}", f"{REPORT}\tStatus: error\tError Type: Runtime.Unknown"],
        id="exception",
    ),
    pytest.param(
        facts(error_type="Runtime.ImportModuleError", message="Unable to import module 'app'"),
        [f"END RequestId: {ID}", f"{REPORT}\tStatus: error\tError Type: Runtime.ImportModuleError"],
        id="init error",
    ),
]


@pytest.mark.parametrize(("ended", "lines"), TEXT)
def test_the_end_of_an_invocation_as_text(ended, lines):
    assert log_lines.finish("text", NOW, ended) == lines


def test_the_begin_of_an_invocation_as_text():
    assert log_lines.start("text", NOW, ID, "3") == [f"START RequestId: {ID} Version: 3"]


def test_init_as_text():
    assert log_lines.init_start("text", NOW, ENVIRONMENT) == [
        f"INIT_START Runtime Version: python:3.13.v50\tRuntime Version ARN: {ARN}"
    ]
    assert log_lines.init_failed("text", NOW, 10.00827, "Sandbox.Timedout") == [
        "INIT_REPORT Init Duration: 10008.27 ms\tPhase: init\tStatus: timeout"
    ]
    assert log_lines.init_failed("text", NOW, 0.1, "Runtime.ImportModuleError") == [
        "INIT_REPORT Init Duration: 100.00 ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError"
    ]


METRICS = {"durationMs": 15.74, "billedDurationMs": 16, "memorySizeMB": 128, "maxMemoryUsedMB": 56}
DONE_METRICS = {"durationMs": 15.74, "producedBytes": 0}
JSON = [
    pytest.param(
        log_lines.init_start("json", NOW, ENVIRONMENT),
        [
            (
                "platform.initStart",
                {
                    "initializationType": "on-demand",
                    "phase": "init",
                    "runtimeVersion": "python:3.13.v50",
                    "runtimeVersionArn": ARN,
                    "functionName": "ab",
                    "functionVersion": "3",
                },
            )
        ],
        id="init start",
    ),
    pytest.param(
        log_lines.init_failed("json", NOW, 0.5, "Runtime.ImportModuleError"),
        [
            (
                "platform.initRuntimeDone",
                {
                    "initializationType": "on-demand",
                    "phase": "init",
                    "status": "error",
                    "errorType": "Runtime.ImportModuleError",
                },
            ),
            (
                "platform.initReport",
                {
                    "initializationType": "on-demand",
                    "phase": "init",
                    "status": "error",
                    "errorType": "Runtime.ImportModuleError",
                    "metrics": {"durationMs": 500.0},
                },
            ),
        ],
        id="init failed",
    ),
    pytest.param(
        log_lines.start("json", NOW, ID, "3"), [("platform.start", {"requestId": ID, "version": "3"})], id="start"
    ),
    pytest.param(
        log_lines.finish("json", NOW, facts(init_duration=0.13049)),
        [
            (
                "platform.report",
                {"requestId": ID, "status": "success", "metrics": {**METRICS, "initDurationMs": 130.49}},
            )
        ],
        id="success, first of its environment",
    ),
    pytest.param(
        log_lines.finish("json", NOW, facts(error_type="Sandbox.Timedout")),
        [
            (
                "platform.runtimeDone",
                {"requestId": ID, "status": "timeout", "metrics": DONE_METRICS, "spans": []},
            ),
            ("platform.report", {"requestId": ID, "status": "timeout", "metrics": METRICS}),
        ],
        id="timeout",
    ),
    pytest.param(
        log_lines.finish("json", NOW, facts(error_type="Runtime.ExitError", message=EXITED)),
        [
            (
                "platform.runtimeDone",
                {
                    "requestId": ID,
                    "status": "error",
                    "errorType": "Runtime.ExitError",
                    "metrics": DONE_METRICS,
                    "spans": [],
                },
            ),
            (
                "platform.report",
                {"requestId": ID, "status": "error", "errorType": "Runtime.ExitError", "metrics": METRICS},
            ),
        ],
        id="exit",
    ),
]


@pytest.mark.parametrize(("lines", "records"), JSON)
def test_each_moment_as_json(lines, records):
    assert [json.loads(line) for line in lines] == [
        {"time": TIME, "type": kind, "record": record} for kind, record in records
    ]


@pytest.mark.parametrize(
    ("text", "aws_request_id", "record"),
    [
        ("hello", ID, {"timestamp": TIME, "level": "INFO", "message": "hello", "requestId": ID}),
        ("during INIT é", "", {"timestamp": TIME, "level": "INFO", "message": "during INIT é"}),
        ("{not JSON", ID, {"timestamp": TIME, "level": "INFO", "message": "{not JSON", "requestId": ID}),
        ("[1]", ID, {"timestamp": TIME, "level": "INFO", "message": "[1]", "requestId": ID}),
        ('{"level": "WARN"}', ID, {"level": "WARN"}),
    ],
)
def test_what_is_printed_is_a_record_in_the_json_form(text, aws_request_id, record):
    assert json.loads(log_lines.json_application(NOW, aws_request_id, text)) == record


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [(0.0, 1), (0.0003, 1), (0.001, 1), (0.00101, 2), (0.01574, 16), (0.016, 16), (0.029, 29), (10.0104, 10_011)],
)
def test_a_begun_millisecond_is_billed(seconds, milliseconds):
    assert log_lines.billed(seconds) == milliseconds


@pytest.mark.parametrize(
    ("error_type", "counted"),
    [
        ("Runtime.HandlerNotFound", "Runtime.HandlerNotFound"),
        ("Function.ResponseSizeTooLarge", "Function.ResponseSizeTooLarge"),
        ("Sandbox.Failure", "Sandbox.Failure"),
        ("ValueError", "Runtime.Unknown"),
        ("Runtime.lower", "Runtime.Unknown"),
    ],
)
def test_the_platform_counts_only_types_of_its_form(error_type, counted):
    assert log_lines.counted(error_type) == counted


def test_cloudfronts_lines_about_a_result_it_refuses():
    arn = "arn:aws:lambda:us-east-1:123456789012:function:us-east-1.ab:3"

    lines = log_lines.validation_failure("abc==", arn, "us-east-1", ID, "the rule's words")

    assert lines == [
        f"(abc==) INFO Invoking LambdaFunctionARN: {arn} Region: us-east-1",
        f"(abc==) INFO Response received from Lambda: RequestId: {ID}",
        "(abc==) ERROR Validation error: the rule's words",
    ]
    assert log_lines.validation_failure("abc==", arn, "us-east-1", "", "the rule's words") == [lines[0], lines[2]]
