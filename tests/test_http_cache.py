"""`caching = "rfc9111"` through the pipeline: http-caching.md, whose section numbers end the names of the tests."""

import asyncio

import pytest
from plays import SITE, Play, behavior, changed, distribution, request

from edgerun.cache.variants import MOST_VARIANTS
from edgerun.distribution.latitude import Rfc9111
from edgerun.distribution.managed import only
from edgerun.errors import OriginConnectError, OriginProtocolError, OriginTimeout
from edgerun.http.fields import format_date
from edgerun.http.headers import Headers
from edgerun.http.message import StreamBody
from edgerun.testing.origin import respond

PAGE = respond(200, b"a page", cache_control="max-age=60", etag='"v1"')


def http(*replies, rules=None, **changes):
    """Return a play in this mode; of several replies each answers once, the last one for ever."""
    given = distribution(behavior(**changes), caching="rfc9111", rfc9111=rules or Rfc9111())
    play = Play(given)
    left = list(replies)

    def reply(request):
        made = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(made, Exception):
            raise made
        return made(request) if callable(made) else made

    play.origin.replies = dict.fromkeys(("/", "/other", "/a/b"), reply) if replies else {}
    return play


def ask(play, path="/", method="GET", body=b"", after=0, **headers):
    play.clock.advance(after)
    return play.run(lambda p: p.ask(path, method, body, **headers))


def outcome(answer):
    """Return the word of `X-Cache`: Hit, Miss, RefreshHit or Error."""
    return answer.x_cache.split()[0]


def asked(play, name):
    """Return a header of each request that the origin saw."""
    return [request.headers.get(name) for request in play.origin.seen]


def by_header(name, **more):
    """Return a reply that varies on a request header and says what it was."""

    def reply(request):
        text = (request.headers.joined(name.lower().encode()) or b"none").decode("latin-1")
        told = {"cache_control": "max-age=60", "vary": name, "etag": f'"{text}"', **more}
        return respond(200, text.encode("latin-1"), **told)

    return reply


# ---------------------------------------------------------------- §3 storing


def kept(reply, *, rules=None, **headers):
    """Tell whether a second request is answered from the store."""
    play = http(reply, rules=rules)
    ask(play, **headers)
    return ask(play, **headers).delivery.obtained.decision.hit


@pytest.mark.parametrize(
    ("headers", "status", "stored"),
    [
        pytest.param({"cache_control": "max-age=60"}, 200, True, id="max-age"),
        pytest.param({"cache_control": "s-maxage=60"}, 200, True, id="s-maxage"),
        pytest.param({"expires": "Tue, 07 Apr 2026 11:00:00 GMT"}, 200, True, id="Expires"),
        pytest.param({"cache_control": "no-store, max-age=60"}, 200, False, id="no-store"),
        pytest.param({"cache_control": "private, max-age=60"}, 200, False, id="private"),
        pytest.param({"cache_control": "private, public, max-age=60"}, 200, False, id="private beats public"),
        pytest.param({"vary": "*", "cache_control": "max-age=60"}, 200, False, id="Vary: *"),
        pytest.param({"cache_control": "must-understand, no-store, max-age=60"}, 200, True, id="understood"),
        pytest.param({"cache_control": "must-understand, max-age=60"}, 299, False, id="not understood"),
        pytest.param({"cache_control": "max-age=60"}, 299, True, id="299 with a lifetime"),
        pytest.param({"cache_control": "max-age=60"}, 503, True, id="503 with a lifetime"),
        pytest.param({"cache_control": "max-age=60"}, 302, True, id="302 with a lifetime"),
        pytest.param({"cache_control": "max-age=60", "set_cookie": "a=1"}, 200, True, id="Set-Cookie (15.3)"),
        pytest.param({"pragma": "no-cache", "cache_control": "max-age=60"}, 200, True, id="Pragma of a response"),
        pytest.param({}, 200, False, id="no lifetime, no validator"),
    ],
)
def test_which_responses_are_stored_3_1(headers, status, stored):
    assert kept(respond(status, b"x", **headers)) is stored


@pytest.mark.parametrize(
    ("control", "stored"),
    [("max-age=60", False), ("max-age=60, public", True), ("must-revalidate, max-age=60", True), ("s-maxage=60", True)],
)
def test_an_answer_to_credentials_is_stored_only_if_the_origin_says_so_3_1_15_1(control, stored):
    assert kept(respond(200, b"x", cache_control=control), authorization="Basic x") is stored


def test_what_was_fetched_without_credentials_answers_a_request_with_them_15_1():
    play = http(PAGE)
    ask(play)
    assert outcome(ask(play, authorization="Basic x")) == "Hit"


def test_credentials_reach_the_origin_20_13():
    play = http(PAGE)
    ask(play, authorization="Basic x", cookie="a=1", accept_language="de", user_agent="me", accept="text/html")
    seen = play.origin.seen[0].headers
    names = ("authorization", "cookie", "accept-language", "user-agent", "accept", "host")
    assert [seen.get(name.encode()) for name in names] == [
        *(b"Basic x", b"a=1", b"de", b"me", b"text/html", b"shop.example")
    ]


def test_a_request_with_no_store_stores_nothing_and_may_be_answered_from_the_store_3_1_7():
    play = http(PAGE)
    ask(play, cache_control="no-store")
    assert outcome(ask(play)) == "Miss"
    assert outcome(ask(play, cache_control="no-store")) == "Hit"


def test_what_may_not_be_stored_does_not_evict_what_is_3_1():
    play = http(PAGE, respond(200, b"new", cache_control="no-store"))
    ask(play)
    assert ask(play, if_match='"v1"').body == b"new"
    assert ask(play).body == b"a page"


