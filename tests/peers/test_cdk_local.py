"""The faults of cdk-local's start-cloudfront 0.147.5, one section each: what edgerun does instead.

| number | waits for | reason |
| --- | --- | --- |
| 2, origin groups | the part on origins | refused in the configuration |
| 3, geo, trusted keys, headers policies | their parts | refused in the configuration, which is tested |
| 5 and 8, CloudFront Functions | the part on CloudFront Functions | no such runtime yet |
| 7, numeric status | nothing | AWS's own examples return numbers, so a whole number from 200 to 599 is right |
| 10, `meta()` and `count()` | the key value store | no such store yet |
"""

import base64

import pytest
from peering import (
    ALL_FOUR,
    EVERY_POINT,
    PAGE,
    PASSING,
    VIEWER_POINTS,
    Deployed,
    answers,
    edge,
    event_at,
    http_origin,
    request_of,
    response_of,
    returns,
    with_headers,
)
from plays import OBEDIENT, Play, behavior, changed, distribution

from edgerun.config.load import load
from edgerun.distribution.model import ALL_METHODS, Association, Choice, ErrorResponse, Selection
from edgerun.errors import ConfigError
from edgerun.functions.function import Function
from edgerun.testing import ScriptedOrigin

REFUSED = "LambdaValidationError from cloudfront"

# ---------------------------------------------------------------- 1


def test_origin_functions_run_once_for_what_is_cached():
    play = edge()
    got = [play.get().x_cache for _ in range(3)]
    assert got == ["Miss from cloudfront"] + ["Hit from cloudfront"] * 2
    assert play.ran == EVERY_POINT + VIEWER_POINTS * 2


def test_an_object_expires_at_its_ttl():
    play = edge()
    play.get()
    play.clock.advance(60)
    assert play.get().x_cache == "Miss from cloudfront"


# ---------------------------------------------------------------- 2


def test_a_custom_http_origin_answers_under_its_path_with_its_headers():
    origin = http_origin(port=80, path="/v1", domain_name="api.example.org", custom_headers={"X-Token": "t"})
    api = ScriptedOrigin({"/v1/users": PAGE})
    play = Play(behavior(origin=origin), origins={"api.example.org": api})
    assert play.get("/users").body == b"a page"
    assert api.seen[0].headers.get(b"x-token") == b"t"


# ---------------------------------------------------------------- 3


def test_the_cache_policy_makes_the_key():
    by_language = changed(OBEDIENT, headers=Selection(choice=Choice.ONLY, names=frozenset({b"accept-language"})))
    play = edge(changes={"cache_policy": by_language})
    words = [play.get(accept_language=language).x_cache.partition(" ")[0] for language in ("de", "en", "de")]
    assert words == ["Miss", "Miss", "Hit"]


def test_only_allowed_methods_pass():
    play = edge()
    assert play.run(lambda p: p.ask(method="POST", body=b"x")).status == 403
    assert play.ran == []


@pytest.mark.parametrize(("policy", "status"), [("https-only", 403), ("redirect-to-https", 301), ("allow-all", 200)])
def test_the_viewer_protocol_policy_is_kept(policy, status):
    assert edge(changes={"viewer_protocol_policy": policy}).get().status == status


CONFIG = """
[origins.site]
directory = "public"

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
"""


@pytest.mark.parametrize("line", ['field_level_encryption = "a"', 'response_headers_policy = "CORS"'])
def test_what_is_not_there_yet_is_refused_rather_than_read_past(tmp_path, line):
    (tmp_path / "public").mkdir()
    (tmp_path / "edgerun.toml").write_text(CONFIG + line)
    with pytest.raises(ConfigError, match=line.partition(" ")[0]):
        load(tmp_path / "edgerun.toml")


# ---------------------------------------------------------------- 4


def test_the_origin_is_given_and_honoured():
    def moves(event, context):
        request = request_of(event)
        assert set(request["origin"]) == {"custom"}
        request["origin"]["custom"]["customHeaders"] = {"x-moved": [{"value": "yes"}]}
        request["origin"]["custom"]["path"] = "/moved"
        return request

    play = edge(replies={"/moved/": PAGE}, orq=moves)
    assert play.get().body == b"a page"
    assert play.origin.seen[0].headers.get(b"x-moved") == b"yes"


# ---------------------------------------------------------------- 5


@pytest.mark.parametrize(("point", "limit"), [("viewer_request", 40_960), ("origin_request", 1_048_576)])
def test_a_body_is_cut_at_the_points_limit(point, limit):
    function = Function(name=ALL_FOUR[point], root="/", handler="fn.handler", runtime="python")
    points = {**ALL_FOUR, point: Association(function=function, include_body=True)}
    play = Play(behavior(points=points, allowed_methods=ALL_METHODS), replies={"/": PAGE}, functions=PASSING)
    play.run(lambda p: p.ask(method="PUT", body=b"x" * (limit + 1)))
    seen = event_at(play, point.replace("_", "-"))["request"]["body"]
    assert (len(base64.b64decode(seen["data"])), seen["inputTruncated"]) == (limit, True)


