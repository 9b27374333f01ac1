"""The faults of localemu 1.3.2, one section each: what edgerun does instead.

| number | waits for | reason |
| --- | --- | --- |
| 2, `Vary` | nothing | CloudFront's key never follows it either: `tests/distribution/test_forward.py` |
| 10, CloudFront Functions, signed URLs | their parts | refused in the configuration |
| 11, match-viewer | TLS to viewers | an origin has the scheme of its URL; certificates are tested |
"""

import asyncio
import base64
import shutil
import ssl
import subprocess

import pytest
from peering import (
    ALL_FOUR,
    EVERY_POINT,
    PAGE,
    PASSING,
    Deployed,
    answers,
    asked,
    edge,
    event_at,
    fails,
    http_origin,
    request_of,
    response_of,
    returns,
    with_headers,
    with_request,
)
from plays import MANAGED, MANAGED_ORIGIN, OBEDIENT, Play, behavior, changed, distribution
from plays import request as plain_request

from edgerun.app import Edge
from edgerun.distribution.model import (
    ALL_METHODS,
    Association,
    Choice,
    Config,
    ErrorResponse,
    Selection,
    StoreConfig,
)
from edgerun.functions.function import Function
from edgerun.testing.origin import respond

# ---------------------------------------------------------------- 1


def test_every_behavior_has_its_own_functions():
    play = Play(
        distribution(behavior(), behavior("/api/*", points={"viewer_request": "api"})),
        replies={"/": PAGE},
        functions={"api": answers(200)},
    )
    assert [play.get(path).body for path in ("/", "/api/x")] == [b"a page", b"made here"]


# ---------------------------------------------------------------- 2

LIMITS = changed(OBEDIENT, min_ttl=5, default_ttl=20, max_ttl=100)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, 20, id="nothing said: the default TTL"),
        pytest.param({"cache_control": "max-age=50"}, 50, id="max-age"),
        pytest.param({"cache_control": "max-age=50, s-maxage=30"}, 30, id="s-maxage"),
        pytest.param({"cache_control": "max-age=1"}, 5, id="the minimum TTL"),
        pytest.param({"cache_control": "max-age=500"}, 100, id="the maximum TTL"),
        pytest.param({"expires": "Tue, 07 Apr 2026 10:00:40 GMT"}, 40, id="Expires"),
    ],
)
def test_an_object_lives_as_long_as_origin_and_policy_say(headers, seconds):
    play = edge(replies={"/": respond(200, b"x", **headers)}, changes={"cache_policy": LIMITS})
    play.get()
    play.clock.advance(seconds - 1)
    assert play.get().x_cache == "Hit from cloudfront"
    play.clock.advance(1)
    assert play.get().x_cache == "Miss from cloudfront"


def test_no_store_is_not_stored():
    play = edge(replies={"/": respond(200, b"x", cache_control="no-store")})
    assert [play.get().x_cache for _ in range(2)] == ["Miss from cloudfront"] * 2


@pytest.mark.parametrize(
    ("headers", "above_0"),
    [
        pytest.param({"vary": "*"}, True, id="Vary: *"),
        pytest.param({"cache_control": "no-cache"}, True, id="no-cache"),
        pytest.param({"cache_control": "private"}, True, id="private"),
        pytest.param({"vary": "Accept-Language"}, True, id="Vary of a header that is not in the key"),
    ],
)
def test_vary_and_directives_count_as_the_minimum_ttl_has_it(headers, above_0):
    reply = respond(200, b"x", **headers)
    for policy, hit in ((OBEDIENT, "vary" in headers and headers["vary"] != "*"), (LIMITS, above_0)):
        play = edge(replies={"/": reply}, changes={"cache_policy": policy})
        play.get()
        assert (play.get().x_cache == "Hit from cloudfront") is hit


def test_errors_and_redirects_are_cached():
    play = edge(replies={"/moved": respond(302, location="/", cache_control="max-age=60")})
    for path in ("/moved", "/moved", "/gone", "/gone"):
        play.get(path)
    assert [request.path for request in play.origin.seen] == [b"/moved", b"/gone"]


def test_methods_that_change_things_are_not_cached():
    play = edge(changes={"allowed_methods": ALL_METHODS})
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert [play.run(lambda p, m=method: p.ask(method=m)).x_cache for _ in range(2)] == ["Miss from cloudfront"] * 2
    assert len(play.store) == 0


