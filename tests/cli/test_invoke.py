"""`edgerun invoke`: one call, its result or what AWS would refuse."""

import json
import shutil

import pytest

from edgerun.cli.invoke import shortened

pytestmark = pytest.mark.process
WITH_NODE = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")


def test_a_result_is_printed_and_the_rest_kept_apart(project, command):
    ended = command(
        "invoke", "greet", "--event", "viewer-request", "--uri", "/?a=1", "-H", "cookie: a=b", "-H", "Cookie: c=d"
    )
    assert ended.code == 0
    result = json.loads(ended.out)
    assert (result["uri"], result["querystring"]) == ("/", "a=1")
    assert [line["value"] for line in result["headers"]["cookie"]] == ["a=b", "c=d"]
    assert "greet │ asked for /\n" in ended.err
    assert "fine: " in ended.err


def test_a_refusal_names_rule_path_value_and_fix(project, command):
    ended = command("invoke", "greet", "--uri", "/crlf")
    assert ended.code == 1
    lines = ended.err.splitlines()
    assert lines[1].startswith("greet at viewer-request, request ")
    assert lines[2].startswith("AWS would refuse this: A header's value has no control characters")
    assert lines[3:6] == ["  rule   L307", "  path   headers.x-a[0].value", '  value  "a\\r\\nb: c"']
    assert lines[6].startswith("  fix    ")
    assert json.loads(ended.out)["status"] == "200"


def test_a_forgotten_return_is_refused(project, command):
    ended = command("invoke", "greet", "--uri", "/nothing")
    assert (ended.code, ended.out) == (1, "null\n")
    assert "a forgotten return statement" in ended.err


def test_an_exception_shows_the_user_s_own_frames_once(project, command):
    ended = command("invoke", "greet", "--uri", "/raise")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines() == [
        "greet │ asked for /raise",
        *[line for line in ended.err.splitlines() if line.startswith("greet at viewer-request, request ")],
        "the function failed: KeyError: 'who are you?'",
        f'  File "{project}/greet.py", line 7, in handler',
        "    return helper(request)",
        *[line for line in ended.err.splitlines() if "^" in line],
        f'  File "{project}/greet.py", line 16, in helper',
        '    raise KeyError("who are you?")',
    ]


@WITH_NODE
@pytest.mark.node
def test_a_node_function_is_called_alike(project, command):
    fine = command("invoke", "shout", "--event", "viewer-request", "--uri", "/abc")
    assert json.loads(fine.out) == {"status": "200", "body": "/ABC"}
    assert fine.err.startswith("shout │ loud\n")
    bad = command("invoke", "shout", "--event", "viewer-request", "--uri", "/raise")
    assert bad.code == 1
    assert "\nthe function failed: RangeError: too loud\n" in bad.err
    assert f"{project}/shout.js:3:" in bad.err
    assert "node:internal" not in bad.err
    assert "node_host" not in bad.err


def test_everything_as_one_json_object(project, command):
    ended = command("invoke", "greet", "--json", "--uri", "/crlf")
    assert (ended.code, ended.err) == (1, "")
    found = json.loads(ended.out)
    assert (found["function"], found["event"], found["logs"]) == ("greet", "viewer-request", ["asked for /crlf"])
    assert (found["error"]["rule"], found["error"]["path"]) == ("L307", "headers.x-a[0].value")


def test_a_response_event(project, command):
    ended = command("invoke", "greet", "--event", "origin-response", "--status", "404", "-H", "X-A: b")
    result = json.loads(ended.out)
    assert (ended.code, result["status"]) == (0, "404")
    assert result["headers"]["x-a"] == [{"key": "X-A", "value": "b"}]


def test_an_event_of_one_s_own(project, command):
    event = {"Records": [{"cf": {"config": {}, "request": {"method": "GET", "uri": "/own", "headers": {}}}}]}
    (project / "event.json").write_text(json.dumps(event))
    ended = command("invoke", "greet", "--event-file", "event.json")
    assert "greet │ asked for /own" in ended.err


