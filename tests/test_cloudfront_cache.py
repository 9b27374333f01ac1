"""CloudFront's rules of caching through the pipeline, row by row. Sources: cloudfront.md; http-caching.md §18, §20."""

import asyncio

import pytest
from plays import MANAGED, MANAGED_ORIGIN, OBEDIENT, Play, behavior, changed, distribution

from edgerun.distribution.headers_model import (
    CustomHeader,
    ResponseHeadersPolicy,
    Security,
    StrictTransportSecurity,
)
from edgerun.distribution.model import ErrorResponse
from edgerun.errors import OriginConnectError
from edgerun.testing.origin import respond

PAGE = respond(200, b"a page", cache_control="max-age=60", etag='"v1"')


def edge(*replies, patience=60.0, functions=None, **changes):
    """Return a play; of several replies each answers once, the last one for ever."""
    play = Play(behavior(**changes), patience=patience, functions=functions)
    left = list(replies)

    def reply(request):
        made = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(made, Exception):
            raise made
        return made(request) if callable(made) else made

    play.origin.replies["/"] = reply
    return play


def ask(play, path="/", method="GET", after=0, **headers):
    play.clock.advance(after)
    return play.run(lambda p: p.ask(path, method, **headers))


def word(answer):
    return answer.x_cache.removesuffix(" from cloudfront")


# ---------------------------------------------------------------- §3.2, §3.6


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"cache_control": "no-cache"}, id="no-cache"),
        pytest.param({"cache_control": "max-age=0"}, id="max-age=0"),
        pytest.param({"cache_control": "max-age=60", "vary": "*"}, id="Vary: *"),
    ],
)
def test_what_is_asked_for_each_time_covers_for_a_failing_origin_3_2_3_6(headers):
    play = edge(respond(200, b"one", **headers), respond(200, b"two", **headers), OriginConnectError("down"))
    assert [word(ask(play)) for _ in range(2)] == ["Miss", "Miss"]
    covered = ask(play)
    assert (covered.body, word(covered)) == (b"two", "Hit")
    assert len(play.origin.seen) == 3


def test_what_varies_on_everything_is_fetched_without_conditions_3_4_3_6():
    play = edge(respond(200, b"x", cache_control="max-age=60", etag='"v1"', vary="*"))
    for _ in range(2):
        assert ask(play)["Vary"] == "*"
    assert [request.headers.get(b"if-none-match") for request in play.origin.seen] == [None, None]


def test_above_minimum_ttl_0_a_star_is_dropped_like_any_other_3_6():
    policy = changed(OBEDIENT, min_ttl=10)
    play = edge(respond(200, b"x", cache_control="max-age=60", vary="*, Cookie"), cache_policy=policy)
    assert ask(play)["Vary"] == "Cookie"
    assert word(ask(play)) == "Hit"


@pytest.mark.parametrize("control", ["no-store", "private", "no-store, stale-if-error=100"])
def test_what_was_never_stored_covers_for_nobody_20(control):
    play = edge(respond(200, b"x", cache_control=control), OriginConnectError("down"))
    assert [ask(play).status for _ in range(2)] == [200, 502]


def test_stale_if_error_0_makes_a_failure_an_error_3_2():
    play = edge(respond(200, b"x", cache_control="no-cache, stale-if-error=0"), OriginConnectError("down"))
    assert [ask(play).status for _ in range(2)] == [200, 502]


# ---------------------------------------------------------------- §3.4, §3.5


@pytest.mark.parametrize(
    ("told", "body", "count"),
    [({}, b"a page", 2), ({"etag": '"v1"'}, b"a page", 2), ({"etag": '"v2"'}, b"new", 3)],
)
def test_a_304_of_another_version_is_no_confirmation_3_4(told, body, count):
    play = edge(PAGE, respond(304, **told), respond(200, b"new", etag='"v2"', cache_control="max-age=60"))
    ask(play)
    assert ask(play, after=61).body == body
    assert len(play.origin.seen) == count
    assert ask(play).body == body


