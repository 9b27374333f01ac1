"""What the pages on functions, the cache and the distributions ask of the edge."""

from typing import Protocol

from edgerun.admin.questions import Questioned
from edgerun.cache.store import CacheStore
from edgerun.functions.seen import PoolSeen
from edgerun.visit import Clock


class Shown(Questioned, Protocol):
    """The edge, as those pages see it."""

    clock: Clock
    store: CacheStore

    def pools(self) -> list[PoolSeen]:
        """Return what can be seen of the functions' environments now."""
        ...

    async def invalidate(self, items: list[str], distribution: str = "") -> int:
        """Forget what invalidation paths and `#tags` cover, of one distribution or all; return how many objects."""
        ...
