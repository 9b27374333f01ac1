"""The faults of serverless-offline-edge-lambda 1.3.1, one section each: what edgerun does instead.

| number | waits for | reason |
| --- | --- | --- |
| 23, TLS | TLS to viewers | this version speaks plain HTTP/1.1; listening and purging are tested |
| 24 | nothing | two plugins that fight for one command of a framework: edgerun is a plugin of none |
"""

import base64
import hashlib
import json
import socket

import click
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
    fails,
    fetched,
    http_origin,
    request_of,
    returns,
    with_headers,
    with_request,
)
from plays import OBEDIENT, Play, behavior, changed, distribution

from edgerun.cli.root import cli
from edgerun.config.load import load
from edgerun.distribution.model import ALL_METHODS, Association, Choice, Selection
from edgerun.distribution.origins import DirectoryOrigin
from edgerun.errors import ConfigError
from edgerun.functions.function import Function
from edgerun.testing import ScriptedOrigin
from edgerun.testing.origin import respond

ALL_QUERIES = changed(OBEDIENT, query_strings=Selection(choice=Choice.ALL))
BINARY = bytes(range(256)) * 40

# ---------------------------------------------------------------- 1


def test_a_cached_entry_is_served_on_a_hit():
    play = edge()
    play.get()
    play.runtime.calls.clear()
    assert (play.get().body, play.get().x_cache) == (b"a page", "Hit from cloudfront")
    assert play.ran == VIEWER_POINTS * 2
    assert len(play.origin.seen) == 1


# ---------------------------------------------------------------- 2


def test_an_entry_keeps_its_status_and_headers():
    moved = respond(301, b"moved", location="/new", cache_control="max-age=60")
    play = edge(replies={"/old": moved})
    play.get("/old")
    again = play.get("/old")
    assert (again.status, again["Location"], again.x_cache) == (301, "/new", "Hit from cloudfront")


def test_an_entry_answers_only_the_query_it_was_made_for():
    play = edge(replies={"/": lambda r: respond(200, r.query, cache_control="max-age=60")}, changes={
        "cache_policy": ALL_QUERIES
    })  # fmt: skip
    assert [play.get(f"/?{query}").body for query in ("a=1", "a=2", "a=1")] == [b"a=1", b"a=2", b"a=1"]
    assert len(play.origin.seen) == 2


def test_an_entry_never_answers_a_post_and_expires():
    play = edge(changes={"allowed_methods": ALL_METHODS})
    play.get()
    assert play.run(lambda p: p.ask(method="POST")).x_cache == "Miss from cloudfront"
    play.clock.advance(61)
    assert play.get().x_cache == "Miss from cloudfront"


# ---------------------------------------------------------------- 3


def test_a_request_that_a_handler_returns_is_the_one_that_goes_on():
    play = edge(replies={"/b": PAGE}, vrq=with_request(uri="/b"))
    assert play.get("/a").body == b"a page"
    assert event_at(play, "origin-request")["request"]["uri"] == "/b"


def test_an_edit_in_place_that_is_not_returned_is_no_request():
    def forgets(event, context):
        request_of(event)["uri"] = "/b"

    play = edge(replies={"/a": PAGE, "/b": PAGE}, vrq=forgets)
    assert play.get("/a").status == 502
    assert play.origin.seen == []


# ---------------------------------------------------------------- 4


def test_each_point_tells_its_name_and_whose_request_it_is():
    play = edge()
    answer = play.get()
    configs = [event["Records"][0]["cf"]["config"] for _, event in play.runtime.calls]
    assert [config.pop("eventType") for config in configs] == EVERY_POINT
    assert (
        configs
        == [
            {
                "distributionDomainName": "d111111abcdef8.cloudfront.net",
                "distributionId": "EDGERUNDEMO001",
                "requestId": answer["X-Amz-Cf-Id"],
            }
        ]
        * 4
    )


# ---------------------------------------------------------------- 5


