"""Sources: RFC 9111 §4.2; http-caching.md §1.5, §5, §6."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerun.cache.age import age_value, initial_age, lifetime
from edgerun.cache.targeted import directives
from edgerun.http.fields import LONGEST, format_date
from edgerun.http.headers import Headers

NOW = 1_775_556_000.0


def at(seconds):
    return format_date(NOW + seconds).decode()


def lines(**headers):
    return Headers(
        (name.replace("_", "-").encode(), text.encode())
        for name, texts in headers.items()
        for text in ([texts] if isinstance(texts, str) else texts)
    )


def seconds(status=200, default=None, **headers):
    given = lines(**headers)
    return lifetime(directives(given, ()), given, status, NOW, default, [])


# §5, first match
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"cache_control": "s-maxage=10, max-age=60"}, 10, id="s-maxage beats max-age"),
        pytest.param({"cache_control": "s-maxage=90, max-age=60"}, 90, id="larger or smaller"),
        pytest.param({"cache_control": "s-maxage=10", "expires": at(60)}, 10, id="s-maxage beats Expires"),
        pytest.param({"cache_control": "max-age=10", "expires": at(60)}, 10, id="max-age beats Expires"),
        pytest.param({"cache_control": "max-age=10", "expires": "0"}, 10, id="and one that cannot be read"),
        pytest.param({"cache_control": "max-age=0"}, 0, id="max-age=0"),
        pytest.param({"expires": at(60), "date": at(0)}, 60, id="Expires"),
        pytest.param({"expires": at(60)}, 60, id="Expires without Date: the time of receipt"),
        pytest.param({"expires": at(60), "date": "x"}, 60, id="Expires with a Date that cannot be read"),
        pytest.param({"expires": at(60), "date": at(20)}, 40, id="the difference counts"),
        pytest.param({"expires": at(60), "date": at(80)}, 0, id="both in the future, the difference negative"),
        pytest.param({"expires": at(-60), "date": at(0)}, 0, id="in the past"),
        pytest.param({"expires": "0"}, 0, id="Expires: 0"),
        pytest.param({"expires": "-1"}, 0, id="Expires: -1"),
        pytest.param({"expires": ""}, 0, id="an empty Expires"),
        pytest.param({"expires": [at(60), at(60)], "date": at(0)}, 60, id="twice the same"),
        pytest.param({"expires": [at(60), at(70)], "date": at(0)}, 0, id="two that differ: already expired"),
        pytest.param({"cache_control": "public"}, None, id="public adds none"),
        pytest.param({"cache_control": "immutable"}, None, id="immutable adds none"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_the_lifetime_5(headers, expected):
    assert seconds(**headers) == expected


# §1.2, §1.3: an invalid explicit lifetime is stale, never a guess
@pytest.mark.parametrize(
    ("control", "expected"),
    [
        ('max-age="60"', 60),
        ("max-age=003600", 3600),
        ("max-age=99999999999999999999999", LONGEST),
        ("max-age=" + "9" * 5000, LONGEST),
        ("MAX-AGE=60", 60),
        ("a=1, max-age=60,,b", 60),
        ("max-age=60, max-age=60", 60),
        ("max-age=60, max-age=70", 60),
        ("max-age=60, max-age=x", 0),
        ("max-age=x, s-maxage=60", 0),
        ("max-age", 0),
        ("max-age=", 0),
        ("max-age=-1", 0),
        ("max-age=+1", 0),
        ("max-age=60.0", 0),
        ("max-age=a60", 0),
        ("max-age=60s", 0),
        ("max-age='60'", 0),
        ("max-age =60", 0),
        ("max-age= 60", 0),
        ("s-maxage=x, max-age=60", 0),
        ('ext="max-age=60, no-store"', None),
        ('ext="max-age=60", max-age=5', 5),
        ('max-age=5, ext="max-age=60', 5),
        ('ext="x, max-age=60', None),
        ("xmax-age=60", None),
    ],
)
def test_delta_seconds_and_directives_1_2_1_3(control, expected):
    headers = {"last_modified": at(-1000), "date": at(0)} if expected == 0 else {}
    assert seconds(cache_control=control, **headers) == expected


# §5.1
@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {"last_modified": at(-1000), "date": at(0)}, 100),
        (200, {"last_modified": at(-1000)}, 100),
        (200, {"last_modified": at(-10_000_000), "date": at(0)}, 86_400),
        (200, {"last_modified": at(0), "date": at(0)}, None),
        (200, {"last_modified": at(10), "date": at(0)}, None),
        (200, {"last_modified": "yesterday", "date": at(0)}, None),
        (302, {"last_modified": at(-1000), "date": at(0)}, None),
        (302, {"last_modified": at(-1000), "date": at(0), "cache_control": "public"}, 100),
        (599, {"last_modified": at(-1000), "date": at(0)}, None),
        (200, {"last_modified": at(-1000), "date": at(0), "pragma": "no-cache", "set_cookie": "a"}, 100),
    ],
)
def test_a_lifetime_that_is_guessed_5_1(status, headers, expected):
    assert seconds(status, **headers) == expected


def test_a_configured_lifetime_comes_before_a_guess_and_after_the_origins_word_5():
    assert seconds(default=7.0, last_modified=at(-1000)) == 7
    assert seconds(default=7.0, expires=at(9)) == 9
    assert seconds(302, default=7.0) == 7


# §1.5
@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ("60", 60),
        ("0060", 60),
        (["60", "70"], 60),
        ("60, 70", 60),
        (",60", 60),
        ("x, 60", 0),
        ("abc", 0),
        ("-5", 0),
        ("10.0", 0),
        ("10;x=1", 0),
        ("", 0),
        ("9" * 30, LONGEST),
    ],
)
def test_what_age_says_1_5(texts, expected):
    assert age_value(lines(age=texts)) == expected


# §6
@pytest.mark.parametrize(
    ("headers", "began", "expected"),
    [
        pytest.param({"date": at(0)}, 0, 0, id="fresh from the origin"),
        pytest.param({"date": at(-10)}, 0, 10, id="apparent age"),
        pytest.param({"date": at(10)}, 0, 0, id="a date ahead"),
        pytest.param({"date": at(10), "age": "5"}, 0, 5, id="a date ahead, and Age"),
        pytest.param({"date": at(0), "age": "5"}, -3, 8, id="Age and the delay"),
        pytest.param({"date": at(-10), "age": "5"}, -3, 10, id="the larger one: apparent"),
        pytest.param({"date": at(-6), "age": "5"}, -3, 8, id="the larger one: corrected"),
        pytest.param({}, -3, 3, id="without Date"),
        pytest.param({"date": at(0), "age": "9" * 30}, 0, LONGEST, id="clamped"),
        pytest.param({"date": at(0)}, 5, 0, id="a clock that went back"),
    ],
)
def test_the_initial_age_6(headers, began, expected):
    assert initial_age(lines(**headers), NOW + began, NOW, []) == expected


def test_the_steps_can_be_read():
    trail = []
    initial_age(lines(date=at(-6), age="5"), NOW - 3, NOW, trail)
    assert [(step.name, step.value) for step in trail] == [
        ("apparent age", 6),
        ("age value", 5),
        ("response delay", 3),
        ("corrected age value", 8),
        ("initial age", 8),
    ]


TEXTS = st.binary(max_size=20).map(lambda raw: raw.translate(None, b"\r\n\0")) | st.sampled_from(
    [b"Fri, 31 Dec 9999 23:59:59 GMT", b"max-age=99999999999999999999", b"s-maxage=-1", b"999999999999"]
)


@given(TEXTS, TEXTS, TEXTS, TEXTS, st.floats(-1e9, 1e9), st.sampled_from([200, 302, 503]))
def test_no_field_makes_them_negative_or_raises(control, expires, date, age, began, status):
    headers = Headers([(b"Cache-Control", control), (b"Expires", expires), (b"Date", date), (b"Age", age)])
    found = lifetime(directives(headers, (b"x",)), headers, status, NOW, None, [])
    assert found is None or 0 <= found <= LONGEST
    assert 0 <= initial_age(headers, NOW + began, NOW, []) <= LONGEST
