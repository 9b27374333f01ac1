"""Heads that came before are not parsed again; nothing else is ever taken for one of them."""

import asyncio

import pytest
from plays import Play
from test_doors import on, play

from edgerun.doors.heads import KnownHeads, is_one_head
from edgerun.http.message import Request
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
