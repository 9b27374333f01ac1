"""What every `CacheStore` owes, whatever it is made of. Another store is one more row in `STORES`.

A row makes an empty store from a folder of its own and its bounds. What ten thousand objects do to the stores
outside the process is in `cache/test_lmdb.py` and `cache/test_redis.py`.
"""

import asyncio
import tempfile
import uuid
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import pytest
import redis_server
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from keeping import Kept
from strategies import entry

from edgerun.cache.invalidation import PURGES_REMEMBERED
from edgerun.cache.lmdb import LmdbStore
from edgerun.cache.memory import CHUNK, MemoryStore
from edgerun.cache.redis import RedisStore
from edgerun.cache.sparse import Piece, SparseBody
from edgerun.eager import begun
from edgerun.testing.store import DictStore


def in_memory(_, **bounds):
    return MemoryStore(**bounds)


def the_fake(_, **bounds):
    return DictStore(**bounds)


def in_lmdb(folder, **bounds):
    return LmdbStore(folder / uuid.uuid4().hex, **bounds)


def in_redis(_, **bounds):
    return RedisStore(redis_server.shared().url, namespace=redis_server.namespace(), patience=10.0, **bounds)


STORES = [
    pytest.param(in_memory, id="memory"),
    pytest.param(the_fake, id="the fake"),
    pytest.param(in_lmdb, id="lmdb"),
    pytest.param(in_redis, id="redis"),
]


@pytest.fixture(params=STORES)
def make(request, tmp_path):
    """A factory whose stores are closed in the end."""
    made = []
    with asyncio.Runner() as runner:

        def factory(size=1_000_000, max_object_size=1_000_000):
            made.append(Kept(request.param(tmp_path, size=size, max_object_size=max_object_size), runner))
            return made[-1]

        yield factory
        for kept in made:
            runner.run(kept.store.aclose())


# ---------------------------------------------------------------- keeping


def test_usage_is_nothing_at_first_and_what_was_kept_afterwards(make):
    store, one, two = make(), entry(b"/a", b"one"), entry(b"/b", b"two" * 1000)
    assert store.usage()[:2] == (0, 0)
    store.put(one)
    store.put(two)
    assert store.usage()[:2] == (2, one.size + two.size)
    store.invalidate(b"/a")
    assert store.usage()[:2] == (1, two.size)


def test_what_made_room_for_others_is_counted_where_the_store_counts_it(make):
    one, two, three = (entry(b"/%d" % number, b"x" * 1000) for number in range(3))
    store = make(size=one.size + two.size)
    for each in (one, two):
        store.put(each)
    before = store.usage().evicted
    store.put(three)
    assert store.usage().objects == 2
    assert (before, store.usage().evicted) in {(0, 1), (None, None)}
    store.invalidate(b"/*")  # that is no making room
    assert store.usage().evicted in {1, None}


def test_what_was_put_is_found(make):
    store, one = make(), entry(b"/a", b"one", lines=((b"X-A", b"1"), (b"x-a", b"2")))
    assert store.put(one)
    found = store.fetched(one)
    assert store.body_of(found) == b"one"
    assert list(found.headers) == [(b"X-A", b"1"), (b"x-a", b"2")]
    for field in ("key", "status", "lifetime", "response_time", "max_stale_at", "requested_uri", "origin_status"):
        assert getattr(found, field) == getattr(one, field)


def test_what_was_not_put_is_not_found(make):
    store = make()
    store.put(entry(b"/a"))
    assert store.fetched(entry(b"/b")) is None
    assert store.peek(entry(b"/b")) is None


def test_peek_gives_what_fetch_gives_or_nothing(make):
    store, one = make(), entry(b"/a", b"one")
    store.put(one)
    found = store.peek(one)
    assert found is None or store.body_of(found) == b"one"


def test_the_last_put_counts(make):
    store = make()
    store.put(entry(b"/a", b"one"))
    store.put(entry(b"/a", b"two"))
    assert store.body_of(store.fetched(entry(b"/a"))) == b"two"


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
    store.put(one)
    other = entry(body=b"two", key=one.key._replace(**variant))
    assert store.fetched(other) is None
    store.put(other)
    assert (store.body_of(store.fetched(one)), store.body_of(store.fetched(other))) == (b"one", b"two")


def test_a_store_judges_no_freshness(make):
    store, old = make(), entry(b"/a", lifetime=0.0, response_time=0.0, max_stale_at=0.0)
    assert store.put(old)
    assert store.fetched(old) is not None