@pytest.mark.parametrize("status", [203, 404, 500])
def test_the_origins_status_and_headers_reach_the_viewer(status):
    play = edge(replies={"/": respond(status, b"<p>", content_type="text/html", x_own="kept")})
    answer = play.get()
    assert (answer.status, answer.body) == (status, b"<p>")
    assert (answer["Content-Type"], answer["X-Own"]) == ("text/html", "kept")


# ---------------------------------------------------------------- 6


def test_bytes_come_through_undamaged():
    play = edge(replies={"/": respond(200, BINARY, cache_control="max-age=60", content_type="font/woff2")})
    bodies = [play.get().body, play.get().body]
    assert [hashlib.sha256(body).digest() for body in bodies] == [hashlib.sha256(BINARY).digest()] * 2


def test_bytes_of_a_file_come_through_undamaged(tmp_path):
    (tmp_path / "a.gz").write_bytes(BINARY)
    (answer,) = fetched(
        DirectoryOrigin(name="site", directory=str(tmp_path), domain_name="b.s3.amazonaws.com"), "/a.gz"
    )
    assert answer.body == BINARY


# ---------------------------------------------------------------- 7


def test_the_query_string_reaches_an_http_origin():
    play = edge(changes={"cache_policy": ALL_QUERIES})
    play.get("/?b=2&a=1&a=%20")
    assert play.origin.seen[0].target == b"/?b=2&a=1&a=%20"


# ---------------------------------------------------------------- 8


def test_a_changed_origin_is_the_one_that_is_asked():
    def moves(event, context):
        request = request_of(event)
        request["origin"]["custom"] |= {"domainName": "other.example.org", "path": "/v2"}
        request["headers"]["host"] = [{"key": "Host", "value": "other.example.org"}]
        return request

    other = ScriptedOrigin({"/v2/": respond(200, b"other")})
    play = Play(behavior(points=ALL_FOUR), functions={**PASSING, "orq": moves}, origins={"other.example.org": other})
    assert play.get().body == b"other"
    assert play.origin.seen == []


# ---------------------------------------------------------------- 9


def test_a_refused_connection_is_a_502_and_the_next_request_is_answered():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    got = fetched(http_origin(port=port), "/a", "/b")
    assert [(answer.status, answer.x_cache) for answer in got] == [(502, "Error from cloudfront")] * 2


# ---------------------------------------------------------------- 10


@pytest.mark.process
@pytest.mark.node
def test_a_callback_with_an_error_is_a_503(tmp_path):
    source = "exports.handler = (event, context, callback) => callback(new Error('no'));"
    with Deployed(tmp_path, {"auth.cjs": source}, {"viewer_request": "auth.handler"}) as deployed:
        answer = deployed.ask()
    assert (answer.status, answer.x_cache) == (503, "LambdaExecutionError from cloudfront")


# ---------------------------------------------------------------- 11


@pytest.mark.parametrize("point", ["vrq", "orq", "ors", "vrs"])
def test_a_handler_that_returns_nothing_is_a_502(point):
    answer = edge(**{point: returns(None)}).get()
    assert (answer.status, answer.x_cache) == (502, "LambdaValidationError from cloudfront")
    assert b"The JSON output must be an object type." in answer.body


# ---------------------------------------------------------------- 12

CONTEXT = """
import json


def handler(event, context):
    said = [context.get_remaining_time_in_millis(), context.aws_request_id, context.log_group_name,
            context.log_stream_name, context.function_name]
    return {"status": "200", "body": json.dumps(said)}


def loops(event, context):
    while True:
        pass
"""


@pytest.mark.process
def test_the_context_knows_the_time_left_and_its_names(tmp_path):
    with Deployed(tmp_path, {"auth.py": CONTEXT}, {"viewer_request": "auth.handler"}, timeout=9) as deployed:
        left, *names = json.loads(deployed.ask().body)
    assert 0 < left <= 9_000
    assert all(names)


