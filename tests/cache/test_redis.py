"""The redis store alone: between nodes, when its server is away, lost or full.

What every store owes is in `contracts/test_store.py`.
"""

import asyncio
import time
from dataclasses import replace

import pytest
import redis
import redis_server
from keeping import Kept
from strategies import ENTRY_MADE, entry

from edgerun.cache.body import SharedBody
from edgerun.cache.redis import RedisStore
from edgerun.cache.redis_body import CHUNK, RedisBody
from edgerun.cache.redis_link import shown
from edgerun.cache.redis_order import MOST_OWED, Unsent, seconds_of
from edgerun.errors import OriginProtocolError

LARGE = bytes(range(256)) * 10_000  # three pieces
GENEROUS = {"size": 100_000_000, "max_object_size": 100_000_000}


class Cluster:
    """Nodes that share one cache, in one loop; what each says is in its `said`."""

    def __init__(self, server, runner, patience=10.0):
        self.server = server
        self.namespace = redis_server.namespace()
        self.client = redis.Redis.from_url(server.url, retry=None)
        self.run = runner.run
        self._runner = runner
        self.nodes = []
        self._patience = patience

    def node(self, **options):
        said = []
        bounds = {**GENEROUS, "patience": self._patience, **options}
        node = Kept(RedisStore(self.server.url, namespace=self.namespace, tell=said.append, **bounds), self._runner)
        node.said = said
        self.nodes.append(node)
        return node

    def keys(self, kind):
        return self.client.keys(f"{{{self.namespace}}}:1:{kind}:*")

    def keep(self, node, *paths):
        """Put entries until the server has them: on a busy machine it may seem away for a moment."""
        for path in paths:
            before = len(self.keys("entry"))
            self.until(lambda path=path, before=before: node.put(entry(path)) and len(self.keys("entry")) > before)

    def until(self, happened):
        """Let the loop run until something is true, and return it."""
        give_up = time.monotonic() + 60
        while not (found := happened()):
            assert time.monotonic() < give_up
            self.run(asyncio.sleep(0.005))
        return found

    def close(self):
        for node in self.nodes:
            self.run(node.store.aclose())
        self.client.close()


@pytest.fixture
def cluster():
    with asyncio.Runner() as runner:
        made = Cluster(redis_server.shared(), runner)
        yield made
        made.close()


@pytest.fixture
def own(tmp_path):
    """A cluster whose server is the test's own, to be stopped and held still."""
    with redis_server.RedisServer(tmp_path) as server, asyncio.Runner() as runner:
        made = Cluster(server, runner, patience=1.0)
        yield made
        server.go_on()
        made.close()


def large(path=b"/large", content=LARGE):
    body = SharedBody(memory_limit=1_000)
    body.feed(content)
    body.finish()
    return replace(entry(path), body=body)


# ---------------------------------------------------------------- several nodes


def test_nodes_share_entries_and_invalidations(cluster):
    one, other = cluster.node(), cluster.node()
    assert one.put(entry(b"/a", b"one", tags=("sale",)))
    assert other.body_of(other.fetched(entry(b"/a"))) == b"one"
    assert other.listed() == [b"/a"]
    assert other.invalidate(b"#sale") == 1
    assert one.fetched(entry(b"/a")) is None


def test_what_is_asked_for_most_is_held_in_memory_until_news_of_a_purge(cluster):
    one, other = cluster.node(), cluster.node()
    one.put(entry(b"/a"))
    one.put(entry(b"/b"))
    assert other.peek(entry(b"/a")) is None
    for path in (b"/a", b"/b"):
        other.fetched(entry(path))
        assert other.peek(entry(path)) is not None
    assert one.invalidate(b"/a") == 1
    assert other.fetched(entry(b"/a")) is None or other.peek(entry(b"/a")) is not None, "before the news"
    cluster.until(lambda: other.peek(entry(b"/a")) is None)
    assert other.fetched(entry(b"/a")) is None
    assert other.fetched(entry(b"/b")) is not None


