"""The store that processes of one machine share and that outlives them, over lmdb.

Reading is one short transaction; a small tier in memory stands above it, which a shared sign tells of every
change. Writing is the business of one thread (`writer`). Bodies above 64 KiB have files of their own.
"""

import asyncio
import contextlib
import errno
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Final

import lmdb

from edgerun.cache.body import pieces
from edgerun.cache.database import Counts, Database
from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.files import BodyFiles
from edgerun.cache.folder import StoreFolder
from edgerun.cache.format import FormatError, OtherVersionError, decode, digest
from edgerun.cache.invalidation import PurgeLog, matches
from edgerun.cache.signs import Signs
from edgerun.cache.store import Usage
from edgerun.cache.tier import LARGEST_TIER, MOST_PENDING, Held, Tier, number_of
from edgerun.cache.writer import DAMAGE, Purge, Put, Writer
from edgerun.errors import ConfigError, StoreError
from edgerun.http.message import Body

MAP_SLACK: Final = 64 * 1024 * 1024
LISTED_AT_ONCE: Final = 64
SOON: Final = 0.5
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

Tell = Callable[[str], None]


class LmdbStore:
    """A `CacheStore` in a folder. Open it after a fork, never before, and once in a process."""

    def __init__(
        self,
        path: Path,
        *,
        size: int,
        max_object_size: int,
        tell: Tell = lambda _: None,
        tier: int = LARGEST_TIER,
        map_size: int | None = None,
    ) -> None:
        """Open the store in a folder, making it if need be.

        Args:
            path: the folder; it belongs to edgerun.
            size: bytes that all entries may take.
            max_object_size: bytes that one body may have.
            tell: is told, once each, what the user should know: a damaged cache, a full disk.
            tier: bytes of entries that are held in memory too.
            map_size: bytes of address space to begin with.

        Raises:
            ConfigError: the folder cannot be used.
            StoreError: there is no room, or it is damaged while others use it.
        """
        self._size = size
        self._max_object_size = max_object_size
        self._tell_user = tell
        self._told: set[str] = set()
        self._path = path
        self._loop = _running_loop()
        self._tier = Tier(min(tier, size // 4))
        self._pending: dict[CacheKey, Put] = {}
        self._pending_bytes = 0
        self._changing = threading.Lock()
        self._log, self._counts = PurgeLog(), Counts()
        self._seen = 0
        self._closed = False
        try:
            with contextlib.ExitStack() as undone:
                self._open(map_size or size + MAP_SLACK, undone)
                undone.pop_all()
        except OSError as error:
            wrong = StoreError if error.errno in FULL else ConfigError
            raise wrong(f"store.path {path}: {error.strerror or error}") from error
        except lmdb.Error as error:
            raise StoreError(f"store.path {path}: {error}") from error

    def _open(self, map_size: int, undone: contextlib.ExitStack) -> None:
        self._folder = StoreFolder(self._path)
        undone.callback(self._folder.leave, clean=False)
        why = self._folder.distrusted() if self._folder.alone else ""
        if why:
            self._drop(why)
        try:
            database = self._database_at(map_size)
        except DAMAGE as error:
            if not self._folder.alone:
                raise
            self._drop(f"cannot be read ({error})")
            database = self._database_at(map_size)
        undone.callback(database.close)
        self._database = database
        self._files = BodyFiles(self._path / "bodies")
        self._signs = Signs(self._path / "signs")
        self._writer = Writer(
            database, self._files, self._signs, self._folder, size=self._size, tell=self._tell, damage=self._damage
        )
        # What lies there while nobody else is in is either known to the database, or an orphan.
        left = self._files.found() if self._folder.alone else []
        self._folder.share()
        self._writer.start(lambda: self._clear_orphans(left))

    def _database_at(self, map_size: int) -> Database:
        if self._folder.alone:
            self._folder.prepare()
        self._folder.hold_ballast()
        return Database(self._path, map_size=map_size)

    def _drop(self, why: str) -> None:
        self._tell(f"{why}: it is dropped")
        self._folder.drop()

    def _clear_orphans(self, left: list[Path]) -> None:
        if not left:
            return
        kept: set[bytes] = set()
        after: bytes | None = b""
        while after is not None:
            with self._database.read() as transaction:
                found = self._database.places(transaction, after, 1_000)
            kept.update(place.file for _, place in found)
            after = found[-1][0] if found else None
        self._files.clear(left, kept)

    # ------------------------------------------------------------------------------ finding

    @property
    def generation(self) -> int:
        if not self._closed and (self._signs.values[0] != self._seen or not self._seen):
            self._refresh()
        return self._log.generation

    def peek(self, key: CacheKey) -> Entry | None:
        held = self._tier.get(key)
        if held is not None:
            signs = self._signs.values
            if signs[held.number] == held.sign and signs[0] == self._seen and self._seen:
                touched = self._writer.touched
                touched.pop(held.digest, None)
                touched[held.digest] = None
                return held.entry
        return self._look(key)

    async def fetch(self, key: CacheKey) -> Entry | None:
        return self.peek(key)

    def _look(self, key: CacheKey) -> Entry | None:
        if self._closed or self._writer.damaged:
            return None
        name = digest(key)
        number = number_of(name)
        sign = self._signs.values[number]
        if self._signs.values[0] != self._seen or not self._seen:
            self._refresh()
        put = self._pending.get(key)
        if put is not None:
            entry = put.entry
            return None if entry is None or self._log.purged_since(put.generation, entry) else entry
        entry = self._read(key, name)
        if entry is None or entry.key != key or self._purged(entry):
            return None
        touched = self._writer.touched
        touched.pop(name, None)
        touched[name] = None
        if entry.body.data is not None:
            self._tier.put(Held(entry, name, number, sign))
        return entry

    def _read(self, key: CacheKey, name: bytes) -> Entry | None:
        for _ in range(3):  # replaced, with its file, between a look at its record and one at its file
            try:
                with self._database.read() as transaction:
                    record = transaction.get(name, db=self._database.tables["entries"])
                    return None if record is None else decode(record, self._opened)
            except OtherVersionError:
                self._writer.order(Put(key, name, None, self._done))
                self._tell("held objects of another version of edgerun: they are dropped")
                return None
            except FormatError:
                continue
            except lmdb.Error as error:
                self._damage(error)
                return None
        return None

    def _opened(self, place: bytes, length: int) -> Body:
        body = self._files.open(place, length)
        if body is None:
            raise FormatError("its body is gone")
        return body

    def _purged(self, entry: Entry) -> bool:
        """Tell whether an invalidation that is still being carried out covers an entry."""
        since = max(entry.generation, self._counts.swept)
        return since < self._log.generation and self._log.purged_since(since, entry)

    def _refresh(self) -> None:
        """Read the invalidations anew, after a sign of one; hold nothing from before it."""
        seen = self._signs.values[0]
        try:
            with self._database.read() as transaction:
                counts, log = self._database.counts(transaction), self._database.log(transaction)
        except lmdb.Error as error:
            self._damage(error)
            return
        if log.generation != self._log.generation:
            self._tier.clear()
        self._counts, self._log, self._seen = counts, log, seen

    # ------------------------------------------------------------------------------ changing

    def put(self, key: CacheKey, entry: Entry, generation: int) -> bool:
        if (entry.body.length or 0) > self._max_object_size or entry.size > self._size:
            return False
        current = self.generation
        if self._unusable or self._log.purged_since(generation, entry) or pieces(entry.body) is None:
            return False
        weight = entry.size if entry.body.data is not None else 0
        if self._pending_bytes + weight > MOST_PENDING:
            return False  # it comes faster than it can be written
        self._order(Put(key, digest(key), entry, self._done, current, weight))
        return True

    def discard(self, key: CacheKey) -> None:
        if not self._unusable:
            self._order(Put(key, digest(key), None, self._done))

    def _order(self, put: Put) -> None:
        self._loop = self._loop or asyncio.get_running_loop()
        self._tier.drop(put.key)
        with self._changing:
            self._pending[put.key] = put
            self._pending_bytes += put.weight
        self._writer.order(put)

    def _done(self, put: Put) -> None:
        with self._changing:
            self._pending_bytes -= put.weight
            if self._pending.get(put.key) is put:
                del self._pending[put.key]

    async def invalidate(self, item: bytes) -> int:
        if self._unusable:
            return 0
        with contextlib.suppress(TimeoutError):  # so that what was just put is counted; a large body is not waited for
            await asyncio.wait_for(self.settled(), SOON)
        purge = Purge(item, Future())
        self._writer.purge(purge)
        return await asyncio.wrap_future(purge.count)

    async def settled(self) -> None:
        if not self._unusable:
            before: Future[None] = Future()
            self._writer.order(before)
            await asyncio.wrap_future(before)

    async def entries(self, item: bytes = b"/*") -> AsyncGenerator[Entry, None]:
        await self.settled()
        after: bytes | None = b""
        while after is not None and not self._unusable:
            found, after = self._some(item, after)
            for entry in found:
                yield entry
            await asyncio.sleep(0)

    async def usage(self) -> Usage:
        await self.settled()
        if not self._unusable:
            try:
                with self._database.read() as transaction:
                    used = self._database.counts(transaction).used
                    return Usage(self._database.entries(transaction), used, self._writer.evicted)
            except lmdb.Error as error:
                self._damage(error)
        return Usage()

    def _some(self, item: bytes, after: bytes) -> tuple[list[Entry], bytes | None]:
        """Return which of some entries an item covers, and where to go on, or None at the end."""
        if self.generation and not self._seen:
            self._refresh()
        found, seen, last = [], 0, after
        try:
            with self._database.read() as transaction:
                for name, record in self._database.records(transaction, after, LISTED_AT_ONCE):
                    seen, last = seen + 1, name
                    with contextlib.suppress(FormatError):
                        entry = decode(record, self._files.unopened)
                        if matches(item, entry) and not self._purged(entry):
                            found.append(entry)
        except lmdb.Error as error:
            self._damage(error)
        return found, last if seen == LISTED_AT_ONCE else None

    # ------------------------------------------------------------------------------ the end, and trouble

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._tier.clear()
        await asyncio.to_thread(self._writer.stop)
        last = self._folder.last()
        if last and not self._writer.damaged:
            await asyncio.to_thread(self._database.flush)
        self._database.close()
        self._signs.close()
        self._folder.leave(clean=last)

    @property
    def _unusable(self) -> bool:
        return self._closed or self._writer.damaged

    def _damage(self, error: lmdb.Error) -> None:
        self._writer.damaged = True
        self._folder.distrust()
        self._tell(f"is damaged: nothing is kept until edgerun starts anew and drops it ({error})")

    def _tell(self, text: str) -> None:
        """Tell the user something, once, from whichever thread."""
        kind = text.partition(" (")[0]
        if kind in self._told:
            return
        self._told.add(kind)
        sentence = f"the cache in {self._path} {text}"
        if self._loop is None or self._loop.is_closed():
            self._tell_user(sentence)
        else:
            self._loop.call_soon_threadsafe(self._tell_user, sentence)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