def test_a_function_that_cannot_start(project, command):
    (project / "greet.py").write_text("import nothing_of_the_kind\n")
    ended = command("invoke", "greet")
    assert ended.code == 1
    assert "the function failed: Unable to import module 'greet': No module named 'nothing_of_the_kind'" in ended.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["greeet"], "no function 'greeet' in the configuration; did you mean 'greet'?", id="misspelt"),
        pytest.param(["zzz"], "no function 'zzz' in the configuration; there are greet, shout", id="unknown"),
        pytest.param(["shout"], "'shout' is associated with no event: say which with --event", id="no event"),
        pytest.param(["greet", "--event", "viewer"], "'viewer' is not one of 'viewer-request'", id="no such event"),
        pytest.param(["greet", "-H", "cookie"], "expected 'name: value'", id="a header without a colon"),
        pytest.param(["greet", "-H", "a b: c"], "expected 'name: value'", id="a header name with a space"),
        pytest.param(["greet", "-H", "a: b\nc: d"], "expected 'name: value'", id="two headers in one"),
        pytest.param(["greet", "--uri", "page"], "expected a path such as", id="a URI without a slash"),
        pytest.param(["greet", "--uri", "/ä b"], "percent-encoded", id="a URI that is not encoded"),
        pytest.param(["greet", "-X", "G T"], "expected a method", id="a method with a space"),
        pytest.param(["greet", "--status", "99"], "99 is not in the range", id="a status out of range"),
        pytest.param(["greet", "--event-file", "none.json"], "No such file", id="no event file"),
        pytest.param(["greet", "--event-file", "greet.py"], "greet.py:1:1: is not JSON", id="an event that is no JSON"),
        pytest.param(["greet", "--event-file", "list.json"], "expected an object", id="an event that is no object"),
    ],
)
def test_what_cannot_be_called_ends_with_2_and_says_why(project, command, words, says):
    (project / "list.json").write_text("[]")
    ended = command("invoke", *words)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
    assert "Traceback" not in ended.err


# ---------------------------------------------------------------- levels, root object, behaviors

SEVERAL = """\
[functions.both]
handler = "both.py"

[[behaviors]]
path_pattern = "/api/*"
origin = "site"
cache_policy = "CachingOptimized"
origin_request = "both"
"""
BOTH = """\
def handler(event, context):
    cf = event["Records"][0]["cf"]
    request = cf["request"]
    print(cf["config"]["eventType"], request["uri"])
    kind = request["uri"].strip("/")
    if kind == "method":
        return {**request, "method": "PUT"}
    if kind == "code":
        return {"statusCode": 201}
    if kind == "large":
        return {"status": 200, "body": "x" * 50_000}
    return request
"""


@pytest.fixture
def several(project):
    """A project whose function is used at two points, by two behaviors, behind a default root object."""
    text = (project / "edgerun.toml").read_text().replace('viewer_request = "greet"', 'viewer_request = "both"')
    (project / "edgerun.toml").write_text('default_root_object = "index.html"\n' + text + SEVERAL)
    (project / "both.py").write_text(BOTH)
    return project


@pytest.mark.parametrize(
    ("uri", "level", "code", "says"),
    [
        pytest.param("/method", None, 0, "warning L505 method", id="an open reading warns"),
        pytest.param("/method", "--pedantic", 1, "  rule   L505", id="and is refused when pedantic"),
        pytest.param("/code", None, 1, "  rule   L103", id="a refusal"),
        pytest.param("/code", "--lenient", 0, "statusCode for status", id="is forgiven when lenient"),
        pytest.param("/large", None, 1, "  limit  40,960 bytes at viewer points", id="a limit is told"),
        pytest.param("/large", "--lenient", 0, "warning L708 body", id="and forgiven when lenient"),
    ],
)
def test_the_levels_are_those_of_serve(several, command, uri, level, code, says):
    ended = command("invoke", "both", "--uri", uri, *([level] if level else []))
    assert ended.code == code
    assert says in ended.err


@pytest.mark.parametrize(
    ("uri", "seen"),
    [
        ("/", "viewer-request /index.html"),
        ("/a", "viewer-request /a"),
        ("/api/b", "origin-request /api/b"),
    ],
)
def test_the_behavior_that_takes_the_uri_and_its_root_object_count(several, command, uri, seen):
    assert f"both │ {seen}\n" in command("invoke", "both", "--uri", uri).err


def test_point_request_and_level_are_in_the_json(several, command):
    told = json.loads(command("invoke", "both", "--json", "--pedantic", "--uri", "/large").out)
    assert (told["function"], told["event"], told["level"]) == ("both", "viewer-request", "pedantic")
    assert len(told["request_id"]) > 20
    assert told["error"]["limit"].startswith("40,960 bytes")


def test_long_texts_of_a_result_are_short_on_a_terminal_only():
    shown = shortened({"body": "x" * 50_000, "headers": {"a": [{"value": "y" * 501}, 1, None]}})
    assert shown["body"].endswith("x… (50,000 characters)")
    assert len(shown["body"]) < 600
    assert shown["headers"]["a"][1:] == [1, None]
