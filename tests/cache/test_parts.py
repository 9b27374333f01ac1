"""Parts of objects: which are kept, which belong together, what they cover. Source: http-caching.md §13.3, §13.4."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerun.cache.entry import CacheKey
from edgerun.cache.parts import MOST, Parts, belong_together, list_key, part_key, part_of, read_parts
from edgerun.cache.sparse import Piece, SparseBody
from edgerun.http.fields import ContentRange
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, StreamBody, read
from edgerun.testing.origin import respond

MODIFIED, SECOND_LATER, DATE = (f"Mon, 06 Apr 2026 {clock} GMT" for clock in ("10:00:00", "10:00:01", "12:00:00"))


# §13.3
@pytest.mark.parametrize(
    ("status", "lines", "body", "part"),
    [
        pytest.param(
            206, {"content_range": "bytes 2-4/10"}, b"234", ContentRange(first=2, last=4, length=10), id="a part"
        ),
        pytest.param(
            206,
            {"content_range": "bytes 2-4/*"},
            b"234",
            ContentRange(first=2, last=4, length=None),
            id="of unknown length",
        ),
        pytest.param(
            206,
            {"content_range": "bytes 0-9/10"},
            b"0123456789",
            ContentRange(first=0, last=9, length=10),
            id="all of it",
        ),
        pytest.param(200, {"content_range": "bytes 2-4/10"}, b"234", None, id="no 206"),
        pytest.param(206, {}, b"234", None, id="no Content-Range"),
        pytest.param(206, {"content_range": "bytes 4-2/10"}, b"234", None, id="the wrong way round"),
        pytest.param(206, {"content_range": "bytes 2-4/4"}, b"234", None, id="beyond the end"),
        pytest.param(206, {"content_range": "bytes 2-4/10"}, b"2345", None, id="a longer body"),
        pytest.param(206, {"content_range": "bytes 2-4/10"}, b"23", None, id="a shorter body"),
        pytest.param(206, {"content_range": "lines 2-4/10"}, b"234", None, id="another unit"),
        pytest.param(206, {"content_range": "bytes */10"}, b"", None, id="unsatisfied"),
        pytest.param(206, {"content_type": "multipart/byteranges; boundary=x"}, b"234", None, id="several parts"),
    ],
)
def test_which_answers_are_parts(status, lines, body, part):
    assert part_of(respond(status, body, **lines)) == part


def test_a_part_of_undeclared_length_is_none():
    async def chunks():
        yield b"234"

    told = respond(206, content_range="bytes 2-4/10").changed(body=StreamBody(chunks()))
    assert part_of(told) is None


def test_two_content_ranges_are_none():
    told = respond(206, b"234", content_range="bytes 2-4/10")
    assert part_of(told.changed(headers=told.headers.plus((b"Content-Range", b"bytes 2-4/10")))) is None


# §13.4
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param({"etag": '"a"'}, {"etag": '"a"'}, True, id="equal strong tags"),
        pytest.param({"etag": '"a"'}, {"etag": '"b"'}, False, id="other tags"),
        pytest.param({"etag": 'W/"a"'}, {"etag": 'W/"a"'}, False, id="weak tags"),
        pytest.param({"etag": '"a"'}, {"etag": 'W/"a"'}, False, id="one weak tag"),
        pytest.param({}, {}, False, id="no validator"),
        pytest.param({"etag": '"a"'}, {}, False, id="one without"),
        pytest.param(
            {"last_modified": MODIFIED, "date": DATE},
            {"last_modified": MODIFIED, "date": DATE},
            True,
            id="strong dates",
        ),
        pytest.param(
            {"last_modified": MODIFIED, "date": MODIFIED},
            {"last_modified": MODIFIED, "date": DATE},
            False,
            id="a weak date",
        ),
        pytest.param(
            {"last_modified": MODIFIED, "date": SECOND_LATER},
            {"last_modified": MODIFIED, "date": DATE},
            True,
            id="a second later is strong",
        ),
        pytest.param({"last_modified": MODIFIED}, {"last_modified": MODIFIED}, False, id="dates without Date"),
        pytest.param(
            {"last_modified": MODIFIED, "date": DATE, "etag": '"a"'},
            {"last_modified": MODIFIED, "date": DATE, "etag": '"b"'},
            False,
            id="the tag decides over the date",
        ),
        pytest.param(
            {"last_modified": MODIFIED, "date": DATE, "etag": '"a"'},
            {"last_modified": MODIFIED, "date": DATE},
            False,
            id="a tag on one side only",
        ),
    ],
)
def test_which_parts_belong_together(one, other, same):
    heads = [respond(206, **lines).headers for lines in (one, other)]
    assert belong_together(*heads) is same
    assert belong_together(*reversed(heads)) is same


WHOLE = bytes(range(64))
stretches = st.tuples(st.integers(0, 63), st.integers(1, 64)).filter(lambda s: s[0] < s[1])


def joined(parts, bodies, start, stop):
    """Return a stretch out of parts' bodies, as the shelf does it."""
    cover = parts.cover(start, stop)
    if cover is None:
        return None
    body = SparseBody(64, [Piece(a, b, BytesBody(bodies[part]), a - part[0]) for part, a, b in cover])

    async def collected():
        return b"".join([chunk async for chunk in body.stream(start, stop)])

    streamed = asyncio.run(collected())
    assert body.part(start, stop) == streamed
    return streamed


