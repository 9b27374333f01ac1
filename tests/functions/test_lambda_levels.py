"""The three levels: what the lenient one makes of what is refused, and what none lets through.

Source: `spec/lambda-at-edge.md` §13; the samples of `edgerun/functions/lambda_rule.py`.
"""

import contextlib
import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_lambda_result import (
    CUSTOM,
    JSON,
    ORQ,
    ORS,
    S3,
    VRQ,
    VRS,
    assert_safe,
    both,
    context,
    custom,
    drop,
    give,
    header,
    invoke,
    origin_response,
    places,
    put,
    replacing,
    request_at,
    s3,
)

from edgerun.distribution.model import Point
from edgerun.errors import FunctionResultError
from edgerun.functions.lambda_edge import ChangedRequest, Judge, build_event, parse_payload, read_request_result
from edgerun.functions.limits import READ_ONLY, is_disallowed
from edgerun.functions.rules import RULES
from edgerun.http.message import Response

LEVELS = ["strict", "pedantic", "lenient"]


def sampled(rule, body, level="strict"):
    """Run a sample as a function's body, and read what it returned."""
    is_request = rule.sample.point in {"viewer-request", "origin-request"}
    member = "request" if is_request else "response"
    lines = [
        "def handler(event, context):",
        f'    {member} = event["Records"][0]["cf"]["{member}"]',
        f"    {body}",
        f"    return {member}",
    ]
    names = {}
    exec("\n".join(lines), names)

    def change(message):
        result = names["handler"]({"Records": [{"cf": {member: message}}]}, None)
        return parse_payload(json.dumps(result).encode(), orjson.loads)

    return invoke(Point(rule.sample.point), change, level=level)


each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)


@each_rule
def test_a_failing_sample_breaks_its_rule_and_a_passing_one_breaks_none(rule):
    assert sampled(rule, rule.sample.passing).warned == []
    if rule.forgiven:
        assert [warned.rule for warned in sampled(rule, rule.sample.failing).warned] == [rule.id]
        return
    with pytest.raises(FunctionResultError) as caught:
        sampled(rule, rule.sample.failing)
    assert caught.value.rule == rule.id


@each_rule
def test_the_pedantic_level_refuses_every_broken_rule(rule):
    assert sampled(rule, rule.sample.passing, "pedantic").warned == []
    with pytest.raises(FunctionResultError) as caught:
        sampled(rule, rule.sample.failing, "pedantic")
    assert caught.value.rule == rule.id


def message(value):
    return value.request if isinstance(value, ChangedRequest) else value


def values(name):
    return lambda value: message(value).headers.get_all(name)


def body(value):
    return message(value).body.data


def target(value):
    return value.request.path, value.request.query


def status(value):
    return value.status


def origin(name):
    return lambda value: getattr(value.origin, name)


def custom_headers(value):
    return value.origin.custom_headers.lines


def generated(**members):
    return give({"status": 200, **members})


