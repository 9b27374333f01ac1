"""What comes back from a function: every rule of `rules.py` with a sample that breaks it and one that does not.

Source: `spec/lambda-at-edge.md` §3 to §9, §12, §13.
"""

import copy
import json
from base64 import b64encode
from collections import namedtuple

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from edgerun.distribution.model import Point
from edgerun.distribution.origins import OriginSpec
from edgerun.errors import FunctionResultError
from edgerun.functions.lambda_edge import (
    ChangedRequest,
    EdgeContext,
    Judge,
    build_event,
    parse_payload,
    read_request_result,
    read_response_result,
)
from edgerun.functions.limits import is_disallowed
from edgerun.functions.rules import RULES
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Request, Response

VRQ, ORQ, ORS, VRS = Point.VIEWER_REQUEST, Point.ORIGIN_REQUEST, Point.ORIGIN_RESPONSE, Point.VIEWER_RESPONSE
REQUEST_POINTS = [VRQ, ORQ]

VIEWER_HEADERS = Headers(
    [
        (b"Host", b"www.example.com"),
        (b"Accept", b"*/*"),
        (b"Connection", b"keep-alive"),
        (b"Content-Length", b"5"),
        (b"Cookie", b"a=1"),
        (b"X-Latin", b"gr\xfcn"),
        (b"Cookie", b"b=2"),
    ]
)
ORIGIN_HEADERS = Headers(
    [
        (b"Host", b"origin.example.org"),
        (b"Via", b"1.1 x.cloudfront.net (CloudFront)"),
        (b"X-Amz-Cf-Id", b"abc"),
        (b"X-Forwarded-For", b"198.51.100.23"),
    ]
)
RESPONSE_HEADERS = Headers(
    [
        (b"Content-Type", b"text/html"),
        (b"Content-Length", b"6"),
        (b"Connection", b"keep-alive"),
        (b"Set-Cookie", b"a=1"),
        (b"Via", b"1.1 origin"),
        (b"Set-Cookie", b"b=2"),
        (b"Transfer-Encoding", b"chunked"),
    ]
)
CUSTOM = OriginSpec(
    kind="custom",
    domain_name="127.0.0.1",
    port=81,
    protocol="http",
    custom_headers=Headers([(b"X-Origin-Token", b"s3cret"), (b"Range", b"configured")]),
    response_completion_timeout=60,
)
S3 = OriginSpec(
    kind="s3",
    domain_name="demo.s3.eu-west-1.amazonaws.com",
    auth_method="origin-access-identity",
    region="eu-west-1",
    response_completion_timeout=90,
)

Outcome = namedtuple("Outcome", "value warned")  # noqa: PYI024


def context(point):
    return EdgeContext(
        point=point, distribution_domain_name="d1.cloudfront.net", distribution_id="E1", request_id="abc=="
    )


def request_at(point):
    headers = VIEWER_HEADERS if point in {VRQ, VRS} else ORIGIN_HEADERS
    return Request(method="POST", path=b"/caf\xe9", query=b"x=1", headers=headers, body=BytesBody(b"hello"))


def origin_response():
    return Response(status=404, reason=b"Nope", headers=RESPONSE_HEADERS, body=BytesBody(b"origin"))


def invoke(point, change, *, origin=CUSTOM, request=None, response=None, level="strict"):
    """Build the event, let `change` make a result of its JSON copy, read it."""
    request = request or request_at(point)
    response = response or origin_response()
    is_request = point in REQUEST_POINTS
    origin = origin if point in {ORQ, ORS} else None
    event = build_event(context(point), request, origin=origin, response=None if is_request else response)
    message = json.loads(json.dumps(event))["Records"][0]["cf"]["request" if is_request else "response"]
    result = change(message)
    warned = []
    judge = Judge.at(level, warned.append)
    if is_request:
        value = read_request_result(context(point), event, result, request=request, origin=origin, judge=judge)
    else:
        value = read_response_result(context(point), event, result, response=response, judge=judge)
    return Outcome(value, warned)


def put(*path, value):
    """Return a change that sets a member."""

    def change(message):
        *way, last = path
        place = message
        for step in way:
            place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
        place[last] = value
        return message

    return change


def drop(*path):
    def change(message):
        *way, last = path
        place = message
        for step in way:
            place = place[step]
        del place[last]
        return message

    return change


def header(name, text, key=None):
    return put("headers", name, value=[{"value": text} if key is None else {"key": key, "value": text}])


def custom(field, value):
    return put("origin", "custom", field, value=value)


def both(*changes):
    def change(message):
        for each in changes:
            message = each(message)
        return message

    return change


def give(result):
    return lambda _: copy.deepcopy(result)


def replacing(data, **members):
    return put("body", value={"action": "replace", "data": data, **members})


