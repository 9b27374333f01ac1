"""What CloudFront Functions are written for, in JavaScript of our own, through the whole pipeline and the engine."""

import base64
import hashlib
import hmac
import json
import time

import pytest
from plays import OBEDIENT, changed
from stage import Stage

from edgerun.distribution.managed import only
from edgerun.distribution.model import ErrorResponse
from edgerun.testing.origin import respond

pytestmark = pytest.mark.process

MISS = "Miss from cloudfront"
HIT = "Hit from cloudfront"
GENERATED = "FunctionGeneratedResponse from cloudfront"
PAGE = respond(200, b"a page", cache_control="max-age=3600")
BY_COUNTRY = changed(OBEDIENT, headers=only("CloudFront-Viewer-Country"))
SECRET = b"LzdWGpAToQ1DqYuzHxE6YOqi7G3X2yvNBot9mCXfx5k"


@pytest.fixture(params=["cloudfront", "cloudfront 1.0"])
def either(workers, request):
    """Return a maker of stages, for what both runtimes run."""
    return lambda name, point, **given: Stage(workers, name, request.param, point, **given)


@pytest.fixture
def current(workers):
    """Return a maker of stages, for what needs runtime 2.0."""
    return lambda name, point, **given: Stage(workers, name, "cloudfront", point, **given)


# ------------------------------------------------------------------------------ viewer-request


@pytest.mark.parametrize(
    ("path", "key"), [("/", "/index.html"), ("/a/b/", "/a/b/index.html"), ("/a", "/a/index.html"), ("/a.css", "/a.css")]
)
def test_folders_have_an_index(either, path, key):
    play = either("index_rewrite", "viewer_request", replies={key: PAGE})
    assert [play.ask(path).x_cache, play.ask(path).x_cache] == [MISS, HIT]
    assert [asked.path for asked in play.asked] == [key]


def test_visitors_from_one_country_are_sent_to_its_part(either):
    play = either("country_redirect", "viewer_request", replies={"/": PAGE}, cache_policy=BY_COUNTRY)
    german = play.ask("/", country="DE")
    assert (german.status, german["Location"], german.x_cache) == (302, "https://d.example/de/index.html", GENERATED)
    assert german.body == b""
    assert play.ask("/", country="US").status == 200
    assert play.ask("/").status == 200


def test_the_same_parameters_in_any_order_are_one_cache_entry(either):
    query = changed(OBEDIENT, query_strings=changed(OBEDIENT.query_strings, choice="all"))
    play = either("normalise_query", "viewer_request", replies={"/": PAGE}, cache_policy=query)
    assert play.ask("/?b=2&a=1&b=1&c").x_cache == MISS
    assert play.ask("/?c&b=1&a=1&b=2").x_cache == HIT
    assert [asked.query for asked in play.asked] == ["a=1&b=1&b=2&c="]


def test_an_origin_header_is_added_and_left_alone(either):
    policy = changed(OBEDIENT, headers=only("Origin"))
    play = either("origin_header", "viewer_request", replies={"/": PAGE}, cache_policy=policy)
    play.ask("/")
    play.ask("/", origin="https://other.example")
    assert [asked.headers["origin"] for asked in play.asked] == ["https://d.example", "https://other.example"]


def test_the_viewers_address_gets_a_header_of_its_own(either):
    policy = changed(OBEDIENT, headers=only("True-Client-IP"))
    play = either("true_client_ip", "viewer_request", replies={"/": PAGE}, cache_policy=policy)
    play.ask("/")
    assert play.asked[0].headers["true-client-ip"] == "198.51.100.23"


@pytest.mark.parametrize(("group", "key"), [("A", "/index.html"), ("B", "/b/index.html")])
def test_a_cookie_keeps_a_viewer_in_a_group(either, group, key):
    play = either("ab_cookie", "viewer_request", replies={key: PAGE})
    play.ask("/", cookies=[f"theme=dark; X-Group={group}"])
    assert play.asked[0].path == key


