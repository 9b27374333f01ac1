"""What every door owes (design: the doors), on real sockets, over both of them."""

import asyncio
import contextlib

import pytest
from plays import Play, behavior
from served import DOORS, Served, run, until

from edgerun.distribution.model import ALL_METHODS
from edgerun.errors import OriginProtocolError
from edgerun.http.headers import Headers
from edgerun.http.message import Interim, Response, StreamBody, Tunnel, read
from edgerun.observe.events import Answered
from edgerun.testing.origin import respond

GET = b"GET %b HTTP/1.1\r\nHost: shop.example\r\n\r\n"
LAST = b"GET %b HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"
PAGE = respond(200, b"a page", cache_control="max-age=60", etag='"v1"')

pytestmark = [pytest.mark.parametrize("door", DOORS)]


def play(**replies):
    """An edge that passes every method on; `replies` by path without its slash."""
    made = Play(behavior(allowed_methods=ALL_METHODS))
    made.origin.replies |= {f"/{path}": reply for path, reply in replies.items()}
    return made


def on(door, made, act, *, keep_alive=5.0, loop="uvloop"):
    """Serve a play through a door and run the test's part."""

    async def whole():
        async with Served(made.pipeline, door, keep_alive=keep_alive) as served:
            try:
                return await act(served)
            finally:
                await made.flights.aclose()

    return run(whole, loop=loop)


def exchanged(door, made, data, **more):
    return on(door, made, lambda served: served.exchange(data), **more)


def gated(reply, gates):
    async def wait(request):
        gate = asyncio.Event()
        gates.append(gate)
        await gate.wait()
        return reply

    return wait


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_miss_then_a_hit_on_one_connection(door, loop):
    async def act(served):
        async with served.connection() as viewer:
            got = []
            for _ in range(2):
                await viewer.send(GET % b"/page")
                got.append(await viewer.answer())
            return got

    first, second = on(door, play(page=PAGE), act, loop=loop)
    assert (first[0], first[1]["x-cache"], first[2]) == (200, "Miss from cloudfront", b"a page")
    assert (second[0], second[1]["x-cache"], second[2]) == (200, "Hit from cloudfront", b"a page")


def test_pipelined_requests_are_answered_in_their_order(door):
    gates = []
    made = play(fast=PAGE)
    made.origin.replies["/slow"] = gated(respond(200, b"slow"), gates)

    async def act(served):
        async with served.connection() as viewer:
            await viewer.send(GET % b"/slow" + GET % b"/fast" + GET % b"/fast")
            await until(lambda: gates)
            gates[0].set()
            return [(await viewer.answer())[2] for _ in range(3)]

    assert on(door, made, act) == [b"slow", b"a page", b"a page"]


@pytest.mark.parametrize("size", [7, 0, 200_000, 2_000_000], ids=["small", "empty", "large", "in a file"])
def test_a_stored_body_of_undeclared_length_ends_where_it_ends(door, size):
    async def drip():
        for start in range(0, size, 65_536):
            yield b"x" * min(65_536, size - start)

    made = play()
    lines = Headers([(b"Cache-Control", b"max-age=60")])
    made.origin.replies["/"] = lambda request: Response(status=200, headers=lines, body=StreamBody(drip()))

    async def act(served):
        async with served.connection() as viewer, asyncio.timeout(30):
            got = []
            for _ in range(3):
                await viewer.send(GET % b"/")
                got.append(await viewer.answer())
        old = await served.exchange(b"GET / HTTP/1.0\r\nHost: shop.example\r\nConnection: keep-alive\r\n\r\n")
        return got, old

    got, old = on(door, made, act)
    assert [(status, headers["x-cache"], len(body)) for status, headers, body in got] == [
        (200, "Miss from cloudfront", size),
        (200, "Hit from cloudfront", size),
        (200, "Hit from cloudfront", size),
    ]
    assert all(headers.get("transfer-encoding") == "chunked" for _, headers, _ in got)
    if door == "wire":  # uvicorn's own protocol chunks an HTTP/1.0 answer of unknown length
        assert old.endswith(b"\r\n\r\n" + b"x" * size)


def test_thousands_of_pipelined_hits_behind_a_slow_answer_are_no_matter(door):
    gates = []
    made = play(fast=PAGE)
    made.origin.replies["/slow"] = gated(respond(200, b"slow"), gates)
    made.get("/fast")

    async def act(served):
        async with served.connection() as viewer:
            await viewer.send(GET % b"/slow" + (GET % b"/fast") * 2000)
            await until(lambda: gates)
            gates[0].set()
            return [(await viewer.answer())[2] for _ in range(2001)]

    assert on(door, made, act) == [b"slow"] + [b"a page"] * 2000


