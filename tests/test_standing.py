"""Requests with the very same bytes get the answer that stands; nobody can tell it from one made step by step."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import OBEDIENT, Play, behavior, changed, consume, distribution, light, request

from edgerun.distribution.headers_model import CustomHeader, ResponseHeadersPolicy, ServerTiming
from edgerun.distribution.managed import RESPONSE_HEADERS_POLICIES, only
from edgerun.http.message import SameHead
from edgerun.observe.events import field_types
from edgerun.testing.origin import respond
from edgerun.visit import Delivery

MODIFIED = "Mon, 06 Jul 2026 10:00:00 GMT"
REPLIES = {
    "/page": respond(200, b"the page", Cache_Control="max-age=60", ETag='"a"', Last_Modified=MODIFIED),
    "/short": respond(200, b"short", Cache_Control="max-age=5", ETag='"s"'),
    "/gone": respond(404, b"gone", Cache_Control="max-age=30"),
    "/never": respond(200, b"never", Cache_Control="no-store"),
    "/varies": respond(200, b"varies", Cache_Control="max-age=60", Vary="Accept-Language"),
}
HEADS = (
    ("/page", "GET", {}),
    ("/page", "HEAD", {}),
    ("/page", "GET", {"If_None_Match": '"a"'}),
    ("/page", "GET", {"If_Modified_Since": MODIFIED}),
    ("/page", "GET", {"Range": "bytes=4-"}),
    ("/page", "GET", {"Range": "bytes=90-"}),
    ("/page?b=2", "GET", {}),
    ("/page", "GET", {"Via": "1.0 someone"}),
    ("/short", "GET", {}),
    ("/gone", "GET", {}),
    ("/never", "GET", {}),
    ("/varies", "GET", {"Accept_Language": "de"}),
    ("/varies", "GET", {"Accept_Language": "en"}),
    ("/page", "DELETE", {}),
)


class Twins:
    """The same requests to two edges: one keeps account of equal heads, the other takes every step each time."""

    def __init__(self, given=None, *, caching="cloudfront"):
        given = given or distribution(behavior(), caching=caching)
        self.standing, self.stepping = (Play(given, replies=dict(REPLIES), watched=False) for _ in range(2))
        self.same = {}

    async def ask(self, head):
        path, method, headers = HEADS[head] if isinstance(head, int) else head
        same = self.same.setdefault((path, method, tuple(headers.items())), SameHead())
        answers = []
        for play, alike in ((self.standing, same), (self.stepping, None)):
            begun = play.pipeline.begin(replace(request(path, method, **headers), same=alike))
            delivery = begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun)
            answers.append(await consume(delivery))
            await asyncio.sleep(0)
        mine, theirs = answers
        assert (mine.status, mine.headers.lines, mine.headers.block, mine.body) == (
            theirs.status,
            theirs.headers.lines,
            theirs.headers.block,
            theirs.body,
        )
        assert told(self.standing) == told(self.stepping)
        return mine, same

    @property
    def plays(self):
        return self.standing, self.stepping

    def run(self, act):
        async def whole():
            try:
                return await act()
            finally:
                for play in self.plays:
                    await play.flights.aclose()

        return asyncio.run(whole())


@pytest.mark.parametrize("head", range(len(HEADS)), ids=[f"{m} {p} {' '.join(h)}" for p, m, h in HEADS])
def test_an_answer_that_stands_is_the_answer_the_steps_give(head):
    twins = Twins()

    async def act():
        return [await twins.ask(head) for _ in range(4)]

    answers = twins.run(act)
    stands = answers[-1][1].answer is not None
    assert stands == (HEADS[head][0] != "/never" and HEADS[head][1] == "GET")


def told(play):
    """Return what the last line of the log says."""
    last = play.logged()[-1]
    return {name: getattr(last, name) for name in field_types(type(last))}


MOVES = st.one_of(
    st.integers(0, len(HEADS) - 1),
    st.tuples(st.just("clock"), st.floats(0, 50)),
    st.tuples(st.just("purge"), st.sampled_from([b"/page", b"/*", b"/gone"])),
    st.tuples(st.just("change"), st.sampled_from(["/page", "/short"])),
)


@pytest.mark.parametrize("caching", ["cloudfront", "rfc9111"])
@given(moves=st.lists(MOVES, max_size=30))
def test_over_any_course_of_events_an_answer_that_stands_is_the_answer_the_steps_give(moves, caching):
    twins = Twins(caching=caching)

    async def act():
        for number, move in enumerate(moves):
            match move:
                case int():
                    await twins.ask(move)
                case ("clock", seconds):
                    for play in twins.plays:
                        play.clock.advance(seconds)
                case ("purge", pattern):
                    for play in twins.plays:
                        await play.store.invalidate(pattern)
                case ("change", path):
                    for play in twins.plays:
                        body = b"version %d" % number
                        play.origin.replies[path] = respond(200, body, Cache_Control="max-age=9", ETag=f'"{number}"')

    twins.run(act)


def test_a_head_that_stands_gives_way_to_the_whole_object():
    twins = Twins()

    async def act():
        for head in (1, 1, 0, 1):  # HEAD, HEAD, GET, HEAD
            await twins.ask(head)
            for play in twins.plays:
                play.clock.advance(3)

    twins.run(act)


def test_the_log_names_the_viewer_who_asked():
    play, same = Play(replies=dict(REPLIES), watched=False), SameHead()

    async def act(play):
        for port in (1, 2, 3):
            begun = play.pipeline.begin(replace(request("/page"), same=same, client=("203.0.113.9", port)))
            await consume(begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun))
            await asyncio.sleep(0)

    play.run(act)
    assert same.answer is not None
    assert [event.client for event in play.logged()] == [("203.0.113.9", port) for port in (1, 2, 3)]


CUSTOM = ResponseHeadersPolicy(name="own", custom=(CustomHeader(header="X-Own", value="1", override=True),))
MORE_THAN_HEAD_AND_OBJECT = {
    "a viewer-request function": behavior(points={"viewer_request": "pass"}),
    "a viewer-response function": behavior(points={"viewer_response": "pass"}),
    "Server-Timing": behavior(
        response_headers_policy=ResponseHeadersPolicy(name="timed", server_timing=ServerTiming(enabled=True))
    ),
}


def passing(event, _context):
    record = event["Records"][0]["cf"]
    return record.get("response") or record["request"]


@pytest.mark.parametrize("what", MORE_THAN_HEAD_AND_OBJECT)
def test_what_looks_at_more_than_head_and_object_does_not_stand(what):
    play = Play(MORE_THAN_HEAD_AND_OBJECT[what], replies=dict(REPLIES), functions={"pass": passing}, watched=False)
    same = SameHead()

    async def act(play):
        for _ in range(3):
            begun = play.pipeline.begin(replace(request("/page"), same=same))
            await consume(begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun))
            await asyncio.sleep(0)

    play.run(act)
    assert play.logged()[-1].result_type == "Hit"
    assert same.answer is None


@pytest.mark.parametrize("policy", [CUSTOM, *RESPONSE_HEADERS_POLICIES], ids=lambda policy: policy.name)
def test_a_headers_policy_is_part_of_what_stands(policy):
    twins = Twins(distribution(behavior(response_headers_policy=policy)))

    async def act():
        for _ in range(3):
            await twins.ask(("/page", "GET", {"Origin": "https://shop.example"}))

    twins.run(act)


def test_when_every_step_is_told_none_is_left_out():
    play, same = Play(replies=dict(REPLIES), watched=True), SameHead()

    async def act(play):
        for _ in range(3):
            begun = play.pipeline.begin(replace(request("/page"), same=same))
            await consume(begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun))
            await asyncio.sleep(0)

    play.run(act)
    assert same.answer is None


def test_no_answer_stands_where_cloudfront_functions_saw_what_is_known_of_a_viewer():
    by_country = changed(OBEDIENT, headers=only("CloudFront-Viewer-Country"))
    twins = Twins(behavior(points={"viewer_response": light("never")}, cache_policy=by_country))

    async def act():
        for _ in range(2):  # the second one is a hit, an error's, for which viewer-response does not run
            answer, same = await twins.ask(("/gone", "GET", {}))
        return answer, same

    answer, same = twins.run(act)
    assert (answer.status, answer["Age"]) == (404, "0")
    assert same.answer is None
