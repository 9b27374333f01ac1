"""What is to become of one key on a Redis server, and for how long."""

import asyncio
from typing import Final

from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.format import digest

KEPT_ON: Final = 86_400.0
"""Seconds for which an expired entry stays: to be confirmed, or to cover for an origin that fails."""
LONGEST: Final = 365 * 86_400.0


class Order:
    """An entry that is to be kept, or, if it is None, a key that is to be forgotten."""

    __slots__ = ("before", "digest", "entry", "finished", "generation", "key", "weight")

    def __init__(self, key: CacheKey, entry: Entry | None, generation: int, before: "Order | None") -> None:
        self.key = key
        self.digest = digest(key)
        self.entry = entry
        self.generation = generation
        self.before = before
        self.weight = entry.size if entry is not None and entry.body.data is not None else 0
        self.finished = asyncio.get_running_loop().create_future()


def seconds_of(entry: Entry) -> int:
    """Return for how long an entry can be of use, in seconds from when it is put: reckoned from its own times."""
    windows = (0.0, entry.stale_while_revalidate or 0.0, entry.stale_if_error or 0.0)
    useful = max(entry.lifetime - entry.initial_age + max(windows), entry.retry_at - entry.response_time, 0.0)
    return int(min(useful + KEPT_ON, LONGEST))
