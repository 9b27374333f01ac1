"""What becomes of an origin's answer. Sources: cloudfront.md §3.1, §3.3, §3.4, §6, §8.1."""

import pytest
from plays import MANAGED, MANAGED_ORIGIN, OBEDIENT, behavior, changed, distribution, request
from strategies import ENTRY_MADE, entry

from edgerun.cache.freshness import CloudFrontCaching
from edgerun.cache.key import cache_key
from edgerun.distribution.managed import only
from edgerun.distribution.model import Choice, ErrorResponse, Selection
from edgerun.http.message import BytesBody, Response
from edgerun.settle import Exchange, settle
from edgerun.testing.origin import respond
from edgerun.visit import Errand, Visit

RULES = CloudFrontCaching()
LATER = ENTRY_MADE + 61  # the entry lives for 60 s
ETAG = ((b"ETag", b'"v1"'), (b"X-Old", b"1"))


def errand(stale=None, chosen=None, asked=None, seen=None, **more):
    chosen, asked = chosen or behavior(), asked or request()
    seen = seen or asked
    key = cache_key(seen, chosen.cache_policy, "E1")
    return Errand(
        visit=Visit("id", asked, LATER),
        request=seen,
        distribution=distribution(chosen, **more),
        behavior=chosen,
        key=key,
        stale=stale,
    )


def settled(response, wanted=None, *, stale=None, origin_status=None, generated=False):
    wanted = wanted or errand(stale)
    exchange = Exchange(
        response=response,
        origin_status=response.status if origin_status is None else origin_status,
        began=LATER - 1,
        ended=LATER,
        generated=generated,
        asked=RULES.conditions(wanted.stale, (), wanted.request, wanted.behavior),
    )
    return settle(wanted, exchange, RULES)


def test_an_answer_is_passed_on_and_kept():
    fetched = settled(respond(200, b"new", cache_control="max-age=60", age="5"))
    assert (fetched.obtained.word, fetched.obtained.response.body.data) == ("Miss", b"new")
    kept = fetched.entry
    assert (kept.lifetime, kept.response_time, kept.request_time) == (60, LATER, LATER - 1)
    assert b"age" not in kept.headers
    assert fetched.shareable


def test_what_may_not_be_kept_is_passed_on_only():
    fetched = settled(respond(200, b"new", cache_control="private"))
    assert (fetched.obtained.response.body.data, fetched.entry, fetched.shareable) == (b"new", None, False)


def test_an_object_to_be_asked_about_each_time_is_kept_and_not_shared():
    fetched = settled(respond(200, b"new", cache_control="no-cache", etag='"v1"'))
    assert fetched.entry.lifetime == 0
    assert not fetched.shareable


# §3.4
def test_a_304_makes_the_object_fresh_again_with_its_own_headers():
    stale = entry(body=b"old", lines=ETAG)
    fetched = settled(respond(304, etag='"v1"', cache_control="max-age=5", x_new="2"), stale=stale)
    obtained, kept = fetched.obtained, fetched.entry
    assert (obtained.word, obtained.response.status, obtained.response.body.data) == ("RefreshHit", 200, b"old")
    assert (kept.lifetime, kept.response_time) == (5, LATER)
    assert (kept.headers.get(b"x-old"), kept.headers.get(b"x-new")) == (b"1", b"2")
    assert not fetched.is_new(stale)


@pytest.mark.parametrize(
    ("lines", "chosen"),
    [
        pytest.param((), behavior(), id="there was nothing to ask with"),
        pytest.param(
            ETAG, behavior(origin_request_policy=MANAGED_ORIGIN["AllViewer"]), id="cookies are forwarded: never asked"
        ),
    ],
)
def test_a_304_to_the_viewers_own_condition_says_nothing_of_our_copy(lines, chosen):
    wanted = errand(entry(body=b"old", lines=lines), chosen, request(if_none_match='"theirs"'))
    fetched = settled(respond(304, etag='"theirs"'), wanted)
    assert (fetched.obtained.response.status, fetched.obtained.word, fetched.entry) == (304, "Miss", None)


def test_a_304_without_an_object_is_passed_through():
    fetched = settled(respond(304))
    assert (fetched.obtained.response.status, fetched.entry) == (304, None)


# §3.3
@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_an_expired_object_covers_a_failing_origin(status):
    fetched = settled(respond(status, b"broken"), stale=entry(body=b"old"))
    assert (fetched.obtained.word, fetched.obtained.response.body.data, fetched.obtained.age) == ("Hit", b"old", 61)
    assert (fetched.entry.retry_at, fetched.entry.response_time) == (LATER + 10, ENTRY_MADE)


