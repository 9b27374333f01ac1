"""What the pipeline asks of a cache store. A store judges nothing and has no clock."""

from typing import Protocol

from edgerun.cache.entry import CacheKey, Entry


class CacheStore(Protocol):
    """Keeps entries by key, within bounds, and forgets them on request.

    A fetch reads `generation` when it starts and hands it to `put`: an invalidation that came in between
    and covers the entry makes `put` refuse, so that a purge is never undone by a slow fetch.
    """

    @property
    def generation(self) -> int:
        """Grows with each invalidation."""
        ...

    def peek(self, key: CacheKey) -> Entry | None:
        """Return an entry at once, or None if there is none or it takes waiting to tell."""
        ...

    async def fetch(self, key: CacheKey) -> Entry | None:
        """Return an entry, waiting if it must."""
        ...

    def put(self, key: CacheKey, entry: Entry, generation: int) -> bool:
        """Keep a complete entry; return False if it was refused (too large, or purged meanwhile)."""
        ...

    def discard(self, key: CacheKey) -> None:
        """Forget one entry, if it is there."""
        ...

    def invalidate(self, pattern: bytes) -> int:
        """Forget every entry an invalidation path covers, and return how many there were."""
        ...

    async def aclose(self) -> None:
        """Release what the store holds."""
        ...
