"""Events and results of a function's URL and of a load balancer (`spec/lambda-service.md` §6, §7), rule by rule."""

import base64
import json

import pytest

from edgerun.functions.function_url import FunctionUrl
from edgerun.functions.http_payload import Call, Unusable
from edgerun.functions.load_balancer import TargetGroup
from edgerun.http.headers import Headers
from edgerun.http.message import Request

URL = FunctionUrl(domain_name="abc.lambda-url.us-east-1.on.aws")
ARN = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/thumb-tg/6d0ecf831eec9f09"
ALB = TargetGroup(arn=ARN)
MULTI = TargetGroup(arn=ARN, multi_value=True)
CALL = Call(
    now=1795428000.0, request_id="a-uuid", trace_id="Root=1-5bdb40ca-556d8b0c50dc66f0511bf520", address="127.0.0.1"
)


def request(path=b"/", query=None, method="GET", *lines):
    return Request(method=method, path=path, query=query, headers=Headers(lines))


def event(payload, path=b"/", query=None, method="GET", lines=(), body=b""):
    return payload.event(request(path, query, method, *lines), body, CALL)


# ------------------------------------------------------------------------------ events, whole


def test_an_event_of_a_url_is_the_documented_one():
    lines = [
        (b"Accept", b"*/*"),
        (b"Host", b"abc.lambda-url.us-east-1.on.aws"),
        (b"User-Agent", b"curl/8.5.0"),
        (b"Cookie", b"cookie1=a; cookie2=b"),
        (b"Content-Type", b"text/plain"),
        (b"X-Forwarded-For", b"72.21.198.66"),
    ]
    made = event(URL, b"/pa2%25Fth/1", b"q=query&multiQuery=foo&multiQuery=%2Fbar", "POST", lines, b"hello")
    assert made == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/pa2%Fth/1",
        "rawQueryString": "q=query&multiQuery=foo&multiQuery=%2Fbar",
        "cookies": ["cookie1=a", "cookie2=b"],
        "headers": {
            "accept": "*/*",
            "content-type": "text/plain",
            "host": "abc.lambda-url.us-east-1.on.aws",
            "user-agent": "curl/8.5.0",
            "x-amzn-tls-cipher-suite": "TLS_AES_128_GCM_SHA256",
            "x-amzn-tls-version": "TLSv1.3",
            "x-amzn-trace-id": "Root=1-5bdb40ca-556d8b0c50dc66f0511bf520",
            "x-forwarded-for": "72.21.198.66, 127.0.0.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "queryStringParameters": {"q": "query", "multiQuery": "foo,/bar"},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abc",
            "domainName": "abc.lambda-url.us-east-1.on.aws",
            "domainPrefix": "abc",
            "http": {
                "method": "POST",
                "path": "/pa2%Fth/1",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "a-uuid",
            "routeKey": "$default",
            "stage": "$default",
            "time": "23/Nov/2026:10:00:00 +0000",
            "timeEpoch": 1795428000000,
        },
        "body": "hello",
        "isBase64Encoded": False,
    }


def test_an_event_of_a_load_balancer_is_the_documented_one():
    lines = [
        (b"Accept", b"*/*"),
        (b"Host", b"lambda-alb-123578498.us-east-1.elb.amazonaws.com"),
        (b"User-Agent", b"curl/8.5.0"),
    ]
    made = event(ALB, b"/images/red%20flower.jpg", b"size=200&tag=a%2Bb", "GET", lines)
    assert made == {
        "requestContext": {"elb": {"targetGroupArn": ARN}},
        "httpMethod": "GET",
        "path": "/images/red%20flower.jpg",
        "queryStringParameters": {"size": "200", "tag": "a%2Bb"},
        "headers": {
            "accept": "*/*",
            "host": "lambda-alb-123578498.us-east-1.elb.amazonaws.com",
            "user-agent": "curl/8.5.0",
            "x-amzn-trace-id": "Root=1-5bdb40ca-556d8b0c50dc66f0511bf520",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "body": "",
        "isBase64Encoded": False,
    }


# ------------------------------------------------------------------------------ events, by rule


def test_a_url_leaves_out_what_is_empty():
    made = event(URL)
    assert not {"cookies", "queryStringParameters", "body"} & made.keys()
    assert (made["rawQueryString"], made["isBase64Encoded"]) == ("", False)


def test_a_url_joins_repeated_headers_with_commas():
    assert event(URL, lines=[(b"X-A", b"1"), (b"x-a", b"2")])["headers"]["x-a"] == "1,2"


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        (b"a=1&a=2", {"a": "1,2"}),
        (b"a=x+y%20z", {"a": "x y z"}),
        (b"a", {"a": ""}),
        (b"%C3%A4=%E2%82%AC", {"ä": "€"}),
    ],
)
def test_a_url_decodes_the_query(query, parameters):
    made = event(URL, query=query)
    assert (made["queryStringParameters"], made["rawQueryString"]) == (parameters, query.decode())