# ---------------------------------------------------------------- 3


def test_two_viewers_with_different_cookies_share_nothing_where_cookies_count():
    policy = changed(OBEDIENT, cookies=Selection(choice=Choice.ONLY, names=frozenset({b"user"})))
    play = edge(
        replies={"/": lambda r: respond(200, r.headers.get(b"cookie"), cache_control="max-age=60")},
        changes={"cache_policy": policy},
    )
    assert [play.get(cookie=f"user={name}; other=1").body for name in "aba"] == [b"user=a", b"user=b", b"user=a"]
    assert len(play.origin.seen) == 2


def test_the_order_of_the_query_makes_another_object():
    policy = changed(OBEDIENT, query_strings=Selection(choice=Choice.ALL))
    play = edge(changes={"cache_policy": policy})
    assert [play.get(path).x_cache.partition(" ")[0] for path in ("/?a&b", "/?a&b", "/?a=1")] == ["Miss", "Hit", "Miss"]


# ---------------------------------------------------------------- 4


def test_the_origin_gets_the_viewers_method_body_query_and_headers():
    play = edge(
        changes={
            "allowed_methods": ALL_METHODS,
            "cache_policy": MANAGED["CachingDisabled"],
            "origin_request_policy": MANAGED_ORIGIN["AllViewer"],
        }
    )
    play.run(lambda p: p.ask("/?a=1", method="PUT", body=b"\x00\xff", x_own="kept", cookie="a=1"))
    (seen,) = play.origin.seen
    assert (seen.method, seen.target, seen.body.data) == ("PUT", b"/?a=1", b"\x00\xff")
    assert (seen.headers.get(b"x-own"), seen.headers.get(b"cookie")) == (b"kept", b"a=1")


# ---------------------------------------------------------------- 5


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        pytest.param(fails, 503, id="crashes"),
        pytest.param(returns("junk"), 502, id="returns junk"),
        pytest.param(returns({}), 502, id="returns nothing useful"),
    ],
)
@pytest.mark.parametrize("point", ["vrq", "orq"])
def test_a_broken_guard_lets_nobody_in(point, handler, status):
    play = edge(**{point: handler})
    answer = play.get()
    assert (answer.status, b"a page" in answer.body) == (status, False)
    assert play.origin.seen == []


@pytest.mark.parametrize("point", ["ors", "vrs"])
def test_a_broken_response_function_shows_nothing_of_the_page(point):
    answer = edge(**{point: fails}).get()
    assert (answer.status, b"a page" in answer.body) == (503, False)


@pytest.mark.process
@pytest.mark.parametrize(
    "body",
    ["while True:\n        pass", "import os\n    os._exit(1)", "raise ValueError"],
    ids=["loop", "exit", "raise"],
)
def test_a_guard_that_dies_lets_nobody_in(tmp_path, body):
    source = f"def handler(event, context):\n    {body}\n"
    with Deployed(tmp_path, {"auth.py": source}, {"viewer_request": "auth.handler"}, timeout=0.2) as deployed:
        assert deployed.ask().status == 503
        assert deployed.origin.seen == []


# ---------------------------------------------------------------- 6


def including(point, name, handler):
    function = Function(name=name, root="/", handler="fn.handler", runtime="python")
    points = {**ALL_FOUR, point: Association(function=function, include_body=True)}
    default = behavior(points=points, allowed_methods=ALL_METHODS)
    return Play(default, replies={"/": PAGE}, functions={**PASSING, name: handler})


def test_a_function_is_not_skipped_for_a_large_event():
    play = including("origin_request", "orq", answers(403))
    answer = play.run(lambda p: p.ask(method="POST", body=b"x" * 3_000_000))
    assert (answer.status, play.origin.seen) == (403, [])


# ---------------------------------------------------------------- 7


def test_viewer_response_is_not_run_on_short_circuits_and_errors():
    answered, failed, missing = edge(vrq=answers(200)), edge(orq=fails), edge(replies={})
    for play in (answered, failed, missing):
        play.get()
    assert answered.ran == EVERY_POINT[:1]
    assert failed.ran == EVERY_POINT[:2]
    assert missing.ran == EVERY_POINT[:3]


# ---------------------------------------------------------------- 8


def without(name):
    return lambda event, context: {key: value for key, value in request_of(event).items() if key != name}


def test_a_request_without_uri_is_a_502():
    assert edge(vrq=without("uri")).get().status == 502