def base64(size):
    return b64encode(b"x" * size).decode()


NEW_CUSTOM = {
    "domainName": "www.example.com",
    "path": "",
    "port": 443,
    "protocol": "https",
    "sslProtocols": ["TLSv1", "TLSv1.1"],
    "readTimeout": 5,
    "keepaliveTimeout": 5,
    "customHeaders": {},
}
NEW_S3 = {
    "domainName": "my-bucket.s3.amazonaws.com",
    "region": "",
    "authMethod": "none",
    "path": "",
    "customHeaders": {},
}


def s3(**members):
    return put("origin", value={"s3": {**NEW_S3, **members}})


def other(**members):
    return put("origin", value={"custom": {**NEW_CUSTOM, **members}})


def without_origin_field(name):
    return drop("origin", "custom", name)


# rule, point, what breaks it, where, what does not.
SAMPLES = [
    (
        "L102",
        VRQ,
        give(None),
        "",
        give(
            {
                "uri": "/",
                "querystring": "",
                "headers": {"host": [{"value": "www.example.com"}], "content-length": [{"value": "5"}]},
            }
        ),
    ),
    ("L103", VRQ, give({"Records": []}), "", give({"status": 200})),
    ("L201", ORS, drop("status"), "status", put("status", value="200")),
    ("L202", VRQ, give({"status": "OK"}), "status", give({"status": "599"})),
    ("L203", VRS, put("status", value="200"), "status", put("status", value=404)),
    (
        "L204",
        ORS,
        put("statusDescription", value="a\r\nb"),
        "statusDescription",
        put("statusDescription", value="Über"),
    ),
    ("L301", VRQ, put("headers", value=[]), "headers", header("x-a", "b")),
    ("L302", ORS, put("headers", "x-a", value={"value": "b"}), "headers.x-a", header("x-a", "b")),
    ("L303", VRQ, put("headers", "x-a", value=["b"]), "headers.x-a[0]", put("headers", "x-a", value=[])),
    ("L304", VRQ, header("x-a", 5), "headers.x-a[0].value", header("x-a", ["b", "c"])),
    ("L305", VRS, header("x-a", "b", key=5), "headers.x-a[0].key", header("x-a", "b", key="X-A")),
    ("L306", VRQ, header("x a", "b"), "headers['x a']", header("x!a", "b")),
    ("L307", VRS, header("x-a", "b\r\nc: d"), "headers.x-a[0].value", header("x-a", "b\tc")),
    ("L308", VRQ, header("x-a", "b", key="X-B"), "headers.x-a[0].key", header("x-a", "b", key="X-a")),
    ("L309", ORS, both(header("X-A", "b"), header("x-a", "c")), "headers.x-a", header("X-A", "b")),
    ("L310", ORS, header("location", ["/a", "/b"]), "headers.location", header("x-a", ["/a", "/b"])),
    ("L401", ORS, header("x-cache", "Hit"), "headers.x-cache", put("headers", "x-cache", value=[])),
    (
        "L402",
        VRQ,
        header("cloudfront-viewer-country", "DE"),
        "headers.cloudfront-viewer-country",
        header("cloudfront-viewer-city", "Ulm"),
    ),
    ("L403", VRQ, header("via", "me"), "headers.via", put("headers", "via", value=[])),
    ("L404", VRQ, header("host", "other.example"), "headers.host", header("host", "www.example.com", key="HOST")),
    ("L405", VRS, drop("headers", "via"), "headers.via", drop("headers", "set-cookie")),
    ("L501", VRQ, put("uri", value="index.html"), "uri", put("uri", value="/index.html")),
    ("L502", ORQ, put("uri", value="/a?b"), "uri", put("uri", value="/a%3Fb/é|^")),
    ("L503", VRQ, put("querystring", value="a b"), "querystring", put("querystring", value="a=b?&c=é")),
    ("L508", VRQ, put("querystring", value="?a=b"), "querystring", put("querystring", value="a=?")),
    ("L504", VRQ, put("uri", value="/" * 8189), "uri", put("uri", value="/" * 8188)),
    ("L505", VRQ, put("method", value="GET"), "method", put("method", value="POST")),
    ("L506", VRQ, put("clientIp", value="::1"), "clientIp", put("clientIp", value="127.0.0.1")),
    ("L507", VRQ, drop("querystring"), "querystring", put("querystring", value="")),
    ("L601", ORQ, put("origin", "s3", value=NEW_S3), "origin", s3()),
    (
        "L602",
        ORQ,
        custom("domainName", "127.0.0.2"),
        "origin.custom.domainName",
        custom("domainName", "eu.example.com"),
    ),
    ("L603", ORQ, custom("path", "/a/"), "origin.custom.path", custom("path", "/a%20b")),
    ("L604", ORQ, custom("port", 1023), "origin.custom.port", custom("port", 1024)),
    ("L605", ORQ, custom("protocol", "match-viewer"), "origin.custom.protocol", custom("protocol", "https")),
    ("L606", ORQ, custom("sslProtocols", ["TLSv1.3"]), "origin.custom.sslProtocols", custom("sslProtocols", ["SSLv3"])),
    ("L607", ORQ, custom("readTimeout", 121), "origin.custom.readTimeout", custom("readTimeout", 1)),
    ("L608", ORQ, custom("keepaliveTimeout", 0), "origin.custom.keepaliveTimeout", custom("keepaliveTimeout", 120)),
    (
        "L609",
        ORQ,
        custom("responseCompletionTimeout", 29),
        "origin.custom.responseCompletionTimeout",
        custom("responseCompletionTimeout", 30),
    ),
    ("L610", ORQ, s3(authMethod="origin-access-identity", region="eu-west-1"), "origin.s3.authMethod", s3()),
    ("L611", ORQ, s3(region="Europe"), "origin.s3.region", s3(region="us-gov-west-1")),
    (
        "L612",
        ORQ,
        custom("customHeaders", {"x-a": "b"}),
        "origin.custom.customHeaders.x-a",
        custom("customHeaders", {}),
    ),
    (
        "L613",
        ORQ,
        put("origin", "custom", "customHeaders", "x-edge-a", value=[{"value": "b"}]),
        "origin.custom.customHeaders.x-edge-a",
        put("origin", "custom", "customHeaders", "x-b", value=[{"value": "b"}]),
    ),
    (
        "L614",
        ORQ,
        put("origin", "custom", "customHeaders", "x-amz-a", value=[{"value": "b"}]),
        "origin.custom.customHeaders.x-amz-a",
        put("origin", "custom", "customHeaders", "authorization", value=[{"value": "b"}]),
    ),
    (
        "L615",
        ORQ,
        header("x-origin-token", "mine"),
        "origin.custom.customHeaders.x-origin-token",
        both(header("x-origin-token", "mine"), custom("customHeaders", {})),
    ),
    ("L616", ORQ, without_origin_field("port"), "origin.custom", without_origin_field("responseCompletionTimeout")),
    ("L617", ORQ, drop("origin"), "origin", put("uri", value="/")),
    ("L701", VRQ, give({"status": 200, "body": {}}), "body", give({"status": 200, "body": "x"})),
    ("L702", VRQ, put("body", value={"action": "append", "data": ""}), "body.action", replacing("")),
    (
        "L703",
        ORS,
        both(put("body", value="x"), put("bodyEncoding", value="utf-8")),
        "bodyEncoding",
        both(put("body", value="eA=="), put("bodyEncoding", value="base64")),
    ),
    ("L704", ORQ, replacing("x"), "body.data", replacing("eA==")),
    ("L705", VRQ, replacing(base64(40_961)), "body.data", replacing(base64(40_960))),
    ("L706", VRQ, give({"status": "204", "body": "x"}), "body", give({"status": "204", "body": ""})),
    ("L707", VRS, put("body", value="x"), "body", put("statusDescription", value="x")),
    ("L708", VRQ, give({"status": 200, "body": "x" * 40_961}), "body", give({"status": 200, "body": "x" * 40_960})),
    ("L709", ORQ, give({"status": 204, "body": "x"}), "body", give({"status": 204})),
    (
        "L710",
        ORS,
        header("content-length", "7"),
        "headers.content-length",
        both(header("content-length", "7"), put("body", value="x")),
    ),
]
PAYLOAD_RULES = {"L101"}
TRIED = "Lambda function result failed validation, the function tried to "


