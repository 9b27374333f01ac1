"""`edgerun invoke --repeat`: many calls in numbers, and what they would cost."""

import asyncio
import json

import click
import pytest

from edgerun.cli.measure import Rate, measured, report, table
from edgerun.errors import FunctionTimeout
from edgerun.functions.function import Function
from edgerun.functions.prices import LAMBDA_EDGE, SECONDS
from edgerun.functions.runtime import Invocation

FUNCTION = Function(name="fn", root="/f", handler="fn.handler", runtime="python", memory=1024)


@pytest.mark.parametrize(
    ("text", "per_second"),
    [
        ("25/s", 25),
        ("0.5/s", 0.5),
        ("60/min", 1),
        ("7.2k/h", 2),
        ("86400/day", 1),
        ("1M/month", 1_000_000 / SECONDS["month"]),
    ],
)
def test_a_rate_is_a_number_in_a_time(text, per_second):
    assert Rate().convert(text, None, None) == pytest.approx(per_second)


@pytest.mark.parametrize("text", ["25", "25/y", "/s", "-1/s", "1e6/s", "25 /s", "k/s"])
def test_a_rate_without_its_unit_is_refused(text):
    with pytest.raises(click.BadParameter, match="NUMBER/UNIT"):
        Rate().convert(text, None, None)


def invoked(milliseconds, *, init=None, memory=40):
    return Invocation(
        payload=b"",
        duration=milliseconds / 1000,
        init_duration=None if init is None else init / 1000,
        max_memory=memory,
    )


def samples(*outcomes, concurrency=1):
    left = iter(outcomes)

    async def once():
        return next(left)

    return asyncio.run(measured(once, LAMBDA_EDGE, len(outcomes), concurrency))


def test_cold_and_warm_and_failed_are_told_apart():
    late = FunctionTimeout("Task timed out after 3.00 seconds", function="fn", error_type="Sandbox.Timedout")
    outcomes = [(invoked(9, init=80, memory=50), None), *[(invoked(ms), None) for ms in range(1, 99)], (None, late)]
    said = report(FUNCTION, samples(*outcomes), None)
    assert (said["cold"], said["warm"], said["failed"]) == (1, 98, 1)
    assert said["duration_ms"] == {"min": 1, "p50": 49, "p90": 89, "p99": 98, "max": 98}
    assert said["init_ms"] == dict.fromkeys(("min", "p50", "p90", "p99", "max"), 80)
    assert said["max_memory_mb"] == 50
    assert said["invocations"][-1]["error"] == "Task timed out after 3.00 seconds"
    text = table("fn", "viewer-request", 1, said)
    assert text.startswith("100 invocations of fn at viewer-request: 1 cold, 98 warm, 1 failed\n")
    assert "failed    Task timed out after 3.00 seconds" in text


def test_a_price_goes_by_the_warm_invocations():
    outcomes = [(invoked(500, init=80), None), (invoked(9.2), None), (invoked(10), None)]
    said = report(FUNCTION, samples(*outcomes), Rate().convert("1M/month", None, None))
    assert said["price"]["billed_ms_mean"] == 10
    assert said["price"]["usd_per_month"] == pytest.approx(0.60 + 0.5001)
    assert "about $1.10 a month: $0.60 for 1,000,000 requests + $0.50 for 10,000 GB-s" in table("fn", "x", 1, said)


def test_a_function_that_never_ran_has_neither_numbers_nor_a_price():
    late = FunctionTimeout("late", function="fn", error_type="Sandbox.Timedout")
    said = report(FUNCTION, samples((None, late)), 1.0)
    assert (said["duration_ms"], said["price"], said["failed"]) == (None, None, 1)
    assert "1 invocation of fn at x: 0 cold, 0 warm, 1 failed" in table("fn", "x", 1, said)


def test_no_more_run_at_a_time_than_asked_for():
    running, most = set(), []

    async def once():
        task = asyncio.current_task()
        running.add(task)
        most.append(len(running))
        await asyncio.sleep(0)
        running.discard(task)
        return invoked(1), None

    assert len(asyncio.run(measured(once, LAMBDA_EDGE, 9, 3))) == 9
    assert max(most) == 3


@pytest.mark.process
def test_a_function_is_called_many_times(project, command):
    ended = command("invoke", "greet", "--repeat", "12", "--concurrency", "2", "--rate", "3M/month", "--json")
    assert ended.code == 0
    said = json.loads(ended.out)
    assert len(said["invocations"]) == 12
    assert said["cold"] + said["warm"] == 12
    assert 1 <= said["cold"] <= 2
    assert said["price"]["requests_per_month"] == 3_000_000
    assert said["price"]["source"].startswith("https://")


@pytest.mark.process
def test_a_refused_result_counts_as_failed(project, command):
    ended = command("invoke", "greet", "--uri", "/nothing", "--repeat", "2")
    assert ended.code == 1
    assert ended.out.startswith("2 invocations of greet at viewer-request: 1 cold, 1 warm, 2 failed\n")


def test_the_options_of_a_repeat_need_it(project, command):
    ended = command("invoke", "greet", "--rate", "1/s")
    assert ended.code == 2
    assert "need --repeat" in ended.err
