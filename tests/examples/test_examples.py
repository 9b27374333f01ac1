"""Every documented example function, in Python and in Node, through the whole pipeline in real worker processes.

The sections are those of `spec/lambda-at-edge.md` §11. Of each example: what the origin saw, what the viewer got, and
whether the second request was a hit.
"""

import asyncio
from dataclasses import replace

import pytest
from plays import MANAGED, OBEDIENT, changed
from stage import arriving

from edgerun.distribution.managed import only
from edgerun.distribution.model import ALL_METHODS, Choice, Selection
from edgerun.distribution.origins import DirectoryOrigin, OriginSpec
from edgerun.errors import FunctionExecutionError, FunctionResultError, OriginConnectError
from edgerun.http.headers import Headers
from edgerun.http.message import Response, StreamBody
from edgerun.testing.origin import respond

pytestmark = pytest.mark.process

MISS = "Miss from cloudfront"
HIT = "Hit from cloudfront"
ERROR = "Error from cloudfront"
GENERATED = "LambdaGeneratedResponse from cloudfront"
EXECUTION = "LambdaExecutionError from cloudfront"
VALIDATION = "LambdaValidationError from cloudfront"
DAY = 86_400

ALL = Selection(choice=Choice.ALL)
BY_QUERY = changed(OBEDIENT, query_strings=ALL)
BY_COUNTRY = changed(OBEDIENT, headers=only("CloudFront-Viewer-Country"))
DISABLED = MANAGED["CachingDisabled"]
BUCKET = DirectoryOrigin(
    name="bucket",
    directory="bucket",
    domain_name="my-bucket.s3.amazonaws.com",
    path="/site",
    custom_headers={"X-Origin-Token": "s3cret"},
)
PAGE = respond(200, b"a page", cache_control="max-age=3600")

BOTH_REQUEST_POINTS = pytest.mark.parametrize("point", ["viewer_request", "origin_request"])


def told(answer):
    """Return what a viewer notices first."""
    return answer.status, answer.body, answer.x_cache


def lines(answer, name):
    """Return the lines of one header as they go on the wire."""
    return [line for line in answer.headers if line[0].lower() == name.lower().encode()]


# ================================================================ §11.1 A/B testing

CONTROL = "/experiment-group/control-pixel.jpg"
TREATMENT = "/experiment-group/treatment-pixel.jpg"
PIXELS = {CONTROL: respond(200, b"control"), TREATMENT: respond(200, b"treatment"), "/other.jpg": PAGE}


@pytest.mark.parametrize(
    ("cookies", "group"),
    [
        pytest.param(["X-Experiment-Name=A"], CONTROL, id="A"),
        pytest.param(["X-Experiment-Name=B"], TREATMENT, id="B"),
        pytest.param(["theme=dark; X-Experiment-Name=B; x=1"], TREATMENT, id="among others"),
        pytest.param(["theme=dark", "X-Experiment-Name=A"], CONTROL, id="A in the second Cookie line"),
        pytest.param(["theme=dark", "X-Experiment-Name=B"], TREATMENT, id="B in the second Cookie line"),
    ],
)
def test_a_viewer_of_the_ab_test_keeps_the_group_of_the_cookie(stage, cookies, group):
    play = stage("ab_test", "viewer_request", replies=PIXELS)
    body = PIXELS[group].body.data

    assert told(play.ask("/experiment-pixel.jpg", cookies=cookies)) == (200, body, MISS)
    assert told(play.ask("/experiment-pixel.jpg", cookies=cookies)) == (200, body, HIT)
    assert [asked.path for asked in play.asked] == [group]
    assert play.calls == 2


def test_each_group_of_the_ab_test_has_its_own_cache_entry_under_its_own_uri(stage):
    play = stage("ab_test", "viewer_request", replies=PIXELS)

    assert play.ask("/experiment-pixel.jpg", cookies=["X-Experiment-Name=A"]).x_cache == MISS
    assert play.ask("/experiment-pixel.jpg", cookies=["X-Experiment-Name=B"]).x_cache == MISS
    assert told(play.ask(CONTROL)) == (200, b"control", HIT)
    assert told(play.ask(TREATMENT)) == (200, b"treatment", HIT)


@pytest.mark.parametrize("path", ["/other.jpg", "/experiment-pixel.jpg/", "/Experiment-Pixel.jpg"])
def test_the_ab_test_leaves_other_uris_alone(stage, path):
    play = stage("ab_test", "viewer_request", replies=PIXELS)
    play.ask(path, cookies=["X-Experiment-Name=B"])

    assert [asked.path for asked in play.asked] == [path]