@pytest.mark.parametrize(("rule", "point", "breaking", "path"), [pytest.param(*s[:4], id=s[0]) for s in SAMPLES])
def test_a_broken_rule_is_named_with_its_place(rule, point, breaking, path):
    if RULES[rule].forgiven:
        assert [(w.rule, w.path) for w in invoke(point, breaking).warned] == [(rule, path)]
        return
    with pytest.raises(FunctionResultError) as caught:
        invoke(point, breaking)
    error = caught.value
    assert (error.rule, error.path) == (rule, path)
    assert (error.page, error.fix) == (RULES[rule].page, RULES[rule].fix)
    assert str(error).startswith(RULES[rule].title)
    assert len(error.value) <= 80


@pytest.mark.parametrize(("point", "keeping"), [pytest.param(s[1], s[4], id=s[0]) for s in SAMPLES])
def test_a_kept_rule_gives_no_warning(point, keeping):
    outcome = invoke(point, keeping)
    assert isinstance(outcome.value, ChangedRequest | Response)
    assert outcome.warned == []


def test_every_rule_has_its_samples():
    assert {sample[0] for sample in SAMPLES} | PAYLOAD_RULES == set(RULES)
    assert len({sample[0] for sample in SAMPLES}) == len(SAMPLES)


def test_every_rule_says_what_it_must():
    for rule_id, rule in RULES.items():
        assert rule.id == rule_id
        assert rule.section.startswith("§")
        assert rule.fix.endswith(".")
        assert not rule.title.endswith(".")
        assert bool(rule.page) is not rule.forgiven
        assert not (rule.reading and rule.lenient)
        assert rule.sample.failing != rule.sample.passing