def test_pipelined_hits_wait_for_a_viewer_who_does_not_read(door):
    made = play(big=respond(200, b"x" * 500_000, cache_control="max-age=60"))
    made.get("/big")
    made.events.clear()

    async def act(served):
        async with served.connection() as viewer:
            viewer.writer.transport.pause_reading()
            await viewer.send((GET % b"/big") * 200)
            seen = -1
            while seen != len(made.logged()):
                seen = len(made.logged())
                await asyncio.sleep(0.1)
            viewer.writer.transport.resume_reading()
            for _ in range(200):
                await viewer.answer()
            return seen

    assert on(door, made, act) < 100


def test_head_and_304_have_no_body(door):
    async def act(served):
        async with served.connection() as viewer:
            await viewer.send(GET % b"/page")
            await viewer.answer()
            await viewer.send(b"HEAD /page HTTP/1.1\r\nHost: shop.example\r\n\r\n")
            head = await viewer.answer(head_only=True)
            await viewer.send(b'GET /page HTTP/1.1\r\nHost: shop.example\r\nIf-None-Match: "v1"\r\n\r\n')
            unchanged = await viewer.answer()
            await viewer.send(GET % b"/page")
            return head, unchanged, await viewer.answer()

    head, unchanged, after = on(door, play(page=PAGE), act)
    assert (head[0], head[1]["content-length"]) == (200, "6")
    assert unchanged[0] == 304
    assert after[2] == b"a page"


def test_http_1_0_gets_a_length_or_the_end_of_the_connection(door):
    async def drip():
        yield b"one "
        yield b"two"

    made = play(page=PAGE)
    made.origin.replies["/drip"] = lambda request: Response(status=200, body=StreamBody(drip()))
    whole = exchanged(door, made, b"GET /page HTTP/1.0\r\nHost: shop.example\r\n\r\n")
    assert whole.endswith(b"a page")
    if door == "wire":  # uvicorn's own protocol chunks an HTTP/1.0 answer of unknown length
        dripped = exchanged(door, made, b"GET /drip HTTP/1.0\r\nHost: shop.example\r\n\r\n")
        assert dripped.endswith(b"\r\n\r\none two")


def test_a_post_is_passed_on_with_its_body_and_the_connection_stays(door):
    made = play(cart=respond(200, b"thanks"))

    async def act(served):
        async with served.connection() as viewer:
            await viewer.send(b"POST /cart HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 5\r\n\r\nhel")
            await viewer.send(b"lo")
            first = await viewer.answer()
            await viewer.send(
                b"POST /cart HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            )
            return first, await viewer.answer()

    assert [answer[2] for answer in on(door, made, act)] == [b"thanks", b"thanks"]
    assert [request.body.data for request in made.origin.seen] == [b"hello", b"abcde"]


def test_expect_100_continue_is_answered_when_the_body_is_wanted(door):
    made = play(cart=respond(200, b"thanks"))

    async def act(served):
        async with served.connection() as viewer:
            await viewer.send(
                b"POST /cart HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
            )
            interim = await viewer.head()
            await viewer.send(b"ok")
            return interim[0], await viewer.answer()

    status, answer = on(door, made, act)
    assert (status, answer[2]) == (100, b"thanks")


def test_trailers_are_never_merged_into_the_head(door):
    made = play(cart=respond(200, b"thanks"))
    exchanged(
        door,
        made,
        b"POST /cart HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"2\r\nok\r\n0\r\nOrigin: http://evil.example\r\n\r\n",
    )
    assert b"origin" not in made.origin.seen[0].headers


# ---------------------------------------------------------------- guard


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(b"GET /page HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody", id="length"),
        pytest.param(
            b"GET /page HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", id="chunked"
        ),
    ],
)
def test_the_body_of_a_get_is_seen_before_a_hit_is_sent(door, request_bytes):
    made = play(page=PAGE)
    made.get("/page")
    answer = exchanged(door, made, request_bytes)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"a page" not in answer


def test_an_empty_chunked_get_is_an_ordinary_get(door):
    data = b"GET /page HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"
    assert exchanged(door, play(page=PAGE), data).endswith(b"a page")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(LAST % (b"/" + b"a" * 8192), 414, id="URL of 8,193 bytes"),
        pytest.param(LAST % (b"/" + b"a" * 8191), 404, id="URL of 8,192 bytes"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " + b"a" * 32_800 + b"\r\n\r\n",
            494,
            id="head over 32,768 bytes",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " + b"a" * 32_600 + b"\r\n\r\n",
            404,
            id="head under 32,768 bytes",
        ),
    ],
)
def test_size_limits(door, data, status):
    made = play()
    answer = exchanged(door, made, data)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert (len(made.origin.seen) == 0) is (status != 404)


