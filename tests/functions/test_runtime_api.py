"""The Runtime API's calls and refusals, over real connections (spec/lambda-service.md §4)."""

import asyncio
import base64
import json
import time

import pytest
from api_plays import ARN, BASE, ID, NEXT, OTHER_ID, play

from edgerun.functions import frames
from edgerun.functions.runtime_api import RuntimeApi, peak_memory

RESPONSE = f"{BASE}/invocation/{ID}/response"
ERROR = f"{BASE}/invocation/{ID}/error"
INIT_ERROR = f"{BASE}/init/error"
STREAMING = "Lambda-Runtime-Function-Response-Mode: streaming"
CHUNKED = "Transfer-Encoding: chunked"

each_loop = pytest.mark.parametrize("uvloop", [False, True], ids=["asyncio", "uvloop"])


@each_loop
def test_next_brings_the_event_with_lambdas_headers(uvloop):
    async def scene(stage):
        client = await stage.client()
        stage.invoke(event=b'{"a": 1}')
        before = time.time()
        return before, await client.ask("GET", NEXT)

    before, reply = play(scene, uvloop=uvloop, timeout=3.0)

    deadline = int(reply.headers.pop("lambda-runtime-deadline-ms"))
    assert before * 1000 + 2999 <= deadline <= time.time() * 1000 + 3000
    assert (reply.status, reply.body) == (200, b'{"a": 1}')
    assert reply.headers == {
        "content-type": "application/json",
        "content-length": "8",
        "lambda-runtime-aws-request-id": ID,
        "lambda-runtime-invoked-function-arn": ARN,
        "lambda-runtime-trace-id": "Root=1-11111111-222243338444555555555555;Parent=8444555555555555;Sampled=0",
    }


def test_the_first_next_ends_init_and_waits_without_a_timeout():
    async def scene(stage):
        client = await stage.client()
        asked = asyncio.ensure_future(client.ask("GET", NEXT))
        await stage.until(frames.READY)
        waited = not asked.done()
        stage.invoke()
        return waited, (await asked).status, stage.kinds

    assert play(scene) == (True, 200, [frames.READY, frames.STARTED])


def test_invocations_follow_one_another_on_one_connection():
    async def scene(stage):
        client = await stage.client()
        got = []
        for n in range(3):
            stage.invoke(event=str(n).encode())
            event = await client.ask("GET", NEXT)
            got.append((event.body, (await client.ask("POST", RESPONSE, b"r%d" % n)).status))
        return got, stage.answers

    got, answers = play(scene)

    assert got == [(b"0", 202), (b"1", 202), (b"2", 202)]
    assert answers == [(frames.RESULT, 1, b"r0"), (frames.RESULT, 2, b"r1"), (frames.RESULT, 3, b"r2")]


@each_loop
def test_a_response_is_accepted_as_it_is_whatever_it_is(uvloop):
    async def scene(stage):
        client = await stage.running()
        reply = await client.ask("POST", RESPONSE, b"\xff not JSON", ["Content-Type: application/unknown"])
        return reply, stage.answers

    reply, answers = play(scene, uvloop=uvloop)

    assert (reply.status, json.loads(reply.body)) == (202, {"status": "OK"})
    assert reply.headers["content-type"] == "application/json"
    assert answers == [(frames.RESULT, 1, b"\xff not JSON")]


