"""What the pipeline asks of a cache store. A store judges nothing and has no clock."""

from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol

from edgerun.cache.entry import CacheKey, Entry


class Usage(NamedTuple):
    """What a store holds: how many objects, and how many bytes they are counted as; None while it cannot tell.

    `evicted` counts the objects that this process had make room for others, None where the store does not count them.
    """

    objects: int | None = None
    used: int | None = None
    evicted: int | None = None


class CacheStore(Protocol):
    """Keeps entries by key, within bounds, and forgets them on request.

    A fetch reads `generation` when it starts and hands it to `put`: an invalidation that came in between
    and covers the entry makes `put` refuse, so that a purge is never undone by a slow fetch.

    A store that is not there, or is full, keeps nothing and finds nothing: it never fails a request.
    """

    @property
    def generation(self) -> int:
        """Grows with each invalidation."""
        ...

    def peek(self, key: CacheKey) -> Entry | None:
        """Return an entry at once, or None if there is none or it takes waiting to tell."""
        ...

    async def fetch(self, key: CacheKey) -> Entry | None:
        """Return an entry, waiting if it must; it may be begun outside a task, and goes on in one."""
        ...

    def put(self, key: CacheKey, entry: Entry, generation: int) -> bool:
        """Keep a complete entry; return False if it is refused (too large, or purged meanwhile).

        The entry is taken at once; a store outside this process may go on writing it behind.
        """
        ...

    def discard(self, key: CacheKey) -> None:
        """Forget one entry, if it is there."""
        ...

    async def invalidate(self, item: bytes) -> int:
        """Forget every entry that an invalidation path, or a cache tag behind `#`, covers; return how many there were.

        Once it returns, none of them is found any more, by no process that shares the store.
        """
        ...

    def entries(self, item: bytes = b"/*") -> AsyncIterator[Entry]:
        """Yield the entries that an invalidation path, or a `#tag`, covers, in no order, without using them.

        Others get their turn in between, so what is put or forgotten meanwhile may be missed. Bodies are not
        read; a body may be gone when it is read later.
        """
        ...

    async def usage(self) -> Usage:
        """Return how much it holds, without going through it."""
        ...

    async def settled(self) -> None:
        """Wait until what was put or discarded so far has come to rest."""
        ...

    async def aclose(self) -> None:
        """Release what the store holds."""
        ...
