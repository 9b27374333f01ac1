"""A body made of stretches of other bodies, none of them copied."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Final, NamedTuple

from edgerun.cache.body import at_hand
from edgerun.http.message import Body


class Piece(NamedTuple):
    """What of an object a body holds: the bytes from `start` to `stop` begin in it at `skip`."""

    start: int
    stop: int
    body: Body
    skip: int = 0


class SparseBody:
    """The bytes of an object as far as they are there; whoever reads others has not looked before.

    Pieces are ascending and apart.
    """

    __slots__ = ("_pieces", "length")

    data: Final = None

    def __init__(self, length: int, pieces: Sequence[Piece]) -> None:
        self.length = length
        self._pieces = tuple(pieces)

    async def stream(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` up to `stop` (exclusive).

        Raises:
            LookupError: some of them are not there.
        """
        for body, first, last in self._stretches(start, self.length if stop is None else min(stop, self.length)):
            async for chunk in body.stream(first, last):
                yield chunk

    def part(self, start: int, stop: int) -> bytes:
        """Return these bytes at once; from any thread.

        Raises:
            OSError: they cannot be read.
            LookupError: some of them are not there.
        """
        return b"".join(at_hand(*stretch) for stretch in self._stretches(start, min(stop, self.length)))

    def _stretches(self, position: int, end: int) -> Iterator[tuple[Body, int, int]]:
        """Yield (body, start, stop), where the wanted bytes lie in each."""
        for piece in self._pieces:
            if piece.stop <= position:
                continue
            if position >= end or piece.start > position:
                break
            until, ahead = min(piece.stop, end), piece.skip - piece.start
            yield piece.body, position + ahead, until + ahead
            position = until
        if position < end:
            raise LookupError(f"the bytes from {position} to {end} are not there")

    async def aclose(self) -> None:
        for piece in self._pieces:
            await piece.body.aclose()

    def __repr__(self) -> str:
        return f"SparseBody({len(self._pieces)} pieces of {self.length} bytes)"