# What came, where, what is said, what is looked at, what is seen.
FORGIVEN = [
    ("a whole event", ORS, lambda m: {"Records": [{"cf": {"response": m}}]}, ["L201"], status, 404),
    ("statusCode", VRQ, give({"statusCode": 201}), ["L103"], status, 201),
    ("statusCode at origin-response", ORS, lambda m: {**drop("status")(m), "statusCode": 201}, ["L201"], status, 201),
    ("status at viewer-response", VRS, put("status", value="200"), ["L203"], status, 404),
    ("CR LF in a description", VRQ, generated(statusDescription="a\r\nb"), ["L204"], lambda v: v.reason, b"OK"),
    ("headers null", VRQ, generated(headers=None), ["L301"], lambda v: len(v.headers), 0),
    ("a bare string", ORS, put("headers", "x-a", value="b"), ["L302"], values(b"x-a"), (b"b",)),
    ("a bare object", ORS, put("headers", "x-a", value={"value": "b"}), ["L302"], values(b"x-a"), (b"b",)),
    ("a bare number", ORS, put("headers", "x-a", value=1.5), ["L302"], values(b"x-a"), (b"1.5",)),
    ("bare elements", ORS, put("headers", "x-a", value=["b", True]), ["L303"] * 2, values(b"x-a"), (b"b", b"true")),
    ("a number", ORS, header("x-a", 5), ["L304"], values(b"x-a"), (b"5",)),
    ("a list with a number", ORS, header("x-a", ["b", 5]), ["L304"], values(b"x-a"), (b"b", b"5")),
    ("a key that is a number", ORS, header("x-a", "b", key=5), ["L305"], values(b"x-a"), (b"b",)),
    ("disallowed", ORS, header("x-cache", "Hit"), ["L401"], values(b"x-cache"), ()),
    ("the country", VRQ, header("cloudfront-viewer-country", "DE"), ["L402"], values(b"cloudfront-viewer-country"), ()),
    (
        "a generated length",
        VRQ,
        generated(headers={"content-length": [{"value": "9"}]}, body="x"),
        ["L403"],
        values(b"content-length"),
        (),
    ),
    ("read-only changed", VRQ, header("host", "b"), ["L404"], values(b"host"), (b"www.example.com",)),
    ("read-only deleted", VRQ, drop("headers", "host"), ["L405"], values(b"host"), (b"www.example.com",)),
    ("no slash", VRQ, put("uri", value="a"), ["L501"], target, (b"/a", b"x=1")),
    (
        "spaces",
        VRQ,
        both(put("uri", value="/a b"), put("querystring", value="c d")),
        ["L502", "L503"],
        target,
        (b"/a%20b", b"c%20d"),
    ),
    ("a null querystring", VRQ, put("querystring", value=None), ["L503"], target, (b"/caf\xe9", None)),
    ("a question mark", VRQ, put("querystring", value="?a=b"), ["L508"], target, (b"/caf\xe9", b"a=b")),
    ("an address", ORQ, custom("domainName", "127.0.0.2"), ["L602"], origin("domain_name"), "127.0.0.2"),
    (
        "a bucket in capitals",
        ORQ,
        s3(domainName="B.s3.amazonaws.com"),
        ["L602"],
        origin("domain_name"),
        "b.s3.amazonaws.com",
    ),
    ("slashes of a path", ORQ, custom("path", "a/"), ["L603"], origin("path"), "/a"),
    ("a port as text", ORQ, custom("port", "443"), ["L604"], origin("port"), 443),
    ("a protocol in capitals", ORQ, custom("protocol", "HTTPS"), ["L605"], origin("protocol"), "https"),
    (
        "an unknown TLS",
        ORQ,
        custom("sslProtocols", ["TLSv1.3", "TLSv1"]),
        ["L606"],
        origin("ssl_protocols"),
        ("TLSv1",),
    ),
    ("seconds as text", ORQ, custom("readTimeout", "20"), ["L607"], origin("read_timeout"), 20),
    ("idle seconds as text", ORQ, custom("keepaliveTimeout", "20"), ["L608"], origin("keepalive_timeout"), 20),
    (
        "all seconds as text",
        ORQ,
        custom("responseCompletionTimeout", "40"),
        ["L609"],
        origin("response_completion_timeout"),
        40,
    ),
    ("a bare custom header", ORQ, custom("customHeaders", {"x-a": "b"}), ["L612"], custom_headers, ((b"X-A", b"b"),)),
    ("a disallowed one", ORQ, custom("customHeaders", {"x-edge-a": [{"value": "b"}]}), ["L613"], custom_headers, ()),
    ("a denied one", ORQ, custom("customHeaders", {"cookie": [{"value": "b"}]}), ["L614"], custom_headers, ()),
    ("one in two places", ORQ, header("x-origin-token", "a"), ["L615"], values(b"x-origin-token"), (b"a",)),
    ("an object as body", VRQ, generated(body={"a": 1}), ["L701"], body, b'{"a": 1}'),
    ("a number as body", ORS, put("body", value=5), ["L701"], body, b"5"),
    ("null as body", ORS, put("body", value=None), ["L701"], body, b"origin"),
    ("null as request body", VRQ, put("body", value=None), ["L701"], body, b"hello"),
    ("an unknown encoding", VRQ, generated(body="x", bodyEncoding="utf-8"), ["L703"], body, b"x"),
    ("base64 in capitals", VRQ, generated(body="eA==", bodyEncoding="BASE64"), ["L703"], body, b"x"),
    ("base64 for URLs", ORQ, replacing("_-8\n"), ["L704"], body, b"\xff\xef"),
    ("a large request body", VRQ, replacing("x" * 50_000, encoding="text"), ["L705"], body, b"x" * 50_000),
    ("204 with a body", VRQ, give({"status": 204, "body": "x"}), ["L706"], body, b""),
    ("a large response", VRQ, generated(body="x" * 50_000), ["L708"], body, b"x" * 50_000),
]