def test_fields_of_private_are_not_stored_and_those_of_no_cache_only_shown_once_confirmed_3_2():
    def reply(request):
        status = 304 if b"if-none-match" in request.headers else 200
        control = 'max-age=60, private="X-Mine", no-cache="X-Fresh, x-other"'
        return respond(status, b"", etag='"1"', cache_control=control, x_mine="1", x_fresh="2", x_open="3")

    play = http(reply)
    first = ask(play)
    assert (first["X-Mine"], first["X-Fresh"]) == ("1", "2")
    hit = ask(play)
    assert (outcome(hit), hit["X-Mine"], hit["X-Fresh"], hit["X-Open"]) == ("Hit", None, None, "3")
    assert ask(play, after=61)["X-Fresh"] == "2"
    assert ask(play)["X-Fresh"] is None


def test_lines_of_one_connection_are_neither_passed_on_nor_stored_3_2():
    lines = {
        "connection": "x-foo, keep-alive, cache-control, Age",
        "keep_alive": "1",
        "x_foo": "1",
        "proxy_authenticate": "Basic",
        "proxy_authentication_info": "x",
        "te": "x",
        "upgrade": "x",
    }
    play = http(respond(200, b"x", cache_control="max-age=60", x_bar="2", **lines))
    for answer in (ask(play), ask(play)):
        gone = ("Connection", "Keep-Alive", "X-Foo", "Proxy-Authenticate", "Proxy-Authentication-Info", "TE", "Upgrade")
        assert [answer[name] for name in gone] == [None] * len(gone)
        assert (answer["X-Bar"], answer["Cache-Control"]) == ("2", "max-age=60")


@pytest.mark.parametrize(
    ("choice", "stored", "shown"), [("keep", True, "a=1"), ("strip", True, None), ("no-store", False, "a=1")]
)
def test_set_cookie_is_the_operators_choice_15_3(choice, stored, shown):
    play = http(respond(200, b"x", cache_control="max-age=60", set_cookie="a=1"), rules=Rfc9111(set_cookie=choice))
    assert ask(play)["Set-Cookie"] == "a=1"
    second = ask(play)
    assert ((outcome(second) == "Hit"), second["Set-Cookie"]) == (stored, shown)


# ---------------------------------------------------------------- §4 key and variants


@pytest.mark.parametrize("other", ["/?", "/?a=1", "/?a=1&b=2", "/?b=2&a=1", "/?A=1"])
def test_every_byte_of_the_query_counts_4(other):
    play = http(PAGE)
    paths = ["/", "/?", "/?a=1", "/?a=1&b=2", "/?b=2&a=1", "/?A=1"]
    paths.remove(other)
    for path in paths:
        ask(play, path)
    assert outcome(ask(play, other)) == "Miss"
    assert outcome(ask(play, other)) == "Hit"


def test_host_and_scheme_count_in_one_form_4():
    play = http(PAGE)

    async def act(play):
        heads = [("shop.example", "http"), ("SHOP.example:80", "http"), ("other.example", "http")]
        heads += [("shop.example", "https"), ("shop.example:443", "https")]
        for host, scheme in heads:
            begun = play.pipeline.begin(play_request(host, scheme))
            delivery = begun if not asyncio.iscoroutine(begun) else await asyncio.ensure_future(begun)
            words.append(delivery.obtained.word)

    words = []
    play.run(act)
    assert words == ["Miss", "Hit", "Miss", "Miss", "Hit"]


def play_request(host, scheme):
    return changed(request("/"), headers=Headers([(b"Host", host.encode())]), scheme=scheme)


def test_variants_stand_beside_each_other_4():
    play = http(by_header("Accept-Language"))
    for language in ("de", "fr", "de", "fr"):
        assert ask(play, accept_language=language).body == language.encode()
    assert ask(play).body == b"none"
    assert [outcome(ask(play, accept_language=each)) for each in ("de", "fr")] == ["Hit", "Hit"]
    assert len(play.origin.seen) == 3


@pytest.mark.parametrize(
    ("name", "one", "other", "same"),
    [
        pytest.param("x-a", "1,2", "1 , 2", True, id="space around commas"),
        pytest.param("x-a", " 1 ", "1", True, id="space at the ends"),
        pytest.param("x-a", "a", "A", False, id="letter case"),
        pytest.param("x-a", "1, 2", "2, 1", False, id="order"),
        pytest.param("x-a", '"a , b"', '"a, b"', False, id="inside quotes"),
        pytest.param("accept-language", "de, en;q=0.5", "EN;q=0.50,de", True, id="order and weight of languages"),
        pytest.param("accept-language", "de, en;q=0.5", "de, en;q=0.6", False, id="another weight"),
        pytest.param("accept-encoding", "gzip, br", "br,gzip;q=1", True, id="weight 1"),
        pytest.param("accept", "text/html;level=1", "text/html;level=2", False, id="parameters"),
        pytest.param("accept", "text/html;q=x", "text/html;q=y", False, id="weights that are none"),
        pytest.param("user-agent", "a", "b", False, id="another agent"),
    ],
)
def test_when_a_request_selects_a_variant_4(name, one, other, same):
    word = name.replace("-", "_")
    play = http(by_header(name.title()))
    ask(play, **{word: one})
    assert (outcome(ask(play, **{word: other})) == "Hit") is same


def test_absent_selects_absent_only_4():
    play = http(by_header("X-A"))
    ask(play)
    assert outcome(ask(play)) == "Hit"
    assert outcome(ask(play, x_a="")) == "Miss"


@pytest.mark.parametrize("vary", ["x-a, X-B", "X-B , x-A", ", x-a,,X-B"])
def test_names_in_vary_have_no_case_and_no_order_1_6(vary):
    play = http(respond(200, b"x", cache_control="max-age=60", vary=vary))
    ask(play, x_a="1", x_b="2")
    assert outcome(ask(play, x_b="2", x_a="1", x_c="3")) == "Hit"
    assert outcome(ask(play, x_a="1", x_b="3")) == "Miss"


