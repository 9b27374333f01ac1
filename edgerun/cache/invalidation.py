"""Which objects an invalidation means (`spec/cloudfront.md` §8.1, §8.4), and the log of the last ones.

One item is an invalidation path, such as `/img/*`, or a cache tag behind `#`, such as `#sale`.
"""

import re
from collections import deque
from collections.abc import Iterable
from typing import Final

from edgerun.cache.entry import Entry
from edgerun.cache.tags import LONGEST_TAG, is_tag

PURGES_REMEMBERED: Final = 256
LONGEST_PATH: Final = 4_000
TAG_MARK: Final = "#"
_WHOSE: Final = re.compile(rb"[^/#*]+(?=[/#])")


def fault_of(item: object) -> str:
    """Return what is wrong with one item of an invalidation, as a sentence, or nothing."""
    if isinstance(item, str) and item.startswith(TAG_MARK):
        if is_tag(item[1:]):
            return ""
        return f"{item!r} is no cache tag: # and 1 to {LONGEST_TAG} visible ASCII characters without a comma"
    if isinstance(item, str) and item.startswith("/") and len(item) <= LONGEST_PATH:
        return ""
    most = f"{LONGEST_PATH:,}"
    return f"{item!r} is not an invalidation path: a text that begins with / and has {most} characters at most"


def matches(item: bytes, entry: Entry) -> bool:
    """Tell whether an invalidation path or a `#tag` covers an entry.

    `*` is a wildcard only as the last character of a path. The object's own URI counts, and the one the
    viewer asked for before a function rewrote it. Without a query in the pattern the path alone must be
    equal, and the object must be stored without a query. A tag is compared whole, whatever its case. What
    stands before the path or the `#` is the id of the one distribution that is meant.
    """
    return covers_any(item, entry.key.distribution, entry.key.uri, entry.requested_uri, entry.tags)


def covers_any(item: bytes, distribution: str, uri: bytes, requested_uri: bytes, tags: tuple[str, ...]) -> bool:
    """Tell whether an item covers what an object goes by; see `matches`."""
    whose = _WHOSE.match(item)
    if whose is not None:
        if whose[0].decode("latin-1") != distribution:
            return False
        item = item[whose.end() :]
    if item[:1] == b"#":
        return item[1:].decode("latin-1").lower() in tags
    return covers(item, uri) or covers(item, requested_uri)


def covers(pattern: bytes, uri: bytes) -> bool:
    """Tell whether an invalidation path covers a URI (path and stored query)."""
    if pattern.endswith(b"*"):
        return uri.startswith(pattern[:-1])
    return uri == pattern


def one_uri(item: bytes) -> bytes | None:
    """Return the one URI by which an item finds objects; None for a wildcard and for a tag."""
    whose = _WHOSE.match(item)
    path = item if whose is None else item[whose.end() :]
    return None if path[:1] == b"#" or path.endswith(b"*") else path


class PurgeLog:
    """The last invalidations by generation: a fetch that began before one that covers its object came too late.

    It remembers `PURGES_REMEMBERED` of them; of what is older than that it has to assume the worst.
    """

    __slots__ = ("_purges", "generation")

    def __init__(self, generation: int = 0, purges: Iterable[tuple[int, bytes]] = ()) -> None:
        self.generation = generation
        self._purges: deque[tuple[int, bytes]] = deque(purges, maxlen=PURGES_REMEMBERED)

    def add(self, item: bytes) -> int:
        """Note an invalidation, and return its generation."""
        self.generation += 1
        self._purges.append((self.generation, item))
        return self.generation

    def since(self, generation: int) -> list[tuple[int, bytes]]:
        """Return the invalidations after a generation that are remembered, oldest first."""
        return [purge for purge in self._purges if purge[0] > generation]

    def purged_since(self, generation: int, entry: Entry) -> bool:
        """Tell whether an invalidation after a generation covers an entry, or may have."""
        if generation >= self.generation:
            return False
        if not self._purges or self._purges[0][0] > generation + 1:
            return True  # the log no longer reaches back that far: refuse rather than guess
        return any(since > generation and matches(item, entry) for since, item in self._purges)

    def __repr__(self) -> str:
        return f"PurgeLog(generation {self.generation}, {len(self._purges)} remembered)"