@pytest.mark.parametrize(
    ("point", "breaking", "rules", "look", "seen"), [pytest.param(*row[1:], id=row[0]) for row in FORGIVEN]
)
def test_the_lenient_level_makes_sense_of_it_and_says_so(point, breaking, rules, look, seen):
    outcome = invoke(point, breaking, level="lenient")
    assert look(outcome.value) == seen
    assert [warned.rule for warned in outcome.warned] == rules
    for warned in outcome.warned:
        rule = RULES[warned.rule]
        assert rule.reading or warned.message.endswith(f" Forgiven: {rule.lenient}.")
    with pytest.raises(FunctionResultError):
        invoke(point, breaking, level="pedantic")


def test_every_rule_that_the_lenient_level_forgives_is_in_the_table():
    assert {rule.id for rule in RULES.values() if rule.lenient} <= {rule for row in FORGIVEN for rule in row[3]}


def test_a_whole_event_at_the_lenient_level_is_its_request():
    event = {"Records": [{"cf": {"request": {"uri": "/new", "querystring": "", "headers": {}}}}]}
    outcome = invoke(VRQ, give(event), level="lenient")
    assert outcome.value.request.path == b"/new"
    assert outcome.value.request.headers.get(b"host") == b"www.example.com"
    assert [warned.rule for warned in outcome.warned] == ["L103", "L405", "L405"]


