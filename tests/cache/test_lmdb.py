"""The lmdb store alone: over restarts, between processes, when it is killed, full or damaged.

What every store owes is in `contracts/test_store.py`.
"""

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import lmdb
import pytest
from keeping import Kept
from lmdb_process import is_whole, made
from strategies import entry

from edgerun.app import open_store
from edgerun.cache import writer
from edgerun.cache.body import SharedBody
from edgerun.cache.database import Database
from edgerun.cache.files import FileBody
from edgerun.cache.format import names
from edgerun.cache.lmdb import LmdbStore
from edgerun.cache.memory import MemoryStore
from edgerun.cache.sparse import Piece, SparseBody
from edgerun.cache.tier import MOST_PENDING
from edgerun.distribution.model import StoreConfig
from edgerun.errors import ConfigError, OriginProtocolError
from edgerun.http.message import BytesBody, read

TESTS = Path(__file__).parents[1]
LARGE = 200_000
GENEROUS = {"size": 100_000_000, "max_object_size": 100_000_000}


@pytest.fixture
def runner():
    with asyncio.Runner() as made_runner:
        yield made_runner


@pytest.fixture
def opened(tmp_path, runner):
    """Open the one store of the test; what it says is in `said`."""
    stores = []

    def factory(**options):
        said = []
        kept = Kept(LmdbStore(tmp_path / "cache", tell=said.append, **{**GENEROUS, **options}), runner)
        kept.said = said
        stores.append(kept)
        return kept

    yield factory
    for kept in stores:
        runner.run(kept.store.aclose())


def closed(kept):
    kept.run(kept.store.aclose())


def files(tmp_path):
    return [path for path in (tmp_path / "cache" / "bodies").rglob("*") if path.is_file()]


