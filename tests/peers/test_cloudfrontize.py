"""The faults of cloudfrontize 2.x and of the schema of 3.0, one section each: what edgerun does instead.

| number | waits for | reason |
| --- | --- | --- |
| 2, origin groups | the part on origins | refused in the configuration, which is tested |
| 11, signed URLs, geo, TLS, imports | their parts | refused in the configuration, which is tested |
"""

import pytest
from peering import (
    ALL_FOUR,
    EVERY_POINT,
    GET,
    PAGE,
    PASSING,
    VIEWER_POINTS,
    Deployed,
    answers,
    edge,
    event_at,
    response_of,
    with_headers,
    with_request,
)
from plays import SITE, Play, behavior, changed, distribution

from edgerun.config.load import load
from edgerun.distribution.model import ErrorResponse
from edgerun.errors import ConfigError
from edgerun.testing import ScriptedOrigin
from edgerun.testing.origin import respond

CONFIG = """
[origins.site]
directory = "public"

[functions]
one = { handler = "one.py" }
two = { handler = "two.py" }

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "public").mkdir()
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text("def handler(event, context): ...\n")
    return tmp_path / "edgerun.toml"


# ---------------------------------------------------------------- 1


def test_origin_functions_run_on_a_miss_only_and_age_and_x_cache_tell():
    play = edge()
    first = play.get()
    play.clock.advance(5)
    second = play.get()
    assert play.ran == EVERY_POINT + VIEWER_POINTS
    assert (first.x_cache, first["Age"]) == ("Miss from cloudfront", None)
    assert (second.x_cache, second["Age"]) == ("Hit from cloudfront", "5")


# ---------------------------------------------------------------- 2


def test_an_http_origin_has_a_path_custom_headers_and_timeouts():
    origin = changed(SITE, path="/site", custom_headers={"X-Token": "t"}, read_timeout=7.0, keepalive_timeout=8.0)
    play = Play(behavior(origin=origin, points=ALL_FOUR), replies={"/site/a": PAGE}, functions=PASSING)
    assert play.get("/a").body == b"a page"
    assert play.origin.seen[0].headers.get(b"x-token") == b"t"
    seen = event_at(play, "origin-request")["request"]
    custom = seen["origin"]["custom"]
    assert (custom["path"], custom["readTimeout"], custom["keepaliveTimeout"]) == ("/site", 7, 8)
    assert custom["customHeaders"] == {"x-token": [{"key": "X-Token", "value": "t"}]}
    assert seen["uri"] == "/a"


def test_origin_groups_are_refused_rather_than_ignored(project):
    project.write_text(CONFIG + '[origin_groups.both]\norigins = ["site"]\n')
    with pytest.raises(ConfigError, match="origin_groups"):
        load(project)


# ---------------------------------------------------------------- 3


def test_the_behavior_is_chosen_by_the_viewers_path_and_never_again():
    api, other = ScriptedOrigin({"/pages/a": PAGE}), ScriptedOrigin()
    to_api = changed(SITE, name="api", host="api.example.org", domain_name="api.example.org")
    play = Play(
        distribution(
            behavior(points={"viewer_request": "default"}),
            behavior("/api/*", origin=to_api, points={"viewer_request": "vrq"}),
        ),
        functions={"vrq": with_request(uri="/pages/a"), "default": answers(500)},
        origins={"api.example.org": api, "origin.example.org": other},
    )
    assert play.get("/api/x").body == b"a page"
    assert (len(api.seen), len(other.seen)) == (1, 0)


# ---------------------------------------------------------------- 4


@pytest.mark.parametrize("point", ["vrq", "orq"])
def test_a_rewritten_uri_that_is_missing_is_a_404_and_the_original_is_not_tried(point):
    play = edge(replies={"/a": PAGE}, **{point: with_request(uri="/b")})
    assert play.get("/a").status == 404
    assert [request.path for request in play.origin.seen] == [b"/b"]


# ---------------------------------------------------------------- 5


def test_a_header_that_origin_response_removes_is_gone_and_several_values_stay_several():
    page = respond(200, b"x", server="nginx", x_powered_by="PHP")
    play = edge(
        replies={"/": page}, ors=with_headers(response_of, server=None, x_powered_by=None, link=["</a>", "</b>"])
    )
    answer = play.get()
    assert (answer["X-Powered-By"], answer["Server"]) == (None, None)
    assert answer.headers.get_all(b"link") == (b"</a>", b"</b>")


# ---------------------------------------------------------------- 6


def test_an_answer_made_at_origin_request_passes_viewer_response_and_is_cached():
    play = edge(orq=answers(200), vrs=with_headers(response_of, x_seen="yes"))
    first, second = play.get(), play.get()
    assert (first["X-Seen"], second["X-Seen"]) == ("yes", "yes")
    assert (first.body, second.body, second.x_cache) == (b"made here", b"made here", "Hit from cloudfront")
    assert play.ran == ["viewer-request", "origin-request", "viewer-response", *VIEWER_POINTS]


# ---------------------------------------------------------------- 7


def test_one_function_for_each_point_of_a_behavior(project):
    project.write_text(CONFIG + 'viewer_request = ["one", "two"]\n')
    with pytest.raises(ConfigError, match="viewer_request"):
        load(project)


# ---------------------------------------------------------------- 8


@pytest.mark.process
def test_a_syntax_error_is_a_503_in_html(tmp_path):
    source = "def handler(event, context:\n"
    with Deployed(tmp_path, {"auth.py": source}, {"viewer_request": "auth.handler"}) as deployed:
        answer = deployed.ask()
    assert (answer.status, answer["Content-Type"]) == (503, "text/html")
    assert answer.x_cache == "LambdaExecutionError from cloudfront"
    assert b"is invalid or doesn't have the required permissions" in answer.body


# ---------------------------------------------------------------- 9

LOOPS = """
def handler(event, context):
    print("before the loop")
    while True:
        pass
