"""The testing kit: an edge in process, as a user's tests have it."""

import asyncio

import pytest

from edgerun.errors import ConfigError, FunctionExecutionError, OriginTimeout
from edgerun.testing import AsyncEdge, Edge, ScriptedOrigin, respond


def passing(event, _context):
    record = event["Records"][0]["cf"]
    return record.get("response") or record["request"]


def greeting(event, _context):
    request = event["Records"][0]["cf"]["request"]
    if request["uri"] == "/hello":
        return {"status": "200", "body": "hello"}
    request["headers"]["x-seen"] = [{"key": "X-Seen", "value": "yes"}]
    return request


@pytest.fixture
def origin():
    return ScriptedOrigin({"/page": respond(200, b"page", cache_control="max-age=60", etag='"1"')})


@pytest.fixture
def made(origin):
    with Edge(origin=origin, viewer_request=greeting, origin_response=passing) as made:
        yield made


def test_a_miss_then_a_hit(made, origin):
    first, second = made.get("/page"), made.get("/page")
    assert (first.status, first.text, first.cache.word) == (200, "page", "Miss")
    assert (second.text, second.cache.word, second["Age"]) == ("page", "Hit", "0")
    assert [request.path for request in first.origin_requests] == [b"/page"]
    assert second.origin_requests == []
    assert len(origin.seen) == 1


def test_stages_tell_what_ran_and_what_did_not(made):
    made.get("/page")
    hit = made.get("/page")
    assert hit.ran == ["viewer-request"]
    stage = hit.stage("viewer-request")
    assert stage.event["Records"][0]["cf"]["request"]["uri"] == "/page"
    assert stage.result["headers"]["x-seen"][0]["value"] == "yes"
    assert stage.function == "viewer_request"
    assert not hit.stage("fetch").ran
    assert hit.stage("fetch").outcome == "did not run"
    assert [each.name for each in hit.stages][:3] == ["route", "guard", "viewer-request"]


def test_an_unknown_stage_is_named(made):
    with pytest.raises(KeyError, match="there is no stage 'viewer_request'"):
        made.get("/page").stage("viewer_request")


def test_a_function_answers_itself(made, origin):
    answer = made.get("/hello")
    assert (answer.status, answer.text) == (200, "hello")
    assert answer.cache.reason == "the cache was not asked"
    assert origin.seen == []


def test_time_passes_when_the_test_says_so(made):
    made.get("/page")
    made.clock.advance(30)
    assert made.get("/page")["Age"] == "30"
    made.clock.advance(31)
    assert made.get("/page").cache.word in {"Miss", "RefreshHit"}


def test_the_cache_is_purged(made):
    made.get("/page")
    assert made.cache.purge("/pa*") == 1
    assert made.get("/page").cache.word == "Miss"


def test_why_the_cache_did_what_it_did(made):
    made.get("/page")
    facts = made.get("/page").cache
    assert facts.key.path == b"/page"
    assert any("max-age" in step for step in facts.steps)
    assert facts.reason


def test_an_origin_that_fails(made, origin):
    origin.fail("/slow", OriginTimeout("too slow"))
    answer = made.get("/slow")
    assert answer.status == 504
    assert isinstance(answer.errors[0], OriginTimeout)
    assert answer.stage("fetch").error is answer.errors[0]


def test_a_handler_that_raises():
    def broken(_event, _context):
        raise ValueError("no such cookie")

    with Edge(viewer_request=broken) as made:
        answer = made.get("/")
    assert answer.status == 503
    assert answer["X-Cache"] == "LambdaExecutionError from cloudfront"
    assert isinstance(answer.stage("viewer-request").error, FunctionExecutionError)
    assert "no such cookie" in answer.report()


def test_a_result_that_aws_would_reject():
    with Edge(viewer_request=lambda _event, _context: {"status": "99"}) as made:
        assert made.get("/").status == 502