@pytest.mark.parametrize("vary", ["*", "x-a, *", ", *", "*, x-a"])
def test_a_star_among_others_is_a_star_1_6(vary):
    assert not kept(respond(200, b"x", cache_control="max-age=60", vary=vary))


def test_an_empty_vary_varies_on_nothing_1_6():
    play = http(respond(200, b"x", cache_control="max-age=60", vary=""))
    ask(play)
    assert outcome(ask(play, accept_language="de")) == "Hit"


def test_of_several_that_match_one_that_varies_and_is_the_latest_answers_4():
    def dated(body, seconds, **more):
        return lambda: respond(200, body, date=format_date(play.clock.now + seconds).decode(), **more)

    control = {"cache_control": "max-age=1000"}
    play = http()
    replies = [
        dated(b"plain", 0, **control),
        dated(b"by a", -5, vary="x-a", **control),
        dated(b"by b", -10, vary="x-b", **control),
    ]
    play.origin.replies["/"] = lambda request: replies.pop(0)()
    assert ask(play, x_a="1").body == b"plain"
    assert ask(play, x_a="1", cache_control="no-cache").body == b"by a"
    assert ask(play, x_b="1", x_a="2", cache_control="no-cache").body == b"by b"
    assert ask(play, x_a="1", x_b="1").body == b"by a"
    assert ask(play, x_a="2", x_b="1").body == b"by b"
    assert ask(play, x_a="3", x_b="3").body == b"plain"
    assert len(play.origin.seen) == 3


def test_on_a_variant_miss_the_origin_is_told_of_the_others_and_may_name_one_4():
    def reply(request):
        tags = request.headers.get(b"if-none-match")
        if tags is not None and b'"de"' in tags:
            return respond(304, etag='"de"', cache_control="max-age=60", vary="Accept-Language")
        return by_header("Accept-Language")(request)

    play = http(reply)
    ask(play, accept_language="de")
    second = ask(play, accept_language="at")
    assert (second.body, outcome(second)) == (b"de", "RefreshHit")
    assert asked(play, b"if-none-match") == [None, b'"de"']
    assert outcome(ask(play, accept_language="at")) == "Hit"
    assert outcome(ask(play, accept_language="de")) == "Hit"


def test_variants_have_a_bound_4():
    play = http(by_header("X-A", etag=""))
    for number in range(MOST_VARIANTS + 2):
        ask(play, x_a=str(number))
    assert outcome(ask(play, x_a="2")) == "Hit"
    assert outcome(ask(play, x_a="0")) == "Miss"
    assert len(play.store) <= MOST_VARIANTS + 2


# ---------------------------------------------------------------- §7 request directives


@pytest.mark.parametrize(
    ("control", "after", "expected"),
    [
        pytest.param("max-age=30", 30, "Hit", id="young enough"),
        pytest.param("max-age=30", 31, "RefreshHit", id="too old"),
        pytest.param("max-age=0", 0, "RefreshHit", id="max-age=0 always validates"),
        pytest.param("max-age=x", 31, "Hit", id="a malformed directive is ignored"),
        pytest.param("min-fresh=20", 40, "Hit", id="fresh enough"),
        pytest.param("min-fresh=20", 41, "RefreshHit", id="not fresh enough"),
        pytest.param("no-cache", 0, "RefreshHit", id="no-cache"),
        pytest.param("max-stale", 1000, "Hit", id="max-stale without a value"),
        pytest.param("max-stale=10", 70, "Hit", id="within max-stale"),
        pytest.param("max-stale=10", 71, "RefreshHit", id="beyond max-stale"),
        pytest.param("max-age=10, max-stale=100", 80, "Hit", id="max-stale beside max-age, stale"),
        pytest.param("max-age=10, max-stale=100", 20, "RefreshHit", id="max-stale beside max-age, fresh"),
        pytest.param("unknown=1, immutable", 0, "Hit", id="others have no effect"),
        pytest.param("", 60, "RefreshHit", id="without any: stale at its lifetime"),
        pytest.param("", 59, "Hit", id="without any: fresh before"),
    ],
)
def test_what_a_request_may_ask_of_the_cache_7(control, after, expected):
    play = http(lambda r: respond(304, etag='"v1"') if b"if-none-match" in r.headers else PAGE)
    ask(play)
    answer = ask(play, after=after, **({"cache_control": control} if control else {}))
    assert outcome(answer) == expected
    assert answer.body == b"a page"
    if expected != "Hit" and control:
        assert asked(play, b"cache-control")[-1] == control.encode(), "it is forwarded"


def test_requests_directives_can_be_switched_off_7():
    play = http(PAGE, rules=Rfc9111(request_directives=False))
    ask(play)
    assert outcome(ask(play, cache_control="no-cache")) == "Hit"


def test_only_if_cached_is_answered_from_the_store_or_with_504_7():
    play = http(PAGE)
    nothing = ask(play, cache_control="only-if-cached")
    assert (nothing.status, play.origin.seen) == (504, [])
    ask(play)
    assert outcome(ask(play, cache_control="only-if-cached")) == "Hit"
    assert ask(play, after=61, cache_control="only-if-cached").status == 504
    assert ask(play, cache_control="only-if-cached, max-stale").body == b"a page"
    assert ask(play, cache_control="only-if-cached, no-cache").status == 504
    assert len(play.origin.seen) == 1


def test_pragma_of_a_request_is_ignored_21():
    play = http(PAGE)
    ask(play)
    assert outcome(ask(play, pragma="no-cache")) == "Hit"


# ---------------------------------------------------------------- §9 sending a stored response


def test_age_grows_and_date_stays_9_1():
    play = http(PAGE)
    first = ask(play)
    second = ask(play, after=12)
    assert (first["Age"], second["Age"]) == (None, "12")
    assert second["Date"] == first["Date"]


