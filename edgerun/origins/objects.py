"""Objects as S3 has them: a key's bytes with their entity tag, time and metadata."""

import asyncio
import hashlib
import heapq
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edgerun.home import STATE_FOLDER
from edgerun.http.message import BytesBody
from edgerun.origins.content_types import content_type
from edgerun.origins.files import FileBody, OpenFile, Root, Unavailable
from edgerun.origins.metadata import SIDECAR, Metadata, Table
from edgerun.values import value

READ_WHOLE: Final = 1024 * 1024
"""Files up to this size are read at once; longer ones are streamed, and hashed by a thread."""

MOST_KEYS: Final = 1000
"""How many keys one listing holds at most."""

_SETTLED: Final = 2.0  # seconds after which a rewrite is sure to show in a file's times
_MOST_TAGS: Final = 10_000


@value
class StoredObject:
    """One object.

    `etag` is quoted, `modified` in whole seconds. `metadata` always holds `content-type`.
    Whoever does not send `body` closes it.
    """

    etag: bytes
    modified: int
    body: BytesBody | FileBody
    metadata: Table

    @property
    def size(self) -> int:
        return self.body.length

    def part(self, start: int, stop: int) -> BytesBody | FileBody:
        """Return a stretch of the body; for a file it shares the descriptor."""
        return self.body.part(start, stop) if isinstance(self.body, FileBody) else BytesBody(self.body.data[start:stop])


@value
class Listed:
    """One line of a listing."""

    key: bytes
    modified: float
    size: int


class Objects:
    """The objects of a directory.

    Args:
        root: the directory.
        clock: the time in seconds since the epoch.

    Raises:
        ConfigError: the metadata file cannot be used.
    """

    def __init__(self, root: Path, clock: Callable[[], float]) -> None:
        self._root = Root(root)
        self._clock = clock
        self._tags: dict[bytes, tuple[tuple[int, ...], bytes]] = {}
        self.metadata = Metadata(root)

    async def get(self, key: bytes) -> StoredObject | Unavailable:
        """Return an object, opened; the file may change afterwards without its tag becoming wrong."""
        self.metadata.refresh()
        file = self._root.open(key)
        if isinstance(file, Unavailable):
            return file
        if is_ours(key) or self.metadata.is_sidecar(file.stat):
            return Unavailable.MISSING
        try:
            etag, body = await self._content(key, file)
        except OSError:
            return Unavailable.FAILED
        return StoredObject(
            etag=b'"' + etag + b'"',
            modified=int(file.stat.st_mtime // 1),
            body=body,
            metadata={b"content-type": content_type(key)} | self.metadata.of(key),
        )

    def has(self, key: bytes) -> bool:
        """Return whether a key can be read."""
        file = self._root.open(key)
        return isinstance(file, OpenFile) and not is_ours(key) and not self.metadata.is_sidecar(file.stat)

    async def first_keys(self, prefix: bytes) -> list[Listed]:
        """Return the first keys with a prefix in byte order: `MOST_KEYS`, and one more if there are more."""
        return await asyncio.to_thread(self._first_keys, prefix)

    def _first_keys(self, prefix: bytes) -> list[Listed]:
        found = (item for item in self._root.keys(prefix) if not is_ours(item[0]))
        first = heapq.nsmallest(MOST_KEYS + 1, found, key=lambda item: item[0])
        return [Listed(key=key, modified=stat.st_mtime, size=stat.st_size) for key, stat in first]

    def forget(self) -> None:
        self._tags.clear()

    async def _content(self, key: bytes, file: OpenFile) -> tuple[bytes, BytesBody | FileBody]:
        signature, known = file.signature, self._tags.get(key)
        etag = known[1] if known and known[0] == signature else None
        if file.size > READ_WHOLE:
            return etag or self._remember(key, file, await asyncio.to_thread(file.md5)), FileBody(file)
        body = BytesBody(file.read(0, file.size))
        if etag is None or not file.is_unchanged():
            etag = self._remember(key, file, hashlib.md5(body.data, usedforsecurity=False).hexdigest().encode())
        file.close()
        return etag, body

    def _remember(self, key: bytes, file: OpenFile, etag: bytes) -> bytes:
        # A file changed twice within one tick of its clock looks the same both times: wait until it is settled.
        if file.is_unchanged() and self._clock() - file.stat.st_mtime > _SETTLED:
            if len(self._tags) >= _MOST_TAGS:
                del self._tags[next(iter(self._tags))]
            self._tags[key] = (file.signature, etag)
        return etag


def is_ours(key: bytes) -> bool:
    """Tell whether a key is edgerun's own: the sidecar, or the state folder, which holds a token."""
    first = key.partition(b"/")[0]
    return first.lower() in {SIDECAR.encode(), STATE_FOLDER.encode()}
