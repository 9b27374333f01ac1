"""Events, compared with golden files authored from `spec/lambda-at-edge.md` §2."""

import json
from pathlib import Path

import pytest

from edgerun.distribution.model import Point
from edgerun.distribution.origins import OriginSpec
from edgerun.functions.lambda_edge import EdgeContext, ExposedBody, build_event
from edgerun.http.headers import Headers
from edgerun.http.message import Request, Response

GOLDEN = Path(__file__).parent.parent / "golden" / "events"
REQUEST_ID = "q3Xk0Zb7n1Lw9e5VtR8yGmC4dUoJ2pHs6FiAaBNTzQrWYfMDvKxE0g=="
HOST = b"d2edgerun0demo.cloudfront.net"
VIA = b"0a1b2c3d4e5f60718293a4b5c6d7e8f9.cloudfront.net (CloudFront)"
CLIENT = ("198.51.100.23", 51234)
DATE = b"Tue, 07 Apr 2026 10:00:00 GMT"


def context(point):
    return EdgeContext(
        point=point, distribution_domain_name=HOST.decode(), distribution_id="E1EDGERUNDEMO", request_id=REQUEST_ID
    )


def event_at(point, request=None, **parts):
    return build_event(context(point), request or Request(method="GET", path=b"/"), **parts)["Records"][0]["cf"]


def headers_of(*lines):
    return event_at(Point.VIEWER_REQUEST, Request(method="GET", path=b"/", headers=Headers(lines)))["request"][
        "headers"
    ]


def viewer_request_post():
    headers = Headers(
        [
            (b"Host", HOST),
            (b"User-Agent", b"curl/8.5.0"),
            (b"Accept", b"*/*"),
            (b"Connection", b"keep-alive"),
            (b"Content-Type", b"application/x-www-form-urlencoded"),
            (b"Content-Length", b"19"),
            (b"Cookie", b"theme=dark; session-id=42"),
        ]
    )
    request = Request(method="POST", path=b"/contact", query=b"lang=de&debug", headers=headers, client=CLIENT)
    exposed = ExposedBody(data=b"name1=Ann&name2=Lee", truncated=False)
    return build_event(context(Point.VIEWER_REQUEST), request, exposed=exposed)


def viewer_request_empty_body():
    headers = Headers(
        [
            (b"host", b"www.example.com"),
            (b"accept", b"text/html, */*;q=0.1"),
            (b"cookie", b"a=1; b=2"),
            (b"Cookie", b"c=\xff"),
        ]
    )
    request = Request(method="GET", path="/caf%C3%A9/é".encode(), headers=headers, client=("2001:db8::17", 9))
    return build_event(context(Point.VIEWER_REQUEST), request, exposed=ExposedBody(data=b"", truncated=False))


def origin_request_custom():
    headers = Headers(
        [
            (b"X-Forwarded-For", b"198.51.100.23"),
            (b"User-Agent", b"Amazon CloudFront"),
            (b"Via", b"1.1 " + VIA),
            (b"Accept-Encoding", b"br,gzip"),
            (b"CloudFront-Viewer-Country", b"DE"),
            (b"Host", b"origin.example.org"),
            (b"X-Amz-Cf-Id", REQUEST_ID.encode()),
            (b"x-origin-token", b"forged by the viewer"),
        ]
    )
    origin = OriginSpec(
        kind="custom",
        domain_name="origin.example.org",
        path="/site",
        custom_headers=Headers([(b"X-Origin-Token", b"s3cret")]),
        response_completion_timeout=30,
    )
    request = Request(method="GET", path=b"/img/cat.jpg", query=b"size=large", headers=headers, client=CLIENT)
    return build_event(context(Point.ORIGIN_REQUEST), request, origin=origin)


def origin_response_s3_missing():
    bucket = "demo-bucket.s3.eu-west-1.amazonaws.com"
    headers = Headers(
        [
            (b"X-Forwarded-For", b"198.51.100.23"),
            (b"User-Agent", b"Amazon CloudFront"),
            (b"Via", b"2.0 " + VIA),
            (b"Host", bucket.encode()),
        ]
    )
    origin = OriginSpec(
        kind="s3", domain_name=bucket, auth_method="origin-access-identity", region="eu-west-1", read_timeout=30
    )
    answer = Headers(
        [
            (b"x-amz-request-id", b"0123456789ABCDEF"),
            (b"x-amz-id-2", b"c29tZSBvcGFxdWUgaWQ="),
            (b"Date", DATE),
            (b"Server", b"AmazonS3"),
            (b"Content-Type", b"application/xml"),
            (b"Transfer-Encoding", b"chunked"),
        ]
    )
    request = Request(method="GET", path=b"/missing.html", headers=headers, client=CLIENT)
    response = Response(status=404, reason=b"Not Found", headers=answer)
    return build_event(context(Point.ORIGIN_RESPONSE), request, origin=origin, response=response)


def viewer_response_hit():
    headers = Headers([(b"Host", HOST), (b"User-Agent", b"curl/8.5.0"), (b"Accept", b"*/*")])
    answer = Headers(
        [
            (b"Content-Type", b"image/jpeg"),
            (b"Content-Length", b"20480"),
            (b"Date", DATE),
            (b"ETag", b'"9b2cf5"'),
            (b"Server", b"demo-origin"),
            (b"Set-Cookie", b"theme=light"),
            (b"Age", b"2402"),
            (b"Set-Cookie", b"seen=1; Path=/"),
            (b"X-Cache", b"Hit from cloudfront"),
        ]
    )
    request = Request(method="GET", path=b"/img/cat.jpg", query=b"", headers=headers, client=CLIENT)
    response = Response(status=200, headers=answer)
    return build_event(context(Point.VIEWER_RESPONSE), request, response=response)