def test_an_age_of_the_origin_is_passed_on_on_a_miss_and_counted_on_a_hit_6_9_1():
    play = http(respond(200, b"x", cache_control="max-age=60", age="50"))
    assert ask(play)["Age"] == "50"
    assert ask(play, after=9)["Age"] == "59"
    assert outcome(ask(play, after=1)) == "Miss"


def test_the_delay_of_the_response_counts_6():
    play = http(lambda r: play.clock.advance(20) or PAGE)
    ask(play)
    assert ask(play, after=5)["Age"] == "25"


def test_a_date_in_the_past_counts_as_age_and_one_ahead_does_not_6():
    def dated(seconds):
        return respond(200, b"x", cache_control="max-age=60", date=format_date(1_775_556_000 + seconds).decode())

    play = http(dated(-40))
    ask(play)
    assert ask(play)["Age"] == "40"
    play = http(dated(40))
    ask(play)
    assert ask(play)["Age"] == "0"


@pytest.mark.parametrize("date", [None, "now", "0"])
def test_a_date_is_given_where_none_can_be_read_1_4(date):
    play = http(respond(200, b"x", cache_control="max-age=60", **({"date": date} if date else {})))
    assert [ask(play)["Date"] for _ in range(2)] == ["Tue, 07 Apr 2026 10:00:00 GMT"] * 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"if_none_match": '"v1"'}, 304, id="equal"),
        pytest.param({"if_none_match": 'W/"v1"'}, 304, id="weakly equal"),
        pytest.param({"if_none_match": "*"}, 304, id="any"),
        pytest.param({"if_none_match": '"v0", "a,b", "v1"'}, 304, id="in a list"),
        pytest.param({"if_none_match": '"v2"'}, 200, id="another"),
        pytest.param(
            {"if_none_match": '"v2"', "if_modified_since": "Tue, 07 Apr 2026 11:00:00 GMT"}, 200, id="the tag decides"
        ),
        pytest.param({"if_modified_since": "Tue, 07 Apr 2026 10:00:00 GMT"}, 304, id="not modified since Date"),
        pytest.param({"if_modified_since": "Tue, 07 Apr 2026 09:59:59 GMT"}, 200, id="modified since"),
        pytest.param({"if_modified_since": "yesterday"}, 200, id="no date"),
    ],
)
def test_a_stored_response_answers_conditions_9_2(headers, status):
    play = http(respond(200, b"a page", cache_control="max-age=60", etag='"v1"', x_more="1"))
    ask(play)
    answer = ask(play, after=3, **headers)
    assert (answer.status, outcome(answer), answer["Age"]) == (status, "Hit", "3")
    if status == 304:
        assert (answer["ETag"], answer["Cache-Control"]) == ('"v1"', "max-age=60")
        assert (answer.body, answer["Content-Length"], answer["X-More"]) == (b"", None, None)


@pytest.mark.parametrize("name", ["if_match", "if_unmodified_since"])
def test_conditions_that_are_not_for_a_cache_are_forwarded_9_2(name):
    play = http(PAGE)
    ask(play)
    assert outcome(ask(play, **{name: '"v1"'})) == "Miss"
    assert play.origin.seen[-1].headers.get(name.replace("_", "-").encode()) == b'"v1"'


def test_conditions_count_for_200_only_9_2():
    play = http(respond(404, b"gone", cache_control="max-age=60", etag='"v1"'))
    ask(play)
    answer = ask(play, if_none_match='"v1"')
    assert (answer.status, answer["Age"]) == (404, "0")


def test_a_stored_get_answers_head_and_a_stored_head_answers_heads_only_9_4():
    play = http(lambda r: respond(200, b"" if r.method == "HEAD" else b"a page", content_length="6", **CONTROL))
    assert ask(play, method="HEAD")["Content-Length"] == "6"
    assert outcome(ask(play, method="HEAD")) == "Hit"
    assert outcome(ask(play)) == "Miss"
    assert outcome(ask(play, method="HEAD")) == "Hit"
    assert [request.method for request in play.origin.seen] == ["HEAD", "GET"]


CONTROL = {"cache_control": "max-age=60"}


# ---------------------------------------------------------------- §10 validation


def test_the_viewers_condition_goes_on_with_nothing_stored_and_its_304_comes_back_10_1():
    play = http(lambda r: respond(304, etag="v1") if b"if-none-match" in r.headers else PAGE)
    answer = ask(play, if_none_match='v1, "odd')
    assert (answer.status, asked(play, b"if-none-match")) == (304, [b'v1, "odd'])
    assert outcome(ask(play)) == "Miss"


@pytest.mark.parametrize(
    ("tag", "theirs", "sent"),
    [
        pytest.param('"v1"', None, b'"v1"', id="ours"),
        pytest.param('W/"v1"', None, b'W/"v1"', id="a weak one stays weak"),
        pytest.param("v1", None, b"v1", id="a malformed one as it is"),
        pytest.param('"v1"', '"v0", W/"v9"', b'"v0", W/"v9", "v1"', id="merged"),
        pytest.param('"v1"', '"v1"', b'"v1"', id="merged, once"),
        pytest.param('"v1"', '"v0", odd', b'"v1"', id="theirs cannot be read"),
        pytest.param('"v1"', "*", b'"v1"', id="theirs is any"),
    ],
)
def test_how_the_origin_is_asked_whether_a_response_holds_10_2(tag, theirs, sent):
    modified = "Mon, 06 Apr 2026 00:00:00 GMT"
    play = http(respond(200, b"x", etag=tag, last_modified=modified, **CONTROL))
    ask(play, x_own="1")
    headers = {"if_none_match": theirs} if theirs else {}
    ask(play, after=61, x_own="2", range="bytes=0-0", if_range='"v1"', **headers)
    last = play.origin.seen[-1].headers
    assert (last.get(b"if-none-match"), last.get(b"if-modified-since")) == (sent, modified.encode())
    assert (last.get(b"x-own"), last.get(b"range"), last.get(b"if-range")) == (b"2", None, None)