@pytest.mark.parametrize(
    ("point", "breaking", "rule"),
    [
        pytest.param(VRQ, give(None), "L102", id="nothing"),
        pytest.param(VRQ, give({}), "L103", id="neither request nor response"),
        pytest.param(VRQ, give({"Records": []}), "L103", id="an event without records"),
        pytest.param(VRQ, give({"Records": [{"cf": {"request": {}}}]}), "L103", id="an event with an empty request"),
        pytest.param(ORS, give({"Records": 5}), "L201", id="an event that is none"),
        pytest.param(VRQ, give({"status": 199}), "L202", id="a status out of range"),
        pytest.param(VRQ, generated(headers=[]), "L301", id="headers as a list"),
        pytest.param(ORS, put("headers", "x-a", value=None), "L302", id="null as a header"),
        pytest.param(ORS, put("headers", "x-a", value="b\r\nc: d"), "L307", id="CR LF in a bare string"),
        pytest.param(ORS, put("headers", "x-a", value=[None]), "L303", id="null as an element"),
        pytest.param(ORS, header("x-a", None), "L304", id="a missing value"),
        pytest.param(ORS, header("x-a", ["b", None]), "L304", id="null among values"),
        pytest.param(ORS, header("x-a", 10**5000), "L304", id="a huge number"),
        pytest.param(ORS, header("x a", "b"), "L306", id="no name"),
        pytest.param(ORS, header("x-a", "b\0"), "L307", id="NUL"),
        pytest.param(ORS, header("x-a", "b\r\nc: d"), "L307", id="CR LF"),
        pytest.param(VRQ, put("uri", value="https://a.example/b"), "L501", id="a whole URL"),
        pytest.param(VRQ, put("uri", value="a\r\nb"), "L502", id="CR LF in a uri"),
        pytest.param(VRQ, put("uri", value="/a?b"), "L502", id="a query in a uri"),
        pytest.param(VRQ, put("querystring", value="a b#c"), "L503", id="a fragment"),
        pytest.param(VRQ, put("querystring", value=5), "L503", id="a number as querystring"),
        pytest.param(ORQ, put("origin", value={}), "L601", id="no origin"),
        pytest.param(ORQ, custom("domainName", "a\r\nb"), "L602", id="CR LF in a domain"),
        pytest.param(ORQ, custom("path", "a b/"), "L603", id="a space in a path"),
        pytest.param(ORQ, custom("port", "22"), "L604", id="a port out of range"),
        pytest.param(ORQ, custom("readTimeout", "500"), "L607", id="a timeout out of range"),
        pytest.param(ORQ, custom("customHeaders", {"x-a": "b\nc"}), "L612", id="CR LF in a custom header"),
        pytest.param(ORQ, custom("customHeaders", {"x a": "b"}), "L612", id="no name of a custom header"),
        pytest.param(ORQ, custom("customHeaders", {f"x-{n}": "" for n in range(31)}), "L612", id="31 custom headers"),
        pytest.param(VRQ, put("body", value="x"), "L701", id="a string as request body"),
        pytest.param(VRQ, replacing("x?", encoding="base64"), "L704", id="no base64"),
        pytest.param(VRQ, generated(body="", bodyEncoding=5), "L703", id="a number as encoding"),
    ],
)
def test_what_no_sense_can_be_made_of_is_refused_at_the_lenient_level_too(point, breaking, rule):
    with pytest.raises(FunctionResultError) as caught:
        invoke(point, breaking, level="lenient")
    assert caught.value.rule == rule


# ---------------------------------------------------------------- readings


@pytest.mark.parametrize(
    ("level", "size", "fits"),
    [("strict", 40_960, True), ("pedantic", 40_960, False), ("pedantic", 40_000, True), ("strict", 40_961, False)],
)
def test_a_kilobyte_has_1024_bytes_and_1000_at_the_pedantic_level(level, size, fits):
    for change in (generated(body="x" * size), replacing("x" * size, encoding="text")):
        with contextlib.nullcontext() if fits else pytest.raises(FunctionResultError):
            invoke(VRQ, change, level=level)


def test_one_megabyte_is_the_same_at_every_level():
    for level in LEVELS:
        assert invoke(ORQ, generated(body="x" * 1_048_576), level=level).warned == []


def test_base64_counts_as_it_is_returned_and_decoded_at_the_lenient_level():
    change = generated(body="eHh4" * 12_000, bodyEncoding="base64")
    assert invoke(VRQ, change, level="lenient").warned == []
    for level in ("strict", "pedantic"):
        with pytest.raises(FunctionResultError):
            invoke(VRQ, change, level=level)


@pytest.mark.parametrize(("level", "fits"), [("strict", True), ("lenient", True), ("pedantic", False)])
def test_an_empty_body_with_204_is_none_but_at_the_pedantic_level(level, fits):
    with contextlib.nullcontext() if fits else pytest.raises(FunctionResultError):
        assert invoke(VRQ, give({"status": 204, "body": ""}), level=level).warned == []


# ---------------------------------------------------------------- properties


def read(point, change, spec, level):
    """Return what comes of a result, or None for a refusal that names its rule; anything else is a failure."""
    try:
        outcome = invoke(point, change, origin=spec, level=level)
    except FunctionResultError as error:
        refusal = error
    else:
        refusal = None
    if refusal is not None:
        assert refusal.rule in RULES
        str(refusal).encode()
        return None
    for warned in outcome.warned:
        assert level != "pedantic"
        assert RULES[warned.rule].forgiven or level == "lenient"
        warned.message.encode()
    assert isinstance(outcome.value, ChangedRequest | Response)
    assert_safe(point, outcome.value)
    assert_kept(point, outcome.value)
    return outcome.value


