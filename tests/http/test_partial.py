"""What of a stored object a viewer gets. Sources: http-caching.md §9.2, §13.1; cloudfront.md §3.5."""

import asyncio
from email.parser import BytesParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import request

from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Response, read
from edgerun.http.partial import for_viewer

EARLIER, MODIFIED, LATER, DATE = (
    f"Mon, 06 Apr 2026 {clock} GMT" for clock in ("09:00:00", "10:00:00", "11:00:00", "12:00:00")
)
BODY = b"0123456789"


def stored(status=200, body=BODY, **headers):
    lines = {"date": DATE, "content_length": str(len(body)), "content_type": "text/plain"} | headers
    pairs = [(name.replace("_", "-").title().encode(), text.encode()) for name, text in lines.items() if text]
    return Response(status=status, headers=Headers(pairs), body=BytesBody(body))


def answer(response, method="GET", **headers):
    return for_viewer(request(method=method, **headers), response, "aZ09-_==")


# http-caching.md §9.2
@pytest.mark.parametrize(
    ("object_", "asked", "status"),
    [
        pytest.param({"etag": '"v1"'}, {"if_none_match": '"v1"'}, 304, id="equal tag"),
        pytest.param({"etag": '"v1"'}, {"if_none_match": 'W/"v1"'}, 304, id="weak comparison"),
        pytest.param({"etag": 'W/"v1"'}, {"if_none_match": '"v1"'}, 304, id="weak stored tag"),
        pytest.param({"etag": '"v1"'}, {"if_none_match": '"v0", "v1"'}, 304, id="any member of a list"),
        pytest.param({"etag": '"v1"'}, {"if_none_match": "*"}, 304, id="star"),
        pytest.param({"etag": '"v1"'}, {"if_none_match": '"v2"'}, 200, id="another tag"),
        pytest.param({}, {"if_none_match": '"v1"'}, 200, id="no tag stored"),
        pytest.param({"last_modified": MODIFIED}, {"if_modified_since": MODIFIED}, 304, id="equal date"),
        pytest.param({"last_modified": MODIFIED}, {"if_modified_since": LATER}, 304, id="later date"),
        pytest.param({"last_modified": MODIFIED}, {"if_modified_since": EARLIER}, 200, id="earlier date"),
        pytest.param({"last_modified": MODIFIED}, {"if_modified_since": "soon"}, 200, id="no date"),
        pytest.param({}, {"if_modified_since": DATE}, 304, id="no Last-Modified: the stored Date counts"),
        pytest.param({}, {"if_modified_since": LATER}, 200, id="no Last-Modified, before the stored Date"),
        pytest.param({"last_modified": "junk"}, {"if_modified_since": DATE}, 200, id="Last-Modified that is no date"),
        pytest.param(
            {"etag": '"v1"', "last_modified": MODIFIED},
            {"if_none_match": '"v2"', "if_modified_since": LATER},
            200,
            id="If-None-Match alone decides",
        ),
    ],
)
def test_a_condition_is_answered_from_the_store(object_, asked, status):
    assert answer(stored(**object_), **asked).status == status
    assert answer(stored(**object_), method="HEAD", **asked).status == status


@pytest.mark.parametrize("status", [203, 301, 404, 503])
def test_of_another_status_the_stored_response_is_sent(status):
    whole = stored(status, etag='"v1"')
    assert answer(whole, if_none_match='"v1"', range="bytes=0-1") is whole


def test_without_conditions_the_stored_response_is_sent_as_it_is():
    whole = stored(etag='"v1"')
    assert answer(whole) is whole


# http-caching.md §9.2, last item
def test_what_a_304_carries():
    whole = stored(
        etag='"v1"', cache_control="max-age=60", expires=DATE, vary="Cookie", last_modified=MODIFIED, set_cookie="a=1"
    )
    told = answer(whole, if_none_match='"v1"')
    assert set(told.headers.names()) == {b"date", b"etag", b"cache-control", b"expires", b"vary"}
    assert (told.body.data, told.reason) == (b"", b"Not Modified")
    by_date = answer(stored(last_modified=MODIFIED), if_modified_since=MODIFIED)
    assert b"last-modified" in by_date.headers


