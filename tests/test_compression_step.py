"""Objects that enter the cache compressed. Source: cloudfront.md §0 step 16, §2.2, §7."""

import asyncio
import gzip

import brotli
import pytest
from plays import MANAGED, OBEDIENT, Play, behavior, changed

from edgerun.errors import OriginProtocolError
from edgerun.http.headers import Headers
from edgerun.http.message import Response, StreamBody, read
from edgerun.testing.origin import respond

BOTH = changed(OBEDIENT, gzip=True, brotli=True)
TEXT = b"the quick brown fox jumps over the lazy dog; " * 100
LINES = {"content_type": "text/html", "cache_control": "max-age=60", "etag": '"v1"', "accept_ranges": "bytes"}
PAGE = respond(200, TEXT, **LINES)
DECODERS = {"gzip": gzip.decompress, "br": brotli.decompress, None: bytes}


def edge(policy=BOTH, *, compress=True, reply=PAGE, **more):
    return Play(behavior(cache_policy=policy, compress=compress, **more), replies={"/": reply})


def text_of(answer):
    return DECODERS[answer["Content-Encoding"]](answer.body)


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [("gzip, deflate, br", "br"), ("br", "br"), ("gzip", "gzip"), ("gzip;q=0, br;q=0.1", "br"), ("zstd", None)],
)
def test_miss_and_hit_are_compressed_as_the_viewer_takes_it(accept, encoding):
    play = edge()
    miss, hit = play.get(accept_encoding=accept), play.get(accept_encoding=accept)
    assert (miss.x_cache, hit.x_cache) == ("Miss from cloudfront", "Hit from cloudfront")
    assert miss["Content-Encoding"] == hit["Content-Encoding"] == encoding
    assert text_of(miss) == text_of(hit) == TEXT
    assert miss.body == hit.body


@pytest.mark.parametrize("accept", [{}, {"accept_encoding": "identity"}])
def test_who_offers_nothing_gets_it_as_it_is(accept):
    answer = edge().get(**accept)
    assert (answer.body, answer["Content-Length"], answer["ETag"]) == (TEXT, str(len(TEXT)), '"v1"')
    assert answer["Vary"] is None


def test_the_head_of_a_compressed_answer():
    play = edge()
    for answer in (play.get(accept_encoding="br"), play.get(accept_encoding="br")):
        assert (answer["ETag"], answer["Vary"]) == ('W/"v1"', "Accept-Encoding")
        assert (answer["Content-Length"], answer["Accept-Ranges"]) == (None, None)


def test_each_normalised_encoding_has_an_object_of_its_own():
    play = edge()
    for accept in ("br, gzip", "gzip", "br", ""):
        assert play.get(accept_encoding=accept).x_cache == "Miss from cloudfront"
    for accept in ("gzip, br;q=1", "gzip, zstd", "br", ""):
        assert play.get(accept_encoding=accept).x_cache == "Hit from cloudfront"
    sent = [request.headers.get(b"accept-encoding") for request in play.origin.seen]
    assert sent == [b"br,gzip", b"gzip", b"br", b"identity"]


@pytest.mark.parametrize(
    ("policy", "compress", "accept"),
    [
        pytest.param(BOTH, False, "br", id="the behavior does not compress"),
        pytest.param(changed(OBEDIENT, gzip=True), True, "br", id="the policy takes gzip only"),
        pytest.param(OBEDIENT, True, "br", id="the policy takes neither"),
        pytest.param(MANAGED["CachingDisabled"], True, "br", id="nothing is cached"),
    ],
)
def test_what_is_not_asked_for_is_not_done(policy, compress, accept):
    assert edge(policy, compress=compress).get(accept_encoding=accept)["Content-Encoding"] is None


@pytest.mark.parametrize("status", [404, 403])
def test_errors_are_compressed_when_they_are_kept(status):
    reply = respond(status, TEXT, **LINES)
    play = edge(reply=reply)
    for x_cache_age in (None, "0"):
        answer = play.get(accept_encoding="gzip")
        assert (answer.status, answer["Content-Encoding"], answer["Age"]) == (status, "gzip", x_cache_age)
        assert text_of(answer) == TEXT


def test_what_does_not_enter_the_cache_is_not_compressed():
    answer = edge(reply=respond(200, TEXT, **LINES | {"cache_control": "no-store"})).get(accept_encoding="gzip")
    assert (answer["Content-Encoding"], answer.body) == (None, TEXT)


def test_no_transform_does_not_count():
    lines = LINES | {"cache_control": "max-age=60, no-transform"}
    assert edge(reply=respond(200, TEXT, **lines)).get(accept_encoding="gzip")["Content-Encoding"] == "gzip"


def test_a_viewer_of_http_1_0_gets_it_as_it_is():
    play = edge()

    async def act(p):
        from plays import consume, request  # noqa: PLC0415

        old = request(accept_encoding="gzip").changed(http_version="1.0")
        return await consume(await asyncio.ensure_future(p.pipeline.begin(old)))

    answer = play.run(act)
    assert (answer["Content-Encoding"], answer.body) == (None, TEXT)
    assert b"accept-encoding" not in play.origin.seen[0].headers


