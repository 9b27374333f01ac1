"""What is to become of keys on a Redis server, for how long, and what it could not be told yet."""

import asyncio
from collections.abc import Sequence
from itertools import islice
from typing import Final

from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.format import digest

KEPT_ON: Final = 86_400.0
"""Seconds for which an expired entry stays: to be confirmed, or to cover for an origin that fails."""
LONGEST: Final = 365 * 86_400.0
MOST_OWED: Final = 100_000
"""Keys that are remembered while the server is away; above them, everything is invalidated when it is back."""
AT_ONCE: Final = 500


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


class Unsent:
    """What the server has to be told when it is back, before anybody is served from it.

    Attributes:
        items: paths and tags that are to be invalidated, in order.
    """

    def __init__(self) -> None:
        self.items: list[bytes] = []
        self._digests: dict[bytes, None] = {}

    def forget(self, digest: bytes) -> None:
        """Note that one entry is to be forgotten."""
        self._digests[digest] = None
        if len(self._digests) > MOST_OWED:
            self._digests.clear()
            self.items.append(b"/*")

    def some(self) -> list[bytes]:
        """Return some of the entries that are to be forgotten."""
        return list(islice(self._digests, AT_ONCE))

    def sent(self, digests: Sequence[bytes]) -> None:
        """Note that these are forgotten."""
        for name in digests:
            self._digests.pop(name, None)