# http-caching.md §13.1
@pytest.mark.parametrize(
    ("range_", "status", "body", "content_range"),
    [
        pytest.param("bytes=2-4", 206, b"234", b"bytes 2-4/10", id="a-b"),
        pytest.param("bytes=2-", 206, b"23456789", b"bytes 2-9/10", id="a-"),
        pytest.param("bytes=-3", 206, b"789", b"bytes 7-9/10", id="-n"),
        pytest.param("bytes=0-0", 206, b"0", b"bytes 0-0/10", id="one byte"),
        pytest.param("bytes=8-99", 206, b"89", b"bytes 8-9/10", id="past the end is cut"),
        pytest.param("bytes=-99", 206, BODY, b"bytes 0-9/10", id="longer than the body is the whole"),
        pytest.param(f"bytes=0-{'9' * 40}", 206, BODY, b"bytes 0-9/10", id="a number of any size"),
        pytest.param("bytes=10-", 416, b"", b"bytes */10", id="beyond the end"),
        pytest.param("bytes=-0", 416, b"", b"bytes */10", id="the last nothing"),
        pytest.param("bytes=4-2", 200, BODY, None, id="the wrong way round"),
        pytest.param("bytes=x", 200, BODY, None, id="malformed"),
        pytest.param("lines=0-1", 200, BODY, None, id="another unit"),
        pytest.param("bytes=0-1,40-50", 206, b"01", b"bytes 0-1/10", id="the one of two that is there"),
        pytest.param("bytes=30-,40-50", 416, b"", b"bytes */10", id="none of two is there"),
        pytest.param("bytes=" + ",".join(f"{n}-{n}" for n in range(17)), 200, BODY, None, id="more than 16"),
        pytest.param("bytes=" + "0-," * 9_000 + "0-", 200, BODY, None, id="a bomb"),
        pytest.param("bytes=4-5,0-1", 200, BODY, None, id="unordered parts get the whole"),
        pytest.param("bytes=0-5,4-8", 200, BODY, None, id="overlapping parts get the whole"),
    ],
)
def test_a_range_is_answered_from_the_store(range_, status, body, content_range):
    part = answer(stored(etag='"v1"', cache_control="max-age=60"), range=range_)
    assert (part.status, asyncio.run(read(part.body))) == (status, body)
    assert part.headers.get(b"content-range") == content_range
    assert part.headers.get_all(b"content-length") == (b"%d" % len(body),)
    assert part.headers.get(b"etag") == b'"v1"'
    assert part.headers.get(b"cache-control") == b"max-age=60"


# http-caching.md §13.1, RFC 9110 §14.6
def test_several_ranges_are_one_multipart():
    told = answer(stored(etag='"v1"', content_range="junk"), range="bytes=0-1, 4-5,-1")
    assert (told.status, told.headers.get(b"content-type")) == (206, b"multipart/byteranges; boundary=aZ09-_")
    assert told.body.data == (
        b"\r\n--aZ09-_\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
        b"\r\n--aZ09-_\r\nContent-Type: text/plain\r\nContent-Range: bytes 4-5/10\r\n\r\n45"
        b"\r\n--aZ09-_\r\nContent-Type: text/plain\r\nContent-Range: bytes 9-9/10\r\n\r\n9"
        b"\r\n--aZ09-_--\r\n"
    )
    assert told.headers.get_all(b"content-length") == (b"%d" % len(told.body.data),)
    assert b"content-range" not in told.headers
    assert told.headers.get(b"etag") == b'"v1"'


def test_parts_of_an_object_without_a_type_have_none_either():
    told = answer(stored(content_type=""), range="bytes=0-1,4-5")
    assert told.headers.get(b"content-type").startswith(b"multipart/byteranges")
    assert b"\r\nContent-Type" not in told.body.data


def test_a_range_counts_for_get_only():
    assert answer(stored(), method="HEAD", range="bytes=0-1").status == 200


def test_a_304_wins_over_a_range():
    assert answer(stored(etag='"v1"'), if_none_match='"v1"', range="bytes=0-1").status == 304


def test_a_416_says_nothing_of_a_body_it_does_not_have():
    told = answer(stored(content_encoding="gzip"), range="bytes=99-")
    assert not {b"content-type", b"content-encoding"} & set(told.headers.names())


# http-caching.md §13.1, If-Range
@pytest.mark.parametrize(
    ("object_", "if_range", "status"),
    [
        pytest.param({"etag": '"v1"'}, '"v1"', 206, id="equal strong tag"),
        pytest.param({"etag": '"v1"'}, '"v2"', 200, id="another tag"),
        pytest.param({"etag": 'W/"v1"'}, 'W/"v1"', 200, id="weak tags are never equal here"),
        pytest.param({"last_modified": MODIFIED}, MODIFIED, 206, id="equal strong date"),
        pytest.param({"last_modified": MODIFIED}, LATER, 200, id="a later date is not equal"),
        pytest.param({"last_modified": MODIFIED, "date": MODIFIED}, MODIFIED, 200, id="a weak date"),
        pytest.param({}, DATE, 200, id="the Date is no Last-Modified"),
    ],
)
def test_if_range(object_, if_range, status):
    assert answer(stored(**object_), range="bytes=0-1", if_range=if_range).status == status