def test_a_request_without_method_keeps_the_viewers():
    play = edge(changes={"allowed_methods": ALL_METHODS}, vrq=without("method"))
    play.run(lambda p: p.ask(method="DELETE"))
    assert play.origin.seen[0].method == "DELETE"


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param(lambda event, context: event, id="the whole event"),
        pytest.param(lambda event, context: {"request": request_of(event)}, id="a wrapped request"),
        pytest.param(lambda event, context: {"response": {"status": "200"}}, id="a wrapped response"),
    ],
)
def test_an_envelope_is_a_502(handler):
    answer = edge(vrq=handler).get()
    assert (answer.status, answer.x_cache) == (502, "LambdaValidationError from cloudfront")


def test_two_cookies_stay_two_lines():
    answer = edge(vrs=with_headers(response_of, set_cookie=["a=1; Expires=Tue, 07 Apr 2026 10:00:00 GMT", "b=2"])).get()
    assert answer.headers.get_all(b"set-cookie") == (b"a=1; Expires=Tue, 07 Apr 2026 10:00:00 GMT", b"b=2")


def test_an_entry_without_key_gets_its_name_from_the_entry():
    answer = edge(vrs=with_headers(response_of, x_own="1")).get()
    assert (b"X-Own", b"1") in answer.headers.lines
    assert all(name for name, _ in answer.headers.lines)


# ---------------------------------------------------------------- 9


@pytest.mark.parametrize("body", [b"plain text", b"\xff\x00", b""], ids=["text", "bytes", "empty"])
def test_a_body_in_an_event_is_always_base64(body):
    play = including("viewer_request", "vrq", PASSING["vrq"])
    play.run(lambda p: p.ask(method="POST", body=body))
    seen = event_at(play, "viewer-request")["request"]["body"]
    assert (seen["encoding"], base64.b64decode(seen["data"])) == ("base64", body)


@pytest.mark.parametrize(
    "new",
    [{"action": "replace", "encoding": "text", "data": "new"}, {"action": "replace", "data": "bmV3"}],
    ids=["text", "base64"],
)
def test_a_replaced_body_is_what_the_origin_gets(new):
    play = including("viewer_request", "vrq", with_request(body=new))
    play.run(lambda p: p.ask(method="POST", body=b"something else"))
    (seen,) = play.origin.seen
    assert (seen.body.data, seen.headers.get(b"content-length")) == (b"new", b"3")


# ---------------------------------------------------------------- 10


def test_the_origin_is_in_the_event():
    play = edge()
    play.get()
    assert event_at(play, "origin-request")["request"]["origin"]["custom"]["domainName"] == "origin.example.org"


def test_the_root_has_a_default_object_and_an_error_a_page():
    page = ErrorResponse(error_code=404, response_code=404, response_page_path="/404.html")
    play = edge(
        replies={"/index.html": PAGE, "/404.html": respond(200, b"sorry")},
        parts={"default_root_object": "index.html", "error_responses": {404: page}},
    )
    assert (play.get("/").body, play.get("/gone").body) == (b"a page", b"sorry")


@pytest.mark.parametrize(
    ("pattern", "gone"),
    [
        ("/a/*", {"/a/1"}),
        ("/[ab]", {"/[ab]"}),
        ("/*b]", set()),
        ("/a/?", set()),
        ("/*", {"/a/1", "/[ab]", "/b"}),
    ],
)
def test_an_invalidation_path_knows_only_a_star_at_its_end(pattern, gone):
    paths = ("/a/1", "/[ab]", "/b")
    play = edge(replies=dict.fromkeys(paths, PAGE))
    for path in paths:
        play.get(path)
    play.purge(pattern)
    assert {path for path in paths if play.get(path).x_cache == "Miss from cloudfront"} == gone


# ---------------------------------------------------------------- 11


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_an_origin_whose_certificate_nobody_vouches_for_is_a_502(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def answer(reader, writer):
        writer.close()

    async def whole():
        async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
            there = http_origin(port=server.sockets[0].getsockname()[1], scheme="https")
            chosen = distribution(behavior(origin=there))
            events = []
            config = Config(distributions=(chosen,), origins={"site": there}, functions={}, store=StoreConfig())
            real = Edge(config, events.append)
            try:
                return await asked(real, plain_request("/")), str(events)
            finally:
                await real.aclose()

    got, told = asyncio.run(whole())
    assert (got.status, "certificate verify failed" in told) == (502, True)
