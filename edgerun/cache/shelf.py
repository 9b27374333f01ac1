"""Where parts of objects are kept until they are whole (`spec/http-caching.md` §13, `spec/cloudfront.md` §4.6).

Each part is an entry of its own and never copied; a list says which there are. Parts and list may leave the
store one by one: what is missing is asked of the origin, and takes its place again.
"""

from typing import Final

from edgerun.cache.body import MEMORY_LIMIT
from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.freshness import freshened
from edgerun.cache.parts import Parts, belong_together, list_key, part_key, part_of, read_parts
from edgerun.cache.sparse import Piece, SparseBody
from edgerun.cache.store import CacheStore
from edgerun.http import fields
from edgerun.http.conditional import Partial, select_ranges
from edgerun.http.headers import Headers
from edgerun.http.message import Body, BytesBody, Request, Response, read
from edgerun.http.partial import for_viewer
from edgerun.values import changed

_OF_ONE_PART: Final = (b"content-range", b"content-length")


class Shelf:
    """Keeps parts in a store, cuts ranges out of them, and makes them one when all are there."""

    def __init__(self, store: CacheStore) -> None:
        self._store = store

    async def cut(self, listed: Entry, request: Request, request_id: str) -> Response | None:
        """Return the answer to a range that lies wholly within the parts, or None.

        Args:
            listed: the list of the parts, usable now.
            request: the viewer's.
            request_id: for the boundary between several ranges.
        """
        parts = read_parts(await read(listed.body))
        if parts.length is None:
            return None
        modified, date = (fields.parse_date(listed.headers.get(name) or b"") for name in (b"last-modified", b"date"))
        etag = listed.headers.get(b"etag")
        wanted = select_ranges(request.headers, parts.length, etag=etag, last_modified=modified, date=date)
        if not isinstance(wanted, Partial):
            return None
        pieces: list[Piece] = []
        for start, stop in wanted.ranges:
            found = await self._pieces(listed, parts, start, stop)
            if found is None:
                return None
            pieces += found
        body = SparseBody(parts.length, pieces)
        whole = Response(status=200, headers=_head_of_whole(listed.headers, parts.length), body=body)
        return for_viewer(request, whole, request_id)

    async def keep(self, entry: Entry, generation: int) -> bool:
        """Keep a whole object or a part of one; return whether the store took it."""
        return await (self.keep_part if entry.status == 206 else self.keep_whole)(entry, generation)

    async def forget(self, key: CacheKey) -> None:
        """Forget a whole object, and what there is of its parts."""
        self._store.discard(key)
        listed = await self._fetch(list_key(key))
        if listed is not None:
            self._forget(key, read_parts(await read(listed.body)))

    async def keep_whole(self, entry: Entry, generation: int) -> bool:
        """Keep a whole object, in the place of its parts; return whether the store took it."""
        kept = self._store.put(entry.key, entry, generation)
        listed = self._store.peek(list_key(entry.key))
        if kept and listed is not None:
            self._forget(entry.key, read_parts(listed.body.data or Parts().written()))
        return kept

    async def keep_part(self, entry: Entry, generation: int) -> bool:
        """Keep a part, under the key of the whole; return whether the store took it.

        Parts with the same strong validator stay together, under the newest one's head. Any others leave.
        """
        told = part_of(Response(status=entry.status, headers=entry.headers, body=entry.body))
        if told is None:
            return False
        part = told.first, told.last + 1
        before = await self._fetch(list_key(entry.key))
        parts, headers = Parts(), entry.headers.without(*_OF_ONE_PART)
        if before is not None:
            known = read_parts(await read(before.body))
            if known.agree(told.length) and belong_together(before.headers, entry.headers):
                parts, headers = known, freshened(before.headers, headers)
            else:
                self._forget(entry.key, known)
        if not self._store.put(part_key(entry.key, part), changed(entry, key=part_key(entry.key, part)), generation):
            return False
        later = parts.plus(part, told.length)
        for gone in set(parts.kept) - set(later.kept):
            self._store.discard(part_key(entry.key, gone))
        written = BytesBody(later.written())
        listed = changed(entry, key=list_key(entry.key), headers=headers, body=written)
        return self._store.put(listed.key, listed, generation) and await self._joined(entry.key, listed, later)

    async def _joined(self, key: CacheKey, listed: Entry, parts: Parts) -> bool:
        """Make the parts one object if they are all there; return True either way."""
        if parts.length is None or not parts.complete:
            return True
        pieces = await self._pieces(listed, parts, 0, parts.length)
        if pieces is None:
            return True
        body: Body = SparseBody(parts.length, pieces)
        if parts.length <= MEMORY_LIMIT:
            body = BytesBody(await read(body))
        headers = _head_of_whole(listed.headers, parts.length)
        whole = changed(listed, key=key, status=200, reason=b"OK", headers=headers, body=body, origin_status=200)
        if self._store.put(key, whole, listed.generation):
            self._forget(key, parts)
        return True

    async def _pieces(self, listed: Entry, parts: Parts, start: int, stop: int) -> list[Piece] | None:
        """Return the bodies that make up a stretch, or None if one of them is not there any more."""
        pieces: list[Piece] = []
        for part, first, last in parts.cover(start, stop) or ():
            entry = await self._fetch(part_key(listed.key, part))
            if entry is None or not (len(parts.kept) == 1 or belong_together(entry.headers, listed.headers)):
                return None
            pieces.append(Piece(first, last, entry.body, first - part[0]))
        return pieces or None

    async def _fetch(self, key: CacheKey) -> Entry | None:
        return self._store.peek(key) or await self._store.fetch(key)

    def _forget(self, key: CacheKey, parts: Parts) -> None:
        self._store.discard(list_key(key))
        for part in parts.kept:
            self._store.discard(part_key(key, part))


def _head_of_whole(headers: Headers, length: int) -> Headers:
    return headers.replaced(b"Content-Length", b"%d" % length)