def test_a_meaningless_content_range_in_a_200_is_passed_on_but_not_in_its_parts():
    whole = stored(content_range="bytes 0-0/1")
    assert answer(whole) is whole
    assert answer(whole, range="bytes=2-4").headers.get_all(b"content-range") == (b"bytes 2-4/10",)


@given(st.binary(max_size=20), st.integers(0, 25), st.none() | st.integers(0, 25))
def test_any_part_is_what_its_content_range_says(body, first, last):
    told = answer(stored(body=body), range=f"bytes={first}-{'' if last is None else last}")
    data = asyncio.run(read(told.body))
    if told.status == 206:
        assert data == body[first : len(body) if last is None else last + 1]
        assert told.headers.get(b"content-range") == b"bytes %d-%d/%d" % (first, first + len(data) - 1, len(body))
    elif told.status == 416:
        assert first >= len(body)
    else:
        assert (told.status, data) == (200, body)


class Elsewhere:
    """A body that is not in memory, and tells which bytes were read."""

    data = None

    def __init__(self, whole):
        self.whole = whole
        self.length = len(whole)
        self.read = []
        self.closed = False

    async def stream(self, start=0, stop=None):
        stop = self.length if stop is None else stop
        self.read.append((start, stop))
        for at in range(start, stop, 3):
            yield self.whole[at : min(at + 3, stop)]

    async def aclose(self):
        self.closed = True


def parsed(told):
    """Return the (Content-Range, bytes) of a multipart's parts, read by a parser of mail."""
    head = b"MIME-Version: 1.0\r\nContent-Type: %b\r\n\r\n" % told.headers.get(b"content-type")
    message = BytesParser().parsebytes(head + asyncio.run(read(told.body)))
    assert message.is_multipart()
    return [(part["Content-Range"], part.get_payload(decode=True)) for part in message.get_payload()]


letters = st.text("abcdefgh", min_size=1, max_size=40).map(str.encode)
pairs = st.tuples(st.integers(0, 45), st.none() | st.integers(0, 45))
wanted = st.lists(pairs.map(lambda p: p if p[1] is None or p[1] >= p[0] else (p[1], p[0])), min_size=1, max_size=5)


@given(letters, wanted, st.booleans())
def test_any_set_of_ranges_is_what_slicing_gives(body, ranges, in_memory):
    field = "bytes=" + ",".join(f"{first}-{'' if last is None else last}" for first, last in ranges)
    there = [(a, len(body) if b is None else min(b + 1, len(body))) for a, b in ranges if a < len(body)]
    apart = all(one[1] <= other[0] for one, other in pairwise(there))
    told = answer(stored(body=body).changed(body=BytesBody(body) if in_memory else Elsewhere(body)), range=field)
    if not there:
        assert told.status == 416
    elif not apart:
        assert told.status == 200
    elif len(there) == 1:
        assert (told.status, asyncio.run(read(told.body))) == (206, body[slice(*there[0])])
    else:
        expected = [(f"bytes {a}-{b - 1}/{len(body)}", body[a:b]) for a, b in there]
        assert (told.status, parsed(told)) == (206, expected)
        assert told.headers.get(b"content-length") == b"%d" % len(asyncio.run(read(told.body)))


@given(letters, st.integers(0, 400), st.none() | st.integers(0, 400))
def test_a_multipart_can_itself_be_read_in_part(body, start, stop):
    told = answer(stored(body=body).changed(body=Elsewhere(body)), range=f"bytes=0-0,{len(body) - 1}-")
    if told.status == 206 and len(body) > 1:

        async def collected():
            return b"".join([chunk async for chunk in told.body.stream(start, stop)])

        assert asyncio.run(collected()) == asyncio.run(read(told.body))[start:stop]


@pytest.mark.parametrize(("range_", "seeks"), [("bytes=90-91", [(90, 92)]), ("bytes=1-2,90-", [(1, 3), (90, 100)])])
def test_only_the_bytes_asked_for_are_read(range_, seeks):
    body = Elsewhere(bytes(100))
    told = answer(stored(body=bytes(100)).changed(body=body), range=range_)
    asyncio.run(read(told.body))
    assert body.read == seeks


@pytest.mark.parametrize("asked", [{"range": "bytes=1-2,5-6"}, {"range": "bytes=200-"}, {"if_none_match": '"v1"'}])
def test_whoever_gets_less_than_the_whole_lets_go_of_it_all_the_same(asked):
    body = Elsewhere(bytes(100))
    told = answer(stored(etag='"v1"').changed(body=body), **asked)
    asyncio.run(told.body.aclose())
    assert told.status != 200
    assert body.closed
