"""The HTTP/1.1 origin client against scripted servers on real sockets."""

import asyncio
import os
import signal
import ssl
import sys
from pathlib import Path

import pytest
from scripted import ScriptedOrigin, answers, authority, on_loop, once, until

from edgerun.config.build import any_free_port as free_port
from edgerun.errors import (
    BadRequest,
    ConfigError,
    OriginConnectError,
    OriginDnsError,
    OriginProtocolError,
    OriginTimeout,
)
from edgerun.http.headers import Headers
from edgerun.http.message import NO_BODY, BytesBody, Request, StreamBody, Tunnel, read
from edgerun.origins.command import OriginCommand
from edgerun.origins.http1 import HttpOrigin

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def request(method="GET", target=b"/", *lines, body=NO_BODY):
    return Request(method=method, path=target, headers=Headers([(b"Host", b"edge.test"), *lines]), body=body)


class origin:  # noqa: N801 - reads as a function
    """A client of a scripted origin, closed at the end."""

    def __init__(self, scripted, **options):
        self.client = HttpOrigin("api", **{"host": "127.0.0.1", "port": scripted.port, **options})

    async def __aenter__(self):
        return self.client

    async def __aexit__(self, *exc):
        await self.client.aclose()
        assert not self.client._pool._open
        assert self.client._pool._slots == 0


async def keep(body, got):
    async for chunk in body.stream():
        got.append(chunk)


def free(client):
    return len(client._pool._free)


# -- keeping connections -----------------------------------------------------------------------------------------------


@on_loop(both=True)
async def test_a_connection_is_used_again_after_a_whole_exchange():
    async with ScriptedOrigin(answers(OK)) as server, origin(server) as client:
        for _ in range(3):
            response = await client.fetch(request())
            assert (response.status, response.reason, response.body.data) == (200, b"OK", b"ok")
        assert server.connections == 1
        assert "0 busy, 1 free" in repr(client)


@on_loop
async def test_the_newest_free_connection_is_taken_first():
    gate = asyncio.Event()

    async def first(peer):
        await peer.head()
        await gate.wait()
        await peer.send(OK)
        await answers(OK)(peer)

    async with ScriptedOrigin(first, answers(OK)) as server, origin(server) as client:
        slow = asyncio.create_task(client.fetch(request("GET", b"/slow")))
        await until(lambda: server.heads)
        await client.fetch(request())
        gate.set()
        await slow
        assert free(client) == 2
        newest = next(reversed(client._pool._free))
        await client.fetch(request())
        assert next(reversed(client._pool._free)) is newest


@on_loop
async def test_a_free_connection_that_the_origin_closes_leaves_the_pool():
    async with ScriptedOrigin(once(OK)) as server, origin(server) as client:
        await client.fetch(request())
        await until(lambda: not free(client))
        assert "0 busy, 0 free" in repr(client)


@on_loop(both=True)
async def test_a_connection_free_for_too_long_is_closed():
    gone = asyncio.Event()

    async def script(peer):
        await peer.answer(OK)
        assert await peer.gone() == b""
        gone.set()

    async with ScriptedOrigin(script) as server, origin(server, keepalive_timeout=0.03) as client:
        await client.fetch(request())
        await gone.wait()
        assert free(client) == 0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1), id="connection: close"),
        pytest.param(OK.replace(b"HTTP/1.1", b"HTTP/1.0"), id="http/1.0"),
        pytest.param(OK + b"surplus", id="surplus bytes"),
        pytest.param(OK + OK, id="a second answer nobody asked for"),
    ],
)
@on_loop
async def test_a_connection_is_not_used_again(answer):
    async with ScriptedOrigin(answers(answer)) as server, origin(server) as client:
        for _ in range(2):
            assert (await client.fetch(request())).body.data == b"ok"
        assert server.connections == 2


@on_loop
async def test_bytes_that_come_while_a_connection_is_free_close_it():
    gate = asyncio.Event()

    async def script(peer):
        await peer.answer(OK)
        await gate.wait()
        await peer.send(OK)

    async with ScriptedOrigin(script) as server, origin(server) as client:
        await client.fetch(request())
        gate.set()
        await until(lambda: not free(client))


@on_loop
async def test_a_limit_makes_requests_wait_for_a_connection():
    async with ScriptedOrigin(answers(OK)) as server, origin(server, max_connections=2) as client:
        responses = await asyncio.gather(*(client.fetch(request()) for _ in range(10)))
        assert [response.body.data for response in responses] == [b"ok"] * 10
        assert server.connections == 2


@on_loop
async def test_a_request_that_gives_up_waiting_takes_no_connection_with_it():
    gate = asyncio.Event()

    async def script(peer):
        await peer.head()
        await gate.wait()
        await peer.send(OK)
        await answers(OK)(peer)

    async with ScriptedOrigin(script) as server, origin(server, max_connections=1) as client:
        first = asyncio.create_task(client.fetch(request()))
        await until(lambda: server.heads)
        second = asyncio.create_task(client.fetch(request()))
        third = asyncio.create_task(client.fetch(request()))
        await asyncio.sleep(0)
        assert "1 busy, 0 free of 1, 2 waiting" in repr(client)
        second.cancel()
        gate.set()
        await asyncio.wait({first, second, third})
        assert second.cancelled()
        assert third.result().status == 200
        assert server.connections == 1