def test_a_payload_is_json():
    assert parse_payload(b'{"a": 1}', json.loads) == {"a": 1}
    with pytest.raises(FunctionResultError) as caught:
        parse_payload(b"\xff{", json.loads)
    assert caught.value.rule == "L101"
    assert caught.value.page.endswith("The JSON output is not parsable.")


# The rows of §12 that one sample above does not cover.
REFUSED = [
    ("12.1 a list is no object", VRS, give([]), "L102"),
    ("12.1 neither uri nor status", VRQ, give({}), "L103"),
    ("12.1 statusCode is another product's", VRQ, give({"statusCode": 200}), "L103"),
    ("12.2 a status is no boolean", VRQ, give({"status": True}), "L202"),
    ("12.2 a status is no float", VRQ, give({"status": 200.0}), "L202"),
    ("12.2 null is no status", VRQ, give({"status": None, "uri": "/"}), "L202"),
    ("12.2 a status below 200", ORQ, give({"status": 199}), "L202"),
    ("12.2 a status above 599", ORS, put("status", value="600"), "L202"),
    ("12.2 foreign digits", VRQ, give({"status": "٢٠٠"}), "L202"),
    ("12.2 a huge number", VRQ, give({"status": 10**5000}), "L202"),
    ("12.2 a huge number as text", VRQ, give({"status": "2" * 5000}), "L202"),
    ("12.2 no status at viewer-response", VRS, give({}), "L201"),
    ("12.3 headers null", VRQ, give({"status": 200, "headers": None}), "L301"),
    ("12.3 a value is missing", VRQ, put("headers", "x-a", value=[{"key": "X-A"}]), "L304"),
    ("12.3 a list with a number", VRQ, header("x-a", ["b", 1]), "L304"),
    ("12.4 an empty name", ORS, header("", "b"), "L306"),
    ("12.4 a name that is not ASCII", ORS, header("x-é", "b"), "L306"),
    ("12.4 NUL in a value", VRQ, header("x-a", "\0"), "L307"),
    ("12.4 half a surrogate pair", VRQ, header("x-a", "\ud800"), "L307"),
    ("12.4 a bad value in a list", VRQ, header("x-a", ["b", "c\n"]), "L307"),
    (
        "12.5 disallowed in a generated response",
        VRQ,
        give({"status": 200, "headers": {"Connection": [{"value": "close"}]}}),
        "L401",
    ),
    ("12.5 by prefix", VRS, header("x-amz-cf-anything", "b"), "L401"),
    (
        "12.6 generated with a length",
        ORQ,
        give({"status": 200, "headers": {"content-length": [{"value": "0"}]}}),
        "L403",
    ),
    ("12.6 a request without headers", VRQ, drop("headers"), "L405"),
    ("12.6 a response without headers", ORS, drop("headers"), "L405"),
    ("12.6 an emptied list is a deletion", VRQ, put("headers", "host", value=[]), "L405"),
    ("12.6 a second value is a change", ORQ, header("via", ["1.1 x.cloudfront.net (CloudFront)", "b"]), "L404"),
    ("12.8 uri is a number", VRQ, put("uri", value=1), "L501"),
    ("12.8 uri is null", VRQ, put("uri", value=None), "L501"),
    ("12.8 a space in the uri", VRQ, put("uri", value="/a b"), "L502"),
    ("12.8 a line break in the uri", ORQ, put("uri", value="/a\r\nHost: b"), "L502"),
    ("12.8 half a surrogate pair in the uri", ORQ, put("uri", value="/\udfff"), "L502"),
    ("12.8 a fragment in the query", VRQ, put("querystring", value="a#b"), "L503"),
    ("12.8 querystring is null", VRQ, put("querystring", value=None), "L503"),
    ("12.8 a long query", VRQ, put("querystring", value="a" * 8190), "L504"),
    ("12.9 body null", VRQ, put("body", value=None), "L701"),
    ("12.9 replaced without data", VRQ, put("body", value={"action": "replace"}), "L701"),
    ("12.9 unknown encoding", VRQ, replacing("", encoding="gzip"), "L703"),
    ("12.9 text too large", ORQ, replacing("x" * 1_048_577, encoding="text"), "L705"),
    ("12.9 base64 that is not ASCII", VRQ, replacing("é"), "L704"),
    ("12.10 origin null", ORQ, put("origin", value=None), "L601"),
    ("12.10 no kind", ORQ, put("origin", value={}), "L601"),
    ("12.10 kind is a string", ORQ, put("origin", value={"custom": "x"}), "L601"),
    ("12.10 no domain", ORQ, drop("origin", "custom", "domainName"), "L602"),
    ("12.10 a domain with a port", ORQ, custom("domainName", "a.example:80"), "L602"),
    ("12.10 an IPv6 address", ORQ, custom("domainName", "::1"), "L602"),
    ("12.10 an empty domain", ORQ, custom("domainName", ""), "L602"),
    ("12.10 a long domain", ORQ, custom("domainName", "a" * 254), "L602"),
    ("12.10 a bucket in upper case", ORQ, s3(domainName="Bucket.s3.amazonaws.com"), "L602"),
    ("12.10 a path without slash", ORQ, custom("path", "a"), "L603"),
    ("12.10 a path with a query", ORQ, custom("path", "/a?b"), "L603"),
    ("12.10 a long path", ORQ, custom("path", "/" + "a" * 255), "L603"),
    ("12.10 a line break in an s3 path", ORQ, s3(path="/a\r\nb"), "L603"),
    ("12.10 a port as text", ORQ, custom("port", "443"), "L604"),
    ("12.10 a port is no boolean", ORQ, custom("port", True), "L604"),
    ("12.10 no TLS protocol", ORQ, custom("sslProtocols", []), "L606"),
    ("12.10 readTimeout beyond the completion", ORQ, custom("readTimeout", 61), "L609"),
    ("12.10 identity without region", ORQ, s3(authMethod="origin-access-identity"), "L610"),
    ("12.10 a custom header with a line break", ORQ, custom("customHeaders", {"x-a": [{"value": "b\nc"}]}), "L612"),
    ("12.10 31 custom headers", ORQ, custom("customHeaders", {f"x-{n}": [{"value": ""}] for n in range(31)}), "L612"),
    ("12.10 a long custom value", ORQ, custom("customHeaders", {"x-a": [{"value": "b" * 1784}]}), "L612"),
    ("12.10 a key that is denied", ORQ, custom("customHeaders", {"x-a": [{"key": "Cookie", "value": "b"}]}), "L614"),
    (
        "12.10 a custom header of the request",
        ORQ,
        custom("customHeaders", {"X-Forwarded-For": [{"value": "b"}]}),
        "L615",
    ),
    ("12.11 a body that is a number", ORS, put("body", value=5), "L701"),
    ("12.11 bad base64", VRQ, give({"status": 200, "body": "a", "bodyEncoding": "base64"}), "L704"),
    ("12.11 encoding null", VRQ, give({"status": 200, "body": "a", "bodyEncoding": None}), "L703"),
    ("12.11 1 MB", ORQ, give({"status": 200, "body": "x" * 1_048_577}), "L708"),
    (
        "12.11 base64 counts as returned",
        VRQ,
        give({"status": 200, "body": base64(40_000), "bodyEncoding": "base64"}),
        "L708",
    ),
    ("12.11 headers count", VRQ, give({"status": 200, "headers": {"x": [{"value": "a" * 40_960}]}}), "L708"),
    ("12.11 40 KB of headers at viewer-response", VRS, header("x-a", "a" * 40_960), "L708"),
]


