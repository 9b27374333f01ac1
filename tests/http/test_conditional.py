"""Sources: RFC 9110 §13, §14; http-caching.md §9.2, §13.1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerun.http.conditional import (
    Partial,
    Precondition,
    Unsatisfiable,
    Whole,
    content_range_value,
    evaluate,
    not_modified_headers,
    select_ranges,
    unsatisfied_range_value,
)
from edgerun.http.fields import format_date
from edgerun.http.headers import Headers

MODIFIED = 1_000_000_000.0
BEFORE, AT, AFTER = (format_date(MODIFIED + offset) for offset in (-1, 0, 1))
PROCEED, NOT_MODIFIED, FAILED = Precondition.PROCEED, Precondition.NOT_MODIFIED, Precondition.FAILED


# RFC 9110 §13.2.2, step by step; the representation is "v1", modified AT
@pytest.mark.parametrize(
    ("method", "lines", "outcome"),
    [
        pytest.param("GET", [], PROCEED, id="no precondition"),
        pytest.param("GET", [(b"If-Match", b'"v1"')], PROCEED, id="If-Match matches"),
        pytest.param("GET", [(b"If-Match", b'"v0", "v1"')], PROCEED, id="If-Match matches in a list"),
        pytest.param("GET", [(b"If-Match", b'"v0"'), (b"If-Match", b'"v1"')], PROCEED, id="If-Match on two lines"),
        pytest.param("GET", [(b"If-Match", b"*")], PROCEED, id="If-Match any"),
        pytest.param("GET", [(b"If-Match", b'"v0"')], FAILED, id="If-Match fails"),
        pytest.param("GET", [(b"If-Match", b'W/"v1"')], FAILED, id="If-Match compares strongly"),
        pytest.param("PUT", [(b"If-Match", b'"v0"')], FAILED, id="If-Match counts for PUT"),
        pytest.param("OPTIONS", [(b"If-Match", b'"v0"')], PROCEED, id="OPTIONS has no preconditions"),
        pytest.param("GET", [(b"If-Unmodified-Since", AT)], PROCEED, id="unmodified since"),
        pytest.param("GET", [(b"If-Unmodified-Since", BEFORE)], FAILED, id="modified since"),
        pytest.param("GET", [(b"If-Unmodified-Since", b"0")], PROCEED, id="If-Unmodified-Since invalid"),
        pytest.param(
            "GET", [(b"If-Match", b'"v1"'), (b"If-Unmodified-Since", BEFORE)], PROCEED, id="If-Match decides alone"
        ),
        pytest.param("GET", [(b"If-None-Match", b'"v1"')], NOT_MODIFIED, id="If-None-Match matches"),
        pytest.param("HEAD", [(b"If-None-Match", b'"v1"')], NOT_MODIFIED, id="HEAD too"),
        pytest.param("GET", [(b"If-None-Match", b'W/"v1"')], NOT_MODIFIED, id="If-None-Match compares weakly"),
        pytest.param("GET", [(b"If-None-Match", b'"a,b", W/"v1"')], NOT_MODIFIED, id="any position"),
        pytest.param("GET", [(b"If-None-Match", b"*")], NOT_MODIFIED, id="If-None-Match any"),
        pytest.param("GET", [(b"If-None-Match", b"v1")], PROCEED, id="tag without quotes"),
        pytest.param("PUT", [(b"If-None-Match", b"*")], FAILED, id="If-None-Match on PUT is 412"),
        pytest.param(
            "GET",
            [(b"If-None-Match", b'"v0"'), (b"If-Modified-Since", AFTER)],
            PROCEED,
            id="If-None-Match decides alone",
        ),
        pytest.param(
            "GET",
            [(b"If-None-Match", b'"v1"'), (b"If-Modified-Since", BEFORE)],
            NOT_MODIFIED,
            id="If-None-Match overrules If-Modified-Since",
        ),
        pytest.param("GET", [(b"If-Modified-Since", AT)], NOT_MODIFIED, id="not modified since"),
        pytest.param("GET", [(b"If-Modified-Since", AFTER)], NOT_MODIFIED, id="not modified since later"),
        pytest.param("GET", [(b"If-Modified-Since", BEFORE)], PROCEED, id="modified since then"),
        pytest.param("POST", [(b"If-Modified-Since", AT)], PROCEED, id="If-Modified-Since is for GET and HEAD"),
        pytest.param("GET", [(b"If-Modified-Since", b"yesterday")], PROCEED, id="If-Modified-Since invalid"),
        pytest.param(
            "GET", [(b"If-Modified-Since", AT), (b"If-Modified-Since", AT)], PROCEED, id="If-Modified-Since twice"
        ),
        pytest.param("GET", [(b"If-Match", b'"v0"'), (b"If-None-Match", b'"v1"')], FAILED, id="412 comes before 304"),
        pytest.param(
            "GET", [(b"If-Match", b'"v1"'), (b"If-None-Match", b'"v1"')], NOT_MODIFIED, id="304 after If-Match held"
        ),
    ],
)
def test_preconditions(method, lines, outcome):
    assert evaluate(method, Headers(lines), etag=b'"v1"', last_modified=MODIFIED) is outcome


@pytest.mark.parametrize("name", [b"If-Match", b"If-None-Match"])
@pytest.mark.parametrize("status", [404, 500, 301])
def test_preconditions_count_for_200_and_206_only(name, status):
    headers = Headers([(name, b'"x"'), (name, b'"v1"')])
    assert evaluate("GET", headers, etag=b'"v1"', last_modified=None, status=status) is PROCEED


def test_without_validators_only_the_star_matches():
    assert evaluate("GET", Headers([(b"If-None-Match", b'"a"')]), etag=None, last_modified=None) is PROCEED
    assert evaluate("GET", Headers([(b"If-None-Match", b"*")]), etag=None, last_modified=None) is NOT_MODIFIED
    assert evaluate("GET", Headers([(b"If-Modified-Since", AT)]), etag=None, last_modified=None) is PROCEED
    assert evaluate("GET", Headers([(b"If-Match", b'"a"')]), etag=None, last_modified=None) is FAILED


# http-caching.md §13.1; the representation has 10 bytes
@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (b"bytes=0-4", Partial(ranges=((0, 5),))),
        (b"bytes=5-", Partial(ranges=((5, 10),))),
        (b"bytes=-3", Partial(ranges=((7, 10),))),
        (b"bytes=-99", Partial(ranges=((0, 10),))),
        (b"bytes=8-99", Partial(ranges=((8, 10),))),
        (b"bytes=0-" + b"9" * 5000, Partial(ranges=((0, 10),))),
        (b"bytes=10-", Unsatisfiable()),
        (b"bytes=" + b"9" * 5000 + b"-", Unsatisfiable()),
        (b"bytes=-0", Unsatisfiable()),
        (b"bytes=0-1,4-5", Partial(ranges=((0, 2), (4, 6)))),
        (b"bytes=0-1,40-50", Partial(ranges=((0, 2),))),
        (b"bytes=0-1,1-2", Whole()),
        (b"bytes=4-5,0-1", Whole()),
        (b"bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(17)), Whole()),
        (b"bytes=3-2", Whole()),
        (b"items=0-1", Whole()),
        (b"nonsense", Whole()),
    ],
)
def test_ranges(field, expected):
    assert select_ranges(Headers([(b"Range", field)]), 10, etag=None, last_modified=None, date=None) == expected


def test_without_range_or_with_two_range_lines_the_whole_is_sent():
    for lines in ([], [(b"If-Range", b'"v1"')], [(b"Range", b"bytes=0-1"), (b"Range", b"bytes=2-3")]):
        assert select_ranges(Headers(lines), 10, etag=b'"v1"', last_modified=None, date=None) == Whole()


def test_an_empty_representation_satisfies_no_range():
    for field in (b"bytes=0-", b"bytes=-5", b"bytes=0-0"):
        headers = Headers([(b"Range", field)])
        assert select_ranges(headers, 0, etag=None, last_modified=None, date=None) == Unsatisfiable()


# RFC 9110 §13.1.5
@pytest.mark.parametrize(
    ("if_range", "etag", "date", "holds"),
    [
        pytest.param(b'"v1"', b'"v1"', None, True, id="strong tag equal"),
        pytest.param(b'"v0"', b'"v1"', None, False, id="tag differs"),
        pytest.param(b'W/"v1"', b'W/"v1"', None, False, id="weak tags never"),
        pytest.param(b'"v1"', None, None, False, id="no tag"),
        pytest.param(AT, None, MODIFIED + 1, True, id="date equal and strong"),
        pytest.param(AT, None, MODIFIED + 0.5, False, id="date weak"),
        pytest.param(AT, None, None, False, id="Date unknown"),
        pytest.param(AFTER, None, MODIFIED + 9, False, id="date later is not equal"),
        pytest.param(b"junk", None, MODIFIED + 9, False, id="neither tag nor date"),
    ],
)
def test_if_range(if_range, etag, date, holds):
    headers = Headers([(b"Range", b"bytes=0-1"), (b"If-Range", if_range)])
    expected = Partial(ranges=((0, 2),)) if holds else Whole()
    assert select_ranges(headers, 10, etag=etag, last_modified=MODIFIED, date=date) == expected


def test_two_if_range_lines_get_the_whole():
    headers = Headers([(b"Range", b"bytes=0-1"), (b"If-Range", b'"v1"'), (b"If-Range", b'"v1"')])
    assert select_ranges(headers, 10, etag=b'"v1"', last_modified=None, date=None) == Whole()


# RFC 9110 §15.4.5
def test_a_304_keeps_what_updates_a_cache():
    kept = [(b"Date", b"d"), (b"ETag", b'"v1"'), (b"cache-control", b"x"), (b"Expires", b"e"), (b"Vary", b"v")]
    dropped = [(b"Content-Length", b"1"), (b"Content-Type", b"t"), (b"Last-Modified", b"m"), (b"Set-Cookie", b"c")]
    assert not_modified_headers(Headers([*kept, *dropped])).lines == tuple(kept)


def test_a_304_without_etag_keeps_last_modified():
    lines = [(b"Last-Modified", b"m"), (b"Content-Location", b"l"), (b"CDN-Cache-Control", b"c"), (b"Age", b"0")]
    assert not_modified_headers(Headers(lines)).lines == tuple(lines)


def test_content_range_values():
    assert content_range_value(0, 5, 10) == b"bytes 0-4/10"
    assert unsatisfied_range_value(10) == b"bytes */10"


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4), st.integers(0, 20))
def test_parts_lie_inside_the_representation_in_ascending_order(wanted, length):
    field = b"bytes=" + b",".join(b"%d-%d" % pair for pair in wanted)
    found = select_ranges(Headers([(b"Range", field)]), length, etag=None, last_modified=None, date=None)
    if isinstance(found, Partial):
        borders = [border for part in found.ranges for border in part]
        assert borders == sorted(borders)
        assert all(start < stop for start, stop in found.ranges)
        assert 0 <= borders[0] < borders[-1] <= length