# ---------------------------------------------------------------- what is no request

BAD = [
    pytest.param(b"GET\r\n\r\n", id="no target"),
    pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="no Host"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", id="two Hosts"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", id="a path in Host"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nNo Colon\r\n\r\n", id="no colon"),
    pytest.param(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", id="space before the colon"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n", id="folded line"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", id="NUL in a value"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", id="bare CR in a value"),
    pytest.param(b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", id="space in the target"),
    pytest.param(b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", id="fragment in the target"),
    pytest.param(b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", id="unknown method"),
    pytest.param(b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", id="unknown version"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", id="two lengths"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\nx", id="list of lengths"),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", id="signed length"),
    pytest.param(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        id="length and chunked",
    ),
    pytest.param(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        id="chunked and length",
    ),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", id="unknown coding"),
    pytest.param(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", id="chunked not last"
    ),
    pytest.param(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", id="coding with a space"
    ),
    pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", id="chunk size no hex"),
    pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS on the plain port"),
]


@pytest.mark.parametrize("data", BAD)
def test_what_could_be_read_in_two_ways_is_refused_and_closed_and_never_forwarded(door, data):
    made = play()
    answer = exchanged(door, made, data + GET % b"/smuggled")
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 403 ")) or answer == b""
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert all(request.path != b"/smuggled" for request in made.origin.seen)
    if door == "wire" and answer:
        assert b"X-Cache: Error from cloudfront" in answer


def test_a_refusal_comes_after_the_answers_before_it(door):
    made = play(page=PAGE)
    answer = exchanged(door, made, GET % b"/page" + b"nonsense\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1 400 ") == (1 if door == "wire" else 0)


# ---------------------------------------------------------------- viewers who leave, wait or stay


def test_a_viewer_who_leaves_ends_the_fetch_nobody_else_needs(door):
    ended = []
    made = play()

    async def forever(request):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(request.path)

    made.origin.replies["/"] = forever

    async def act(served):
        async with served.connection() as viewer:
            await viewer.send(GET % b"/")
            await until(lambda: made.origin.seen)
        await until(lambda: ended)

    on(door, made, act)
    assert ended == [b"/"]


def test_a_viewer_who_leaves_does_not_disturb_another_on_the_same_key(door):
    gates = []
    made = play()
    made.origin.replies["/"] = gated(PAGE, gates)

    async def act(served):
        async with served.connection() as first, served.connection() as second:
            await first.send(GET % b"/")
            await until(lambda: gates)
            await second.send(GET % b"/")
            await asyncio.sleep(0.01)
            first.writer.close()
            await asyncio.sleep(0.01)
            gates[0].set()
            return await second.answer()

    assert on(door, made, act)[2] == b"a page"
    assert len(made.origin.seen) == 1


def test_a_slow_reader_holds_the_sender_back(door):
    sent = []

    async def endless():
        for number in range(400):
            sent.append(number)
            yield b"x" * 65_536

    made = play()
    lines = Headers([(b"Cache-Control", b"private"), (b"Content-Length", b"%d" % (400 * 65_536))])
    made.origin.replies["/"] = lambda request: Response(
        status=200, headers=lines, body=StreamBody(endless(), length=400 * 65_536)
    )

    async def act(served):
        async with served.connection() as viewer:
            await viewer.send(GET % b"/")
            await viewer.head()
            seen = -1
            while seen != len(sent):
                seen = len(sent)
                await asyncio.sleep(0.05)
            body = 0
            while body < 400 * 65_536:
                body += len(await viewer.reader.read(2**20))
            return seen

    assert on(door, made, act) < 300


def test_an_origin_that_breaks_off_breaks_the_viewers_answer_too(door):
    async def half():
        yield b"half"
        raise OriginProtocolError("reset")

    made = play()
    made.origin.replies["/"] = lambda request: Response(status=200, body=StreamBody(half()))
    answer = exchanged(door, made, GET % b"/")
    assert answer.endswith(b"half\r\n")
    assert b"0\r\n\r\n" not in answer
    log = [event for event in made.events if isinstance(event, Answered)]
    assert [(line.complete, line.result_type) for line in log] == [(False, "Error")]


@pytest.mark.parametrize("asked", [1, 2])
def test_an_idle_connection_is_closed_after_the_keep_alive_time_each_time_anew(door, asked):
    async def act(served):
        async with served.connection() as viewer:
            for _ in range(asked):
                await viewer.send(GET % b"/page")
                await viewer.answer()
            async with asyncio.timeout(30):
                return await viewer.rest()

    assert on(door, play(page=PAGE), act, keep_alive=0.1) == b""


def test_shutdown_lets_answers_in_flight_finish(door):
    gates = []
    made = play()
    made.origin.replies["/"] = gated(PAGE, gates)

    async def act(served):
        async with served.connection() as viewer, served.connection() as idle:
            await viewer.send(GET % b"/")
            await until(lambda: gates)
            served.server.stop()
            assert await idle.rest() == b""
            gates[0].set()
            answer = await viewer.answer()
            return answer, await viewer.rest()

    answer, rest = on(door, made, act)
    assert (answer[2], rest) == (b"a page", b"")


def test_a_function_that_writes_a_line_break_into_a_header_splits_nothing(door):
    made = play(page=respond(200, b"x", x_evil="a\r\nSet-Cookie: b=1"))
    with contextlib.suppress(ConnectionError):
        answer = exchanged(door, made, LAST % b"/page")
        assert b"\r\nSet-Cookie: b=1" not in answer


# ---------------------------------------------------------------- what only a wire can do


def test_interim_answers_are_relayed_to_those_who_may_see_them(door):
    made = play()
    hint = Interim(status=103, headers=Headers([(b"Link", b"</style.css>; rel=preload")]))

    async def hints(request, *, on_interim=None):
        await read(request.body)
        if on_interim is not None:
            on_interim(hint)
        return PAGE

    made.origin.fetch = hints

    async def act(served):
        async with served.connection() as viewer:
            await viewer.send(GET % b"/page")
            first = await viewer.head() if door == "wire" else None
            answer = await viewer.answer()
            await viewer.send(b"GET /other HTTP/1.0\r\nHost: shop.example\r\n\r\n")
            return first, answer, await viewer.rest()

    first, answer, old = on(door, made, act)
    if door == "wire":  # ASGI has no interim answers: they are dropped
        assert first == (103, {"link": "</style.css>; rel=preload"})
    assert answer[2] == b"a page"
    assert b" 103 " not in old


class Echo(asyncio.Protocol):
    """The far end of a tunnel that sends everything back."""

    def __init__(self, transport, on_close):
        self.transport = transport
        self.on_close = on_close

    def data_received(self, data):
        self.transport.write(b"echo " + data)

    def connection_lost(self, exc):
        self.on_close(1, 2)


WEBSOCKET = (
    b"GET /ws HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def test_a_websocket_becomes_a_tunnel_of_raw_bytes(door):
    made = play()

    async def accepts(request, *, on_interim=None):
        made.origin.seen.append(request)
        if b"upgrade" not in request.headers:
            return respond(426, b"a WebSocket is needed")
        accepted = Response(status=101, headers=Headers([(b"Sec-WebSocket-Accept", b"yes")]))
        return Tunnel(response=accepted, join=Echo)

    made.origin.fetch = accepts

    async def act(served):
        async with served.connection() as viewer:
            await viewer.send(WEBSOCKET + b"early" if door == "wire" else WEBSOCKET)
            head = await viewer.head()
            if door == "asgi":  # ASGI has no raw connection to give: an ordinary request, declined by the origin
                assert head[0] == 426
                return head, b"echo early", b"echo later"
            first = await viewer.reader.readexactly(10)
            await viewer.send(b"later")
            return head, first, await viewer.reader.readexactly(10)

    head, first, second = on(door, made, act)
    assert door == "asgi" or head == (
        101,
        {"sec-websocket-accept": "yes", "connection": "Upgrade", "upgrade": "websocket"},
    )
    assert (first, second) == (b"echo early", b"echo later")
    assert made.origin.seen[0].headers.get(b"upgrade") == (b"websocket" if door == "wire" else None)


def test_a_websocket_the_origin_declines_is_an_ordinary_answer(door):
    async def act(served):
        async with served.connection() as viewer:
            await viewer.send(WEBSOCKET)
            first = await viewer.answer()
            await viewer.send(GET % b"/page")
            return first, await viewer.answer()

    first, second = on(door, play(ws=respond(426, b"no"), page=PAGE), act)
    assert (first[0], first[2]) == (426, b"no")
    assert second[2] == b"a page"


def test_an_upgrade_to_anything_else_is_ignored(door):
    data = b"GET /page HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n"
    made = play(page=PAGE)
    assert exchanged(door, made, data).endswith(b"a page")
    assert b"upgrade" not in made.origin.seen[0].headers