@pytest.mark.parametrize(("point", "breaking", "rule"), [pytest.param(*s[1:], id=s[0]) for s in REFUSED])
def test_the_checklist(point, breaking, rule):
    with pytest.raises(FunctionResultError) as caught:
        invoke(point, breaking)
    assert caught.value.rule == rule
    str(caught.value).encode()


@pytest.mark.parametrize(
    ("change", "log"),
    [
        (
            drop("headers", "host"),
            TRIED + "delete read-only header, headerName : host.",
        ),
        (
            header("x-a", "\r"),
            (
                "Lambda function result validation failed, the function returned an invalid header, "
                "invalid character : '%0D' in header value, headerName : x-a."
            ),
        ),
        (
            header("expect", "b"),
            TRIED + "add a blacklisted header in headers, headerName : expect.",
        ),
        (put("uri", value="x"), RULES["L501"].page),
    ],
)
def test_the_log_sentence_is_cloudfronts(change, log):
    with pytest.raises(FunctionResultError) as caught:
        invoke(VRQ, change)
    assert caught.value.log == log


def test_checks_come_in_order_and_the_first_failure_ends_them():
    change = both(
        put("uri", value=""),
        header("via", "x"),
        header("expect", "x"),
        put("headers", "zz", value=1),
        put("body", value=1),
    )
    rules = []
    for repair in [
        lambda m: m,
        drop("headers", "zz"),
        drop("headers", "expect"),
        drop("headers", "via"),
        put("uri", value="/"),
    ]:
        change = both(change, repair)
        with pytest.raises(FunctionResultError) as caught:
            invoke(VRQ, change)
        rules.append(caught.value.rule)
    assert rules == ["L302", "L401", "L403", "L501", "L701"]


