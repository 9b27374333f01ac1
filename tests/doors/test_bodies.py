"""Compressed bodies and parts of bodies, framed by both doors on real sockets."""

import gzip

import brotli
import pytest
from plays import OBEDIENT, Play, behavior, changed
from served import DOORS, Served, run

from edgerun.testing.origin import respond

TEXT = b"the quick brown fox jumps over the lazy dog; " * 100
LARGE = bytes(range(256)) * 8_000  # above what a body keeps in memory
LINES = {"cache_control": "max-age=60", "etag": '"v1"'}

pytestmark = [pytest.mark.parametrize("door", DOORS)]


def exchanged(door, *requests):
    """Send requests on one connection; return each answer."""
    play = Play(behavior(cache_policy=changed(OBEDIENT, gzip=True, brotli=True), compress=True))
    play.origin.replies |= {
        "/text": respond(200, TEXT, content_type="text/plain", **LINES),
        "/large": respond(200, LARGE, content_type="image/png", **LINES),
    }

    async def act():
        async with Served(play.pipeline, door) as served, served.connection() as viewer:
            answers = []
            for head in requests:
                await viewer.send(head.encode().replace(b"\n", b"\r\n") + b"\r\nHost: a\r\n\r\n")
                answers.append(await viewer.answer(head_only=head.startswith("HEAD")))
            await play.flights.aclose()
            return answers

    return run(act)


@pytest.mark.parametrize(("coding", "unpack"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_a_compressed_object_goes_out_in_chunks_fresh_and_stored(door, coding, unpack):
    ask = f"GET /text HTTP/1.1\nAccept-Encoding: {coding}"
    for (status, headers, body), word in zip(exchanged(door, ask, ask, ask), ("Miss", "Hit", "Hit"), strict=True):
        assert (status, headers["x-cache"]) == (200, f"{word} from cloudfront")
        assert (headers["content-encoding"], headers["transfer-encoding"]) == (coding, "chunked")
        assert "content-length" not in headers
        assert unpack(body) == TEXT


def test_the_head_of_a_compressed_object_has_no_length(door):
    ask = "{} /text HTTP/1.1\nAccept-Encoding: br"
    _, (status, headers, body) = exchanged(door, ask.format("GET"), ask.format("HEAD"))
    assert (status, headers["content-encoding"], body) == (200, "br", b"")
    assert "content-length" not in headers


@pytest.mark.parametrize(("path", "whole"), [("/text", TEXT), ("/large", LARGE)])
def test_parts_of_a_stored_object_have_their_length(door, path, whole):
    ask = f"GET {path} HTTP/1.1"
    _, one, last = exchanged(door, ask, f"{ask}\nRange: bytes=100-299", f"{ask}\nRange: bytes=-7")
    assert (one[0], one[1]["content-range"], one[2]) == (206, f"bytes 100-299/{len(whole)}", whole[100:300])
    assert (last[0], last[2]) == (206, whole[-7:])


@pytest.mark.parametrize(("path", "whole"), [("/text", TEXT), ("/large", LARGE)])
def test_several_parts_come_as_one_body_and_the_connection_goes_on(door, path, whole):
    ask = f"GET {path} HTTP/1.1"
    part = f"{ask}\nRange: bytes=0-9,20-29"
    _, several, again, after = exchanged(door, ask, part, part, f"{ask}\nRange: bytes=0-0")
    status, headers, body = several
    assert (len(again[2]), again[1]["content-length"]) == (len(body), headers["content-length"])
    assert (status, int(headers["content-length"])) == (206, len(body))
    boundary = headers["content-type"].partition("boundary=")[2].encode()
    heads = [part.partition(b"\r\n\r\n")[2] for part in body.split(b"\r\n--" + boundary)]
    assert heads == [b"", whole[0:10], whole[20:30], b""]
    assert after[2] == whole[:1]


def test_what_does_not_exist_of_a_stored_object(door):
    _, (status, headers, body) = exchanged(door, "GET /text HTTP/1.1", "GET /text HTTP/1.1\nRange: bytes=9999-")
    assert (status, headers["content-range"], body) == (416, f"bytes */{len(TEXT)}", b"")