@pytest.mark.parametrize(
    ("body", "headers", "document"),
    [
        pytest.param(
            b'{"errorMessage":"no","errorType":"E","stackTrace":["a"]}',
            ["Lambda-Runtime-Function-Error-Type: Runtime.X"],
            b'{"errorMessage":"no","errorType":"E","stackTrace":["a"]}',
            id="a document passes unchanged",
        ),
        pytest.param(
            b'{"errorMessage":"no","errorCause":{}}',
            ["Content-Type: application/vnd.aws.lambda.error.cause+json"],
            b'{"errorMessage":"no","errorCause":{}}',
            id="with an X-Ray cause",
        ),
        pytest.param(
            b'{"errorMessage": "no"}',
            ["Lambda-Runtime-Function-Error-Type: Runtime.X"],
            b'{"errorMessage": "no", "errorType": "Runtime.X"}',
            id="the header names a type that the document lacks",
        ),
        pytest.param(
            b"broken",
            ["Lambda-Runtime-Function-Error-Type: Runtime.X"],
            b'{"errorMessage": "broken", "errorType": "Runtime.X"}',
            id="not JSON",
        ),
        pytest.param(b"[1]", ["Lambda-Runtime-Function-Error-Type: Runtime.X"], b"[1]", id="not an object"),
        pytest.param(b"", [], b"", id="nothing at all"),
    ],
)
def test_an_error_is_accepted_with_its_document(body, headers, document):
    async def scene(stage):
        client = await stage.running()
        return (await client.ask("POST", ERROR, body, headers)).status, stage.answers

    assert play(scene) == (202, [(frames.ERROR, 1, document)])


@each_loop
def test_an_init_error_is_accepted_before_the_first_next(uvloop):
    async def scene(stage):
        client = await stage.client()
        reply = await client.ask("POST", INIT_ERROR, b'{"errorType":"Runtime.X"}')
        await stage.until(frames.INIT_ERROR)
        again = await client.ask("POST", INIT_ERROR, b"{}")
        return reply.status, again.status, [(frame.kind, frame.payload) for frame in stage.heard]

    assert play(scene, uvloop=uvloop) == (202, 403, [(frames.INIT_ERROR, b'{"errorType":"Runtime.X"}')])


# Where the runtime is, what it calls, and what it is told.
STATES = ["Started", "Ready", "Running", "ResponseSent", "InitError"]


async def brought_to(stage, state):
    """Return a free client of a runtime in this state."""
    client = await stage.client()
    if state in {"Running", "ResponseSent"}:
        stage.invoke()
        await client.ask("GET", NEXT)
    if state == "ResponseSent":
        await client.ask("POST", RESPONSE, b"{}")
    if state == "InitError":
        await client.ask("POST", INIT_ERROR, b"{}")
    if state == "Ready":
        poller = await stage.client()
        await poller.send(f"GET {NEXT} HTTP/1.1\r\n\r\n".encode())
        await stage.until(frames.READY)
    return client