# Requests


def test_headers_come_in_the_results_order_and_hidden_ones_follow():
    def change(message):
        message["headers"] = {"x-new": [{"value": "1"}], **message["headers"]}
        del message["headers"]["accept"]
        message["headers"]["cookie"].append({"value": "c=3"})
        return message

    assert invoke(VRQ, change).value.request.headers.lines == (
        (b"X-New", b"1"),
        (b"Host", b"www.example.com"),
        (b"Content-Length", b"5"),
        (b"Cookie", b"a=1"),
        (b"Cookie", b"b=2"),
        (b"Cookie", b"c=3"),
        (b"X-Latin", b"gr\xfcn"),
        (b"Connection", b"keep-alive"),
    )


@pytest.mark.parametrize(
    ("name", "element", "line"),
    [
        pytest.param("x-xss-protection", {}, b"X-Xss-Protection", id="built from a lower-case name"),
        pytest.param("CONTENT-type", {}, b"Content-Type", id="built from any case"),
        pytest.param("x-a", {"key": "x-A"}, b"x-A", id="as given"),
        pytest.param("x-a", {"key": "X-B"}, b"X-A", id="another header's name is ignored"),
        pytest.param("x-k", {"key": "x-\u212a"}, b"X-K", id="a Kelvin sign is no k"),
    ],
)
def test_the_key_decides_the_case(name, element, line):
    outcome = invoke(VRQ, put("headers", name, value=[{"value": "v", **element}]))
    assert (line, b"v") in outcome.value.request.headers.lines


def test_unchanged_parts_keep_their_bytes_and_changed_ones_are_utf8():
    request = invoke(VRQ, both(header("x-new", "grün"), put("querystring", value="q=ü"))).value.request
    assert request.path == b"/caf\xe9"
    assert request.query == "q=ü".encode()
    assert request.headers.get(b"x-latin") == b"gr\xfcn"
    assert request.headers.get(b"x-new") == "grün".encode()
    changed = invoke(VRQ, put("headers", "x-latin", value=[{"value": "grün"}, {"value": "rot"}])).value.request
    assert changed.headers.get_all(b"x-latin") == (b"gr\xfcn", b"rot")


def test_an_emptied_querystring_is_none():
    assert invoke(VRQ, put("querystring", value="")).value.request.query is None


@pytest.mark.parametrize("query", [None, b""])
def test_an_unchanged_empty_query_stays_as_it_was(query):
    request = Request(method="GET", path=b"/a", query=query)
    assert invoke(VRQ, put("uri", value="/b"), request=request).value.request.query == query


def test_a_replaced_body_has_its_length():
    request = invoke(VRQ, replacing("grün", encoding="text")).value.request
    assert request.body.data == "grün".encode()
    assert request.headers.get_all(b"content-length") == (b"5",)
    assert invoke(ORQ, replacing("eA==")).value.request.headers.get(b"content-length") is None


def test_a_read_only_body_ignores_its_data():
    change = put("body", value={"action": "read-only", "encoding": "zip", "data": 5})
    assert invoke(VRQ, change).value.request.body.data == b"hello"


def test_an_origin_at_viewer_request_is_ignored():
    assert invoke(VRQ, put("origin", value={"custom": 5})).value.origin is None


def test_the_country_may_stay_when_the_viewer_sent_it():
    request = Request(method="GET", path=b"/", headers=Headers([(b"CloudFront-Viewer-Country", b"DE")]))
    changed = invoke(VRQ, header("cloudfront-viewer-country", "FR"), request=request).value.request
    assert changed.headers.get(b"cloudfront-viewer-country") == b"FR"


# Origins


def test_the_configured_origin_is_never_refused():
    origin = invoke(ORQ, custom("path", "/new")).value.origin
    assert (origin.domain_name, origin.port, origin.path) == ("127.0.0.1", 81, "/new")
    assert origin.custom_headers == CUSTOM.custom_headers


def test_an_s3_origin_becomes_custom():
    origin = invoke(ORQ, both(other(), header("host", "www.example.com")), origin=S3).value.origin
    assert origin == OriginSpec(
        kind="custom",
        domain_name="www.example.com",
        read_timeout=5,
        ssl_protocols=("TLSv1", "TLSv1.1"),
        response_completion_timeout=None,
    )