@pytest.mark.parametrize(
    ("name", "build"),
    [
        pytest.param("viewer-request-post", viewer_request_post, id="viewer request with body"),
        pytest.param("viewer-request-empty-body", viewer_request_empty_body, id="viewer request, body option, no body"),
        pytest.param("origin-request-custom", origin_request_custom, id="origin request, custom origin"),
        pytest.param("origin-response-s3-missing", origin_response_s3_missing, id="origin response, s3 404"),
        pytest.param("viewer-response-hit", viewer_response_hit, id="viewer response, hit"),
    ],
)
def test_an_event_is_the_golden_one(name, build):
    assert build() == json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("point", list(Point))
def test_the_event_type_and_the_request_id_are_the_points(point):
    config = event_at(point)["config"]
    assert (config["eventType"], config["requestId"]) == (str(point), REQUEST_ID)
    assert type(config["eventType"]) is str


@pytest.mark.parametrize("point", [Point.VIEWER_REQUEST, Point.VIEWER_RESPONSE])
def test_viewer_events_have_no_origin(point):
    assert "origin" not in event_at(point, origin=OriginSpec(kind="custom", domain_name="o.example"))["request"]


@pytest.mark.parametrize("point", [Point.ORIGIN_RESPONSE, Point.VIEWER_RESPONSE])
def test_response_events_have_no_request_body(point):
    exposed = ExposedBody(data=b"x", truncated=False)
    assert "body" not in event_at(point, response=Response(status=200), exposed=exposed)["request"]


def test_a_cut_body_says_so():
    body = event_at(Point.ORIGIN_REQUEST, exposed=ExposedBody(data=b"\x00\xff", truncated=True))["request"]["body"]
    assert body == {"action": "read-only", "data": "AP8=", "encoding": "base64", "inputTruncated": True}


def test_without_the_option_there_is_no_body():
    assert "body" not in event_at(Point.VIEWER_REQUEST)["request"]


@pytest.mark.parametrize(
    ("octets", "seen"),
    [
        pytest.param(b"plain", "plain", id="ascii"),
        pytest.param("grün".encode(), "grün", id="valid UTF-8 as it is"),
        pytest.param(b"gr\xfcn", "grün", id="anything else is ISO-8859-1"),
        pytest.param(b"gr%FCn", "gr%FCn", id="percent-encoding is never touched"),
        pytest.param(b"a, b", "a, b", id="a list is not split"),
    ],
)
def test_values_are_given_as_utf8(octets, seen):
    assert headers_of((b"X-Text", octets)) == {"x-text": [{"key": "X-Text", "value": seen}]}


def test_every_line_is_an_element_in_the_case_it_came_in():
    assert headers_of((b"cookie", b"a=1"), (b"Accept", b"*/*"), (b"COOKIE", b"b=2")) == {
        "cookie": [{"key": "cookie", "value": "a=1"}, {"key": "COOKIE", "value": "b=2"}],
        "accept": [{"key": "Accept", "value": "*/*"}],
    }


@pytest.mark.parametrize(
    "name", [b"Connection", b"x-cache", b"X-Amz-Cf-Id", b"X-Edge-Anything", b"CloudFront-Viewer-Cert-Pem", b"X-Real-IP"]
)
def test_disallowed_headers_are_hidden(name):
    assert headers_of((name, b"x")) == {}


def test_a_very_long_header_name_is_shown_like_any_other():
    assert list(headers_of((b"X-" + b"A" * 500, b"x"))) == ["x-" + "a" * 500]


@pytest.mark.parametrize(
    ("status", "reason", "description"),
    [
        pytest.param(200, b"", "OK", id="the standard phrase when the origin sent none"),
        pytest.param(200, b"Fine", "Fine", id="the origin's own"),
        pytest.param(599, b"", "", id="a status without a phrase"),
    ],
)
def test_a_status_is_a_string_with_its_description(status, reason, description):
    response = event_at(Point.ORIGIN_RESPONSE, response=Response(status=status, reason=reason))["response"]
    assert response == {"headers": {}, "status": str(status), "statusDescription": description}


def test_an_s3_origin_without_settings():
    origin = OriginSpec(kind="s3", domain_name="b.s3.amazonaws.com", custom_headers=Headers([(b"X-A", b"1")]))
    assert event_at(Point.ORIGIN_REQUEST, origin=origin)["request"]["origin"] == {
        "s3": {
            "authMethod": "none",
            "customHeaders": {"x-a": [{"key": "X-A", "value": "1"}]},
            "domainName": "b.s3.amazonaws.com",
            "path": "",
            "region": "",
        }
    }


def test_a_custom_origin_without_completion_timeout_has_no_such_field():
    origin = OriginSpec(kind="custom", domain_name="o.example")
    fields = event_at(Point.ORIGIN_REQUEST, origin=origin)["request"]["origin"]["custom"]
    assert "responseCompletionTimeout" not in fields
    assert (fields["port"], fields["readTimeout"], fields["sslProtocols"]) == (443, 30, ["TLSv1.2"])
