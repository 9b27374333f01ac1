"""Heads that came before are not parsed again; nothing else is ever taken for one of them."""

import asyncio

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from plays import Play
from test_doors import on, play

from edgerun.doors.heads import KnownHeads, is_one_head
from edgerun.doors.target import split_target
from edgerun.errors import RequestError
from edgerun.http.headers import Headers
from edgerun.http.message import Request, SameHead
from edgerun.testing.origin import respond

HEAD = b"GET /page HTTP/1.1\r\nHost: shop.example\r\n\r\n"
PAGE = respond(200, b"the page", Cache_Control="max-age=60")


@pytest.mark.parametrize(
    ("data", "one"),
    [
        (HEAD, True),
        (b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", True),
        (HEAD[:-2], False),
        (HEAD + HEAD, False),
        (HEAD + b"x", False),
        (b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", False),
        (b"\r\n" + HEAD, False),
        (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", False),
    ],
)
def test_one_whole_head_of_moderate_length_is_one(data, one):
    assert is_one_head(data) == one


def test_the_oldest_makes_room():
    heads = KnownHeads(kept=3)
    for number in range(5):
        heads.add(b"%d" % number, Request(method="GET", path=b"/"), keep_alive=True)
    assert len(heads) == 3
    assert heads.get(b"1") is None
    assert heads.get(b"4") is not None


def test_what_was_found_for_a_head_is_let_go_with_it():
    heads, requests = KnownHeads(kept=1), [Request(method="GET", path=b"/%d" % n, same=SameHead()) for n in range(2)]
    for request in requests:
        heads.add(b"%d\r\n" % id(request), request, keep_alive=True)
        request.same.answer = request.same.asking = request  # as an answer that stands refers to its request
    assert (requests[0].same.answer, requests[0].same.asking) == (None, None)
    assert requests[1].same.answer is requests[1]


def heads_after(*pieces, answers=1, scheme="http"):
    """Send bytes in pieces on one connection, and return what the door then knows."""
    made = play(page=PAGE, smuggled=respond(200, b"smuggled"))

    async def act(served):
        async with served.connection() as viewer:
            for piece in pieces:
                await viewer.send(piece)
                for _ in range(20):  # server and viewer share this loop: let the piece arrive alone
                    await asyncio.sleep(0)
            for _ in range(answers):
                await viewer.answer()
        return served.app.heads[scheme]

    return on("wire", made, act)


def test_the_same_bytes_are_answered_again_on_any_connection():
    made = Play(replies={"/page": PAGE}, watched=False)

    async def act(served):
        answers = []
        for _ in range(3):
            async with served.connection() as viewer:
                for _ in range(3):
                    await viewer.send(HEAD)
                    answers.append(await viewer.answer())
        return answers, served.app.heads["http"].get(HEAD)

    answers, known = on("wire", made, act)
    assert known is not None
    assert {(status, body) for status, _, body in answers} == {(200, b"the page")}
    assert len({headers["x-amz-cf-id"] for _, headers, _ in answers}) == 9
    assert [headers["x-cache"] for _, headers, _ in answers] == ["Miss from cloudfront"] + ["Hit from cloudfront"] * 8
    ports = [event.client[1] for event in made.logged()]
    assert len(set(ports)) == 3


def test_a_head_that_ends_the_connection_ends_it_each_time():
    made, closing = play(page=PAGE), HEAD[:-2] + b"Connection: close\r\n\r\n"
    answers = [b"", b"", b""]

    async def act(served):
        for number in range(3):
            answers[number] = await served.exchange(closing)

    on("wire", made, act)
    assert all(b"Connection: close" in answer and answer.endswith(b"the page") for answer in answers)


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: shop.example\r\n\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        (b"GET /page HTTP/1.1\r\nHost: shop.example\r\nX-Long: ", SMUGGLED),
        (b"POST /page HTTP/1.1\r\nHost: shop.example\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED), SMUGGLED),
        (b"GET /page HTTP/1.1\nHost: shop.example\n\n" + SMUGGLED,),
        (b"\r\n", SMUGGLED[:4] + SMUGGLED[4:-2], b"\r\n"),
    ],
    ids=["in a header", "in a body", "behind bare line feeds", "in pieces"],
)
def test_what_does_not_come_alone_and_whole_is_never_remembered(pieces):
    heads = heads_after(*pieces)
    assert heads.get(SMUGGLED) is None
    assert len(heads) == 0


def test_what_was_refused_is_parsed_anew_each_time():
    made = play(page=PAGE)

    async def act(served):
        bad = b"GET /page HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
        answers = [await served.exchange(bad) for _ in range(3)]
        return answers, len(served.app.heads["http"])

    answers, known = on("wire", made, act)
    assert all(answer.startswith(b"HTTP/1.1 400") for answer in answers)
    assert known == 0


# ---------------------------------------------------------------- heads whose lines are known but for the first

LINES = b"Host: shop.example\r\nAccept: */*\r\n\r\n"
PEER = ("192.0.2.1", 4321)


def read_after(first, data):
    """Return the request that `data` is read as once `first` is known, or None."""
    heads = KnownHeads()
    heads.add(first, parsed(first, version="1.0" if b"/1.0" in first else "1.1"), keep_alive=True)
    head = heads.read(data, scheme="http", client=PEER, tls=None)
    return None if head is None else head.request


def parsed(data, version="1.1"):
    """Return the request that the parser makes of one head, or None if it takes it for none."""

    class Sink:
        url, lines, complete = b"", (), False

        def on_url(self, url):
            self.url += url

        def on_header(self, name, value):
            self.lines = (*self.lines, (name, value))

        def on_message_complete(self):
            self.complete = True

    sink = Sink()
    parser = httptools.HttpRequestParser(sink)
    try:
        parser.feed_data(data)
        path, query, authority = split_target(sink.url)
    except (httptools.HttpParserError, RequestError):
        return None
    if not sink.complete or authority is not None or parser.get_http_version() != version:
        return None
    method, headers = parser.get_method().decode(), Headers(sink.lines)
    return Request(method=method, path=path, query=query, headers=headers, client=PEER, http_version=version)


FIRST = b"GET /first HTTP/1.1\r\n" + LINES


@pytest.mark.parametrize(
    ("line", "path", "query"),
    [
        (b"GET /other HTTP/1.1", b"/other", None),
        (b"HEAD /other HTTP/1.1", b"/other", None),
        (b"GET /a?b=c?d HTTP/1.1", b"/a", b"b=c?d"),
        (b"GET /a? HTTP/1.1", b"/a", b""),
        (b'GET /%2e/~"<>^`{|}[] HTTP/1.1', b'/%2e/~"<>^`{|}[]', None),
    ],
)
def test_other_things_are_asked_for_with_lines_that_are_known(line, path, query):
    request = read_after(FIRST, line + b"\r\n" + LINES)
    assert (request.path, request.query, request.method.encode()) == (path, query, line.split()[0])
    assert request == parsed(line + b"\r\n" + LINES)


@pytest.mark.parametrize(
    "line",
    [
        b"GET /a HTTP/1.0",
        b"GET /a#b HTTP/1.1",
        b"GET /\xe4 HTTP/1.1",
        b"GET /a\tb HTTP/1.1",
        b"GET http://other.example/ HTTP/1.1",
        b"GET * HTTP/1.1",
        b"GET  /a HTTP/1.1",
        b"GET /a HTTP/1.1 ",
        b"get /a HTTP/1.1",
        b"POST /a HTTP/1.1",
        b" GET /a HTTP/1.1",
    ],
)
def test_any_other_first_line_is_the_parsers(line):
    assert read_after(FIRST, line + b"\r\n" + LINES) is None


def test_lines_that_differ_in_one_byte_are_not_known():
    assert read_after(FIRST, FIRST.replace(b"*/*", b"*/ *")) is None
    assert read_after(FIRST, FIRST.replace(b"Accept", b"accept")) is None


def test_lines_that_came_with_http_1_0_are_not_known():
    assert read_after(FIRST.replace(b"/1.1", b"/1.0"), FIRST) is None


@given(st.binary(max_size=12), st.sampled_from([b"GET /%b HTTP/1.1", b"HEAD %b HTTP/1.1", b"%b /x HTTP/1.1", b"%b"]))
@example(b"a#b", b"GET /%b HTTP/1.1")
@example(b"a\r\nX: y", b"GET /%b HTTP/1.1")
def test_what_is_read_without_the_parser_is_what_the_parser_reads(noise, form):
    data = form % noise + b"\r\n" + LINES
    if is_one_head(data):
        assert read_after(FIRST, data) in (None, parsed(data))


def test_many_things_are_asked_for_with_the_same_lines():
    made = Play(replies={f"/{number}": respond(200, b"%d" % number) for number in range(5)}, watched=False)

    async def act(served):
        answers = []
        async with served.connection() as viewer:
            for number in range(5):
                await viewer.send(b"GET /%d HTTP/1.1\r\n" % number + LINES)
                answers.append((await viewer.answer())[2])
        return answers

    assert on("wire", made, act) == [b"0", b"1", b"2", b"3", b"4"]
    asked = [request.headers for request in made.origin.seen]
    assert [headers.get(b"host") for headers in asked] == [b"origin.example.org"] * 5
    assert len({headers.get(b"x-amz-cf-id") for headers in asked}) == 5
    assert len({tuple(headers)[:-1] for headers in asked}) == 1


def test_an_upgrade_is_parsed_every_time():
    upgrade = HEAD[:-2] + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    known = heads_after(upgrade)
    assert known.get(upgrade) is None
