"""Sources: cloudfront.md §2.1 (what a key takes), §2.2 (Accept-Encoding), §2.3 (two policies)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from plays import OBEDIENT, behavior, changed
from strategies import cookies, listed, parameters, selections

from edgerun.distribution.model import Choice, OriginRequestPolicy, Selection
from edgerun.distribution.select import (
    accept_encoding,
    forwarded,
    forwards_cookies,
    key_cookies,
    pick_cookies,
    pick_query,
    to_origin,
)

NONE, ALL, ALL_VIEWER = Selection(), Selection(choice=Choice.ALL), Selection(choice=Choice.ALL_VIEWER)


def only(*names):
    return Selection(choice=Choice.ONLY, names=frozenset(names))


def but(*names):
    return Selection(choice=Choice.EXCEPT, names=frozenset(names))


# ---------------------------------------------------------------- Accept-Encoding

BOTH = changed(OBEDIENT, gzip=True, brotli=True)
GZIP = changed(OBEDIENT, gzip=True)
BROTLI = changed(OBEDIENT, brotli=True)


# §2.2, row by row
@pytest.mark.parametrize(
    ("policy", "value", "key", "sent"),
    [
        pytest.param(BOTH, None, None, None, id="any: absent"),
        pytest.param(GZIP, None, None, None, id="gzip only: absent"),
        pytest.param(BROTLI, None, None, None, id="brotli only: absent"),
        pytest.param(BOTH, b"gzip, br", b"br,gzip", b"br,gzip", id="both: gzip and br"),
        pytest.param(BOTH, b"gzip, deflate, br, zstd", b"br,gzip", b"br,gzip", id="both: a browser's"),
        pytest.param(BOTH, b"gzip", b"gzip", b"gzip", id="both: only gzip"),
        pytest.param(BOTH, b"br", b"br", b"br", id="both: only br"),
        pytest.param(BOTH, b"deflate", None, b"identity", id="both: neither"),
        pytest.param(GZIP, b"gzip", b"gzip", b"gzip", id="gzip only: has gzip"),
        pytest.param(GZIP, b"br, gzip", b"gzip", b"gzip", id="gzip only: has both"),
        pytest.param(GZIP, b"br", None, b"identity", id="gzip only: no gzip"),
        pytest.param(BROTLI, b"br", b"br", b"br", id="brotli only: has br"),
        pytest.param(BROTLI, b"br, gzip", b"br", b"br", id="brotli only: has both"),
        pytest.param(BROTLI, b"gzip", None, b"identity", id="brotli only: no br"),
        pytest.param(BOTH, b"GZIP,Br", b"br,gzip", b"br,gzip", id="case does not count"),
        pytest.param(BOTH, b"gzip;q=0, br", b"br", b"br", id="q=0 is a refusal"),
        pytest.param(BOTH, b"gzip; q=0.000, br;q=0.5", b"br", b"br", id="q=0.000 too"),
        pytest.param(BOTH, b"gzip;\tQ=0", None, b"identity", id="a tab before the weight"),
        pytest.param(BOTH, b"gzip;q=0.001", b"gzip", b"gzip", id="the least weight is no refusal"),
        pytest.param(BOTH, b"xgzip, brx", None, b"identity", id="whole tokens only"),
        pytest.param(BOTH, b"*", None, b"identity", id="a star names neither"),
        pytest.param(BOTH, b"", None, b"identity", id="present and empty"),
    ],
)
def test_accept_encoding_is_normalised(policy, value, key, sent):
    assert accept_encoding(policy, value, "1.1") == (key, sent)


def test_accept_encoding_of_an_http_1_0_viewer_is_removed():
    assert accept_encoding(BOTH, b"gzip, br", "1.0") == (None, None)


@given(st.binary(max_size=30), st.booleans(), st.booleans())
def test_any_accept_encoding_becomes_one_of_a_few(value, gzip, brotli):
    key, sent = accept_encoding(changed(OBEDIENT, gzip=gzip, brotli=brotli), value, "1.1")
    assert key in {None, b"gzip", b"br", b"br,gzip"}
    assert sent == (key or b"identity")
    assert gzip or b"gzip" not in sent
    assert brotli or b"br" not in sent


# ---------------------------------------------------------------- two policies


# §2.3, cell by cell; a is named by the cache policy, b by the origin request policy, ab by both, x by none
@pytest.mark.parametrize(
    ("cache", "origin", "taken"),
    [
        pytest.param(NONE, NONE, "", id="none, none"),
        pytest.param(NONE, ALL, "a b ab x", id="none, all"),
        pytest.param(NONE, ALL_VIEWER, "a b ab x", id="none, all viewer"),
        pytest.param(NONE, only(b"b", b"ab"), "b ab", id="none, allow"),
        pytest.param(NONE, but(b"b", b"ab"), "a x", id="none, block"),
        pytest.param(ALL, NONE, "a b ab x", id="all, none"),
        pytest.param(ALL, ALL, "a b ab x", id="all, all"),
        pytest.param(ALL, only(b"b", b"ab"), "a b ab x", id="all, allow"),
        pytest.param(ALL, but(b"b", b"ab"), "a b ab x", id="all, block: the cache policy wins"),
        pytest.param(only(b"a", b"ab"), NONE, "a ab", id="allow, none"),
        pytest.param(only(b"a", b"ab"), ALL, "a b ab x", id="allow, all"),
        pytest.param(only(b"a", b"ab"), ALL_VIEWER, "a b ab x", id="allow, all viewer"),
        pytest.param(only(b"a", b"ab"), only(b"b", b"ab"), "a b ab", id="allow, allow: the union"),
        pytest.param(only(b"a", b"ab"), but(b"b", b"ab"), "a ab x", id="allow, block: the allow list wins"),
        pytest.param(but(b"a", b"ab"), NONE, "b x", id="block, none"),
        pytest.param(but(b"a", b"ab"), ALL, "a b ab x", id="block, all"),
        pytest.param(but(b"a", b"ab"), only(b"b", b"ab"), "b ab x", id="block, allow: the allow list wins"),
        pytest.param(but(b"a", b"ab"), but(b"b", b"ab"), "x", id="block, block: both block"),
    ],
)
def test_two_policies_meet(cache, origin, taken):
    both = to_origin(cache, origin)
    assert {name for name in ("a", "b", "ab", "x") if both.takes(name.encode())} == set(taken.split())


@given(selections, selections, st.sampled_from([b"a", b"b", b"c", b"A", b"session", b"other"]))
def test_what_is_in_the_key_is_always_forwarded(cache, origin, name):
    # But for two block lists: there the table of §2.3 contradicts the sentence.
    if cache.takes(name) and not cache.choice is origin.choice is Choice.EXCEPT:
        assert to_origin(cache, origin).takes(name)


@given(selections, st.sampled_from([b"a", b"b", b"c", b"A", b"session", b"other"]))
def test_an_origin_request_policy_that_takes_nothing_changes_nothing(cache, name):
    assert to_origin(cache, NONE).takes(name) == cache.takes(name)


def test_each_kind_meets_its_own():
    cache = changed(OBEDIENT, headers=only(b"x-a"), cookies=NONE, query_strings=only(b"q"))
    origin = OriginRequestPolicy(name="o", headers=NONE, cookies=ALL, query_strings=only(b"r"))
    headers, taken, queries = forwarded(cache, origin)
    assert (headers.names, taken.choice, queries.names) == ({b"x-a"}, Choice.ALL, {b"q", b"r"})


@pytest.mark.parametrize(
    ("cache", "origin", "expected"),
    [
        pytest.param(NONE, None, False, id="no policy takes any"),
        pytest.param(NONE, NONE, False, id="neither does"),
        pytest.param(only(b"a"), None, True, id="the cache policy does"),
        pytest.param(NONE, ALL, True, id="the origin request policy does"),
        pytest.param(but(b"a"), None, True, id="a block list does"),
    ],
)
def test_a_behavior_forwards_cookies_when_either_policy_does(cache, origin, expected):
    policy = None if origin is None else OriginRequestPolicy(name="o", cookies=origin)
    chosen = behavior(cache_policy=changed(OBEDIENT, cookies=cache), origin_request_policy=policy)
    assert forwards_cookies(chosen) is expected


# ---------------------------------------------------------------- query strings


# §2.1, row "Query"
@pytest.mark.parametrize(
    ("query", "selection", "expected"),
    [
        pytest.param(None, ALL, None, id="there is none"),
        pytest.param(b"a=1", NONE, None, id="none is taken"),
        pytest.param(b"b=2&a=1", ALL, b"b=2&a=1", id="all, in the viewer's order"),
        pytest.param(b"a=%7e&&b", ALL, b"a=%7e&&b", id="all, byte for byte"),
        pytest.param(b"b=2&a=1&c=3", only(b"a", b"b"), b"b=2&a=1", id="listed, in the viewer's order"),
        pytest.param(b"b=2&a=1&c=3", but(b"a"), b"b=2&c=3", id="all but the listed"),
        pytest.param(b"a=1&a=2&b", only(b"a"), b"a=1&a=2", id="repeated names are all kept"),
        pytest.param(b"A=1&a=2", only(b"a"), b"a=2", id="names are case-sensitive"),
        pytest.param(b"a=%20+x", only(b"a"), b"a=%20+x", id="nothing is re-encoded"),
        pytest.param(b"%61=1", only(b"a"), None, id="nothing is decoded"),
        pytest.param(b"a;b=1&b=2", only(b"a"), None, id="a semicolon is data"),
        pytest.param(b"a", only(b"a"), b"a", id="a name without a value"),
        pytest.param(b"a=b=c", only(b"a"), b"a=b=c", id="the first equals sign ends the name"),
        pytest.param(b"c=1", only(b"a"), None, id="nothing is left"),
        pytest.param(b"", ALL, None, id="empty: no question mark goes to the origin"),
        pytest.param(b"*=1&a=2", only(b"*"), b"*=1", id="a star is literal"),
    ],
)
def test_query_parameters_are_picked(query, selection, expected):
    assert pick_query(query, selection) == expected


@given(parameters, selections)
def test_a_picked_query_holds_exactly_what_is_taken_in_order(found, selection):
    raw = b"&".join(name + rest for name, rest in found)
    kept = [name + rest for name, rest in found if selection.takes(name)]
    assert (pick_query(raw, selection) or b"") == b"&".join(kept)


@given(parameters, selections)
def test_picking_twice_from_a_query_is_picking_once(found, selection):
    once = pick_query(b"&".join(name + rest for name, rest in found), selection)
    assert pick_query(once, selection) == once


# ---------------------------------------------------------------- cookies


# §2.1, row "Cookies"
@pytest.mark.parametrize(
    ("lines", "selection", "expected"),
    [
        pytest.param([], ALL, None, id="there are none"),
        pytest.param([b"a=1"], NONE, None, id="none is taken"),
        pytest.param([b"b=2; a=1"], ALL, b"a=1; b=2", id="sorted by name"),
        pytest.param([b"b=2", b"a=1"], ALL, b"a=1; b=2", id="several lines are one"),
        pytest.param([b"a=1; b=2; c=3"], only(b"a", b"c"), b"a=1; c=3", id="listed"),
        pytest.param([b"a=1; b=2; c=3"], but(b"b"), b"a=1; c=3", id="all but the listed"),
        pytest.param([b"A=1; a=2"], only(b"a"), b"a=2", id="names are case-sensitive"),
        pytest.param([b"a=2; a=1"], ALL, b"a=2; a=1", id="of one name the viewer's order stays"),
        pytest.param([b"a=x=y"], only(b"a"), b"a=x=y", id="the first equals sign ends the name"),
        pytest.param([b"a="], ALL, b"a=", id="an empty value"),
        pytest.param([b"$Version=1; a=1"], ALL, b"a=1", id="names with a dollar sign are dropped"),
        pytest.param([b"a=1;b=2"], ALL, b"a=1; b=2", id="no space after the semicolon"),
        pytest.param([b"a=1; junk"], ALL, None, id="malformed: no equals sign"),
        pytest.param([b"=1"], ALL, None, id="malformed: no name"),
        pytest.param([b"junk", b"a=1"], ALL, b"a=1", id="a malformed line takes no other with it"),
        pytest.param([b"*=1; a=2"], only(b"*"), b"*=1", id="a star is literal"),
        pytest.param([b"b=1"], only(b"a"), None, id="nothing is left"),
    ],
)
def test_cookies_are_picked(lines, selection, expected):
    assert pick_cookies(lines, selection) == expected


@given(cookies, st.randoms(), selections)
def test_the_order_of_cookies_with_different_names_does_not_count(found, random, selection):
    pairs = list({name: name + b"=" + text for name, text in found}.values())
    shuffled = random.sample(pairs, len(pairs))
    assert pick_cookies([b"; ".join(pairs)], selection) == pick_cookies([b"; ".join(shuffled)], selection)


@given(cookies, listed)
def test_picked_cookies_are_those_taken(found, names):
    line = b"; ".join(name + b"=" + text for name, text in found)
    picked = pick_cookies([line] if found else [], Selection(choice=Choice.ONLY, names=names))
    expected = sorted(name + b"=" + text for name, text in found if name in names)
    assert sorted((picked or b"").split(b"; ")) == (expected or [b""])


@given(st.lists(st.binary(max_size=20), max_size=3))
@example([b";"])
@example([b"a=1;"])
def test_no_cookie_line_raises(lines):
    picked = pick_cookies(lines, ALL)
    assert picked is None or b"=" in picked


# §2.1, last paragraph
@pytest.mark.parametrize("name", ["Policy", "Signature", "Key-Pair-Id", "Expires", "Hash-Algorithm"])
def test_a_signed_cookie_never_splits_the_cache(name):
    signed = f"CloudFront-{name}=abc".encode()
    assert key_cookies(pick_cookies([b"z=1; " + signed + b"; a=2"], ALL)) == b"a=2; z=1"
    assert key_cookies(signed) is None


def test_other_cookies_that_only_look_signed_stay_in_the_key():
    assert key_cookies(b"CloudFront-Other=1; a=CloudFront-Policy") == b"CloudFront-Other=1; a=CloudFront-Policy"
    assert key_cookies(None) is None