@on_loop
async def test_waiting_for_a_connection_ends():
    async with (
        ScriptedOrigin(answers(LONG)) as server,
        origin(server, max_connections=1, connection_timeout=0.2, connection_attempts=1) as client,
    ):
        await client.fetch(request())
        with pytest.raises(OriginTimeout, match="no connection became free"):
            await client.fetch(request())


# -- what is sent ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "head"),
    [
        pytest.param(request(), b"Connection: Keep-Alive\r\n", id="GET"),
        pytest.param(request("DELETE"), b"Connection: Keep-Alive\r\n", id="DELETE"),
        pytest.param(request("POST"), b"Connection: Keep-Alive\r\nContent-Length: 0\r\n", id="POST without a body"),
        pytest.param(
            request(
                "GET",
                b"/",
                (b"connection", b"x"),
                (b"Content-length", b"9"),
                (b"Transfer-Encoding", b"chunked"),
                (b"Keep-Alive", b"1"),
            ),
            b"Connection: Keep-Alive\r\n",
            id="framing lines given",
        ),
    ],
)
@on_loop
async def test_framing_and_connection_lines_are_our_own(asked, head):
    async with ScriptedOrigin(answers(OK)) as server, origin(server) as client:
        await client.fetch(asked)
        assert server.heads == [asked.method.encode() + b" / HTTP/1.1\r\nHost: edge.test\r\n" + head + b"\r\n"]


@on_loop
async def test_lines_keep_order_case_duplicates_and_bytes():
    lines = [(b"x-B", b"1"), (b"X-a", b"\xe9"), (b"X-B", b"2"), (b"X-Empty", b"")]
    async with ScriptedOrigin(answers(OK)) as server, origin(server) as client:
        await client.fetch(request("GET", b"/%7e?a=b&&c", *lines))
        assert server.heads[0].startswith(
            b"GET /%7e?a=b&&c HTTP/1.1\r\nHost: edge.test\r\nx-B: 1\r\nX-a: \xe9\r\nX-B: 2\r\nX-Empty: \r\n"
        )


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(request("GET", b"/", (b"X", b"a\r\nY: b")), id="CR LF in a value"),
        pytest.param(request("GET", b"/", (b"X", b"a\0")), id="NUL in a value"),
        pytest.param(request("GET", b"/", (b"Transfer-Encoding ", b"chunked")), id="space in a name"),
        pytest.param(request("GET", b"/", (b"", b"a")), id="empty name"),
        pytest.param(request("GET", b"/ HTTP/1.1\r\nX: y"), id="space in the target"),
        pytest.param(request("GET", b""), id="no target"),
        pytest.param(request("GET /x"), id="space in the method"),
    ],
)
@on_loop
async def test_a_request_that_would_be_read_in_another_way_is_not_sent(asked):
    async with ScriptedOrigin(answers(OK)) as server, origin(server) as client:
        with pytest.raises(OriginProtocolError, match="cannot be sent"):
            await client.fetch(asked)
        assert server.connections == 0


@pytest.mark.parametrize("size", [5, 1_000_000])
@on_loop(both=True)
async def test_a_body_in_memory_is_sent_with_its_length(size):
    async def script(peer):
        await peer.head()
        assert await peer.exactly(size) == b"x" * size
        await peer.send(OK)

    async with ScriptedOrigin(script) as server, origin(server) as client:
        await client.fetch(request("POST", body=BytesBody(b"x" * size)))
        assert b"\r\nContent-Length: %d\r\n" % size in server.heads[0]
        assert free(client) == 1


@on_loop(both=True)
async def test_a_body_of_unknown_length_is_sent_in_chunks():
    async def chunks():
        for part in (b"one", b"", b"two" * 10):
            yield part

    async def script(peer):
        await peer.head()
        assert await peer.chunked() == b"one" + b"two" * 10
        await peer.send(OK)

    async with ScriptedOrigin(script) as server, origin(server) as client:
        await client.fetch(request("PUT", body=StreamBody(chunks())))
        assert b"\r\nTransfer-Encoding: chunked\r\n" in server.heads[0]
        assert free(client) == 1


@on_loop(both=True)
async def test_a_body_waits_until_the_origin_reads():
    gate = asyncio.Event()
    given = 0

    async def chunks():
        nonlocal given
        for _ in range(1000):
            given += 1
            yield b"x" * 65_536

    async def script(peer):
        await peer.head()
        await gate.wait()
        await peer.exactly(65_536_000)
        await peer.send(OK)

    async with ScriptedOrigin(script) as server, origin(server) as client:
        answer = asyncio.create_task(client.fetch(request("PUT", body=StreamBody(chunks(), length=65_536_000))))
        before = -1
        while before != given:
            before = given
            for _ in range(100):
                await asyncio.sleep(0)
        assert 0 < given < 500
        gate.set()
        assert (await answer).status == 200
        assert given == 1000