def test_a_custom_origin_becomes_s3():
    origin = invoke(
        ORQ, both(s3(path="/my folder"), header("host", "my-bucket.s3.amazonaws.com", key="host"))
    ).value.origin
    assert (origin.kind, origin.domain_name, origin.region) == ("s3", "my-bucket.s3.amazonaws.com", "")
    assert origin.path == "/my%20folder"
    assert origin.custom_headers == Headers()


def test_an_s3_origin_keeps_what_its_event_does_not_show():
    change = put("origin", "s3", "domainName", value="blue.s3.amazonaws.com")
    origin = invoke(ORQ, change, origin=S3).value.origin
    assert (origin.auth_method, origin.region, origin.response_completion_timeout) == (S3.auth_method, S3.region, 90)


def test_an_identity_needs_its_region():
    with pytest.raises(FunctionResultError, match="region") as caught:
        invoke(ORQ, put("origin", "s3", "region", value=""), origin=S3)
    assert caught.value.rule == "L611"


@pytest.mark.parametrize(
    "change", [custom("responseCompletionTimeout", 0), drop("origin", "custom", "responseCompletionTimeout")]
)
def test_no_completion_timeout_is_no_limit(change):
    assert invoke(ORQ, change).value.origin.response_completion_timeout is None


def test_a_header_that_a_custom_header_overrides_leaves_the_request():
    request = Request(method="GET", path=b"/", headers=Headers([(b"x-origin-token", b"forged"), (b"X-B", b"c")]))
    for change in (lambda message: message, header("x-c", "d"), put("uri", value="/x")):
        assert b"x-origin-token" not in invoke(ORQ, change, request=request).value.request.headers


# Responses


def test_a_generated_response():
    result = {"status": "302", "headers": {"location": [{"key": "Location", "value": "/b"}]}}
    response = invoke(VRQ, give(result)).value
    assert (response.status, response.reason, response.body.data) == (302, b"Found", b"")
    assert response.headers.lines == ((b"Location", b"/b"),)


def test_a_generated_response_in_base64():
    response = invoke(
        ORQ, give({"status": 200, "statusDescription": "Fine", "body": "AP8=", "bodyEncoding": "base64"})
    ).value
    assert (response.reason, response.body.data) == (b"Fine", b"\x00\xff")


def test_an_absent_body_passes_the_origins_and_its_length():
    response = origin_response()
    read = invoke(ORS, both(header("x-a", "b"), drop("headers", "content-length")), response=response).value
    assert read.body is response.body
    assert read.headers.get_all(b"content-length") == (b"6",)
    assert read.headers.get(b"x-a") == b"b"


@pytest.mark.parametrize(
    ("text", "length"), [pytest.param("Body generation example", b"23", id="new"), pytest.param("", b"0", id="none")]
)
def test_a_given_body_replaces_the_origins(text, length):
    read = invoke(
        ORS, both(put("status", value=200), put("statusDescription", value="OK"), put("body", value=text))
    ).value
    assert (read.status, read.reason, read.body.data) == (200, b"OK", text.encode())
    assert read.headers.get_all(b"content-length") == (length,)
    assert b"transfer-encoding" not in read.headers
    assert read.headers.get_all(b"set-cookie") == (b"a=1", b"b=2")
    assert read.headers.get(b"connection") == b"keep-alive"


def test_a_changed_status_without_description_gets_the_standard_phrase():
    assert invoke(ORS, both(put("status", value=200), drop("statusDescription"))).value.reason == b"OK"


def test_a_body_at_viewer_response_is_ignored():
    response = origin_response()
    outcome = invoke(VRS, put("body", value={"anything": 1}), response=response)
    assert outcome.value.body is response.body
    assert [warned.rule for warned in outcome.warned] == ["L707"]


def test_an_odd_origin_status_may_pass_viewer_response():
    assert invoke(VRS, header("x-a", "b"), response=Response(status=999)).value.status == 999


# Properties

