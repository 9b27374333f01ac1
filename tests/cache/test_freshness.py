"""Sources: cloudfront.md §3.1 to §3.4, §6.1 to §6.3."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import MANAGED, OBEDIENT, changed
from strategies import ENTRY_MADE, entry

from edgerun.cache.caching import Answer, Keep
from edgerun.cache.freshness import (
    MAX_TTL,
    CloudFrontCaching,
    explicit_lifetime,
    freshened,
    has_validator,
    revalidation,
)
from edgerun.cache.record import Use
from edgerun.http.fields import cache_control, format_date
from edgerun.http.headers import Headers
from edgerun.testing.origin import respond

NOW = ENTRY_MADE
RULES = CloudFrontCaching()

OBEYS = changed(OBEDIENT, min_ttl=0, default_ttl=500, max_ttl=1000)
FLOOR = changed(OBEDIENT, min_ttl=100, default_ttl=500, max_ttl=1000)
LOW_DEFAULT = changed(OBEDIENT, min_ttl=100, default_ttl=100, max_ttl=1000)
DISABLED = MANAGED["CachingDisabled"]


def at(seconds):
    return format_date(NOW + seconds).decode()


def judged(policy, status=200, error_min_ttl=10.0, *, s3=False, **headers):
    headers = {"etag": '"v1"'} | headers
    answer = Answer(status=status, headers=respond(status, **headers).headers, s3=s3)
    return RULES.judge(answer, policy, error_min_ttl, NOW)


def lifetime(policy, status=200, error_min_ttl=10.0, **more):
    """Return seconds, or None when it may not be kept."""
    verdict = judged(policy, status, error_min_ttl, **more)
    return verdict.lifetime if isinstance(verdict, Keep) else None


# §3.1, row by row: MinTTL 0 (max 1000, default 500), then MinTTL 100
@pytest.mark.parametrize(
    ("headers", "obeying", "floor"),
    [
        pytest.param({"cache_control": "max-age=300"}, 300, 300, id="max-age"),
        pytest.param({"cache_control": "max-age=5000"}, 1000, 1000, id="max-age above MaxTTL"),
        pytest.param({"cache_control": "max-age=5"}, 5, 100, id="max-age below MinTTL"),
        pytest.param({"cache_control": "s-maxage=300"}, 300, 300, id="s-maxage"),
        pytest.param({"cache_control": "s-maxage=5000"}, 1000, 1000, id="s-maxage above MaxTTL"),
        pytest.param({"cache_control": "s-maxage=5"}, 5, 100, id="s-maxage below MinTTL"),
        pytest.param({"cache_control": "max-age=300, s-maxage=200"}, 200, 200, id="s-maxage beats max-age"),
        pytest.param({"expires": at(300)}, 300, 300, id="Expires"),
        pytest.param({"expires": at(5000)}, 1000, 1000, id="Expires above MaxTTL"),
        pytest.param({"expires": at(5)}, 5, 100, id="Expires below MinTTL"),
        pytest.param({"expires": at(-5)}, 0, 100, id="Expires in the past"),
        pytest.param({"expires": "0"}, 0, 100, id="Expires that is no date"),
        pytest.param({"expires": at(300), "cache_control": "max-age=200"}, 200, 200, id="max-age beats Expires"),
        pytest.param({"expires": at(300), "cache_control": "s-maxage=200"}, 200, 200, id="s-maxage beats Expires"),
        pytest.param({}, 500, 500, id="nothing: the default"),
        pytest.param({"cache_control": "public"}, 500, 500, id="a directive without effect: the default"),
        pytest.param(
            {"cache_control": "must-revalidate, proxy-revalidate, immutable, no-transform, max-age=300"},
            300,
            300,
            id="directives without effect",
        ),
        pytest.param({"pragma": "no-cache", "cache_control": "max-age=300"}, 300, 300, id="Pragma in a response"),
        pytest.param({"cache_control": "no-cache"}, 0, 100, id="no-cache"),
        pytest.param({"cache_control": "no-cache, max-age=300"}, 0, 100, id="no-cache together with max-age"),
        pytest.param({"cache_control": "no-store"}, None, 100, id="no-store"),
        pytest.param({"cache_control": "no-store, max-age=300"}, None, 100, id="no-store together with max-age"),
        pytest.param({"cache_control": "private"}, None, 100, id="private"),
        pytest.param({"cache_control": "private, s-maxage=300"}, None, 100, id="private together with s-maxage"),
        pytest.param({"cache_control": "max-age=0"}, 0, 100, id="max-age=0: as no-cache"),
        pytest.param({"cache_control": "max-age=300, s-maxage=0"}, 0, 100, id="s-maxage=0: as no-cache"),
        pytest.param({"cache_control": 'no-cache="set-cookie", max-age=300'}, 300, 300, id="qualified no-cache"),
        pytest.param({"cache_control": "max-age=soon"}, 0, 100, id="max-age that is no number"),
        pytest.param({"vary": "*", "cache_control": "max-age=300"}, 0, 300, id="Vary: * (§3.6)"),
        pytest.param({"vary": "Accept, *"}, 0, 500, id="Vary: * in a list (§3.6)"),
        pytest.param({"set_cookie": "a=1", "cache_control": "max-age=300"}, 300, 300, id="Set-Cookie hinders nothing"),
    ],
)
def test_the_ttl_table(headers, obeying, floor):
    assert lifetime(OBEYS, **headers) == obeying
    assert lifetime(FLOOR, **headers) == floor
    assert lifetime(DISABLED, **headers) is None


def test_without_a_freshness_header_the_larger_of_minimum_and_default_counts():
    assert lifetime(LOW_DEFAULT) == 100
    assert lifetime(changed(OBEDIENT, min_ttl=0, default_ttl=0, max_ttl=1000)) == 0


# §3.2: for a failing origin
@pytest.mark.parametrize("control", ["no-cache", "max-age=0", "s-maxage=0, max-age=60"])
def test_what_must_be_asked_about_each_time_is_kept_even_if_it_cannot_be_asked_about(control):
    bare = Answer(status=200, headers=Headers([(b"Cache-Control", control.encode())]))
    assert RULES.judge(bare, OBEYS, 10, NOW).lifetime == 0
    assert RULES.judge(bare, FLOOR, 10, NOW).lifetime == 100


def test_caching_optimized_keeps_even_no_store_for_a_second():
    assert lifetime(MANAGED["CachingOptimized"], cache_control="no-store") == 1


# §3.1, notes
@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        pytest.param(200, {}, 500, id="200"),
        pytest.param(204, {}, 500, id="204"),
        pytest.param(301, {}, 500, id="301"),
        pytest.param(302, {}, 500, id="302"),
        pytest.param(307, {}, None, id="307 without Cache-Control"),
        pytest.param(307, {"expires": at(300)}, None, id="307 with Expires only"),
        pytest.param(307, {"cache_control": "max-age=300"}, 300, id="307 with Cache-Control"),
        pytest.param(308, {}, None, id="308 without Cache-Control"),
        pytest.param(308, {"cache_control": "max-age=300"}, 300, id="308 with Cache-Control"),
        pytest.param(206, {"cache_control": "max-age=300"}, 300, id="206, as a part"),
        pytest.param(304, {"cache_control": "max-age=300"}, None, id="304"),
    ],
)
def test_a_status_below_400(status, headers, expected):
    assert lifetime(OBEYS, status, **headers) == expected


def test_lines_of_cache_control_are_one_list():
    lines = [(b"Cache-Control", b"max-age=300"), (b"cache-control", b"s-maxage=200")]
    assert RULES.judge(Answer(status=200, headers=Headers(lines)), OBEYS, 10, NOW).lifetime == 200


# ---------------------------------------------------------------- errors

M = 10
NOT_CACHED = (401, 402, 406, 407, 408, 409, 410, 411, 413, 416, 417, 418, 422, 429, 431, 451, 494, 505, 511, 599)


# §6.1: without and with max-age=300
@pytest.mark.parametrize(
    ("status", "plain", "asked"),
    [
        *[pytest.param(status, M, 300, id=f"{status} always") for status in (404, 414, 500, 501, 502, 503, 504)],
        *[pytest.param(status, None, 300, id=f"{status} if asked") for status in (400, 403, 405, 412, 415)],
        *[pytest.param(status, None, None, id=f"{status} never") for status in NOT_CACHED],
    ],
)
def test_which_errors_are_cached(status, plain, asked):
    assert lifetime(OBEYS, status) == plain
    assert lifetime(OBEYS, status, cache_control="max-age=300") == asked
    assert lifetime(OBEYS, status, cache_control="s-maxage=300") == asked
    assert lifetime(OBEYS, status, expires=at(300)) == (300 if plain else None)
    assert lifetime(DISABLED, status, cache_control="max-age=300") is None


# §6.2, branch by branch
@pytest.mark.parametrize(
    ("status", "headers", "minimum", "expected"),
    [
        *[
            pytest.param(status, {"cache_control": directive}, 10, None, id=f"{status} {directive}: obeyed")
            for status in (404, 414, 501)
            for directive in ("no-store", "no-cache", "private", "no-store, max-age=300")
        ],
        *[
            pytest.param(status, {"cache_control": directive}, 10, 10, id=f"{status} {directive}: ignored")
            for status in (500, 502, 503, 504)
            for directive in ("no-store", "no-cache", "private", "no-store, max-age=300")
        ],
        pytest.param(403, {"cache_control": "no-store, max-age=300"}, 10, 10, id="403 asked for and forbidden"),
        pytest.param(404, {"cache_control": "max-age=3"}, 10, 10, id="less than the error minimum"),
        pytest.param(404, {"cache_control": "max-age=300"}, 10, 300, id="more than the error minimum"),
        pytest.param(404, {"cache_control": "s-maxage=200, max-age=300"}, 10, 200, id="s-maxage beats max-age"),
        pytest.param(404, {"expires": at(300)}, 10, 300, id="Expires"),
        pytest.param(404, {"cache_control": "max-age=5000"}, 10, 1000, id="more than MaxTTL"),
        pytest.param(404, {"cache_control": "max-age=5000"}, 2000, 2000, id="the error minimum beats MaxTTL"),
        pytest.param(404, {}, 0, None, id="error minimum 0"),
        pytest.param(404, {"cache_control": "max-age=3"}, 0, 3, id="error minimum 0 and max-age"),
    ],
)
def test_how_long_errors_are_cached(status, headers, minimum, expected):
    assert lifetime(OBEYS, status, minimum, **headers) == expected
    assert lifetime(FLOOR, status, minimum, **headers) == expected


def test_an_s3_error_is_kept_a_second_at_least():
    assert lifetime(OBEYS, 404, 0, s3=True) == 1
    assert lifetime(OBEYS, 404, 10, s3=True) == 10
    assert lifetime(DISABLED, 404, 10, s3=True) is None
    assert lifetime(FLOOR, 501, 10, s3=True, cache_control="no-store") is None


# ---------------------------------------------------------------- windows after the lifetime


# §3.3: seconds after the object was stored, MaxTTL 1000; what is done, and whether it covers a failing origin
@pytest.mark.parametrize(
    ("control", "after", "look", "covers"),
    [
        pytest.param("max-age=60", 59.9, Use.HIT, True, id="fresh"),
        pytest.param("max-age=60", 60, Use.VALIDATE, True, id="neither: expired, and covers"),
        pytest.param("max-age=60", 999, Use.VALIDATE, True, id="neither: covers up to MaxTTL"),
        pytest.param("max-age=60", 1000, Use.VALIDATE, False, id="neither: not beyond MaxTTL"),
        pytest.param("max-age=60, stale-while-revalidate=30", 60, Use.REFRESH, True, id="swr begins"),
        pytest.param("max-age=60, stale-while-revalidate=30", 89.9, Use.REFRESH, True, id="swr"),
        pytest.param("max-age=60, stale-while-revalidate=30", 90, Use.VALIDATE, True, id="swr ends"),
        pytest.param("max-age=60, stale-while-revalidate=5000", 999, Use.REFRESH, True, id="swr up to MaxTTL"),
        pytest.param("max-age=60, stale-while-revalidate=5000", 1000, Use.VALIDATE, False, id="swr not beyond MaxTTL"),
        pytest.param("max-age=60, stale-if-error=30", 89.9, Use.VALIDATE, True, id="sie"),
        pytest.param("max-age=60, stale-if-error=30", 90, Use.VALIDATE, False, id="sie ends"),
        pytest.param("max-age=60, stale-if-error=0", 60, Use.VALIDATE, False, id="sie 0 forbids"),
        pytest.param("max-age=60, stale-if-error=5000", 999, Use.VALIDATE, True, id="sie up to MaxTTL"),
        pytest.param("max-age=60, stale-if-error=5000", 1000, Use.VALIDATE, False, id="sie not beyond MaxTTL"),
        pytest.param(
            "max-age=60, stale-while-revalidate=30, stale-if-error=10", 80, Use.REFRESH, False, id="both: swr"
        ),
        pytest.param(
            "max-age=60, stale-while-revalidate=30, stale-if-error=300", 100, Use.VALIDATE, True, id="both: then sie"
        ),
        pytest.param("no-cache, stale-while-revalidate=30", 0, Use.REFRESH, True, id="swr from the start"),
    ],
)
def test_stale_windows(control, after, look, covers):
    kept = stored(OBEYS, control)
    assert look_at(kept, NOW + after) is look
    assert RULES.may_serve_on_error(kept, NOW + after) is covers


def look_at(kept, now):
    return RULES.look(kept, None, now).use


def stored(policy, control):
    verdict = judged(policy, cache_control=control)
    return entry(
        lifetime=verdict.lifetime,
        stale_while_revalidate=verdict.stale_while_revalidate,
        stale_if_error=verdict.stale_if_error,
        max_stale_at=NOW + verdict.max_stale,
    )


# §6.3
def test_a_copy_that_covers_a_failing_origin_is_left_alone_until_the_retry_time():
    covering = changed(stored(OBEYS, "max-age=60"), retry_at=NOW + 110)
    assert look_at(covering, NOW + 109.9) == Use.STALE
    assert look_at(covering, NOW + 110) == Use.VALIDATE


def test_the_retry_time_does_not_stretch_the_stale_window():
    covering = changed(stored(OBEYS, "max-age=60, stale-if-error=30"), retry_at=NOW + 200)
    assert look_at(covering, NOW + 89.9) == Use.STALE
    assert look_at(covering, NOW + 90) == Use.VALIDATE


@pytest.mark.parametrize(("status", "origin_status"), [(404, 404), (200, 404), (500, 200)])
def test_an_error_never_covers_for_a_failing_origin(status, origin_status):
    assert not RULES.may_serve_on_error(entry(status=status, origin_status=origin_status), NOW + 1)


RANK = {Use.HIT: 0, Use.STALE: 1, Use.REFRESH: 1, Use.VALIDATE: 2}
SECONDS = st.floats(0, 2000, allow_nan=False)
ENTRIES = st.builds(
    entry,
    lifetime=SECONDS,
    stale_while_revalidate=st.none() | SECONDS,
    stale_if_error=st.none() | SECONDS,
    max_stale_at=SECONDS.map(lambda s: NOW + s),
    retry_at=SECONDS.map(lambda s: NOW + s),
)


@given(ENTRIES, SECONDS, SECONDS)
def test_freshness_never_comes_back_as_time_goes_on(kept, one, other):
    earlier, later = sorted((NOW + one, NOW + other))
    assert RANK[look_at(kept, earlier)] <= RANK[look_at(kept, later)]
    assert RULES.may_serve_on_error(kept, earlier) or not RULES.may_serve_on_error(kept, later)


@given(ENTRIES, SECONDS)
def test_nothing_is_served_beyond_its_lifetime_and_its_last_window(kept, after):
    if after >= max(kept.lifetime, kept.max_stale_at - NOW):
        assert look_at(kept, NOW + after) is Use.VALIDATE
        assert not RULES.may_serve_on_error(kept, NOW + after)


TEXTS = st.binary(max_size=30).map(lambda raw: raw.translate(None, b"\r\n\0")) | st.sampled_from(
    [
        b"Fri, 31 Dec 9999 23:59:59 GMT",
        b"Mon, 01 Jan 0001 00:00:00 GMT",
        b"max-age=99999999999999999999",
        b"s-maxage=-1",
    ]
)


@given(st.lists(TEXTS, max_size=2), st.lists(TEXTS, max_size=2))
def test_an_explicit_lifetime_is_read_from_anything(controls, expires):
    lines = [(b"Cache-Control", text) for text in controls] + [(b"Expires", text) for text in expires]
    told = explicit_lifetime(cache_control(controls), Headers(lines), NOW)
    assert told is None or 0 <= told <= MAX_TTL


@given(st.sampled_from([OBEYS, FLOOR, LOW_DEFAULT]), st.sampled_from([200, 301, 404, 503]), TEXTS, TEXTS)
def test_no_lifetime_leaves_the_policys_bounds(policy, status, control, expires):
    answer = Answer(status=status, headers=Headers([(b"Cache-Control", control), (b"Expires", expires)]))
    verdict = RULES.judge(answer, policy, 10, NOW)
    if isinstance(verdict, Keep):
        lowest = policy.min_ttl if status < 400 else 10
        assert lowest <= verdict.lifetime <= policy.max_ttl
        assert verdict.max_stale <= policy.max_ttl


# ---------------------------------------------------------------- revalidation


# §3.4
@pytest.mark.parametrize(
    ("lines", "conditions"),
    [
        pytest.param([], (), id="no validator"),
        pytest.param([(b"ETag", b'"v1"')], ((b"If-None-Match", b'"v1"'),), id="ETag"),
        pytest.param([(b"ETag", b'W/"v1"')], ((b"If-None-Match", b'W/"v1"'),), id="weak ETag"),
        pytest.param(
            [(b"Last-Modified", b"Mon, 06 Apr 2026 00:00:00 GMT")],
            ((b"If-Modified-Since", b"Mon, 06 Apr 2026 00:00:00 GMT"),),
            id="Last-Modified",
        ),
        pytest.param(
            [(b"Last-Modified", b"x"), (b"ETag", b'"v1"')],
            ((b"If-None-Match", b'"v1"'), (b"If-Modified-Since", b"x")),
            id="both",
        ),
    ],
)
def test_what_asks_whether_an_entry_still_holds(lines, conditions):
    assert revalidation(Headers(lines)) == conditions
    assert has_validator(Headers(lines)) is bool(conditions)


# RFC 9111 §3.2
def test_a_304_replaces_its_fields_adds_new_ones_and_leaves_the_framing():
    kept = Headers([(b"ETag", b'"v1"'), (b"Content-Length", b"4"), (b"X-A", b"1"), (b"x-a", b"2"), (b"X-B", b"1")])
    told = Headers([(b"etag", b'"v2"'), (b"Content-Length", b"0"), (b"X-A", b"3"), (b"X-C", b"4")])
    updated = freshened(kept, told)
    assert updated.get_all(b"etag") == (b'"v2"',)
    assert updated.get_all(b"content-length") == (b"4",)
    assert updated.get_all(b"x-a") == (b"3",)
    assert updated.get_all(b"x-b") == (b"1",)
    assert updated.get_all(b"x-c") == (b"4",)
