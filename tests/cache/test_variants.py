"""Sources: RFC 9111 §4.1; http-caching.md §1.6, §4."""

from hypothesis import given
from hypothesis import strategies as st
from strategies import ENTRY_MADE, entry

from edgerun.cache.entry import CacheKey
from edgerun.cache.variants import (
    MOST_VARIANTS,
    index,
    is_index,
    normal,
    primary_of,
    selects,
    sets,
    variant_key,
    variants,
    vary_names,
    with_variant,
)
from edgerun.http.headers import Headers

PRIMARY = CacheKey("E1", "GET", b"/a", b"q", ((b":authority", (b"a",)),))
names = st.lists(st.sampled_from([b"accept", b"accept-language", b"x-a", b"x-b"]), max_size=3, unique=True)
texts = st.binary(max_size=12).map(lambda raw: raw.translate(None, b"\r\n\0"))
requests = st.dictionaries(st.sampled_from([b"Accept", b"Accept-Language", b"X-A", b"X-B"]), texts).map(
    lambda found: Headers(found.items())
)
keys = st.builds(lambda given, request: variant_key(PRIMARY, tuple(sorted(given)), request), names, requests)


def made(found):
    return index(PRIMARY, b"/a", found, ENTRY_MADE)


@given(st.lists(keys, max_size=5, unique=True))
def test_an_index_gives_back_the_keys_it_was_made_from(found):
    one = made(found)
    assert is_index(one)
    assert variants(one) == tuple(found)
    assert {tuple(name for name, _ in key.headers[2:]) for key in found} == set(sets(one))


@given(keys)
def test_the_primary_key_of_a_variant(key):
    assert primary_of(key) == PRIMARY
    assert primary_of(PRIMARY) == PRIMARY


@given(names, requests, requests)
def test_a_request_selects_the_variant_whose_key_it_makes(given_names, one, other):
    key = variant_key(PRIMARY, tuple(sorted(given_names)), one)
    assert selects(key, one)
    assert selects(key, other) is (variant_key(PRIMARY, tuple(sorted(given_names)), other) == key)


@given(texts)
def test_a_normal_form_is_its_own(text):
    for name in (b"accept-language", b"x-a"):
        assert normal(name, normal(name, text)) == normal(name, text)


def test_what_does_not_vary_is_selected_by_all():
    assert selects(PRIMARY, Headers())
    assert selects(variant_key(PRIMARY, (), Headers()), Headers([(b"X-A", b"1")]))


def test_an_entry_is_no_index():
    assert not is_index(entry())


def test_names_of_all_lines_in_one_order():
    assert vary_names(Headers([(b"Vary", b"X-B, x-a"), (b"vary", b", X-A,*")])) == (b"*", b"x-a", b"x-b")
    assert vary_names(Headers([(b"Vary", b"")])) == ()


def test_the_one_stored_last_comes_first_and_too_many_leave():
    found = [variant_key(PRIMARY, (b"x-a",), Headers([(b"X-A", b"%d" % n)])) for n in range(MOST_VARIANTS)]
    one = made(found)
    again, none = with_variant(one, found[5])
    assert (again[0], len(again), none) == (found[5], MOST_VARIANTS, ())
    new = variant_key(PRIMARY, (b"x-a",), Headers())
    kept, dropped = with_variant(one, new)
    assert (kept[0], len(kept), dropped) == (new, MOST_VARIANTS, (found[-1],))
