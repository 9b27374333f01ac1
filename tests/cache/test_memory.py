"""The store in memory: what an entry takes there, and invalidations that give others their turn."""

import asyncio
import gc
import tracemalloc
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from strategies import entry

from edgerun.cache import memory
from edgerun.cache.by_uri import ByUri
from edgerun.cache.entry import CacheKey
from edgerun.cache.invalidation import matches
from edgerun.cache.memory import CHUNK, MemoryStore
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody

NAMES = (b"Server", b"Date", b"Content-Type", b"Content-Length", b"Last-Modified", b"ETag", b"Accept-Ranges")


def store_of(count):
    store = MemoryStore(size=100_000_000, max_object_size=1_000_000)
    for number in range(count):
        one = entry(b"/%d" % number)
        assert store.put(one.key, one, 0)
    return store


def fetched(number):
    """Return an entry as an origin's answer makes one: every text in bytes of its own."""
    lines = [(bytes(bytearray(name)), b"%s of %020d" % (name, number)) for name in NAMES]
    one = entry(b"/%d" % number, b"%01024d" % number)
    return type(one)(
        **{name: getattr(one, name) for name in one.__slots__}
        | {"headers": Headers(lines), "body": BytesBody(b"%01024d" % number), "stored_by": f"{number:056}"}
    )


def test_an_entry_takes_no_more_than_it_is_counted_as():
    store = MemoryStore(size=100_000_000, max_object_size=1_000_000)
    count = 2_000
    tracemalloc.start()
    try:
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(count):
            one = fetched(number)
            store.put(one.key, one, 0)
        del one
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken <= store.used
    assert taken >= store.used * 2 // 3, "nor is it counted as much more"
    assert taken / count - 1_024 < 1_600


async def turns_of(act):
    """Return what something comes to, and how many turns others had meanwhile."""
    task, turns = asyncio.ensure_future(act), 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    return await task, turns


def test_one_path_is_found_without_looking_at_the_others(monkeypatch):
    store, looked_at = store_of(3 * CHUNK), []
    monkeypatch.setattr(memory, "matches", lambda item, one: looked_at.append(one.key.path) or matches(item, one))
    assert asyncio.run(turns_of(store.invalidate(b"/7")))[0] == 1
    assert looked_at == [b"/7"]


def test_a_wildcard_gives_others_their_turn_while_it_walks():
    store = store_of(4 * CHUNK)
    count, turns = asyncio.run(turns_of(store.invalidate(b"/1*")))
    assert turns >= 4
    assert count == sum(str(n).startswith("1") for n in range(4 * CHUNK))


def test_from_the_beginning_of_an_invalidation_nothing_that_it_covers_is_found():
    async def play():
        store = store_of(4 * CHUNK)
        last, kept = entry(b"/%d" % (4 * CHUNK - 1)), entry(b"/0")
        purge = asyncio.ensure_future(store.invalidate(b"/1*"))
        await asyncio.sleep(0)
        assert len(store) > 3 * CHUNK, "it has only begun"
        assert store.peek(last.key) is None
        assert store.peek(kept.key) is not None
        assert [one.key async for one in store.entries(b"/1999")] == []
        await purge

    asyncio.run(play())


def test_what_is_fetched_anew_during_an_invalidation_outlives_it():
    async def play():
        store = store_of(4 * CHUNK)
        anew, before = entry(b"/1999"), store.generation
        purge = asyncio.ensure_future(store.invalidate(b"/1*"))
        await asyncio.sleep(0)
        assert not store.put(anew.key, anew, before), "its fetch began before"
        assert store.put(anew.key, anew, store.generation)
        assert store.peek(anew.key) is not None
        await purge
        assert store.peek(anew.key) is not None

    asyncio.run(play())


def test_an_invalidation_that_nobody_waits_for_any_more_is_carried_out():
    async def play():
        store = store_of(4 * CHUNK)
        purge = asyncio.ensure_future(store.invalidate(b"/1*"))
        await asyncio.sleep(0)
        purge.cancel()
        with suppress(asyncio.CancelledError):
            await purge
        return store

    store = asyncio.run(play())
    assert store.peek(entry(b"/1999").key) is None
    assert store.peek(entry(b"/0").key) is not None


KEYS = st.builds(
    CacheKey, st.just("E1"), st.just("GET"), st.sampled_from([b"/a", b"/b"]), st.sampled_from([None, b"q"])
)
CHANGES = st.lists(st.tuples(st.booleans(), KEYS, st.sampled_from([b"/a", b"/c"])), max_size=12)


@given(CHANGES)
def test_a_uri_leads_to_the_keys_that_it_names_and_to_no_others(changes):
    index, model = ByUri(), {}
    for adds, key, asked in changes:
        if key in model:
            index.remove(key, model.pop(key))
        if adds:
            model[key] = entry(key=key, requested_uri=asked)
            index.add(key, model[key])
    for uri in (b"/a", b"/b", b"/c", b"/a?q", b"/b?q"):
        expected = {key for key, one in model.items() if uri in {key.uri, one.requested_uri}}
        assert set(index.keys(uri)) == expected
        assert len(index.keys(uri)) == len(expected)
    assert bool(index._keys) is bool(model), "nothing is left of what was removed"