OCTETS = st.binary(max_size=12)
NAMES = st.one_of(
    st.sampled_from([b"Host", b"via", b"Connection", b"X-Cache", b"cookie", b"X-Edge-A", b"Content-Length"]),
    st.binary(min_size=1, max_size=8),
)
HEADERS = st.lists(st.tuples(NAMES, OCTETS), max_size=6).map(Headers)
REQUESTS = st.builds(
    Request, method=st.sampled_from(["GET", "POST"]), path=OCTETS, query=st.none() | OCTETS, headers=HEADERS
)
RESPONSES = st.builds(Response, status=st.integers(200, 599), reason=OCTETS, headers=HEADERS)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["200", "/", "custom", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5) | st.sampled_from(["status", "uri", "headers", "key", "value"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


def same(message):
    return message


@given(request=REQUESTS)
@example(
    request=Request(method="GET", path=b"\xe9", query=b"", headers=Headers([(b"\xc9", b"\xff"), (b"\xe9", b"\n")]))
)
@settings(max_examples=60, deadline=None)
def test_an_unchanged_request_is_the_same(request):
    assert invoke(VRQ, same, request=request).value.request == request
    assume(not {b"x-origin-token", b"range"} & set(request.headers.names()))
    changed = invoke(ORQ, same, request=request).value
    assert (changed.request, changed.origin) == (request, CUSTOM)


@given(response=RESPONSES, point=st.sampled_from([ORS, VRS]))
@settings(max_examples=60, deadline=None)
def test_an_unchanged_response_is_the_same(response, point):
    assert invoke(point, same, response=response).value == response


@given(request=REQUESTS)
@example(
    request=Request(method="GET", path=b"/", headers=Headers([(b"\xc9", b"\xff"), (b"\xe9", b"\n"), (b"\xc9", b"1")]))
)
@settings(max_examples=60, deadline=None)
def test_adding_one_header_changes_no_other_line(request):
    added = invoke(VRQ, header("x-added", "1"), request=request).value.request
    assert sorted(added.headers.lines) == sorted([*request.headers.lines, (b"X-Added", b"1")])
    assert (added.path, added.query) == (request.path, request.query)


def places(message, way=()):
    """Yield the path of every member of a JSON value."""
    members = message.items() if isinstance(message, dict) else enumerate(message) if isinstance(message, list) else ()
    for name, inner in members:
        yield (*way, name)
        yield from places(inner, (*way, name))


def header_names(headers):
    return {name.decode("latin-1") for name in headers.names()}


def outcome_of(point, change, origin):
    """Return the outcome, or None for a refusal; anything else is a failure."""
    try:
        outcome = invoke(point, change, origin=origin)
    except FunctionResultError as error:
        refusal = error
    else:
        refusal = None
    if refusal is not None:
        str(refusal).encode()
        refusal.log.encode()
        assert refusal.rule in RULES
        return None
    for warned in outcome.warned:
        assert RULES[warned.rule].forgiven
        warned.message.encode()
    assert isinstance(outcome.value, ChangedRequest | Response)
    return outcome.value


def assert_safe(point, value):
    before = request_at(point).headers if isinstance(value, ChangedRequest) else origin_response().headers
    headers = value.request.headers if isinstance(value, ChangedRequest) else value.headers
    assert {name for name in header_names(headers) if is_disallowed(name)} <= header_names(before)
    assert headers.block.count(b"\r\n") == len(headers)
    if isinstance(value, ChangedRequest):
        assert not set(b" \r\n\0?#") & set(value.request.path)
        assert not set(b" \r\n\0#") & set(value.request.query or b"")


@given(data=st.data(), point=st.sampled_from(list(Point)), origin=st.sampled_from([CUSTOM, S3]))
@settings(max_examples=250, deadline=None)
def test_any_json_is_a_request_a_response_or_a_refusal(data, point, origin):
    def change(message):
        if data.draw(st.booleans()):
            return data.draw(JSON)
        for _ in range(data.draw(st.integers(1, 3))):
            way = data.draw(st.sampled_from([*places(message), ("status",), ("body",), ("headers", "x-cache")]))
            try:
                message = put(*way, value=data.draw(JSON))(message) if data.draw(st.booleans()) else drop(*way)(message)
            except (KeyError, TypeError, IndexError, AttributeError):
                continue
        return message

    value = outcome_of(point, change, origin)
    if value is not None:
        assert_safe(point, value)


@given(
    name=st.sampled_from(["connection", "X-CACHE", "x-edge-a", "x-amz-cf-id", "host"]) | st.text(max_size=6),
    text=st.text(max_size=6),
)
@settings(max_examples=150, deadline=None)
def test_a_header_from_a_function_never_splits_a_message(name, text):
    for point in Point:
        value = outcome_of(point, header(name, text), CUSTOM)
        if value is not None:
            assert_safe(point, value)


def test_a_deeply_nested_result_is_refused():
    deep = []
    for _ in range(5000):
        deep = [deep]
    event = build_event(context(VRQ), request_at(VRQ))
    for result in (
        deep,
        {"status": deep},
        {"uri": "/", "headers": {"x": deep}},
        {"uri": deep},
        {"uri": "/", "body": deep},
    ):
        with pytest.raises(FunctionResultError):
            read_request_result(
                context(VRQ), event, result, request=request_at(VRQ), origin=None, judge=Judge.at("strict", print)
            )
