"""Why the cache did what it did can be read from what it did: decisions and their arithmetic."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import MANAGED, OBEDIENT, Play, behavior, changed
from strategies import ENTRY_MADE, entry

from edgerun.cache.caching import Answer
from edgerun.cache.freshness import CloudFrontCaching
from edgerun.cache.record import FORWARDED, HINTS, Case, Decision, Reckoned, Use, Why, from_plain, plain
from edgerun.distribution.managed import only
from edgerun.observe.events import Step, Stepped
from edgerun.testing.origin import respond

RULES = CloudFrontCaching()


def details(play, step):
    return [event.detail for event in play.events if isinstance(event, Stepped) and event.step is step]


def asked(play, *requests, seconds=0):
    async def act(play):
        for each in requests:
            path, headers = each if isinstance(each, tuple) else (each, {})
            await play.ask(path, **headers)
            play.clock.advance(seconds)

    play.run(act)
    return details(play, Step.LOOK_UP), details(play, Step.SETTLE)


def lines(steps):
    return [str(step) for step in steps]


def test_a_hit_tells_how_its_lifetime_was_found_and_what_was_compared():
    play = Play(behavior(), replies={"/": respond(200, b"x", cache_control="max-age=60")})
    (miss, hit), (settled,) = asked(play, "/", "/", seconds=12)
    assert (miss.use, miss.why, miss.hit) == (Use.FETCH, Why.NOTHING_STORED, False)
    assert (hit.use, hit.why, hit.hit, hit.ttl) == (Use.HIT, Why.FRESH, True, 48)
    assert lines(hit.steps) == [
        "max-age = 60 s  (what the origin says: s-maxage before max-age before Expires)",
        "lifetime = 60 s  (at least 0 s and at most 31536000 s: minimum and maximum TTL, §3.1)",
        "age = 12 s  (seconds since it was stored or last confirmed)",
        "fresh = yes  (lifetime > age, §3.1)",
    ]
    assert settled.case is Case.NEW
    assert settled.stored
    assert settled.decision is miss
    assert settled.steps == hit.entry.reckoned


def test_a_stored_object_names_the_request_that_brought_it():
    play = Play(behavior(), replies={"/": respond(200, b"x", cache_control="max-age=60")})
    (_, hit), _ = asked(play, "/", "/")
    assert hit.entry.stored_by == "request-1"


def test_an_expired_object_and_its_confirmation():
    def reply(request):
        if b"if-none-match" in request.headers:
            return respond(304, etag='"1"', cache_control="max-age=5")
        return respond(200, b"x", etag='"1"', cache_control="max-age=60")

    play = Play(behavior(), replies={"/": reply})
    (_, expired, fresh), (_, confirmed) = asked(play, "/", "/", "/", seconds=60)[0], details(play, Step.SETTLE)[:2]
    assert (expired.use, expired.why, expired.forwarded) == (Use.VALIDATE, Why.EXPIRED, "stale")
    assert expired.hint.startswith("a longer lifetime")
    assert confirmed.case is Case.CONFIRMED
    assert lines(confirmed.steps)[0].startswith("max-age = 5 s")
    assert fresh.entry.lifetime == 5


def test_a_failure_that_a_copy_covers():
    answers = iter([respond(200, b"x", cache_control="max-age=10"), respond(503)])
    play = Play(behavior(), replies={"/": lambda _: next(answers)})
    looks, settled = asked(play, "/", "/", seconds=15)
    assert settled[1].case is Case.COVERED
    assert looks[1].why is Why.EXPIRED
    play.clock.advance(-14)
    looks, _ = asked(play, "/")
    assert (looks[-1].use, looks[-1].why) == (Use.STALE, Why.RETRY_LATER)
    names = [step.name for step in looks[-1].steps]
    assert names == ["max-age", "lifetime", "age", "fresh", "may cover for a failing origin for", "left alone for"]


@pytest.mark.parametrize(
    ("status", "control", "reason"),
    [
        (200, "no-store", "no-store or private, and the minimum TTL is 0"),
        (404, "no-store", "a 404 with no-store, no-cache or private is not cached"),
        (403, "", "a 403 is not cached"),
    ],
)
def test_a_refusal_gives_its_reason(status, control, reason):
    play = Play(behavior(), replies={"/": respond(status, b"x", cache_control=control)})
    _, (settled,) = asked(play, "/")
    assert (settled.case, settled.stored, settled.reason) == (Case.PASSED_ON, False, reason)


@pytest.mark.parametrize(
    ("given", "headers", "method", "why", "word"),
    [
        pytest.param(behavior(cache_policy=MANAGED["CachingDisabled"]), {}, "GET", Why.BYPASS, "bypass", id="off"),
        pytest.param(behavior(allowed_methods=frozenset({"GET", "PUT"})), {}, "PUT", Why.METHOD, "method", id="method"),
    ],
)
def test_what_passes_the_cache_by_says_why(given, headers, method, why, word):
    play = Play(given, replies={"/": respond(200, b"x")})
    play.run(lambda play: play.ask("/", method, **headers))
    (decision,), (settled,) = details(play, Step.LOOK_UP), details(play, Step.SETTLE)
    assert (decision.use, decision.why, decision.forwarded) == (Use.PASS, why, word)
    assert settled.reason == "the cache was passed by"


def test_a_key_tells_its_parts():
    policy = changed(OBEDIENT, query_strings=only("q"), headers=only("accept-language"), cookies=only("a"), gzip=True)
    play = Play(behavior(cache_policy=policy), replies={"/": respond(200, b"x")})
    asked(play, ("/?q=1&r=2", {"accept_language": "de", "accept_encoding": "gzip, br", "cookie": "a=1; b=2"}))
    (key,) = details(play, Step.KEY)
    assert [(part.name, part.value) for part in key.parts] == [
        ("distribution", "EDGERUNDEMO001"),
        ("method", "GET"),
        ("path", "/"),
        ("query", "q=1"),
        ("accept-language", "de"),
        ("cookies", "a=1"),
        ("encoding", "gzip"),
    ]


def test_an_answer_carries_the_decision_behind_it():
    play = Play(behavior(), replies={"/": respond(200, b"x", cache_control="max-age=60")})

    async def act(play):
        return [*await asyncio.gather(play.ask("/"), play.ask("/")), await play.ask("/")]

    obtained = [answer.delivery.obtained for answer in play.run(act)]
    assert [(one.decision.use, one.collapsed) for one in obtained] == [
        (Use.FETCH, None),
        (Use.FETCH, True),
        (Use.HIT, None),
    ]
    assert all(one.settled.stored for one in obtained[:2])


def test_every_reason_to_ask_the_origin_has_its_word_and_a_hint():
    silent = {Why.FRESH, Why.RETRY_LATER, Why.STALE_WHILE_REVALIDATE, Why.MAX_STALE}
    assert set(FORWARDED) == set(Why) - silent - {Why.ONLY_IF_CACHED}
    assert set(HINTS) == set(Why) - silent


def test_objects_whose_lifetime_was_found_alike_share_the_record():
    judged = [
        RULES.judge(
            Answer(status=200, headers=respond(200, cache_control="max-age=60").headers),
            OBEDIENT,
            10,
            ENTRY_MADE,
        )
        for _ in range(2)
    ]
    assert judged[0].steps is judged[1].steps


told = st.none() | st.booleans() | st.text(max_size=5) | st.floats(allow_nan=False)


@given(st.lists(st.builds(Reckoned, st.text(max_size=5), told, st.text(max_size=5))).map(tuple))
def test_steps_come_back_from_their_plain_form(steps):
    assert from_plain(plain(steps)) == steps
    assert from_plain([["too short"]]) == ()


@given(st.floats(0, 500), st.floats(0, 100), st.none() | st.floats(0, 100), st.floats(-50, 300))
def test_the_notes_never_change_what_is_decided(after, lifetime, window, retry):
    stored = entry(lifetime=lifetime, stale_while_revalidate=window, retry_at=ENTRY_MADE + retry)
    now = ENTRY_MADE + after
    verdict = RULES.look(stored, None, now)
    trail = []
    assert RULES.look(stored, None, now, trail) == verdict
    decision = Decision(verdict.use, verdict.why, now, stored.key, stored, None, RULES)
    assert decision.steps == tuple(trail)
    assert {step.name: step.value for step in trail}["fresh"] is (verdict.use is Use.HIT)
