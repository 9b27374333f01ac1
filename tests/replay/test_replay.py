"""Recorded requests through another configuration and other code."""

import asyncio
import json
from dataclasses import replace

import pytest
from recorded import Recording, streamed

from edgerun.errors import OriginConnectError, OriginTimeout
from edgerun.replay.again import Replay
from edgerun.replay.compare import differences
from edgerun.replay.har import har, read_har
from edgerun.testing import CallableRuntime
from edgerun.testing.origin import respond

PAGE = respond(200, b"hello", content_type="text/plain", cache_control="max-age=60", set_cookie="a=1")
REPLIES = {
    "/a": PAGE,
    "/down": OriginConnectError("refused"),
    "/slow": OriginTimeout("silent"),
    "/large": streamed(200_000),
    "/form": respond(201, b"made"),
    "/old": respond(302, b"", location="/a"),
}


def unchanged(event, _):
    cf = event["Records"][0]["cf"]
    return cf.get("response") or cf["request"]


def moved(event, _):
    cf = event["Records"][0]["cf"]
    return cf.get("response") or cf["request"] | {"uri": "/moved"}


@pytest.fixture
def play(tmp_path):
    return Recording(tmp_path, REPLIES, handlers={"look": unchanged}, viewer_request="look", origin_response="look")


def again(play, which, *, handler=unchanged, config=None, records=None):
    """Send a recorded request again; return what came of it."""
    known = records or [play.record(each["number"]) for each in reversed(play.recorder.latest(99))]
    runtime = CallableRuntime({"look": handler})

    async def whole():
        edge = Replay(config or play.edge.config, known, runtime=runtime)
        try:
            return await edge.send(next(each for each in known if each["number"] == which))
        finally:
            await edge.aclose()

    return asyncio.run(whole())


def test_an_answer_that_another_request_got_stands_in(play):
    play.run("/a", "/a")
    hit = play.record(2)
    broken = hit | {"cache": {**hit["cache"], "stored_by": None}}
    outcome = again(play, 2, records=[play.record(1), broken])

    assert outcome.why_not == ""
    assert (outcome.after["status"], outcome.after["result_type"]) == (200, "Miss")


def fields(outcome):
    return {(each.stage, each.path): (each.before, each.after) for each in outcome.differences}


@pytest.mark.parametrize(
    "asked",
    [
        "/a",
        "/a?x=1",
        "/down",
        "/slow",
        "/large",
        "/old",
        "/none",
        {"path": "/a", "method": "HEAD"},
        {"path": "/form", "method": "POST", "body": b"a=1"},
        {"path": "/form", "method": "PUT", "body": b"a" * 100_000},
        {"path": "/a", "if_none_match": '"x"'},
    ],
    ids=str,
)
def test_nothing_differs_as_long_as_nothing_is_changed(play, asked):
    play.run(asked)

    outcome = again(play, 1)

    assert outcome.differences == ()
    assert outcome.why_not == ""


def test_a_hit_is_a_hit_again_because_what_was_stored_is_brought_first(play):
    async def story():
        await play.ask(path="/a")
        play.clock.advance(20)
        await play.ask(path="/a")
        play.clock.advance(100)
        await play.ask(path="/a")
        await play.edge.aclose()

    asyncio.run(story())

    assert [play.record(n)["result_type"] for n in (1, 2, 3)] == ["Miss", "Hit", "Miss"]
    for number in (1, 2, 3):
        outcome = again(play, number)
        assert outcome.after["result_type"] == play.record(number)["result_type"]
        assert outcome.differences == ()


def test_a_hit_on_what_nobody_recorded_cannot_be_replayed(play):
    play.run("/a", "/a")

    outcome = again(play, 2, records=[play.record(2)])

    assert outcome.after is None
    assert "not recorded any more" in outcome.why_not


def test_changed_code_shows_what_it_changes_stage_by_stage(play):
    play.run("/a")

    found = fields(again(play, 1, handler=moved))

    assert found["viewer-request", "result.uri"] == ("/a", "/moved")
    assert found["origin", "request.target"] == ("/a", "/moved")


def test_a_function_that_fails_now_shows_its_error_and_the_status(play):
    play.run("/a")

    def fails(event, _):
        raise ValueError("broken since")

    found = fields(again(play, 1, handler=fails))

    assert found["response", "status"] == (200, 503)
    assert found["viewer-request", "outcome"] == ("went on", "failed")
    assert found["fetch", ""][1] == "did not run"


def test_a_changed_configuration_shows_in_the_answer(play):
    play.run("/a")
    (given,) = play.edge.config.distributions
    behavior = replace(given.default_behavior, viewer_protocol_policy="https-only")
    config = replace(play.edge.config, distributions=(replace(given, default_behavior=behavior),))

    found = fields(again(play, 1, config=config))

    assert found["response", "status"] == (200, 403)


def test_an_origin_that_is_asked_for_more_than_is_recorded_is_said_to(play):
    play.run({"path": "/a"})
    record = play.record(1)

    outcome = again(play, 1, records=[record | {"origin": []}])

    assert "no answer of origin.example.org to GET /a is recorded" in outcome.why_not


def test_a_har_of_another_tool_is_compared_by_its_answers(play, tmp_path):
    play.run("/a", "/old")
    given = har([play.record(1), play.record(2)])
    for entry in given["log"]["entries"]:
        del entry["_edgerun"]
    path = tmp_path / "x.har"
    path.write_text(json.dumps(given))
    records = read_har(path, pytest.fail)

    assert all(again(play, number, records=records).differences == () for number in (1, 2))
    given["log"]["entries"][1]["response"]["headers"] = [{"name": "Location", "value": "/elsewhere"}]
    path.write_text(json.dumps(given))

    def redirects(event, _):
        return {"status": "302", "headers": {"location": [{"key": "Location", "value": "/a"}]}}

    found = fields(again(play, 2, records=read_har(path, pytest.fail), handler=redirects))
    assert found["response", "headers.location"] == ("/elsewhere", "/a")


def test_an_error_page_that_shows_another_id_is_the_same(play):
    play.run("/down", "/down?x=1")

    found = differences(play.record(1), play.record(2))

    assert {each.path for each in found if each.stage == "response"} == set()


def test_ids_the_date_and_ages_are_no_differences(play):
    play.run("/a")
    before = json.loads(json.dumps(play.record(1)))
    before["response"]["headers"] += [["X-Amz-Request-Id", "3A6D"], ["X-Amz-Id-2", "bG9uZw=="]]
    after = json.loads(json.dumps(before))
    after["id"] = "another"
    after["time_taken"] = 9.0
    for line in after["response"]["headers"]:
        if line[0] in {"Date", "X-Amz-Cf-Id", "X-Amz-Request-Id", "X-Amz-Id-2", "Via"}:
            line[1] = "other"
    for stage in after["stages"]:
        stage |= {"at": 1.0, "duration": 9.0}
        if stage["event"]:
            stage["event"]["Records"][0]["cf"]["config"]["requestId"] = "another"

    assert differences(before, after) == []
