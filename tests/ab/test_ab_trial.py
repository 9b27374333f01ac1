"""A/B tests on trial, with callables as functions."""

import asyncio
import hashlib
import itertools
import json

import pytest

from edgerun.ab.page import page
from edgerun.ab.signs import detected, parsed
from edgerun.ab.trial import Trial, together
from edgerun.ab.verdict import judged
from edgerun.ab.viewers import COUNTRIES, DEVICES, Plan, Viewer, order, viewers
from edgerun.ab.words import plain
from edgerun.testing import AsyncEdge, ScriptedOrigin, respond

PLAN = Plan(viewers=500, seed=7, countries=COUNTRIES, devices=DEVICES)


def request_of(event):
    return event["Records"][0]["cf"]["request"]


def cookie_of(request):
    return next((line["value"] for line in request["headers"].get("cookie", [])), "")


def chooser(percent_b):
    def choose(event, context):
        request = request_of(event)
        variant = cookie_of(request).partition("=")[2]
        if not variant:
            variant = "b" if hashlib.sha256(request["clientIp"].encode()).digest()[0] / 2.56 < percent_b else "a"
        request["uri"] = f"/{variant}"
        return request

    return choose


def keep(event, context):
    cf = event["Records"][0]["cf"]
    response, variant = cf["response"], cf["request"]["uri"][1:]
    response["headers"]["set-cookie"] = [{"key": "Set-Cookie", "value": f"variant={variant}; Path=/; Max-Age=86400"}]
    return response


def turns():
    """Gives variants in turn, whoever asks."""
    numbers = itertools.count()

    def choose(event, context):
        request = request_of(event)
        request["uri"] = "/b" if next(numbers) % 2 else "/a"
        return request

    return choose


def tried(plan=PLAN, by=None, split=None, **points):
    async def go():
        origin = ScriptedOrigin(
            {f"/{name}": respond(200, f"page {name}".encode(), cache_control="max-age=600") for name in "ab"}
        )
        async with AsyncEdge(origin=origin, **points) as edge:
            return await Trial(edge, plan, "/", by=by).run()

    return judged(asyncio.run(go()), by, split)


def test_a_fair_and_sticky_test_is_called_so():
    verdict = tried(viewer_request=chooser(50), viewer_response=keep)

    assert verdict.good
    assert (verdict.by, verdict.viewers, verdict.changed) == ("cookie:variant", 500, 0)
    assert verdict.returned > 100
    assert [each.name for each in verdict.variants] == ["a", "b"]
    assert all(each.low <= 0.5 <= each.high for each in verdict.variants)
    assert sum(each.viewers for each in verdict.variants) == 500
    assert [each.entries for each in verdict.variants] == [1, 1]
    # An object lives for ten minutes of the hour that the visits take.
    assert all(0.9 < each.hit_ratio < 1 for each in verdict.variants)
    assert plain(verdict).endswith("verdict    fair and sticky")


def test_a_biased_test_is_found_out():
    verdict = tried(viewer_request=chooser(40), viewer_response=keep)

    assert verdict.biased
    assert verdict.p < 0.001
    assert verdict.changed == 0
    assert plain(verdict).endswith("verdict    biased")


def test_what_is_biased_for_one_split_is_right_for_another():
    points = {"viewer_request": chooser(30), "viewer_response": keep}
    assert tried(split={"a": 70, "b": 30}, **points).good
    assert tried(split={"a": 50, "b": 50}, **points).biased


def test_a_test_that_is_not_sticky_is_found_out():
    verdict = tried(viewer_request=turns())

    assert verdict.by == "uri"
    assert not verdict.biased
    assert verdict.returned / 3 < verdict.changed <= verdict.returned
    assert plain(verdict).endswith("verdict    not sticky")


def test_who_refuses_cookies_is_not_kept_by_them():
    few = Plan(viewers=200, countries=COUNTRIES, devices=DEVICES, returning=1.0, refusing=1.0)
    verdict = tried(few, viewer_request=turns(), viewer_response=keep)
    assert verdict.changed > 100