def test_an_answer_to_head_is_left_as_it_is_and_a_compressed_object_answers_head():
    play = edge()
    play.origin.replies["/"] = lambda r: (
        respond(200, b"", **LINES, content_length=str(len(TEXT))) if r.method == "HEAD" else PAGE
    )
    first = play.run(lambda p: p.ask(method="HEAD", accept_encoding="gzip"))
    assert (first["Content-Encoding"], first["Content-Length"]) == (None, str(len(TEXT)))
    play.get(accept_encoding="gzip")
    second = play.run(lambda p: p.ask(method="HEAD", accept_encoding="gzip"))
    assert (second["Content-Encoding"], second["Content-Length"], second["ETag"]) == ("gzip", None, 'W/"v1"')


# ---------------------------------------------------------------- revalidation, conditions, ranges


def test_a_304_keeps_the_compressed_object_and_its_head():
    play = edge()
    play.get(accept_encoding="br")
    play.clock.advance(61)
    told = respond(304, b"", etag='"v1"', cache_control="max-age=60", accept_ranges="bytes", vary="Cookie")
    play.origin.replies["/"] = told
    for word in ("RefreshHit", "Hit"):
        answer = play.get(accept_encoding="br")
        assert answer.x_cache == f"{word} from cloudfront"
        assert (answer["ETag"], answer["Vary"], answer["Accept-Ranges"]) == ('W/"v1"', "Cookie, Accept-Encoding", None)
        assert text_of(answer) == TEXT
    assert play.origin.seen[1].headers.get(b"if-none-match") == b'W/"v1"'


def test_a_304_never_makes_an_object_compressed():
    play = edge(compress=False)
    play.get(accept_encoding="br")
    play.clock.advance(61)
    later = edge(reply=respond(304, b"", etag='"v1"'))
    for key, entry in list(play.store._entries.items()):
        later.store._entries[key] = entry
    later.clock.now = play.clock.now
    answer = later.get(accept_encoding="br")
    assert (answer.x_cache, answer["Content-Encoding"], answer.body) == ("RefreshHit from cloudfront", None, TEXT)


def test_a_condition_with_the_weak_tag_is_answered():
    play = edge()
    play.get(accept_encoding="br")
    answer = play.get(accept_encoding="br", if_none_match='W/"v1"')
    assert (answer.status, answer["ETag"], answer["Vary"]) == (304, 'W/"v1"', "Accept-Encoding")


def test_ranges_count_the_compressed_bytes():
    play = edge()
    whole = play.get(accept_encoding="gzip").body
    part = play.get(accept_encoding="gzip", range="bytes=2-9")
    assert (part.status, part.body) == (206, whole[2:10])
    assert part["Content-Range"] == f"bytes 2-9/{len(whole)}"
    assert part["Content-Length"] == "8"


# ---------------------------------------------------------------- streams


def gated(chunks, gates):
    """A reply whose body waits before each chunk."""

    async def stream():
        for chunk, gate in zip(chunks, gates, strict=True):
            await gate.wait()
            yield chunk

    length = sum(map(len, chunks))
    lines = [(b"Content-Type", b"text/css"), (b"Content-Length", b"%d" % length)]
    return Response(status=200, headers=Headers(lines), body=StreamBody(stream(), length=length))


def test_waiters_share_one_compressed_stream():
    async def act(play):
        gates = [asyncio.Event() for _ in range(3)]
        play.origin.replies["/"] = gated([TEXT, TEXT, TEXT], gates)
        asked = [asyncio.ensure_future(play.begin(accept_encoding="br")) for _ in range(8)]
        deliveries = await asyncio.gather(*asked)
        bodies = [asyncio.ensure_future(read(d.response.body)) for d in deliveries]
        for gate in gates:
            gate.set()
            await asyncio.sleep(0)
        packed = await asyncio.gather(*bodies)
        for delivery in deliveries:
            await delivery.body.aclose()
        return deliveries, packed

    play = edge()
    deliveries, packed = play.run(act)
    assert len(play.origin.seen) == 1
    assert len(set(packed)) == 1
    assert brotli.decompress(packed[0]) == TEXT * 3
    assert {d.response.headers.get(b"content-encoding") for d in deliveries} == {b"br"}


def test_a_body_that_breaks_off_is_not_kept():
    async def broken():
        yield TEXT
        raise OriginProtocolError("reset")

    def reply(_):
        return PAGE.changed(body=StreamBody(broken(), length=len(TEXT) * 2))

    play = edge(reply=reply)
    answer = play.get(accept_encoding="gzip")
    assert isinstance(answer.error, OriginProtocolError)
    assert len(play.store) == 0


def test_viewer_response_sees_the_compressed_head():
    def handler(event, _):
        response = event["Records"][0]["cf"]["response"]
        response["headers"]["x-seen"] = [
            {"key": "X-Seen", "value": response["headers"]["content-encoding"][0]["value"]}
        ]
        return response

    play = Play(
        behavior(cache_policy=BOTH, compress=True, points={"viewer_response": "see"}),
        replies={"/": PAGE},
        functions={"see": handler},
    )
    assert play.get(accept_encoding="gzip")["X-Seen"] == "gzip"


def test_what_origin_response_made_is_what_is_compressed():
    def handler(event, _):
        response = event["Records"][0]["cf"]["response"]
        response["body"] = "made " * 500
        return response

    play = Play(
        behavior(cache_policy=BOTH, compress=True, points={"origin_response": "make"}),
        replies={"/": PAGE},
        functions={"make": handler},
    )
    assert text_of(play.get(accept_encoding="gzip")) == b"made " * 500
