"""What a recorder remembers of requests."""

import asyncio
import base64
import json
from hashlib import sha256

import pytest
from recorded import Recording, streamed

from edgerun.errors import OriginConnectError
from edgerun.observe.recorder import Recorder
from edgerun.testing.origin import respond

PAGE = respond(200, b"hello", content_type="text/plain", cache_control="max-age=60")


def test_a_record_is_json(tmp_path):
    play = Recording(tmp_path, {"/a": PAGE})

    play.run("/a")

    assert json.loads(json.dumps(play.record())) == play.record()


def test_a_record_tells_what_was_asked_and_answered(tmp_path):
    play = Recording(tmp_path, {"/a": PAGE})

    (answer,) = play.run({"path": "/a?x=1", "accept_language": "de"})
    record = play.record()

    assert (record["method"], record["host"], record["path"], record["query"]) == ("GET", "shop.example", "/a", "x=1")
    assert ["Accept-Language", "de"] in record["request"]["headers"]
    assert (record["client"], record["client_port"], record["at"]) == ("198.51.100.23", 40_000, play.clock.now)
    assert (record["status"], record["result_type"], record["bytes"]) == (200, "Miss", 5)
    assert record["id"] == answer["X-Amz-Cf-Id"]
    assert ["X-Cache", "Miss from cloudfront"] in record["response"]["headers"]
    body = record["response"]["body"]
    assert base64.b64decode(body["data"]) == b"hello"
    assert (body["sha256"], body["size"]) == (sha256(b"hello").hexdigest(), 5)


def test_a_record_tells_the_steps_in_order_also_those_after_the_answer(tmp_path):
    play = Recording(tmp_path, {"/a": PAGE})

    play.run("/a")

    names = [stage["name"] for stage in play.record()["stages"]]
    steps = ["route", "guard", "key", "look up", "forward", "fetch", "settle"]
    assert [name for name in names if name in steps] == steps
    assert {"store", "deliver"} <= set(names)


def test_a_record_tells_what_the_cache_did_and_why(tmp_path):
    play = Recording(tmp_path, {"/a": PAGE})

    play.run("/a", "/a")
    miss, hit = play.record(1)["cache"], play.record(2)["cache"]

    assert (miss["word"], miss["reason"]) == ("Miss", "nothing is stored for this key")
    assert "may be stored" in miss["hint"]
    assert (hit["word"], hit["reason"], hit["hint"]) == ("Hit", "it is fresh", "")
    assert {"name": "path", "value": "/a", "rule": "the URL, as viewer-request left it"} in hit["key"]
    assert "max-age" in json.dumps(hit["steps"])


def test_a_record_tells_what_functions_were_sent_and_returned(tmp_path):
    def handler(event, _):
        asked = event["Records"][0]["cf"]["request"]
        return asked | {"uri": "/b"}

    play = Recording(tmp_path, {"/b": PAGE}, handlers={"rewrite": handler}, viewer_request="rewrite")

    play.run("/a")
    stage = play.stage("viewer-request")

    assert (stage["function"], stage["outcome"]) == ("rewrite", "went on")
    assert stage["event"]["Records"][0]["cf"]["request"]["uri"] == "/a"
    assert stage["result"]["uri"] == "/b"
    assert stage["at"] == play.clock.now
    assert play.recorder.latest(1)[0]["ran"] == ["viewer-request"]


def test_a_record_tells_which_rule_a_result_broke(tmp_path):
    play = Recording(tmp_path, handlers={"bad": lambda _event, _: {"status": "99"}}, viewer_request="bad")

    (answer,) = play.run("/a")
    error = play.stage("viewer-request")["error"]

    assert answer.status == 502
    assert error["type"] == "FunctionResultError"
    assert error["rule"]
    assert error["fix"]
    assert play.recorder.latest(1)[0]["failed"]


def test_a_record_tells_what_the_origin_was_asked_and_answered(tmp_path):
    play = Recording(tmp_path, {"/a": PAGE})

    play.run("/a?x=1")
    (asked,) = play.record()["origin"]

    assert (asked["domain"], asked["request"]["target"]) == ("origin.example.org", "/a?x=1")
    assert asked["response"]["status"] == 200
    assert base64.b64decode(asked["response"]["body"]["data"]) == b"hello"