def assert_kept(point, value):
    """Read-only headers are as they were, but for the length and framing of a replaced body."""
    after = message(value).headers
    if isinstance(value, ChangedRequest):
        before = request_at(point).headers
    elif point in {VRQ, ORQ}:
        assert not READ_ONLY[point] & {name.decode("latin-1") for name in after.names()}
        return
    else:
        before = origin_response().headers
        assert not set(b"\r\n\0") & set(value.reason)
    for name in READ_ONLY[point] - ({"content-length", "transfer-encoding"} if point is not VRS else set()):
        assert after.get_all(name.encode()) == before.get_all(name.encode())
    if isinstance(value, ChangedRequest) and value.origin is not None:
        lines = value.origin.custom_headers
        assert lines.block.count(b"\r\n") == len(lines)
        assert not any(is_disallowed(name.decode("latin-1")) for name in lines.names())
        assert not set("\r\n\0 ") & set(value.origin.domain_name + value.origin.path)


@given(
    data=st.data(),
    point=st.sampled_from(list(Point)),
    spec=st.sampled_from([CUSTOM, S3]),
    level=st.sampled_from(LEVELS),
)
@settings(max_examples=200, deadline=None)
def test_any_json_is_a_request_a_response_or_a_refusal_at_every_level(data, point, spec, level):
    more = [("status",), ("statusCode",), ("body",), ("bodyEncoding",), ("headers", "x-cache"), ("headers", "via")]

    def change(given_message):
        if data.draw(st.booleans()):
            return data.draw(JSON)
        changed = given_message
        for _ in range(data.draw(st.integers(1, 4))):
            way = data.draw(st.sampled_from([*places(changed), *more]))
            with contextlib.suppress(KeyError, TypeError, IndexError, AttributeError):
                changed = put(*way, value=data.draw(JSON))(changed) if data.draw(st.booleans()) else drop(*way)(changed)
        return {"Records": [{"cf": {"request": changed, "response": changed}}]} if data.draw(st.booleans()) else changed

    read(point, change, spec, level)


@given(
    name=st.sampled_from(["connection", "X-CACHE", "x-edge-a", "host", "VIA", "a\r\nb", ""]) | st.text(max_size=6),
    given_value=JSON | st.sampled_from(["a\r\nb: c", "\n", "\0", "\r", ["a", "\r\n"], {"value": "\n"}, [["\n"]]]),
    level=st.sampled_from(LEVELS),
)
@settings(max_examples=150, deadline=None)
def test_a_header_from_a_function_never_splits_a_message_at_any_level(name, given_value, level):
    for point in Point:
        for change in (header(name, given_value), put("headers", name, value=given_value)):
            read(point, change, CUSTOM, level)
    read(ORQ, custom("customHeaders", {name: given_value}), CUSTOM, level)


@pytest.mark.parametrize("level", LEVELS)
def test_a_deeply_nested_result_ends_in_a_refusal_or_a_request(level):
    deep = []
    for _ in range(5000):
        deep = [deep]
    event = build_event(context(VRQ), request_at(VRQ))
    for result in (
        deep,
        {"status": deep},
        {"status": 200, "body": deep},
        {"uri": "/", "headers": {"x": deep}},
        {"uri": "/", "headers": {"x": [{"key": deep, "value": "b"}]}},
        {"uri": "/", "headers": {"x": [{"value": deep}]}},
        {"uri": "/", "body": deep},
        {"Records": deep},
        {"statusCode": deep},
    ):
        judge = Judge.at(level, lambda warned: None)
        with contextlib.suppress(FunctionResultError):
            read_request_result(context(VRQ), event, result, request=request_at(VRQ), origin=None, judge=judge)