class Other:
    """A process that uses the same store."""

    def __init__(self, folder, **options):
        self.process = subprocess.Popen(
            [
                sys.executable,
                str(TESTS / "cache" / "lmdb_process.py"),
                str(folder),
                json.dumps({**GENEROUS, **options}),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent)))},
        )
        assert self.heard() == "open"

    def heard(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def say(self, *order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def do(self, *order):
        self.say(*order)
        return self.heard()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.process.stdin.close()
        self.process.stdout.close()


# ---------------------------------------------------------------- restarts, bodies in files


def test_what_was_kept_is_there_after_a_restart(opened):
    first = opened()
    first.put(entry(b"/small", b"one", tags=("sale",)))
    first.put(entry(b"/large", bytes(LARGE)))
    first.invalidate(b"/nothing")
    closed(first)
    second = opened()
    assert second.listed() == [b"/large", b"/small"]
    assert second.body_of(second.fetched(entry(b"/large"))) == bytes(LARGE)
    assert second.generation == 1
    assert second.invalidate(b"#sale") == 1
    assert second.said == []


def test_a_large_body_lies_in_a_file_and_is_read_from_it_piece_by_piece(opened, tmp_path):
    store = opened()
    store.put(made(1, LARGE))
    assert [path.stat().st_size for path in files(tmp_path)] == [LARGE]
    found = store.peek(made(1, 0))
    assert isinstance(found.body, FileBody)
    assert (found.body.data, found.body.length) == (None, LARGE)
    assert is_whole(found, store.body_of(found))

    async def part():
        return b"".join([chunk async for chunk in found.body.stream(10, 30)])

    assert store.run(part()) == store.body_of(found)[10:30]


def test_whoever_reads_a_large_body_goes_on_when_it_is_purged(opened, tmp_path):
    store = opened()
    store.put(made(1, LARGE))
    found = store.fetched(made(1, 0))
    assert store.invalidate(b"/1") == 1
    assert files(tmp_path) == []
    assert is_whole(found, store.body_of(found))


@pytest.mark.parametrize("how", ["replaced", "discarded", "pushed out", "all purged"])
def test_the_file_of_a_body_that_is_gone_is_removed(opened, tmp_path, how):
    store = opened(size=LARGE * 2)
    store.put(made(1, LARGE))
    before = files(tmp_path)
    match how:
        case "replaced":
            store.put(made(1, 10))
        case "discarded":
            store.discard(made(1, 0))
        case "pushed out":
            store.put(made(2, LARGE + 1))
        case _:
            store.invalidate(b"/*")
    assert not set(before) & set(files(tmp_path))


def test_a_body_that_arrived_in_a_file_is_kept(opened):
    body = SharedBody(memory_limit=1_000)
    for _ in range(100):
        body.feed(bytes(5_000))
    body.finish()
    store = opened()
    store.put(replace(entry(b"/a"), body=body))
    assert store.body_of(store.fetched(entry(b"/a"))) == bytes(500_000)


def test_parts_of_an_object_are_kept_as_one(opened):
    store = opened()
    store.put(made(1, LARGE))
    part = store.fetched(made(1, 0)).body
    content = store.body_of(store.fetched(made(1, 0)))
    pieces = [Piece(0, 100, part, 50), Piece(100, 103, BytesBody(b"abc")), Piece(103, 103 + LARGE, part)]
    assert store.put(replace(entry(b"/a"), body=SparseBody(103 + LARGE, pieces)))
    assert store.body_of(store.fetched(entry(b"/a"))) == content[50:150] + b"abc" + content


def test_what_turns_out_not_to_be_there_is_not_kept_and_costs_nothing_else(opened, tmp_path):
    store = opened()
    holed = SparseBody(2 * LARGE, [Piece(0, LARGE, BytesBody(bytes(LARGE)))])
    store.put(replace(entry(b"/a"), body=holed))
    assert store.fetched(entry(b"/a")) is None
    assert files(tmp_path) == []
    assert store.put(entry(b"/b"))
    assert store.fetched(entry(b"/b")) is not None
    assert store.said == []


def test_a_confirmed_entry_keeps_the_file_of_its_body(opened, tmp_path):
    store = opened()
    store.put(made(1, LARGE))
    before = files(tmp_path)
    stale = store.fetched(made(1, 0))
    assert store.put(replace(stale, lifetime=99.0))
    assert files(tmp_path) == before
    again = store.fetched(made(1, 0))
    assert again.lifetime == 99.0
    assert is_whole(again, store.body_of(again))


def test_an_entry_confirmed_after_it_was_pushed_out_is_kept_anew(opened, tmp_path):
    store = opened()
    store.put(made(1, LARGE))
    stale = store.fetched(made(1, 0))
    store.discard(stale)
    assert store.put(stale)
    assert len(files(tmp_path)) == 1
    again = store.fetched(made(1, 0))
    assert is_whole(again, store.body_of(again))


def test_a_body_whose_file_somebody_removed_is_a_miss(opened, tmp_path):
    store = opened()
    store.put(made(1, LARGE))
    for path in files(tmp_path):
        path.unlink()
    assert store.fetched(made(1, 0)) is None


def test_a_file_that_shrinks_breaks_the_body_off(opened, tmp_path):
    store = opened()
    store.put(made(1, LARGE))
    found = store.fetched(made(1, 0))
    os.truncate(files(tmp_path)[0], LARGE // 2)
    with pytest.raises(OriginProtocolError, match="shorter"):
        store.body_of(found)


def test_more_than_can_be_written_is_refused_not_piled_up(opened):
    store = opened()
    large = entry(b"/a", bytes(1_000_000))

    async def flood():
        return [store.store.put(large.key._replace(path=b"/%d" % n), large, 0) for n in range(60)]

    kept = sum(store.run(flood()))
    assert 0 < kept * large.size <= MOST_PENDING + large.size * 30, "some may be written meanwhile"
    store.run(store.store.settled())
    assert store.put(large)


# ---------------------------------------------------------------- several processes


@pytest.mark.process
def test_processes_share_entries_and_see_purges_at_once(opened, tmp_path):
    store = opened()
    with Other(tmp_path / "cache") as other:
        assert other.do("put", 1, 100)
        assert other.do("put", 2, LARGE)
        assert store.fetched(made(1, 0)).body.length == 100
        assert store.fetched(made(2, 0)).body.length == LARGE
        assert store.peek(made(1, 0)) is store.peek(made(1, 0)), "held in memory by now"
        assert other.do("purge", "/1") == 1
        assert store.peek(made(1, 0)) is None
        assert store.peek(made(2, 0)) is not None

        began = store.generation
        assert other.do("purge", "/3") == 0
        assert not store.put(made(3, 5), began), "purged by the other while it was fetched"
        assert store.put(made(3, 5))
        assert other.do("fetch", 3) is True
        assert store.invalidate(b"/*") == 2
        assert other.do("fetch", 3) is None


@pytest.mark.process
def test_what_another_process_replaces_or_pushes_out_is_not_held_on_to(opened, tmp_path):
    size = made(1, 1_000).size * 2
    store = opened(size=size, tier=size)
    with Other(tmp_path / "cache", size=size) as other:
        other.do("put", 1, 1_000)
        first = store.fetched(made(1, 0))
        other.do("put", 1, 999)
        assert store.fetched(made(1, 0)).headers != first.headers
        other.do("put", 2, 1_000)
        other.do("put", 3, 1_000)
        assert store.fetched(made(1, 0)) is None


@pytest.mark.process
def test_the_map_grows_for_all_processes(opened, tmp_path):
    store = opened(map_size=1 << 17)
    with Other(tmp_path / "cache", map_size=1 << 17) as other:
        for number in range(40):
            assert store.put(made(number, 50_000))
        assert other.do("fetch", 39) is True
        assert other.do("put", 40, 50_000)
        assert store.fetched(made(40, 0)) is not None
    assert len(store.listed()) == 41


# ---------------------------------------------------------------- killed


@pytest.mark.process
def test_a_process_killed_at_any_moment_leaves_whole_objects_only(opened, tmp_path):
    seed = random.randrange(10_000)
    for round_ in range(4):
        with Other(tmp_path / "cache", size=2_000_000) as other:
            other.say("write_for_ever", seed + round_ * 1_000)
            assert other.heard() == "going"
            with contextlib.suppress(subprocess.TimeoutExpired):
                other.process.wait(random.random() * 0.05)
            other.process.send_signal(signal.SIGKILL)
            other.process.wait()
        store = opened(size=2_000_000)

        async def every(store=store):
            return [one async for one in store.store.entries()]

        found = store.run(every())
        for one in found:
            assert is_whole(one, store.body_of(one)), f"seed {seed}, round {round_}"
            assert is_whole(one, store.body_of(store.fetched(one)))
        with store.store._database.read() as transaction:
            counts = store.store._database.counts(transaction)
        assert counts.used == sum(one.size for one in found) <= 2_000_000
        assert counts.swept == counts.generation
        referred = {one.body.path for one in found if isinstance(one.body, FileBody)}
        assert set(files(tmp_path)) == referred, "no orphans after a start"
        assert store.said == []
        closed(store)


def test_a_purge_that_was_cut_off_holds_and_is_finished_at_the_next_start(opened, tmp_path):
    store = opened()
    store.put(entry(b"/a"))
    store.put(entry(b"/b"))
    closed(store)
    database = Database(tmp_path / "cache", map_size=1 << 20)
    database.write(lambda change: change.purge(b"/a"))
    database.close()
    again = opened()
    assert (again.fetched(entry(b"/a")), again.fetched(entry(b"/b")) is not None) == (None, True)
    assert again.listed() == [b"/b"]
    again.run(again.store.settled())
    with again.store._database.read() as transaction:
        assert again.store._database.counts(transaction).swept == 1


def in_index(store):
    database = store.store._database
    with database.read() as transaction:
        return transaction.stat(database.tables["uris"])["entries"]


def test_one_path_is_found_without_looking_at_the_others(opened, monkeypatch):
    store, looked_at = opened(), []
    asked_otherwise = entry(b"/rewritten", requested_uri=b"/7")
    for one in (*(entry(b"/%d" % n) for n in range(20)), asked_otherwise, entry(b"/7", query=b"q")):
        store.put(one)
    store.run(store.store.settled())
    monkeypatch.setattr(writer, "names", lambda record: looked_at.append(names(record)) or looked_at[-1])
    assert store.invalidate(b"/7") == 2
    assert sorted(named.uri for named in looked_at) == [b"/7", b"/rewritten"]
    assert store.invalidate(b"E2/8") == 0, "another distribution's"
    assert (store.invalidate(b"/7?q"), store.invalidate(b"E1/8")) == (1, 1)
    assert len(store.listed()) == 18


def test_what_is_asked_for_by_another_uri_is_found_by_that_alone(opened):
    store = opened()
    store.put(entry(b"/own", requested_uri=b"/before"))
    store.put(entry(b"/own", requested_uri=b"/after"))
    assert (store.invalidate(b"/before"), store.invalidate(b"/after")) == (0, 1)


def test_nothing_is_left_of_the_uris_of_what_leaves(opened):
    size = entry(b"/1", requested_uri=b"/one").size
    store = opened(size=size * 4)
    for n in range(8):
        store.put(entry(b"/%d" % n, requested_uri=b"/one"))
    store.run(store.store.settled())
    kept = len(store.listed())
    assert 0 < kept < 8
    assert in_index(store) == 2 * kept
    store.store.discard(entry(b"/7").key)
    store.run(store.store.settled())
    assert in_index(store) == 2 * (kept - 1)
    store.invalidate(b"/*")
    assert in_index(store) == 0


def test_a_sign_left_over_by_a_killed_purge_costs_speed_only(opened):
    store = opened()
    store.put(entry(b"/a"))
    store.store._signs.begin()
    assert store.peek(entry(b"/a")) is not None
    store.invalidate(b"/other")
    store.store._signs.begin()
    store.put(entry(b"/b"))
    assert store.store._signs.values[0] != 0


def test_bodies_that_nothing_refers_to_are_removed_at_the_start(opened, tmp_path):
    store = opened()
    store.put(made(1, LARGE))
    closed(store)
    kept = files(tmp_path)
    for name in ("ab" * 16, "cd" * 16 + ".part", "no-name-of-ours"):
        place = tmp_path / "cache" / "bodies" / name[:2] / name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(b"x")
    again = opened()
    again.run(again.store.settled())
    assert files(tmp_path) == kept


# ---------------------------------------------------------------- damaged, full


@pytest.mark.parametrize("garbage", [b"", b"garbage" * 10_000, bytes(100_000)])
def test_a_damaged_database_is_dropped_with_one_sentence(opened, tmp_path, garbage):
    store = opened()
    store.put(made(1, LARGE))
    closed(store)
    (tmp_path / "cache" / "data.mdb").write_bytes(garbage)
    again = opened()
    assert again.fetched(made(1, 0)) is None
    assert again.put(made(2, 10))
    again.run(again.store.settled())
    assert files(tmp_path) == []
    assert len(again.said) == bool(garbage), again.said


def test_a_database_that_was_cut_short_is_dropped(opened, tmp_path):
    store = opened()
    for number in range(50):
        store.put(made(number, 50_000))
    closed(store)
    data = tmp_path / "cache" / "data.mdb"
    os.truncate(data, data.stat().st_size // 2)
    again = opened()
    assert again.listed() == []
    assert len(again.said) == 1
    assert "is dropped" in again.said[0]


def test_what_was_in_use_when_the_machine_went_down_is_dropped(opened, tmp_path):
    store = opened()
    store.put(entry(b"/a"))
    closed(store)
    assert not (tmp_path / "cache" / "boot").exists(), "closed cleanly, and on the disk"
    (tmp_path / "cache" / "boot").write_text("another start of the machine")
    again = opened()
    assert again.fetched(entry(b"/a")) is None
    assert "went down" in again.said[0]


def test_a_database_found_damaged_while_in_use_is_dropped_at_the_next_start(opened, tmp_path):
    store = opened()
    store.put(entry(b"/a"))
    store.store._damage(lmdb.CorruptedError("a page"))
    assert not store.put(entry(b"/b"))
    assert (store.peek(entry(b"/a")), store.invalidate(b"/*"), store.listed()) == (None, 0, [])
    closed(store)
    again = opened()
    assert again.listed() == []
    assert "was damaged" in again.said[0]
    assert again.put(entry(b"/a"))


def test_entries_of_another_version_are_dropped_with_one_sentence(opened):
    store = opened()
    for path in (b"/a", b"/b"):
        store.put(replace(entry(path), version=99))
    assert (store.fetched(entry(b"/a")), store.fetched(entry(b"/b"))) == (None, None)
    store.run(store.store.settled())
    assert store.listed() == []
    assert [sentence for sentence in store.said if "another version" in sentence] == store.said
    assert len(store.said) == 1


@pytest.mark.process
def test_a_full_disk_costs_what_is_kept_and_nothing_else(tmp_path):
    with Other(tmp_path / "cache") as other:
        other.do("limit_files", 1_000_000)
        for number in range(30):
            assert other.do("put", number, 60_000) is True, "taken; whether it stays is another matter"
        assert other.do("put", 50, 1_500_000) is True
        assert other.do("fetch", 50) is None
        assert [other.do("fetch", number) for number in range(30)].count(False) == 0
        assert [other.do("fetch", number) for number in range(30)].count(True) > 3
        assert other.do("put", 51, 100) is True
        assert other.do("fetch", 51) is True
        assert len(other.do("told")) == 1
        assert other.do("purge", "/*") > 0
        assert other.do("fetch", 51) is None


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 12 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a disk of its own")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.process
@pytest.mark.skipif(shutil.which("mount") is None, reason="no mount")
def test_on_a_disk_too_small_for_the_store_what_is_new_pushes_out_what_is_old(tiny_disk):
    with Other(tiny_disk / "cache") as other:
        for number in range(200):
            assert other.do("put", number, 200_000 if number % 3 else 30_000) is True
        found = [other.do("fetch", number) for number in range(200)]
        assert found.count(False) == 0, "no part of an object"
        assert found[-1] is True
        assert 20 < found.count(True) < 100
        assert len(other.do("told")) == 1
        (tiny_disk / "filler").write_bytes(bytes(shutil.disk_usage(tiny_disk).free))
        assert other.do("purge", "/*") == found.count(True)
        assert other.do("close") is None
    said = []
    shutil.rmtree(tiny_disk / "cache")
    (tiny_disk / "more").write_bytes(bytes(shutil.disk_usage(tiny_disk).free))
    config = StoreConfig(kind="lmdb", path=str(tiny_disk / "cache"), size=1 << 40, max_object_size=1 << 35)
    store = open_store(config, said.append)
    assert isinstance(store, MemoryStore), "there is no room to begin with"
    assert "kept in memory until edgerun starts anew" in said[0]


@pytest.mark.process
def test_damaged_while_another_process_uses_it_objects_are_kept_in_memory(tmp_path):
    said = []
    with Other(tmp_path / "cache"):
        (tmp_path / "cache" / "data.mdb").write_bytes(b"garbage" * 10_000)
        config = StoreConfig(kind="lmdb", path=str(tmp_path / "cache"))
        assert isinstance(open_store(config, said.append), MemoryStore)
    assert len(said) == 1


@pytest.mark.parametrize("place", ["a file", "below a file"])
def test_a_folder_that_cannot_be_used_is_told(tmp_path, place):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" if place == "a file" else tmp_path / "file" / "cache"
    with pytest.raises(ConfigError, match=r"store\.path .*file"):
        LmdbStore(path, **GENEROUS)


# ---------------------------------------------------------------- bounds


@pytest.mark.process
def test_ten_thousand_objects_through_a_store_of_a_thousand_keep_its_bound_and_memory(tmp_path):
    size = made(1_000, 4_096).size * 1_000
    with Other(tmp_path / "cache", size=size) as other:
        before = other.do("memory")
        count, used = other.do("pass_through", 10_000, 4_096)
        assert 990 <= count <= 1_010
        assert used <= size
        assert other.do("memory") - before < size + 60 * 1024 * 1024
    assert (tmp_path / "cache" / "data.mdb").stat().st_size < 4 * size


def test_reading_gives_what_the_writer_has_not_written_yet(opened):
    store = opened()

    async def act():
        one = entry(b"/a", b"one")
        store.store.put(one.key, one, store.store.generation)
        found = store.store.peek(one.key)
        store.store.discard(one.key)
        return await read(found.body), store.store.peek(one.key)

    assert store.run(act()) == (b"one", None)