def test_a_response_without_validator_is_fetched_anew_10_2():
    play = http(respond(200, b"x", **CONTROL))
    ask(play)
    assert outcome(ask(play, after=61)) == "Miss"
    assert asked(play, b"if-none-match") == [None, None]


def test_a_304_updates_fields_and_lifetime_but_no_framing_10_3():
    new = respond(304, etag='"v1"', cache_control="max-age=100", content_length="99", content_type="b", x_new="1")
    play = http(respond(200, b"a page", etag='"v1"', content_type="a", x_old="1", age="3", **CONTROL), new)
    ask(play)
    fresh = ask(play, after=61)
    assert (fresh.status, outcome(fresh), fresh.body, fresh["Age"]) == (200, "RefreshHit", b"a page", "0")
    hit = ask(play, after=99)
    fields = ("Content-Length", "Content-Type", "X-Old", "X-New", "Age", "Cache-Control")
    assert [hit[name] for name in fields] == ["6", "b", "1", "1", "99", "max-age=100"]


@pytest.mark.parametrize(
    ("stored", "told", "confirmed"),
    [
        pytest.param({"etag": '"v1"'}, {"etag": '"v1"'}, True, id="the same strong tag"),
        pytest.param({"etag": '"v1"'}, {"etag": '"v2"'}, False, id="another strong tag"),
        pytest.param({"etag": 'W/"v1"'}, {"etag": '"v1"'}, False, id="a strong tag for a weak one"),
        pytest.param({"etag": 'W/"v1"'}, {"etag": 'W/"v1"'}, True, id="the same weak tag"),
        pytest.param({"etag": '"v1"'}, {}, True, id="no validator, and just one response"),
        pytest.param({"last_modified": "a"}, {"last_modified": "a"}, True, id="the same date"),
        pytest.param({"last_modified": "a"}, {"last_modified": "b"}, False, id="another date"),
    ],
)
def test_which_response_a_304_speaks_of_10_3(stored, told, confirmed):
    replies = [respond(200, b"old", **stored, **CONTROL), respond(304, **told), respond(200, b"new", **CONTROL)]
    play = http(*replies)
    ask(play)
    answer = ask(play, after=61)
    assert (answer.status, answer.body) == (200, b"old" if confirmed else b"new")
    assert len(play.origin.seen) == (2 if confirmed else 3)
    if not confirmed:
        last = play.origin.seen[-1].headers
        assert (last.get(b"if-none-match"), last.get(b"if-modified-since")) == (None, None)
    assert ask(play).body == answer.body


def test_a_304_that_names_the_viewers_tag_is_the_viewers_10_1():
    play = http(PAGE, respond(304, etag='"v2"'), respond(200, b"new", etag='"v2"', **CONTROL))
    ask(play)
    assert ask(play, after=61, if_none_match='"v2"').status == 304
    assert ask(play).body == b"new"


def test_a_304_without_a_tag_to_a_merged_list_says_nothing_10_3():
    play = http(PAGE, respond(304), respond(200, b"new", etag='"v2"', **CONTROL))
    ask(play)
    answer = ask(play, after=61, if_none_match='"v0"')
    assert (answer.status, answer.body) == (200, b"new")


def test_the_viewer_gets_304_or_200_by_its_own_condition_after_a_validation_10_3():
    play = http(PAGE, respond(304, etag='"v1"'))
    ask(play)
    assert ask(play, after=61, if_none_match='"v1"').status == 304
    assert ask(play, after=61, if_none_match='"v0"').body == b"a page"
    assert ask(play, after=61, range="bytes=2-3").body == b"pa"


def test_a_confirmed_response_that_may_not_be_stored_any_more_is_given_once_10_3():
    play = http(PAGE, respond(304, etag='"v1"', cache_control="no-store"), respond(200, b"new", **CONTROL))
    ask(play)
    assert ask(play, after=61).body == b"a page"
    assert ask(play).body == b"new"


@pytest.mark.parametrize("status", [200, 301, 404, 410])
def test_a_full_answer_replaces_or_at_least_removes_10_3(status):
    play = http(PAGE, respond(status, b"new", cache_control="no-store"), OriginConnectError("down"))
    ask(play)
    assert (ask(play, after=61).status, ask(play).status) == (status, 504)


def test_a_failure_that_is_passed_on_leaves_the_response_in_place_10_3_11_2():
    play = http(PAGE, respond(503, b"broken", cache_control="max-age=1000"), respond(304, etag='"v1"'))
    ask(play)
    assert ask(play, after=61).status == 503
    assert ask(play).body == b"a page"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param({"etag": '"v1"', "content_length": "6", "x_new": "1"}, ("Hit", "1"), id="equal: updated"),
        pytest.param({"etag": '"v2"'}, ("Miss", None), id="another tag: found out of date"),
        pytest.param({"etag": '"v1"', "content_length": "7"}, ("Miss", None), id="another length"),
        pytest.param({"last_modified": "x"}, ("Miss", None), id="another date"),
    ],
)
def test_a_head_tells_of_the_stored_get_10_4(head, expected):
    def reply(request):
        if request.method == "HEAD":
            return respond(200, **{"content_length": "6", "cache_control": "max-age=100", **head})
        return PAGE

    play = http(reply)
    ask(play)
    ask(play, method="HEAD", cache_control="no-cache")
    answer = ask(play, after=30)
    assert (outcome(answer), answer["X-New"]) == expected


def test_a_head_without_anything_to_compare_tells_nothing_10_4():
    bare = changed(respond(200, **CONTROL), headers=Headers([(b"Cache-Control", b"max-age=100")]))
    play = http(lambda r: bare if r.method == "HEAD" else PAGE)
    ask(play)
    ask(play, method="HEAD", cache_control="no-cache")
    assert outcome(ask(play)) == "Hit"


