"""Every field of the access log. Source: cloudfront.md §14.1, §14.2."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import OBEDIENT, Play, behavior, changed, distribution, request

from edgerun.distribution.model import ALL_METHODS
from edgerun.errors import OriginConnectError, OriginDnsError
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, SameHead, Tls
from edgerun.observe.access_line import ADDED, FIELDS, HEAD, LineMaker, encoded, received
from edgerun.testing.origin import respond

TLS = Tls(protocol="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256")
OPEN = behavior(allowed_methods=ALL_METHODS)


def fields(event, **options):
    line = LineMaker("EDG50-P1", include_cookies=options.pop("include_cookies", False)).w3c(event)
    assert line.endswith("\n")
    values = line[:-1].split("\t")
    assert len(values) == len(FIELDS) == 33
    return dict(zip(FIELDS, values, strict=True))


def answered(path="/page", *, given=OPEN, reply=None, asked=None, method="GET", body=b"", **headers):
    """Return the event of one request."""
    play = Play(given)
    play.origin.replies |= {"/page": reply or respond(200, b"a page", content_type="text/html", content_length="6")}
    asked = asked or request(path, method, body, **headers)

    async def ask(play):
        begun = play.pipeline.begin(asked)
        delivery = begun if hasattr(begun, "sent") else await begun
        await delivery.body.aclose()
        delivery.sent(1234, complete=True)

    play.run(ask)
    return play.logged()[-1]


def of(name, event, **options):
    return fields(event, **options)[name]


def test_the_two_lines_at_the_head():
    assert HEAD == (
        "#Version: 1.0\n"
        "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
        "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol "
        "cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version "
        "fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type "
        "sc-content-len sc-range-start sc-range-end\n"
    )


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("x-edge-location", "EDG50-P1"),
        ("sc-bytes", "1234"),
        ("c-ip", "198.51.100.23"),
        ("c-port", "40000"),
        ("cs-method", "GET"),
        ("cs(Host)", "d111111abcdef8.cloudfront.net"),
        ("x-host-header", "shop.example"),
        ("cs-uri-stem", "/page"),
        ("cs-uri-query", "-"),
        ("sc-status", "200"),
        ("cs(Referer)", "-"),
        ("cs(User-Agent)", "-"),
        ("cs(Cookie)", "-"),
        ("x-edge-result-type", "Miss"),
        ("x-edge-response-result-type", "Miss"),
        ("x-edge-detailed-result-type", "Miss"),
        ("x-edge-request-id", "request-1"),
        ("cs-protocol", "http"),
        ("cs-protocol-version", "HTTP/1.1"),
        ("cs-bytes", str(len(b"GET /page HTTP/1.1\r\nHost: shop.example\r\n\r\n"))),
        ("x-forwarded-for", "-"),
        ("ssl-protocol", "-"),
        ("ssl-cipher", "-"),
        ("fle-status", "-"),
        ("fle-encrypted-fields", "-"),
        ("sc-content-type", "text/html"),
        ("sc-content-len", "6"),
        ("sc-range-start", "-"),
        ("sc-range-end", "-"),
    ],
)
def test_a_plain_answer(field, expected):
    assert of(field, answered()) == expected


@pytest.mark.parametrize(
    ("field", "expected", "headers"),
    [
        ("cs(Referer)", "https://a.example/?q=%25", {"referer": "https://a.example/?q=%"}),
        ("cs(User-Agent)", "Mozilla/5.0%20(X11;%20Linux)", {"user_agent": "Mozilla/5.0 (X11; Linux)"}),
        ("cs(Cookie)", "-", {"cookie": "session=secret"}),
        ("x-forwarded-for", "203.0.113.9,%20198.51.100.1", {"x_forwarded_for": "203.0.113.9, 198.51.100.1"}),
    ],
)
def test_headers_of_the_viewer(field, expected, headers):
    assert of(field, answered(**headers)) == expected


def test_cookies_only_where_they_are_wanted():
    event = answered(cookie="a=1; b=x y")

    assert of("cs(Cookie)", event) == "-"
    assert of("cs(Cookie)", event, include_cookies=True) == "a=1;%20b=x%20y"


def test_no_other_header_is_told():
    event = answered("/page?token=ok", authorization="Basic c2VjcmV0", cookie="session=secret", x_api_key="secret")

    assert "secret" not in "".join(fields(event).values())
    assert "c2VjcmV0" not in "".join(fields(event).values())


@pytest.mark.parametrize(
    ("target", "stem", "query"),
    [
        ("/page?a=1&b=2", "/page", "a=1&b=2"),
        ("/a%20b?c=%7e", "/a%2520b", "c=%257e"),
        ("/page?", "/page", "-"),
        ("/p\xe9?q=\xff", "/p%E9", "q=%FF"),
    ],
)
def test_the_url_is_told_as_it_came_and_encoded(target, stem, query):
    told = fields(answered(target))

    assert (told["cs-uri-stem"], told["cs-uri-query"]) == (stem, query)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (None, "-"),
        (b"", "-"),
        (b"a\tb\nc", "a%09b%0Ac"),
        (b"<>\"#%{}|\\^~[]`' ", "%3C%3E%22%23%25%7B%7D%7C%5C%5E%7E%5B%5D%60%27%20"),
        (b"\x00\x1f\x7f\x80\xff", "%00%1F%7F%80%FF"),
        (b"!$&()*+,-./:;=?@_09azAZ", "!$&()*+,-./:;=?@_09azAZ"),
    ],
)
def test_the_encoding(raw, text):
    assert encoded(raw) == text


@given(st.binary())
def test_no_value_can_make_another_field_or_line(raw):
    text = encoded(raw)

    assert text.isascii()
    assert text.isprintable()
    assert " " not in text


def test_times_are_of_the_end_of_the_answer():
    event = answered()
    event.visit.started, event.ready, event.at = 1_775_556_000.0, 1_775_556_000.25, 1_775_556_001.5
    told = fields(event)

    assert (told["date"], told["time"]) == ("2026-04-07", "10:00:01")
    assert (told["time-taken"], told["time-to-first-byte"]) == ("1.500", "0.250")


def test_a_clock_that_was_moved_back_makes_no_negative_times():
    event = answered()
    event.ready = event.at = event.visit.started - 10

    assert (of("time-taken", event), of("time-to-first-byte", event)) == ("0.000", "0.000")


def test_tls():
    told = fields(answered(asked=request("/page").changed(scheme="https", tls=TLS)))

    assert (told["cs-protocol"], told["ssl-protocol"], told["ssl-cipher"]) == (
        "https",
        "TLSv1.3",
        "TLS_AES_128_GCM_SHA256",
    )


@pytest.mark.parametrize("version", ["1.0", "1.1", "2.0"])
def test_the_version_of_the_protocol(version):
    assert (
        of("cs-protocol-version", answered(asked=request("/page").changed(http_version=version))) == f"HTTP/{version}"
    )


@pytest.mark.parametrize(("scheme", "word"), [("http", "ws"), ("https", "wss")])
def test_a_websocket(scheme, word):
    event = answered(asked=request("/page").changed(scheme=scheme))
    event.status, event.received = 101, 77

    assert of("cs-protocol", event) == word
    assert int(of("cs-bytes", event)) == 77 + len(b"GET /page HTTP/1.1\r\nHost: shop.example\r\n\r\n")


def test_a_body_counts_as_it_came():
    asked = request("/page", "POST", b"x" * 100)
    event = answered(asked=asked)
    head = int(of("cs-bytes", event)) - 100

    assert head == len(b"POST /page HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 100\r\n\r\n")

    class Arriving:
        received, length = 60, None

    assert received(asked.changed(body=Arriving()), event) == head + 60


def test_the_answer_that_was_sent_counts():
    partial = respond(206, b"cde", content_range="bytes 2-4/10", content_type="text/plain; a", content_length="3")
    told = fields(answered(reply=partial))

    assert told["sc-status"] == "206"
    assert (told["sc-range-start"], told["sc-range-end"], told["sc-content-len"]) == ("2", "4", "3")
    assert told["sc-content-type"] == "text/plain;%20a"


@pytest.mark.parametrize(
    ("word", "detailed", "event"),
    [
        ("Error", "InvalidRequestMethod", lambda: answered(given=behavior(), method="DELETE")),
        ("Error", "OriginDnsError", lambda: answered(reply=OriginDnsError("x"))),
        ("Error", "OriginConnectError", lambda: answered(reply=OriginConnectError("x"))),
        ("Error", "Error", lambda: answered(reply=respond(404, b"none"))),
        ("Redirect", "Redirect", lambda: answered(given=behavior(viewer_protocol_policy="redirect-to-https"))),
    ],
    ids=["method", "DNS", "connection", "404", "redirect"],
)
def test_result_types(word, detailed, event):
    told = fields(event())

    assert told["x-edge-result-type"] == told["x-edge-response-result-type"] == word
    assert told["x-edge-detailed-result-type"] == detailed


def test_a_viewer_who_left_makes_it_an_error_after_the_last_byte():
    event = answered()
    event.complete = False
    told = fields(event)

    assert told["x-edge-result-type"] == "Error"
    assert told["x-edge-response-result-type"] == "Miss"
    assert told["x-edge-detailed-result-type"] == "ClientCommError"


def test_what_a_function_at_origin_request_answers():
    play = Play(behavior(points={"origin_request": "f"}), functions={"f": lambda event, context: {"status": "200"}})
    play.get("/page")

    assert fields(play.logged()[-1])["x-edge-detailed-result-type"] == "MissGeneratedResponse"


# ------------------------------------------------------------------------------ what a batch has in common


def hits():
    """Return the events of a thousand hits in small: the same bytes, different viewers."""
    play = Play(behavior(cache_policy=OBEDIENT), watched=False)
    play.origin.replies |= {"/page": respond(200, b"a page", cache_control="max-age=60", content_length="6")}
    same = SameHead()

    async def ask(play):
        for port in range(5):
            asked = request("/page").changed(same=same, client=("198.51.100.1", port), tls=TLS if port % 2 else None)
            begun = play.pipeline.begin(asked)
            delivery = begun if hasattr(begun, "sent") else await begun
            play.clock.advance(1)
            delivery.sent(100 + port, complete=port != 3)

    play.run(ask)
    return play.logged()


def test_what_is_remembered_changes_no_line():
    events = hits()
    together = LineMaker("EDG50-P1", include_cookies=False)
    made = [together.w3c(event) for event in events]

    assert made == [LineMaker("EDG50-P1", include_cookies=False).w3c(event) for event in events]
    assert len({line.split("\t")[FIELDS.index("c-port")] for line in made}) == 5
    assert [line.split("\t")[FIELDS.index("x-edge-result-type")] for line in made] == [
        "Miss",
        *("Hit",) * 2,
        "Error",
        "Hit",
    ]


# ------------------------------------------------------------------------------ JSON


def test_the_json_form():
    given_ = changed(distribution(OPEN), id="EDFDVBD6EXAMPLE")
    event = answered("/page?q=1", given=given_)
    event.at = 1_775_556_001.5
    line = LineMaker("EDG50-P1", include_cookies=False).json(event, lambda address: ("DE", 64496))
    told = json.loads(line)

    assert list(told) == [*FIELDS, *ADDED]
    assert {name: told[name] for name in FIELDS} == fields(event)
    assert {name: told[name] for name in ADDED} == {
        "timestamp": "1775556001",
        "timestamp(ms)": "1775556001500",
        "asn": "64496",
        "c-country": "DE",
        "cache-behavior-path-pattern": "*",
        "distributionid": "EDFDVBD6EXAMPLE",
    }
    assert line.count("\n") == 1


def test_an_unknown_place_is_a_dash():
    told = json.loads(LineMaker("EDG50-P1", include_cookies=False).json(answered(), lambda address: ("", 0)))

    assert (told["c-country"], told["asn"]) == ("-", "-")


def test_a_body_without_a_length_is_no_fault():
    event = answered(asked=request("/page").changed(headers=Headers(), body=BytesBody(b"")))

    assert of("x-host-header", event) == "-"