@pytest.mark.process
def test_a_handler_that_does_not_end_is_ended_at_its_timeout(tmp_path):
    with Deployed(tmp_path, {"auth.py": CONTEXT}, {"viewer_request": "auth.loops"}, timeout=0.2) as deployed:
        answer = deployed.ask()
    assert (answer.status, answer.x_cache) == (503, "LambdaExecutionError from cloudfront")


# ---------------------------------------------------------------- 13


def test_viewer_response_does_not_run_after_an_answer_of_viewer_request():
    play = edge(vrq=answers(200))
    play.get()
    assert play.ran == ["viewer-request"]


@pytest.mark.parametrize("status", [400, 404, 503])
def test_viewer_response_does_not_run_on_an_origins_error(status):
    play = edge(replies={"/": respond(status)})
    play.get()
    assert play.ran == EVERY_POINT[:3]


# ---------------------------------------------------------------- 14


def chosen(path, *patterns):
    """Return which of several behaviors a path gets: each one's function answers with its own pattern."""
    behaviors = [behavior(pattern, points={"viewer_request": f"f{n}"}) for n, pattern in enumerate(patterns)]
    default = behavior(points={"viewer_request": "default"})
    handlers = {f"f{n}": answers(200, body=pattern) for n, pattern in enumerate(patterns)}
    play = Play(distribution(default, *behaviors), functions={**handlers, "default": answers(200, body="default")})
    return play.get(path).body.decode()


@pytest.mark.parametrize(
    ("path", "patterns", "expected"),
    [
        pytest.param("/images/a.jpg", ("*.jpg", "/images/*"), "*.jpg", id="declared order"),
        pytest.param("/images/a.jpg", ("/images/*", "*.jpg"), "/images/*", id="the other order"),
        pytest.param("/a/b", ("/images/*",), "default", id="the default one is always last"),
        pytest.param("/v1", ("/v?",), "/v?", id="a question mark is any one character"),
        pytest.param("/v12", ("/v?",), "default", id="and only one"),
        pytest.param("/images/a.jpg", ("images/*",), "images/*", id="without a leading slash"),
        pytest.param("/a{b,c}", ("/a{b,c}",), "/a{b,c}", id="braces are themselves"),
    ],
)
def test_patterns_are_cloudfronts(path, patterns, expected):
    assert chosen(path, *patterns) == expected


# ---------------------------------------------------------------- 15