# ---------------------------------------------------------------- §11 stale use


@pytest.mark.parametrize(
    ("control", "usable"),
    [
        ("max-age=60", True),
        ("no-cache, max-age=60", False),
        ("max-age=60, must-revalidate", False),
        ("max-age=60, proxy-revalidate", False),
        ("s-maxage=60", False),
        ("max-age=60, must-revalidate, stale-if-error=100", False),
        ("s-maxage=60, stale-if-error=100", True),
        ("max-age=60, stale-if-error=0", False),
    ],
)
@pytest.mark.parametrize("error", [OriginConnectError("down"), OriginTimeout("late"), OriginProtocolError("broke")])
def test_without_an_origin_a_stale_response_is_used_unless_that_is_forbidden_11_1_11_2(control, usable, error):
    play = http(respond(200, b"old", etag='"1"', cache_control=control), error)
    ask(play)
    answer = ask(play, after=70)
    expected = 502 if isinstance(error, OriginProtocolError) else 504
    assert answer.status == (200 if usable else expected)
    if usable:
        assert (answer.body, answer["Age"]) == (b"old", "70")
    else:
        assert answer.body, "a response of our own has a body"


def test_a_prohibition_beside_s_maxage_is_the_operators_choice_11_1():
    rules = Rfc9111(stale_beside_s_maxage=False)
    reply = respond(200, b"old", cache_control="s-maxage=60, stale-if-error=100")
    play = http(reply, OriginConnectError("down"), rules=rules)
    ask(play)
    assert ask(play, after=61).status == 504


def test_max_stale_does_not_beat_must_revalidate_7_11_1():
    play = http(respond(200, b"old", etag='"1"', cache_control="max-age=60, must-revalidate"), respond(304))
    ask(play)
    assert outcome(ask(play, after=61, cache_control="max-stale")) == "RefreshHit"


def test_without_an_origin_a_response_is_stale_for_so_long_11_2():
    play = http(respond(200, b"old", cache_control="max-age=60"), OriginConnectError("x"), rules=Rfc9111(max_stale=10))
    ask(play)
    assert ask(play, after=69).status == 200
    assert ask(play, after=1).status == 504


@pytest.mark.parametrize(
    ("status", "after", "expected"),
    [
        *[(status, 70, 200) for status in (500, 502, 503, 504)],
        *[(status, 70, status) for status in (501, 505, 404, 429)],
        (503, 90, 200),
        (503, 91, 503),
    ],
)
def test_stale_if_error_covers_these_failures_within_its_window_11_2(status, after, expected):
    play = http(respond(200, b"old", cache_control="max-age=60, stale-if-error=30"), respond(status, b"broken"))
    ask(play)
    assert ask(play, after=after).status == expected


def test_a_5xx_without_stale_if_error_is_passed_on_and_a_request_may_ask_for_cover_11_2_7():
    play = http(respond(200, b"old", cache_control="max-age=60"), respond(503, b"broken"))
    ask(play)
    assert ask(play, after=61).status == 503
    assert ask(play, cache_control="stale-if-error=10").body == b"old"
    assert ask(play, after=20, cache_control="stale-if-error=10").status == 503


def test_stale_while_revalidate_answers_at_once_and_refreshes_once_behind_11_3():
    play = http(respond(200, b"old", cache_control="max-age=60, stale-while-revalidate=30"), PAGE)

    async def act(play):
        await play.ask("/")
        play.clock.advance(90)
        answers = await asyncio.gather(*(play.ask("/", if_none_match='"x"') for _ in range(100)))
        while len(play.flights):
            await asyncio.sleep(0)
        return answers, await play.ask("/")

    answers, after = play.run(act)
    assert {(answer.body, answer["Age"]) for answer in answers} == {(b"old", "90")}
    assert len(play.origin.seen) == 2
    assert play.origin.seen[-1].headers.get(b"if-none-match") is None, "nobody's own condition"
    assert after.body == b"a page"
    play = http(respond(200, b"old", cache_control="max-age=60, stale-while-revalidate=30"), PAGE)
    ask(play)
    assert ask(play, after=91).body == b"a page"


# ---------------------------------------------------------------- §12 invalidation


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "PURGE"])
@pytest.mark.parametrize(("status", "gone"), [(200, True), (204, True), (303, True), (404, False), (500, False)])
def test_unsafe_methods_invalidate_unless_they_fail_12(method, status, gone):
    play = http(lambda r: by_header("X-A")(r) if r.method in {"GET", "HEAD"} else respond(status))
    for value in ("1", "2"):
        ask(play, x_a=value)
    assert ask(play, method=method, body=b"x").status == status
    assert [outcome(ask(play, x_a=value)) for value in ("1", "2")] == ["Miss" if gone else "Hit"] * 2


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE"])
def test_safe_methods_invalidate_nothing_8_12(method):
    play = http(PAGE)
    ask(play)
    ask(play, method=method)
    assert outcome(ask(play)) == "Hit"


@pytest.mark.parametrize(
    ("header", "reference", "gone"),
    [
        ("location", "/a/b", True),
        ("location", "a/b", True),
        ("location", "http://shop.example/a/b", True),
        ("location", "http://SHOP.example:80/a/./x/../b#part", True),
        ("content_location", "//shop.example/a/b", True),
        ("location", "http://other.example/a/b", False),
        ("location", "https://shop.example/a/b", False),
        ("location", "http://shop.example:8080/a/b", False),
        ("location", "/a/b?q", False),
    ],
)
def test_what_an_answer_names_is_invalidated_too_if_it_is_of_the_same_origin_12(header, reference, gone):
    play = http(lambda r: PAGE if r.method == "GET" else respond(201, **{header: reference}))
    ask(play, "/a/b")
    ask(play, "/other")
    ask(play, "/", "POST", b"x")
    assert outcome(ask(play, "/a/b")) == ("Miss" if gone else "Hit")
    assert outcome(ask(play, "/other")) == "Hit"


