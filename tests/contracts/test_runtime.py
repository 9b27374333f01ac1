"""What every function runtime owes: environments of our own, those with AWS's client, and the fake for tests."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from edgerun.errors import FunctionExecutionError
from edgerun.functions.function import Function
from edgerun.functions.process import ProcessRuntime
from edgerun.testing import CallableRuntime

SOURCE = """
def echo(event, context):
    return event


def raises(event, context):
    raise ValueError("no")


def returns_a_set(event, context):
    return {1, 2}


def returns_nothing(event, context):
    return None


def returns_nan(event, context):
    return float("nan")
"""


def handlers():
    namespace = {}
    exec(SOURCE, namespace)
    return {name: call for name, call in namespace.items() if callable(call)}


@pytest.fixture(params=["process", "provided", "callables"])
def runtime(request, tmp_path):
    """Return (make a runtime, make a function of a name)."""
    Path(tmp_path, "contract.py").write_text(SOURCE)
    bootstrap = Path(tmp_path, "bootstrap")
    bootstrap.write_text(f'#!/bin/sh\nexec {sys.executable} -m awslambdaric "$_HANDLER"\n')
    bootstrap.chmod(0o755)
    word = "provided.al2023" if request.param == "provided" else "python"

    def make():
        return CallableRuntime(handlers()) if request.param == "callables" else ProcessRuntime(lambda line: None)

    def function(name):
        return Function(
            name=name, root=str(tmp_path), handler=f"contract.{name}", runtime=word, timeout=10.0, concurrency=3
        )

    return make, function


def invoked(runtime, name, event=b"{}"):
    make, function = runtime

    async def act():
        made = make()
        try:
            return await made.invoke(function(name), event, label="request-1")
        finally:
            await made.aclose()

    return asyncio.run(act())


@pytest.mark.process
@pytest.mark.parametrize(
    "event",
    [
        pytest.param({"a": [1, 2.5, None, True, "text"]}, id="plain"),
        pytest.param({"umlaut": "ä", "emoji": "🏮"}, id="not ASCII"),
        pytest.param([], id="a list"),
        pytest.param({"big": "x" * 1_000_000}, id="a megabyte"),
    ],
)
def test_an_event_comes_back_as_it_went(runtime, event):
    assert json.loads(invoked(runtime, "echo", json.dumps(event).encode()).payload) == event


@pytest.mark.process
def test_nothing_returned_is_null(runtime):
    assert invoked(runtime, "returns_nothing").payload == b"null"


@pytest.mark.process
def test_nan_is_passed_on_as_pythons_json_writes_it(runtime):
    assert invoked(runtime, "returns_nan").payload == b"NaN"


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "error_type", "message"),
    [
        pytest.param("raises", "ValueError", "no", id="an exception"),
        pytest.param("returns_a_set", "Runtime.MarshalError", "Unable to marshal response", id="not JSON"),
    ],
)
def test_a_failure_is_an_execution_error_in_lambdas_words(runtime, name, error_type, message):
    with pytest.raises(FunctionExecutionError, match=message) as caught:
        invoked(runtime, name)
    assert caught.value.error_type == error_type


@pytest.mark.process
def test_many_at_once_get_each_their_own(runtime):
    make, function = runtime

    async def act():
        made = make()
        try:
            events = [json.dumps({"n": number}).encode() for number in range(20)]
            echo = function("echo")
            got = await asyncio.gather(*(made.invoke(echo, event, label=str(event)) for event in events))
            return [json.loads(invocation.payload)["n"] for invocation in got]
        finally:
            await made.aclose()

    assert asyncio.run(act()) == list(range(20))


@pytest.mark.process
def test_closing_twice_is_safe(runtime):
    make, _ = runtime

    async def act():
        made = make()
        await made.aclose()
        await made.aclose()

    asyncio.run(act())