@pytest.mark.parametrize("how", ["replaced", "discarded", "pushed out"])
def test_what_another_node_changes_is_not_held_on_to(cluster, how):
    size = entry(b"/a", bytes(1_000)).size * 2
    one, other = cluster.node(size=size), cluster.node(size=size, tier=size)
    one.put(entry(b"/a", bytes(1_000)))
    assert other.body_of(other.fetched(entry(b"/a"))) == bytes(1_000)
    match how:
        case "replaced":
            one.put(entry(b"/a", b"new"))
        case "discarded":
            one.discard(entry(b"/a"))
        case _:
            one.put(entry(b"/b", bytes(1_000)))
            one.put(entry(b"/c", bytes(1_000)))
    cluster.until(lambda: other.peek(entry(b"/a")) is None)
    found = other.fetched(entry(b"/a"))
    assert (found and other.body_of(found)) == (b"new" if how == "replaced" else None)


def test_a_slow_fetch_does_not_undo_a_purge_of_which_no_news_came_yet(cluster):
    one, other = cluster.node(), cluster.node()
    one.put(entry(b"/x"))
    other.fetched(entry(b"/x"))
    began = other.generation
    one.invalidate(b"/a*")

    async def at_once():
        slow = entry(b"/abc")
        other.store.put(slow.key, slow, began)
        await other.store.settled()

    cluster.run(at_once())
    assert other.fetched(entry(b"/abc")) is None
    assert other.put(entry(b"/abc"))
    assert one.fetched(entry(b"/abc")) is not None


# ---------------------------------------------------------------- large bodies


def test_a_large_body_lies_in_pieces_and_is_read_from_where_one_wants(cluster):
    one, other = cluster.node(), cluster.node()
    assert one.put(large())
    assert len(cluster.keys("chunk")) == 3
    found = other.fetched(large())
    assert isinstance(found.body, RedisBody)
    assert (found.body.data, found.body.length) == (None, len(LARGE))
    assert other.body_of(found) == LARGE

    async def part():
        return b"".join([chunk async for chunk in found.body.stream(CHUNK - 5, 2 * CHUNK + 5)])

    assert cluster.run(part()) == LARGE[CHUNK - 5 : 2 * CHUNK + 5]
    assert other.peek(large()) is None, "too large to be held in memory too"


def test_whoever_reads_a_large_body_goes_on_when_it_is_purged_and_it_leaves_in_the_end(cluster):
    node = cluster.node()
    node.put(large())
    found = node.fetched(large())
    assert node.invalidate(b"/large") == 1
    assert node.fetched(large()) is None
    assert node.body_of(found) == LARGE
    assert [0 < cluster.client.ttl(key) <= 60 for key in cluster.keys("chunk")] == [True] * 3


def test_a_body_of_which_a_piece_left_is_a_miss_and_breaks_off_for_who_reads_it(cluster):
    node = cluster.node()
    node.put(large())
    found = node.fetched(large())
    cluster.client.delete(cluster.keys("chunk")[0])
    with pytest.raises(OriginProtocolError, match="left the cache"):
        node.body_of(found)
    assert node.fetched(large()) is None
    cluster.run(node.store.settled())
    assert cluster.keys("entry") == []


def test_a_confirmed_entry_keeps_the_pieces_of_its_body(cluster):
    node = cluster.node()
    node.put(large())
    before = set(cluster.keys("chunk"))
    stale = node.fetched(large())
    assert node.put(replace(stale, lifetime=9.0))
    assert set(cluster.keys("chunk")) == before
    again = node.fetched(large())
    assert (again.lifetime, node.body_of(again)) == (9.0, LARGE)
    assert node.put(replace(stale, key=entry(b"/other").key)), "another entry gets pieces of its own"
    assert len(cluster.keys("chunk")) == 6


# ---------------------------------------------------------------- bounds, time


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"lifetime": 60.0}, 60 + 86_400),
        ({"lifetime": 0.0}, 86_400),
        ({"lifetime": 60.0, "initial_age": 50.0}, 10 + 86_400),
        ({"lifetime": 60.0, "stale_while_revalidate": 30.0, "stale_if_error": 600.0}, 660 + 86_400),
        ({"lifetime": 0.0, "retry_at": ENTRY_MADE + 10}, 10 + 86_400),
        ({"lifetime": 1e12}, 365 * 86_400),
    ],
)
def test_an_entry_leaves_by_itself_a_day_after_it_was_of_use(changes, seconds):
    assert seconds_of(entry(b"/a", **changes)) == seconds