@on_loop
async def test_an_answer_before_the_end_of_the_body_stops_it():
    stopped = asyncio.Event()

    async def chunks():
        try:
            yield b"first"
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async with ScriptedOrigin(answers(OK)) as server, origin(server) as client:
        response = await client.fetch(request("POST", body=StreamBody(chunks())))
        assert response.body.data == b"ok"
        assert stopped.is_set()
        assert free(client) == 0


@on_loop
async def test_a_body_that_fails_fails_the_request_with_its_own_error():
    async def chunks():
        yield b"first"
        raise BadRequest("the viewer is gone")

    async with ScriptedOrigin(answers()) as server, origin(server) as client:
        with pytest.raises(BadRequest, match="gone"):
            await client.fetch(request("POST", body=StreamBody(chunks())))


@pytest.mark.parametrize("given", [b"short", b"longer than that"])
@on_loop
async def test_a_body_of_another_length_than_announced_is_refused(given):
    async def chunks():
        yield given

    async with ScriptedOrigin(answers()) as server, origin(server) as client:
        with pytest.raises(OriginProtocolError, match="bytes of body announced"):
            await client.fetch(request("POST", body=StreamBody(chunks(), length=10)))


# -- what comes back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "length", "data"),
    [
        pytest.param([LONG, b"01234", b"56789"], 10, b"0123456789", id="length"),
        pytest.param([CHUNKED, b"3\r\nabc\r\n", b"2;x=y\r\nde\r\n0\r\n\r\n"], None, b"abcde", id="chunked"),
        pytest.param([CHUNKED, b"1\r\na\r\n0\r\nX-T: 1\r\n\r\n"], None, b"a", id="trailers dropped"),
        pytest.param([bytes([byte]) for byte in OK], 2, b"ok", id="byte by byte"),
    ],
)
@on_loop(both=True)
async def test_bodies_are_read_to_their_declared_end(parts, length, data):
    async with ScriptedOrigin(answers(*parts)) as server, origin(server) as client:
        for _ in range(2):
            response = await client.fetch(request())
            assert await read(response.body) == data
            assert response.body.length in {length, len(data)}
            assert b"x-t" not in response.headers
        assert server.connections == 1


@on_loop(both=True)
async def test_a_body_without_declared_end_ends_with_the_connection():
    script = once(b"HTTP/1.0 200 OK\r\n\r\n", b"all", b" of it")
    async with ScriptedOrigin(script) as server, origin(server) as client:
        response = await client.fetch(request())
        assert response.body.length is None
        assert await read(response.body) == b"all of it"


@pytest.mark.parametrize("framing", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b""])
@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
@on_loop
async def test_some_answers_have_no_body_whatever_their_head_says(method, status, framing):
    head = b"HTTP/1.1 %d X\r\n%b\r\n" % (status, framing)
    async with ScriptedOrigin(answers(head[:9], head[9:])) as server, origin(server) as client:
        for _ in range(2):
            response = await client.fetch(request(method))
            assert (response.status, response.body.data) == (status, b"")
            assert (b"content-length" in response.headers) == framing.startswith(b"Content")
        assert server.connections == 1


@on_loop
async def test_a_head_answer_with_a_body_is_whole_but_ends_its_connection():
    async with ScriptedOrigin(answers(OK)) as server, origin(server) as client:
        for _ in range(2):
            assert (await client.fetch(request("HEAD"))).body.data == b""
        assert server.connections == 2


