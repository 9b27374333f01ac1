"""The tables of the lmdb store, and what one transaction does to them.

`entries` holds records by digest, `places` what eviction has to know of each, `recency` digests by the tick of
their last use, `uris` which digests a URI leads to, `purges` the last invalidations by generation, `meta` the counts.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from struct import Struct
from typing import Any, Final, NamedTuple, TypeVar

import lmdb

from edgerun.cache.entry import Entry
from edgerun.cache.format import FormatError, names
from edgerun.cache.invalidation import PURGES_REMEMBERED, PurgeLog

T = TypeVar("T")

TABLES: Final = ("entries", "places", "recency", "uris", "purges", "meta")
NO_FILE: Final = bytes(16)
MOST_READERS: Final = 1_024
MOST_GROWTHS: Final = 40
_NUMBER: Final = Struct(">Q")
_COUNTS: Final = Struct("<QQQQ")
_COUNTS_KEY: Final = b"counts"
_PLACE: Final = Struct("<QQQ16s")


class Counts(NamedTuple):
    """What is counted over all entries.

    `used` is in bytes; `tick` of the last use; `generation` of the last invalidation; all up to `swept` have
    been carried out to the end.
    """

    used: int = 0
    tick: int = 0
    generation: int = 0
    swept: int = 0


class Place(NamedTuple):
    """What eviction and purges have to know of an entry; `file` is `NO_FILE` for a body in its record."""

    tick: int
    size: int
    generation: int
    file: bytes


class Database:
    """An lmdb environment with its tables, whose map grows when it has to."""

    def __init__(self, folder: Path, *, map_size: int) -> None:
        """Open the tables, or make them.

        Raises:
            lmdb.Error: there is something else in their place, or no room.
        """
        # sync=False: what the system has not written when it goes down is dropped at the next start.
        self._environment = lmdb.open(
            str(folder),
            map_size=_whole_pages(map_size),
            max_dbs=len(TABLES),
            max_readers=MOST_READERS,
            sync=False,
            metasync=False,
            meminit=False,
        )
        try:
            _undo_truncation(self._environment, folder / "data.mdb")
            self._environment.reader_check()
            self.tables = {name: self._environment.open_db(name.encode()) for name in TABLES}
        except BaseException:
            self._environment.close()
            raise
        # Held while one reads, and while the map grows, which nobody may be reading for.
        self._reading = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[lmdb.Transaction]:
        """Read in one transaction, without giving way; what it finds must be copied out."""
        with self._reading:
            try:
                transaction = self._environment.begin(buffers=True)
            except lmdb.MapResizedError:  # another process let it grow
                self._environment.set_mapsize(0)
                transaction = self._environment.begin(buffers=True)
            with transaction:
                yield transaction

    def write(self, change: Callable[["Change"], T]) -> T:
        """Make a change in one transaction; it is called again if the map had to grow meanwhile.

        Raises:
            lmdb.Error: there is no room, or the database is damaged; nothing has changed.
        """
        for _ in range(MOST_GROWTHS):
            try:
                with self._environment.begin(write=True, buffers=True) as transaction:
                    made = Change(transaction, self.tables)
                    outcome = change(made)
                    made.finish()
            except lmdb.MapFullError:
                self._grow()
            except lmdb.MapResizedError:
                with self._reading:
                    self._environment.set_mapsize(0)
            else:
                return outcome
        raise lmdb.MapFullError("the map does not grow any more")

    def counts(self, transaction: lmdb.Transaction) -> Counts:
        """Return the counts."""
        return _counts(transaction, self.tables["meta"])

    def entries(self, transaction: lmdb.Transaction) -> int:
        """Return how many entries there are."""
        return int(transaction.stat(self.tables["entries"])["entries"])

    def log(self, transaction: lmdb.Transaction) -> PurgeLog:
        """Return the invalidations that are remembered."""
        return _log(transaction, self.tables["purges"], self.counts(transaction).generation)

    def places(self, transaction: lmdb.Transaction, after: bytes, limit: int) -> list[tuple[bytes, Place]]:
        """Return digests and places, in order, of some entries after one."""
        found = _after(transaction, self.tables["places"], after, limit)
        return [(bytes(digest), Place(*_PLACE.unpack(place))) for digest, place in found]

    def place(self, transaction: lmdb.Transaction, digest: bytes) -> Place | None:
        """Return what is known of an entry, or None if there is none."""
        return _place(transaction, self.tables["places"], digest)

    def records(self, transaction: lmdb.Transaction, after: bytes, limit: int) -> Iterator[tuple[bytes, memoryview]]:
        """Yield digests and records, in order, of some entries after one; valid in the transaction only."""
        for digest, record in _after(transaction, self.tables["entries"], after, limit):
            yield bytes(digest), record

    def records_of(self, transaction: lmdb.Transaction, uri: bytes) -> Iterator[tuple[bytes, bytes | memoryview]]:
        """Yield digests and records of what a URI leads to, its own or the one asked for; valid in the transaction."""
        prefix = _uri_prefix(uri)
        with transaction.cursor(self.tables["uris"]) as cursor:
            for place in cursor.iternext(values=False) if cursor.set_range(prefix) else ():
                if bytes(place[: len(prefix)]) != prefix:
                    return
                digest = bytes(place[len(prefix) :])
                record = transaction.get(digest, db=self.tables["entries"])
                if record is not None:
                    yield digest, record

    def flush(self) -> None:
        """Have the system write everything to disk."""
        self._environment.sync(True)  # lmdb takes it by position

    def close(self) -> None:
        """Let go of the files."""
        with self._reading:
            self._environment.close()

    def _grow(self) -> None:
        with self._reading:
            self._environment.reader_check()
            self._environment.set_mapsize(self._environment.info()["map_size"] * 2)


class Change:
    """One transaction that writes.

    Attributes:
        counts: as they are after what was done so far.
        changed: digests of entries that were replaced or removed.
        evicted: how many entries made room for others.
        files: names of bodies that no entry refers to any more, once this is committed.
    """

    def __init__(self, transaction: lmdb.Transaction, tables: dict[str, Any]) -> None:
        self._transaction = transaction
        self._tables = tables
        self._log: PurgeLog | None = None
        self.counts = _counts(transaction, tables["meta"])
        self.changed: list[bytes] = []
        self.files: list[bytes] = []
        self.evicted = 0

    def purged_since(self, generation: int, entry: Entry) -> bool:
        """Tell whether an invalidation after a generation covers an entry."""
        if self._log is None:
            self._log = _log(self._transaction, self._tables["purges"], self.counts.generation)
        return self._log.purged_since(generation, entry)

    def place_of(self, digest: bytes) -> Place | None:
        """Return what is known of an entry, or None if there is none."""
        return _place(self._transaction, self._tables["places"], digest)

    def put(self, digest: bytes, record: bytes, size: int, file: bytes) -> None:
        """Keep a record as the one used last, in place of the one before."""
        before = self.place_of(digest)
        if before is not None:
            self._forget(digest, before, keep=file)
        self.changed.append(digest)
        tick = self.counts.tick + 1
        place = _PLACE.pack(tick, size, self.counts.generation, file)
        self._transaction.put(digest, record, db=self._tables["entries"])
        for led in _led(record, digest):
            self._transaction.put(led, b"", db=self._tables["uris"])
        self._transaction.put(digest, place, db=self._tables["places"])
        self._transaction.put(_NUMBER.pack(tick), digest, db=self._tables["recency"])
        self.counts = self.counts._replace(tick=tick, used=self.counts.used + size)

    def touch(self, digest: bytes) -> None:
        """Make an entry the one used last."""
        place = self.place_of(digest)
        if place is None:
            return
        tick = self.counts.tick + 1
        self._transaction.delete(_NUMBER.pack(place.tick), db=self._tables["recency"])
        self._transaction.put(_NUMBER.pack(tick), digest, db=self._tables["recency"])
        self._transaction.put(digest, _PLACE.pack(tick, *place[1:]), db=self._tables["places"])
        self.counts = self.counts._replace(tick=tick)

    def drop(self, digest: bytes, before: int | None = None) -> bool:
        """Remove an entry, if it is there and was kept before a generation; return whether it was."""
        place = self.place_of(digest)
        if place is None or (before is not None and place.generation >= before):
            return False
        self._forget(digest, place)
        self._transaction.delete(digest, db=self._tables["entries"])
        self._transaction.delete(digest, db=self._tables["places"])
        self.changed.append(digest)
        return True

    def evict(self, limit: int) -> None:
        """Remove what was not used for longest, until no more than `limit` bytes are used."""
        while self.counts.used > limit:
            with self._transaction.cursor(self._tables["recency"]) as cursor:
                if not cursor.first():
                    return
                tick, digest = bytes(cursor.key()), bytes(cursor.value())
            if self.drop(digest):
                self.evicted += 1
            else:
                self._transaction.delete(tick, db=self._tables["recency"])

    def purge(self, item: bytes) -> int:
        """Note an invalidation; return its generation."""
        generation = self.counts.generation + 1
        self._transaction.put(_NUMBER.pack(generation), item, db=self._tables["purges"])
        if generation > PURGES_REMEMBERED:
            self._transaction.delete(_NUMBER.pack(generation - PURGES_REMEMBERED), db=self._tables["purges"])
        self.counts = self.counts._replace(generation=generation)
        return generation

    def swept(self, generation: int) -> None:
        """Note that all invalidations up to one have been carried out."""
        self.counts = self.counts._replace(swept=max(generation, self.counts.swept))

    def clear(self) -> int:
        """Remove every entry; return how many there were."""
        with self._transaction.cursor(self._tables["places"]) as cursor:
            for _, packed in cursor:
                place = Place(*_PLACE.unpack(packed))
                if place.file != NO_FILE:
                    self.files.append(place.file)
        count = int(self._transaction.stat(self._tables["places"])["entries"])
        for name in ("entries", "places", "recency", "uris"):
            self._transaction.drop(self._tables[name], delete=False)
        self.counts = self.counts._replace(used=0)
        return count

    def finish(self) -> None:
        """Write the counts."""
        self._transaction.put(_COUNTS_KEY, _COUNTS.pack(*self.counts), db=self._tables["meta"])

    def _forget(self, digest: bytes, place: Place, keep: bytes = NO_FILE) -> None:
        record = self._transaction.get(digest, db=self._tables["entries"])
        for led in _led(record, digest) if record is not None else ():
            self._transaction.delete(led, db=self._tables["uris"])
        self._transaction.delete(_NUMBER.pack(place.tick), db=self._tables["recency"])
        self.counts = self.counts._replace(used=self.counts.used - place.size)
        if place.file not in {NO_FILE, keep}:
            self.files.append(place.file)


def _led(record: bytes | memoryview, digest: bytes) -> set[bytes]:
    """Return under what a record stands among the URIs; one of another version is nobody's to find."""
    try:
        named = names(record)
    except FormatError:
        return set()
    return {_uri_prefix(uri) + digest for uri in (named.uri, named.requested_uri)}