CONFIG = """
[origins.site]
directory = "public"

[functions]
one = { handler = "one.py" }
two = { handler = "two.py" }

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
viewer_request = "one"
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "public").mkdir()
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text("def handler(event, context): ...\n")
    return tmp_path / "edgerun.toml"


def test_two_functions_at_one_point_are_refused(project):
    project.write_text(CONFIG)
    assert load(project).config.distributions[0].default_behavior.viewer_request.function.name == "one"
    project.write_text(CONFIG + 'viewer_request = "two"\n')
    with pytest.raises(ConfigError):
        load(project)


def test_two_behaviors_of_one_pattern_are_not_silently_one(project):
    table = '[[behaviors]]\npath_pattern = "/a"\norigin = "site"\ncache_policy = "CachingOptimized"\nviewer_request = '
    tables = "".join(f'{table}"{name}"\n' for name in ("one", "two"))
    project.write_text(CONFIG + tables)
    with pytest.raises(ConfigError, match="/a"):
        load(project)


# ---------------------------------------------------------------- 16


def test_every_value_of_a_header_reaches_the_origin():
    play = edge(orq=with_headers(request_of, x_many=["1", "2"]))
    play.get()
    assert play.origin.seen[0].headers.get_all(b"x-many") == (b"1", b"2")


def test_a_headers_name_keeps_its_case():
    def adds(event, context):
        request_of(event)["headers"]["x-id"] = [{"key": "X-ID", "value": "1"}]
        return request_of(event)

    play = edge(orq=adds)
    play.get()
    assert (b"X-ID", b"1") in play.origin.seen[0].headers.lines
    assert event_at(play, "viewer-request")["request"]["headers"]["host"] == [{"key": "Host", "value": "shop.example"}]


# ---------------------------------------------------------------- 17


def with_body(point, name):
    function = Function(name=name, root="/", handler="fn.handler", runtime="python")
    points = {**ALL_FOUR, point: Association(function=function, include_body=True)}
    return Play(behavior(points=points, allowed_methods=ALL_METHODS), replies={"/": PAGE}, functions=PASSING)


def test_a_request_body_is_base64_in_an_object_where_it_is_included():
    play = with_body("viewer_request", "vrq")
    play.run(lambda p: p.ask(method="POST", body=b'{"a": 1}', cookie="a=1; b=2"))
    seen = event_at(play, "viewer-request")["request"]
    data = base64.b64encode(b'{"a": 1}').decode()
    assert seen["body"] == {"inputTruncated": False, "action": "read-only", "encoding": "base64", "data": data}
    assert "cookies" not in seen
    assert "body" not in event_at(play, "origin-request")["request"]


@pytest.mark.parametrize(
    ("point", "name", "event_type", "limit"),
    [
        ("viewer_request", "vrq", "viewer-request", 40_960),
        ("origin_request", "orq", "origin-request", 1_048_576),
    ],
)
def test_a_long_request_body_is_cut_for_the_function_and_whole_for_the_origin(point, name, event_type, limit):
    play = with_body(point, name)
    long = b"x" * (limit + 1)
    play.run(lambda p: p.ask(method="POST", body=long))
    seen = event_at(play, event_type)["request"]["body"]
    assert (seen["inputTruncated"], len(base64.b64decode(seen["data"]))) == (True, limit)
    assert play.origin.seen[0].body.data == long


# ---------------------------------------------------------------- 18


@pytest.mark.parametrize(
    ("point", "handler", "words"),
    [
        pytest.param("vrq", with_headers(request_of, host="other"), b"read-only header", id="read-only"),
        pytest.param("orq", with_headers(request_of, via=None), b"read-only header", id="read-only and deleted"),
        pytest.param("vrs", answers(200), b"", id="read-only and left out"),
        pytest.param("orq", with_headers(request_of, x_edge_a="1"), b"blacklisted header", id="disallowed"),
        pytest.param("orq", with_headers(request_of, connection="close"), b"blacklisted header", id="edge-only"),
        pytest.param("vrq", answers(200, body="x" * 40_961), b"exceeds the maximum size", id="over 40 KB"),
        pytest.param("orq", answers(200, body="x" * 1_048_577), b"exceeds the maximum size", id="over 1 MB"),
        pytest.param("vrq", answers(99), b"between 200 and 599", id="status"),
    ],
)
def test_what_the_tables_forbid_is_a_502(point, handler, words):
    page = respond(200, b"x", content_encoding="identity")
    answer = edge(replies={"/": page}, **{point: handler}).get()
    assert (answer.status, answer.x_cache) == (502, "LambdaValidationError from cloudfront")
    assert words in answer.body


# ---------------------------------------------------------------- 19

COUNTS = """
import os
import sys

calls = 0


def handler(event, context):
    global calls
    calls += 1
    words = [str(calls), os.getcwd(), os.environ.get("SECRET_OF_THE_HOST", "hidden"), str("edgerun" in sys.modules)]
    return {"status": "200", "body": " ".join(words)}
