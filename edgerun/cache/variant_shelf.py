"""Where variants stand in a store: each under its own key, with an index of them under the key they share."""

from typing import Final

from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.shelf import Shelf
from edgerun.cache.store import CacheStore
from edgerun.cache.variants import VARY, index, is_index, sets, variant_key, variants, with_variant
from edgerun.http.fields import parse_date
from edgerun.http.headers import Headers
from edgerun.values import changed

MOST_OTHERS: Final = 8


class VariantShelf:
    """Keeps responses that vary beside each other, and remembers when a URI was invalidated."""

    def __init__(self, store: CacheStore, shelf: Shelf) -> None:
        self._store = store
        self._shelf = shelf

    async def select(self, found: Entry, request: Headers) -> Entry | None:
        """Return the variant that a request selects: what varies before what does not, then the latest."""
        best: Entry | None = None
        for names in sets(found):
            entry = await self._find(variant_key(found.key, names, request))
            if entry is not None and (best is None or _rank(entry) > _rank(best)):
                best = entry
        return best

    async def others(self, primary: CacheKey) -> tuple[Entry, ...]:
        """Return the variants stored last, for the origin to name one of them."""
        found = await self._find(primary)
        if found is None or not is_index(found):
            return ()
        entries = [await self._find(key) for key in variants(found)[:MOST_OTHERS]]
        return tuple(entry for entry in entries if entry is not None)

    async def keep(self, entry: Entry, primary: CacheKey, generation: int) -> bool:
        """Store a response; not if something newer stands there, or if its URI was invalidated since it was asked for.

        Args:
            entry: a whole response or a part, under its own key.
            primary: the key that all variants share.
            generation: as in `CacheStore.put`.
        """
        found = await self._find(primary)
        if found is not None and found.request_time > entry.request_time:
            return False
        if found is None or not is_index(found):
            if entry.key == primary:
                return await self._put(entry, generation)
            return await self._begin(entry, primary, found, generation)
        if entry.key == primary:
            if not variants(found):
                return await self._put(entry, generation)
            entry = changed(entry, key=variant_key(primary, (), entry.headers))
        older = await self._find(entry.key)
        if older is not None and older.request_time > entry.request_time:
            return False
        return await self._add(entry, found, generation)

    async def forget(self, keys: tuple[CacheKey, ...], now: float, *, fetching: bool) -> None:
        """Forget everything under some keys, all variants and parts.

        Args:
            keys: those that variants share.
            now: seconds since the epoch; what was asked for before is not stored any more.
            fetching: some fetch is under way, and may be for one of them.
        """
        for key in keys:
            found = await self._find(key)
            for each in variants(found) if found is not None and is_index(found) else ():
                await self._shelf.forget(each)
            await self._shelf.forget(key)
            if found is not None or fetching:
                uri = key.uri if found is None else found.requested_uri
                self._store.put(key, index(key, uri, (), now, invalidated=now), self._store.generation)

    async def _begin(self, entry: Entry, primary: CacheKey, plain: Entry | None, generation: int) -> bool:
        """Store the first response that varies; the one that did not moves beside it."""
        if not await self._put(entry, generation):
            return False
        keys = [entry.key]
        if plain is not None:
            moved = changed(plain, key=variant_key(primary, (), plain.headers))
            if moved.key != entry.key and self._store.put(moved.key, moved, self._store.generation):
                keys.append(moved.key)
        made = index(primary, entry.requested_uri, keys, entry.response_time)
        return self._store.put(primary, made, self._store.generation)

    async def _add(self, entry: Entry, found: Entry, generation: int) -> bool:
        if not await self._put(entry, generation):
            return False
        keys, dropped = with_variant(found, entry.key)
        for key in dropped:
            await self._shelf.forget(key)
        if keys == variants(found):
            return True
        made = index(found.key, entry.requested_uri, keys, entry.response_time, found.request_time)
        return self._store.put(found.key, made, self._store.generation)

    async def _put(self, entry: Entry, generation: int) -> bool:
        return await self._shelf.keep(entry, generation)

    async def _find(self, key: CacheKey) -> Entry | None:
        return self._store.peek(key) or await self._store.fetch(key)


def _rank(entry: Entry) -> tuple[bool, float, float]:
    text = entry.headers.get(b"date")
    made = None if text is None else parse_date(text)
    varies = entry.key.headers[-1:] != ((VARY, ()),)
    return varies, made or 0.0, entry.response_time