def test_no_answer_invalidates_nothing_12():
    play = http(PAGE, OriginConnectError("down"), PAGE)
    ask(play)
    assert ask(play, method="PUT", body=b"x").status == 504
    assert outcome(ask(play)) == "Hit"


def test_a_response_fetched_before_an_unsafe_request_does_not_bring_the_old_state_back_12():
    gate = asyncio.Event()

    async def slow(request):
        if request.method == "PUT":
            return respond(204)
        await gate.wait()
        return PAGE

    play = http()
    play.origin.replies["/"] = slow

    async def act(play):
        asking = asyncio.ensure_future(play.ask("/"))
        while not play.origin.seen:
            await asyncio.sleep(0)
        play.clock.advance(1)
        await play.ask("/", "PUT", b"x")
        gate.set()
        await asking
        return await play.ask("/")

    assert outcome(play.run(act)) == "Miss"
    assert outcome(ask(play)) == "Hit"


# ---------------------------------------------------------------- §13 ranges


def test_a_range_of_a_stored_response_13_1():
    play = http(PAGE)
    ask(play)
    part = ask(play, range="bytes=2-3")
    assert (part.status, part.body, part["Content-Range"], part["Age"]) == (206, b"pa", "bytes 2-3/6", "0")
    assert ask(play, range="bytes=9-").status == 416
    assert ask(play, range="bytes=2-3", if_range='"v0"').status == 200
    assert ask(play, range="bytes=2-3", if_none_match='"v1"').status == 304


def test_parts_are_kept_by_variant_13_3():
    def reply(request):
        whole = (request.headers.get(b"x-a") or b"-") * 6
        first, last = (int(text) for text in request.headers.get(b"range")[6:].split(b"-"))
        part = whole[first : last + 1]
        control = {"vary": "X-A", "etag": f'"{whole[:1].decode()}"', **CONTROL}
        return respond(206, part, content_range=f"bytes {first}-{last}/6", **control)

    play = http(reply)
    for letter in ("a", "b"):
        ask(play, range="bytes=0-3", x_a=letter)
    assert [ask(play, range="bytes=1-2", x_a=letter).body for letter in ("a", "b")] == [b"aa", b"bb"]
    assert len(play.origin.seen) == 2
    ask(play, range="bytes=3-5", x_a="a")
    assert (ask(play, x_a="a").body, ask(play, x_a="a").status) == (b"aaaaaa", 200)


def test_a_part_that_contradicts_itself_is_passed_on_and_not_kept_13_3():
    play = http(respond(206, b"abc", content_range="bytes 0-9/20", **CONTROL))
    assert ask(play, range="bytes=0-9").status == 206
    ask(play, range="bytes=0-1")
    assert len(play.origin.seen) == 2


# ---------------------------------------------------------------- §14 methods


def test_a_post_answer_is_kept_for_later_gets_where_it_says_so_14_3():
    made = respond(200, b"made", content_location="/", **CONTROL)
    play = http(lambda r: made if r.method == "POST" else PAGE)
    ask(play)
    assert ask(play, method="POST", body=b"x").body == b"made"
    assert (ask(play).body, outcome(ask(play, method="HEAD"))) == (b"made", "Hit")
    assert ask(play, method="POST", body=b"x").body == b"made"
    assert [request.method for request in play.origin.seen] == ["GET", "POST", "POST"]


@pytest.mark.parametrize("headers", [{}, CONTROL, {"content_location": "/"}, {"content_location": "/other", **CONTROL}])
def test_other_post_answers_are_not_kept_14_3(headers):
    play = http(lambda r: respond(200, b"made", **headers) if r.method == "POST" else PAGE)
    ask(play, method="POST", body=b"x")
    assert ask(play).body == b"a page"


def test_a_get_with_a_body_goes_to_the_origin_and_leaves_the_store_alone_14_4():
    play = http(PAGE)
    ask(play)
    assert outcome(ask(play, body=b"x")) == "Miss"
    assert play.origin.seen[-1].body.data == b"x"
    assert outcome(ask(play)) == "Hit"


@pytest.mark.parametrize(("left", "seen"), [("0", None), ("1", b"0"), ("12", b"11"), ("x", b"x")])
@pytest.mark.parametrize("method", ["OPTIONS", "TRACE"])
def test_max_forwards_is_counted_down_14_1(method, left, seen):
    play = http(respond(200, b"there"))
    answer = ask(play, method=method, max_forwards=left, cookie="secret=1")
    assert answer.status == 200
    assert asked(play, b"max-forwards") == ([] if seen is None else [seen])
    if seen is None and method == "TRACE":
        assert answer["Content-Type"] == "message/http"
        assert answer.body.startswith(b"TRACE / HTTP/1.1\r\nHost: shop.example\r\n")
        assert b"secret" not in answer.body


def test_no_method_is_refused_14_2_20_16():
    play = http(respond(200, b"x"))
    for method in ("PUT", "DELETE", "PROPFIND", "BREW"):
        assert ask(play, method=method).status == 200


# ---------------------------------------------------------------- §16 status codes


@pytest.mark.parametrize("status", [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])
def test_the_lifetime_of_these_may_be_guessed_5_1_16_2(status):
    modified = format_date(1_775_556_000 - 1000).decode()
    play = http(respond(status, b"", last_modified=modified))
    ask(play)
    assert ask(play, after=99)["Age"] == "99"
    assert ask(play, after=2)["Age"] != "101"


@pytest.mark.parametrize("status", [201, 202, 302, 303, 307, 403, 500, 502, 503, 504, 299])
def test_that_of_others_only_with_public_16_2(status):
    modified = format_date(1_775_556_000 - 1000).decode()
    assert not kept(respond(status, b"", last_modified=modified))
    assert kept(respond(status, b"", last_modified=modified, cache_control="public"))


