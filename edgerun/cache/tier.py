"""The few entries that are asked for most, kept in memory above a store that costs more to ask."""

from typing import Final, NamedTuple

from cachetools import LRUCache

from edgerun.cache.entry import CacheKey, Entry

LARGEST_TIER: Final = 32 * 1024 * 1024
MOST_PENDING: Final = 32 * 1024 * 1024
"""Bytes in memory that wait to be written to the store below."""
KEYS: Final = 8_191
"""How many numbers the keys are divided among, each with a sign that tells of changes."""


def number_of(digest: bytes) -> int:
    """Return the number, 1 and up, of the sign that tells of changes to a key."""
    return 1 + int.from_bytes(digest[:4], "little") % KEYS


class Held(NamedTuple):
    """An entry in memory, and by what the store below knows it.

    `sign` is what told of changes to the key when the entry was read.
    """

    entry: Entry
    digest: bytes
    number: int
    sign: int


class Tier:
    """Entries in memory, least recently used, bounded in bytes."""

    def __init__(self, size: int) -> None:
        self._held: LRUCache[CacheKey, Held] = LRUCache(maxsize=size, getsizeof=lambda held: held.entry.size)
        self.get = self._held.get

    def put(self, held: Held) -> bool:
        """Hold an entry, unless it is larger than all that may be held; tell whether it is."""
        if held.entry.size > self._held.maxsize:
            return False
        self._held[held.entry.key] = held
        return True

    def drop(self, key: CacheKey) -> None:
        """Hold an entry no longer."""
        self._held.pop(key, None)

    def clear(self) -> None:
        """Hold nothing any more."""
        self._held.clear()

    def __len__(self) -> int:
        return len(self._held)