def test_headers_bodies_and_hosts(made, origin):
    origin.replies["/form"] = lambda request: respond(200, request.body.data)
    answer = made.post("https://shop.example/form?a=1", json={"x": 1}, headers={"X-Two": ["1", "2"]})
    assert answer.json() == {"x": 1}
    asked = answer.stage("viewer-request").event["Records"][0]["cf"]["request"]
    assert asked["headers"]["host"][0]["value"] == "shop.example"
    assert [each["value"] for each in asked["headers"]["x-two"]] == ["1", "2"]
    assert asked["querystring"] == "a=1"


def test_a_head_has_no_body(made):
    assert made.head("/page").body == b""


def test_a_slow_origin_without_sleeping(origin):
    async def act():
        gate = asyncio.Event()
        origin.wait("/slow", gate, respond(200, b"late", cache_control="max-age=9"))
        async with AsyncEdge(origin=origin) as made:
            asked = [asyncio.ensure_future(made.get("/slow")) for _ in range(5)]
            while not origin.seen:
                await asyncio.sleep(0)
            gate.set()
            return [answer.text for answer in await asyncio.gather(*asked)]

    assert asyncio.run(act()) == ["late"] * 5


def test_answers_at_the_same_time_know_their_own_stages(origin):
    async def act():
        async with AsyncEdge(origin=origin, viewer_request=greeting) as made:
            return await asyncio.gather(made.get("/hello"), made.get("/page"), made.get("/page"))

    generated, *pages = asyncio.run(act())
    assert generated.stage("viewer-request").event["Records"][0]["cf"]["request"]["uri"] == "/hello"
    assert [stage.name for stage in generated.stages if stage.ran][-1] == "deliver"
    assert sorted(page.cache.word for page in pages) == ["Hit", "Miss"]
    assert [sum(stage.ran for stage in page.stages if stage.name == "fetch") for page in pages] == [1, 0]


def test_an_edge_that_is_not_watched_answers_alike(origin):
    with Edge(origin=origin, viewer_request=greeting, watched=False) as made:
        first, second = made.get("/page"), made.get("/page")
        assert [first.text, first.cache.word, second.cache.word] == ["page", "Miss", "Hit"]
        assert not any(stage.ran for stage in second.stages)
    assert len(origin.seen) == 1


CONFIG = """
[origins.site]
url = "http://127.0.0.1:9"

[functions.greet]
handler = "greet.py:handler"

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
viewer_request = "greet"
"""
GREET = """
def handler(event, context):
    print("greeting")
    return {"status": "200", "body": "from a process"}
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "edgerun.toml").write_text(CONFIG)
    (tmp_path / "greet.py").write_text(GREET)
    return tmp_path


@pytest.mark.process
def test_configured_functions_run_as_worker_processes(project):
    with Edge(project / "edgerun.toml", origins={"site": ScriptedOrigin()}) as made:
        answer = made.get("/")
        assert answer.text == "from a process"
        assert [line.strip() for line in answer.logs] == ["greeting"]


def test_a_callable_stands_for_a_configured_function(project):
    site = ScriptedOrigin({"/": respond(200, b"site")})
    with Edge(project / "edgerun.toml", origins={"site": site}, functions={"greet": passing}) as made:
        assert made.get("/").text == "site"
        assert [name for name, _ in made.calls] == ["greet"]


def test_a_configuration_as_a_mapping(tmp_path):
    (tmp_path / "a.txt").write_text("a file")
    config = {
        "origins": {"site": {"directory": str(tmp_path)}},
        "default_behavior": {"origin": "site", "cache_policy": "CachingOptimized"},
    }
    with Edge(config) as made:
        assert made.get("/a.txt").text == "a file"


def test_a_folder_as_the_origin(tmp_path):
    (tmp_path / "a.txt").write_text("a file")
    with Edge(origin=tmp_path) as made:
        assert made.get("/a.txt").text == "a file"


@pytest.mark.parametrize(
    ("config", "said"),
    [({"default_behavour": {}}, "did you mean"), ({}, "default_behavior"), ("nowhere/edgerun.toml", "there is no")],
)
def test_a_wrong_configuration_is_told(config, said):
    with pytest.raises(ConfigError, match=said):
        Edge(config)


def test_a_wrong_point_is_told():
    with pytest.raises(TypeError, match="there is no 'viewer_requests'; the points are viewer_request"):
        Edge(viewer_requests=passing)
