"""The store in memory: least recently used, bounded in bytes."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from itertools import islice
from typing import Final, NamedTuple

from cachetools import Cache, LRUCache

from edgerun.cache.by_uri import ByUri
from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.invalidation import PurgeLog, matches, one_uri
from edgerun.cache.store import Usage
from edgerun.http.packed import packed
from edgerun.values import changed

# Entries looked at in one turn of the loop.
CHUNK: Final = 500


class Sweep(NamedTuple):
    """An invalidation that is being carried out: `fresh` are the keys of what was put since it began."""

    item: bytes
    fresh: set[CacheKey]

    def covers(self, key: CacheKey, entry: Entry) -> bool:
        """Tell whether it means an entry."""
        return key not in self.fresh and matches(self.item, entry)


class _Lru(LRUCache[CacheKey, Entry]):
    """Counts what makes room for others, and tells of it."""

    def __init__(self, size: int, left: Callable[[CacheKey, Entry], None]) -> None:
        super().__init__(maxsize=size, getsizeof=lambda entry: entry.size)
        self._left = left
        self.evicted = 0

    def popitem(self) -> tuple[CacheKey, Entry]:
        key, entry = super().popitem()
        self.evicted += 1
        self._left(key, entry)
        return key, entry


class MemoryStore:
    """A `CacheStore` over cachetools' LRU, measured in bytes; entries do not outlive the process."""

    def __init__(self, *, size: int, max_object_size: int) -> None:
        self._by_uri = ByUri()
        self._entries = _Lru(size, self._by_uri.remove)
        self._max_object_size = max_object_size
        self._log = PurgeLog()
        self._sweeps: list[Sweep] = []

    @property
    def generation(self) -> int:
        return self._log.generation

    def peek(self, key: CacheKey) -> Entry | None:
        entry = self._entries.get(key)
        if entry is None or (self._sweeps and self._is_swept(key, entry)):
            return None
        return entry

    async def fetch(self, key: CacheKey) -> Entry | None:
        return self.peek(key)

    def put(self, key: CacheKey, entry: Entry, generation: int) -> bool:
        if (entry.body.length or 0) > self._max_object_size or self._log.purged_since(generation, entry):
            return False
        try:
            entry = changed(entry, headers=packed(entry.headers))
        except ValueError:  # there is a head that cannot be sent
            return False
        if entry.size > self._entries.maxsize:
            return False
        self.discard(key)
        self._entries[key] = entry
        self._by_uri.add(key, entry)
        for sweep in self._sweeps:
            sweep.fresh.add(key)
        return True

    def discard(self, key: CacheKey) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._by_uri.remove(key, entry)

    async def invalidate(self, item: bytes) -> int:
        self._log.add(item)
        sweep, uri = Sweep(item, set()), one_uri(item)
        if uri is not None:
            return self._swept(sweep, (uri,))
        uris = iter(self._by_uri.uris())
        self._sweeps.append(sweep)  # from here on nothing that it covers is found
        count = 0
        try:
            while some := list(islice(uris, CHUNK)):
                count += self._swept(sweep, some)
                await asyncio.sleep(0)
        finally:
            self._swept(sweep, uris)  # whoever waits may have left: it is carried out all the same
            self._sweeps.remove(sweep)
        return count

    def _swept(self, sweep: Sweep, uris: Iterable[bytes]) -> int:
        """Forget what an invalidation covers under some URIs, and return how many there were."""
        lost = {key for _, key, entry in self._unused(uris) if sweep.covers(key, entry)}
        for key in lost:
            self.discard(key)
        return len(lost)

    def _is_swept(self, key: CacheKey, entry: Entry) -> bool:
        return any(sweep.covers(key, entry) for sweep in self._sweeps)

    async def entries(self, item: bytes = b"/*") -> AsyncGenerator[Entry, None]:
        one = one_uri(item)
        uris = self._by_uri.uris() if one is None else [one]
        for start in range(0, len(uris), CHUNK):
            for uri, key, entry in self._unused(uris[start : start + CHUNK]):
                again = one is None and uri != key.uri  # it has two, and is found under both
                if not again and matches(item, entry) and not self._is_swept(key, entry):
                    yield entry
            await asyncio.sleep(0)

    async def usage(self) -> Usage:
        return Usage(len(self), self.used, self._entries.evicted)

    async def settled(self) -> None:
        return None

    async def aclose(self) -> None:
        self._entries.clear()
        self._by_uri.clear()

    def _unused(self, uris: Iterable[bytes]) -> list[tuple[bytes, CacheKey, Entry]]:
        """Return what some URIs lead to, each with the URI and the key, without making it recently used."""
        return [(uri, key, Cache.__getitem__(self._entries, key)) for uri in uris for key in self._by_uri.keys(uri)]

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def used(self) -> int:
        """Bytes in use, of `size`."""
        return int(self._entries.currsize)

    def __repr__(self) -> str:
        return f"MemoryStore({len(self)} entries, {self.used} of {self._entries.maxsize} bytes)"