def test_entries_and_pieces_leave_by_themselves(cluster):
    node = cluster.node()
    node.put(replace(large(), lifetime=100.0))
    for key in cluster.keys("entry") + cluster.keys("chunk"):
        assert 86_400 < cluster.client.ttl(key) <= 86_500


def test_what_left_by_itself_is_not_counted_any_more(cluster):
    node = cluster.node()
    node.put(entry(b"/a"))
    cluster.client.delete(*cluster.keys("entry"))
    prefix = f"{{{cluster.namespace}}}:1:"
    cluster.client.zadd(prefix + "expiry", dict.fromkeys(cluster.client.zrange(prefix + "expiry", 0, -1), 1))
    kept = entry(b"/b")
    node.put(kept)
    assert int(cluster.client.hget(prefix + "meta", "used")) == kept.size
    assert node.listed() == [b"/b"]


def test_ten_thousand_objects_through_a_store_of_a_thousand_keep_its_bound(cluster):
    size = entry(b"/1000", bytes(500)).size * 1_000
    node = cluster.node(size=size)

    async def pass_through():
        for number in range(10_000):
            one = entry(b"/%d" % number, bytes(500))
            node.store.put(one.key, one, 0)
            if not number % 200:
                await node.store.settled()
        await node.store.settled()
        return [one async for one in node.store.entries()]

    left = cluster.run(pass_through())
    assert 990 <= len(left) <= 1_010
    assert sum(one.size for one in left) <= size
    assert len(cluster.keys("entry")) == len(left)
    assert cluster.client.hlen(f"{{{cluster.namespace}}}:1:places") == len(left)


def test_entries_of_another_version_are_dropped_with_one_sentence(cluster):
    node = cluster.node()
    for path in (b"/a", b"/b"):
        node.put(entry(path))
    for key in cluster.keys("entry"):
        cluster.client.setrange(key, 0, b"\x63\0")
    assert [node.fetched(entry(path)) for path in (b"/a", b"/b")] == [None, None]
    cluster.run(node.store.settled())
    assert (cluster.keys("entry"), node.listed()) == ([], [])
    assert len(node.said) == 1
    assert "another version" in node.said[0]


# ---------------------------------------------------------------- the server away


def away(own):
    """Stop the server, and wait until its nodes know."""
    own.server.stop()
    own.until(lambda: not any(node.store._link.up for node in own.nodes))


def back(own):
    own.server.start()
    own.until(lambda: all(node.store._link.up for node in own.nodes))


def test_without_its_server_a_node_has_what_it_holds_in_memory_and_keeps_there_what_comes(own):
    node = own.node()
    own.keep(node, b"/a", b"/not held")
    own.until(lambda: node.fetched(entry(b"/a")) and node.peek(entry(b"/a")))
    away(own)
    assert node.fetched(entry(b"/not held")) is None
    assert node.body_of(node.peek(entry(b"/a"))) == node.body_of(entry(b"/a"))
    assert node.put(entry(b"/b", b"new"))
    assert node.body_of(node.peek(entry(b"/b"))) == b"new"
    assert not node.put(large()), "what is not in memory cannot be kept"
    assert not node.put(entry(b"/c", bytes(40_000_000))), "nor what is larger than all that is held"
    assert node.listed() == []
    back(own)
    assert node.peek(entry(b"/a")) is None, "what changed meanwhile is not known"
    assert node.put(entry(b"/b"))
    assert node.fetched(entry(b"/b")) is not None
    assert [sentence.split(":")[0] for sentence in node.said] == ["unix", "unix"]
    assert "cannot be reached" in node.said[0]
    assert node.said[1].endswith("is back")