"""


@pytest.mark.process
def test_an_endless_loop_does_not_freeze_the_server(tmp_path):
    with Deployed(tmp_path, {"auth.py": LOOPS}, {"viewer_request": "auth.handler"}) as deployed:

        async def act(door):
            async with door.connection() as stuck:
                await stuck.send(GET % b"/")
                await deployed.line("before the loop")
                others = [await door.exchange(GET % b"/free") for _ in range(3)]
                await deployed.runtime.aclose()
                return others, await stuck.answer()

        others, (status, headers, _) = deployed.at_the_door(act)
    assert [answer.split()[1] for answer in others] == [b"200"] * 3
    assert (status, headers["x-cache"]) == (503, "LambdaExecutionError from cloudfront")


# ---------------------------------------------------------------- 10


def test_a_configuration_is_strict_unless_told_otherwise(project):
    project.write_text(CONFIG)
    assert load(project).config.strictness == "strict"


@pytest.mark.parametrize("size", [40_960, 40_961])
def test_the_limits_are_enforced_by_default(size):
    answer = edge(vrq=answers(200, body="x" * size)).get()
    assert answer.status == (200 if size == 40_960 else 502)


# ---------------------------------------------------------------- 11


@pytest.mark.process
def test_a_python_function_runs(tmp_path):
    source = "def handler(event, context):\n    return {'status': '200', 'body': 'python'}\n"
    with Deployed(tmp_path, {"auth.py": source}, {"viewer_request": "auth.handler"}) as deployed:
        assert deployed.ask().body == b"python"


def test_any_error_may_have_a_page_of_its_own():
    page = ErrorResponse(error_code=500, response_code=503, response_page_path="/sorry")
    play = edge(replies={"/": respond(500), "/sorry": respond(200, b"sorry")}, parts={"error_responses": {500: page}})
    assert (play.get().status, play.get().body) == (503, b"sorry")


def test_what_was_purged_is_fetched_anew():
    play = edge()
    play.get()
    play.purge("/*")
    assert play.get().x_cache == "Miss from cloudfront"


@pytest.mark.parametrize("key", ["geo_restriction", "viewer_certificate"])
def test_what_is_not_there_yet_is_refused_rather_than_ignored(project, key):
    project.write_text(f"{key} = {{}}\n" + CONFIG)
    with pytest.raises(ConfigError, match=key):
        load(project)