@pytest.mark.slow
def test_the_ab_test_gives_one_viewer_in_four_the_treatment(stage):
    play = stage("ab_test", "viewer_request", replies=PIXELS)
    got = [play.ask("/experiment-pixel.jpg", cookies=["theme=dark"]).body for _ in range(400)]

    assert 240 < got.count(b"control") < 360  # 300, give or take seven standard deviations
    assert got.count(b"control") + got.count(b"treatment") == 400
    assert len(play.asked) == 2


# ================================================================ §11.1 Override a response header

META = "Mon, 06 Apr 2026 08:00:00 GMT"
UPLOADED = "Tue, 07 Apr 2026 10:00:00 GMT"
WITH_META = respond(
    200, b"an object", last_modified=UPLOADED, x_amz_meta_last_modified=META, cache_control="max-age=60"
)


@pytest.mark.parametrize(("point", "calls"), [("origin_response", 1), ("viewer_response", 2)])
def test_the_metadata_overrides_the_last_modified_header_on_miss_and_hit(stage, point, calls):
    play = stage("override_response_header", point, replies={"/a": WITH_META})
    answers = [play.ask("/a"), play.ask("/a")]

    assert [told(answer) for answer in answers] == [(200, b"an object", MISS), (200, b"an object", HIT)]
    for answer in answers:
        assert lines(answer, "Last-Modified") == [(b"Last-Modified", META.encode())]
        assert answer["X-Amz-Meta-Last-Modified"] == META
    assert play.calls == calls


@pytest.mark.parametrize("point", ["origin_response", "viewer_response"])
def test_without_the_metadata_last_modified_stays(stage, point):
    play = stage("override_response_header", point, replies={"/a": respond(200, b"x", last_modified=UPLOADED)})

    assert play.ask("/a")["Last-Modified"] == UPLOADED
    assert play.ask("/a")["Last-Modified"] == UPLOADED


def test_the_guides_earlier_version_with_the_other_headers_key_works_and_is_warned_of(stage):
    name = "override_response_header_before_2024"
    play = stage(name, "origin_response", replies={"/a": WITH_META}, forgiven=["L308"])

    assert lines(play.ask("/a"), "Last-Modified") == [(b"Last-Modified", META.encode())]
    assert lines(play.ask("/a"), "Last-Modified") == [(b"Last-Modified", META.encode())]


def test_the_guides_earlier_version_is_refused_at_the_pedantic_level(stage):
    name = "override_response_header_before_2024"
    play = stage(name, "origin_response", replies={"/a": WITH_META}, strictness="pedantic")
    answer = play.ask("/a")

    assert (answer.status, answer.x_cache) == (502, VALIDATION)
    assert [failure.rule for failure in play.failures] == ["L308"]


# ================================================================ §11.2 Serve static content


def test_static_content_at_viewer_request_is_made_for_every_request(stage):
    play = stage("static_content", "viewer_request")
    for _ in range(2):
        answer = play.ask("/any")
        assert (answer.status, answer.x_cache) == (200, GENERATED)
        assert b"Hello from Lambda@Edge!" in answer.body
        assert answer["Content-Length"] == str(len(answer.body))
    assert (play.calls, play.asked, len(play.store)) == (2, [], 0)


def test_static_content_at_origin_request_is_kept_for_a_hundred_seconds(stage):
    play = stage("static_content", "origin_request")
    answer = play.ask("/any")

    assert (answer.status, answer.x_cache) == (200, MISS)
    assert answer.delivery.response.reason == b"OK"
    assert b"Hello from Lambda@Edge!" in answer.body
    assert (answer["Cache-Control"], answer["Content-Type"]) == ("max-age=100", "text/html")
    play.clock.advance(99)
    again = play.ask("/any")
    assert (again.body, again.x_cache, again["Age"]) == (answer.body, HIT, "99")
    assert play.calls == 1
    play.clock.advance(2)
    assert play.ask("/any").x_cache == MISS
    assert (play.calls, play.asked) == (2, [])


@BOTH_REQUEST_POINTS
def test_static_content_for_head_has_the_length_of_the_page(stage, point):
    play = stage("static_content", point)

    assert int(play.ask("/any", "HEAD")["Content-Length"]) == len(play.ask("/any").body)


# ================================================================ §11.2 HTTP redirect


@pytest.mark.parametrize(
    ("point", "first", "second", "calls"),
    [("viewer_request", GENERATED, GENERATED, 2), ("origin_request", MISS, HIT, 1)],
)
def test_the_redirect_has_no_body_and_is_kept_only_at_origin_request(stage, point, first, second, calls):
    play = stage("http_redirect", point)
    answers = [play.ask("/old"), play.ask("/old")]

    assert [told(answer) for answer in answers] == [(302, b"", first), (302, b"", second)]
    for answer in answers:
        assert answer.delivery.response.reason == b"Found"
        assert (answer["Location"], answer["Content-Length"]) == ("https://docs.example.com/moved.html", "0")
    assert (play.calls, play.asked) == (calls, [])