@pytest.mark.parametrize("kept", [True, False])
def test_a_fetch_may_begin_outside_a_task_and_go_on_in_one(make, kept):
    store, one = make(), entry(b"/a", b"one")
    if kept:
        store.put(one)

    async def act():
        loop = asyncio.get_running_loop()
        begins = loop.create_future()
        loop.call_soon(lambda: begins.set_result(begun(store.store.fetch(one.key))))
        found = await begins
        return await loop.create_task(found) if asyncio.iscoroutine(found) else found

    found = store.run(act())
    assert (found and store.body_of(found)) == (b"one" if kept else None)


# ---------------------------------------------------------------- bounds


def test_bytes_are_bounded_and_the_least_recently_used_goes_first(make):
    bodies = [entry(b"/%d" % n, bytes(1_000)) for n in range(4)]
    store = make(size=bodies[0].size * 3)
    for one in bodies[:3]:
        assert store.put(one)
    assert store.fetched(bodies[0]) is not None, "used: now the second is the oldest"
    assert store.put(bodies[3])
    assert [store.fetched(one) is not None for one in bodies] == [True, False, True, True]


def test_peeking_is_using(make):
    bodies = [entry(b"/%d" % n, bytes(1_000)) for n in range(3)]
    store = make(size=bodies[0].size * 2)
    store.put(bodies[0])
    store.fetched(bodies[0])  # some stores can be peeked at only then
    store.put(bodies[1])
    assert store.peek(bodies[0]) or store.fetched(bodies[0])
    store.put(bodies[2])
    assert [store.fetched(one) is not None for one in bodies] == [True, False, True]


def test_a_large_entry_pushes_out_as_many_as_it_takes(make):
    small = [entry(b"/%d" % n, bytes(100)) for n in range(4)]
    store = make(size=small[0].size * 4)
    for one in small:
        store.put(one)
    large = entry(b"/large", bytes(small[0].size * 2))
    assert store.put(large)
    assert store.fetched(large) is not None
    assert [store.fetched(one) is not None for one in small[:3]] == [False, False, False]


def test_a_body_above_the_largest_object_is_refused(make):
    store = make(max_object_size=100)
    assert store.put(entry(b"/a", bytes(100)))
    assert not store.put(entry(b"/b", bytes(101)))
    assert store.fetched(entry(b"/b")) is None
    assert store.fetched(entry(b"/a")) is not None


def test_an_entry_above_the_whole_store_is_refused_and_pushes_nothing_out(make):
    small = entry(b"/a", b"x")
    store = make(size=small.size + 100)
    store.put(small)
    assert not store.put(entry(b"/b", bytes(small.size + 101)))
    assert store.fetched(small) is not None


@pytest.mark.parametrize("in_process", [in_memory, the_fake])
def test_ten_thousand_objects_through_a_store_of_a_thousand_keep_its_bound(in_process):
    size = entry(b"/1000", bytes(500)).size * 1_000
    store = in_process(None, size=size, max_object_size=size)
    for number in range(10_000):
        one = entry(b"/%d" % number, bytes(500))
        assert store.put(one.key, one, 0)

    async def left():
        return [one async for one in store.entries()]

    found = asyncio.run(left())
    assert 990 <= len(found) <= 1_010
    assert sum(one.size for one in found) <= size


def test_everything_in_a_key_counts_as_bytes():
    plain = entry(b"/a")
    for variant in ({"query": bytes(1_000)}, {"cookies": bytes(1_000)}, {"headers": ((b"x-a", (bytes(1_000),)),)}):
        assert entry(key=plain.key._replace(**variant)).size >= plain.size + 1_000


# ---------------------------------------------------------------- purging


def test_a_purge_forgets_what_it_covers_and_counts_it(make):
    store = make()
    for path in (b"/dir/a", b"/dir/b", b"/other"):
        store.put(entry(path))
    assert store.invalidate(b"/dir/*") == 2
    assert store.invalidate(b"/dir/*") == 0
    assert [store.fetched(entry(path)) is not None for path in (b"/dir/a", b"/dir/b", b"/other")] == [
        False,
        False,
        True,
    ]


