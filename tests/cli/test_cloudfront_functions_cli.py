"""`edgerun invoke`, `check` and `logs` with CloudFront Functions."""

import json

import pytest

pytestmark = pytest.mark.process

SITE = """\
[origins.site]
directory = "public"

[key_value_stores.words]
file = "words.json"

[functions]
light = { handler = "light.js", runtime = "cloudfront-js-2.0", key_value_store = "words" }
marks = { handler = "marks.js" }

[cache_policies.by_country]
headers = ["CloudFront-Viewer-Country"]

[default_behavior]
origin = "site"
cache_policy = "by_country"
viewer_request = "light"
viewer_response = "marks"
"""
LIGHT = """\
import cf from 'cloudfront';

async function handler(event) {
    const request = event.request;
    console.log('asked for ' + request.uri);
    switch (request.uri) {
    case '/gone': return {statusCode: 410, body: await cf.kvs().get('gone')};
    case '/up': request.headers['X-Up'] = {value: 'a'}; break;
    case '/throw': throw new RangeError('too far');
    case '/spare': cf.updateRequestOrigin({domainName: 'spare.example.com'}); break;
    case '/nothing': return;
    }
    return request;
}
"""
MARKS = """\
function handler(event) {
    event.response.headers['x-mark'] = {value: event.response.headers['x-a'].value};
    return event.response;
}
"""


@pytest.fixture
def light(tmp_path, monkeypatch):
    """A project with CloudFront Functions; the working directory."""
    (tmp_path / "public").mkdir()
    for name, text in {
        "edgerun.toml": SITE,
        "light.js": LIGHT,
        "marks.js": MARKS,
        "words.json": '{"gone": "with the wind"}',
    }.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_request_is_printed_with_what_it_logged_and_took(light, command):
    ended = command("invoke", "light", "--uri", "/a?b=1", "--country", "DE", "-H", "cookie: c=2")
    assert ended.code == 0
    result = json.loads(ended.out)
    assert (result["uri"], result["querystring"]) == ("/a", {"b": {"value": "1"}})
    assert result["headers"]["cloudfront-viewer-country"] == {"value": "DE"}
    assert result["cookies"] == {"c": {"value": "2"}}
    logged, fine = ended.err.splitlines()
    assert logged == "light │ asked for /a"
    assert fine.startswith("fine: ")
    assert fine.endswith(" % of the time that CloudFront allows")


def test_a_generated_response_is_printed(light, command):
    ended = command("invoke", "light", "--event", "viewer-request", "--uri", "/gone")
    assert (ended.code, json.loads(ended.out)) == (0, {"statusCode": 410, "body": "with the wind"})


def test_a_response_is_printed(light, command):
    ended = command("invoke", "marks", "-H", "X-A: b", "--status", "201")
    response = json.loads(ended.out)
    assert (response["statusCode"], response["headers"]["x-mark"]) == (201, {"value": "b"})


def test_a_refusal_has_cloudfronts_rule(light, command):
    ended = command("invoke", "light", "--uri", "/up")
    assert ended.code == 1
    assert "AWS would refuse this: Names of headers are in lower case" in ended.err
    assert "  rule   C301\n  path   request.headers\n" in ended.err
    nothing = command("invoke", "light", "--uri", "/nothing")
    assert "rule   C101" in nothing.err
    assert "in JavaScript undefined" in nothing.err


def test_an_exception_is_told_with_its_place(light, command):
    ended = command("invoke", "light", "--uri", "/throw")
    assert (ended.code, ended.out) == (1, "")
    assert "the function failed: RangeError: too far\n" in ended.err
    assert f"{light}/light.js:9:" in ended.err


def test_a_chosen_origin_is_told(light, command):
    ended = command("invoke", "light", "--uri", "/spare")
    assert 'cf.updateRequestOrigin: {"domainName": "spare.example.com"}\n' in ended.err
    told = json.loads(command("invoke", "light", "--uri", "/spare", "--json").out)
    assert told["origin"] == [{"method": "updateRequestOrigin", "params": {"domainName": "spare.example.com"}}]
    assert told["utilization"] in range(101)


def test_an_event_may_leave_out_what_testfunction_does_not_want(light, command):
    (light / "event.json").write_text('{"request": {"method": "GET", "uri": "/x", "headers": {"a": {"value": "b"}}}}')
    ended = command("invoke", "light", "--event-file", "event.json")
    assert ended.code == 0
    result = json.loads(ended.out)
    assert (result["uri"], result["headers"], result["cookies"]) == ("/x", {"a": {"value": "b"}}, {})
    (light / "event.json").write_text('{"request": 5}')
    assert "expected request to be an object" in command("invoke", "light", "--event-file", "event.json").err


def test_only_viewer_points_can_be_asked_for(light, command):
    ended = command("invoke", "light", "--event", "origin-request")
    assert ended.code == 2
    assert "it runs at viewer points only" in ended.err


def test_many_calls_have_their_price(light, command):
    told = json.loads(command("invoke", "light", "--repeat", "3", "--rate", "1M/month", "--json").out)
    assert (told["failed"], told["warm"]) == (0, 3)
    assert told["price"]["service"] == "CloudFront Functions"


def test_check_names_them_and_finds_nothing(light, command):
    ended = command("check")
    assert (ended.code, ended.err) == (0, "")
    assert "      viewer-request: light (cloudfront-js-2.0 light.js)\n" in ended.out
    assert ended.out.endswith("edgerun.toml: fine\n")


def test_check_finds_what_cloudfront_would_not_run(light, command):
    (light / "light.js").write_text(LIGHT.replace("return request;", "for (const x of []) {}\n    return request;"))
    ended = command("check")
    assert ended.code == 1
    assert '\nlight.js:13: Token "of" not supported in this version (js-for-of)\n' in ended.out
    assert "could not run. SyntaxError: Token" in ended.out
    told = json.loads(command("check", "--json").out)
    assert [(found["code"], found["line"]) for found in told["findings"]] == [("js-for-of", 13)]


def test_check_warns_of_what_may_fail(light, command):
    (light / "marks.js").write_text(MARKS.replace("return", "console.log('a', 'b');\n    return"))
    ended = command("check")
    assert ended.code == 0
    assert "\nmarks.js:3: warning: " in ended.out
    assert json.loads(command("check", "--json").out)["warnings"][0]["function"] == "marks"


def test_check_finds_code_that_is_too_long_or_unreadable(light, command):
    (light / "marks.js").write_text(MARKS + "// " + "x" * 10_240)
    assert "(js-size)" in command("check").out
    (light / "marks.js").write_bytes(b"function handler(event) { return event.response || '\xff'; }")
    told = command("check")
    assert (told.code, "cannot be read: it is not UTF-8 (handler-file-unreadable)" in told.out) == (1, True)