def _uri_prefix(uri: bytes) -> bytes:
    """Return what stands for a URI: of one length, so that it may be longer than a key of lmdb."""
    return blake2b(uri, digest_size=8).digest()


def _place(transaction: lmdb.Transaction, table: Any, digest: bytes) -> Place | None:
    found = transaction.get(digest, db=table)
    return None if found is None else Place(*_PLACE.unpack(found))


def _counts(transaction: lmdb.Transaction, table: Any) -> Counts:
    found = transaction.get(_COUNTS_KEY, db=table)
    return Counts() if found is None else Counts(*_COUNTS.unpack(found))


def _log(transaction: lmdb.Transaction, table: Any, generation: int) -> PurgeLog:
    with transaction.cursor(table) as cursor:
        return PurgeLog(generation, [(_NUMBER.unpack(key)[0], bytes(item)) for key, item in cursor])


def _after(transaction: lmdb.Transaction, table: Any, after: bytes, limit: int) -> Iterator[tuple[Any, Any]]:
    with transaction.cursor(table) as cursor:
        if not cursor.set_range(after + b"\0"):
            return
        for number, found in enumerate(cursor):
            if number == limit:
                return
            yield found


def _whole_pages(size: int) -> int:
    return (size + 0xFFFF) & ~0xFFFF


def _undo_truncation(environment: lmdb.Environment, data: Path) -> None:
    """Give a file that was cut short its length back: a read beyond its end would end the process.

    Raises:
        lmdb.CorruptedError: much of it is missing.
    """
    whole = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    missing = whole - data.stat().st_size
    if missing > whole // 8:
        raise lmdb.CorruptedError(f"{missing} of {whole} bytes are missing")
    if missing > 0:
        with data.open("r+b") as file:
            file.truncate(whole)