@pytest.mark.parametrize(
    ("query", "single", "multi"),
    [
        (None, {}, {}),
        (b"a=1&a=2", {"a": "2"}, {"a": ["1", "2"]}),
        (b"a=x+y%20z", {"a": "x+y%20z"}, {"a": ["x+y%20z"]}),
        (b"a&b=", {"a": "", "b": ""}, {"a": [""], "b": [""]}),
        (b"a=b=c", {"a": "b=c"}, {"a": ["b=c"]}),
    ],
)
def test_a_load_balancer_decodes_nothing_and_keeps_the_last_or_all(query, single, multi):
    assert event(ALB, query=query)["queryStringParameters"] == single
    made = event(MULTI, query=query)
    assert made["multiValueQueryStringParameters"] == multi
    assert "queryStringParameters" not in made


def test_a_load_balancers_headers_are_the_last_value_or_all_of_them():
    lines = [(b"Cookie", b"a=1"), (b"cookie", b"b=2"), (b"X-Forwarded-For", b"1.1.1.1")]
    assert event(ALB, lines=lines)["headers"]["cookie"] == "b=2"
    made = event(MULTI, lines=lines)
    assert made["multiValueHeaders"]["cookie"] == ["a=1", "b=2"]
    assert made["multiValueHeaders"]["x-forwarded-for"] == ["1.1.1.1, 127.0.0.1"]
    assert "headers" not in made


@pytest.mark.parametrize("payload", [URL, ALB], ids=["url", "alb"])
@pytest.mark.parametrize(
    ("kind", "body", "is_text"),
    [
        (b"text/html; charset=utf-8", b"<p>", True),
        (b"application/json", b"{}", True),
        (b"application/javascript", b"1", True),
        (b"Application/XML", b"<a/>", True),
        (b"application/x-www-form-urlencoded", b"a=b", False),
        (b"multipart/form-data; boundary=x", b"--x", False),
        (b"image/png", b"\x89PNG", False),
        (None, b"abc", False),
        (b"text/plain", b"\xff\xfe", False),
    ],
)
def test_text_goes_as_it_is_and_everything_else_as_base64(payload, kind, body, is_text):
    lines = [(b"Content-Type", kind)] if kind else []
    made = event(payload, method="POST", lines=lines, body=body)
    assert made["isBase64Encoded"] is not is_text
    assert made["body"] == (body.decode() if is_text else base64.b64encode(body).decode())


def test_a_load_balancer_takes_a_coded_body_as_bytes():
    lines = [(b"Content-Type", b"text/plain"), (b"Content-Encoding", b"br")]
    assert event(ALB, lines=lines, body=b"abc")["isBase64Encoded"] is True
    assert event(ALB, lines=lines)["isBase64Encoded"] is False


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ((b"Upgrade", b"websocket"), 400),
        ((b"X-Long", b"a" * 16_385), 400),
        ((b"X-Long", b"a" * 16_384), 0),
        ((b"X-Forwarded-For", b", ".join([b"1.1.1.1"] * 31)), 463),
        ((b"X-Forwarded-For", b", ".join([b"1.1.1.1"] * 30)), 0),
    ],
)
def test_a_load_balancer_refuses(line, status):
    assert ALB.refusal(request(b"/", None, "GET", line)) == status


# ------------------------------------------------------------------------------ results


def read(payload, result, method="GET"):
    response = payload.response(result, method)
    return response.status, list(response.headers), response.body.data


JSON = (b"Content-Type", b"application/json")


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ({"hello": "world"}, b'{"hello":"world"}'),
        (["hello", 3, True], b'["hello",3,true]'),
        ("hello", b"hello"),
        (3, b"3"),
        (3.1, b"3.1"),
        (True, b"true"),
        (None, b"null"),
        ({"a": "ä"}, '{"a":"ä"}'.encode()),
    ],
)
def test_a_url_sends_a_result_without_status_as_json(result, body):
    assert read(URL, result) == (200, [JSON, (b"Content-Length", b"%d" % len(body))], body)


def test_a_url_sends_body_headers_and_cookies():
    result = {
        "statusCode": 201,
        "headers": {"Content-Type": "text/plain", "X-N": 5, "X-B": True, "Connection": "close", "Content-Length": "9"},
        "cookies": ["a=1; Secure", "b=2"],
        "body": "made",
    }
    assert read(URL, result) == (
        201,
        [
            (b"Content-Type", b"text/plain"),
            (b"X-N", b"5"),
            (b"X-B", b"true"),
            (b"Set-Cookie", b"a=1; Secure"),
            (b"Set-Cookie", b"b=2"),
            (b"Content-Length", b"4"),
        ],
        b"made",
    )


@pytest.mark.parametrize(
    ("body", "sent"), [('{"hello": "world"}', b'{"hello": "world"}'), ({"hello": 1}, b'{"hello":1}'), (None, b"")]
)
def test_a_body_without_type_is_json_to_a_url(body, sent):
    status, lines, data = read(URL, {"statusCode": 200, "body": body})
    assert (status, lines[0], data) == (200, JSON, sent)


