"""What every `CacheStore` owes, whatever it is made of. Another store is one more row in `STORES`.

`make(size, max_object_size)` returns an empty store. A store may count an entry as more than `Entry.size`
only if its row says so in a factory of its own.
"""

import asyncio
from collections import OrderedDict

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from strategies import entry

from edgerun.cache.memory import PURGES_REMEMBERED, MemoryStore
from edgerun.http.message import read

STORES = [pytest.param(MemoryStore, id="memory")]


@pytest.fixture(params=STORES)
def make(request):
    """A factory whose stores are closed in the end."""
    made = []

    def factory(size=1_000_000, max_object_size=1_000_000):
        made.append(request.param(size=size, max_object_size=max_object_size))
        return made[-1]

    yield factory
    for store in made:
        asyncio.run(store.aclose())


def put(store, given, generation=None):
    return store.put(given.key, given, store.generation if generation is None else generation)


def fetched(store, given):
    return asyncio.run(store.fetch(given.key))


def body_of(found):
    return asyncio.run(read(found.body))


# ---------------------------------------------------------------- keeping


def test_what_was_put_is_found(make):
    store, one = make(), entry(b"/a", b"one", lines=((b"X-A", b"1"), (b"x-a", b"2")))
    assert put(store, one)
    found = fetched(store, one)
    assert body_of(found) == b"one"
    assert list(found.headers) == [(b"X-A", b"1"), (b"x-a", b"2")]
    for field in ("key", "status", "lifetime", "response_time", "max_stale_at", "requested_uri", "origin_status"):
        assert getattr(found, field) == getattr(one, field)


def test_what_was_not_put_is_not_found(make):
    store = make()
    put(store, entry(b"/a"))
    assert fetched(store, entry(b"/b")) is None
    assert store.peek(entry(b"/b").key) is None


def test_peek_gives_what_fetch_gives_or_nothing(make):
    store, one = make(), entry(b"/a", b"one")
    put(store, one)
    found = store.peek(one.key)
    assert found is None or body_of(found) == b"one"


def test_the_last_put_counts(make):
    store = make()
    put(store, entry(b"/a", b"one"))
    put(store, entry(b"/a", b"two"))
    assert body_of(fetched(store, entry(b"/a"))) == b"two"


@pytest.mark.parametrize(
    "variant",
    [
        {"distribution": "E2"},
        {"method": "OPTIONS"},
        {"path": b"/A"},
        {"query": b""},
        {"headers": ((b"x-a", (b"1",)),)},
        {"cookies": b"a=1"},
        {"encoding": b"br"},
    ],
    ids=lambda variant: next(iter(variant)),
)
def test_every_part_of_a_key_counts(make, variant):
    store, one = make(), entry(b"/a", b"one")
    put(store, one)
    other = entry(body=b"two", key=one.key._replace(**variant))
    assert fetched(store, other) is None
    put(store, other)
    assert (body_of(fetched(store, one)), body_of(fetched(store, other))) == (b"one", b"two")


def test_a_store_judges_no_freshness(make):
    store, old = make(), entry(b"/a", lifetime=0.0, response_time=0.0, max_stale_at=0.0)
    assert put(store, old)
    assert fetched(store, old) is not None


# ---------------------------------------------------------------- bounds


def test_bytes_are_bounded_and_the_least_recently_used_goes_first(make):
    bodies = [entry(b"/%d" % n, bytes(1_000)) for n in range(4)]
    store = make(size=bodies[0].size * 3)
    for one in bodies[:3]:
        assert put(store, one)
    assert fetched(store, bodies[0]) is not None, "used: now the second is the oldest"
    assert put(store, bodies[3])
    assert [fetched(store, one) is not None for one in bodies] == [True, False, True, True]


def test_peeking_is_using(make):
    bodies = [entry(b"/%d" % n, bytes(1_000)) for n in range(3)]
    store = make(size=bodies[0].size * 2)
    put(store, bodies[0])
    put(store, bodies[1])
    if store.peek(bodies[0].key) is None:
        pytest.skip("this store has nothing to peek at")
    put(store, bodies[2])
    assert [fetched(store, one) is not None for one in bodies] == [True, False, True]


def test_a_large_entry_pushes_out_as_many_as_it_takes(make):
    small = [entry(b"/%d" % n, bytes(100)) for n in range(4)]
    store = make(size=small[0].size * 4)
    for one in small:
        put(store, one)
    large = entry(b"/large", bytes(small[0].size * 2))
    assert put(store, large)
    assert fetched(store, large) is not None
    assert [fetched(store, one) is not None for one in small[:3]] == [False, False, False]


def test_a_body_above_the_largest_object_is_refused(make):
    store = make(max_object_size=100)
    assert put(store, entry(b"/a", bytes(100)))
    assert not put(store, entry(b"/b", bytes(101)))
    assert fetched(store, entry(b"/b")) is None
    assert fetched(store, entry(b"/a")) is not None


def test_an_entry_above_the_whole_store_is_refused_and_pushes_nothing_out(make):
    small = entry(b"/a", b"x")
    store = make(size=small.size + 100)
    put(store, small)
    assert not put(store, entry(b"/b", bytes(small.size + 101)))
    assert fetched(store, small) is not None


