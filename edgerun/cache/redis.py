"""The store that machines share, over Redis or Valkey.

Entries and invalidations are everybody's. News of changes come by publication; what was missed is read from the
log of invalidations. A small tier in memory answers what is asked for most. While the server is away each process
has that tier alone, and keeps there what it fetches; what was to be invalidated meanwhile is, once it is back.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Any, Final

from redis.exceptions import RedisError

from edgerun.cache import redis_scripts as scripts
from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.format import FormatError, Names, OtherVersionError, decode, digest, encode, front
from edgerun.cache.invalidation import covers_any
from edgerun.cache.redis_body import Chunks, RedisBody
from edgerun.cache.redis_link import PATIENCE, Link, LinkDownError, Once, usage_of
from edgerun.cache.redis_log import SharedLog, hits, named
from edgerun.cache.redis_order import Order, Unsent, seconds_of
from edgerun.cache.redis_uses import Uses
from edgerun.cache.store import Usage
from edgerun.cache.tier import KEYS, LARGEST_TIER, MOST_PENDING, Held, Tier, number_of
from edgerun.errors import EdgeError

INLINE: Final = 256 * 1024
"""Bytes above which a body lies in pieces beside its record."""
AT_ONCE: Final = 8
SCAN: Final = 500
LISTED_AT_ONCE: Final = 50
SOON: Final = 0.5
TRIES: Final = 5


class RedisStore:
    """A `CacheStore` on a Redis or Valkey server, shared by all who use the same database and namespace."""

    def __init__(
        self,
        url: str,
        *,
        size: int,
        max_object_size: int,
        tell: Callable[[str], None] = lambda _: None,
        tier: int = LARGEST_TIER,
        namespace: str = "edgerun",
        patience: float = PATIENCE,
    ) -> None:
        """Make a store; it connects when it is first asked.

        Args:
            url: `redis://`, `rediss://` or `unix://`, with the number of the database.
            size: bytes that all entries may take.
            max_object_size: bytes that one body may have.
            tell: is told what the user should know: that the server is gone, or back.
            tier: bytes of entries that are held in memory too.
            namespace: what its keys begin with; another one is another cache.
            patience: seconds that one answer may take before the server counts as gone.
        """
        prefix = f"{{{namespace}}}:1:"
        self._keys = [prefix + kind for kind in scripts.KINDS]
        self._entry_key = f"{prefix}entry:".encode()
        self._link = Link(
            url,
            channel=prefix + "news",
            catch_up=self._catch_up,
            heard=self._heard,
            tell=tell,
            patience=patience,
        )
        self._chunks = Chunks(self._link, f"{prefix}chunk:")
        self._meet, self._get, self._put, self._touch, self._drop, self._purge, self._swept = map(
            self._link.client.register_script, scripts.ALL
        )
        self._size, self._max_object_size = size, max_object_size
        self._tell_user = tell
        self._once = Once(tell)
        self._tier = Tier(min(tier, size // 4))
        self._signs = [0] * (KEYS + 1)
        self._log = SharedLog()
        self._pending: dict[CacheKey, Order] = {}
        self._pending_bytes = 0
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._uses = Uses(self._soon_touch)
        self._unsent = Unsent()
        self._closed = False

    # ------------------------------------------------------------------------------ finding

    @property
    def generation(self) -> int:
        return self._log.generation

    def peek(self, key: CacheKey) -> Entry | None:
        held = self._tier.get(key)
        if held is not None and self._signs[held.number] == held.sign:
            self._uses.note(held.digest)
            return held.entry
        order = self._pending.get(key)
        return None if order is None else self._of(order)

    async def fetch(self, key: CacheKey) -> Entry | None:
        if key in self._pending or self._closed:
            return self.peek(key)
        self._link.start()
        if self._link.tried and not self._link.up:
            return None
        await asyncio.sleep(0)  # whoever looks up may not be in a task yet, and only tasks can wait for a while
        try:
            await self._link.needed()
            return await self._fetch(key)
        except LinkDownError:
            return None
        except RedisError as error:
            self._refused(error)
            return None

    async def _fetch(self, key: CacheKey) -> Entry | None:
        name = digest(key)
        number, generation = number_of(name), self._log.generation
        sign = self._signs[number]
        record, epoch, told, swept = await self._link.ask(self._get(keys=self._keys, args=(name,)))
        if record is None:
            return None
        if not self._log.is_current(epoch, told):
            await self._learn()
        self._log.finish(swept)
        try:
            entry = decode(record, lambda place, length: self._chunks.body(place, length, name))
        except FormatError as error:
            if isinstance(error, OtherVersionError):
                self._once("holds objects of another version of edgerun: they are dropped")
            self._order(key, None, 0)
            return None
        if entry.key != key or self._log.covers_kept(entry):
            return None
        if isinstance(entry.body, RedisBody) and not await entry.body.whole():
            self._order(key, None, 0)
            return None
        self._uses.note(name)
        undisturbed = self._signs[number] == sign and self._log.generation == generation and self._link.up
        if undisturbed and entry.body.data is not None:
            self._tier.put(Held(entry, name, number, sign))
        return entry

    def _of(self, order: Order) -> Entry | None:
        entry = order.entry
        return None if entry is None or self._log.purged_since(order.generation, entry) else entry

    def _soon_touch(self) -> None:
        if self._link.up and not self._closed:
            self._in_background(self._touch_all())

    async def _touch_all(self) -> None:
        """Tell the server what was used since it was told last."""
        if touched := self._uses.taken():
            await self._link.ask(self._touch(keys=self._keys, args=touched))

    # ------------------------------------------------------------------------------ changing

    def put(self, key: CacheKey, entry: Entry, generation: int) -> bool:
        if (entry.body.length or 0) > self._max_object_size or entry.size > self._size:
            return False
        self._link.start()
        if self._closed or entry.body.length is None or self._log.purged_since(generation, entry):
            return False
        if self._link.tried and not self._link.up:
            return self._keep_here(key, entry)
        if self._pending_bytes + (entry.size if entry.body.data is not None else 0) > MOST_PENDING:
            return False  # it comes faster than the server takes it
        self._order(key, entry, self._log.generation)
        return True

    def _keep_here(self, key: CacheKey, entry: Entry) -> bool:
        """Hold an entry in memory alone, for as long as the server is away; tell whether it is held."""
        self._tier.drop(key)
        if entry.body.data is None:
            return False
        name = digest(key)
        number = number_of(name)
        return self._tier.put(Held(entry, name, number, self._signs[number]))

    def discard(self, key: CacheKey) -> None:
        if not self._closed:
            self._link.start()
            self._order(key, None, 0)

    def _order(self, key: CacheKey, entry: Entry | None, generation: int) -> None:
        self._tier.drop(key)
        order = Order(key, entry, generation, self._pending.get(key))
        self._pending[key] = order
        self._pending_bytes += order.weight
        self._in_background(self._carry_out(order))

    async def _carry_out(self, order: Order) -> None:
        try:
            if order.before is not None:
                await asyncio.wait((order.before.finished,))
                order.before = None
            async with self._slots:
                if self._pending.get(order.key) is order:
                    await self._link.needed()
                    await self._touch_all()
                    await (self._keep(order, order.entry) if order.entry else self._forget(((order.digest, 0),)))
        except LinkDownError:
            self._put_off(order)
        except RedisError as error:
            self._refused(error)
        except (EdgeError, LookupError, OSError, FormatError):
            pass  # what could not be read is not kept
        finally:
            self._pending_bytes -= order.weight
            if self._pending.get(order.key) is order:
                del self._pending[order.key]
            order.finished.set_result(None)

    def _put_off(self, order: Order) -> None:
        """Do without the server what can be, and the rest when it is back."""
        if order.entry is None:
            self._unsent.forget(order.digest)
        elif not self._log.purged_since(order.generation, order.entry):
            self._keep_here(order.key, order.entry)

    async def _keep(self, order: Order, entry: Entry) -> None:
        name, chunks, place = "-", 0, None
        if entry.body.data is None or len(entry.body.data) > INLINE:
            name, chunks = await self._chunks.keep(entry.body, order.digest)
            place = name.encode()
        checked = order.generation
        for _ in range(TRIES):
            if self._log.purged_since(checked, entry):
                return
            checked, raw = self._log.generation, self._log.on_server
            record = encode(entry, generation=raw, place=place)
            values = (self._log.epoch or b"", raw, order.digest, record, entry.size, seconds_of(entry), chunks, name)
            answer = self._put(keys=self._keys, args=(*values, self._size, front(record)))
            outcome, changed = await self._link.ask(answer)
            self._changed(changed)
            if outcome != b"behind":
                return
            await self._learn()

    async def _forget(self, lost: Sequence[tuple[bytes, int]]) -> list[bytes]:
        """Remove entries that were kept before a generation, 0 for any; return the digests of those that were."""
        values = [value for one in lost for value in one]
        gone: list[bytes] = await self._link.ask(self._drop(keys=self._keys, args=values))
        self._changed(gone)
        return gone

    def _changed(self, digests: Sequence[bytes]) -> None:
        for name in digests:
            self._signs[number_of(name)] += 1

    async def invalidate(self, item: bytes) -> int:
        if self._closed:
            return 0
        self._link.start()
        await self._settle_soon()
        try:
            await self._link.needed()
            generation = await self._link.ask(self._purge(keys=self._keys, args=(item,)))
        except LinkDownError:
            return self._keep_for_later(item)
        self._note(generation, item)
        return await self._sweep(generation)

    def _keep_for_later(self, item: bytes) -> int:
        self._unsent.items.append(item)
        self._log.note_here(item)
        self._tier.clear()
        self._tell_user(f"{item.decode('latin-1')} will be invalidated when the server of the cache is back")
        return 0

    async def _sweep(self, own: int = 0) -> int:
        """Remove what invalidations cover that nobody has finished; return how many the one named `own` covered."""
        upto, purges, count = self._log.on_server, self._log.unfinished, 0
        try:
            async for some in self._scanned():
                found = {name: hits(purges, known) for name, known in some}
                lost = [(name, max(by)) for name, by in found.items() if by]
                if lost:
                    count += sum(own in found[name] for name in await self._forget(lost))
            await self._link.ask(self._swept(keys=self._keys, args=(upto,)))
        except LinkDownError:
            return count  # noted already: whoever reads meanwhile sees it, and it is finished when the link is back
        self._log.finish(upto)
        return count

    async def _scanned(self) -> AsyncIterator[list[tuple[bytes, Names]]]:
        """Yield digests and names of all entries, some at a time."""
        cursor, again = 0, True
        while again:
            answer: Any = await self._link.ask(self._link.client.hscan(self._keys[1], cursor, count=SCAN))
            cursor, found = answer
            again = cursor != 0
            yield [(name, named(place)) for name, place in found.items()]

    async def settled(self) -> None:
        while self._pending:
            await asyncio.wait([order.finished for order in self._pending.values()])

    async def _settle_soon(self) -> None:
        """Wait a little, so that what was just put is counted; a large body is not waited for."""
        if self._pending:
            await asyncio.wait([order.finished for order in self._pending.values()], timeout=SOON)

    async def entries(self, item: bytes = b"/*") -> AsyncGenerator[Entry, None]:
        if self._closed:
            return
        self._link.start()
        await self.settled()
        try:
            await self._link.needed()
            async for some in self._scanned():
                wanted = [name for name, known in some if covers_any(item, *known[:4])]
                for start in range(0, len(wanted), LISTED_AT_ONCE):
                    for entry in await self._read(wanted[start : start + LISTED_AT_ONCE]):
                        yield entry
        except LinkDownError:
            return

    async def usage(self) -> Usage:
        await self._settle_soon()
        return Usage() if self._closed else await usage_of(self._link, *self._keys[:2])

    async def _read(self, digests: Sequence[bytes]) -> list[Entry]:
        records: Any = await self._link.ask(self._link.client.mget([self._entry_key + name for name in digests]))
        found = []
        for name, record in zip(digests, records, strict=True):
            if record is None:
                continue
            try:
                entry = decode(record, lambda place, length, name=name: self._chunks.body(place, length, name))  # type: ignore[misc]
            except FormatError:
                continue
            if not self._log.covers_kept(entry):
                found.append(entry)
        return found

    async def _learn(self) -> None:
        """Read the log of invalidations anew; hold nothing from before."""
        epoch, generation, finished, purges = await self._link.ask(
            self._meet(keys=self._keys, args=(secrets.token_hex(8),))
        )
        if not self._log.is_current(epoch, generation):
            self._log.learn(epoch, generation, finished, purges)
            self._tier.clear()

    async def _catch_up(self) -> None:
        """Learn what happened, and send what was to be invalidated, before anybody is served again."""
        await self._learn()
        self._tier.clear()
        while self._unsent.items:
            generation = await self._link.ask(self._purge(keys=self._keys, args=(self._unsent.items[0],)))
            self._note(generation, self._unsent.items.pop(0))
        while digests := self._unsent.some():
            await self._forget([(name, 0) for name in digests])
            self._unsent.sent(digests)
        if self._log.unfinished:
            self._in_background(self._sweep())

    def _heard(self, message: bytes) -> None:
        if message[:1] == b"k":
            self._changed([message[start : start + 16] for start in range(1, len(message), 16)])
        elif message[:1] == b"p":
            number, _, item = message[1:].partition(b" ")
            self._note(int(number), item)

    def _note(self, generation: int, item: bytes) -> None:
        if self._log.note(generation, item):
            self._tier.clear()

    async def aclose(self) -> None:
        if self._closed:
            return
        await self._settle_soon()
        self._closed = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if count := len(self._unsent.items):
            self._tell_user(f"{count} invalidation{'s' * (count != 1)} never reached the server of the cache")
        self._tier.clear()
        await self._link.aclose()

    def _in_background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), RedisError):
            self._refused(error)

    def _refused(self, error: RedisError) -> None:
        self._once(f"refuses what it is told: some objects are served without being kept ({error})")
