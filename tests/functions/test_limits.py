"""The tables of `spec/lambda-at-edge.md` §7 and §8, spelled as the guide prints them."""

import pytest

from edgerun.distribution.model import Point
from edgerun.functions import limits

DISALLOWED = """Connection, Expect, Keep-Alive, Proxy-Authenticate, Proxy-Authorization, Proxy-Connection, Trailer,
Upgrade, X-Accel-Buffering, X-Accel-Charset, X-Accel-Limit-Rate, X-Accel-Redirect, X-Amz-Cf-Id,
X-Amz-Cf-Pop, X-Amzn-Auth, X-Amzn-Cf-Billing, X-Amzn-Cf-Id, X-Amzn-Cf-Xff, X-Amzn-Errortype,
X-Amzn-Fle-Profile, X-Amzn-Header-Count, X-Amzn-Header-Order, X-Amzn-Lambda-Integration-Tag,
X-Amzn-RequestId, X-Cache, X-Edge-Location, X-Forwarded-Proto, X-Real-IP, CloudFront-Viewer-Cert-Pem"""

READ_ONLY = {
    Point.VIEWER_REQUEST: "CDN-Loop, Content-Length, Host, Transfer-Encoding, Via",
    Point.ORIGIN_REQUEST: "Accept-Encoding, CDN-Loop, Content-Length, If-Modified-Since, If-None-Match, If-Range, "
    "If-Unmodified-Since, Transfer-Encoding, Via",
    Point.ORIGIN_RESPONSE: "Transfer-Encoding, Via",
    Point.VIEWER_RESPONSE: "Warning, Via, Content-Length, Content-Encoding, Transfer-Encoding",
}

DENIED = """Cache-Control, Connection, Content-Length, Cookie, Host, If-Match, If-Modified-Since, If-None-Match,
If-Range, If-Unmodified-Since, Max-Forwards, Pragma, Proxy-Authenticate, Proxy-Authorization, Proxy-Connection, Range,
Request-Range, TE, Trailer, Transfer-Encoding, Upgrade, Via, X-Real-Ip, X-Amz-Anything, X-Edge-Anything"""


def names(text):
    return {name.strip().lower() for name in text.split(",")}


@pytest.mark.parametrize("name", sorted(names(DISALLOWED)))
def test_a_header_of_the_list_is_disallowed(name):
    assert limits.is_disallowed(name)


def test_the_list_has_nothing_else():
    assert names(DISALLOWED) >= limits.DISALLOWED | limits.NEVER_EXPOSED


@pytest.mark.parametrize(
    "name", ["x-amz-meta-a", "x-amzn-trace-id", "x-forwarded-for", "via", "te", "connections", "x-cache-hits", "x-edge"]
)
def test_a_header_that_looks_like_it_is_allowed(name):
    assert not limits.is_disallowed(name)


@pytest.mark.parametrize("point", list(Point))
def test_read_only_headers_are_the_points(point):
    assert limits.READ_ONLY[point] == names(READ_ONLY[point])


@pytest.mark.parametrize("name", sorted(names(DENIED)))
def test_a_header_of_the_deny_list_is_no_custom_header(name):
    assert limits.is_denied_as_custom(name)


@pytest.mark.parametrize("name", ["authorization", "origin", "x-origin-token", "accept", "x-amzn-trace-id"])
def test_other_headers_may_be_custom(name):
    assert not limits.is_denied_as_custom(name)


def test_only_viewer_request_forbids_the_country():
    assert {p for p in Point if "cloudfront-viewer-country" in limits.NOT_ADDED[p]} == {Point.VIEWER_REQUEST}


def test_sizes_are_binary():
    small, large = 40 * 1024, 1024 * 1024
    assert dict(limits.RESPONSE_BYTES) == {
        Point.VIEWER_REQUEST: small,
        Point.ORIGIN_REQUEST: large,
        Point.ORIGIN_RESPONSE: large,
        Point.VIEWER_RESPONSE: small,
    }
    assert dict(limits.EXPOSED_BODY) == {Point.VIEWER_REQUEST: small, Point.ORIGIN_REQUEST: large}


def test_every_limit_of_the_table_has_a_value_and_a_source():
    assert len({limit.name for limit in limits.LIMITS}) == len(limits.LIMITS)
    for limit in limits.LIMITS:
        assert limit.origin
        assert limit.source


def test_the_table_says_what_is_enforced():
    told = {limit.name: (limit.viewer, limit.origin) for limit in limits.LIMITS}
    assert told["response of a function"] == ("40,960 bytes", "1,048,576 bytes")
    assert told["request body, exposed or replaced"] == ("40,960 bytes", "1,048,576 bytes")
    assert told["function timeout"] == ("30 s", "30 s")
    assert told["package, compressed"] == ("52,428,800 bytes", "52,428,800 bytes")


@pytest.mark.parametrize("runtime", ["python", "nodejs", "python3.10", "python3.14", "nodejs20.x", "nodejs24.x"])
def test_runtimes(runtime):
    assert runtime in limits.RUNTIMES
    assert not limits.RUNTIMES & limits.RUNTIMES_DEPRECATED