@pytest.mark.parametrize("status", [400, 403, 404, 410, 416, 429])
def test_an_expired_object_does_not_cover_a_refusal(status):
    fetched = settled(respond(status, b"gone"), stale=entry(body=b"old"))
    assert (fetched.obtained.response.status, fetched.obtained.word) == (status, "Error")


def test_stale_if_error_0_forbids_covering():
    fetched = settled(respond(503, b"broken"), stale=entry(body=b"old", stale_if_error=0.0))
    assert (fetched.obtained.response.status, fetched.entry.lifetime) == (503, 10)


def test_the_configured_error_minimum_says_when_to_try_again():
    pages = {503: ErrorResponse(error_code=503, error_caching_min_ttl=45)}
    wanted = errand(entry(body=b"old"), error_responses=pages)
    assert settled(respond(503), wanted).entry.retry_at == LATER + 45
    assert settled(respond(503), errand(error_responses=pages)).entry.lifetime == 45


# §6.1
def test_an_error_is_kept_for_its_time():
    fetched = settled(respond(404, b"gone"))
    assert (fetched.obtained.word, fetched.entry.lifetime, fetched.entry.status) == ("Error", 10, 404)
    assert settled(respond(403, b"no")).entry is None


# lambda-at-edge.md §4.2
def test_a_generated_answer_is_a_miss_and_kept_like_any():
    fetched = settled(respond(200, b"made", cache_control="max-age=60"), generated=True)
    assert (fetched.obtained.word, fetched.obtained.detailed) == ("Miss", "MissGeneratedResponse")
    assert (fetched.entry.generated, fetched.entry.lifetime) == (True, 60)
    assert settled(respond(503, b"made"), generated=True).obtained.word == "Error"


def test_an_answer_that_is_never_stored_has_no_entry():
    assert settled(respond(200, cache_control="max-age=60"), changed(errand(), key=None)).entry is None


def test_a_head_never_takes_the_place_of_the_whole_object():
    wanted = errand(entry(body=b"old", lines=ETAG), asked=request(method="HEAD"))
    assert wanted.key.method == "GET"
    assert settled(respond(200, cache_control="max-age=60", content_length="9"), wanted).entry is None
    assert settled(respond(304), wanted).entry.body.data == b"old"
    own = changed(wanted, key=wanted.key._replace(method="HEAD"), stale=None)
    assert settled(respond(200, cache_control="max-age=60", content_length="9"), own).entry is not None


# §3.1, notes; §3.7
@pytest.mark.parametrize(
    ("control", "replayed"),
    [
        pytest.param("max-age=60", True, id="replayed"),
        pytest.param('max-age=60, no-cache="Set-Cookie"', False, id="kept out of the cache"),
        pytest.param('max-age=60, no-cache="X-Other"', True, id="another field is named"),
    ],
)
def test_set_cookie_is_replayed_unless_it_is_named_by_no_cache(control, replayed):
    cookies = behavior(cache_policy=changed(OBEDIENT, cookies=Selection(choice=Choice.ALL)))
    fetched = settled(respond(200, set_cookie="a=1", x_other="1", cache_control=control), errand(chosen=cookies))
    assert fetched.obtained.response.headers.get(b"set-cookie") == b"a=1"
    assert fetched.entry.headers.get(b"set-cookie") == (b"a=1" if replayed else None)
    assert b"x-other" in fetched.entry.headers


# §8.1
@pytest.mark.parametrize(
    ("chosen", "requested"),
    [
        pytest.param(behavior(), b"/asked", id="the query is not cached"),
        pytest.param(
            behavior(cache_policy=changed(OBEDIENT, query_strings=only("q"))), b"/asked?q=1", id="a part of it is"
        ),
    ],
)
def test_the_uri_the_viewer_asked_for_is_kept_with_its_query_as_cached(chosen, requested):
    wanted = errand(chosen=chosen, asked=request("/asked?utm=2&q=1"), seen=request("/rewritten?q=1"))
    assert settled(respond(200, cache_control="max-age=60"), wanted).entry.requested_uri == requested


# lambda-at-edge.md §4: bodies made by functions
@pytest.mark.parametrize(
    ("response", "method", "length"),
    [
        pytest.param(respond(200, b"made", content_length="9"), "GET", (b"4",), id="corrected"),
        pytest.param(Response(status=200, body=BytesBody(b"made")), "GET", (b"4",), id="added"),
        pytest.param(respond(200, b"", content_length="9"), "HEAD", (b"9",), id="HEAD keeps the origin's"),
        pytest.param(respond(304, b"", content_length="9"), "GET", (b"9",), id="a 304 keeps the origin's"),
    ],
)
def test_content_length_agrees_with_the_body(response, method, length):
    wanted = errand(asked=request(method=method), chosen=behavior(cache_policy=MANAGED["CachingDisabled"]))
    assert settled(response, wanted).obtained.response.headers.get_all(b"content-length") == length