def test_a_confirmed_object_has_no_age_3_4():
    play = edge(PAGE, respond(304))
    ask(play)
    fresh = ask(play, after=61)
    assert (word(fresh), fresh["Age"], ask(play, after=5)["Age"]) == ("RefreshHit", None, "5")


def test_cookies_forwarded_means_no_conditions_of_our_own_3_4():
    play = edge(PAGE, origin_request_policy=MANAGED_ORIGIN["AllViewer"])
    ask(play)
    assert word(ask(play, after=61)) == "Miss"
    assert [request.headers.get(b"if-none-match") for request in play.origin.seen] == [None, None]


def test_a_304_of_the_store_has_the_headers_of_its_policy_0_18_3_5():
    policy = ResponseHeadersPolicy(
        name="p",
        security=Security(strict_transport_security=StrictTransportSecurity(max_age=9, override=True)),
        custom=(
            CustomHeader(header="X-Added", value="1", override=True),
            CustomHeader(header="X-Changed", value="policy", override=True),
        ),
    )
    stored = respond(200, b"x", cache_control="max-age=60", etag='"1"', x_changed="origin", x_own="1")
    play = edge(stored, response_headers_policy=policy)
    ask(play)
    answer = ask(play, if_none_match='"1"')
    names = ("Strict-Transport-Security", "X-Added", "X-Changed", "X-Own", "Content-Length", "ETag", "Age")
    assert answer.status == 304
    assert [answer[name] for name in names] == ["max-age=9", "1", "policy", None, None, '"1"', "0"]


def test_the_requests_own_directives_are_ignored_and_forwarded_3_1_20_1():
    play = edge(PAGE)
    ask(play, cache_control="no-cache", pragma="no-cache")
    assert play.origin.seen[0].headers.get(b"cache-control") == b"no-cache"
    assert play.origin.seen[0].headers.get(b"pragma") == b"no-cache"
    for control in ("no-cache", "max-age=0", "no-store", "only-if-cached"):
        assert word(ask(play, cache_control=control)) == "Hit"