# ================================================================ §11.3 Header from a query parameter

FORWARDS_AUTH = changed(BY_QUERY, headers=only("Auth-Header"))


@pytest.mark.parametrize(
    ("point", "policy"),
    [("viewer_request", FORWARDS_AUTH), ("origin_request", BY_QUERY)],
)
@pytest.mark.parametrize(
    ("query", "left"),
    [
        pytest.param("auth=tok&x=1", "x=1", id="first"),
        pytest.param("x=1&auth=tok&y=2", "x=1&y=2", id="between"),
        pytest.param("auth=tok", None, id="alone"),
    ],
)
def test_the_parameter_reaches_the_origin_as_a_header(stage, point, policy, query, left):
    play = stage("header_from_query", point, replies={"/a": PAGE}, cache_policy=policy)

    assert told(play.ask(f"/a?{query}")) == (200, b"a page", MISS)
    assert told(play.ask(f"/a?{query}")) == (200, b"a page", HIT)
    assert [(asked.query, asked.headers["auth-header"]) for asked in play.asked] == [(left, "tok")]


@pytest.mark.parametrize(
    ("point", "policy"),
    [("viewer_request", FORWARDS_AUTH), ("origin_request", BY_QUERY)],
)
def test_what_one_token_gets_is_not_given_to_another(stage, point, policy):
    play = stage("header_from_query", point, replies={"/a": PAGE}, cache_policy=policy)

    assert [play.ask(f"/a?auth={token}").x_cache for token in ("one", "two", "one")] == [MISS, MISS, HIT]
    assert [asked.headers["auth-header"] for asked in play.asked] == ["one", "two"]


def test_a_header_made_at_viewer_request_stays_behind_unless_a_policy_forwards_it(stage):
    play = stage("header_from_query", "viewer_request", replies={"/a": PAGE}, cache_policy=BY_QUERY)
    play.ask("/a?auth=tok&x=1")

    assert play.asked[0].query == "x=1"
    assert "auth-header" not in play.asked[0].headers


@BOTH_REQUEST_POINTS
@pytest.mark.parametrize("query", ["", "?x=1"])
def test_without_the_parameter_python_raises_and_node_sends_a_header_without_value(stage, language, point, query):
    play = stage("header_from_query", point, replies={"/a": PAGE}, cache_policy=BY_QUERY)
    for _ in range(2):
        answer = play.ask(f"/a{query}")
        (failure,) = play.failures
        play.events.clear()
        if language == "python":
            assert (answer.status, answer.x_cache) == (503, EXECUTION)
            assert isinstance(failure, FunctionExecutionError)
            assert (failure.error_type, str(failure)) == ("KeyError", "'auth'")
        else:
            assert (answer.status, answer.x_cache) == (502, VALIDATION)
            assert isinstance(failure, FunctionResultError)
            assert (failure.rule, failure.path) == ("L304", "headers.auth-header[0].value")
    assert (play.calls, play.asked, len(play.store)) == (2, [], 0)


# ================================================================ §11.3 Normalise the query string


@pytest.mark.parametrize(
    ("query", "python", "node"),
    [
        pytest.param("B=Two&a=1", "a=1&b=two", "a=1&b=two", id="case and order"),
        pytest.param("B=Two&a=1&C=&a=9", "a=1&b=two", "a=1&a=9&b=two&c=", id="blank and repeated"),
        pytest.param("z=1", "z=1", "z=1", id="one"),
        pytest.param("flag", None, "flag=", id="a name alone"),
    ],
)
def test_the_query_is_normalised_as_each_language_does(stage, language, query, python, node):
    play = stage("normalise_query", "viewer_request", replies={"/a": PAGE}, cache_policy=BY_QUERY)
    play.ask(f"/a?{query}")

    assert play.asked[0].query == {"python": python, "node": node}[language]


def test_two_viewers_with_different_order_share_one_cache_entry(stage):
    play = stage("normalise_query", "viewer_request", replies={"/a": PAGE}, cache_policy=BY_QUERY)

    asked = [play.ask(f"/a?{query}").x_cache for query in ("color=Red&SIZE=m", "size=M&Color=red", "size=L&color=red")]
    assert asked == [MISS, HIT, MISS]
    assert [asked.query for asked in play.asked] == ["color=red&size=m", "color=red&size=l"]


def test_without_a_query_there_is_none_afterwards(stage):
    play = stage("normalise_query", "viewer_request", replies={"/a": PAGE}, cache_policy=BY_QUERY)

    assert told(play.ask("/a")) == (200, b"a page", MISS)
    assert play.asked[0].target == "/a"


# ================================================================ §11.3 Redirect to sign-in

SIGN_IN = "https://www.example.com/signin?redirect_url="


