"""Which keys a URI leads to, so that an invalidation of one path need not look at all objects."""

from edgerun.cache.entry import CacheKey, Entry


class ByUri:
    """The keys of entries by their own URI, and by the one the viewer asked for where that is another.

    A URI with a single key, as most are, costs one place in a dictionary.
    """

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: dict[bytes, CacheKey | dict[CacheKey, None]] = {}

    def add(self, key: CacheKey, entry: Entry) -> None:
        """Note an entry under its URIs."""
        for uri in _uris(key, entry):
            found = self._keys.setdefault(uri, key)
            if isinstance(found, dict):
                found[key] = None
            elif found is not key and found != key:
                self._keys[uri] = {found: None, key: None}

    def remove(self, key: CacheKey, entry: Entry) -> None:
        """Forget an entry that was noted."""
        for uri in _uris(key, entry):
            found = self._keys.get(uri)
            if isinstance(found, dict):
                found.pop(key, None)
                if len(found) == 1:
                    (self._keys[uri],) = found
            elif found == key:
                del self._keys[uri]

    def keys(self, uri: bytes) -> list[CacheKey]:
        """Return the keys of what a URI leads to."""
        found = self._keys.get(uri)
        if found is None:
            return []
        return list(found) if isinstance(found, dict) else [found]

    def uris(self) -> list[bytes]:
        """Return all URIs that lead to something."""
        return list(self._keys)

    def clear(self) -> None:
        """Forget all."""
        self._keys.clear()


def _uris(key: CacheKey, entry: Entry) -> tuple[bytes, ...]:
    asked, own = entry.requested_uri, key.uri
    return (asked,) if asked == own else (own, asked)
