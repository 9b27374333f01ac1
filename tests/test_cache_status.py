"""Cache-Status (RFC 9211, `spec/http-caching.md` §19): what the cache did about a response, in its own header."""

import asyncio
from dataclasses import replace

import pytest
from plays import MANAGED, OBEDIENT, Play, behavior, consume, distribution, request

from edgerun.cache_status import string
from edgerun.errors import OriginConnectError
from edgerun.http.message import SameHead
from edgerun.testing.origin import respond
from edgerun.visit import Delivery

PAGE = respond(200, b"x", cache_control="max-age=60", etag='"a"')


def telling(given=None, *, how="short", **more):
    return Play(distribution(given or behavior(), cache_status=how), **more)


def statuses(play, *acts):
    """Return the header of each answer; a number moves the clock, a reply replaces the origin's, a pair is asked."""

    async def act(play):
        told = []
        for each in acts:
            if isinstance(each, int):
                play.clock.advance(each)
            elif isinstance(each, str | tuple):
                path, method = each if isinstance(each, tuple) else (each, "GET")
                told.append((await play.ask(path, method))["Cache-Status"])
            else:
                play.origin.replies["/"] = each
            await asyncio.sleep(0)
        return told

    return play.run(act)


SITUATIONS = {
    "stored": (PAGE, ["/"], ["edgerun; fwd=uri-miss; stored; ttl=60"]),
    "not stored": (respond(200, b"x", cache_control="no-store"), ["/"], ["edgerun; fwd=uri-miss"]),
    "hit": (PAGE, ["/", 12, "/"], ["edgerun; hit; ttl=48"]),
    "head of a stored object": (PAGE, ["/", 12, ("/", "HEAD")], ["edgerun; hit; ttl=48"]),
    "stored error": (respond(404, b"-"), ["/", 3, "/"], ["edgerun; hit; ttl=7"]),
    "confirmed": (PAGE, ["/", 72, respond(304), "/"], ["edgerun; fwd=stale; fwd-status=304; stored; ttl=60"]),
    "replaced": (PAGE, ["/", 72, "/"], ["edgerun; fwd=stale; stored; ttl=60"]),
    "covered": (PAGE, ["/", 72, respond(503), "/"], ["edgerun; fwd=stale; fwd-status=503; ttl=-12"]),
    "covered without an answer": (
        *(PAGE, ["/", 72, OriginConnectError("refused"), "/"]),
        ["edgerun; fwd=stale; ttl=-12"],
    ),
    "left alone": (PAGE, ["/", 72, respond(503), "/", 2, "/"], ["edgerun; hit; ttl=-14"]),
    "served while it is refreshed": (
        *(respond(200, b"x", cache_control="max-age=60, stale-while-revalidate=30"), ["/", 72, "/"]),
        ["edgerun; hit; ttl=-12"],
    ),
    "no origin": (OriginConnectError("refused"), ["/"], [None]),
}


@pytest.mark.parametrize("what", SITUATIONS)
def test_the_last_answer_tells(what):
    first, acts, wanted = SITUATIONS[what]
    assert statuses(telling(replies={"/": first}), *acts)[-1:] == wanted


def test_it_is_off_unless_asked_for():
    assert statuses(telling(how="", replies={"/": PAGE}), "/", "/") == [None, None]


def test_a_cache_that_is_off_is_passed_by():
    off = behavior(cache_policy=MANAGED["CachingDisabled"])
    assert statuses(telling(off, replies={"/": PAGE}), "/") == ["edgerun; fwd=bypass"]


def test_a_method_that_is_not_cached_goes_forward():
    every = behavior(allowed_methods=frozenset({"GET", "HEAD", "POST"}))
    assert statuses(telling(every, replies={"/": PAGE}), ("/", "POST")) == ["edgerun; fwd=method"]


def test_who_waits_for_anothers_fetch_says_so():
    async def act(play):
        return [answer["Cache-Status"] for answer in await asyncio.gather(play.ask("/"), play.ask("/"))]

    assert telling(replies={"/": PAGE}).run(act) == [
        "edgerun; fwd=uri-miss; stored; ttl=60",
        "edgerun; fwd=uri-miss; collapsed; ttl=60",
    ]


def test_who_waits_in_vain_says_so_too():
    async def act(play):
        return [answer["Cache-Status"] for answer in await asyncio.gather(play.ask("/"), play.ask("/"))]

    private = respond(200, b"x", cache_control="private")
    assert telling(replies={"/": private}).run(act) == ["edgerun; fwd=uri-miss", "edgerun; fwd=uri-miss; collapsed=?0"]


def test_what_the_origins_caches_said_stands_before_it_and_is_stored_without_it():
    said = respond(200, b"x", cache_control="max-age=60", cache_status="Origin; hit; ttl=9")
    play = telling(replies={"/": said})

    async def act(play):
        return [(await play.ask("/")).headers.get_all(b"cache-status") for _ in range(2)]

    assert play.run(act) == [
        (b"Origin; hit; ttl=9", b"edgerun; fwd=uri-miss; stored; ttl=60"),
        (b"Origin; hit; ttl=9", b"edgerun; hit; ttl=60"),
    ]


def test_a_304_and_a_206_of_a_stored_object_tell_of_it():
    async def act(play):
        await play.ask("/")
        answers = [await play.ask("/", if_none_match='"a"'), await play.ask("/", range="bytes=0-0")]
        return [(answer.status, answer["Cache-Status"]) for answer in answers]

    assert telling(replies={"/": PAGE}).run(act) == [(304, "edgerun; hit; ttl=60"), (206, "edgerun; hit; ttl=60")]


def answering(event, _context):
    return {"status": "200", "body": "mine"}


@pytest.mark.parametrize("point", ["viewer_request", "origin_request"])
def test_what_a_function_answers_has_none(point):
    play = telling(behavior(points={point: "f"}), functions={"f": answering})
    assert statuses(play, "/") == [None]


def test_a_redirect_and_a_refusal_have_none():
    assert statuses(telling(behavior(viewer_protocol_policy="redirect-to-https")), "/") == [None]
    assert statuses(telling(), ("/", "PUT")) == [None]


def test_in_detail_it_tells_the_key_and_the_reason():
    play = telling(how="detailed", replies={"/": PAGE})
    key = 'key="distribution=EDGERUNDEMO001 method=GET path=/"'
    assert statuses(play, "/", "/") == [
        f'edgerun; fwd=uri-miss; stored; ttl=60; {key}; detail="nothing is stored for this key"',
        f'edgerun; hit; ttl=60; {key}; detail="it is fresh"',
    ]


@pytest.mark.parametrize(("text", "wanted"), [("a", '"a"'), ('a"b\\c', '"a\\"b\\\\c"'), ("a\xe9\n", '"a%E9%0A"')])
def test_a_string_is_one_of_structured_fields(text, wanted):
    assert string(text) == wanted


def test_equal_heads_get_the_seconds_that_are_left_now():
    play, same, told = (
        telling(replies={"/": PAGE}, given=behavior(cache_policy=OBEDIENT), watched=False),
        SameHead(),
        [],
    )

    async def act(play):
        for _ in range(4):
            begun = play.pipeline.begin(replace(request("/"), same=same))
            delivery = begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun)
            told.append((await consume(delivery))["Cache-Status"])
            await asyncio.sleep(0)
            play.clock.advance(10)

    play.run(act)
    assert told[1:] == ["edgerun; hit; ttl=50", "edgerun; hit; ttl=40", "edgerun; hit; ttl=30"]
    assert same.answer is None
