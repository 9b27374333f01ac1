"""Large bodies in Redis: in pieces, beside the records of their entries."""

import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final

from redis.exceptions import RedisError

from edgerun.cache.redis_link import MORE, Link, LinkDownError
from edgerun.cache.redis_scripts import UNFINISHED
from edgerun.errors import OriginProtocolError
from edgerun.http.message import Body

CHUNK: Final = 1024 * 1024


class RedisBody:
    """A body that is fetched piece by piece; any number may read it."""

    __slots__ = ("_chunks", "digest", "length", "name")

    data: Final = None

    def __init__(self, chunks: "Chunks", name: str, length: int, digest: bytes) -> None:
        self._chunks = chunks
        self.name = name
        self.length = length
        self.digest = digest

    async def stream(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        end = self.length if stop is None else min(stop, self.length)
        while start < end:
            number, skipped = divmod(start, CHUNK)
            piece = await self._chunks.read(self.name, number)
            if len(piece) != min(CHUNK, self.length - number * CHUNK):
                raise OriginProtocolError("a stored body left the cache while it was read")
            found = piece[skipped : skipped + end - start]
            start += len(found)
            yield found

    async def whole(self) -> bool:
        """Tell whether all of it is there."""
        return await self._chunks.count(self.name, self.pieces) == self.pieces

    @property
    def pieces(self) -> int:
        """How many there are."""
        return -(-self.length // CHUNK)

    async def aclose(self) -> None:
        return None

    def __repr__(self) -> str:
        return f"RedisBody({self.length} bytes)"


class Chunks:
    """The pieces of all large bodies, by name and number."""

    def __init__(self, link: Link, prefix: str) -> None:
        self._link = link
        self._prefix = prefix

    def body(self, place: bytes, length: int, digest: bytes) -> RedisBody:
        """Return a body by its name, as a record has it."""
        return RedisBody(self, place.decode("latin-1"), length, digest)

    async def keep(self, body: Body, digest: bytes) -> tuple[str, int]:
        """Send a body, unless it is the one that is there for this entry; return its name and number of pieces.

        Raises:
            LinkDownError: the server is gone.
            RedisError: it refuses.
        """
        if isinstance(body, RedisBody) and body.digest == digest:
            return body.name, body.pieces
        name, number = secrets.token_hex(16), 0
        async for piece in _in_pieces(body):
            command = self._link.client.set(self._key(name, number), piece, ex=UNFINISHED)
            await self._link.ask(command, times=MORE)
            number += 1
        return name, number

    async def read(self, name: str, number: int) -> bytes:
        """Return one piece; nothing if it is not there.

        Raises:
            OriginProtocolError: the server is gone.
        """
        try:
            found: Any = await self._link.ask(self._link.client.get(self._key(name, number)), times=MORE)
        except (LinkDownError, RedisError) as error:
            raise OriginProtocolError(f"the cache was lost while a body was read: {error}") from error
        return bytes(found or b"")

    async def count(self, name: str, pieces: int) -> int:
        """Return how many of the pieces of a body are there."""
        keys = [self._key(name, number) for number in range(pieces)]
        return int(await self._link.ask(self._link.client.exists(*keys)))

    def _key(self, name: str, number: int) -> str:
        return f"{self._prefix}{name}:{number}"


async def _in_pieces(body: Body) -> AsyncIterator[bytes]:
    held = bytearray()
    async for part in body.stream():
        held += part
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)
