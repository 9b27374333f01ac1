"""One writer, many readers; and the body that tells when its reader is done."""

import asyncio
import gc
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerun.cache.body import CHUNK, MEMORY_LIMIT, HeldBody, SharedBody, fill
from edgerun.errors import OriginProtocolError
from edgerun.http.message import BytesBody, PartBody, StreamBody, read

BROKEN = OriginProtocolError("reset")


async def in_time(play):
    async with asyncio.timeout(10):
        return await play


def run(play):
    return asyncio.run(in_time(play))


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


async def collected(body, start=0, stop=None):
    return b"".join([chunk async for chunk in body.stream(start, stop)])


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def filled(data, **options):
    body = SharedBody(**options)
    body.feed(data)
    body.finish()
    return body


# ---------------------------------------------------------------- one writer, many readers


@pytest.mark.parametrize("limit", [pytest.param(1_000, id="in memory"), pytest.param(3, id="in a file")])
def test_many_readers_get_all_of_it_whenever_they_come(limit):
    async def play():
        body = SharedBody(memory_limit=limit)
        early = [asyncio.ensure_future(collected(body)) for _ in range(3)]
        await turns()
        body.feed(b"ab")
        joined = asyncio.ensure_future(collected(body))
        await turns()
        body.feed(b"cd")
        body.feed(b"ef")
        body.finish()
        late = await collected(body)
        return [*await asyncio.gather(*early), await joined, late]

    assert run(play()) == [b"abcdef"] * 5


@pytest.mark.parametrize("limit", [pytest.param(1_000, id="in memory"), pytest.param(3, id="in a file")])
def test_a_slow_reader_slows_nobody(limit):
    async def play():
        body = SharedBody(memory_limit=limit)
        slow = body.stream()
        body.feed(b"first")
        first = await anext(slow)
        body.feed(b" second")
        body.finish()
        fast = await collected(body)
        return first, fast, b"".join([chunk async for chunk in slow])

    assert run(play()) == (b"first", b"first second", b" second")


def test_readers_see_bytes_before_the_body_is_complete():
    async def play():
        body = SharedBody()
        body.feed(b"a")
        assert not body.complete
        return await anext(body.stream())

    assert run(play()) == b"a"


def test_length_and_data_are_known_once_the_body_is_complete():
    body = SharedBody()
    body.feed(b"abc")
    assert (body.length, body.data, body.complete) == (None, None, False)
    body.finish()
    assert (body.length, body.data, body.complete) == (3, b"abc", True)
    assert SharedBody(length=7).length == 7


def test_an_empty_body_ends_at_once():
    assert run(collected(filled(b""))) == b""


def test_a_reader_who_leaves_while_waiting_disturbs_nobody():
    async def play():
        body = SharedBody()
        leaver, stayer = (asyncio.ensure_future(collected(body)) for _ in range(2))
        await turns()
        leaver.cancel()
        await turns()
        body.feed(b"abc")
        body.finish()
        return await stayer

    assert run(play()) == b"abc"


def test_closing_a_view_of_it_ends_nothing_for_others():
    async def play():
        body = filled(b"abc")
        await body.aclose()
        return await collected(body)

    assert run(play()) == b"abc"


# ---------------------------------------------------------------- memory and file


@pytest.mark.parametrize(
    ("size", "in_memory"),
    [
        pytest.param(MEMORY_LIMIT, True, id="1 MiB stays in memory"),
        pytest.param(MEMORY_LIMIT + 1, False, id="one byte more goes to a file"),
    ],
)
def test_where_a_body_lives(size, in_memory):
    data = os.urandom(size)
    body = filled(data)
    assert (body.data is not None) is in_memory
    assert run(collected(body)) == data


def test_a_large_body_comes_in_bounded_chunks():
    async def play():
        body = filled(bytes(3 * CHUNK + 1), memory_limit=10)
        return [len(chunk) async for chunk in body.stream()]

    assert run(play()) == [CHUNK, CHUNK, CHUNK, 1]


def test_the_file_of_a_body_has_no_name(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    body = filled(b"abcdef", memory_limit=3)
    assert list(tmp_path.iterdir()) == []
    assert run(collected(body)) == b"abcdef"


def test_no_descriptor_is_left_behind_by_many_bodies_in_files():
    gc.collect()
    before = descriptors()
    bodies = [filled(b"abcdef", memory_limit=3) for _ in range(50)]
    assert descriptors() == before + 50
    del bodies
    gc.collect()
    assert descriptors() == before


def test_a_broken_body_leaves_no_descriptor_either():
    gc.collect()
    before = descriptors()
    body = SharedBody(memory_limit=3)
    body.feed(b"abcdef")
    body.fail(BROKEN)
    del body
    gc.collect()
    assert descriptors() == before


# ---------------------------------------------------------------- slices


@pytest.mark.parametrize("limit", [pytest.param(1_000, id="in memory"), pytest.param(3, id="in a file")])
@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        pytest.param(0, None, b"0123456789", id="all"),
        pytest.param(3, None, b"3456789", id="from"),
        pytest.param(0, 4, b"0123", id="up to"),
        pytest.param(3, 5, b"34", id="between"),
        pytest.param(5, 5, b"", id="nothing"),
        pytest.param(8, 99, b"89", id="past the end"),
        pytest.param(99, None, b"", id="beyond the end"),
    ],
)
def test_a_slice(limit, start, stop, expected):
    body = filled(b"0123456789", memory_limit=limit)
    assert run(collected(body, start, stop)) == expected


def test_a_slice_ends_as_soon_as_its_last_byte_is_here():
    async def play():
        body = SharedBody()
        part = asyncio.ensure_future(collected(body, 2, 4))
        await turns()
        body.feed(b"012")
        await turns()
        assert not part.done()
        body.feed(b"345")
        return await part

    assert run(play()) == b"23"


