"""Sources: cloudfront.md §3.4, §3.6, §4.1 to §4.3, §5.1, §6.4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import MANAGED, MANAGED_ORIGIN, OBEDIENT, SITE, behavior, changed, request
from strategies import lines as header_lines

from edgerun.distribution.forward import origin_request, origin_spec, page_request, to_viewer, wire_request
from edgerun.distribution.managed import only
from edgerun.distribution.model import ALL_METHODS, Choice, OriginRequestPolicy, Selection
from edgerun.distribution.origins import DirectoryOrigin
from edgerun.http.headers import Headers
from edgerun.http.message import NO_BODY, BytesBody, Request, Response
from edgerun.testing.origin import respond
from edgerun.values import FrozenMap

VIA = b"1.1 abc.cloudfront.net (CloudFront)"
DATE = b"Tue, 07 Apr 2026 10:00:00 GMT"

BUCKET = DirectoryOrigin(name="bucket", directory="/srv", domain_name="bucket.s3.amazonaws.com")
WEBSITE = DirectoryOrigin(
    name="web", directory="/srv", domain_name="bucket.s3-website.us-east-1.amazonaws.com", website=True
)


def asks_for(selection):
    return behavior(origin_request_policy=OriginRequestPolicy(name="o", headers=selection))


DEFAULT = behavior()
ALL_VIEWER = behavior(origin_request_policy=MANAGED_ORIGIN["AllViewer"])
BUT_HOST = behavior(origin_request_policy=MANAGED_ORIGIN["AllViewerExceptHostHeader"])


def sent(asked, chosen=DEFAULT, origin=SITE, conditions=()):
    """Return the headers that reach the origin."""
    return origin_request(asked, chosen, origin, VIA, conditions).headers


def viewers(method="GET", **headers):
    return request(method=method, **headers)


# ---------------------------------------------------------------- the table of §4.1

REMOVED_UNLESS_LISTED = ["Accept", "Accept-Charset", "Accept-Language", "Referer", "X-HTTP-Method-Override", "X-Custom"]
FORWARDED = [
    *("Cache-Control", "Pragma", "Max-Forwards", "Content-Length", "Request-Range", "Transfer-Encoding"),
    *("Content-MD5", "Content-Type", "From", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range"),
    *("If-Unmodified-Since", "Origin", "Warning", "Date", "Range"),
]
NEVER = [
    *("Expect", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Upgrade"),
    *("X-Edge-Anything", "X-Forwarded-Proto", "X-Real-IP", "Connection", "Keep-Alive"),
]


def carrying(name):
    return Request(method="GET", path=b"/", headers=Headers([(b"Host", b"shop.example"), (name.encode(), b"v")]))


# §4.1: by name, then: default, listed, all viewer, all viewer except host
@pytest.mark.parametrize(
    ("name", "outcomes"),
    [
        *[pytest.param(name, (False, True, True, True), id=name) for name in REMOVED_UNLESS_LISTED],
        *[pytest.param(name, (True, True, True, True), id=name) for name in FORWARDED],
        *[pytest.param(name, (False, False, False, False), id=name) for name in NEVER],
        pytest.param("Authorization", (False, True, True, True), id="Authorization"),
    ],
)
def test_a_viewers_header_reaches_the_origin(name, outcomes):
    listed = behavior(cache_policy=changed(OBEDIENT, headers=only(name)))
    found = tuple(
        sent(carrying(name), chosen).get_all(name.lower().encode()) == (b"v",)
        for chosen in (DEFAULT, listed, ALL_VIEWER, BUT_HOST)
    )
    assert found == outcomes


# §2.3, column "block list"
@pytest.mark.parametrize("name", ["Origin", "Referer", "If-None-Match", "Authorization", "X-Custom"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_block_list_keeps_back_what_goes_by_default_too(name, method):
    chosen = asks_for(Selection(choice=Choice.EXCEPT, names=frozenset((name.lower().encode(),))))
    assert name.lower().encode() not in sent(carrying(name).changed(method=method), chosen)


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding"])
def test_a_block_list_never_takes_the_framing(name):
    chosen = asks_for(Selection(choice=Choice.EXCEPT, names=frozenset((name.lower().encode(),))))
    assert name.lower().encode() in sent(carrying(name), chosen)


# §4.1, row Authorization
@pytest.mark.parametrize(
    ("method", "cached", "expected"),
    [
        pytest.param("GET", {"GET", "HEAD"}, False, id="GET"),
        pytest.param("HEAD", {"GET", "HEAD"}, False, id="HEAD"),
        pytest.param("OPTIONS", {"GET", "HEAD"}, True, id="OPTIONS not cached"),
        pytest.param("OPTIONS", {"GET", "HEAD", "OPTIONS"}, False, id="OPTIONS cached"),
        pytest.param("DELETE", {"GET", "HEAD"}, True, id="DELETE"),
        pytest.param("PATCH", {"GET", "HEAD"}, True, id="PATCH"),
        pytest.param("POST", {"GET", "HEAD"}, True, id="POST"),
        pytest.param("PUT", {"GET", "HEAD"}, True, id="PUT"),
    ],
)
def test_authorization_by_method(method, cached, expected):
    chosen = behavior(allowed_methods=ALL_METHODS, cached_methods=frozenset(cached))
    assert (b"authorization" in sent(viewers(method, authorization="Basic eDp5"), chosen)) is expected


# §4.1, row Host; §2.3
@pytest.mark.parametrize(
    ("chosen", "origin", "expected"),
    [
        pytest.param(DEFAULT, SITE, b"origin.example.org", id="default: the origin's"),
        pytest.param(asks_for(only("Host")), SITE, b"shop.example", id="listed: the viewer's"),
        pytest.param(ALL_VIEWER, SITE, b"shop.example", id="all viewer: the viewer's"),
        pytest.param(BUT_HOST, SITE, b"origin.example.org", id="all viewer except host: the origin's"),
        pytest.param(
            asks_for(Selection(choice=Choice.EXCEPT, names=frozenset((b"x-a",)))),
            SITE,
            b"shop.example",
            id="a block list without host: the viewer's",
        ),
        pytest.param(DEFAULT, BUCKET, b"bucket.s3.amazonaws.com", id="S3: the bucket's"),
        pytest.param(ALL_VIEWER, BUCKET, b"bucket.s3.amazonaws.com", id="S3, all viewer: the bucket's all the same"),
        pytest.param(asks_for(only("Host")), BUCKET, b"bucket.s3.amazonaws.com", id="S3, listed: the bucket's"),
        pytest.param(ALL_VIEWER, WEBSITE, b"shop.example", id="an S3 website is a custom origin"),
        pytest.param(DEFAULT, WEBSITE, b"bucket.s3-website.us-east-1.amazonaws.com", id="its own by default"),
    ],
)
def test_host(chosen, origin, expected):
    assert sent(viewers(), chosen, origin).get_all(b"host") == (expected,)


def test_the_host_header_of_an_http_origin_may_name_a_port():
    assert sent(viewers(), origin=changed(SITE, host_header="127.0.0.1:9000")).get(b"host") == b"127.0.0.1:9000"


# §4.1, row Date, User-Agent
@pytest.mark.parametrize(
    ("chosen", "agent", "expected"),
    [
        pytest.param(DEFAULT, "curl/8", b"Amazon CloudFront", id="default: replaced"),
        pytest.param(DEFAULT, None, b"Amazon CloudFront", id="default: added"),
        pytest.param(asks_for(only("User-Agent")), "curl/8", b"curl/8", id="listed"),
        pytest.param(asks_for(only("User-Agent")), None, b"Amazon CloudFront", id="listed, but none came"),
        pytest.param(ALL_VIEWER, "curl/8", b"curl/8", id="all viewer"),
        pytest.param(BUT_HOST, "curl/8", b"curl/8", id="all viewer except host"),
    ],
)
def test_user_agent(chosen, agent, expected):
    asked = viewers(user_agent=agent) if agent else viewers()
    assert sent(asked, chosen).get_all(b"user-agent") == (expected,)


@pytest.mark.parametrize("chosen", [DEFAULT, ALL_VIEWER, BUT_HOST, asks_for(only("X-Forwarded-For", "Via"))])
def test_via_and_x_forwarded_for_are_made_or_appended_to_once(chosen):
    assert sent(viewers(), chosen).get_all(b"via") == (VIA,)
    assert sent(viewers(), chosen).get_all(b"x-forwarded-for") == (b"198.51.100.23",)
    through = sent(viewers(via="1.1 squid", x_forwarded_for="192.0.2.4,192.0.2.3"), chosen)
    assert through.get_all(b"via") == (b"1.1 squid, " + VIA,)
    assert through.get_all(b"x-forwarded-for") == (b"192.0.2.4,192.0.2.3, 198.51.100.23",)


def test_several_x_forwarded_for_lines_become_one():
    asked = viewers().changed(headers=Headers([(b"X-Forwarded-For", b"192.0.2.1"), (b"x-forwarded-for", b"192.0.2.2")]))
    assert sent(asked).get_all(b"x-forwarded-for") == (b"192.0.2.1, 192.0.2.2, 198.51.100.23",)


# §2.2, towards the origin
@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        pytest.param(DEFAULT, (), id="no support, not listed"),
        pytest.param(asks_for(only("Accept-Encoding")), (b"zstd, GZIP",), id="no support, listed: as it came"),
        pytest.param(ALL_VIEWER, (b"zstd, GZIP",), id="no support, all viewer: as it came"),
        pytest.param(behavior(cache_policy=MANAGED["CachingOptimized"]), (b"gzip",), id="support: normalised"),
        pytest.param(
            behavior(cache_policy=MANAGED["CachingOptimized"], origin_request_policy=MANAGED_ORIGIN["AllViewer"]),
            (b"gzip",),
            id="support: listing it in the other policy changes nothing",
        ),
    ],
)
def test_accept_encoding(chosen, expected):
    assert sent(viewers(accept_encoding="zstd, GZIP"), chosen).get_all(b"accept-encoding") == expected


# §4.1, row Cookie
def test_cookies_go_as_the_policies_say():
    some = behavior(cache_policy=changed(OBEDIENT, cookies=Selection(choice=Choice.ONLY, names=frozenset((b"a",)))))
    assert b"cookie" not in sent(viewers(cookie="b=2; a=1"))
    assert sent(viewers(cookie="b=2; a=1"), some).get_all(b"cookie") == (b"a=1",)
    assert sent(viewers(cookie="b=2; a=1"), ALL_VIEWER).get_all(b"cookie") == (b"a=1; b=2",)
    assert b"cookie" not in sent(viewers(cookie="b=2"), asks_for(Selection(choice=Choice.ALL_VIEWER)))


# §4.3
@pytest.mark.parametrize(
    ("chosen", "target"),
    [
        pytest.param(DEFAULT, b"/a%20b", id="none"),
        pytest.param(ALL_VIEWER, b"/a%20b?z=%7e&y", id="all, byte for byte"),
        pytest.param(
            behavior(
                cache_policy=changed(OBEDIENT, query_strings=Selection(choice=Choice.ONLY, names=frozenset((b"y",))))
            ),
            b"/a%20b?y",
            id="listed",
        ),
    ],
)
def test_the_target_is_the_raw_path_and_the_filtered_query(chosen, target):
    assert origin_request(request("/a%20b?z=%7e&y"), chosen, SITE, VIA).target == target


@pytest.mark.parametrize("chosen", [DEFAULT, ALL_VIEWER])
def test_an_empty_query_leaves_no_question_mark(chosen):
    assert origin_request(request("/a?"), chosen, SITE, VIA).target == b"/a"


def test_the_viewers_case_and_repetition_stay():
    lines = [(b"hOST", b"h"), (b"x-LIKE", b"1"), (b"X-Like", b"2"), (b"x-like", b"3")]
    forwarded = sent(viewers().changed(headers=Headers(lines)), ALL_VIEWER)
    assert [line for line in forwarded if line[0].lower() == b"x-like"] == lines[1:]


def test_the_viewers_request_id_never_stands_beside_ours():
    asked = origin_request(viewers(x_amz_cf_id="theirs"), ALL_VIEWER, SITE, VIA)
    assert wire_request(asked, origin_spec(SITE), "ours").headers.get_all(b"x-amz-cf-id") == (b"ours",)


# ---------------------------------------------------------------- fields that Connection names


# RFC 9110 §7.6.1
@pytest.mark.parametrize(
    ("connection", "name", "forwarded"),
    [
        pytest.param("x-hop", "X-Hop", False, id="named"),
        pytest.param("keep-alive, X-HOP", "X-Hop", False, id="named in a list, in any case"),
        pytest.param("keep-alive", "X-Hop", True, id="not named"),
        pytest.param("close", "X-Hop", True, id="close"),
        pytest.param("range", "Range", True, id="a field that no sender may name"),
        pytest.param("authorization", "Authorization", True, id="credentials stay"),
        pytest.param("cache-control", "Cache-Control", True, id="directives stay"),
    ],
)
def test_what_connection_names_goes_no_further(connection, name, forwarded):
    lines = [(b"Host", b"h"), (b"Connection", connection.encode()), (name.encode(), b"v")]
    headers = sent(viewers().changed(headers=Headers(lines)), ALL_VIEWER)
    assert (name.lower().encode() in headers) is forwarded
    assert b"connection" not in headers


def test_naming_host_or_cookie_in_connection_takes_neither():
    headers = sent(viewers(connection="host, cookie, x-forwarded-for", cookie="a=1"), ALL_VIEWER)
    assert headers.get(b"host") == b"shop.example"
    assert headers.get(b"cookie") == b"a=1"
    assert headers.get(b"x-forwarded-for") == b"198.51.100.23"


# ---------------------------------------------------------------- revalidation

OUR_CONDITIONS = ((b"If-None-Match", b'"stored"'), (b"If-Modified-Since", b"Tue, 07 Apr 2026 09:00:00 GMT"))
THEIRS = {
    "if_none_match": '"theirs"',
    "if_modified_since": "Mon, 06 Apr 2026 00:00:00 GMT",
    "if_match": '"theirs"',
    "if_unmodified_since": "Mon, 06 Apr 2026 00:00:00 GMT",
    "if_range": '"theirs"',
    "range": "bytes=0-1",
}


# §3.4
@pytest.mark.parametrize("chosen", [DEFAULT, ALL_VIEWER, BUT_HOST])
def test_a_revalidation_carries_our_conditions_only(chosen):
    headers = sent(viewers(**THEIRS), chosen, conditions=OUR_CONDITIONS)
    assert headers.get_all(b"if-none-match") == (b'"stored"',)
    assert headers.get_all(b"if-modified-since") == (b"Tue, 07 Apr 2026 09:00:00 GMT",)
    assert not {b"if-match", b"if-unmodified-since", b"if-range", b"range"} & set(headers.names())


@pytest.mark.parametrize("chosen", [DEFAULT, ALL_VIEWER, BUT_HOST])
def test_without_a_revalidation_the_viewers_conditions_and_range_go_on(chosen):
    headers = sent(viewers(**THEIRS), chosen)
    for name, text in THEIRS.items():
        assert headers.get_all(name.replace("_", "-").encode()) == (text.encode(),)


# ---------------------------------------------------------------- custom headers and the wire

GUARDED = changed(SITE, path="/v2", custom_headers=FrozenMap({"X-Secret": "s3cret", "Referer": "edge"}))


# §4.2
def test_custom_headers_hide_the_viewers_and_are_not_seen_before_the_wire():
    asked = viewers(x_secret="guess", referer="https://shop.example/")
    seen = origin_request(asked, ALL_VIEWER, GUARDED, VIA)
    assert b"x-secret" not in seen.headers
    assert b"referer" not in seen.headers
    wire = wire_request(seen, origin_spec(GUARDED), "id-1")
    assert wire.headers.get_all(b"x-secret") == (b"s3cret",)
    assert wire.headers.get_all(b"referer") == (b"edge",)


def test_custom_headers_go_over_what_a_function_added():
    seen = viewers(x_secret="from a function")
    assert wire_request(seen, origin_spec(GUARDED), "id-1").headers.get_all(b"x-secret") == (b"s3cret",)


def test_a_custom_user_agent_replaces_ours():
    named = changed(SITE, custom_headers=FrozenMap({"User-Agent": "shop edge"}))
    wire = wire_request(origin_request(viewers(), DEFAULT, named, VIA), origin_spec(named), "id-1")
    assert wire.headers.get_all(b"user-agent") == (b"shop edge",)


# §4.3
def test_the_origin_path_stands_before_the_uri_on_the_wire_only():
    seen = origin_request(request("/a?b=c"), ALL_VIEWER, GUARDED, VIA)
    assert seen.path == b"/a"
    assert wire_request(seen, origin_spec(GUARDED), "id-1").target == b"/v2/a?b=c"


def test_the_wire_carries_the_request_id_and_an_upgrade_only_when_asked():
    plain = wire_request(viewers(), origin_spec(SITE), "id-1")
    assert plain.headers.get_all(b"x-amz-cf-id") == (b"id-1",)
    assert b"upgrade" not in plain.headers
    assert wire_request(viewers(), origin_spec(SITE), "i", upgrade=b"websocket").headers.get(b"upgrade") == b"websocket"


# lambda-at-edge.md §2.5
def test_a_directory_is_an_s3_origin_and_its_website_a_custom_one():
    bucket, website = origin_spec(BUCKET), origin_spec(WEBSITE)
    assert (bucket.kind, bucket.domain_name, bucket.region) == ("s3", "bucket.s3.amazonaws.com", "us-east-1")
    assert (website.kind, website.protocol, website.port) == ("custom", "http", 80)


def test_an_http_origin_tells_functions_what_was_configured():
    given_origin = changed(SITE, host="127.0.0.1", port=9000, domain_name="api.example", read_timeout=7.0)
    spec = origin_spec(given_origin)
    assert (spec.kind, spec.domain_name, spec.port, spec.read_timeout) == ("custom", "api.example", 80, 7)
    assert origin_spec(changed(SITE, port=8080)).port == 8080


# §6.4
def test_an_error_page_is_fetched_with_a_plain_get():
    lines = dict.fromkeys(("content_length", "transfer_encoding", "upgrade"), "1") | THEIRS
    asked = viewers("POST", cookie="a=1", **lines).changed(body=BytesBody(b"x"), query=b"q=1")
    page = page_request(asked, "/404.html?from=edge")
    assert (page.method, page.path, page.query, page.body) == ("GET", b"/404.html", b"from=edge", NO_BODY)
    assert set(page.headers.names()) == {b"host", b"cookie"}
    assert page_request(asked, "/404.html").query is None


# ---------------------------------------------------------------- the response, §5.1


def shown(response, chosen=DEFAULT):
    bucket = isinstance(chosen.origin, DirectoryOrigin) and not chosen.origin.website
    return to_viewer(response, chosen, DATE, s3=bucket).headers


COOKIES = behavior(cache_policy=changed(OBEDIENT, cookies=Selection(choice=Choice.ALL)))
S3 = behavior(origin=BUCKET)
S3_WEBSITE = behavior(origin=WEBSITE)


@pytest.mark.parametrize(
    ("name", "chosen", "kept"),
    [
        pytest.param("X-Amz-Id-2", S3, False, id="S3's ids"),
        pytest.param("X-Amz-Request-Id", S3, False, id="S3's request id"),
        pytest.param("X-Amz-Id-2", S3_WEBSITE, True, id="an S3 website's ids"),
        pytest.param("X-Amz-Request-Id", DEFAULT, True, id="anyone else's"),
        pytest.param("Set-Cookie", DEFAULT, False, id="cookies, none forwarded"),
        pytest.param("Set-Cookie", COOKIES, True, id="cookies, forwarded by the cache policy"),
        pytest.param("Set-Cookie", ALL_VIEWER, True, id="cookies, forwarded by the origin request policy"),
        *[
            pytest.param(name, DEFAULT, False, id=name)
            for name in (
                "Trailer",
                "Upgrade",
                "Transfer-Encoding",
                "Connection",
                "Keep-Alive",
                "X-Cache",
                "X-Amz-Cf-Id",
            )
        ],
        *[
            pytest.param(name, DEFAULT, True, id=name)
            for name in (
                *("Server", "Date", "Content-Encoding", "X-Amz-Meta-Color", "X-Amz-Version-Id", "Accept-Ranges"),
                *("Last-Modified", "Cache-Control", "Expires", "Link", "Age", "ETag", "Content-Length", "X-Own"),
            )
        ],
    ],
)
def test_an_origins_header_reaches_the_viewer(name, chosen, kept):
    response = Response(status=200, headers=Headers([(name.encode(), b"v")]))
    assert shown(response, chosen).get_all(name.lower().encode()) == ((b"v",) if kept else ())


def test_set_cookie_lines_stay_apart():
    response = Response(status=200, headers=Headers([(b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=2")]))
    assert shown(response, COOKIES).get_all(b"set-cookie") == (b"a=1", b"b=2")


def test_what_the_origins_connection_names_is_removed():
    headers = shown(respond(200, connection="X-Hop, close", x_hop="1", x_kept="2"))
    assert b"x-hop" not in headers
    assert headers.get(b"x-kept") == b"2"


def test_a_missing_date_is_added_and_a_given_one_kept():
    assert shown(respond(200)).get_all(b"date") == (DATE,)
    assert shown(respond(200, date="x")).get_all(b"date") == (b"x",)


# §3.6, row by row
@pytest.mark.parametrize(
    ("chosen", "vary", "expected"),
    [
        pytest.param(DEFAULT, "*", b"*", id="star, MinTTL 0: left as it is"),
        pytest.param(behavior(cache_policy=MANAGED["CachingOptimized"]), "*", None, id="star, MinTTL above 0: removed"),
        pytest.param(DEFAULT, "Accept-Encoding", b"Accept-Encoding", id="Accept-Encoding"),
        pytest.param(DEFAULT, "cookie", b"cookie", id="Cookie"),
        pytest.param(DEFAULT, "User-Agent", None, id="User-Agent"),
        pytest.param(asks_for(only("CloudFront-Is-Mobile-Viewer")), "User-Agent", b"User-Agent", id="a device header"),
        pytest.param(asks_for(only("CloudFront-Viewer-Country")), "User-Agent", None, id="another CloudFront header"),
        pytest.param(asks_for(only("User-Agent")), "User-Agent", b"User-Agent", id="User-Agent is forwarded"),
        pytest.param(
            behavior(cache_policy=changed(OBEDIENT, headers=only("X-A"))), "x-a", b"x-a", id="a header of the key"
        ),
        pytest.param(asks_for(only("X-A")), "X-A", b"X-A", id="a header that is forwarded"),
        pytest.param(ALL_VIEWER, "X-A", b"X-A", id="all are forwarded"),
        pytest.param(DEFAULT, "Origin", b"Origin", id="Origin is forwarded by default"),
        pytest.param(DEFAULT, "X-A", None, id="anything else"),
        pytest.param(DEFAULT, "X-A, Accept-Encoding,X-B", b"Accept-Encoding", id="dropped from a list"),
        pytest.param(DEFAULT, "Cookie, Accept-Encoding", b"Cookie, Accept-Encoding", id="order and case stay"),
    ],
)
def test_vary_is_filtered(chosen, vary, expected):
    assert shown(respond(200, vary=vary), chosen).get(b"vary") == expected


def test_several_vary_lines_are_filtered_as_one_list():
    response = Response(status=200, headers=Headers([(b"Vary", b"X-A, Cookie"), (b"vary", b"Accept-Encoding")]))
    assert shown(response).get_all(b"vary") == (b"Cookie, Accept-Encoding",)


# ---------------------------------------------------------------- whatever comes

METHODS = st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"])
CHOSEN = st.sampled_from([DEFAULT, ALL_VIEWER, BUT_HOST, COOKIES, S3])


@given(METHODS, header_lines, CHOSEN)
def test_whatever_the_viewer_sends_the_origin_gets_one_of_each_of_ours(method, lines, chosen):
    asked = Request(method=method, path=b"/", headers=Headers(lines), client=("192.0.2.9", 1))
    headers = sent(asked, chosen, chosen.origin)
    for name in (b"host", b"user-agent", b"via", b"x-forwarded-for"):
        assert len(headers.get_all(name)) == 1


@given(header_lines, CHOSEN)
def test_showing_a_response_twice_is_showing_it_once(lines, chosen):
    once = to_viewer(Response(status=200, headers=Headers(lines)), chosen, DATE)
    assert to_viewer(once, chosen, DATE).headers == once.headers


# ---------------------------------------------------------------- heads that come again and again

SOMEBODY, SOMEBODY_ELSE = ("192.0.2.7", 1), ("192.0.2.8", 1)


@pytest.mark.parametrize("chosen", [DEFAULT, behavior(origin_request_policy=MANAGED_ORIGIN["AllViewer"])])
def test_a_head_that_comes_again_is_forwarded_as_the_first_time(chosen):
    given_headers = [(b"Host", b"a"), (b"Accept", b"*/*"), (b"Cookie", b"a=1"), (b"If-None-Match", b'"1"')]
    again = Headers(given_headers)
    again.found = {}
    conditions = ((b"If-None-Match", b'"ours"'),)
    for method in ("GET", "HEAD", "OPTIONS"):
        for client in (SOMEBODY, SOMEBODY_ELSE):
            for version in ("1.0", "1.1"):
                for own in ((), conditions):
                    asked = Request(
                        method=method, path=b"/", headers=Headers(given_headers), client=client, http_version=version
                    )
                    expected = sent(asked, chosen, conditions=own)
                    for _ in range(2):
                        assert sent(asked.changed(headers=again), chosen, conditions=own) == expected


def test_what_is_found_in_a_head_is_bounded_however_many_send_it():
    again = Headers([(b"Host", b"a")])
    again.found = {}
    for number in range(1000):
        asked = Request(method="GET", path=b"/", headers=again, client=(f"192.0.2.{number}", 1))
        assert sent(asked).get(b"x-forwarded-for") == b"192.0.2.%d" % number
    assert len(again.found) < 100
