"""A store as those see it who only ask: nothing is changed by it, not even which entry was used last."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.store import CacheStore, Usage


class AtRest:
    """A `CacheStore` that finds what another one holds, by going through it, and takes nothing."""

    def __init__(self, store: CacheStore) -> None:
        self._store = store

    @property
    def generation(self) -> int:
        return self._store.generation

    def peek(self, key: CacheKey) -> Entry | None:  # noqa: ARG002  # the protocol's
        return None

    async def fetch(self, key: CacheKey) -> Entry | None:
        async with aclosing(cast("Any", self._store.entries(key.uri))) as found:
            async for entry in found:
                if entry.key == key:
                    return cast("Entry", entry)
        return None

    def put(self, key: CacheKey, entry: Entry, generation: int) -> bool:  # noqa: ARG002  # the protocol's
        return False

    def discard(self, key: CacheKey) -> None:
        pass

    async def invalidate(self, item: bytes) -> int:  # noqa: ARG002  # the protocol's
        return 0

    def entries(self, item: bytes = b"/*") -> AsyncIterator[Entry]:
        return self._store.entries(item)

    async def usage(self) -> Usage:
        return await self._store.usage()

    async def settled(self) -> None:
        await self._store.settled()

    async def aclose(self) -> None:
        pass