@pytest.mark.parametrize(
    ("path", "encoded"),
    [
        pytest.param("/a/b?x=1", "https%3A%2F%2Fd.example%2Fa%2Fb%3Fx%3D1", id="with a query"),
        pytest.param("/a/b", "https%3A%2F%2Fd.example%2Fa%2Fb%3F", id="an empty query leaves its mark"),
        pytest.param("/a%20b?q=%C3%A4&r=+", "https%3A%2F%2Fd.example%2Fa%2520b%3Fq%3D%25C3%25A4%26r%3D%2B", id="twice"),
    ],
)
@pytest.mark.parametrize("cookies", [[], ["session-id="]], ids=["no cookie", "an empty session"])
def test_a_viewer_without_a_session_is_sent_to_sign_in(stage, path, encoded, cookies):
    play = stage("redirect_to_sign_in", "viewer_request", replies={"/a/b": PAGE})
    for _ in range(2):
        answer = play.ask(path, cookies=cookies)
        assert told(answer) == (302, b"", GENERATED)
        assert answer["Location"] == SIGN_IN + encoded
    assert (play.calls, play.asked) == (2, [])


@pytest.mark.parametrize("cookie", ["session-id=42", "theme=dark; session-id=42; x=y"])
def test_a_viewer_with_a_session_passes_and_the_next_one_is_still_asked_for_one(stage, cookie):
    play = stage("redirect_to_sign_in", "viewer_request", replies={"/a/b": PAGE})

    assert told(play.ask("/a/b", cookies=[cookie])) == (200, b"a page", MISS)
    assert told(play.ask("/a/b", cookies=[cookie])) == (200, b"a page", HIT)
    assert play.ask("/a/b").status == 302
    assert [asked.target for asked in play.asked] == ["/a/b"]


@pytest.mark.parametrize(
    "cookies", [["theme=dark"], ["theme=dark", "session-id=42"]], ids=["another cookie", "session in the second line"]
)
def test_other_cookies_without_a_session_in_the_first_line_are_a_key_error_in_python_only(stage, language, cookies):
    play = stage("redirect_to_sign_in", "viewer_request", replies={"/a/b": PAGE})
    answer = play.ask("/a/b", cookies=cookies)

    if language == "python":
        assert (answer.status, answer.x_cache) == (503, EXECUTION)
        assert [failure.error_type for failure in play.failures] == ["KeyError"]
    else:
        assert told(answer) == (302, b"", GENERATED)
    assert play.asked == []


@pytest.mark.parametrize("cookie", ["theme", "session-id=42; theme"])
def test_a_cookie_without_an_equals_sign_fails_in_both_languages(stage, language, cookie):
    play = stage("redirect_to_sign_in", "viewer_request", replies={"/a/b": PAGE})
    answer = play.ask("/a/b", cookies=[cookie])

    assert (answer.status, answer.x_cache) == (503, EXECUTION)
    assert [failure.error_type for failure in play.failures] == [
        {"python": "IndexError", "node": "TypeError"}[language]
    ]


# ================================================================ §11.4 Country redirect

BY_COUNTRY_SITE = {
    "TW": "https://tw.example.com/",
    "US": "https://us.example.com/",
    "DE": "https://example.com/",
    "": "https://example.com/",
}


def test_each_country_is_sent_to_its_site_and_has_its_own_cache_entry(stage):
    play = stage("country_redirect", "origin_request", cache_policy=BY_COUNTRY)
    for x_cache in (MISS, HIT):
        for country, site in BY_COUNTRY_SITE.items():
            answer = play.ask("/", country=country)
            assert (told(answer), answer["Location"]) == ((302, b"", x_cache), site)
    assert (play.calls, len(play.store), play.asked) == (4, 4, [])


def test_a_viewer_cannot_choose_a_country_by_sending_the_header(stage):
    play = stage("country_redirect", "origin_request", cache_policy=BY_COUNTRY)
    answer = play.ask("/", country="DE", cloudfront_viewer_country="TW")

    assert answer["Location"] == "https://example.com/"
    assert play.ask("/", country="DE").x_cache == HIT


def test_at_viewer_request_the_country_is_not_known(stage):
    play = stage("country_redirect", "viewer_request", cache_policy=BY_COUNTRY)
    for country in BY_COUNTRY_SITE:
        answer = play.ask("/", country=country)
        assert (answer.x_cache, answer["Location"]) == (GENERATED, "https://example.com/")


def test_at_viewer_request_a_country_that_the_viewer_sent_itself_is_believed(stage):
    play = stage("country_redirect", "viewer_request", cache_policy=BY_COUNTRY)
    answer = play.ask("/", country="DE", cloudfront_viewer_country="TW")

    assert answer["Location"] == "https://tw.example.com/"