@pytest.mark.parametrize("payload", [URL, ALB], ids=["url", "alb"])
def test_base64_is_decoded(payload):
    result = {"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(b"\x89PNG").decode()}
    assert read(payload, result)[2] == b"\x89PNG"


@pytest.mark.parametrize("payload", [URL, ALB], ids=["url", "alb"])
@pytest.mark.parametrize(("status", "method", "length"), [(200, "HEAD", b"3"), (204, "GET", None), (304, "GET", None)])
def test_a_response_without_body_says_its_length_where_it_may(payload, status, method, length):
    response = payload.response({"statusCode": status, "body": "abc"}, method)
    assert (response.headers.get(b"content-length"), response.body.data) == (length, b"")


def test_a_load_balancer_sends_names_of_other_case_as_lines_of_their_own():
    _, lines, _ = read(ALB, {"statusCode": 200, "headers": {"Set-Cookie": "a=1", "sEt-Cookie": "b=2"}})
    assert lines[:2] == [(b"Set-Cookie", b"a=1"), (b"sEt-Cookie", b"b=2")]


@pytest.mark.parametrize(
    ("payload", "names"),
    [(ALB, [b"X-Single", b"Content-Length"]), (MULTI, [b"X-Multi", b"X-Multi", b"Content-Length"])],
)
def test_a_load_balancer_reads_one_of_the_two_header_fields(payload, names):
    result = {"statusCode": 200, "headers": {"X-Single": "1"}, "multiValueHeaders": {"X-Multi": ["1", "2"]}}
    assert [name for name, _ in read(payload, result)[1]] == names


def test_a_body_without_type_is_bytes_to_a_load_balancer():
    _, lines, _ = read(ALB, {"statusCode": 200, "body": "abc"})
    assert lines[0] == (b"Content-Type", b"application/octet-stream")


@pytest.mark.parametrize(
    ("said", "phrase"), [("200 All is well", b"All is well"), (None, b"OK"), ("nonsense", b"OK"), ("200 a\nb", b"OK")]
)
def test_the_description_is_the_phrase_of_the_status_line(said, phrase):
    assert ALB.response({"statusCode": 200, "statusDescription": said}, "GET").reason == phrase


BOTH = [
    ({"statusCode": "200"}, "expected statusCode to be a number"),
    ({"statusCode": True}, "expected statusCode to be a number"),
    ({"statusCode": 100}, "expected statusCode to be a number"),
    ({"statusCode": 600}, "expected statusCode to be a number"),
    ({"statusCode": 200, "headers": {"X-A": "a\r\nX-B: b"}}, "the header X-A holds a control character"),
    ({"statusCode": 200, "headers": {"X A": "a"}}, "'X A' is not a header's name"),
    ({"statusCode": 200, "headers": {"X-A": ["a"]}}, "expected the header X-A to be a string, got list"),
    ({"statusCode": 200, "headers": ["a"]}, "expected headers to be an object, got list"),
    ({"statusCode": 200, "isBase64Encoded": True, "body": "%"}, "body is not base64"),
]


@pytest.mark.parametrize(
    ("payload", "result", "said"),
    [
        *((payload, result, said) for payload in (URL, ALB) for result, said in BOTH),
        (URL, {"statusCode": 200, "cookies": "a=1"}, "expected cookies to be a list, got str"),
        (ALB, "hello", "expected an object with statusCode, got str"),
        (ALB, {"body": "hello"}, "expected statusCode to be a number"),
        (ALB, {"statusCode": 200, "body": {}}, "expected body to be a string, got dict"),
        (ALB, {"statusCode": 200, "isBase64Encoded": "yes"}, "expected isBase64Encoded to be true or false"),
        (ALB, {"statusCode": 200, "headers": {"X": "a" * 32_768}}, "the headers have more than 32768 bytes"),
        (MULTI, {"statusCode": 200, "multiValueHeaders": {"X": "a"}}, "expected multiValueHeaders.X to be a list"),
    ],
)
def test_what_is_no_response_is_said(payload, result, said):
    with pytest.raises(Unusable) as caught:
        payload.response(result, "GET")
    assert said in str(caught.value)


# ------------------------------------------------------------------------------ errors


def test_pages_of_a_url():
    assert URL.error(502).body.data == b"Internal Server Error"
    throttled = URL.error(URL.failed(throttled=True))
    assert (throttled.status, json.loads(throttled.body.data)["message"]) == (429, "Rate Exceeded.")
    assert URL.failed(throttled=False) == 502


def test_pages_of_a_load_balancer():
    page = ALB.error(502)
    assert page.headers.get(b"server") == b"awselb/2.0"
    assert page.body.data == (
        b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>"
        b"\r\n</body>\r\n</html>\r\n"
    )
    assert {ALB.failed(throttled=throttled) for throttled in (True, False)} == {502}