# ---------------------------------------------------------------- breaking off


def test_readers_get_what_came_and_then_the_error():
    async def play():
        body = SharedBody(length=9)
        body.feed(b"half")
        stream = body.stream()
        got = await anext(stream)
        waiting = asyncio.ensure_future(anext(stream))
        await turns()
        body.fail(BROKEN)
        return got, (await asyncio.gather(waiting, return_exceptions=True))[0], body.complete

    assert run(play()) == (b"half", BROKEN, False)


def test_a_reader_who_comes_after_the_break_gets_the_same():
    async def play():
        body = SharedBody()
        body.feed(b"half")
        body.fail(BROKEN)
        stream = body.stream()
        assert await anext(stream) == b"half"
        with pytest.raises(OriginProtocolError) as caught:
            await anext(stream)
        return caught.value

    assert run(play()) is BROKEN


@pytest.mark.parametrize("sent", [pytest.param(b"ab", id="too short"), pytest.param(b"abcd", id="too long")])
def test_a_body_of_another_length_than_declared_is_broken(sent):
    async def play():
        body = SharedBody(length=3)
        body.feed(sent)
        with pytest.raises(OriginProtocolError, match="3 were declared"):
            body.finish()
        assert not body.complete
        with pytest.raises(OriginProtocolError):
            await collected(body)

    run(play())


# ---------------------------------------------------------------- filling


def source(*chunks, error=None, closed=None):
    async def stream():
        for chunk in chunks:
            await asyncio.sleep(0)
            yield chunk
        if error is not None:
            raise error

    return StreamBody(stream(), close=None if closed is None else lambda: closed.append(True))


def test_filling_copies_everything_and_gives_up_the_source():
    async def play():
        closed, body = [], SharedBody(length=4)
        whole = await fill(body, source(b"ab", b"cd", closed=closed))
        return whole, body.data, closed

    assert run(play()) == (True, b"abcd", [True])


@pytest.mark.parametrize(
    "error", [pytest.param(BROKEN, id="the origin"), pytest.param(OSError("disk full"), id="the disk")]
)
def test_a_source_that_breaks_breaks_the_copy(error):
    async def play():
        closed, body = [], SharedBody()
        whole = await fill(body, source(b"ab", error=error, closed=closed))
        with pytest.raises(OriginProtocolError):
            await collected(body)
        return whole, closed

    assert run(play()) == (False, [True])


def test_a_source_with_an_unforeseen_fault_leaves_no_reader_waiting():
    async def play():
        body = SharedBody()
        reader = asyncio.ensure_future(collected(body))
        with pytest.raises(ZeroDivisionError):
            await fill(body, source(b"ab", error=ZeroDivisionError()))
        return (await asyncio.gather(reader, return_exceptions=True))[0]

    assert isinstance(run(play()), OriginProtocolError)


def test_cancelling_the_copy_breaks_it_and_gives_up_the_source():
    async def play():
        gate, closed, body = asyncio.Event(), [], SharedBody()

        async def stalls():
            yield b"ab"
            await gate.wait()

        copying = asyncio.ensure_future(fill(body, StreamBody(stalls(), close=lambda: closed.append(True))))
        reader = asyncio.ensure_future(collected(body))
        await turns()
        copying.cancel()
        results = await asyncio.gather(copying, reader, return_exceptions=True)
        return [type(result) for result in results], closed

    assert run(play()) == ([asyncio.CancelledError, OriginProtocolError], [True])


# ---------------------------------------------------------------- whatever the order


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.binary(max_size=6), max_size=8),
    st.sampled_from([0, 5, 1_000]),
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 20), st.none() | st.integers(0, 20)), max_size=5),
)
def test_any_chunking_and_any_interleaving_of_readers_gives_the_same_bytes(chunks, limit, readers):
    data = b"".join(chunks)

    async def play():
        body = SharedBody(length=len(data), memory_limit=limit)
        tasks = []
        for number, chunk in enumerate([*chunks, None]):
            tasks += [
                (start, stop, asyncio.ensure_future(collected(body, start, stop)))
                for moment, start, stop in readers
                if moment == number
            ]
            await turns(number % 3)
            if chunk is not None:
                body.feed(chunk)
        body.finish()
        return [(start, stop, await task) for start, stop, task in tasks], await collected(body)

    parts, whole = run(play())
    assert whole == data
    for start, stop, part in parts:
        assert part == data[start:stop]


# ---------------------------------------------------------------- HeldBody


def test_a_held_body_is_the_body_it_holds():
    async def play():
        held = HeldBody(filled(b"0123456789", memory_limit=3), lambda: None)
        return held.length, held.data, await collected(held), await collected(held, 2, 4), await read(held)

    assert run(play()) == (10, None, b"0123456789", b"23", b"0123456789")
    assert HeldBody(BytesBody(b"x"), lambda: None).data == b"x"


def test_a_held_body_releases_once_and_closes_what_it_holds():
    async def play():
        released, closed = [], []

        async def nothing():
            yield b""

        held = HeldBody(StreamBody(nothing(), close=lambda: closed.append(1)), lambda: released.append(1))
        assert (released, closed) == ([], [])
        await held.aclose()
        await held.aclose()
        return released, closed

    assert run(play()) == ([1], [1])


def test_closing_a_part_of_a_held_body_releases_it():
    async def play():
        released = []
        part = PartBody(HeldBody(BytesBody(b"0123"), lambda: released.append(1)), 1, 3)
        data = await read(part)
        await part.aclose()
        return data, released

    assert run(play()) == (b"12", [1])
