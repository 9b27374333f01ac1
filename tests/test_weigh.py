"""A question about a request: it comes to what the request itself would, and changes nothing."""

import asyncio

import pytest
from plays import OBEDIENT, Play, behavior, changed, distribution, light, request

from edgerun.cache.at_rest import AtRest
from edgerun.cache.memory import MemoryStore
from edgerun.cache.record import Use, Why
from edgerun.distribution.managed import only
from edgerun.observe.events import Step, Stepped
from edgerun.testing.origin import respond

REPLIES = {
    "/page": respond(200, b"the page", cache_control="max-age=60", etag='"a"'),
    "/behind": respond(200, b"x", cache_control="max-age=60, stale-while-revalidate=90"),
    "/no-cache": respond(200, b"x", cache_control="no-cache", etag='"a"'),
    "/part": respond(206, b"abc", cache_control="max-age=60", content_range="bytes 0-2/9", etag='"a"'),
    "/never": respond(200, b"x", cache_control="no-store"),
}


def last_look_up(play):
    return [event.detail for event in play.events if isinstance(event, Stepped) and event.step is Step.LOOK_UP][-1]


@pytest.mark.parametrize("path", REPLIES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("seconds", [0, 70, 200])
@pytest.mark.parametrize("headers", [{}, {"range": "bytes=0-1"}], ids=["", "range"])
@pytest.mark.parametrize("before", [True, False], ids=["after a GET", "at first"])
def test_a_question_comes_to_what_the_request_then_comes_to(path, method, seconds, headers, before):
    allowed = frozenset({"GET", "HEAD", "OPTIONS"})
    play = Play(behavior(allowed_methods=allowed), replies=dict(REPLIES))

    async def act(play):
        if before:
            await play.ask(path, range="bytes=0-2") if path == "/part" else await play.ask(path)
        play.clock.advance(seconds)
        asked = len(play.origin.seen)
        weighed = await play.pipeline.weigh(request(path, method, **headers))
        assert len(play.origin.seen) == asked
        assert last_look_up(play) is weighed.sought.decision
        await play.ask(path, method, **headers)
        return weighed.sought.decision

    foretold, came = play.run(act), last_look_up(play)
    assert (foretold.use, foretold.why, foretold.key, foretold.ttl, foretold.steps) == (
        *(came.use, came.why, came.key, came.ttl),
        came.steps,
    )


def test_a_function_runs_only_when_it_is_wanted():
    def to_page(event, _context):
        return event["Records"][0]["cf"]["request"] | {"uri": "/page"}

    play = Play(behavior(points={"viewer_request": "f"}), replies=dict(REPLIES), functions={"f": to_page})

    async def act(play):
        await play.ask("/x")
        asleep = await play.pipeline.weigh(request("/x"))
        ran = len(play.runtime.calls)
        awake = await play.pipeline.weigh(request("/x"), run=True)
        return asleep.sought.decision.use, ran, awake.sought.decision.use, len(play.runtime.calls)

    assert play.run(act) == (Use.FETCH, 1, Use.HIT, 2)


def test_what_comes_before_the_cache_is_told_as_such():
    def answering(event, _context):
        return {"status": "200", "body": "mine"}

    secure = behavior("/secure/*", viewer_protocol_policy="redirect-to-https")
    made = behavior("/made", points={"viewer_request": "f"})
    play = Play(distribution(behavior(), secure, made), functions={"f": answering})

    async def act(play):
        asked = [request("/secure/a"), request("/made"), request("/", "PUT")]
        return [await play.pipeline.weigh(each, run=True) for each in asked]

    redirect, generated, refused = play.run(act)
    assert (redirect.answered.word, redirect.sought) == ("Redirect", None)
    assert (generated.answered.word, generated.sought) == ("LambdaGeneratedResponse", None)
    assert "allows GET, HEAD, not PUT" in str(refused.error)
    assert refused.visit.behavior.path_pattern == "*"


def test_headers_for_cloudfront_functions_do_not_hide_the_key():
    keyed = changed(OBEDIENT, headers=only("CloudFront-Viewer-Country"))
    play = Play(behavior(cache_policy=keyed, points={"viewer_request": light("f")}), country="DE")
    sought = play.run(lambda play: play.pipeline.weigh(request("/"))).sought
    assert sought.key.headers == ((b"cloudfront-viewer-country", (b"DE",)),)


def test_a_store_at_rest_forgets_and_takes_nothing_and_does_not_count_as_use():
    play = Play(behavior(), replies=dict(REPLIES), store=MemoryStore(size=3_000, max_object_size=1_000))

    async def act(play):
        await play.ask("/page")
        await play.ask("/behind")
        rest = AtRest(play.store)
        first, _ = sorted([entry async for entry in rest.entries()], key=lambda entry: entry.key.path, reverse=True)
        assert (first.key.path, rest.peek(first.key)) == (b"/page", None)
        assert await rest.fetch(first.key) is first
        assert await rest.fetch(first.key._replace(method="OPTIONS")) is None
        assert not rest.put(first.key, first, rest.generation)
        rest.discard(first.key)
        assert await rest.invalidate(b"/*") == 0
        await rest.settled()
        await rest.aclose()
        await play.ask("/no-cache")
        await asyncio.sleep(0)
        return [entry.key.path async for entry in rest.entries()]

    left = play.run(act)
    assert b"/page" not in left, "the first one leaves first, although it was looked at"
    assert b"/behind" in left


def test_a_stored_object_is_weighed_as_a_plain_request_would_find_it():
    play = Play(behavior(), replies=dict(REPLIES))

    async def act(play):
        await play.ask("/behind")
        (entry,) = [entry async for entry in play.store.entries()]
        return [play.pipeline.weigh_stored(entry, play.clock() + seconds) for seconds in (0, 70, 200)]

    assert [(each.use, each.why) for each in play.run(act)] == [
        (Use.HIT, Why.FRESH),
        (Use.REFRESH, Why.STALE_WHILE_REVALIDATE),
        (Use.VALIDATE, Why.EXPIRED),
    ]
