"""Bodies: whole, arriving and in part; and the values that carry them."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerun.http.message import NO_BODY, BytesBody, PartBody, Request, StreamBody, read


async def collected(body, *bounds):
    return b"".join([chunk async for chunk in body.stream(*bounds)])


def streaming(*chunks, closed=None):
    async def stream():
        try:
            for chunk in chunks:
                yield chunk
        finally:
            if closed is not None:
                closed.append("generator")

    return StreamBody(stream(), length=sum(map(len, chunks)), close=lambda: closed.append("sender"))


@given(st.binary(max_size=20), st.integers(0, 25), st.none() | st.integers(0, 25))
def test_bytes_give_any_slice(data, start, stop):
    assert asyncio.run(collected(BytesBody(data), start, stop)) == data[start:stop]


@given(st.binary(min_size=1, max_size=20), st.data(), st.integers(0, 25), st.none() | st.integers(0, 25))
def test_a_part_is_a_body_of_its_own(data, draw, start, stop):
    first = draw.draw(st.integers(0, len(data)))
    last = draw.draw(st.integers(first, len(data)))
    part = PartBody(BytesBody(data), first, last)
    assert (part.length, part.data) == (last - first, data[first:last])
    assert asyncio.run(collected(part, start, stop)) == data[first:last][start:stop]


def test_a_part_of_a_part():
    part = PartBody(PartBody(BytesBody(b"0123456789"), 2, 8), 1, 3)
    assert asyncio.run(collected(part)) == b"34"


def test_a_part_of_what_is_not_in_memory_has_no_data():
    assert PartBody(streaming(b"ab", closed=[]), 0, 1).data is None


def test_an_arriving_body_is_read_once_and_whole():
    body = streaming(b"ab", b"cd", closed=[])
    assert (body.length, body.data) == (4, None)
    with pytest.raises(ValueError, match="only be read whole"):
        body.stream(1)
    with pytest.raises(ValueError, match="only be read whole"):
        body.stream(0, 2)
    assert asyncio.run(read(body)) == b"abcd"


def test_giving_up_an_arriving_body_ends_its_sender_once():
    async def play():
        closed = []
        body = streaming(b"ab", b"cd", closed=closed)
        await anext(body.stream())
        await body.aclose()
        await body.aclose()
        return closed

    assert asyncio.run(play()) == ["sender", "generator"]


def test_reading_what_is_in_memory():
    assert asyncio.run(read(BytesBody(b"abc"))) == b"abc"
    assert (asyncio.run(read(NO_BODY)), NO_BODY.length) == (b"", 0)


@pytest.mark.parametrize(
    ("query", "target"),
    [
        pytest.param(None, b"/a", id="no query"),
        pytest.param(b"", b"/a?", id="an empty query"),
        pytest.param(b"x=1", b"/a?x=1", id="a query"),
    ],
)
def test_the_target_of_a_request(query, target):
    assert Request(method="GET", path=b"/a", query=query).target == target


def test_a_changed_request_leaves_the_first_alone():
    first = Request(method="GET", path=b"/a")
    assert (first.changed(path=b"/b").path, first.path) == (b"/b", b"/a")