def test_a_purge_without_the_server_covers_what_is_held_and_what_is_under_way(own):
    node = own.node()
    own.keep(node, b"/a")
    own.until(lambda: node.fetched(entry(b"/a")))
    away(own)
    before = node.generation
    assert node.invalidate(b"/a*") == 0
    assert node.peek(entry(b"/a")) is None
    assert not node.put(entry(b"/abc"), before), "fetched before the purge"
    assert node.put(entry(b"/xyz"), before), "not covered"
    assert node.put(entry(b"/abc"))
    assert node.peek(entry(b"/abc")) is not None
    between = node.generation
    back(own)
    assert node.generation > between > before
    assert not node.put(entry(b"/abc"), before)
    assert node.put(entry(b"/abc"))


@pytest.mark.parametrize("how", ["stopped", "held still"])
def test_what_was_discarded_without_the_server_is_gone_when_it_is_back(tmp_path, how):
    keeps = ("--save", "60 1000000") if how == "stopped" else ()
    with redis_server.RedisServer(tmp_path, *keeps) as server, asyncio.Runner() as runner:
        own = Cluster(server, runner, patience=1.0)
        one, other = own.node(), own.node()
        for path in (b"/a", b"/b"):
            own.keep(one, path)
            own.until(lambda path=path: other.fetched(entry(path)))
        if how == "stopped":
            own.client.save()
            away(own)
        else:
            server.hold_still()
            assert one.fetched(entry(b"/b")) is None
        one.discard(entry(b"/a"))
        if how == "stopped":
            back(own)
        else:
            server.go_on()
            own.until(lambda: all(node.store._link.up for node in own.nodes))
        assert [node.fetched(entry(b"/a")) for node in (one, other)] == [None, None]
        own.until(lambda: other.fetched(entry(b"/b")))  # the server has kept its data
        assert other.fetched(entry(b"/a")) is None
        own.close()


def test_too_many_discarded_without_the_server_invalidate_everything():
    unsent = Unsent()
    for number in range(MOST_OWED + 1):
        unsent.forget(b"%16d" % number)
    assert (unsent.items, unsent.some()) == ([b"/*"], [])


