"""Bodies compressed while they arrive."""

import asyncio
import gzip
import random
import threading
from itertools import pairwise

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerun.cache import compressed
from edgerun.cache.compressed import AT_ONCE, IN_LOOP, CompressedBody
from edgerun.errors import OriginProtocolError
from edgerun.http.message import BytesBody, StreamBody, read

DECODERS = {b"gzip": gzip.decompress, b"br": brotli.decompress}
encodings = st.sampled_from([b"gzip", b"br"])


def arriving(chunks, error=None):
    async def stream():
        for chunk in chunks:
            yield chunk
        if error is not None:
            raise error

    return StreamBody(stream())


@given(st.lists(st.binary(max_size=300), max_size=20), encodings)
def test_decompressing_gives_what_arrived_however_it_was_cut(chunks, encoding):
    packed = asyncio.run(read(CompressedBody(arriving(chunks), encoding)))
    assert DECODERS[encoding](packed) == b"".join(chunks)


@given(st.lists(st.integers(1, 3 * AT_ONCE), min_size=1, max_size=3), encodings, st.booleans())
def test_large_pieces_go_through_threads_and_come_out_whole(sizes, encoding, in_one):
    whole = random.Random(0).randbytes(1_000) * (sum(sizes) // 1_000 + 1)
    whole = whole[: sum(sizes)]
    cuts = [sum(sizes[:n]) for n in range(len(sizes) + 1)]
    chunks = [whole[a:b] for a, b in pairwise(cuts)]
    source = BytesBody(whole) if in_one else arriving(chunks)
    assert DECODERS[encoding](asyncio.run(read(CompressedBody(source, encoding)))) == whole


@pytest.mark.parametrize("encoding", [b"gzip", b"br"])
def test_equal_bytes_give_equal_bytes(encoding):
    text = b"the same " * 1_000
    one, two = (asyncio.run(read(CompressedBody(arriving([text]), encoding))) for _ in range(2))
    assert one == two
    assert len(one) < len(text) / 20


def test_the_loop_goes_on_while_a_large_piece_is_compressed(monkeypatch):
    """The encoder waits for the loop to have had another turn: in the loop's own thread that would never come."""
    turned = threading.Event()

    class Waiting:
        def process(self, data):
            assert turned.wait(10) or len(data) <= IN_LOOP
            return data

        def finish(self):
            return b""

    monkeypatch.setattr(compressed, "encoder", lambda encoding: Waiting())

    async def play():
        asyncio.get_running_loop().call_soon(asyncio.get_running_loop().call_soon, turned.set)
        return await read(CompressedBody(arriving([b"x" * AT_ONCE]), b"gzip"))

    assert len(asyncio.run(play())) == AT_ONCE


def test_a_source_that_breaks_off_breaks_the_compressed_body_off():
    body = CompressedBody(arriving([b"x" * 5_000], OriginProtocolError("reset")), b"br")
    with pytest.raises(OriginProtocolError):
        asyncio.run(read(body))


def test_it_is_read_once_from_its_start():
    body = CompressedBody(BytesBody(b"x"), b"br")
    assert (body.length, body.data) == (None, None)
    with pytest.raises(ValueError, match="only be read whole"):
        body.stream(1)


def test_giving_it_up_gives_up_its_source():
    closed = []
    source = StreamBody(arriving([]).stream(), close=lambda: closed.append(True))
    asyncio.run(CompressedBody(source, b"gzip").aclose())
    assert closed == [True]