def test_a_record_tells_why_the_origin_did_not_answer(tmp_path):
    play = Recording(tmp_path, {"/a": OriginConnectError("refused")})

    (answer,) = play.run("/a")

    assert answer.status == 502
    assert play.record()["origin"][0]["error"]["type"] == "OriginConnectError"
    assert play.stage("fetch")["error"]["message"] == "refused"


@pytest.mark.parametrize("declared", [True, False])
def test_of_a_large_body_its_beginning_and_its_hash_are_kept(tmp_path, declared):
    play = Recording(tmp_path, {"/large": streamed(200_000, declared=declared)})

    (answer,) = play.run("/large")
    body, origin = play.record()["response"]["body"], play.record()["origin"][0]["response"]["body"]

    assert answer.body == b"x" * 200_000
    assert (body["size"], body["complete"]) == (200_000, True)
    assert body["sha256"] == origin["sha256"] == sha256(answer.body).hexdigest()
    assert len(base64.b64decode(body["data"])) == 65_536


def test_the_body_of_a_request_is_kept(tmp_path):
    play = Recording(tmp_path, {"/form": respond(201, b"")})

    play.run({"path": "/form", "method": "POST", "body": b"a=1"})

    assert base64.b64decode(play.record()["request"]["body"]["data"]) == b"a=1"
    assert base64.b64decode(play.record()["origin"][0]["request"]["body"]["data"]) == b"a=1"


def test_an_answer_without_a_body_has_none_in_its_record(tmp_path):
    play = Recording(tmp_path, {"/a": PAGE})

    play.run("/a", {"path": "/a", "method": "HEAD"})

    assert play.record()["response"]["body"]["size"] == 0


def test_the_latest_requests_come_newest_first(tmp_path):
    play = Recording(tmp_path, {"/a": PAGE})

    play.run("/a", "/b", "/c")

    assert [each["path"] for each in play.recorder.latest(2)] == ["/c", "/b"]
    assert [each["number"] for each in play.recorder.latest(9)] == [3, 2, 1]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("/a", ["/a"]), ("404", ["/img/x"]), ("/img/*", ["/img/x"]), ("get hit", ["/a"]), ("miss", ["/a"]), ("PUT", [])],
)
def test_requests_are_found_by_a_pattern(tmp_path, pattern, found):
    play = Recording(tmp_path, {"/a": PAGE})

    play.run("/a", "/a", "/img/x")

    assert list(dict.fromkeys(each["path"] for each in play.recorder.latest(9, pattern))) == found


def test_a_record_is_found_by_number_by_the_beginning_of_its_id_and_as_the_last(tmp_path):
    play = Recording(tmp_path, {"/a": PAGE})

    first, _ = play.run("/a", "/b")

    assert play.record(1)["path"] == play.record("1")["path"] == play.record(first["X-Amz-Cf-Id"][:6])["path"] == "/a"
    assert play.record("last")["path"] == "/b"
    assert play.record(7) is None


def test_no_more_records_are_kept_than_the_limit(tmp_path):
    play = Recording(tmp_path, {"/a": PAGE}, recorder=Recorder(limit=2))

    play.run("/a", "/b", "/c")

    assert [each["number"] for each in play.recorder.latest(9)] == [3, 2]


def test_subscribers_hear_of_each_request_until_they_leave(tmp_path):
    play, heard = Recording(tmp_path, {"/a": PAGE}), []
    leave = play.recorder.subscribe(heard.append)
    play.recorder.subscribe(lambda _: leave())

    play.run("/a", "/b")

    assert [each["path"] for each in heard] == ["/a"]


def test_a_refresh_behind_the_answer_is_added_to_its_record(tmp_path):
    fresh = respond(200, b"new", cache_control="max-age=60, stale-while-revalidate=600")
    play = Recording(tmp_path, {"/a": fresh})

    async def story():
        await play.ask(path="/a")
        play.clock.advance(100)
        await play.ask(path="/a")
        await play.edge.aclose()

    asyncio.run(story())

    assert play.record()["cache"]["word"] == "Hit"
    assert [stage["name"] for stage in play.record()["stages"]][-1] == "store"
    assert play.record()["origin"][0]["response"]["body"]["size"] == 3