@pytest.mark.parametrize(("point", "limit"), [("vrq", 40_960), ("orq", 1_048_576), ("ors", 1_048_576)])
def test_a_response_that_is_too_large_is_a_502(point, limit):
    def large(event, context):
        kept = event["Records"][0]["cf"].get("response", {"headers": {}})["headers"]
        return {"status": "200", "headers": kept, "body": "x" * (limit + 1)}

    answer = edge(**{point: large}).get()
    assert (answer.status, answer.x_cache) == (502, REFUSED)


@pytest.mark.process
def test_a_function_has_its_time_and_no_more(tmp_path):
    source = "def handler(event, context):\n    while True:\n        pass\n"
    with Deployed(tmp_path, {"auth.py": source}, {"viewer_request": "auth.handler"}, timeout=0.2) as deployed:
        assert deployed.ask().status == 503


# ---------------------------------------------------------------- 6


@pytest.mark.parametrize(
    ("point", "handler"),
    [
        pytest.param("vrq", with_headers(request_of, host="elsewhere"), id="Host at viewer-request"),
        pytest.param("orq", with_headers(request_of, via=None), id="Via at origin-request"),
        pytest.param("vrs", with_headers(response_of, content_length="1"), id="Content-Length at viewer-response"),
        pytest.param("vrq", with_headers(request_of, x_real_ip="10.0.0.1"), id="X-Real-IP"),
        pytest.param("ors", with_headers(response_of, x_cache="Hit"), id="X-Cache"),
        pytest.param("vrs", with_headers(response_of, x_amz_cf_id="1"), id="X-Amz-Cf-Id"),
    ],
)
def test_a_header_that_is_read_only_or_disallowed_is_a_502_and_not_dropped(point, handler):
    answer = edge(**{point: handler}).get()
    assert (answer.status, answer.x_cache) == (502, REFUSED)


# ---------------------------------------------------------------- 7


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(None, id="undefined"),
        pytest.param({"status": "200", "headers": {"x-a": "bare"}}, id="a bare string"),
        pytest.param({"status": "200", "headers": {"x-a": [{"key": "X-A", "value": 1}]}}, id="a number as value"),
        pytest.param({"status": "200", "body": {}}, id="an object as body"),
        pytest.param({"status": "2e2"}, id="a status that is no number"),
        pytest.param({"status": 200.5}, id="half a status"),
        pytest.param({"statusCode": 200}, id="the word of other services"),
    ],
)
def test_a_lenient_shape_is_a_502(result):
    answer = edge(vrq=returns(result)).get()
    assert (answer.status, answer.x_cache) == (502, REFUSED)


def test_a_whole_number_is_a_status():
    assert edge(vrq=returns({"status": 302})).get().status == 302


# ---------------------------------------------------------------- 8


def test_viewer_response_does_not_run_on_an_error():
    play = edge(replies={})
    assert play.get().status == 404
    assert play.ran == EVERY_POINT[:3]


# ---------------------------------------------------------------- 9


def test_a_header_keeps_its_case_both_ways():
    def renames(event, context):
        headers = {**response_of(event)["headers"], "x-mixed": [{"key": "X-mIxEd", "value": "1"}]}
        return {**response_of(event), "headers": headers}

    answer = edge(ors=renames).get()
    assert (b"X-mIxEd", b"1") in answer.headers.lines


def test_a_pattern_is_no_glob_of_a_load_balancer():
    literal = behavior("/[ab]", points={"viewer_request": "literal"})
    play = Play(distribution(behavior(), literal), replies={"/a": PAGE}, functions={"literal": answers(200)})
    assert play.get("/a").body == b"a page"
    assert play.get("/[ab]").body == b"made here"


def test_one_miss_tries_one_error_page():
    pages = {
        403: ErrorResponse(error_code=403, response_code=200, response_page_path="/403"),
        404: ErrorResponse(error_code=404, response_code=200, response_page_path="/404"),
    }
    play = edge(replies={"/403": PAGE}, parts={"error_responses": pages})
    assert play.get("/gone").status == 404
    assert [request.path for request in play.origin.seen] == [b"/gone", b"/404"]


# ---------------------------------------------------------------- 10

VERSION = "def handler(event, context):\n    return {'status': '200', 'body': 'version %d'}\n"


@pytest.mark.process
def test_a_retired_revision_runs_no_more(tmp_path):
    with Deployed(tmp_path, {"auth.py": VERSION % 1}, {"viewer_request": "auth.handler"}) as deployed:
        first = deployed.ask().body
        (tmp_path / "auth.py").write_text(VERSION % 200)
        deployed.runtime.retire(deployed.function("auth.handler"))
        assert (first, deployed.ask().body) == (b"version 1", b"version 200")