@on_loop
async def test_hop_by_hop_lines_are_removed_and_all_others_kept_as_they_are():
    answer = (
        b"HTTP/1.1 200 Fine, thanks\r\nx-B: 1\r\nConnection: keep-alive, X-Mine, Cache-Control\r\nX-mine: 2\r\n"
        b"Cache-Control: no-store \r\nSet-Cookie: a\r\nset-cookie: b\xe9\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n"
        b"Trailer: X\r\nUpgrade: h2c\r\nTE: x\r\nX-Empty:\r\nCONTENT-LENGTH: 0\r\n\r\n"
    )
    async with ScriptedOrigin(answers(answer)) as server, origin(server) as client:
        response = await client.fetch(request())
        assert response.reason == b"Fine, thanks"
        assert response.headers.lines == (
            (b"x-B", b"1"),
            (b"Cache-Control", b"no-store"),
            (b"Set-Cookie", b"a"),
            (b"set-cookie", b"b\xe9"),
            (b"X-Empty", b""),
            (b"CONTENT-LENGTH", b"0"),
        )


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(b"Content-Length: 1\r\nContent-Length: 2\r\n", id="two lengths"),
        pytest.param(b"Content-Length: 1, 2\r\n", id="list of lengths"),
        pytest.param(b"Content-Length: +1\r\n", id="signed length"),
        pytest.param(b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", id="length and coding"),
        pytest.param(b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", id="coding and length"),
        pytest.param(b"X: a\r\n b\r\n", id="folded line"),
        pytest.param(b"X: a\rb\r\n", id="bare CR"),
        pytest.param(b"X: a\nY: b\r\n", id="bare LF"),
        pytest.param(b"X: a\0b\r\n", id="NUL"),
        pytest.param(b"X : a\r\n", id="space before the colon"),
        pytest.param(b"X(y): a\r\n", id="invalid name"),
        pytest.param(b"no colon\r\n", id="no colon"),
        pytest.param(b": a\r\n", id="empty name"),
    ],
)
@on_loop
async def test_a_malformed_head_is_an_error(lines):
    script = answers(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n")
    async with ScriptedOrigin(script) as server, origin(server) as client:
        with pytest.raises(OriginProtocolError, match=r"origin 'api' at 127\.0\.0\.1:"):
            await client.fetch(request())
        assert free(client) == 0
        assert server.connections == 1


@pytest.mark.parametrize(
    "start",
    [
        b"ICY 200 OK",
        b"RTSP/1.0 200 OK",
        b"HTTP/2.0 200 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1 000 OK",
        b"HTTP/1.1 200 O\0K",
        b"HTTP/1.1 104 X\r\nContent-Length: 1",
        b"HTTP/1.1 101 X",
        b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade",
        b"\r\nHTTP/1.1 200 OK",
    ],
)
@on_loop
async def test_a_malformed_or_unfit_status_line_is_an_error(start):
    async with ScriptedOrigin(answers(start + b"\r\n\r\n")) as server, origin(server) as client:
        with pytest.raises(OriginProtocolError):
            await client.fetch(request())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("end", [b"\r\nContent-Length: 0\r\n\r\n", b""], ids=["complete", "endless"])
@on_loop
async def test_a_head_over_the_limit_is_an_error(method, end):
    head = b"HTTP/1.1 200 OK\r\n" + b"X: %b\r\n" % (b"x" * 100) * 330 + end
    async with ScriptedOrigin(answers(head)) as server, origin(server) as client:
        with pytest.raises(OriginProtocolError, match=r"^OriginHeaderTooBig"):
            await client.fetch(request(method))


@on_loop
async def test_a_head_at_the_limit_with_a_body_behind_it_is_fine():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\nX: "
    head += b"x" * (32_768 - len(head) - 4) + b"\r\n\r\n"
    async with ScriptedOrigin(answers(head + b"y" * 90_000)) as server, origin(server) as client:
        assert len(await read((await client.fetch(request())).body)) == 90_000


@on_loop
async def test_endless_trailers_are_an_error():
    script = answers(CHUNKED, b"1\r\na\r\n", b"0\r\n", *[b"X: %b\r\n" % (b"x" * 1000)] * 80)
    async with ScriptedOrigin(script) as server, origin(server) as client:
        with pytest.raises(OriginProtocolError, match="trailers"):
            await read((await client.fetch(request())).body)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([LONG, b"short"], id="fewer bytes than declared"),
        pytest.param([CHUNKED, b"5\r\nabcde\r\n"], id="chunked without end"),
        pytest.param([CHUNKED, b"5\r\nabcde\r\n", b"zz\r\n"], id="bad chunk"),
        pytest.param([CHUNKED, b"5\r\nabcdeXX"], id="chunk longer than it says"),
    ],
)
@on_loop(both=True)
async def test_a_broken_body_never_ends_cleanly(parts):
    async with ScriptedOrigin(once(*parts)) as server, origin(server) as client:
        response = await client.fetch(request())
        got = []
        with pytest.raises(OriginProtocolError):
            await keep(response.body, got)
        assert b"".join(got) in {b"short", b"abcde"}


@on_loop(both=True)
async def test_a_reset_never_ends_a_body_cleanly():
    gate = asyncio.Event()

    async def script(peer):
        await peer.answer(b"HTTP/1.0 200 OK\r\n\r\npart")
        await gate.wait()
        peer.reset()

    async with ScriptedOrigin(script) as server, origin(server) as client:
        response = await client.fetch(request())
        gate.set()
        with pytest.raises(OriginProtocolError, match="broke off"):
            await read(response.body)


@on_loop
async def test_a_connection_closed_within_the_head_is_an_error():
    async with ScriptedOrigin(once(b"HTTP/1.1 200 OK\r\nX: ")) as server, origin(server) as client:
        with pytest.raises(OriginProtocolError, match="within the response head"):
            await client.fetch(request())


@on_loop(both=True)
async def test_reading_pauses_while_nobody_takes_the_body():
    sent = 0

    async def script(peer):
        nonlocal sent
        await peer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 65536000\r\n\r\n")
        for _ in range(1000):
            await peer.send(b"x" * 65_536)
            sent += 1

    async with ScriptedOrigin(script) as server, origin(server) as client:
        response = await client.fetch(request())
        before = -1
        while before != sent:
            before = sent
            for _ in range(100):
                await asyncio.sleep(0)
        assert sent < 500
        assert response.body._buffered <= 2 * 262_144
        total = 0
        async for chunk in response.body.stream():
            total += len(chunk)
        assert total == 65_536_000
        assert free(client) == 1


