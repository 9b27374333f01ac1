"""Whatever is sent to one environment's Runtime API, another environment's goes on, and its own as far as it can."""

import asyncio
import contextlib

import pytest
from api_plays import BASE, ID, NEXT, OTHER_ID, Client, Stage, play
from hypothesis import given, settings
from hypothesis import strategies as st

from edgerun.functions import frames
from edgerun.functions.runtime_turns import Phase
from edgerun.functions.runtime_wire import HEAD_LIMIT

PATHS = [
    NEXT,
    f"{BASE}/invocation/{OTHER_ID}/response",
    f"{BASE}/invocation/{OTHER_ID}/error",
    f"{BASE}/init/error",
    f"{BASE}/restore/next",
    "/2018-06-01/ping",
    "*",
    "http://other/",
]
requests = st.builds(
    lambda method, path, lines, body: "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode() + body,
    st.sampled_from(["GET", "POST", "PUT", "CONNECT", "PRI", "get"]),
    st.sampled_from(PATHS),
    st.lists(
        st.sampled_from(
            [
                "Content-Length: 5",
                "Content-Length: 99999999999999999999",
                "Content-Length: -1",
                "Transfer-Encoding: chunked",
                "Expect: 100-continue",
                "Connection: close",
                "Upgrade: h2c",
                "Connection: Upgrade",
                "Lambda-Runtime-Function-Response-Mode: odd",
                "A" * 300 + ": b",
                "no colon",
            ]
        ),
        max_size=4,
    ),
    st.sampled_from([b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"\xff" * 2000]),
)
hostile = st.lists(st.one_of(requests, st.binary(min_size=1, max_size=200)), min_size=1, max_size=6)


async def attack(api, sent, reset):
    client = await Client.open(api)
    try:
        for piece in sent:
            await client.send(piece)
    except ConnectionError:
        pass
    if reset:
        client.writer.transport.abort()
    await client.close()


@settings(max_examples=60, deadline=None)
@given(sent=hostile, reset=st.booleans())
def test_hostile_requests_disturb_no_other_environment(sent, reset):
    async def scene(victim):
        other = Stage()
        try:
            mine = await victim.running()
            await other.running(OTHER_ID)
            await attack(victim.api, sent, reset)
            await attack(other.api, sent, reset)
            assert (await mine.ask("POST", f"{BASE}/invocation/{ID}/response", b"mine")).status == 202
            victim.invoke()
            assert (await mine.ask("GET", NEXT)).status == 200
            return victim.answers
        finally:
            await other.close()

    assert play(scene) == [(frames.RESULT, 1, b"mine")]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET /" + b"x" * (HEAD_LIMIT + 70_000), id="an endless target"),
        pytest.param(b"GET / HTTP/1.1\r\nA: " + b"x" * (HEAD_LIMIT + 70_000), id="an endless header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (HEAD_LIMIT // 6 + 12_000), id="headers without end"),
        pytest.param(
            f"POST {BASE}/init/error HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ".encode()
            + b"x" * (2 * HEAD_LIMIT),
            id="an endless trailer",
        ),
    ],
)
def test_a_head_without_end_is_refused(head):
    async def scene(stage):
        client = await stage.client()
        with contextlib.suppress(ConnectionError):
            await client.send(head)
        try:
            status = (await client.reply()).status
        except (ConnectionError, asyncio.IncompleteReadError):  # what it still sends resets the connection
            status = 0
        calm = await stage.running()
        return status, (await calm.ask("GET", "/2018-06-01/ping")).status

    status, calm = play(scene)

    assert status in {0, 400, 431}
    assert calm == 200


def test_the_largest_head_of_the_python_client_passes():
    async def scene(stage):
        client = await stage.running()
        cause = "Lambda-Runtime-Function-XRay-Error-Cause: " + "x" * (1024 * 1024 - 1)
        return (await client.ask("POST", f"{BASE}/invocation/{ID}/error", b"{}", [cause])).status

    assert play(scene) == 202


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", 400, id="TLS"),
        pytest.param(b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, id="a line that is no header"),
        pytest.param(b"GET /a b HTTP/1.1\r\n\r\n", 400, id="a blank in the target"),
        pytest.param(
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, id="framed in two ways"
        ),
    ],
)
def test_what_is_not_http_is_refused_and_closed(sent, status):
    async def scene(stage):
        client = await stage.client()
        await client.send(sent)
        reply = await client.reply()
        return reply.status, reply.headers["connection"]

    assert play(scene) == (status, "close")


def test_a_second_request_before_the_answer_closes_the_connection_and_nothing_else():
    async def scene(stage):
        client = await stage.client()
        await client.send(f"GET {NEXT} HTTP/1.1\r\n\r\n".encode() * 2)
        gone = await client.at_end()
        other = await stage.running()
        return gone, (await other.ask("GET", "/2018-06-01/ping")).status

    assert play(scene) == (True, 200)


def test_many_idle_connections_make_room_and_the_poll_stays():
    async def scene(stage):
        poller = await stage.client()
        asked = asyncio.ensure_future(poller.ask("GET", NEXT))
        await stage.until(frames.READY)
        for _ in range(150):
            await stage.client()
        last = await stage.client()
        alive = (await last.ask("GET", "/2018-06-01/ping")).status
        stage.invoke()
        return alive, (await asked).status, len(stage.api._connections) <= 64

    assert play(scene) == (200, 200, True)


def test_half_an_answer_is_not_closed_to_make_room_and_half_of_anything_else_is():
    async def scene(stage):
        half = "POST {} HTTP/1.1\r\nContent-Length: 2\r\n\r\n{{"
        answering = await stage.running()
        await answering.send(half.format(f"{BASE}/invocation/{ID}/response").encode())
        while stage.api._turns.phase is not Phase.RESPONSE:
            await asyncio.sleep(0)
        others = [await stage.client() for _ in range(100)]
        for other in others:
            await other.send(half.format("/2018-06-01/ping").encode())
        await answering.send(b"}")
        return (await answering.reply()).status, stage.answers

    assert play(scene) == (202, [(frames.RESULT, 1, b"{}")])