@pytest.mark.parametrize("status", [201, 299, 302, 360, 403, 418, 499, 500, 599])
def test_with_explicit_freshness_every_status_is_stored_16_3(status):
    play = http(respond(status, b"x", **CONTROL))
    assert ask(play).status == status
    assert (ask(play, after=9).status, ask(play)["Age"]) == (status, "9")


# ---------------------------------------------------------------- §17 framing


def test_a_body_that_breaks_off_is_not_stored_13_5_17_2():
    def broken(request):
        async def pieces():
            yield b"half"
            raise OriginProtocolError("reset")

        return changed(respond(200, **CONTROL), headers=Headers([(b"Cache-Control", b"max-age=60")]), body=body(pieces))

    def body(pieces):
        return StreamBody(pieces(), length=10)

    play = http(broken, PAGE)
    assert ask(play).error is not None
    assert ask(play).body == b"a page"


# ---------------------------------------------------------------- §18 collapsed forwarding


def together(play, count, **headers):
    async def act(play):
        return await asyncio.gather(*(play.ask("/", **headers) for _ in range(count)))

    return play.run(act)


async def slowly(response):
    for _ in range(3):
        await asyncio.sleep(0)
    return response


def test_a_hundred_misses_are_one_request_18():
    play = http(lambda r: slowly(PAGE))
    answers = together(play, 100)
    assert {answer.body for answer in answers} == {b"a page"}
    assert len(play.origin.seen) == 1
    assert sum(answer.delivery.obtained.collapsed is True for answer in answers) == 99


def test_what_may_not_be_stored_is_fetched_by_all_at_once_18():
    play = http(lambda r: slowly(respond(200, b"x", cache_control="no-store")))
    assert len(together(play, 10)) == 10
    assert len(play.origin.seen) == 10
    together(play, 10)
    assert len(play.origin.seen) == 20


def test_those_who_want_another_variant_go_on_their_own_18():
    play = http(lambda r: slowly(by_header("X-A")(r)))

    async def act(play):
        return await asyncio.gather(*(play.ask("/", x_a=str(number % 3)) for number in range(9)))

    answers = play.run(act)
    assert [answer.body for answer in answers] == [b"0", b"1", b"2"] * 3
    assert len(play.origin.seen) == 3, "one for each variant"


@pytest.mark.parametrize("headers", [{"authorization": "x"}, {"range": "bytes=0-1"}, {"cache_control": "no-cache"}])
def test_these_are_never_collapsed_18(headers):
    play = http(lambda r: slowly(PAGE))
    together(play, 3, **headers)
    assert len(play.origin.seen) == 3


# ---------------------------------------------------------------- §2, §20 targeted fields


@pytest.mark.parametrize(
    ("fields", "targets", "seconds"),
    [
        pytest.param({"cdn_cache_control": "max-age=100"}, None, 100, id="it counts"),
        pytest.param({"cdn_cache_control": "max-age=100", "expires": "0"}, None, 100, id="and Expires does not"),
        pytest.param({"cdn_cache_control": ""}, None, 60, id="empty: Cache-Control"),
        pytest.param({"cdn_cache_control": "max-age = 100"}, None, 60, id="malformed: Cache-Control"),
        pytest.param({"cdn_cache_control": "max-age=100"}, (), 60, id="not a target"),
        pytest.param({"surrogate_control": "max-age=100"}, None, 60, id="another field"),
        pytest.param({"x_b": "max-age=7", "x_a": "max-age=9"}, (b"x-a", b"x-b"), 9, id="the first target counts"),
        pytest.param({"x_b": "max-age=7", "x_a": "!"}, (b"x-a", b"x-b"), 7, id="the first that can be read"),
    ],
)
def test_targeted_fields_replace_cache_control_2(fields, targets, seconds):
    rules = Rfc9111() if targets is None else Rfc9111(targeted_fields=targets)
    play = http(respond(200, b"x", cache_control="max-age=60", **fields), rules=rules)
    first = ask(play)
    assert all(first[name.replace("_", "-")] == text for name, text in fields.items()), "passed on"
    assert outcome(ask(play, after=seconds - 1)) == "Hit"
    assert outcome(ask(play, after=1)) == "Miss"


# ---------------------------------------------------------------- around


def test_a_cache_policy_whose_ttls_are_0_turns_the_cache_off():
    off = changed(behavior().cache_policy, min_ttl=0, default_ttl=0, max_ttl=0)
    play = http(PAGE, cache_policy=off)
    ask(play)
    assert outcome(ask(play)) == "Miss"
    assert ask(play, cache_control="only-if-cached").status == 504


def test_headers_that_a_cache_policy_names_separate_4():
    policy = changed(behavior().cache_policy, headers=only("x-a"))
    play = http(PAGE, cache_policy=policy)
    ask(play, x_a="1")
    assert outcome(ask(play, x_a="1", x_b="2")) == "Hit"
    assert outcome(ask(play, x_a="2")) == "Miss"


def test_the_origin_is_asked_under_the_viewers_host():
    play = http(PAGE)
    ask(play)
    assert asked(play, b"host") == [b"shop.example"]
    assert SITE.host == "origin.example.org"


def test_no_transform_forbids_compression_7():
    policy = changed(behavior().cache_policy, gzip=True, brotli=True)
    for control, coding in (("max-age=60", "br"), ("max-age=60, no-transform", None)):
        play = http(
            respond(200, b"a" * 2000, content_type="text/plain", cache_control=control),
            cache_policy=policy,
            compress=True,
        )
        assert ask(play, accept_encoding="gzip, br")["Content-Encoding"] == coding
        assert outcome(ask(play, accept_encoding="gzip, br")) == "Hit"
        assert outcome(ask(play)) == "Miss"
        ask(play, method="POST", body=b"x")
        assert outcome(ask(play, accept_encoding="gzip, br")) == "Miss"
