"""A cache store in a dict, from which everything has to be waited for, as from one on another machine."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator

from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.invalidation import PurgeLog, matches
from edgerun.cache.store import Usage


class DictStore:
    """A `CacheStore` that can never tell at once: `peek` finds nothing, `fetch` gives way to others first.

    `kept` holds the entries, the least recently used one first.
    """

    def __init__(self, *, size: int = 10_000_000, max_object_size: int = 10_000_000) -> None:
        self.kept: OrderedDict[CacheKey, Entry] = OrderedDict()
        self._log = PurgeLog()
        self._size = size
        self._max_object_size = max_object_size
        self._used = 0

    @property
    def generation(self) -> int:
        return self._log.generation

    def peek(self, key: CacheKey) -> Entry | None:  # noqa: ARG002
        return None

    async def fetch(self, key: CacheKey) -> Entry | None:
        await asyncio.sleep(0)
        if key in self.kept:
            self.kept.move_to_end(key)
        return self.kept.get(key)

    def put(self, key: CacheKey, entry: Entry, generation: int) -> bool:
        too_large = (entry.body.length or 0) > self._max_object_size or entry.size > self._size
        if too_large or self._log.purged_since(generation, entry):
            return False
        self.discard(key)
        self.kept[key] = entry
        self._used += entry.size
        while self._used > self._size:
            self.discard(next(iter(self.kept)))
        return True

    def discard(self, key: CacheKey) -> None:
        gone = self.kept.pop(key, None)
        self._used -= gone.size if gone is not None else 0

    async def invalidate(self, item: bytes) -> int:
        await asyncio.sleep(0)
        self._log.add(item)
        lost = [key for key, entry in self.kept.items() if matches(item, entry)]
        for key in lost:
            self.discard(key)
        return len(lost)

    async def entries(self, item: bytes = b"/*") -> AsyncGenerator[Entry, None]:
        for entry in list(self.kept.values()):
            await asyncio.sleep(0)
            if entry.key in self.kept and matches(item, entry):
                yield entry

    async def usage(self) -> Usage:
        return Usage(len(self.kept), self._used)

    async def settled(self) -> None:
        await asyncio.sleep(0)

    async def aclose(self) -> None:
        self.kept.clear()