def test_everything_in_a_key_counts_as_bytes():
    plain = entry(b"/a")
    for variant in ({"query": bytes(1_000)}, {"cookies": bytes(1_000)}, {"headers": ((b"x-a", (bytes(1_000),)),)}):
        assert entry(key=plain.key._replace(**variant)).size >= plain.size + 1_000


# ---------------------------------------------------------------- purging


def test_a_purge_forgets_what_it_covers_and_counts_it(make):
    store = make()
    for path in (b"/dir/a", b"/dir/b", b"/other"):
        put(store, entry(path))
    assert store.invalidate(b"/dir/*") == 2
    assert store.invalidate(b"/dir/*") == 0
    assert [fetched(store, entry(path)) is not None for path in (b"/dir/a", b"/dir/b", b"/other")] == [
        False,
        False,
        True,
    ]


def test_a_purge_by_the_uri_the_viewer_asked_for(make):
    store, rewritten = make(), entry(b"/en/a", requested_uri=b"/a")
    put(store, rewritten)
    assert store.invalidate(b"/a") == 1


def test_each_purge_is_a_generation(make):
    store = make()
    before = store.generation
    store.invalidate(b"/nothing")
    assert store.generation > before


def test_a_slow_fetch_does_not_undo_a_purge(make):
    store = make()
    began = store.generation
    store.invalidate(b"/a*")
    assert not put(store, entry(b"/abc"), began)
    assert fetched(store, entry(b"/abc")) is None


def test_a_fetch_that_began_after_the_purge_is_kept(make):
    store = make()
    store.invalidate(b"/*")
    assert put(store, entry(b"/a"))
    assert fetched(store, entry(b"/a")) is not None


def test_a_purge_of_something_else_costs_a_slow_fetch_nothing(make):
    store = make()
    began = store.generation
    store.invalidate(b"/b*")
    store.invalidate(b"/a")
    store.invalidate(b"/c*")
    assert put(store, entry(b"/abc"), began)
    assert not put(store, entry(b"/a"), began)


def test_a_fetch_older_than_the_log_of_purges_is_refused_only_then(make):
    store = make()
    began = store.generation
    for number in range(PURGES_REMEMBERED):
        store.invalidate(b"/%d" % number)
    assert put(store, entry(b"/a"), began), "the log still reaches back"
    store.invalidate(b"/one-more")
    assert not put(store, entry(b"/b"), began), "it no longer does: refuse rather than guess"
    assert put(store, entry(b"/b"))


def test_closing_twice_is_fine(make):
    store = make()
    put(store, entry(b"/a"))
    asyncio.run(store.aclose())
    asyncio.run(store.aclose())


# ---------------------------------------------------------------- against a dict

PATHS = st.sampled_from([b"/a", b"/a/b", b"/a/c", b"/d"])
PURGES = st.sampled_from([b"/*", b"/a*", b"/a/*", b"/a", b"/d", b"/nothing"])


class StoreAgainstDict(RuleBasedStateMachine):
    """A store does what an ordered dict with a byte count does."""

    factory = MemoryStore
    size = 4_000
    largest = 2_500

    @initialize()
    def begin(self):
        self.store = self.factory(size=self.size, max_object_size=self.largest)
        self.model: OrderedDict = OrderedDict()
        self.purges = []
        self.began = []
        self.number = 0

    @rule()
    def a_fetch_begins(self):
        self.began.append((self.store.generation, len(self.purges)))

    @rule(path=PATHS, length=st.integers(0, 3_000), slow=st.booleans(), data=st.data())
    def put(self, path, length, slow, data):
        self.number += 1
        one = entry(path, b"%d" % self.number + bytes(length))
        generation, since = self.store.generation, len(self.purges)
        if slow and self.began:
            generation, since = data.draw(st.sampled_from(self.began))
        purged = any(self.covers(pattern, path) for pattern in self.purges[since:])
        fits = one.body.length <= self.largest and one.size <= self.size
        assert self.store.put(one.key, one, generation) is (fits and not purged)
        if fits and not purged:
            self.model.pop(one.key, None)
            self.model[one.key] = one
            while sum(kept.size for kept in self.model.values()) > self.size:
                self.model.popitem(last=False)

    @rule(path=PATHS)
    def fetch(self, path):
        key = entry(path).key
        found = asyncio.run(self.store.fetch(key))
        assert (found.body.data if found else None) == (self.model[key].body.data if key in self.model else None)
        if key in self.model:
            self.model.move_to_end(key)

    @rule(pattern=PURGES)
    def purge(self, pattern):
        self.purges.append(pattern)
        lost = [key for key in self.model if self.covers(pattern, key.path)]
        assert self.store.invalidate(pattern) == len(lost)
        for key in lost:
            del self.model[key]

    @staticmethod
    def covers(pattern, path):
        return path.startswith(pattern[:-1]) if pattern.endswith(b"*") else path == pattern

    @invariant()
    def bounded(self):
        assert sum(kept.size for kept in self.model.values()) <= self.size


class MemoryAgainstDict(StoreAgainstDict):
    factory = MemoryStore

    @invariant()
    def counts_what_it_holds(self):
        assert len(self.store) == len(self.model)
        assert self.store.used == sum(kept.size for kept in self.model.values()) <= self.size


TestMemoryAgainstDict = MemoryAgainstDict.TestCase
TestMemoryAgainstDict.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