# ================================================================ §11.4 Version by device

BY_DEVICE = changed(
    OBEDIENT,
    headers=only(*(f"CloudFront-Is-{kind}-Viewer" for kind in ("Desktop", "Mobile", "Tablet", "SmartTV"))),
)
AGENTS = {
    "/desktop": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "/mobile": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "/tablet": "Mozilla/5.0 (Linux; Android 14; SM-X700) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
    "/smarttv": "Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) AppleWebKit/537.36 TV Safari/537.36",
}
VERSIONS = {f"{folder}/page": respond(200, folder.encode()) for folder in AGENTS}


def test_each_kind_of_device_gets_its_version_and_shares_it_with_its_like(stage):
    play = stage("version_by_device", "origin_request", replies=VERSIONS, cache_policy=BY_DEVICE)
    for x_cache in (MISS, HIT):
        for folder, agent in AGENTS.items():
            assert told(play.ask("/page", user_agent=agent)) == (200, folder.encode(), x_cache)
    assert play.ask("/page", user_agent="curl/8.5.0").x_cache == HIT  # another desktop
    assert [asked.path for asked in play.asked] == list(VERSIONS)
    assert play.calls == 4


def test_versions_are_cached_under_the_uri_the_viewer_asked_for(stage):
    play = stage("version_by_device", "origin_request", replies=VERSIONS, cache_policy=BY_DEVICE)
    for agent in AGENTS.values():
        play.ask("/page", user_agent=agent)

    assert play.ask("/mobile/page", user_agent=AGENTS["/mobile"]).status == 404
    assert play.asked[-1].path == "/mobile/mobile/page"
    assert asyncio.run(play.store.invalidate(b"/tablet/page")) == 0
    assert asyncio.run(play.store.invalidate(b"/page")) == 4


def test_without_the_device_headers_in_a_policy_the_uri_stays(stage):
    play = stage("version_by_device", "origin_request", replies={"/page": PAGE})

    assert told(play.ask("/page", user_agent=AGENTS["/mobile"])) == (200, b"a page", MISS)
    assert [asked.path for asked in play.asked] == ["/page"]


# ================================================================ §11.5 Custom to S3


def test_the_query_chooses_the_bucket_instead_of_the_server(stage):
    play = stage("custom_to_s3", "origin_request", replies={"/a": PAGE}, cache_policy=BY_QUERY)

    assert told(play.ask("/a?useS3Origin=true")) == (200, b"a page", MISS)
    assert told(play.ask("/a?useS3Origin=true")) == (200, b"a page", HIT)
    (asked,) = play.asked
    assert asked.origin == OriginSpec(
        kind="s3",
        domain_name="my-bucket.s3.amazonaws.com",
        auth_method="none",
        region="",
        port=asked.origin.port,
        protocol=asked.origin.protocol,
    )
    assert (asked.target, asked.headers["host"]) == ("/a?useS3Origin=true", "my-bucket.s3.amazonaws.com")
    assert play.failures == []


@pytest.mark.parametrize(
    ("query", "policy"),
    [
        pytest.param("?useS3Origin=false", BY_QUERY, id="another value"),
        pytest.param("?useS3Origin=True", BY_QUERY, id="another case"),
        pytest.param("", BY_QUERY, id="no query"),
        pytest.param("?useS3Origin=true", OBEDIENT, id="query strings are not forwarded"),
    ],
)
def test_otherwise_the_server_is_asked(stage, query, policy):
    play = stage("custom_to_s3", "origin_request", replies={"/a": PAGE}, cache_policy=policy)
    play.ask(f"/a{query}")

    assert [(asked.origin.kind, asked.headers["host"]) for asked in play.asked] == [("custom", "origin.example.org")]


# ================================================================ §11.5 S3 Region by country


def test_each_country_is_served_from_the_bucket_of_its_region(stage):
    regions = {
        "DE": "eu-central-1",
        "IE": "eu-west-1",
        "GB": "eu-west-2",
        "FR": "eu-west-3",
        "JP": "ap-northeast-1",
        "IN": "ap-south-1",
    }
    play = stage(
        "s3_region_by_country",
        "origin_request",
        replies={"/site/a": PAGE},
        origin=BUCKET,
        cache_policy=BY_COUNTRY,
    )
    for x_cache in (MISS, HIT):
        for country in regions:
            assert told(play.ask("/a", country=country)) == (200, b"a page", x_cache)
    assert [(asked.origin.region, asked.origin.domain_name, asked.headers["host"]) for asked in play.asked] == [
        (region, f"my-bucket-in-{region}.s3.amazonaws.com", f"my-bucket-in-{region}.s3.amazonaws.com")
        for region in regions.values()
    ]
    assert {asked.path for asked in play.asked} == {"/site/a"}
    assert play.calls == 6


