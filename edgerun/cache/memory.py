"""The store in memory: least recently used, bounded in bytes."""

from collections import deque

from cachetools import LRUCache

from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.invalidation import matches

PURGES_REMEMBERED = 256


class MemoryStore:
    """A `CacheStore` over cachetools' LRU, measured in bytes; entries do not outlive the process."""

    def __init__(self, *, size: int, max_object_size: int) -> None:
        self._entries: LRUCache[CacheKey, Entry] = LRUCache(maxsize=size, getsizeof=lambda entry: entry.size)
        self._max_object_size = max_object_size
        self._purges: deque[tuple[int, bytes]] = deque(maxlen=PURGES_REMEMBERED)
        self.generation = 0

    def peek(self, key: CacheKey) -> Entry | None:
        return self._entries.get(key)

    async def fetch(self, key: CacheKey) -> Entry | None:
        return self.peek(key)

    def put(self, key: CacheKey, entry: Entry, generation: int) -> bool:
        if (entry.body.length or 0) > self._max_object_size or entry.size > self._entries.maxsize:
            return False
        if self._purged_since(generation, entry):
            return False
        self._entries[key] = entry
        return True

    def discard(self, key: CacheKey) -> None:
        self._entries.pop(key, None)

    def invalidate(self, pattern: bytes) -> int:
        self.generation += 1
        self._purges.append((self.generation, pattern))
        lost = [key for key, entry in self._entries.items() if matches(pattern, entry)]
        for key in lost:
            del self._entries[key]
        return len(lost)

    async def aclose(self) -> None:
        self._entries.clear()

    def _purged_since(self, generation: int, entry: Entry) -> bool:
        if generation == self.generation:
            return False
        if self._purges and self._purges[0][0] > generation + 1:
            return True  # the log no longer reaches back that far: refuse rather than guess
        return any(since > generation and matches(pattern, entry) for since, pattern in self._purges)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def used(self) -> int:
        """Bytes in use, of `size`."""
        return int(self._entries.currsize)

    def __repr__(self) -> str:
        return f"MemoryStore({len(self)} entries, {self.used} of {int(self._entries.maxsize)} bytes)"
