"""What `VariantShelf` owes over every store: variants beside each other, and no way back for what was invalidated.

Source: http-caching.md §4, §12.
"""

import asyncio
from dataclasses import replace

import pytest
from strategies import ENTRY_MADE, entry
from test_store import STORES

from edgerun.cache.entry import CacheKey
from edgerun.cache.shelf import Shelf
from edgerun.cache.variant_shelf import VariantShelf
from edgerun.cache.variants import MOST_VARIANTS, is_index, variant_key, variants
from edgerun.http.headers import Headers
from edgerun.http.message import read

PRIMARY = CacheKey("E1", "GET", b"/a", b"q", ((b":authority", (b"a",)), (b":scheme", (b"http",))))


class Kept:
    """A shelf over a store, asked step by step."""

    def __init__(self, store, runner):
        self.store = store
        self.run = runner.run
        self.shelf = VariantShelf(store, Shelf(store))

    def keep(self, given):
        return self.run(self._kept(given))

    async def _kept(self, given):
        return await self._settled(self.shelf.keep(given, PRIMARY, self.store.generation))

    def forget(self, now, *, fetching=False):
        self.run(self._settled(self.shelf.forget((PRIMARY,), now, fetching=fetching)))

    async def _settled(self, act):
        found = await act
        await self.store.settled()
        return found

    def at(self, key=PRIMARY):
        return self.run(self.store.fetch(key))

    def selected(self, **headers):
        """Return the body that a request selects, None if there is none."""
        found = self.at()
        if found is not None and is_index(found):
            found = self.run(self.shelf.select(found, request(**headers)))
        return None if found is None else self.run(read(found.body))

    def others(self):
        return {self.run(read(each.body)) for each in self.run(self.shelf.others(PRIMARY))}


@pytest.fixture(params=STORES)
def shelf(request, tmp_path):
    """A shelf over an empty store of each kind."""
    with asyncio.Runner() as runner:
        kept = Kept(request.param(tmp_path, size=1_000_000, max_object_size=1_000_000), runner)
        yield kept
        runner.run(kept.store.aclose())


def request(**headers):
    return Headers((name.replace("_", "-").encode(), text.encode()) for name, text in headers.items())


def plain(body, seconds=0, **changes):
    made = ENTRY_MADE + seconds
    return entry(key=PRIMARY, body=body, request_time=made, response_time=made, **changes)


def varied(body, seconds=0, names=(b"x-a",), lines=((b"Vary", b"X-A"),), **headers):
    made = ENTRY_MADE + seconds
    key = variant_key(PRIMARY, names, request(**headers))
    return entry(key=key, body=body, request_time=made, response_time=made, lines=lines)


def test_what_does_not_vary_stands_under_its_key(shelf):
    assert shelf.keep(plain(b"one"))
    assert not is_index(shelf.at())
    assert shelf.selected(x_a="1") == b"one"
    assert shelf.others() == set()


def test_variants_stand_beside_each_other(shelf):
    for letter in "abc":
        assert shelf.keep(varied(letter.encode(), x_a=letter))
    assert [shelf.selected(x_a=letter) for letter in "abc"] == [b"a", b"b", b"c"]
    assert shelf.selected(x_a="d") is None
    assert shelf.selected() is None
    assert shelf.others() == {b"a", b"b", b"c"}


def test_a_variant_takes_the_place_of_its_own_kind_only(shelf):
    shelf.keep(varied(b"a", x_a="a"))
    shelf.keep(varied(b"b", x_a="b"))
    shelf.keep(varied(b"new", 1, x_a="a"))
    assert [shelf.selected(x_a=letter) for letter in "ab"] == [b"new", b"b"]


def test_what_does_not_vary_moves_beside_what_does(shelf):
    shelf.keep(plain(b"plain"))
    shelf.keep(varied(b"a", 1, x_a="a"))
    assert (shelf.selected(x_a="a"), shelf.selected(x_a="b")) == (b"a", b"plain")
    shelf.keep(plain(b"newer", 2))
    assert (shelf.selected(x_a="a"), shelf.selected(x_a="b")) == (b"a", b"newer")


def test_of_several_sets_of_fields_the_latest_answer_wins(shelf):
    def dated(text):
        return ((b"Date", text),)

    early, late = b"Tue, 07 Apr 2026 09:00:00 GMT", b"Tue, 07 Apr 2026 10:00:00 GMT"
    shelf.keep(varied(b"by a", 2, names=(b"x-a",), lines=dated(early), x_a="1"))
    shelf.keep(varied(b"by b", 1, names=(b"x-b",), lines=dated(late), x_b="1"))
    assert shelf.selected(x_a="1", x_b="1") == b"by b"
    assert shelf.selected(x_a="1", x_b="2") == b"by a"


def test_nothing_older_takes_the_place_of_something_newer(shelf):
    shelf.keep(plain(b"new", 5))
    assert not shelf.keep(plain(b"old", 4))
    assert shelf.selected() == b"new"
    shelf.keep(varied(b"a", 6, x_a="a"))
    assert not shelf.keep(varied(b"older", 5, x_a="a"))
    assert shelf.selected(x_a="a") == b"a"


def test_all_variants_are_forgotten_at_once(shelf):
    shelf.keep(plain(b"plain"))
    for letter in "ab":
        shelf.keep(varied(letter.encode(), x_a=letter))
    shelf.forget(ENTRY_MADE + 10)
    assert [shelf.selected(x_a=letter) for letter in "abc"] == [None, None, None]
    assert variants(shelf.at()) == ()
    assert shelf.keep(varied(b"new", 11, x_a="a"))
    assert [shelf.selected(x_a=letter) for letter in "abc"] == [b"new", None, None]


@pytest.mark.parametrize("make_one", [plain, varied])
def test_what_was_asked_for_before_it_was_forgotten_is_not_kept(shelf, make_one):
    shelf.forget(ENTRY_MADE + 10, fetching=True)
    assert not shelf.keep(make_one(b"old", 9))
    assert shelf.keep(make_one(b"new", 11))
    assert shelf.selected() == b"new"


def test_nothing_is_noted_where_nothing_is_stored_and_nothing_under_way(shelf):
    shelf.forget(ENTRY_MADE + 10)
    assert shelf.at() is None


def test_an_invalidation_path_covers_all_variants(shelf):
    for letter in "ab":
        shelf.keep(varied(letter.encode(), x_a=letter))
    shelf.run(shelf.store.invalidate(b"/a?q"))
    assert shelf.at() is None
    assert shelf.selected(x_a="a") is None
    shelf.keep(varied(b"new", 1, x_a="a"))
    assert shelf.selected(x_a="b") is None


def test_the_oldest_of_too_many_variants_leave(shelf):
    for number in range(MOST_VARIANTS + 2):
        shelf.keep(varied(b"%d" % number, x_a=str(number)))
    assert [shelf.selected(x_a=str(number)) for number in (0, 1, 2)] == [None, None, b"2"]
    assert len(variants(shelf.at())) == MOST_VARIANTS


def test_parts_of_a_variant_are_kept_and_forgotten_with_it(shelf):
    lines = ((b"Vary", b"X-A"), (b"ETag", b'"1"'), (b"Content-Range", b"bytes 0-2/6"))
    part = replace(varied(b"abc", lines=lines, x_a="a"), status=206)
    assert shelf.keep(part)
    listed = part.key._replace(method="PARTS")
    assert shelf.at(listed) is not None
    shelf.forget(ENTRY_MADE + 1)
    assert shelf.at(listed) is None