@pytest.mark.parametrize("country", ["US", ""])
def test_other_countries_are_served_from_the_configured_bucket(stage, country):
    play = stage(
        "s3_region_by_country",
        "origin_request",
        replies={"/site/a": PAGE},
        origin=BUCKET,
        cache_policy=BY_COUNTRY,
    )
    play.ask("/a", country=country)

    assert [(asked.origin.domain_name, asked.headers["host"]) for asked in play.asked] == [
        ("my-bucket.s3.amazonaws.com", "my-bucket.s3.amazonaws.com")
    ]


# ================================================================ §11.5 S3 to custom


def test_the_query_chooses_the_server_instead_of_the_bucket(stage):
    play = stage("s3_to_custom", "origin_request", replies={"/a": PAGE}, origin=BUCKET, cache_policy=BY_QUERY)

    assert told(play.ask("/a?useCustomOrigin=true")) == (200, b"a page", MISS)
    assert told(play.ask("/a?useCustomOrigin=true")) == (200, b"a page", HIT)
    (asked,) = play.asked
    assert asked.origin == OriginSpec(
        kind="custom",
        domain_name="www.example.com",
        path="",
        port=443,
        protocol="https",
        ssl_protocols=("TLSv1", "TLSv1.1"),
        read_timeout=5,
        keepalive_timeout=5,
        response_completion_timeout=None,
    )
    assert (asked.target, asked.headers["host"]) == ("/a?useCustomOrigin=true", "www.example.com")
    assert "x-origin-token" not in asked.headers  # customHeaders were given as {}
    assert play.failures == []


def test_otherwise_the_bucket_is_asked(stage):
    play = stage("s3_to_custom", "origin_request", replies={"/site/a": PAGE}, origin=BUCKET, cache_policy=BY_QUERY)
    play.ask("/a?useCustomOrigin=yes")

    (asked,) = play.asked
    assert (asked.origin.kind, asked.path) == ("s3", "/site/a")
    assert (asked.headers["host"], asked.headers["x-origin-token"]) == ("my-bucket.s3.amazonaws.com", "s3cret")


# ================================================================ §11.5 Gradual transfer


@pytest.mark.slow
def test_four_requests_in_five_go_to_the_new_bucket_and_nothing_else_changes(stage):
    play = stage("gradual_transfer", "origin_request", replies={"/site/a": PAGE}, origin=BUCKET, cache_policy=DISABLED)
    for _ in range(400):
        assert told(play.ask("/a")) == (200, b"a page", MISS)
    blue = [asked for asked in play.asked if asked.origin.domain_name == "blue-bucket.s3.amazonaws.com"]
    green = [asked for asked in play.asked if asked.origin.domain_name == "my-bucket.s3.amazonaws.com"]

    assert 264 < len(blue) < 376  # 320, give or take seven standard deviations
    assert len(blue) + len(green) == 400
    assert {asked.headers["host"] for asked in blue} == {"blue-bucket.s3.amazonaws.com"}
    assert {asked.headers["host"] for asked in green} == {"my-bucket.s3.amazonaws.com"}
    assert {asked.origin for asked in blue} == {replace(green[0].origin, domain_name="blue-bucket.s3.amazonaws.com")}
    assert {asked.headers["x-origin-token"] for asked in play.asked} == {"s3cret"}


def test_whichever_bucket_answered_first_is_what_later_viewers_get(stage):
    play = stage("gradual_transfer", "origin_request", replies={"/site/a": PAGE}, origin=BUCKET, cache_policy=OBEDIENT)

    assert [play.ask("/a").x_cache for _ in range(3)] == [MISS, HIT, HIT]
    assert (play.calls, len(play.asked)) == (1, 1)


# ================================================================ §11.5 Origin domain by country


def test_some_countries_are_served_by_the_server_near_them(stage):
    play = stage("origin_by_country", "origin_request", replies={"/a": PAGE}, cache_policy=BY_COUNTRY)
    for x_cache in (MISS, HIT):
        for country in ("GB", "DE", "IE", "US", ""):
            assert told(play.ask("/a", country=country)) == (200, b"a page", x_cache)
    near, configured = ("eu.example.com",) * 2, ("origin.example.org",) * 2

    assert [(asked.origin.domain_name, asked.headers["host"]) for asked in play.asked] == [
        near,
        near,
        near,
        configured,
        configured,
    ]
    assert {replace(asked.origin, domain_name="") for asked in play.asked[:3]} == {
        replace(play.asked[3].origin, domain_name="")
    }