def test_without_a_cookie_both_groups_are_drawn(either):
    play = either("ab_cookie", "viewer_request", replies={"/index.html": PAGE, "/b/index.html": PAGE})
    for _ in range(40):
        play.ask("/")
    assert {asked.path for asked in play.asked} == {"/index.html", "/b/index.html"}


@pytest.mark.parametrize(("query", "names"), [("?a=1&utm_source=x&b", "a,b"), ("?utm_a=1", "none"), ("", "none")])
def test_parameters_become_a_header(either, query, names):
    policy = changed(OBEDIENT, headers=only("X-Parameters"))
    play = either("from_query", "viewer_request", replies={"/": PAGE}, cache_policy=policy)
    play.ask(f"/{query}")
    assert play.asked[0].headers["x-parameters"] == names


def token(secret=SECRET, **payload):
    def part(octets):
        return base64.urlsafe_b64encode(octets).rstrip(b"=")

    head = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(payload).encode())
    return (head + b"." + part(hmac.new(secret, head, hashlib.sha256).digest())).decode()


def test_a_token_opens_the_way_and_is_taken_out_of_the_query(current):
    query = changed(OBEDIENT, query_strings=changed(OBEDIENT.query_strings, choice="all"))
    play = current("verify_jwt", "viewer_request", replies={"/": PAGE}, cache_policy=query)
    answer = play.ask(f"/?a=1&jwt={token(sub='ann', exp=time.time() + 3600)}")
    assert (answer.status, answer.body) == (200, b"a page")
    assert [asked.query for asked in play.asked] == ["a=1"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        pytest.param("", None, id="none"),
        pytest.param("?jwt=a.b", "not three segments", id="no token"),
        pytest.param(f"?jwt={token(secret=b'another')}", "signature differs", id="forged"),
        pytest.param(f"?jwt={token(exp=1_000_000_000)}", "expired", id="expired"),
    ],
)
def test_a_token_that_is_not_good_is_a_401_of_the_functions_own(current, query, said):
    play = current("verify_jwt", "viewer_request", replies={"/": PAGE})
    answer = play.ask(f"/{query}")
    assert (answer.status, answer.x_cache, play.asked) == (401, GENERATED, [])
    assert play.printed == ([] if said is None else [f"refused: {said}"])


@pytest.mark.parametrize(
    ("path", "status", "to"), [("/docs", 301, "https://docs.example.com/"), ("/sale", 302, "/summer")]
)
def test_short_addresses_are_in_the_store(current, path, status, to):
    play = current("redirects", "viewer_request", replies={"/other": PAGE})
    answer = play.ask(path)
    assert (answer.status, answer["Location"]) == (status, to)
    assert play.ask("/other").body == b"a page"


def test_another_origin_for_some_countries(current):
    play = current("origin_by_country", "viewer_request", replies={"/a": PAGE, "/eu/b": PAGE}, cache_policy=BY_COUNTRY)
    assert play.ask("/a", country="US").status == 200
    assert play.ask("/b", country="FR").status == 200
    ours, theirs = play.asked
    assert (ours.origin.domain_name, "x-region" in ours.headers) == ("origin.example.org", False)
    assert (theirs.origin.domain_name, theirs.headers["host"]) == ("eu.example.com", "eu.example.com")
    assert (theirs.headers["x-region"], theirs.origin.read_timeout, theirs.origin.connection_timeout) == ("eu", 30, 5)


# ------------------------------------------------------------------------------ viewer-response


def test_security_headers_on_miss_and_hit_and_not_on_errors(either):
    play = either("security_headers", "viewer_response", replies={"/": PAGE})
    for expected in (MISS, HIT):
        answer = play.ask("/")
        assert (answer.x_cache, answer["X-Frame-Options"]) == (expected, "DENY")
        assert answer["Strict-Transport-Security"] == "max-age=63072000; includeSubdomains; preload"
    assert play.ask("/missing")["X-Frame-Options"] is None
    assert play.calls == 2


