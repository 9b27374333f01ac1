"""A body made of stretches of other bodies, none of them copied."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from edgerun.cache.body import at_hand
from edgerun.http.message import Body


class SparseBody:
    """The bytes of an object as far as they are there; whoever reads others has not looked before.

    `pieces` are (start, stop, body), ascending and apart: where in the object the whole of that body lies.
    """

    __slots__ = ("_pieces", "length")

    data: Final = None

    def __init__(self, length: int, pieces: Sequence[tuple[int, int, Body]]) -> None:
        self.length = length
        self._pieces = tuple(pieces)

    async def stream(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` up to `stop` (exclusive).

        Raises:
            LookupError: some of them are not there.
        """
        position, end = start, self.length if stop is None else min(stop, self.length)
        for first, last, body in self._pieces:
            if last <= position or position >= end:
                continue
            if first > position:
                break
            until = min(last, end)
            async for chunk in body.stream(position - first, until - first):
                yield chunk
            position = until
        if position < end:
            raise LookupError(f"the bytes from {position} to {end} are not there")

    def part(self, start: int, stop: int) -> bytes:
        """Return bytes that are all there.

        Raises:
            OSError: they cannot be had at once.
        """
        found = []
        for first, last, body in self._pieces:
            begin, end = max(first, start), min(last, stop)
            if begin < end:
                found.append(at_hand(body, begin - first, end - first))
        return b"".join(found)

    async def aclose(self) -> None:
        for _, _, body in self._pieces:
            await body.aclose()

    def __repr__(self) -> str:
        return f"SparseBody({len(self._pieces)} pieces of {self.length} bytes)"