@pytest.mark.parametrize(
    ("state", "method", "path", "status", "error_type"),
    [
        ("Started", "POST", RESPONSE, 400, "InvalidRequestID"),
        ("Started", "POST", ERROR, 400, "InvalidRequestID"),
        ("Ready", "POST", RESPONSE, 400, "InvalidRequestID"),
        ("Ready", "POST", INIT_ERROR, 403, "InvalidStateTransition"),
        ("Running", "POST", f"{BASE}/invocation/{OTHER_ID}/response", 400, "InvalidRequestID"),
        ("Running", "POST", f"{BASE}/invocation/{OTHER_ID}/error", 400, "InvalidRequestID"),
        ("Running", "POST", f"{BASE}/invocation/x%20y/error", 400, "InvalidRequestID"),
        ("Running", "POST", INIT_ERROR, 403, "InvalidStateTransition"),
        ("ResponseSent", "POST", RESPONSE, 403, "InvalidStateTransition"),
        ("ResponseSent", "POST", ERROR, 403, "InvalidStateTransition"),
        ("ResponseSent", "POST", f"{BASE}/invocation/{OTHER_ID}/response", 400, "InvalidRequestID"),
        ("ResponseSent", "POST", INIT_ERROR, 403, "InvalidStateTransition"),
        ("InitError", "GET", NEXT, 403, "InvalidStateTransition"),
        ("InitError", "POST", INIT_ERROR, 403, "InvalidStateTransition"),
        ("Started", "GET", f"{BASE}/restore/next", 403, "InvalidStateTransition"),
        ("Running", "POST", f"{BASE}/restore/error", 403, "InvalidStateTransition"),
    ],
)
def test_a_call_out_of_turn_is_refused(state, method, path, status, error_type):
    async def scene(stage):
        client = await brought_to(stage, state)
        ends = stage.answers
        reply = await client.ask(method, path, b"{}" if method == "POST" else b"")
        assert stage.answers == ends
        return reply

    reply = play(scene)

    assert (reply.status, reply.fault, reply.headers["content-type"]) == (status, error_type, "application/json")
    assert list(json.loads(reply.body)) == ["errorMessage", "errorType"]
    if status == 403:
        assert json.loads(reply.body)["errorMessage"].startswith(f"State transition from {state} to ")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(
    ("method", "path", "status", "content_type", "body"),
    [
        ("GET", "/2018-06-01/ping", 200, "text/plain", b"pong"),
        ("GET", "/2018-06-01/ping?x=1", 200, "text/plain", b"pong"),
        ("GET", "/", 404, "text/plain", b"404 page not found\n"),
        ("GET", "/ping", 404, "text/plain", b"404 page not found\n"),
        ("POST", f"{BASE}/invocation//response", 404, "text/plain", b"404 page not found\n"),
        ("POST", f"{BASE}/invocation/{ID}/other", 404, "text/plain", b"404 page not found\n"),
        ("POST", "/2020-01-01/extension/register", 404, "text/plain", b"404 page not found\n"),
        ("POST", NEXT, 405, "text/plain", b""),
        ("GET", RESPONSE, 405, "text/plain", b""),
        ("DELETE", ERROR, 405, "text/plain", b""),
        ("GET", INIT_ERROR, 405, "text/plain", b""),
    ],
)
def test_what_does_not_depend_on_the_state(state, method, path, status, content_type, body):
    async def scene(stage):
        client = await brought_to(stage, state)
        return await client.ask(method, path, b"{}" if method == "POST" else b"")

    reply = play(scene)

    assert (reply.status, reply.headers["content-type"], reply.body) == (status, content_type, body)
    assert status != 405 or reply.headers["allow"] in {"GET", "POST"}


def test_next_again_brings_the_same_invocation_again():
    """AWS does not say; a client that lost the first answer on its way must not lose the invocation."""

    async def scene(stage):
        first = await stage.running()
        await first.close()
        second = await stage.client()
        again = await second.ask("GET", NEXT)
        return again, (await second.ask("POST", RESPONSE, b"1")).status, stage.kinds

    again, status, kinds = play(scene)

    assert (again.headers["lambda-runtime-aws-request-id"], status) == (ID, 202)
    assert kinds == [frames.READY, frames.STARTED, frames.RESULT]


def test_the_newest_poll_gets_the_event_and_the_one_before_is_told():
    async def scene(stage):
        old, new = await stage.client(), await stage.client()
        first = asyncio.ensure_future(old.ask("GET", NEXT))
        await stage.until(frames.READY)
        second = asyncio.ensure_future(new.ask("GET", NEXT))
        refused = await first
        stage.invoke()
        return refused, (await second).status

    refused, status = play(scene)

    assert (refused.status, refused.fault, status) == (403, "InvalidStateTransition", 200)


def test_a_poll_whose_client_left_loses_no_event():
    async def scene(stage):
        first = await stage.client()
        await first.send(f"GET {NEXT} HTTP/1.1\r\n\r\n".encode())
        await stage.until(frames.READY)
        await first.close()
        second = await stage.client()
        asked = asyncio.ensure_future(second.ask("GET", NEXT))
        while stage.api._poll is None:
            await asyncio.sleep(0)
        stage.invoke()
        return (await asked).status

    assert play(scene) == 200


# -- how large, how streamed, how broken