def test_a_single_variant_is_no_test():
    few = Plan(viewers=50, countries=COUNTRIES, devices=DEVICES)
    verdict = tried(few, viewer_request=chooser(0), viewer_response=keep)
    assert verdict.biased
    assert "all viewers got the same variant" in verdict.notes
    assert "p = 1: one variant alone is no split" in plain(verdict)


def test_a_variant_that_the_split_does_not_name_is_no_chance():
    few = Plan(viewers=100, countries=COUNTRIES, devices=DEVICES)
    verdict = tried(few, split={"a": 1, "c": 1}, viewer_request=chooser(50), viewer_response=keep)
    assert verdict.biased
    assert [(each.name, each.wanted) for each in verdict.variants] == [("a", 0.5), ("c", 0.5), ("b", 0.0)]
    assert json.loads(json.dumps(verdict.values()))["chi_square"] is None


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("body:page (.)", {"a", "b"}),
        ("body:page .", {"page a", "page b"}),
        ("uri", {"/a", "/b"}),
        ("cookie:variant", {"a", "b"}),
        ("header:Cache-Control", {"max-age=600"}),
        ("header:X-Nothing", {"(none)"}),
    ],
)
def test_what_tells_the_variant_can_be_said(by, names):
    few = Plan(viewers=60, countries=COUNTRIES, devices=DEVICES)
    verdict = tried(few, by=parsed(by), viewer_request=chooser(50), viewer_response=keep)
    assert {each.name for each in verdict.variants} == names


def test_the_uri_at_the_origin_is_known_for_hits_too():
    def rewrite(event, context):
        request = request_of(event)
        request["uri"] = "/b" if request["querystring"] else "/a"
        return request

    few = Plan(viewers=40, countries=COUNTRIES, devices=DEVICES)
    verdict = tried(few, by=parsed("uri"), origin_request=rewrite)
    (only,) = verdict.variants
    assert (only.name, only.viewers) == ("/a", 40)
    assert only.hit_ratio > 0.8


def test_failures_are_counted_and_left_out():
    def fails(event, context):
        raise ValueError("no luck")

    few = Plan(viewers=20, countries=COUNTRIES, devices=DEVICES)
    verdict = tried(few, viewer_request=fails)
    assert not verdict.good
    assert (verdict.viewers, verdict.failed >= 20) == (0, True)
    assert "no luck" in verdict.failure
    assert plain(verdict).endswith("verdict    no visit was answered")


def test_nothing_to_tell_by_is_said():
    with pytest.raises(ValueError, match="nothing tells the variants apart"):
        tried(Plan(viewers=5, countries=COUNTRIES, devices=DEVICES), viewer_request=lambda event, _: request_of(event))


def test_a_cookie_of_each_viewers_own_is_no_variant():
    firsts = [{"cookie:id": str(n), "cookie:ab": "ab"[n % 2], "uri": "/"} for n in range(100)]
    assert str(detected(firsts)) == "cookie:ab"


@pytest.mark.parametrize("text", ["", "cookie", "cookie:", "uri:x", "body:(", "colour:red"])
def test_a_sign_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"expected|regular expression"):
        parsed(text)


def test_the_same_seed_brings_the_same_verdict_though_visits_happen_together():
    few = Plan(viewers=150, countries=COUNTRIES, devices=DEVICES)

    def uneven(points):
        """Let every third call take longer, so that those at the same time end in another order."""
        numbers = itertools.count()

        def slowly(handler):
            async def called(event, context):
                for _ in range(5 * (next(numbers) % 3)):
                    await asyncio.sleep(0)
                return handler(event, context)

            return called

        return {name: slowly(handler) for name, handler in points.items()}

    points = {"viewer_request": chooser(50), "viewer_response": keep}
    assert tried(few, **uneven(points)) == tried(few, **points)


