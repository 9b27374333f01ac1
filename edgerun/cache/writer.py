"""The one thread of a process that writes to the lmdb store: many orders to a transaction, large bodies to files.

A reader never waits for it, and a killed process leaves whole entries only: a body is renamed to its place
before the transaction that tells of it, and removed after the one that forgets it.
"""

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple, TypeVar

import lmdb

from edgerun.cache.database import NO_FILE, Change, Database
from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.files import BodyFiles
from edgerun.cache.folder import StoreFolder
from edgerun.cache.format import FormatError, Names, encode, names
from edgerun.cache.invalidation import covers_any, one_uri
from edgerun.cache.signs import Signs
from edgerun.cache.tier import number_of
from edgerun.errors import StoreError

T = TypeVar("T")

INLINE: Final = 64 * 1024
"""Bytes above which a body has a file of its own."""
BATCH: Final = 64
SCAN: Final = 256
TOUCH_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 60.0
EVERYTHING: Final = b"/*"
DAMAGE: Final = (lmdb.CorruptedError, lmdb.PanicError, lmdb.PageNotFoundError, lmdb.InvalidError)
NO_ROOM: Final = (OSError, lmdb.Error)


@dataclass(slots=True, eq=False)
class Put:
    """Keep an entry, or, if it is None, forget what is kept under its digest.

    `generation` is the one it was held against already, `weight` the bytes of memory it takes until it is done;
    `file` is where its body is. `done` is called in the writer's thread.
    """

    key: CacheKey
    digest: bytes
    entry: Entry | None
    done: Callable[["Put"], None]
    generation: int = 0
    weight: int = 0
    file: bytes = NO_FILE
    file_is_new: bool = False


@dataclass(slots=True, eq=False)
class Purge:
    """Forget what an item covers, and say how many entries that were."""

    item: bytes
    count: Future[int]


class Lost(NamedTuple):
    """An entry that invalidations cover: their generations, and the one before which it must have been kept."""

    digest: bytes
    before: int | None
    hits: frozenset[int]