def test_a_purge_may_mean_one_distribution(make):
    store, one = make(), entry(b"/a")
    other = entry(key=one.key._replace(distribution="E2"))
    store.put(one)
    store.put(other)
    assert store.invalidate(b"E2/*") == 1
    assert (store.fetched(one) is not None, store.fetched(other)) == (True, None)


def test_a_body_made_of_pieces_of_others_is_kept(make):
    store = make()
    for path, body in ((b"/1", b"012345"), (b"/2", b"456789")):
        store.put(entry(path, body))
    first, second = (store.fetched(entry(path)).body for path in (b"/1", b"/2"))
    whole = SparseBody(8, [Piece(0, 5, first, 1), Piece(5, 8, second, 2)])
    assert store.put(replace(entry(b"/whole"), body=whole))
    for path in (b"/1", b"/2"):
        store.discard(entry(path))
    assert store.body_of(store.fetched(entry(b"/whole"))) == b"12345678"


def test_a_purge_by_the_uri_the_viewer_asked_for(make):
    store, rewritten = make(), entry(b"/en/a", requested_uri=b"/a")
    store.put(rewritten)
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
    assert not store.put(entry(b"/abc"), began)
    assert store.fetched(entry(b"/abc")) is None


def test_a_fetch_that_began_after_the_purge_is_kept(make):
    store = make()
    store.invalidate(b"/*")
    assert store.put(entry(b"/a"))
    assert store.fetched(entry(b"/a")) is not None


def test_a_purge_of_something_else_costs_a_slow_fetch_nothing(make):
    store = make()
    began = store.generation
    store.invalidate(b"/b*")
    store.invalidate(b"/a")
    store.invalidate(b"/c*")
    assert store.put(entry(b"/abc"), began)
    assert not store.put(entry(b"/a"), began)


def test_a_fetch_older_than_the_log_of_purges_is_refused_only_then(make):
    store = make()
    began = store.generation
    for number in range(PURGES_REMEMBERED):
        store.invalidate(b"/%d" % number)
    assert store.put(entry(b"/a"), began), "the log still reaches back"
    store.invalidate(b"/one-more")
    assert not store.put(entry(b"/b"), began), "it no longer does: refuse rather than guess"
    assert store.put(entry(b"/b"))


# ---------------------------------------------------------------- tags


def test_a_tag_forgets_what_carries_it_and_counts_it(make):
    store = make()
    store.put(entry(b"/a", tags=("sale", "shoes")))
    store.put(entry(b"/b", tags=("shoes",)))
    store.put(entry(b"/c", tags=("shoes-old",)))
    assert store.invalidate(b"#sale") == 1
    assert store.listed() == [b"/b", b"/c"]
    assert store.invalidate(b"#SHOES") == 1, "tags have no case"
    assert store.invalidate(b"#shoes*") == 0, "and no wildcard"
    assert store.listed() == [b"/c"]


def test_tags_are_kept(make):
    store = make()
    store.put(entry(b"/a", tags=("sale", "shoes")))
    assert store.fetched(entry(b"/a")).tags == ("sale", "shoes")


def test_a_slow_fetch_does_not_undo_a_purge_by_tag(make):
    store = make()
    began = store.generation
    store.invalidate(b"#sale")
    assert not store.put(entry(b"/a", tags=("sale",)), began)
    assert store.put(entry(b"/b", tags=("shoes",)), began)
    assert store.put(entry(b"/a", tags=("sale",)))


# ---------------------------------------------------------------- discarding, listing


def test_what_is_discarded_is_gone_and_nothing_else(make):
    store = make()
    store.put(entry(b"/a"))
    store.put(entry(b"/b"))
    store.discard(entry(b"/a"))
    store.discard(entry(b"/never"))
    assert (store.fetched(entry(b"/a")), store.listed()) == (None, [b"/b"])


def test_what_is_kept_is_listed_by_path_or_tag(make):
    store = make()
    for path in (b"/dir/a", b"/dir/b", b"/other"):
        store.put(entry(path, tags=("even",) if path == b"/dir/b" else ()))
    assert store.listed() == [b"/dir/a", b"/dir/b", b"/other"]
    assert store.listed(b"/dir/*") == [b"/dir/a", b"/dir/b"]
    assert store.listed(b"/other") == [b"/other"]
    assert store.listed(b"#even") == [b"/dir/b"]
    assert store.listed(b"/nothing") == []


