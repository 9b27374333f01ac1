"""Sources: cloudfront.md §11, line by line; §2.6 (managed policies); Unknowns 15."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import changed, request
from strategies import headers as any_headers

from edgerun.distribution.headers_model import (
    ContentSecurityPolicy,
    ContentTypeOptions,
    Cors,
    CustomHeader,
    FrameOptions,
    ReferrerPolicy,
    ResponseHeadersPolicy,
    Security,
    ServerTiming,
    StrictTransportSecurity,
    XssProtection,
)
from edgerun.distribution.headers_policy import (
    NOT_REMOVABLE,
    Facts,
    allowed_headers,
    apply,
    dice,
    is_preflight,
    is_removable,
    on,
    origin_matches,
)
from edgerun.distribution.managed import RESPONSE_HEADERS_POLICIES
from edgerun.http.headers import Headers
from edgerun.testing.origin import respond
from edgerun.visit import Obtained, Visit

MANAGED = {policy.name: policy for policy in RESPONSE_HEADERS_POLICIES}
DATE = b"Tue, 07 Apr 2026 10:00:00 GMT"
FACTS = Facts(date=DATE, dice=50.0, cache="miss", pop=b"SEA19-C1", request_id=b"id==", first_byte=436)
ORIGIN = "https://a.example"
CORS = Cors(
    allow_origins=(ORIGIN, "*.example.org"),
    allow_headers=("X-One", "x-amz-*"),
    allow_methods=("GET", "PUT"),
    expose_headers=("X-Two", "X-Three"),
    max_age=600,
    origin_override=False,
)
ALLOW = "Access-Control-Allow-"


def policy(**parts):
    return ResponseHeadersPolicy(name="p", **parts)


def custom(*lines):
    return policy(custom=tuple(CustomHeader(header=name, value=text, override=over) for name, text, over in lines))


def lines(given, asked=None, facts=FACTS, **response):
    """What a policy makes of a response, without its Content-Length."""
    answer = apply(given, asked or request(), respond(**response), facts=facts)
    return [(n.decode(), v.decode()) for n, v in answer.headers if n != b"Content-Length"]


def cors_of(cors=CORS, asked=None, **response):
    return dict(lines(policy(cors=cors), asked or request(origin=ORIGIN), **response))


def preflight(**more):
    return request(method="OPTIONS", **{"origin": ORIGIN, "access_control_request_method": "PUT", **more})


# ---------------------------------------------------------------- §11, order


def test_what_is_removed_and_added_ends_up_added():
    given = changed(custom(("X-One", "new", False)), remove=frozenset({b"x-one", b"x-two"}))
    assert lines(given, x_one="old", x_two="old", x_three="3") == [("X-Three", "3"), ("X-One", "new")]


def test_a_cors_header_that_is_removed_does_not_count_as_the_origins():
    given = policy(cors=CORS, remove=frozenset({b"access-control-allow-origin"}))
    assert dict(lines(given, request(origin=ORIGIN), access_control_allow_origin="*"))[ALLOW + "Origin"] == ORIGIN


def test_a_policy_of_nothing_changes_nothing():
    assert lines(policy(), request(origin=ORIGIN), server="x") == [("Server", "x")]


def test_body_and_status_stay():
    response = respond(404, b"gone")
    answer = apply(MANAGED["SecurityHeadersPolicy"], request(), response, facts=FACTS)
    assert (answer.status, answer.body) == (404, response.body)
    assert b"x-frame-options" not in response.headers


# ---------------------------------------------------------------- §11.1, which requests


def test_only_requests_with_an_origin_get_cors_headers():
    assert cors_of(asked=request()) == {}


@pytest.mark.parametrize(
    ("method", "more", "expected"),
    [
        ("OPTIONS", {"origin": ORIGIN, "access_control_request_method": "PUT"}, True),
        ("GET", {"origin": ORIGIN, "access_control_request_method": "PUT"}, False),
        ("OPTIONS", {"origin": ORIGIN}, False),
        ("OPTIONS", {"access_control_request_method": "PUT"}, False),
    ],
)
def test_a_preflight_is_options_with_origin_and_method(method, more, expected):
    assert is_preflight(request(method=method, **more)) is expected


def test_a_simple_request_gets_origin_and_exposed_headers():
    assert cors_of() == {ALLOW + "Origin": ORIGIN, "Access-Control-Expose-Headers": "X-Two, X-Three"}


def test_a_preflight_gets_methods_headers_and_max_age_too():
    assert cors_of(asked=preflight()) == {
        ALLOW + "Origin": ORIGIN,
        "Access-Control-Expose-Headers": "X-Two, X-Three",
        ALLOW + "Methods": "GET, PUT",
        ALLOW + "Headers": "X-One",
        "Access-Control-Max-Age": "600",
    }


def test_what_is_not_configured_is_not_sent():
    assert cors_of(Cors(allow_origins=("*",), origin_override=False), preflight()) == {ALLOW + "Origin": "*"}


@pytest.mark.parametrize(("credentials", "expected"), [(True, "true"), (False, None)])
def test_credentials_only_if_true(credentials, expected):
    assert cors_of(changed(CORS, allow_credentials=credentials)).get(ALLOW + "Credentials") == expected


def test_all_is_the_seven_methods():
    told = cors_of(changed(CORS, allow_methods=("ALL",)), preflight())
    assert told[ALLOW + "Methods"] == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"


@pytest.mark.parametrize(
    ("origins", "origin", "expected"),
    [
        pytest.param(("*",), "https://x.example", "*", id="a star is answered with a star"),
        pytest.param((ORIGIN, "*"), ORIGIN, "*", id="a star beside others"),
        pytest.param((ORIGIN,), ORIGIN, ORIGIN, id="echo"),
        pytest.param((ORIGIN,), "HTTPS://A.Example", "HTTPS://A.Example", id="echo as it was sent"),
        pytest.param((ORIGIN,), "https://b.example", None, id="no match, no header"),
        pytest.param(("*",), "null", "*", id="null and a star"),
        pytest.param((ORIGIN,), "null", None, id="null"),
    ],
)
def test_the_allowed_origin(origins, origin, expected):
    told = cors_of(changed(CORS, allow_origins=origins), request(origin=origin))
    assert told.get(ALLOW + "Origin") == expected


def test_no_vary_is_added():
    """Unknowns 15."""
    assert "Vary" not in cors_of()
    assert "Vary" not in cors_of(asked=request())


@pytest.mark.parametrize("name", ["origin", "credentials", "headers", "methods"])
def test_without_override_one_cors_header_of_the_origin_keeps_all_out(name):
    told = cors_of(asked=preflight(), **{f"access_control_allow_{name}": "theirs"})
    assert told == {ALLOW + name.title(): "theirs"}


@pytest.mark.parametrize("name", ["Access-Control-Expose-Headers", "Access-Control-Max-Age"])
def test_without_override_the_other_two_do_so_too(name):
    assert cors_of(**{name.replace("-", "_").lower(): "1"}) == {name: "1"}


def test_with_override_the_origins_are_replaced():
    told = lines(
        policy(cors=changed(CORS, origin_override=True, expose_headers=())),
        request(origin=ORIGIN),
        access_control_allow_origin="*",
        access_control_allow_methods="theirs",
    )
    assert told == [(ALLOW + "Methods", "theirs"), (ALLOW + "Origin", ORIGIN)]


# ---------------------------------------------------------------- §11.1, the table


@pytest.mark.parametrize(
    ("entry", "matching", "others"),
    [
        (
            "http://*.example.org",
            ["http://www.example.org", "http://test.example.org"],
            ["https://www.example.org", "http://www.example.org:80", "https://www.example.org:123", "www.example.org"],
        ),
        (
            "*.example.org",
            [
                *("test.example.org", "test.test.example.org", ".example.org", "http://test.example.org"),
                *("https://test.example.org", "http://test.example.org:123", "https://a.b.example.org:9"),
                *("test.example.org:123", "https://.example.org"),
            ],
            [
                "example.org",
                "http://example.org",
                "https://example.org",
                "ftp://test.example.org",
                "https://aexample.org",
            ],
        ),
        (
            "http://example.org",
            ["http://example.org"],
            ["https://example.org", "http://example.org:123", "http://www.example.org", "example.org"],
        ),
        (
            "http://example.org:*",
            ["http://example.org:123", "http://example.org"],
            ["https://example.org:123", "http://a.example.org:1", "http://example.org:1x", "http://example.org:123456"],
        ),
        (
            "http://example.org:1*3",
            ["http://example.org:123", "http://example.org:1893", "http://example.org:13"],
            ["http://example.org:3", "http://example.org:1", "http://example.org", "http://example.org:132"],
        ),
        (
            "*.example.org:1*",
            ["test.example.org:123", "https://test.example.org:1"],
            ["test.example.org:2", "a.example.org"],
        ),
        ("example.org", ["https://example.org", "http://example.org:8080"], ["https://a.example.org"]),
        ("http://localhost:3000", ["http://localhost:3000"], ["http://localhost", "http://localhost:30000"]),
        ("http://[::1]:*", ["http://[::1]:3000", "http://[::1]"], ["http://[::2]:3000", "http://::1"]),
        ("https://*", ["https://a.example"], ["http://a.example", "https://a.example:1", "null"]),
        (
            "https://*.example.org",
            [],
            ["https://evil.example/.example.org", "https://u@a.example.org", "https://é.example.org"],
        ),
    ],
)
def test_an_entry_matches_origins(entry, matching, others):
    assert [origin for origin in matching if not origin_matches(entry, origin)] == []
    assert [origin for origin in others if origin_matches(entry, origin)] == []


@pytest.mark.parametrize(
    ("entry", "matching", "others"),
    [
        ("x-amz-*", ["x-amz-test", "x-amz-", "X-Amz-Test"], ["x-amz", "y-amz-test"]),
        ("x-*-amz", ["x-test-amz", "x--amz"], ["x-amz", "x-test-amz-2"]),
        ("x-*-b-*-c", ["x-1-b-2-c", "x--b--c"], ["x-b-c", "x-1-b-c"]),
    ],
)
def test_a_pattern_stands_for_the_headers_asked_for_that_it_covers(entry, matching, others):
    cors = changed(CORS, allow_headers=(entry,))
    asked = preflight(access_control_request_headers=", ".join([*matching, *others]))
    found = [name.decode() for name in allowed_headers(cors, asked)]
    unlike = {name.lower(): name for name in reversed(matching)}
    assert sorted(found) == sorted(unlike.values())


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param(("*",), "*", id="which browsers take for all but Authorization"),
        pytest.param(("*", "Authorization"), "*, Authorization", id="which must be listed"),
        pytest.param(("X-One", "x-one", "Y"), "X-One, Y", id="once each"),
        pytest.param((), None, id="none"),
        pytest.param(("q-*",), None, id="a pattern that covers nothing asked for"),
    ],
)
def test_allowed_headers(entries, expected):
    told = cors_of(
        changed(CORS, allow_headers=entries), preflight(access_control_request_headers="authorization,x-one")
    )
    assert told.get(ALLOW + "Headers") == expected


def test_what_is_no_header_name_is_never_echoed():
    asked = preflight(access_control_request_headers="x-a b, x-\xe9, x-(, x-good,,")
    assert allowed_headers(changed(CORS, allow_headers=("x-*",)), asked) == [b"x-good"]


odd = st.text(alphabet="*.:/[]ah1-é\n ", max_size=12) | st.text(max_size=8)
entries = st.sampled_from(["*", "*.a", "http://*.a:1*", "a:*", "http://[::1]:*"]) | odd


@given(entry=entries, origin=odd)
def test_matching_an_origin_never_raises(entry, origin):
    assert origin_matches(entry, origin) in {True, False}


@given(
    origins=st.lists(entries, max_size=3),
    names=st.lists(st.text(alphabet="*ax-", max_size=6), max_size=3),
    origin=st.binary(max_size=12),
    asked=st.binary(max_size=20),
    theirs=any_headers,
    override=st.booleans(),
)
def test_cors_never_raises_and_never_allows_another_origin(origins, names, origin, asked, theirs, override):
    cors = Cors(allow_origins=tuple(origins), allow_headers=tuple(names), origin_override=override)
    sent = Headers(
        [(b"Origin", origin), (b"Access-Control-Request-Method", b"X"), (b"Access-Control-Request-Headers", asked)]
    )
    response = respond().changed(headers=theirs)
    answer = apply(policy(cors=cors), request(method="OPTIONS").changed(headers=sent), response, facts=FACTS)
    assert answer.headers.get(b"access-control-allow-origin") in {None, b"*", origin}
    assert [line for line in answer.headers if not line[0].startswith(b"Access-Control-")] == list(theirs)


# ---------------------------------------------------------------- §11.2


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (StrictTransportSecurity(max_age=60, override=True), "max-age=60"),
        (StrictTransportSecurity(max_age=0, include_subdomains=True, override=True), "max-age=0; includeSubDomains"),
        (StrictTransportSecurity(max_age=1, preload=True, override=True), "max-age=1; preload"),
        (
            StrictTransportSecurity(max_age=1, include_subdomains=True, preload=True, override=True),
            "max-age=1; includeSubDomains; preload",
        ),
        (ContentTypeOptions(override=True), "nosniff"),
        (FrameOptions(frame_option="DENY", override=True), "DENY"),
        (FrameOptions(frame_option="SAMEORIGIN", override=True), "SAMEORIGIN"),
        (ReferrerPolicy(referrer_policy="same-origin", override=True), "same-origin"),
        (ContentSecurityPolicy(content_security_policy="default-src 'self'", override=True), "default-src 'self'"),
        (XssProtection(protection=False, override=True), "0"),
        (XssProtection(protection=True, override=True), "1"),
        (XssProtection(protection=True, mode_block=True, override=True), "1; mode=block"),
        (XssProtection(protection=True, report_uri="/r", override=True), "1; report=/r"),
    ],
)
@pytest.mark.parametrize(
    ("override", "theirs", "wins"), [(True, True, "ours"), (False, True, "theirs"), (False, False, "ours")]
)
def test_a_security_header(part, expected, override, theirs, wins):
    name = {
        StrictTransportSecurity: "Strict-Transport-Security",
        ContentTypeOptions: "X-Content-Type-Options",
        FrameOptions: "X-Frame-Options",
        ReferrerPolicy: "Referrer-Policy",
        ContentSecurityPolicy: "Content-Security-Policy",
        XssProtection: "X-XSS-Protection",
    }[type(part)]
    words = {
        "Strict-Transport-Security": "strict_transport_security",
        "X-Content-Type-Options": "content_type_options",
        "X-Frame-Options": "frame_options",
        "Referrer-Policy": "referrer_policy",
        "Content-Security-Policy": "content_security_policy",
        "X-XSS-Protection": "xss_protection",
    }
    given = policy(security=Security(**{words[name]: changed(part, override=override)}))
    headers = {name.replace("-", "_"): "theirs"} if theirs else {}
    told = lines(given, **headers)
    assert [(found.lower(), text) for found, text in told] == [(name.lower(), expected if wins == "ours" else "theirs")]


# ---------------------------------------------------------------- §11.3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(("X-New", "1", False), [("X-One", "a"), ("X-New", "1")], id="added"),
        pytest.param(("X-ONE", "1", False), [("X-One", "a")], id="the origin's stays"),
        pytest.param(("X-ONE", "1", True), [("X-ONE", "1")], id="in its place"),
        pytest.param(("X-Empty", "", False), [("X-One", "a"), ("X-Empty", "")], id="an empty value"),
        pytest.param(("X-Latin", "\xe9", False), [("X-One", "a"), ("X-Latin", "é")], id="not ASCII"),
    ],
)
def test_a_custom_header(given, expected):
    answer = apply(custom(given), request(), respond(x_one="a"), facts=FACTS)
    assert [(n.decode(), v.decode("latin-1")) for n, v in answer.headers if n != b"Content-Length"] == expected


def test_a_header_of_another_part_counts_as_there():
    given = changed(custom(("x-frame-options", "DENY", False)), security=MANAGED["SecurityHeadersPolicy"].security)
    assert [text for name, text in lines(given) if name.lower() == "x-frame-options"] == ["SAMEORIGIN"]


# ---------------------------------------------------------------- §11.4


@pytest.mark.parametrize(
    "name",
    (
        "Connection Content-Encoding Content-Length Expect Host Keep-Alive Proxy-Authenticate Proxy-Authorization "
        "Proxy-Connection Trailer Transfer-Encoding Upgrade Via Warning X-Accel-Buffering X-Accel-Charset "
        "X-Accel-Limit-Rate X-Accel-Redirect X-Amz-Cf-Pop X-Amz-Cf-Id X-Amzn-Auth X-Amzn-Cf-Billing X-Amzn-Cf-Id "
        "X-Amzn-Cf-Xff X-Amzn-ErrorType X-Amzn-Fle-Profile X-Amzn-Header-Count X-Amzn-Header-Order "
        "X-Amzn-Lambda-Integration-Tag X-Amzn-RequestId X-Cache X-Edge-Any X-Forwarded-Proto X-Real-Ip"
    ).split(),
)
def test_not_removable(name):
    assert not is_removable(name)
    assert not is_removable(name.lower())


def test_these_are_all():
    assert len(NOT_REMOVABLE) == 31
    assert is_removable("Server")
    assert is_removable("x-amzn-trace-id")


def removing(*names):
    return policy(remove=frozenset(name.lower().encode() for name in names))


@pytest.mark.parametrize(
    ("names", "headers", "expected"),
    [
        pytest.param(["X-Powered-By"], {"x_powered_by": "php", "x": "1"}, [("X", "1")], id="gone"),
        pytest.param(["X-Powered-By"], {"x": "1"}, [("X", "1")], id="was not there"),
        pytest.param(["Server"], {"x": "1", "server": "n"}, [("Server", "CloudFront"), ("X", "1")], id="Server"),
        pytest.param(["Server"], {"x": "1"}, [("X", "1")], id="no Server to remove"),
        pytest.param(["Date"], {"date": "old", "x": "1"}, [("Date", DATE.decode()), ("X", "1")], id="Date"),
    ],
)
def test_removing(names, headers, expected):
    assert lines(removing(*names), **headers) == expected


@pytest.mark.parametrize("override", [True, False])
def test_a_server_of_ones_own_takes_the_place_of_cloudfronts(override):
    given = changed(removing("server", "date"), custom=custom(("Server", "me", override)).custom)
    assert lines(given, server="nginx", date="old") == [("Date", DATE.decode()), ("Server", "me")]


# ---------------------------------------------------------------- §11.6


def timing(facts=FACTS, asked=None, *, enabled=True, rate=100.0, **response):
    given = policy(server_timing=ServerTiming(enabled=enabled, sampling_rate=rate))
    told = [text for name, text in lines(given, asked, facts, **response) if name == "Server-Timing"]
    assert len(told) <= 1
    return told[0] if told else None


TAIL = 'cdn-pop;desc="SEA19-C1",cdn-rid;desc="id=="'


@pytest.mark.parametrize(
    ("cache", "expected"),
    [
        ("hit", f'cdn-cache-hit,{TAIL},cdn-hit-layer;desc="EDGE",cdn-downstream-fbl;dur=436'),
        ("refresh", f"cdn-cache-refresh,{TAIL},cdn-downstream-fbl;dur=436"),
        ("miss", f"cdn-cache-miss,{TAIL},cdn-downstream-fbl;dur=436"),
        ("", f"{TAIL},cdn-downstream-fbl;dur=436"),
    ],
)
@pytest.mark.parametrize("theirs", [None, "db;dur=3"])
def test_server_timing(cache, expected, theirs):
    merged = f"{expected},{theirs}" if theirs and cache in {"miss", ""} else expected
    headers = {"server_timing": theirs} if theirs else {}
    assert timing(changed(FACTS, cache=cache), **headers) == merged


@pytest.mark.parametrize(
    ("dice_", "rate", "pragma", "enabled", "expected"),
    [
        pytest.param(0.0, 0, None, True, False, id="rate 0 is never"),
        pytest.param(99.9999, 100, None, True, True, id="rate 100 is always"),
        pytest.param(49.9999, 50, None, True, True, id="below"),
        pytest.param(50.0, 50, None, True, False, id="above"),
        pytest.param(50.0, 0, "server-timing", True, True, id="asked for, at rate 0"),
        pytest.param(50.0, 0, "no-cache, Server-Timing", True, True, id="asked for beside others"),
        pytest.param(50.0, 0, "no-cache", True, False, id="something else asked for"),
        pytest.param(0.0, 100, "server-timing", False, False, id="not enabled"),
    ],
)
def test_when_server_timing_is_added(dice_, rate, pragma, enabled, expected):
    asked = request(pragma=pragma) if pragma else request()
    assert (timing(changed(FACTS, dice=dice_), asked, enabled=enabled, rate=rate) is not None) is expected


def test_without_ours_the_origins_server_timing_stays():
    assert timing(rate=0, server_timing="db;dur=3") == "db;dur=3"


@given(st.text(max_size=60))
def test_the_dice_are_thrown_once_per_request(request_id):
    assert 0 <= dice(request_id) < 100
    assert dice(request_id) == dice(request_id)


def test_the_dice_are_fair():
    throws = [dice(f"request-{n}") for n in range(2000)]
    assert 0.2 < sum(throw < 25 for throw in throws) / 2000 < 0.3


# ---------------------------------------------------------------- what an answer tells


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param({"word": "Hit", "age": 0, "origin_status": 200}, "cdn-cache-hit", id="hit"),
        pytest.param({"word": "Error", "age": 3, "origin_status": 404}, "cdn-cache-hit", id="stored error"),
        pytest.param({"word": "RefreshHit", "origin_status": 200}, "cdn-cache-refresh", id="refresh"),
        pytest.param({"word": "Miss", "origin_status": 200}, "cdn-cache-miss", id="miss"),
        pytest.param({"word": "Error", "origin_status": 502}, "cdn-cache-miss", id="no answer"),
        pytest.param({"word": "Error"}, "cdn-pop", id="refused"),
        pytest.param({"word": "LambdaGeneratedResponse"}, "cdn-pop", id="generated"),
    ],
)
def test_what_the_cache_did(answer, expected):
    visit = Visit("id", request(pragma="server-timing"), 100.0)
    given = policy(server_timing=ServerTiming(enabled=True))
    told = on(Obtained(response=respond(), **answer), given, visit, pop=b"P", now=100.0126)
    text = told.response.headers.get(b"server-timing").decode()
    assert text.startswith(expected)
    assert text.endswith("cdn-downstream-fbl;dur=13")


def test_age_can_be_removed():
    obtained = Obtained(response=respond(age="3"), word="Hit", age=7)
    told = on(obtained, removing("Age"), Visit("id", request(), 0.0), pop=b"P", now=0.0)
    assert told.age is None
    assert b"age" not in told.response.headers


# ---------------------------------------------------------------- §2.6

SIMPLE = {ALLOW + "Origin": "*"}
WITH_PREFLIGHT = {ALLOW + "Origin": "*", "Access-Control-Expose-Headers": "*"}
METHODS = {ALLOW + "Methods": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"}
SECURITY = {
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-XSS-Protection": "1; mode=block",
}


@pytest.mark.parametrize(
    ("name", "id_", "simple", "on_preflight"),
    [
        ("SimpleCORS", "60669652-455b-4ae9-85a4-c4c02393f86c", SIMPLE, {}),
        ("CORS-With-Preflight", "5cc3b908-e619-4b99-88e5-2cf7f45965bd", WITH_PREFLIGHT, METHODS),
        ("SecurityHeadersPolicy", "67f7725c-6f97-4210-82d7-5512b31e9d03", SECURITY, {}),
        ("CORS-and-SecurityHeadersPolicy", "e61eb60c-9c35-4d20-a928-2b84e02af89c", SIMPLE | SECURITY, {}),
        (
            "CORS-with-preflight-and-SecurityHeadersPolicy",
            "eaab4381-ed33-4a86-88ca-d9558dc6cd63",
            WITH_PREFLIGHT | SECURITY,
            METHODS,
        ),
    ],
)
def test_a_managed_policy(name, id_, simple, on_preflight):
    given = MANAGED[name]
    assert given.id == id_
    assert dict(lines(given, request(origin=ORIGIN))) == simple
    assert dict(lines(given, preflight())) == simple | on_preflight
    assert lines(given, request(origin=ORIGIN), access_control_max_age="1")[0] == ("Access-Control-Max-Age", "1")


def test_of_the_managed_ones_only_nosniff_overrides():
    theirs = dict.fromkeys((name.replace("-", "_").lower() for name in SECURITY), "theirs")
    told = {name.lower(): text for name, text in lines(MANAGED["SecurityHeadersPolicy"], **theirs)}
    assert told == {name.lower(): "nosniff" if name == "X-Content-Type-Options" else "theirs" for name in SECURITY}


def test_there_are_no_others():
    assert len(MANAGED) == 5
