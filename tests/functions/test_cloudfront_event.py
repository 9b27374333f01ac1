"""Events of CloudFront Functions: the golden ones, field by field, and what never gets in (§2)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from strategies import cookies, headers, paths, queries

from edgerun.distribution.model import Point
from edgerun.functions.cloudfront_event import build_event
from edgerun.functions.lambda_edge import EdgeContext
from edgerun.http.headers import Headers
from edgerun.http.message import Request, Response

GOLDEN = Path(__file__).parents[1] / "golden" / "cloudfront_events"


def context(point):
    return EdgeContext(
        point=point,
        distribution_domain_name="d111111abcdef8.cloudfront.net",
        distribution_id="EDFDVBD6EXAMPLE",
        request_id="EXAMPLEntjQpEXAMPLE_SG5Z-EXAMPLEPmPfEXAMPLEu3EqEXAMPLE==",
    )


def asked(lines=(), query=None, path=b"/media/index.mpd"):
    made = Headers((name.encode(), text.encode("latin-1")) for name, text in lines)
    return Request(method="GET", path=path, query=query, headers=made, client=("198.51.100.11", 46_532))


def seen(lines=(), query=None):
    return build_event(context(Point.VIEWER_REQUEST), asked(lines, query))["request"]


def golden(name):
    return json.loads((GOLDEN / f"{name}.json").read_text())


def test_a_viewer_request_event_is_the_golden_one():
    lines = [
        ("Host", "video.example.com"),
        ("User-Agent", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:83.0) Gecko/20100101 Firefox/83.0"),
        ("Accept", "application/json"),
        ("Connection", "keep-alive"),
        ("Accept", "application/xml"),
        ("Accept-Language", "en-GB,en;q=0.5"),
        ("Cookie", "Cookie1=value1; Cookie2=value2;cookie_consent=true"),
        ("accept", "text/html"),
        ("Origin", "https://website.example.com"),
        ("Referer", "https://website.example.com/videos/12345678?action=play"),
        ("CloudFront-Viewer-Country", "GB"),
        ("Cookie", "cookiemv=value3; cookiemv=value4"),
    ]
    query = b"ID=42&Exp=1619740800&TTL=1440&NoValue=&querymv=val1&querymv=val2,val3"
    event = build_event(context(Point.VIEWER_REQUEST), asked(lines, query))
    assert json.dumps(event["request"]["querystring"]) == json.dumps(golden("viewer-request")["request"]["querystring"])
    assert event == golden("viewer-request")


def test_a_viewer_response_event_is_the_golden_one():
    cookie = "Cookie1=val1; Secure; Path=/; Domain=example.com; Expires=Wed, 05 Apr 2021 07:28:00 GMT"
    response = Response(
        status=200,
        headers=Headers(
            [
                (b"Date", b"Mon, 04 Apr 2021 18:57:56 GMT"),
                (b"Server", b"gunicorn/19.9.0"),
                (b"X-Cache", b"Hit from elsewhere"),
                (b"Set-Cookie", b"ID=id1234; Expires=Wed, 05 Apr 2021 07:28:00 GMT"),
                (b"Access-Control-Allow-Origin", b"*"),
                (b"Set-Cookie", cookie.encode()),
                (b"Content-Type", b"application/json"),
                (b"Content-Length", b"701"),
                (b"Set-Cookie", b"Cookie1=val2; Path=/cat; Domain=example.com; Expires=Wed, 10 Jan 2021 07:28:00 GMT"),
                (b"Set-Cookie", b"bare=x"),
            ]
        ),
    )
    given_request = asked([("Host", "video.example.com")])
    event = build_event(context(Point.VIEWER_RESPONSE), given_request, response=response)
    assert event == golden("viewer-response")


@pytest.mark.parametrize(
    ("query", "raw", "parsed"),
    [
        pytest.param(None, None, {}, id="no question mark"),
        pytest.param(b"", "", {}, id="a bare one"),
        pytest.param(b"a", "a", {"a": {"value": ""}}, id="no ="),
        pytest.param(b"a=b=c", "a=b=c", {"a": {"value": "b=c"}}, id="the first = counts"),
        pytest.param(b"a=%20+b", "a=%20+b", {"a": {"value": "%20+b"}}, id="nothing is decoded"),
        pytest.param(b"&a=1&&", "&a=1&&", {"a": {"value": "1"}}, id="empty pieces"),
        pytest.param(b"A=1&a=2", "A=1&a=2", {"A": {"value": "1"}, "a": {"value": "2"}}, id="case is kept"),
    ],
)
def test_the_query_is_split_and_not_decoded(query, raw, parsed):
    request = seen(query=query)
    assert (request.get("rawQueryString"), request["querystring"]) == (raw, parsed)


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        ("a=b", {"a": {"value": "b"}}),
        ("A=b; a=c", {"A": {"value": "b"}, "a": {"value": "c"}}),
        ("a=b=c ;  d", {"a": {"value": "b=c"}, "d": {"value": ""}}),
        ('a="b, c"', {"a": {"value": '"b, c"'}}),
        (";;", {}),
    ],
)
def test_cookies_of_a_request(line, parsed):
    request = seen([("Cookie", line)])
    assert (request["cookies"], request["headers"]) == (parsed, {})


def test_a_comma_list_in_one_line_is_one_value():
    assert seen([("Accept", "a, b")])["headers"] == {"accept": {"value": "a, b"}}


@pytest.mark.parametrize("octets", ["caf\xc3\xa9", "caf\xe9"], ids=["UTF-8", "ISO-8859-1"])
def test_values_are_text_whatever_their_encoding(octets):
    assert seen([("X-A", octets)])["headers"] == {"x-a": {"value": "café"}}


@pytest.mark.parametrize("name", ["Connection", "X-Edge-Anything", "X-Amz-Cf-Id", "X-Forwarded-Proto", "X-Real-IP"])
def test_disallowed_headers_are_in_no_event(name):
    assert seen([(name, "x"), ("Host", "a")])["headers"] == {"host": {"value": "a"}}


@given(path=paths, query=queries, lines=headers, jar=cookies)
def test_any_request_makes_an_event_that_is_json(path, query, lines, jar):
    line = (b"Cookie", b"; ".join(name + b"=" + content for name, content in jar))
    request = Request(method="GET", path=path, query=query, headers=lines.plus(line))
    event = build_event(context(Point.VIEWER_REQUEST), request)
    assert json.loads(json.dumps(event)) == event
    for collection in ("querystring", "headers", "cookies"):
        for entry in event["request"][collection].values():
            several = entry.get("multiValue")
            assert several is None or (len(several) > 1 and several[0]["value"] == entry["value"])