@pytest.mark.parametrize(
    ("origin", "own", "allowed"),
    [("https://a.example", "", "https://a.example"), ("", "", None), ("https://a.example", "*", "*")],
)
def test_a_cors_header_where_there_is_none(either, origin, own, allowed):
    sent = {"access_control_allow_origin": own} if own else {}
    play = either("cors", "viewer_response", replies={"/": respond(200, b"", **sent)})
    answer = play.ask("/", **({"origin": origin} if origin else {}))
    assert answer["Access-Control-Allow-Origin"] == allowed


@pytest.mark.parametrize(("own", "said"), [("", "public, max-age=63072000"), ("no-cache", "no-cache")])
def test_browsers_are_told_how_long_to_keep_it(current, own, said):
    sent = {"cache_control": own} if own else {}
    play = current("cache_control", "viewer_response", replies={"/": respond(200, b"", **sent)})
    assert play.ask("/")["Cache-Control"] == said


def test_a_cookie_beside_those_of_the_origin(either):
    cookies = changed(OBEDIENT, cookies=changed(OBEDIENT.cookies, choice="all"))
    own = respond(200, b"", set_cookie="a=1; Path=/")
    play = either("set_cookies", "viewer_response", replies={"/": own}, cache_policy=cookies)
    lines = [value for name, value in play.ask("/").headers if name == b"Set-Cookie"]
    assert lines == [b"a=1; Path=/", b"seen=1; Path=/; Secure; HttpOnly"]


# ------------------------------------------------------------------------------ what goes wrong


def test_an_endless_loop_ends_as_an_execution_error(workers, tmp_path):
    (tmp_path / "loops.js").write_text("function handler(event) { while (true) {} }")
    play = Stage(workers, "loops", "cloudfront", "viewer_request", root=tmp_path, replies={"/": PAGE})
    answer = play.ask("/")
    assert (answer.status, answer.x_cache) == (503, "FunctionExecutionError from cloudfront")


def test_what_the_check_refuses_is_an_execution_error_for_every_viewer(workers, tmp_path):
    (tmp_path / "spreads.js").write_text("function handler(event) { return {...event.request}; }")
    play = Stage(workers, "spreads", "cloudfront", "viewer_request", root=tmp_path, replies={"/": PAGE})
    assert play.ask("/").status == 503
    assert "not supported in this version" in str(play.failures[0])


def test_each_run_begins_anew(workers, tmp_path):
    (tmp_path / "counts.js").write_text(
        "var runs = 0;\nfunction handler(event) { runs += 1; return {statusCode: 200, body: String(runs)}; }"
    )
    play = Stage(workers, "counts", "cloudfront", "viewer_request", root=tmp_path)
    assert [play.ask("/").body, play.ask("/").body] == [b"1", b"1"]


def test_the_raw_query_is_a_method(workers, tmp_path):
    (tmp_path / "raw.js").write_text(
        "function handler(event) {\n"
        "    var raw = event.request.rawQueryString();\n"
        "    return {statusCode: 200, body: raw === undefined ? 'none' : '<' + raw + '>'};\n}"
    )
    play = Stage(workers, "raw", "cloudfront", "viewer_request", root=tmp_path)
    assert [play.ask(path).body for path in ("/", "/?", "/?b=1&a=%20")] == [b"none", b"<>", b"<b=1&a=%20>"]


def test_custom_data_is_taken(workers, tmp_path):
    (tmp_path / "custom.js").write_text(
        "import cf from 'cloudfront';\nfunction handler(event) { cf.logCustomData('a'); return event.request; }"
    )
    play = Stage(workers, "custom", "cloudfront", "viewer_request", root=tmp_path, replies={"/": PAGE})
    assert play.ask("/").status == 200


def test_an_error_page_does_not_hide_the_functions_own_answer(workers, tmp_path):
    (tmp_path / "closed.js").write_text("function handler(event) { return {statusCode: 403, body: 'closed'}; }")
    page = {403: ErrorResponse(error_code=403, response_page_path="/sorry")}
    play = Stage(workers, "closed", "cloudfront", "viewer_request", root=tmp_path, pages=page, replies={"/sorry": PAGE})
    assert play.ask("/").body == b"closed"
