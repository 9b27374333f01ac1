"""Sources: http-caching.md §1, RFC 9110, RFC 9111."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerun.http.fields import (
    LONGEST,
    CacheControl,
    ContentRange,
    byte_ranges,
    cache_control,
    content_range,
    delta_seconds,
    entity_tags,
    format_date,
    parse_date,
    split_list,
    strong_match,
    weak_match,
)

NOVEMBER_1994 = 784111777.0


# http-caching.md §1.4; RFC 9110 §5.6.7
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param(b"Sun, 06 Nov 1994 08:49:37 GMT", NOVEMBER_1994, id="IMF-fixdate"),
        pytest.param(b"Sunday, 06-Nov-94 08:49:37 GMT", NOVEMBER_1994, id="RFC 850"),
        pytest.param(b"Sun Nov  6 08:49:37 1994", NOVEMBER_1994, id="asctime, padded day"),
        pytest.param(b"Sun Nov 06 08:49:37 1994", NOVEMBER_1994, id="asctime, two-digit day"),
        pytest.param(b"sUN, 06 nOV 1994 08:49:37 gmt", NOVEMBER_1994, id="letter case does not matter"),
        pytest.param(b"Mon, 06 Nov 1994 08:49:37 GMT", NOVEMBER_1994, id="weekday need not match"),
        pytest.param(b"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800.0, id="leap second"),
        pytest.param(b"Thu, 01 Jan 1970 00:00:00 GMT", 0.0, id="epoch"),
        pytest.param(b"Mon, 01 Jan 0001 00:00:00 GMT", -62135596800.0, id="year 1"),
        pytest.param(b"Tue, 19 Jan 2038 03:14:08 GMT", 2147483648.0, id="2038"),
        pytest.param(b"Sun, 07 Feb 2106 06:28:16 GMT", 4294967296.0, id="2106"),
        pytest.param(b"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799.0, id="year 9999"),
        pytest.param(b"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800.0, id="29 February of a leap year"),
        pytest.param(b"Wed, 29 Feb 2023 00:00:00 GMT", None, id="29 February of another year"),
        pytest.param(b"Sun, 31 Feb 2021 00:00:00 GMT", None, id="31 February"),
        pytest.param(b"Sun, 00 Nov 1994 08:49:37 GMT", None, id="day 0"),
        pytest.param(b"Sun, 06 Nov 0000 08:49:37 GMT", None, id="year 0"),
        pytest.param(b"Sun, 06 Nov 1994 24:00:00 GMT", None, id="hour 24"),
        pytest.param(b"Sun, 06 Nov 1994 08:60:00 GMT", None, id="minute 60"),
        pytest.param(b"Sun, 06 Nov 1994 08:49:61 GMT", None, id="second 61"),
        pytest.param(b"Sun, 06 Nov 1994 08:49:37 UTC", None, id="UTC"),
        pytest.param(b"Sun, 06 Nov 1994 08:49:37 +0000", None, id="numeric zone"),
        pytest.param(b"Sun, 06 Nov 1994 08:49:37 EST", None, id="EST"),
        pytest.param(b"Sun, 06 Nov 1994 08:49:37", None, id="no zone"),
        pytest.param(b"Sun 06 Nov 1994 08:49:37 GMT", None, id="no comma"),
        pytest.param(b"Sun,  06 Nov 1994 08:49:37 GMT", None, id="doubled space"),
        pytest.param(b"Sun, 06-Nov-1994 08:49:37 GMT", None, id="dashes in the first form"),
        pytest.param(b"Sunday, 06-Nov-1994 08:49:37 GMT", None, id="four-digit year in the second form"),
        pytest.param(b"Sunday, 06 Nov 94 08:49:37 GMT", None, id="spaces in the second form"),
        pytest.param(b"Sun, 06 Nov 1994 08.49.37 GMT", None, id="dots in the time"),
        pytest.param(b"Sun, 06 Nov 1994 8:49:37 GMT", None, id="one-digit hour"),
        pytest.param(b"Sun, 6 Nov 1994 08:49:37 GMT", None, id="one-digit day"),
        pytest.param(b"Sun, 06 Nov 94 08:49:37 GMT", None, id="two-digit year in the first form"),
        pytest.param(b"Sun Nov 6 08:49:37 1994", None, id="asctime, unpadded day"),
        pytest.param(b"Foo, 06 Nov 1994 08:49:37 GMT", None, id="no weekday"),
        pytest.param(b"Sun, 06 Nov 1994 08:49:37 GMT\n", None, id="newline at the end"),
        pytest.param(b"Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT", None, id="two dates"),
        pytest.param(b"0", None, id="zero"),
        pytest.param(b"-1", None, id="minus one"),
        pytest.param(b"", None, id="empty"),
    ],
)
def test_dates_are_read_exactly(text, seconds):
    assert parse_date(text) == seconds


# RFC 9110 §5.6.7: not more than 50 years ahead
@pytest.mark.parametrize(
    ("text", "now", "same_as"),
    [
        pytest.param(b"Friday, 01-Jan-76 00:00:00 GMT", 1767225600, b"Wed, 01 Jan 2076 00:00:00 GMT", id="50 years"),
        pytest.param(b"Friday, 02-Jan-76 00:00:00 GMT", 1767225600, b"Fri, 02 Jan 1976 00:00:00 GMT", id="a day more"),
        pytest.param(
            b"Friday, 01-Jan-99 00:00:00 GMT", 1767225600, b"Fri, 01 Jan 1999 00:00:00 GMT", id="last century"
        ),
        pytest.param(
            b"Friday, 01-Jan-10 00:00:00 GMT", 3800000000, b"Fri, 01 Jan 2110 00:00:00 GMT", id="next century"
        ),
        pytest.param(b"Friday, 29-Feb-00 00:00:00 GMT", 1767225600, b"Fri, 29 Feb 2000 00:00:00 GMT", id="leap day"),
    ],
)
def test_a_two_digit_year_is_at_most_50_years_ahead(text, now, same_as):
    assert parse_date(text, now=now) == parse_date(same_as)


@given(st.integers(-62135596800, 253402300799))
def test_a_date_survives_writing_and_reading(seconds):
    assert parse_date(format_date(seconds)) == seconds


@given(st.floats())
def test_any_time_can_be_written(seconds):
    assert parse_date(format_date(seconds)) is not None


def test_dates_are_written_in_the_first_form_and_rounded_down():
    assert format_date(NOVEMBER_1994 + 0.9) == b"Sun, 06 Nov 1994 08:49:37 GMT"
    assert format_date(-0.5) == b"Wed, 31 Dec 1969 23:59:59 GMT"


# http-caching.md §1.3
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"0", 0),
        (b"003600", 3600),
        (b"2147483647", 2147483647),
        (b"2147483649", LONGEST),
        (b"99999999999", LONGEST),
        (b"9" * 10_000, LONGEST),
        (b"0" * 10_000 + b"7", 7),
        (b"", None),
        (b"-1", None),
        (b"+1", None),
        (b"60.0", None),
        (b"a60", None),
        (b"60s", None),
        (b" 60", None),
        (b"\xb2", None),
    ],
)
def test_seconds_are_digits_only(text, seconds):
    assert delta_seconds(text) == seconds


# http-caching.md §1.1
@pytest.mark.parametrize(
    ("text", "members"),
    [
        (b", a,,b ,", [b"a", b"b"]),
        (b",", []),
        (b"", []),
        (b"\ta \t,\tb", [b"a", b"b"]),
        (b'a="x, y", b', [b'a="x, y"', b"b"]),
        (b'a="x\\", y", b', [b'a="x\\", y"', b"b"]),
        (b'a, b="open, c', [b"a", b'b="open, c']),
        (b'"\\', [b'"\\']),
    ],
)
def test_lists_are_split_outside_quoted_strings(text, members):
    assert split_list(text) == members


# http-caching.md §1.2, §1.3
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([], CacheControl(), id="none"),
        pytest.param([b"Max-Age=60, PUBLIC"], CacheControl(max_age=60, public=True), id="case does not matter"),
        pytest.param([b'max-age="60"'], CacheControl(max_age=60), id="quoted argument"),
        pytest.param([b'max-age="6\\0"'], CacheControl(max_age=60), id="backslash in a quoted argument"),
        pytest.param([b'ext="max-age=60, no-store"'], CacheControl(), id="directives inside a quoted string"),
        pytest.param([b'ext="max-age=60", max-age=5'], CacheControl(max_age=5), id="after a quoted string"),
        pytest.param([b'max-age=5, ext="a, no-store'], CacheControl(max_age=5), id="unterminated quoted string"),
        pytest.param([b'a="x', b"no-store"], CacheControl(), id="unterminated: lines are one list"),
        pytest.param([b'max-age="60'], CacheControl(max_age=0, malformed=True), id="unterminated argument"),
        pytest.param([b"max-age='60'"], CacheControl(max_age=0, malformed=True), id="single quotes"),
        pytest.param([b"max-age =60"], CacheControl(max_age=0, malformed=True), id="space before ="),
        pytest.param([b"max-age= 60"], CacheControl(max_age=0, malformed=True), id="space after ="),
        pytest.param([b"max-age"], CacheControl(max_age=0, malformed=True), id="no value"),
        pytest.param([b"max-age="], CacheControl(max_age=0, malformed=True), id="empty value"),
        pytest.param([b"max-age=60.0"], CacheControl(max_age=0, malformed=True), id="decimal point"),
        pytest.param([b"max-age=60;no-store"], CacheControl(max_age=0, malformed=True), id="semicolon"),
        pytest.param([b"s-maxage=-1"], CacheControl(s_maxage=0, malformed=True), id="sign"),
        pytest.param([b"s-maxage=10, max-age=5"], CacheControl(s_maxage=10, max_age=5), id="both lifetimes"),
        pytest.param([b"max-age=" + b"9" * 5000], CacheControl(max_age=LONGEST), id="huge"),
        pytest.param([b"no-store=1, must-revalidate=x"], CacheControl(no_store=True, must_revalidate=True), id="extra"),
        pytest.param([b'public="a", immutable=0'], CacheControl(public=True, immutable=True), id="extra arguments"),
        pytest.param([b"foo, bar=1, no-store"], CacheControl(no_store=True), id="unknown directives"),
        pytest.param([b"max-age=60", b"max-age=060"], CacheControl(max_age=60), id="equal duplicates"),
        pytest.param([b"max-age=60, max-age=5"], CacheControl(max_age=60), id="of differing duplicates the first"),
        pytest.param([b"max-age=60, max-age=x"], CacheControl(max_age=0, malformed=True), id="malformed duplicate"),
        pytest.param([b"no-cache"], CacheControl(no_cache=True), id="no-cache"),
        pytest.param(
            [b'no-cache="Set-Cookie, X-A", private=authorization'],
            CacheControl(no_cache_fields=(b"set-cookie", b"x-a"), private_fields=(b"authorization",)),
            id="field names",
        ),
        pytest.param([b'no-cache=""'], CacheControl(no_cache=True), id="no field names"),
        pytest.param([b'private="a b"'], CacheControl(private=True), id="malformed field names"),
        pytest.param(
            [b'private="a", private'], CacheControl(private=True, private_fields=(b"a",)), id="qualified and not"
        ),
        pytest.param(
            [b"stale-while-revalidate=5, stale-if-error=x"], CacheControl(stale_while_revalidate=5), id="stale windows"
        ),
        pytest.param([b"max-stale"], CacheControl(max_stale=LONGEST), id="max-stale alone"),
        pytest.param([b"max-stale="], CacheControl(), id="max-stale malformed"),
        pytest.param(
            [b"max-stale=5, min-fresh=3, only-if-cached"],
            CacheControl(max_stale=5, min_fresh=3, only_if_cached=True),
            id="request directives",
        ),
        pytest.param(
            [b"proxy-revalidate, must-understand, no-transform, immutable"],
            CacheControl(proxy_revalidate=True, must_understand=True, no_transform=True, immutable=True),
            id="flags",
        ),
    ],
)
def test_cache_control(lines, expected):
    assert cache_control(lines) == expected


# http-caching.md §1.7
@pytest.mark.parametrize(
    ("text", "tags"),
    [
        (b'"a"', [b'"a"']),
        (b'W/"a", "b,c" ,"d\\"', [b'W/"a"', b'"b,c"', b'"d\\"']),
        (b"*", [b"*"]),
        (b', ,"a",', [b'"a"']),
        (b'abc, w/"x", "y"', [b"abc", b'w/"x"', b'"y"']),
        (b'"a"b, "c"', [b'"a"b', b'"c"']),
        (b'"a', [b'"a']),
        (b'""', [b'""']),
        (b"", []),
    ],
)
def test_entity_tags_keep_their_quotes_and_commas(text, tags):
    assert entity_tags(text) == tags


# RFC 9110 §8.8.3.2, and malformed tags: http-caching.md §1.7
@pytest.mark.parametrize(
    ("one", "other", "weakly", "strongly"),
    [
        (b'"1"', b'"1"', True, True),
        (b'W/"1"', b'"1"', True, False),
        (b'W/"1"', b'W/"1"', True, False),
        (b'W/"1"', b'W/"2"', False, False),
        (b'"a"', b'"A"', False, False),
        (b"1", b"1", True, False),
        (b"1", b'"1"', False, False),
        (b'w/"1"', b'"1"', False, False),
        (b'"1', b'"1', True, False),
    ],
)
def test_entity_tags_compare(one, other, weakly, strongly):
    assert (weak_match(one, other), weak_match(other, one)) == (weakly, weakly)
    assert (strong_match(one, other), strong_match(other, one)) == (strongly, strongly)


# RFC 9110 §14.1.2; http-caching.md §13.1
@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        (b"bytes=0-9", [(0, 9)]),
        (b"Bytes=5-", [(5, None)]),
        (b"bytes=-3", [(None, 3)]),
        (b"bytes=-0", [(None, 0)]),
        (b"bytes=0-0,,2-3 , -1", [(0, 0), (2, 3), (None, 1)]),
        (b"bytes=9" + b"9" * 5000 + b"-", [(10**18, None)]),
        (b"bytes=0-" + b"9" * 5000, [(0, 10**18)]),
        (b"bytes=3-2", None),
        (b"bytes=0-1,3-2", None),
        (b"bytes=-", None),
        (b"bytes=", None),
        (b"bytes=,", None),
        (b"bytes", None),
        (b"bytes =0-1", None),
        (b"bytes=0 -1", None),
        (b"bytes=+1-2", None),
        (b"bytes=a-b", None),
        (b"bytes=--1", None),
        (b"items=0-1", None),
        (b"", None),
    ],
)
def test_byte_ranges(text, ranges):
    assert byte_ranges(text) == ranges


# RFC 9110 §14.4; http-caching.md §13.3
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"bytes 0-9/10", ContentRange(first=0, last=9, length=10)),
        (b"bytes 5-5/*", ContentRange(first=5, last=5, length=None)),
        (b"bytes 0-9/9", None),
        (b"bytes 5-4/10", None),
        (b"bytes */10", None),
        (b"bytes 0-9", None),
        (b"bytes=0-9/10", None),
        (b"items 0-9/10", None),
        (b"bytes 0-" + b"9" * 5000 + b"/*", None),
    ],
)
def test_content_range(text, expected):
    assert content_range(text) == expected


PIECES = st.sampled_from(
    [b'"', b"\\", b",", b"=", b" ", b"max-age", b"60", b"no-cache", b"private", b"W/", b"bytes", b"-", b"\xff", b"\0"]
)
ANYTHING = st.binary() | st.lists(PIECES).map(b"".join)


@given(ANYTHING, ANYTHING)
def test_no_bytes_make_a_parser_raise(text, other):
    for parse in (parse_date, delta_seconds, split_list, entity_tags, byte_ranges, content_range):
        parse(text)
    cache_control([text, other])
    weak_match(text, other)
    strong_match(text, other)


@given(ANYTHING)
def test_lifetimes_are_never_negative_nor_beyond_the_clamp(text):
    found = cache_control([b"max-age=1, " + text])
    assert found.max_age is not None
    assert 0 <= found.max_age <= LONGEST


@given(st.lists(st.binary().map(lambda opaque: b'"' + opaque.replace(b'"', b"") + b'"')))
def test_well_formed_tags_survive_being_listed(tags):
    assert entity_tags(b", ".join(tags)) == tags