class Writer:
    """Takes orders from any thread and carries them out in turn, invalidations first.

    Attributes:
        touched: digests of what was used since the last transaction, in order; replaced by each.
        damaged: the database cannot be used any more.
    """

    def __init__(
        self,
        database: Database,
        files: BodyFiles,
        signs: Signs,
        folder: StoreFolder,
        *,
        size: int,
        tell: Callable[[str], None],
        damage: Callable[[lmdb.Error], None],
    ) -> None:
        """Make one for an open database.

        Args:
            database: where records go.
            files: where large bodies go.
            signs: by which other processes notice.
            folder: has some room to give when there is no other.
            size: bytes that all entries may take.
            tell: is told what the user should know.
            damage: is told that the database cannot be used any more.
        """
        self._database = database
        self._files = files
        self._signs = signs
        self._folder = folder
        self._size = self._limit = size
        self._tell = tell
        self._damage = damage
        self._orders: queue.SimpleQueue[Put | Future[None] | None] = queue.SimpleQueue()
        self._purges: deque[Purge] = deque()
        self._retry_at = 0.0
        self._thread: threading.Thread | None = None
        self.touched: dict[bytes, None] = {}
        self.damaged = False
        self.evicted = 0

    def start(self, first: Callable[[], object]) -> None:
        """Begin, with something that is to be done first."""
        self._thread = threading.Thread(target=self._run, args=(first,), name="edgerun-store", daemon=True)
        self._thread.start()

    def order(self, order: Put | Future[None]) -> None:
        """Take an order; a future is fulfilled when everything before it is done."""
        self._orders.put(order)

    def purge(self, purge: Purge) -> None:
        """Take an invalidation, which comes before all other orders."""
        self._purges.append(purge)
        self._orders.put(Future())

    def stop(self) -> None:
        """Do what was ordered, and end."""
        if self._thread is not None:
            self._orders.put(None)
            self._thread.join()
            self._thread = None

    def _run(self, first: Callable[[], object]) -> None:
        self._guarded(first)
        self._guarded(self._sweep)
        going = True
        while going:
            orders = self._next_orders()
            self._urgent()
            puts = [order for order in orders if isinstance(order, Put)]
            if puts or self.touched:
                self._guarded(lambda puts=puts: self._carry_out(puts))  # type: ignore[misc]
            for order in orders:
                if isinstance(order, Put):
                    order.done(order)
                elif order is None:
                    going = False
                else:
                    order.set_result(None)

    def _next_orders(self) -> list[Put | Future[None] | None]:
        orders: list[Put | Future[None] | None] = []
        with contextlib.suppress(queue.Empty):
            orders.append(self._orders.get(timeout=TOUCH_SECONDS))
            while len(orders) < BATCH:
                orders.append(self._orders.get_nowait())
        return orders

    # ------------------------------------------------------------------------------ what goes wrong

    def _guarded(self, act: Callable[[], object]) -> None:
        """Do something; what goes wrong costs what was to be kept, and nothing else."""
        if self.damaged:
            return
        try:
            act()
        except DAMAGE as error:
            self._damage(error)
        except NO_ROOM as error:
            self._make_room(error)
        except Exception as error:  # noqa: BLE001  # the thread goes on: others wait for it
            self._tell(f"cannot keep some objects, by a fault of edgerun's own ({error!r})")

    def _make_room(self, error: Exception) -> None:
        """Keep within what there seems to be room for, for a while."""
        self._tell(f"cannot take more: objects are served without being kept, or push others out ({error})")
        self._retry_at = time.monotonic() + RETRY_SECONDS
        self._folder.drop_ballast()
        with contextlib.suppress(*NO_ROOM):
            with self._database.read() as transaction:
                self._limit = min(self._limit, self._database.counts(transaction).used * 9 // 10)
            self._commit(lambda change: change.evict(self._limit))
        self._folder.hold_ballast()

    # ------------------------------------------------------------------------------ entries

    def _carry_out(self, puts: Sequence[Put]) -> None:
        touched, self.touched = self.touched, {}
        if self._limit < self._size and time.monotonic() > self._retry_at:
            self._limit = self._size
        for put in puts:
            self._place(put)
        try:
            self._commit(lambda change: self._apply(change, puts, list(touched)))
        except BaseException:
            self._files.remove(put.file for put in puts if put.file_is_new)
            raise

    def _place(self, put: Put) -> None:
        """Find the place of an entry's body, and write it there if that is a file of its own."""
        if put.entry is None:
            return
        body = put.entry.body
        if body.data is not None and len(body.data) <= INLINE:
            return
        kept = self._files.name_of(body)
        if kept is not None:
            with self._database.read() as transaction:
                place = self._database.place(transaction, put.digest)
            if place is not None and place.file == kept:  # confirmed, not replaced
                put.file = kept
                return
        try:
            put.file, put.file_is_new = self._files.write(body, meanwhile=self._urgent), True
        except LookupError:
            put.entry = None  # it is made of parts, one of which is gone
        except OSError as error:
            put.entry = None  # what is kept there is older: better nothing
            self._make_room(error)

    def _apply(self, change: Change, puts: Sequence[Put], touched: Sequence[bytes]) -> None:
        for digest in touched:
            change.touch(digest)
        for put in puts:
            if put.entry is None:
                change.drop(put.digest)
            elif not self._put(change, put, put.entry) and put.file_is_new:
                change.files.append(put.file)
        change.evict(self._limit)

    def _put(self, change: Change, put: Put, entry: Entry) -> bool:
        if change.purged_since(put.generation, entry):
            return False
        if put.file != NO_FILE and not put.file_is_new:
            place = change.place_of(put.digest)
            if place is None or place.file != put.file:
                return False  # evicted since it was looked for
        place_or_none = None if put.file == NO_FILE else put.file
        try:
            record = encode(entry, generation=change.counts.generation, place=place_or_none)
        except FormatError as error:
            self._tell(f"cannot keep {entry.key.path!r}: {error}")
            return False
        change.put(put.digest, record, entry.size, put.file)
        return True

    def _commit(self, act: Callable[[Change], T]) -> T:
        def within(change: Change) -> tuple[T, Change]:
            if self._signs.values[0] == 0:  # left by a process that was killed over an invalidation
                self._signs.change(0)
            return act(change), change

        outcome, change = self._database.write(within)
        self.evicted += change.evicted
        for digest in change.changed:
            self._signs.change(number_of(digest))
        self._files.remove(change.files)
        return outcome

    # ------------------------------------------------------------------------------ invalidations

    def _urgent(self) -> None:
        while self._purges:
            purge = self._purges.popleft()
            try:
                purge.count.set_result(self._surely_purge(purge.item))
            except NO_ROOM as error:
                purge.count.set_exception(StoreError(f"{purge.item.decode('latin-1')} is not invalidated: {error}"))

    def _surely_purge(self, item: bytes) -> int:
        try:
            return self._purge(item)
        except NO_ROOM as error:
            self._make_room(error)
            return self._purge(item)

    def _purge(self, item: bytes) -> int:
        """Forget what an item covers; every process knows of it before the first entry goes."""

        def note(change: Change) -> tuple[int, int]:
            self._signs.begin()
            generation = change.purge(item)
            if item != EVERYTHING:
                return generation, 0
            change.swept(generation)
            return generation, change.clear()

        try:
            generation, count = self._commit(note)
        finally:
            self._signs.change(0)
        return count if item == EVERYTHING else self._sweep(generation)

    def _sweep(self, own: int = 0) -> int:
        """Remove what invalidations cover that nobody has finished, some entries at a time.

        Others' too: whoever ordered them may have been killed over it.

        Returns:
            How many entries the invalidation of generation `own` covered.
        """
        with self._database.read() as transaction:
            counts, log = self._database.counts(transaction), self._database.log(transaction)
        purges = log.since(counts.swept)
        uris = {one_uri(item) for _, item in purges}
        count = 0
        after: bytes | None = b"" if None in uris else None
        if after is None:
            count += self._sweep_uris(purges, uris, own)
        while after is not None:
            lost, after = self._covered(purges, after)
            if lost:
                count += self._commit(partial(_drop, lost, own))
        if purges:
            self._commit(lambda change: change.swept(counts.generation))
            self._signs.change(0)
        return count

    def _sweep_uris(self, purges: Sequence[tuple[int, bytes]], uris: Iterable[bytes | None], own: int) -> int:
        """Remove what invalidations of single paths cover, without looking at anything else."""
        lost: dict[bytes, Lost] = {}
        with self._database.read() as transaction:
            for uri in uris:
                for digest, record in self._database.records_of(transaction, uri or b""):
                    found = _lost(purges, digest, record)
                    if found is not None:
                        lost[digest] = found
        return self._commit(partial(_drop, tuple(lost.values()), own)) if lost else 0

    def _covered(self, purges: Sequence[tuple[int, bytes]], after: bytes) -> tuple[list[Lost], bytes | None]:
        """Look at some entries; return those that are covered, and where to go on, or None at the end."""
        lost: list[Lost] = []
        seen, last = 0, after
        with self._database.read() as transaction:
            for digest, record in self._database.records(transaction, after, SCAN):
                seen, last = seen + 1, digest
                found = _lost(purges, digest, record)
                if found is not None:
                    lost.append(found)
        return lost, last if seen == SCAN else None


def _lost(purges: Sequence[tuple[int, bytes]], digest: bytes, record: bytes | memoryview) -> Lost | None:
    """Return an entry as one that invalidations cover, None if none does."""
    try:
        named = names(record)
    except FormatError:  # of another version: nobody can use it
        return Lost(digest, None, frozenset())
    hits = frozenset(generation for generation, item in purges if _covers(generation, item, named))
    return Lost(digest, max(hits), hits) if hits else None


def _drop(lost: Sequence[Lost], own: int, change: Change) -> int:
    return sum([change.drop(one.digest, one.before) and own in one.hits for one in lost])


def _covers(generation: int, item: bytes, named: Names) -> bool:
    named_by = named.distribution, named.uri, named.requested_uri, named.tags
    return named.generation < generation and covers_any(item, *named_by)