@on_loop
async def test_interim_answers_are_handed_over_in_order_and_kept_out_of_the_final_one():
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\n\r\n"
    parts = [b"HTTP/1.1 100 Continue\r\n\r\n" + early, b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 150 X\r\n\r\n" + OK]
    for lines, statuses in [((), [103, 102, 150]), (((b"Expect", b"100-continue"),), [100, 103, 102, 150])]:
        got = []
        async with ScriptedOrigin(answers(*parts)) as server, origin(server) as client:
            response = await client.fetch(request("GET", b"/", *lines), on_interim=got.append)
            assert (response.status, b"link" in response.headers, response.body.data) == (200, False, b"ok")
            assert [interim.status for interim in got] == statuses
            assert got[-3].headers.lines == ((b"Link", b"</a>"),)
            assert free(client) == 1


# -- connecting, waiting, trying again -----------------------------------------------------------------------------


@on_loop(both=True)
async def test_a_refused_connection_says_so():
    client = HttpOrigin("api", host="127.0.0.1", port=free_port())
    with pytest.raises(OriginConnectError, match=r"^origin 'api' at 127\.0\.0\.1:\d+ refused the connection$"):
        await client.fetch(request("POST"))
    await client.aclose()


@on_loop(both=True)
async def test_a_name_that_does_not_resolve_says_so():
    for host in ("no.such.host.invalid", "x" * 70):
        client = HttpOrigin("api", host=host, port=1)
        for asked in (client.resolve(), client.fetch(request())):
            with pytest.raises(OriginDnsError, match=r"origin 'api' at .*does not resolve"):
                await asked
        await client.aclose()


@on_loop(both=True)
async def test_names_are_resolved_and_addresses_taken_as_they_are():
    async with ScriptedOrigin(answers(OK)) as server, origin(server, host="localhost") as client:
        await client.resolve()
        assert (await client.fetch(request())).status == 200
    await HttpOrigin("api", host="::1", port=1).resolve()


@on_loop
async def test_every_method_connects_again_until_the_attempts_are_used_up():
    async def slams(peer):
        peer.close()

    async with ScriptedOrigin(slams) as server, origin(server, tls=True) as client:
        with pytest.raises(OriginConnectError):
            await client.fetch(request("POST"))
        assert server.connections == 3


@on_loop(both=True)
async def test_a_connect_that_takes_too_long_is_a_timeout():
    # TLS is part of connecting: this origin accepts and never shakes hands.
    async def mute(peer):
        await peer.gone()

    async with (
        ScriptedOrigin(mute) as server,
        origin(server, tls=True, connection_timeout=0.2, connection_attempts=2) as client,
    ):
        with pytest.raises(OriginTimeout, match=r"did not connect within 0\.2 s"):
            await client.fetch(request())
        assert server.connections == 2


@pytest.mark.parametrize(("method", "times"), [("GET", 3), ("HEAD", 3), ("OPTIONS", 1), ("POST", 1), ("DELETE", 1)])
@on_loop
async def test_only_get_and_head_are_asked_again_after_a_read_timeout(method, times):
    async with ScriptedOrigin(answers()) as server, origin(server, read_timeout=0.15) as client:
        with pytest.raises(OriginTimeout, match="sent nothing for"):
            await client.fetch(request(method))
        assert len(server.heads) == times


@on_loop
async def test_an_answer_to_a_later_attempt_counts():
    async with ScriptedOrigin(answers(), answers(OK)) as server, origin(server, read_timeout=0.15) as client:
        assert (await client.fetch(request())).status == 200
        assert server.connections == 2


@on_loop
async def test_an_origin_that_began_to_answer_is_not_asked_again():
    async with ScriptedOrigin(answers(b"HTTP/1.1")) as server, origin(server, read_timeout=0.15) as client:
        with pytest.raises(OriginTimeout, match="went silent"):
            await client.fetch(request())
        assert server.connections == 1


@on_loop(both=True)
async def test_a_gap_within_the_body_is_a_timeout():
    async with ScriptedOrigin(answers(LONG + b"part")) as server, origin(server, read_timeout=0.15) as client:
        response = await client.fetch(request())
        with pytest.raises(OriginTimeout, match="went silent"):
            await read(response.body)


@on_loop
async def test_a_slow_viewer_is_not_the_origins_fault():
    gate = asyncio.Event()

    async def chunks():
        await gate.wait()
        yield b"late"

    async def script(peer):
        await peer.head()
        await peer.chunked()
        await peer.send(OK)

    async with ScriptedOrigin(script) as server, origin(server, read_timeout=0.1) as client:
        asyncio.get_running_loop().call_later(0.25, gate.set)
        assert (await client.fetch(request("POST", body=StreamBody(chunks())))).status == 200


@on_loop
async def test_the_completion_timeout_covers_repetitions():
    async with (
        ScriptedOrigin(answers()) as server,
        origin(server, read_timeout=0.2, response_completion_timeout=0.5) as client,
    ):
        with pytest.raises(OriginTimeout, match=r"did not complete the response within 0\.5 s"):
            await client.fetch(request())
        assert server.connections > 1


@on_loop(both=True)
async def test_the_completion_timeout_breaks_a_body_off():
    async with (
        ScriptedOrigin(answers(LONG, b"part")) as server,
        origin(server, response_completion_timeout=0.3) as client,
    ):
        response = await client.fetch(request())
        with pytest.raises(OriginTimeout, match="did not complete"):
            await read(response.body)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@on_loop
async def test_a_kept_connection_that_is_dead_is_replaced_once_for_safe_methods(method):
    async def dies(peer):
        await peer.answer(b"HTTP/1.1 204 X\r\n\r\n")
        await peer.head()
        peer.reset()

    async with ScriptedOrigin(dies, answers(b"HTTP/1.1 204 X\r\n\r\n")) as server, origin(server) as client:
        await client.fetch(request())
        assert (await client.fetch(request(method))).status == 204
        assert (server.connections, len(server.heads)) == (2, 3)


@pytest.mark.parametrize("asked", [request("POST"), request("DELETE"), request("GET", body=BytesBody(b"x"))])
@on_loop
async def test_nothing_that_may_have_had_an_effect_is_sent_twice(asked):
    async def dies(peer):
        await peer.answer(OK)
        await peer.head()
        peer.close()

    async with ScriptedOrigin(dies, answers(OK)) as server, origin(server) as client:
        await client.fetch(request())
        with pytest.raises(OriginConnectError, match=r"(closed|reset) the connection before answering"):
            await client.fetch(asked)
        assert server.connections == 1


@on_loop
async def test_a_fresh_connection_that_closes_without_an_answer_is_not_tried_again():
    async def dies(peer):
        await peer.head()
        peer.close()

    async with ScriptedOrigin(dies) as server, origin(server) as client:
        with pytest.raises(OriginConnectError, match="before answering"):
            await client.fetch(request())
        assert server.connections == 1


# -- TLS ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("tls"))


@on_loop(both=True)
async def test_tls_with_sni_and_a_verified_certificate(tls):
    context, ca = tls
    names = []
    context.sni_callback = lambda _, name, __: names.append(name)
    trust = ssl.create_default_context(cafile=ca)
    async with (
        ScriptedOrigin(answers(OK, *[]), tls=context) as server,
        origin(server, tls=True, server_hostname="edge.test", ssl_context=trust) as client,
    ):
        for _ in range(2):
            assert (await client.fetch(request())).body.data == b"ok"
        assert (names, server.connections) == (["edge.test"], 1)


@on_loop(both=True)
async def test_a_later_attempt_to_connect_counts(tls):
    context, ca = tls
    refusals = [ssl.ALERT_DESCRIPTION_INTERNAL_ERROR] * 2
    context.sni_callback = lambda *_: refusals.pop() if refusals else None
    trust = ssl.create_default_context(cafile=ca)
    async with (
        ScriptedOrigin(answers(OK), tls=context) as server,
        origin(server, tls=True, server_hostname="edge.test", ssl_context=trust) as client,
    ):
        assert (await client.fetch(request("POST"))).body.data == b"ok"
        assert refusals == []


@on_loop(both=True)
async def test_an_unknown_authority_is_refused_by_default(tls):
    context, _ = tls
    async with ScriptedOrigin(answers(OK), tls=context) as server, origin(server, tls=True) as client:
        with pytest.raises(OriginConnectError, match=r"TLS as '127\.0\.0\.1' failed: certificate verify failed"):
            await client.fetch(request())


@on_loop
async def test_a_certificate_for_another_name_is_refused(tls):
    context, ca = tls
    trust = ssl.create_default_context(cafile=ca)
    async with (
        ScriptedOrigin(answers(OK), tls=context) as server,
        origin(server, tls=True, server_hostname="other.test", ssl_context=trust) as client,
    ):
        with pytest.raises(OriginConnectError, match=r"TLS as 'other\.test' failed: .*Hostname mismatch"):
            await client.fetch(request())


@on_loop
async def test_an_origin_that_speaks_no_tls_is_refused():
    async def plain(peer):
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with ScriptedOrigin(plain) as server, origin(server, tls=True) as client:
        with pytest.raises(OriginConnectError, match=r"TLS as '127\.0\.0\.1' failed"):
            await client.fetch(request())


# -- giving up ---------------------------------------------------------------------------------------------------------


@on_loop(both=True)
async def test_cancelling_a_request_closes_its_connection():
    gone = asyncio.Event()

    async def script(peer):
        await peer.head()
        await peer.gone()
        gone.set()

    async with ScriptedOrigin(script) as server, origin(server) as client:
        task = asyncio.create_task(client.fetch(request()))
        await until(lambda: server.heads)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        await gone.wait()
        assert "0 busy, 0 free" in repr(client)


@on_loop(both=True)
async def test_cancelling_while_connecting_leaks_nothing(tls):
    connected = asyncio.Event()

    async def mute(peer):
        connected.set()

    async with ScriptedOrigin(mute) as server, origin(server, tls=True) as client:
        task = asyncio.create_task(client.fetch(request()))
        await connected.wait()
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()


@on_loop
async def test_cancelling_a_request_stops_its_body():
    stopped, begun = asyncio.Event(), asyncio.Event()

    async def chunks():
        try:
            begun.set()
            await asyncio.Event().wait()
            yield b""
        finally:
            stopped.set()

    async with ScriptedOrigin(answers()) as server, origin(server) as client:
        task = asyncio.create_task(client.fetch(request("POST", body=StreamBody(chunks()))))
        await begun.wait()
        task.cancel()
        await asyncio.wait({task})
        assert stopped.is_set()


@on_loop(both=True)
async def test_giving_up_a_body_closes_its_connection():
    gone = asyncio.Event()

    async def script(peer):
        await peer.answer(LONG, b"part")
        await peer.gone()
        gone.set()

    async with ScriptedOrigin(script) as server, origin(server) as client:
        response = await client.fetch(request())
        await response.body.aclose()
        await response.body.aclose()
        await gone.wait()
        with pytest.raises(OriginProtocolError, match="given up"):
            await read(response.body)


@on_loop
async def test_giving_up_a_body_that_is_complete_keeps_the_connection():
    gate = asyncio.Event()

    async def script(peer):
        await peer.answer(LONG)
        await gate.wait()
        await peer.send(b"0123456789")

    async with ScriptedOrigin(script) as server, origin(server) as client:
        response = await client.fetch(request())
        gate.set()
        await until(lambda: free(client))
        await response.body.aclose()
        assert free(client) == 1


@on_loop(both=True)
async def test_closing_the_origin_closes_free_and_busy_connections():
    async with ScriptedOrigin(answers(OK), answers(), answers(LONG)) as server:
        client = HttpOrigin("api", host="127.0.0.1", port=server.port)
        await client.fetch(request())
        kept = next(iter(client._pool._free))
        client._pool._free.clear()
        waiting = asyncio.create_task(client.fetch(request("POST")))
        await until(lambda: len(server.heads) == 2)
        response = await client.fetch(request())
        client._pool._free[kept] = None
        await client.aclose()
        with pytest.raises(OriginConnectError):
            await waiting
        with pytest.raises(OriginProtocolError):
            await read(response.body)
        with pytest.raises(OriginConnectError, match="shut down"):
            await client.fetch(request())
        assert "closed" in repr(client)
        await client.aclose()


# -- tunnels -----------------------------------------------------------------------------------------------------------

UPGRADE = ((b"Upgrade", b"websocket"), (b"Sec-WebSocket-Key", b"x"))
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-A: y\r\n\r\n"


class Viewer:
    """A viewer's socket pair: `reader` and `writer` are the viewer's own end, `transport` the edge's."""

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        accepted = loop.create_future()

        class Door(asyncio.Protocol):
            def connection_made(self, transport):
                accepted.set_result(transport)

        self._server = await loop.create_server(Door, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.transport = await accepted
        self.closed = loop.create_future()
        return self

    def join(self, tunnel):
        protocol = tunnel.join(self.transport, lambda sent, received: self.closed.set_result((sent, received)))
        self.transport.set_protocol(protocol)
        return protocol

    async def __aexit__(self, *exc):
        self.writer.transport.abort()
        self.transport.abort()
        self._server.close()
        await asyncio.sleep(0)


@on_loop(both=True)
async def test_an_upgrade_joins_the_two_sockets():
    async def script(peer):
        await peer.answer(SWITCH + b"early ")
        await peer.send(b"and " + await peer.exactly(4))
        assert await peer.gone() == b"bye"
        await peer.send(b" late")
        peer.close()

    async with ScriptedOrigin(script) as server, origin(server) as client, Viewer() as viewer:
        tunnel = await client.fetch(request("GET", b"/ws", *UPGRADE))
        assert isinstance(tunnel, Tunnel)
        assert tunnel.response.status == 101
        assert tunnel.response.headers.lines == ((b"Sec-A", b"y"), (b"Upgrade", b"websocket"))
        assert b"\r\nUpgrade: websocket\r\n" in server.heads[0]
        assert b"\r\nConnection: Upgrade\r\n" in server.heads[0]
        viewer.join(tunnel)
        viewer.writer.write(b"ping")
        assert await viewer.reader.readexactly(14) == b"early and ping"
        viewer.writer.write(b"bye")
        viewer.writer.write_eof()
        assert await viewer.reader.read() == b" late"
        assert await viewer.closed == (19, 7)


@on_loop(both=True)
async def test_a_tunnel_pushes_back_both_ways():
    size = 30_000_000
    gate = asyncio.Event()

    async def script(peer):
        await peer.answer(SWITCH)
        await gate.wait()
        assert await peer.exactly(size) == b"a" * size
        await peer.send(b"b" * size)
        peer.close()

    async with ScriptedOrigin(script) as server, origin(server) as client, Viewer() as viewer:
        near = viewer.join(await client.fetch(request("GET", b"/ws", *UPGRADE)))
        viewer.writer.write(b"a" * size)
        before = -1
        while before != near.received or not near.received:
            before = near.received
            for _ in range(100):
                await asyncio.sleep(0)
        assert near.received < size
        gate.set()
        await until(lambda: near.other.received >= 1_000_000)
        assert await viewer.reader.readexactly(size) == b"b" * size
        assert await viewer.reader.read() == b""
        viewer.writer.close()
        assert await viewer.closed == (size, size)


@on_loop(both=True)
async def test_a_viewer_that_vanishes_closes_the_origins_side():
    gone = asyncio.Event()

    async def script(peer):
        await peer.answer(SWITCH)
        await peer.gone()
        gone.set()

    async with ScriptedOrigin(script) as server, origin(server) as client, Viewer() as viewer:
        viewer.join(await client.fetch(request("GET", b"/ws", *UPGRADE)))
        viewer.writer.transport.abort()
        await gone.wait()
        assert await viewer.closed == (0, 0)


@on_loop(both=True)
async def test_closing_the_origin_closes_tunnels_joined_or_not():
    async with ScriptedOrigin(answers(SWITCH)) as server, origin(server) as client, Viewer() as viewer:
        viewer.join(await client.fetch(request("GET", b"/ws", *UPGRADE)))
        await client.fetch(request("GET", b"/ws", *UPGRADE))
        await client.aclose()
        assert await viewer.reader.read() == b""
        assert await viewer.closed == (0, 0)


@on_loop
async def test_an_idle_tunnel_is_closed(monkeypatch):
    async with ScriptedOrigin(answers(SWITCH)) as server, origin(server) as client, Viewer() as viewer:
        tunnel = await client.fetch(request("GET", b"/ws", *UPGRADE))
        viewer.join(tunnel)
        splice = tunnel.join.__self__
        splice._idle_timeout = 0.03
        splice._timer.cancel()
        splice._check()
        assert await viewer.reader.read() == b""
        assert await viewer.closed == (0, 0)


@on_loop
async def test_an_origin_may_decline_an_upgrade():
    async with ScriptedOrigin(answers(OK)) as server, origin(server) as client:
        response = await client.fetch(request("GET", b"/ws", *UPGRADE))
        assert (response.status, response.body.data) == (200, b"ok")


# -- commands ----------------------------------------------------------------------------------------------------------

SERVE = "import http.server, sys; print('hello', flush=True)\n"
SERVE += "http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind='127.0.0.1')"


@pytest.mark.process
@on_loop(both=True)
async def test_a_command_runs_until_it_is_stopped(tmp_path):
    (tmp_path / "serve.py").write_text(SERVE)
    (tmp_path / "index.html").write_text("home")
    lines = []
    line = f"{sys.executable} -u serve.py {{port}}"
    command = OriginCommand(line, port=free_port(), cwd=tmp_path, on_output=lines.append)
    await command.start()
    try:
        client = HttpOrigin("api", host="127.0.0.1", port=command.port)
        assert await read((await client.fetch(request())).body) == b"home"
        await client.aclose()
        pid = command._program.pid
        assert os.getpgid(pid) == pid
    finally:
        await command.stop()
    await command.stop()
    assert lines[0] == "hello"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.process
@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("echo first; echo second >&2; exit 3", r"exited with status 3 before port \d+ .*\n  first\n  second"),
        ("no-such-program --x", "exited with status 127 .*\n  no-such-program: No such file or directory"),
        ("kill -9 $$", "was killed by SIGKILL .*it printed nothing"),
    ],
)
@on_loop
async def test_a_command_that_ends_is_told_with_its_last_lines(tmp_path, line, sentence):
    command = OriginCommand(line, port=free_port(), cwd=tmp_path, on_output=lambda _: None)
    with pytest.raises(ConfigError, match=f"(?s)origin command .* {sentence}"):
        await command.start()