# ================================================================ §11.6 Error statuses: to 200


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503, 599])
def test_an_error_becomes_a_page_of_the_right_length(stage, status):
    reply = respond(status, b"the origin's own, longer error page", x_kept="yes", server="demo-origin")
    play = stage("error_to_200", "origin_response", replies={"/a": reply})
    answer = play.ask("/a")

    assert told(answer) == (200, b"Body generation example", MISS)
    assert answer.delivery.response.reason == b"OK"
    assert lines(answer, "Content-Length") == [(b"Content-Length", b"23")]
    assert (answer["X-Kept"], answer["Server"]) == ("yes", "demo-origin")


def test_the_page_is_cached_as_a_page_and_not_as_the_error_it_was(stage):
    play = stage("error_to_200", "origin_response", replies={"/a": respond(404, b"gone")})
    first = play.ask("/a")
    play.clock.advance(DAY - 1)
    again = play.ask("/a")

    assert (first.x_cache, told(again)) == (MISS, (200, b"Body generation example", HIT))
    assert (again["Content-Length"], play.calls) == ("23", 1)
    play.clock.advance(2)
    assert play.ask("/a").x_cache == MISS


def test_an_error_that_arrives_in_chunks_becomes_a_page_with_a_length(stage):
    def reply(request):
        body = StreamBody(arriving([b"<Error>", b"</Error>"]))
        return Response(status=404, headers=Headers([(b"Transfer-Encoding", b"chunked")]), body=body)

    play = stage("error_to_200", "origin_response", replies={"/site/a": reply}, origin=BUCKET)
    answer = play.ask("/a")

    assert told(answer) == (200, b"Body generation example", MISS)
    assert (answer["Content-Length"], answer["Transfer-Encoding"]) == ("23", None)


@pytest.mark.parametrize("name", ["error_to_200", "error_to_302"])
def test_an_origin_that_does_not_answer_has_no_status_to_change(stage, name):
    play = stage(name, "origin_response", replies={"/a": OriginConnectError("refused")})
    answer = play.ask("/a")

    assert (answer.status, answer.x_cache, play.calls) == (502, ERROR, 0)


@pytest.mark.parametrize("status", [200, 206, 301, 399])
@pytest.mark.parametrize("name", ["error_to_200", "error_to_302"])
def test_what_is_no_error_keeps_its_status_and_body(stage, name, status):
    play = stage(name, "origin_response", replies={"/a": respond(status, b"the origin's", location="/b")})
    answer = play.ask("/a")

    assert told(answer) == (status, b"the origin's", MISS)
    assert (answer["Content-Length"], answer["Location"]) == ("12", "/b")


# ================================================================ §11.6 Error statuses: to 302


@pytest.mark.parametrize("status", [400, 404, 500, 599])
@pytest.mark.parametrize(
    ("query", "location"),
    [
        pytest.param("", "/plan-b/path?", id="an empty query leaves its mark"),
        pytest.param("?a=1&b=2", "/plan-b/path?a=1&b=2", id="with a query"),
    ],
)
def test_an_error_becomes_a_redirect_without_a_body(stage, status, query, location):
    play = stage(
        "error_to_302", "origin_response", replies={"/a": respond(status, b"an error page")}, cache_policy=BY_QUERY
    )
    answers = [play.ask(f"/a{query}"), play.ask(f"/a{query}")]

    assert [told(answer) for answer in answers] == [(302, b"", MISS), (302, b"", HIT)]
    for answer in answers:
        assert answer.delivery.response.reason == b"Found"
        assert answer["Location"] == location
        assert lines(answer, "Content-Length") == [(b"Content-Length", b"0")]
    assert play.calls == 1


# ================================================================ §11.7 Read a form

FORM = b"name1=Ann&name2=Lee+Miller"
ENTERED = {
    "python": ["entered b'name1': b'Ann'", "entered b'name2': b'Lee Miller'"],
    "node": ["entered name1: Ann", "entered name2: Lee Miller"],
}
POSTED = {"/contact": respond(200, b"thank you")}


def posting(stage, name, point, *, include_body=True):
    return stage(name, point, replies=POSTED, include_body=include_body, allowed_methods=ALL_METHODS)


@BOTH_REQUEST_POINTS
def test_a_form_is_printed_and_reaches_the_origin_as_it_was(stage, language, point):
    play = posting(stage, "read_form", point)
    for _ in range(2):
        assert told(play.ask("/contact", "POST", FORM)) == (200, b"thank you", MISS)

    assert [text.rpartition("\t")[2] for text in play.printed] == ENTERED[language] * 2
    assert [(asked.method, asked.body, asked.headers["content-length"]) for asked in play.asked] == [
        ("POST", FORM, str(len(FORM)))
    ] * 2


@BOTH_REQUEST_POINTS
def test_a_form_that_arrives_in_chunks_is_read_whole(stage, language, point):
    play = posting(stage, "read_form", point)
    play.ask("/contact", "POST", chunks=[b"name1=A", b"nn&na", b"me2=Lee+Miller"])

    assert [text.rpartition("\t")[2] for text in play.printed] == ENTERED[language]
    assert [asked.body for asked in play.asked] == [FORM]