DAMAGES = {
    "cut off": lambda record: record[:-1],
    "cut off in its head": lambda record: record[:50],
    "empty": lambda _: b"",
    "too long": lambda record: record + b"x",
    "garbage": lambda _: bytes(range(256)) * 4,
    "garbage behind its version": lambda record: record[:2] + b"\xff" * (len(record) - 2),
    "lengths that reach too far": lambda record: record[:60] + b"\xff" * 80 + record[140:],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_entry_is_a_miss_and_leaves(cluster, damage):
    node = cluster.node()
    node.put(entry(b"/a"))
    (key,) = cluster.keys("entry")
    cluster.client.set(key, damage(cluster.client.get(key)))
    assert node.fetched(entry(b"/a")) is None
    cluster.run(node.store.settled())
    assert cluster.keys("entry") == []
    assert node.put(entry(b"/a", b"anew"))
    assert node.body_of(node.fetched(entry(b"/a"))) == b"anew"


def test_a_server_that_lost_its_data_undoes_no_purge(own):
    node = own.node()
    for _ in range(3):
        node.invalidate(b"/x")
    began = node.generation
    own.server.stop()
    own.until(lambda: not node.store._link.up)
    own.server.start()
    own.until(lambda: node.store._link.up)
    assert node.invalidate(b"/a") == 0
    assert node.generation > began
    assert not node.put(entry(b"/a"), began), "it may have been purged meanwhile, by whoever"
    assert node.put(entry(b"/a"))
    assert node.fetched(entry(b"/a")) is not None


def test_a_server_that_does_not_answer_is_waited_for_once(own):
    node = own.node()
    node.put(entry(b"/a"))
    own.server.hold_still()
    assert node.fetched(entry(b"/a")) is None
    assert not node.store._link.up
    assert [node.fetched(entry(b"/a")) for _ in range(1_000)] == [None] * 1_000, "at once, each of them"
    own.server.go_on()
    own.until(lambda: node.fetched(entry(b"/a")) is not None)  # it has not forgotten
    assert node.store._link.up


def test_a_purge_while_the_server_is_away_holds_when_it_is_back(own):
    one, other = own.node(), own.node()
    own.keep(one, b"/a", b"/b")
    other.fetched(entry(b"/a"))
    began = one.generation
    own.server.hold_still()
    assert one.fetched(entry(b"/b")) is None
    assert one.invalidate(b"/a") == 0
    assert "/a will be invalidated when" in one.said[-1]
    own.server.go_on()
    own.until(lambda: one.store._link.up and other.store._link.up)
    for node in (one, other):
        own.until(lambda node=node: node.fetched(entry(b"/b")) is not None)
        assert node.fetched(entry(b"/a")) is None
    assert not one.put(entry(b"/a"), began)
    own.until(lambda: one.listed() == [b"/b"])


def test_news_missed_while_away_are_caught_up_with(own):
    one, other = own.node(), own.node()
    one.put(entry(b"/a"))
    own.until(lambda: other.fetched(entry(b"/a")) and other.peek(entry(b"/a")))

    async def cut_off():
        other.store._link._down(ConnectionError("for the test"))

    own.run(cut_off())
    one.invalidate(b"/a")
    own.until(lambda: other.store._link.up)
    assert other.generation == one.generation
    assert (other.peek(entry(b"/a")), other.fetched(entry(b"/a"))) == (None, None)


def test_a_purge_that_never_reached_the_server_is_told_at_the_end(own):
    node = own.node()
    node.put(entry(b"/a"))
    own.server.stop()
    own.until(lambda: not node.store._link.up)
    node.invalidate(b"/a")
    own.run(node.store.aclose())
    assert node.said[-1] == "1 invalidation never reached the server of the cache"
    own.server.start()


def test_a_server_that_comes_later_is_found(tmp_path):
    with redis_server.RedisServer(tmp_path) as server, asyncio.Runner() as runner:
        server.stop()
        late = Cluster(server, runner, patience=1.0)
        node = late.node()
        assert node.fetched(entry(b"/a")) is None
        assert node.put(entry(b"/a"))
        assert node.peek(entry(b"/a")) is not None
        server.start()
        late.until(lambda: node.store._link.up)
        assert node.put(entry(b"/a"))
        assert node.fetched(entry(b"/a")) is not None
        late.close()


def test_a_server_that_is_full_costs_what_is_kept_and_nothing_else(tmp_path):
    with redis_server.RedisServer(tmp_path, "--maxmemory", "8mb") as server, asyncio.Runner() as runner:
        full = Cluster(server, runner)
        node = full.node()
        for number in range(60):
            assert node.put(entry(b"/%d" % number, bytes(200_000)))
        found = [node.fetched(entry(b"/%d" % number)) for number in range(60)]
        assert 0 < sum(one is not None for one in found) < 60
        assert full.node().fetched(entry(b"/0")) is not None, "others may come"
        assert len(node.said) == 1
        assert "refuses" in node.said[0]
        assert node.invalidate(b"/*") > 0
        assert node.put(entry(b"/a", bytes(200_000)))
        assert node.fetched(entry(b"/a")) is not None
        full.close()


def test_a_purge_that_was_cut_off_holds_and_is_finished_by_whoever_comes_next(cluster):
    one = cluster.node()
    one.put(entry(b"/a"))
    one.put(entry(b"/b"))

    async def half_a_purge():
        await one.store._link.ask(one.store._purge(keys=one.store._keys, args=(b"/a",)))

    cluster.run(half_a_purge())
    assert one.fetched(entry(b"/a")) is None
    other = cluster.node()
    assert other.fetched(entry(b"/a")) is None
    cluster.until(lambda: len(cluster.keys("entry")) == 1)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("redis://user:secret@cache.example:6380/2", "redis://cache.example:6380/2"),
        ("rediss://:secret@cache.example", "rediss://cache.example"),
        ("unix:///run/redis.sock?db=1", "unix:///run/redis.sock"),
    ],
)
def test_what_is_told_of_a_server_has_no_password_in_it(url, text):
    assert shown(url) == text