"""


@pytest.mark.process
def test_functions_share_no_globals_environment_or_folder_with_the_server_or_each_other(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_HOST", "told")
    sources = {"one.py": COUNTS, "two.py": "import one\nhandler = one.handler\n"}
    with Deployed(tmp_path, sources, {"viewer_request": "one.handler"}) as deployed:
        said = [deployed.ask().body.decode() for _ in range(2)]
        other = deployed.run(deployed.runtime.invoke(deployed.function("two.handler"), b"{}", label=""))
    assert said == [f"{count} {tmp_path} hidden False" for count in (1, 2)]
    assert json.loads(other.payload)["body"].startswith("1 ")


@pytest.mark.process
@pytest.mark.node
def test_an_es_module_is_a_function_too(tmp_path):
    source = "export const handler = async (event) => ({ status: '200', body: 'esm' });"
    with Deployed(tmp_path, {"auth.mjs": source}, {"viewer_request": "auth.handler"}) as deployed:
        assert deployed.ask().body == b"esm"


# ---------------------------------------------------------------- 20


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/a/..%2f..%2fsecret.txt", "/..\\secret.txt"])
def test_no_path_leads_out_of_a_folder(tmp_path, path):
    (tmp_path / "public").mkdir()
    (tmp_path / "secret.txt").write_text("treasure")
    origin = DirectoryOrigin(name="site", directory=str(tmp_path / "public"), domain_name="b.s3.amazonaws.com")
    (answer,) = fetched(origin, path)
    assert answer.status in {400, 403, 404}
    assert b"treasure" not in answer.body


# ---------------------------------------------------------------- 21


@pytest.mark.parametrize(
    ("handler", "status", "word"),
    [(fails, 503, "LambdaExecutionError"), (returns([]), 502, "LambdaValidationError")],
)
def test_a_failure_is_cloudfronts_page_without_a_stack(handler, status, word):
    answer = edge(vrq=handler).get()
    assert (answer.status, answer["Content-Type"], answer["Server"]) == (status, "text/html", "CloudFront")
    assert answer.x_cache == f"{word} from cloudfront"
    assert f"<H1>{status} ERROR</H1>".encode() in answer.body
    assert f"Request ID: {answer['X-Amz-Cf-Id']}".encode() in answer.body
    assert b"Traceback" not in answer.body
    assert b"broken" not in answer.body


# ---------------------------------------------------------------- 22


def s3_of(domain_name):
    origin = DirectoryOrigin(name="site", directory="/", domain_name=domain_name, path="/site")
    play = Play(
        behavior(origin=origin, points=ALL_FOUR),
        functions=PASSING,
        origins={domain_name: ScriptedOrigin({"/site/": PAGE})},
    )
    play.get()
    return event_at(play, "origin-request")["request"]["origin"]["s3"]


def test_an_s3_origin_has_its_own_name_and_path():
    seen = s3_of("bucket.s3.us-east-1.amazonaws.com")
    assert (seen["domainName"], seen["path"]) == ("bucket.s3.us-east-1.amazonaws.com", "/site")
    assert (seen["authMethod"], seen["region"]) == ("none", "us-east-1")


def test_an_s3_origin_has_its_own_region():
    assert s3_of("bucket.s3.eu-west-1.amazonaws.com")["region"] == "eu-west-1"


# ---------------------------------------------------------------- 23


@pytest.mark.parametrize("command", ["dev", "serve"])
def test_only_this_machine_is_listened_to_unless_told_otherwise(command):
    found = cli.get_command(click.Context(cli), command)
    (host,) = [option for option in found.params if option.name == "host"]
    assert host.default == "127.0.0.1"


@pytest.mark.process
def test_a_viewer_cannot_purge(tmp_path):
    source = "def handler(event, context):\n    return event['Records'][0]['cf']['request']\n"
    with Deployed(tmp_path, {"auth.py": source}, {"viewer_request": "auth.handler"}) as deployed:

        async def act(door):
            return [
                await door.exchange(GET % b"/"),
                await door.exchange((GET % b"/").replace(b"GET", b"PURGE")),
                await door.exchange(GET % b"/"),
            ]

        first, purge, second = deployed.at_the_door(act)
    assert first.startswith(b"HTTP/1.1 200")
    assert purge.startswith((b"HTTP/1.1 400", b"HTTP/1.1 403"))
    assert b"Hit from cloudfront" in second