def test_listing_gives_others_their_turn(make):
    store = make(size=10_000_000)
    turns = []

    async def act():
        for number in range(CHUNK + 1):
            one = entry(b"/%d" % number, b"")
            store.store.put(one.key, one, 0)
        await store.store.settled()
        found = 0
        asyncio.get_running_loop().call_soon(lambda: turns.append(found))
        async for _ in store.store.entries():
            found += 1
        return found

    assert store.run(act()) == CHUNK + 1
    assert turns
    assert turns[0] < CHUNK + 1


@pytest.mark.parametrize("act", ["list", "purge"])
def test_neither_listing_nor_a_purge_of_others_is_using(make, act):
    bodies = [entry(b"/%d" % n, bytes(1_000)) for n in range(3)]
    store = make(size=bodies[0].size * 2)
    store.put(bodies[0])
    store.put(bodies[1])
    assert store.fetched(bodies[0]) is not None
    store.listed() if act == "list" else store.invalidate(b"/nothing")
    store.put(bodies[2])
    assert [store.fetched(one) is not None for one in bodies] == [True, False, True]


def test_closing_twice_is_fine(make):
    store = make()
    store.put(entry(b"/a"))
    store.run(store.store.aclose())
    store.run(store.store.aclose())


# ---------------------------------------------------------------- against a dict

PATHS = st.sampled_from([b"/a", b"/a/b", b"/a/c", b"/d"])
PURGES = st.sampled_from([b"/*", b"/a*", b"/a/*", b"/a", b"/d", b"/nothing"])


class StoreAgainstDict(RuleBasedStateMachine):
    """A store does what an ordered dict with a byte count does."""

    factory = in_memory
    size = 4_000
    largest = 2_500

    @initialize()
    def begin(self):
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        bounds = {"size": self.size, "max_object_size": self.largest}
        self.store = Kept(type(self).factory(Path(self.folder.name), **bounds), self.runner)
        self.model: OrderedDict = OrderedDict()
        self.purges = []
        self.began = []
        self.number = 0

    def teardown(self):
        if hasattr(self, "runner"):
            self.runner.run(self.store.store.aclose())
            self.runner.close()
            self.folder.cleanup()

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
        assert self.store.put(one, generation) is (fits and not purged)
        if fits and not purged:
            self.model.pop(one.key, None)
            self.model[one.key] = one
            while sum(kept.size for kept in self.model.values()) > self.size:
                self.model.popitem(last=False)

    @rule(path=PATHS)
    def fetch(self, path):
        key = entry(path).key
        found = self.store.fetched(entry(path))
        assert (self.store.body_of(found) if found else None) == (
            self.model[key].body.data if key in self.model else None
        )
        if key in self.model:
            self.model.move_to_end(key)

    @rule(pattern=PURGES)
    def purge(self, pattern):
        self.purges.append(pattern)
        lost = [key for key in self.model if self.covers(pattern, key.path)]
        assert self.store.invalidate(pattern) == len(lost)
        for key in lost:
            del self.model[key]

    @rule(pattern=PURGES)
    def list(self, pattern):
        assert self.store.listed(pattern) == sorted(key.path for key in self.model if self.covers(pattern, key.path))

    @rule(path=PATHS)
    def discard(self, path):
        self.store.discard(entry(path))
        self.model.pop(entry(path).key, None)

    @staticmethod
    def covers(pattern, path):
        return path.startswith(pattern[:-1]) if pattern.endswith(b"*") else path == pattern

    @invariant()
    def bounded(self):
        assert sum(kept.size for kept in self.model.values()) <= self.size


class MemoryAgainstDict(StoreAgainstDict):
    factory = in_memory

    @invariant()
    def counts_what_it_holds(self):
        assert len(self.store.store) == len(self.model)
        assert self.store.store.used == sum(kept.size for kept in self.model.values()) <= self.size


class FakeAgainstDict(StoreAgainstDict):
    factory = the_fake


class LmdbAgainstDict(StoreAgainstDict):
    factory = in_lmdb


class RedisAgainstDict(StoreAgainstDict):
    factory = in_redis


TestMemoryAgainstDict = MemoryAgainstDict.TestCase
TestFakeAgainstDict = FakeAgainstDict.TestCase
TestLmdbAgainstDict = LmdbAgainstDict.TestCase
TestRedisAgainstDict = RedisAgainstDict.TestCase
TestLmdbAgainstDict.settings = TestRedisAgainstDict.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None
)
TestMemoryAgainstDict.settings = TestFakeAgainstDict.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None
)