def test_a_trial_that_is_stopped_tells_what_was_seen():
    async def go():
        few = Plan(viewers=200, countries=COUNTRIES, devices=DEVICES, returning=0.0)
        halfway = asyncio.Event()
        origin = ScriptedOrigin({f"/{name}": respond(200, b"page", cache_control="max-age=6000") for name in "ab"})
        async with AsyncEdge(origin=origin, viewer_request=chooser(50)) as edge:
            trial = Trial(edge, few, "/")
            running = asyncio.create_task(trial.run(lambda done, _of: halfway.set() if done >= 100 else None))
            await halfway.wait()
            running.cancel()
            await asyncio.wait([running])
            return trial.seen

    seen = asyncio.run(go())
    verdict = judged(seen)
    assert 100 <= verdict.viewers < 200
    assert verdict.viewers + verdict.missing == 200
    assert any("did not happen" in note for note in verdict.notes)


# ------------------------------------------------------------------------------ viewers


def test_no_viewer_comes_twice_at_the_same_time():
    crowd = viewers(Plan(viewers=4, countries=COUNTRIES, devices=DEVICES, returning=1.0, visits=5))
    visits = list(order(PLAN, crowd))
    groups = list(together(visits, 3))
    assert [viewer for group in groups for viewer in group] == visits
    assert {len(group) for group in groups} <= {1, 2, 3}
    assert all(len(set(group)) == len(group) for group in groups)


def test_a_seed_repeats_viewers_and_their_order():
    def told(plan):
        crowd = viewers(plan)
        return [(each.address, each.agent, each.country) for each in order(plan, crowd)]

    assert told(PLAN) == told(PLAN)
    assert told(PLAN) != told(Plan(viewers=1000, seed=8, countries=COUNTRIES, devices=DEVICES))


def test_viewers_are_as_the_weights_say():
    plan = Plan(viewers=2000, countries={"DE": 3, "FR": 1}, devices={"mobile": 1}, returning=0.5, visits=3)
    crowd = viewers(plan)
    assert 0.7 < sum(each.country == "DE" for each in crowd) / 2000 < 0.8
    assert all("Mobile" in each.agent for each in crowd)
    assert {each.visits for each in crowd} == {1, 4}
    assert len({each.address for each in crowd}) == 2000


@pytest.mark.parametrize(
    ("line", "later", "sent"),
    [
        ("v=a", 1e6, "v=a"),
        ("v=a; Max-Age=10", 9, "v=a"),
        ("v=a; Max-Age=10", 10, ""),
        ("v=a; Max-Age=0", 0, ""),
        ("v=a; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 5, "v=a"),
        ("v=a; Expires=Thu, 01 Jan 1970 00:16:50 GMT", 9, "v=a"),
        ("v=a; Expires=Thu, 01 Jan 1970 00:16:50 GMT", 10, ""),
        ("v=a; Path=/shop", 0, "v=a"),
        ("v=a; Path=/sho", 0, ""),
        ("v=a; Path=/other", 0, ""),
        ("nonsense", 0, ""),
    ],
)
def test_cookies_are_kept_as_they_ask(line, later, sent):
    viewer = Viewer(address="192.0.2.1", agent="", country="", device="", keeps=True, visits=1)
    viewer.take(line, 1000.0, "/shop/page?x=1")
    assert viewer.cookies(1000.0 + later) == sent


# ------------------------------------------------------------------------------ the report


def test_the_page_loads_nothing_and_is_for_light_and_dark():
    few = Plan(viewers=100, countries=COUNTRIES, devices=DEVICES)
    made = page(tried(few, viewer_request=chooser(50), viewer_response=keep), "/?<script>")
    assert made.count('role="img"') == 3
    assert "prefers-color-scheme: dark" in made
    assert not any(word in made for word in ("http://", "https://", "<script", "src=", "@import", "url("))