def test_unsafe_methods_and_targeted_fields_change_nothing_20_15_20_17():
    reply = respond(200, b"x", cache_control="max-age=60", cdn_cache_control="no-store")
    play = edge(reply, allowed_methods=frozenset({"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}))
    assert ask(play)["CDN-Cache-Control"] == "no-store"
    for method in ("PUT", "DELETE", "POST"):
        assert word(ask(play, method=method)) == "Miss"
    assert word(ask(play)) == "Hit"


# ---------------------------------------------------------------- §6


def test_a_5xx_that_a_function_made_is_not_the_origins_failure_6_3():
    calls = []

    def answers(event, context):
        calls.append(1)
        if len(calls) > 1:
            return {"status": "503", "body": "made"}
        return event["Records"][0]["cf"]["request"]

    play = edge(PAGE, functions={"orq": answers}, points={"origin_request": "orq"})
    ask(play)
    answer = ask(play, after=61)
    assert (answer.status, answer.body) == (503, b"made")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 416])
def test_a_4xx_on_refresh_is_the_answer_6_3(status):
    play = edge(PAGE, respond(status, b"no"))
    ask(play)
    assert ask(play, after=61).status == status


def test_a_cached_error_says_error_and_its_age_5_3():
    play = edge(respond(404, b"gone"))
    first, second = ask(play), ask(play, after=4)
    assert (word(first), first["Age"], word(second), second["Age"]) == ("Error", None, "Error", "4")
    assert len(play.origin.seen) == 1


# ---------------------------------------------------------------- §4.7, http-caching.md §18


async def slowly(response):
    for _ in range(3):
        await asyncio.sleep(0)
    return response


def together(play, count):
    async def act(play):
        return await asyncio.gather(*(play.ask("/") for _ in range(count)))

    return play.run(act)


def test_nobody_waits_for_what_was_of_use_to_one_only_a_moment_ago_18():
    private = respond(200, b"x", cache_control="private")
    concurrent = []

    async def reply(request):
        concurrent.append(len(play.flights))
        return await slowly(private)

    play = edge(reply)
    together(play, 3)
    before = len(concurrent)
    together(play, 3)
    assert concurrent[before:] == [3, 3, 3], "all at once"
    play.clock.advance(2)
    together(play, 3)
    assert concurrent[2 * before] == 1, "they wait again"


def test_an_answer_for_all_ends_that_18():
    play = edge(respond(200, b"x", cache_control="private"), lambda r: slowly(PAGE))
    ask(play)
    ask(play)
    play.clock.advance(61)
    play.store.discard(next(iter(play.store._entries)))
    together(play, 5)
    assert len(play.origin.seen) == 3


def test_a_failure_that_is_not_kept_is_tried_once_more_and_then_told_to_all_18():
    async def down(request):
        await asyncio.sleep(0)
        raise OriginConnectError("down")

    page = ErrorResponse(error_code=502, error_caching_min_ttl=0)
    play = Play(distribution(behavior(), error_responses={502: page}), replies={"/": down})
    answers = together(play, 10)
    assert [answer.status for answer in answers] == [502] * 10
    assert all(b"Request ID" in answer.body for answer in answers)
    assert len(play.origin.seen) == 2


def test_who_waits_too_long_goes_alone_18():
    gate = asyncio.Event()
    seen = []

    async def reply(request):
        seen.append(request)
        if len(seen) == 1:
            await gate.wait()
        return PAGE

    play = edge(reply, patience=0)

    async def act(play):
        first = asyncio.ensure_future(play.ask("/"))
        while not seen:
            await asyncio.sleep(0)
        second = await play.ask("/")
        gate.set()
        return await first, second

    first, second = play.run(act)
    assert (word(first), word(second), len(seen)) == ("Miss", "Miss", 2)
    assert (first.delivery.obtained.collapsed, second.delivery.obtained.collapsed) == (None, False)


@pytest.mark.parametrize(
    ("changes", "headers", "method"),
    [
        pytest.param({"cache_policy": MANAGED["CachingDisabled"]}, {}, "GET", id="CachingDisabled"),
        pytest.param({"origin_request_policy": MANAGED_ORIGIN["AllViewer"]}, {}, "GET", id="cookies forwarded"),
        pytest.param({"allowed_methods": frozenset({"GET", "HEAD", "OPTIONS"})}, {}, "OPTIONS", id="OPTIONS"),
        pytest.param({}, {"range": "bytes=0-1"}, "GET", id="a range"),
        pytest.param({}, {"if_none_match": '"x"'}, "GET", id="a condition"),
    ],
)
def test_what_is_never_collapsed_4_7(changes, headers, method):
    play = edge(lambda r: slowly(PAGE), **changes)

    async def act(play):
        return await asyncio.gather(*(play.ask("/", method, **headers) for _ in range(3)))

    play.run(act)
    assert len(play.origin.seen) == 3


def test_a_background_refresh_asks_for_nobodys_part_or_version_3_3():
    play = edge(respond(200, b"old", cache_control="max-age=60, stale-while-revalidate=60"), PAGE)

    async def act(play):
        await play.ask("/")
        play.clock.advance(61)
        stale = await play.ask("/", range="bytes=0-1", if_none_match='"mine"')
        while len(play.flights):
            await asyncio.sleep(0)
        return stale, await play.ask("/")

    stale, fresh = play.run(act)
    assert (stale.status, stale.body, word(stale), stale["Age"]) == (206, b"ol", "Hit", "61")
    last = play.origin.seen[-1].headers
    assert (last.get(b"range"), last.get(b"if-none-match")) == (None, None)
    assert fresh.body == b"a page"