def test_a_form_longer_than_what_viewer_request_sees_reaches_the_origin_whole(stage):
    form = b"name=" + b"x" * 100_000
    play = posting(stage, "read_form", "viewer_request")
    play.ask("/contact", "POST", form)

    assert [text.count("x") for text in play.printed] == [40_960 - len("name=")]
    assert play.asked[0].body == form


@pytest.mark.parametrize("name", ["read_form", "modify_form"])
@BOTH_REQUEST_POINTS
def test_only_a_post_is_read(stage, name, point):
    play = posting(stage, name, point)

    assert told(play.ask("/contact")) == (200, b"thank you", MISS)
    assert told(play.ask("/contact", "PUT", FORM)) == (200, b"thank you", MISS)
    assert play.asked[1].body == FORM
    assert play.printed == []


@pytest.mark.parametrize("name", ["read_form", "modify_form"])
@BOTH_REQUEST_POINTS
def test_without_include_body_there_is_no_form_to_read(stage, language, name, point):
    play = posting(stage, name, point, include_body=False)
    answer = play.ask("/contact", "POST", FORM)

    assert (answer.status, answer.x_cache) == (503, EXECUTION)
    assert [failure.error_type for failure in play.failures] == [{"python": "KeyError", "node": "TypeError"}[language]]
    assert play.asked == []


# ================================================================ §11.7 Modify a form


@BOTH_REQUEST_POINTS
@pytest.mark.parametrize(
    ("form", "python", "node"),
    [
        pytest.param(b"name1=Ann&name2=Lee", b"name1=Ann&name2=Lee&", b"name1=Ann&name2=Lee&", id="plain"),
        pytest.param(b"name=Lee+Miller", b"name=Lee+Miller&", b"name=Lee%20Miller&", id="a space"),
        pytest.param(b"name=J%C3%BCrgen", b"name=J%C3%BCrgen&", b"name=J%C3%BCrgen&", id="not ASCII"),
        pytest.param(b"", b"", b"", id="empty"),
    ],
)
def test_the_origin_gets_the_form_with_one_more_field(stage, language, point, form, python, node):
    play = posting(stage, "modify_form", point)
    expected = {"python": python, "node": node}[language] + b"new-param-name=new-param-value"
    for _ in range(2):
        assert told(play.ask("/contact", "POST", form)) == (200, b"thank you", MISS)

    assert [asked.body for asked in play.asked] == [expected] * 2
    if form:
        assert [asked.headers["content-length"] for asked in play.asked] == [str(len(expected))] * 2


def test_a_form_that_arrived_in_chunks_goes_on_with_one_more_field(stage):
    play = posting(stage, "modify_form", "viewer_request")
    play.ask("/contact", "POST", chunks=[b"name1=", b"Ann"])

    assert play.asked[0].body == b"name1=Ann&new-param-name=new-param-value"


def test_a_form_that_grows_beyond_what_viewer_request_may_replace_is_refused(stage):
    play = posting(stage, "modify_form", "viewer_request")
    answer = play.ask("/contact", "POST", b"name=" + b"x" * 40_950)

    assert (answer.status, answer.x_cache) == (502, VALIDATION)
    assert [failure.rule for failure in play.failures] == ["L705"]
    assert play.asked == []


def test_at_origin_request_the_same_form_fits(stage):
    play = posting(stage, "modify_form", "origin_request")

    assert play.ask("/contact", "POST", b"name=" + b"x" * 40_950).status == 200
    assert play.asked[0].body.endswith(b"x&new-param-name=new-param-value")


# ================================================================ §11.8 Tutorial: security headers

SIX = (
    "Strict-Transport-Security",
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
    "Referrer-Policy",
)


def test_all_six_security_headers_are_there_on_miss_and_on_hit(stage):
    play = stage(
        "security_headers", "origin_response", replies={"/a": respond(200, b"a page", x_frame_options="ALLOW")}
    )
    answers = [play.ask("/a"), play.ask("/a")]

    assert [told(answer) for answer in answers] == [(200, b"a page", MISS), (200, b"a page", HIT)]
    for answer in answers:
        assert [len(lines(answer, name)) for name in SIX] == [1] * 6
        assert [lines(answer, name)[0][0].decode() for name in SIX] == list(SIX)
        assert answer["X-Frame-Options"] == "DENY"
    assert play.calls == 1


def test_an_error_of_the_origin_has_the_security_headers_too(stage):
    play = stage("security_headers", "origin_response")
    for _ in range(2):
        answer = play.ask("/missing")
        assert (answer.status, answer.x_cache) == (404, ERROR)
        assert all(answer[name] for name in SIX)
    assert play.calls == 1