@given(st.lists(stretches, max_size=12), stretches)
def test_parts_give_what_slicing_gives_or_nothing(kept, wanted):
    parts = Parts()
    for part in kept:
        parts = parts.plus(part, 64)
    bodies = {part: WHOLE[slice(*part)] for part in kept}
    there = {position for part in kept for position in range(*part)}
    got = joined(parts, bodies, *wanted)
    assert got == (WHOLE[slice(*wanted)] if there.issuperset(range(*wanted)) else None)
    assert parts.complete is (len(there) == 64)


@given(st.lists(stretches, min_size=1, max_size=12))
def test_of_bytes_that_two_parts_hold_the_later_count(kept):
    parts, bodies, expected = Parts(), {}, {}
    for number, part in enumerate(kept):
        parts = parts.plus(part, 64)
        bodies[part] = bytes([number]) * (part[1] - part[0])
        expected |= dict.fromkeys(range(*part), number)
    for start, stop in kept:
        assert joined(parts, bodies, start, stop) == bytes(expected[position] for position in range(start, stop))


@given(st.lists(stretches, max_size=12), st.none() | st.just(64))
def test_a_list_is_read_as_it_was_written(kept, length):
    parts = Parts(kept=tuple(kept), length=length)
    assert read_parts(parts.written()) == parts


def test_a_part_within_a_later_one_is_dropped():
    assert Parts(kept=((2, 4), (6, 9)), length=10).plus((0, 5), 10).kept == ((6, 9), (0, 5))


def test_the_oldest_of_too_many_leave():
    parts = Parts()
    for n in range(MOST + 1):
        parts = parts.plus((2 * n, 2 * n + 1), None)
    assert (len(parts.kept), parts.kept[0]) == (MOST, (2, 3))


def test_a_length_once_told_stays():
    parts = Parts().plus((0, 2), None)
    assert (parts.length, parts.complete) == (None, False)
    parts = parts.plus((2, 4), 4).plus((1, 2), None)
    assert (parts.length, parts.complete) == (4, True)
    assert [parts.agree(length) for length in (None, 4, 5)] == [True, True, False]


def test_parts_lie_beside_the_whole():
    key = CacheKey("E1", "GET", b"/a", b"q=1")
    assert list_key(key).uri == part_key(key, (0, 9)).uri == key.uri
    assert len({key, list_key(key), part_key(key, (0, 9)), part_key(key, (0, 10))}) == 4


def test_a_sparse_body_tells_when_bytes_are_missing():
    body = SparseBody(10, [Piece(0, 2, BytesBody(b"01")), Piece(4, 6, BytesBody(b"45"))])
    assert (body.length, body.data) == (10, None)
    with pytest.raises(LookupError, match="from 2 to 10"):
        asyncio.run(read(body))


def test_giving_a_sparse_body_up_gives_its_pieces_up():
    closed = []

    async def nothing():
        return
        yield b""

    piece = StreamBody(nothing(), close=lambda: closed.append(True))
    asyncio.run(SparseBody(10, [Piece(0, 2, piece)]).aclose())
    assert closed == [True]


def test_headers_are_compared_whatever_their_case():
    assert belong_together(Headers([(b"ETAG", b'"a"')]), Headers([(b"etag", b'"a"')]))
