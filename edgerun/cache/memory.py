"""The store in memory: least recently used, bounded in bytes."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import Final

from cachetools import Cache, LRUCache

from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.invalidation import PurgeLog, matches
from edgerun.cache.store import Usage

# Entries looked at in one turn of the loop.
CHUNK: Final = 1_000


class _Lru(LRUCache[CacheKey, Entry]):
    """Counts what makes room for others."""

    evicted = 0

    def popitem(self) -> tuple[CacheKey, Entry]:
        self.evicted += 1
        return super().popitem()


class MemoryStore:
    """A `CacheStore` over cachetools' LRU, measured in bytes; entries do not outlive the process."""

    def __init__(self, *, size: int, max_object_size: int) -> None:
        self._entries = _Lru(maxsize=size, getsizeof=lambda entry: entry.size)
        self._max_object_size = max_object_size
        self._log = PurgeLog()

    @property
    def generation(self) -> int:
        return self._log.generation

    def peek(self, key: CacheKey) -> Entry | None:
        return self._entries.get(key)

    async def fetch(self, key: CacheKey) -> Entry | None:
        return self.peek(key)

    def put(self, key: CacheKey, entry: Entry, generation: int) -> bool:
        if (entry.body.length or 0) > self._max_object_size or self._log.purged_since(generation, entry):
            return False
        try:
            self._entries[key] = entry
        except ValueError:  # it is larger than all there may be
            return False
        return True

    def discard(self, key: CacheKey) -> None:
        self._entries.pop(key, None)

    async def invalidate(self, item: bytes) -> int:
        self._log.add(item)
        lost = [entry.key for entry in self._unused(self._entries) if matches(item, entry)]
        for key in lost:
            del self._entries[key]
        return len(lost)

    async def entries(self, item: bytes = b"/*") -> AsyncGenerator[Entry, None]:
        keys = list(self._entries)
        for start in range(0, len(keys), CHUNK):
            for entry in self._unused(keys[start : start + CHUNK]):
                if matches(item, entry):
                    yield entry
            await asyncio.sleep(0)

    async def usage(self) -> Usage:
        return Usage(len(self), self.used, self._entries.evicted)

    async def settled(self) -> None:
        return None

    async def aclose(self) -> None:
        self._entries.clear()

    def _unused(self, keys: Iterable[CacheKey]) -> list[Entry]:
        """Return entries without making them recently used, as the LRU's own look-up would."""
        return [Cache.__getitem__(self._entries, key) for key in keys if key in self._entries]

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def used(self) -> int:
        """Bytes in use, of `size`."""
        return int(self._entries.currsize)

    def __repr__(self) -> str:
        return f"MemoryStore({len(self)} entries, {self.used} of {int(self._entries.maxsize)} bytes)"