@pytest.mark.parametrize("call", [RESPONSE, ERROR], ids=["response", "error"])
@pytest.mark.parametrize("framing", ["declared", "chunked"])
def test_a_body_of_the_limit_passes_and_one_byte_more_is_refused(call, framing):
    async def scene(stage):
        client = await stage.running()
        replies = []
        for n, size in enumerate([1000, 1001]):
            if n:
                stage.invoke()
                await client.ask("GET", NEXT)
            body = b"x" * size
            if framing == "declared":
                replies.append(await client.ask("POST", call, body))
            else:
                chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (size, body)
                replies.append(await client.ask("POST", call, chunks, [CHUNKED]))
        stage.invoke()
        after = await client.ask("GET", NEXT)
        return replies, after.status, stage.heard[-2]

    (passed, refused), after, oversized = play(scene)

    assert (passed.status, refused.status, refused.fault) == (202, 413, "RequestEntityTooLarge")
    assert json.loads(refused.body)["errorMessage"] == "Exceeded maximum allowed payload size (1000 bytes)."
    assert (oversized.kind, oversized.id, oversized.oversized) == (frames.RESULT, 2, True)
    assert after == 200, "the runtime goes on"


def test_a_refused_body_is_dropped_as_it_comes_and_answered_before_its_end():
    async def scene(stage):
        client = await stage.running()
        await client.send(f"POST {RESPONSE} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        await client.send(chunk)
        refused = await client.reply()
        for _ in range(100):
            await client.send(chunk)
        held = len(stage.api._connections) and max(
            len(connection._request.body) for connection in stage.api._connections if connection._request
        )
        await client.send(b"0\r\n\r\n")
        return refused.status, held, (await client.ask("GET", "/2018-06-01/ping")).status

    assert play(scene) == (413, 0, 200)


def test_a_client_that_asks_for_leave_gets_it_or_the_refusal():
    async def scene(stage):
        client = await stage.running()
        ask = "POST {} HTTP/1.1\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n"
        await client.send(ask.format(RESPONSE, 2).encode())
        leave = await client.reply()
        await client.send(b"{}")
        accepted = await client.reply()
        await client.send(ask.format(RESPONSE, 2).encode())
        refused = await client.reply()
        return leave.status, accepted.status, refused.status, refused.headers["connection"], await client.at_end()

    assert play(scene) == (100, 202, 403, "close", True)


def test_a_streamed_response_is_one_result():
    async def scene(stage):
        client = await stage.running()
        chunks = b'6\r\n{"a": \r\n2\r\n1}\r\n0\r\nX-Other: 1\r\n\r\n'
        reply = await client.ask("POST", RESPONSE, chunks, [STREAMING, CHUNKED])
        return reply.status, stage.answers

    assert play(scene) == (202, [(frames.RESULT, 1, b'{"a": 1}')])


@pytest.mark.parametrize(
    ("body", "document"),
    [
        pytest.param(
            base64.b64encode(b'{"errorMessage":"late","errorType":"E"}'),
            b'{"errorMessage":"late","errorType":"E"}',
            id="a document",
        ),
        pytest.param(b"no base64!", b'{"errorMessage": "no base64!", "errorType": "Runtime.Late"}', id="not base64"),
    ],
)
def test_a_stream_that_fails_half_way_says_so_in_its_trailers(body, document):
    async def scene(stage):
        client = await stage.running()
        trailers = b"Lambda-Runtime-Function-Error-Type: Runtime.Late\r\nLambda-Runtime-Function-Error-Body: " + body
        reply = await client.ask("POST", RESPONSE, b"1\r\n{\r\n0\r\n" + trailers + b"\r\n\r\n", [STREAMING, CHUNKED])
        return reply.status, stage.answers

    assert play(scene) == (202, [(frames.ERROR, 1, document)])


def test_an_unknown_response_mode_is_refused_and_ends_the_invocation():
    async def scene(stage):
        client = await stage.running()
        reply = await client.ask("POST", RESPONSE, b"{}", ["Lambda-Runtime-Function-Response-Mode: later"])
        stage.invoke()
        return reply, stage.answers, (await client.ask("GET", NEXT)).status

    reply, [(kind, _, document)], status = play(scene)

    assert (reply.status, reply.fault, status) == (400, "InvalidResponseModeHeader", 200)
    assert (kind, json.loads(document)["errorType"]) == (frames.ERROR, "Runtime.InvalidResponseModeHeader")


@pytest.mark.parametrize("call", [RESPONSE, ERROR], ids=["response", "error"])
@pytest.mark.parametrize(
    ("framing", "part"),
    [("Content-Length: 10", b"half"), ("Transfer-Encoding: chunked", b"4\r\nhalf\r\n"), (CHUNKED, b"4\r\nhalf!!!\r\n")],
    ids=["declared", "chunked", "broken chunks"],
)
def test_a_response_that_is_cut_off_ends_the_invocation(call, framing, part):
    async def scene(stage):
        client = await stage.running()
        await client.send(f"POST {call} HTTP/1.1\r\n{framing}\r\n\r\n".encode() + part)
        client.writer.write_eof()
        reply = await client.reply()
        await stage.until(frames.ERROR)
        return reply, stage.answers

    reply, [(_, _, document)] = play(scene)

    assert (reply.status, reply.fault) == (400, "TruncatedHTTPRequest")
    assert json.loads(document)["errorType"] == "Runtime.TruncatedResponse"


def test_a_client_that_dies_while_it_answers_ends_the_invocation():
    async def scene(stage):
        client = await stage.running()
        await client.send(f"POST {RESPONSE} HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf".encode())
        client.writer.transport.abort()
        await stage.until(frames.ERROR)
        return stage.answers[0][1]

    assert play(scene) == 1


def test_an_init_error_that_is_cut_off_is_as_if_it_had_not_come():
    async def scene(stage):
        client = await stage.client()
        await client.send(f"POST {INIT_ERROR} HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf".encode())
        client.writer.write_eof()
        status = (await client.reply()).status
        client = await stage.running()
        return status, stage.kinds

    assert play(scene) == (400, [frames.READY, frames.STARTED])


def test_an_offer_of_http2_is_not_taken():
    """Java's client makes one with every first request."""

    async def scene(stage):
        client = await stage.client()
        stage.invoke()
        offer = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAA"]
        event = await client.ask("GET", NEXT, headers=offer)
        return event.status, (await client.ask("POST", RESPONSE, b"{}", offer)).status, stage.answers

    assert play(scene) == (200, 202, [(frames.RESULT, 1, b"{}")])


def test_http_1_0_is_answered_and_closed():
    async def scene(stage):
        client = await stage.client()
        await client.send(b"GET /2018-06-01/ping HTTP/1.0\r\n\r\n")
        reply = await client.reply()
        return reply.body, reply.headers["connection"], await client.at_end()

    assert play(scene) == (b"pong", "close", True)


def test_a_mistake_of_our_own_is_a_500_and_is_told(caplog):
    async def scene(stage):
        told = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
        client = await stage.running()
        stage.api._hear = None  # as if the environment had a bug
        reply = await client.ask("POST", RESPONSE, b"{}")
        return reply, [type(context["exception"]) for context in told]

    reply, told = play(scene)

    assert (reply.status, reply.fault, told) == (500, "InternalServerError", [TypeError])


def test_closing_ends_the_poll_and_the_port():
    async def scene(stage):
        client = await stage.client()
        await client.send(f"GET {NEXT} HTTP/1.1\r\n\r\n".encode())
        await stage.until(frames.READY)
        stage.api.abort()
        ended = await client.at_end()
        with pytest.raises(OSError, match="onnect"):
            await stage.client()
        return ended, stage.api.is_closing()

    assert play(scene) == (True, True)


def test_a_port_that_is_closed_before_it_was_served_is_closed():
    async def act():
        api = RuntimeApi(asyncio.get_running_loop(), lambda frame: None, 10)
        api.abort()
        await asyncio.sleep(0)
        return api.is_closing(), api._listener.fileno()

    assert asyncio.run(act()) == (True, -1)


def test_the_memory_of_no_process_is_unknown():
    assert peak_memory(0) == 0