@pytest.mark.process
@on_loop
async def test_a_command_that_never_listens_is_stopped_and_told(tmp_path):
    command = OriginCommand("sleep 100", port=free_port(), cwd=tmp_path, on_output=lambda _: None)
    with pytest.raises(ConfigError, match=r"does not accept connections on port \d+ after 0\.05 s; it printed nothing"):
        await command.start(timeout=0.05)
    assert "stopped" in repr(command)


@pytest.mark.process
@on_loop
async def test_a_command_cannot_start_in_a_folder_that_is_not_there(tmp_path):
    command = OriginCommand("true", port=free_port(), cwd=tmp_path / "no", on_output=lambda _: None)
    with pytest.raises(ConfigError, match="cannot be started"):
        await command.start()


@pytest.mark.process
@on_loop
async def test_a_command_that_ignores_sigterm_is_killed_with_its_children(tmp_path, monkeypatch):
    monkeypatch.setattr("edgerun.programs.STOP_SECONDS", 0.05)
    (tmp_path / "serve.py").write_text("import signal; signal.signal(15, signal.SIG_IGN)\n" + SERVE)
    line = f"sh -c 'trap \"\" TERM; sleep 100 & echo $!; {sys.executable} serve.py {{port}}; true'"
    lines = []
    command = OriginCommand(line, port=free_port(), cwd=tmp_path, on_output=lines.append)
    await command.start()
    child = int(lines[0])
    await command.stop()
    async with asyncio.timeout(30):  # the kernel takes a moment to be done with a killed process
        await until(lambda: not alive(child))


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="needs PDEATHSIG")
@on_loop
async def test_a_command_does_not_survive_the_server(tmp_path):
    port = free_port()
    (tmp_path / "serve.py").write_text(SERVE)
    (tmp_path / "server.py").write_text(
        f"""
import asyncio
from edgerun.origins.command import OriginCommand

async def main():
    line = {f"{sys.executable} serve.py {{port}}"!r}
    command = OriginCommand(line, port={port}, cwd={str(tmp_path)!r}, on_output=print)
    await command.start()
    print(command._program.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
    )
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        str(tmp_path / "server.py"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": "."},
    )
    pid = 0
    while not pid:
        line = await server.stdout.readline()
        pid = int(line) if line.strip().isdigit() else 0
    server.send_signal(signal.SIGKILL)
    await server.wait()
    await until(lambda: not alive(pid))
    server._transport.close()


def alive(pid):
    """Whether a process runs; one that only waits to be reaped by somebody else does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
