"""Header lines as one block of bytes: what a head costs that lies in a cache for a long time.

Which name stands in which line is the same for most answers of a site, so it is kept once for all of them; what one
head has of its own is the block as it is sent. A value is cut out of it when somebody asks.
"""

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Final

from edgerun.http.headers import Headers, Line

SHAPES: Final = 1_024
"""Successions of names kept for those that come again; what refers to one that is forgotten goes on doing so."""

_END: Final = b"\r\n"


class Shape:
    """Which names stand in which lines: `places` has the number of a line by lower-case name, or several numbers."""

    __slots__ = ("names", "places")

    def __init__(self, names: tuple[bytes, ...]) -> None:
        self.names = names
        self.places: dict[bytes, int | tuple[int, ...]] = {}
        for number, name in enumerate(names):
            lower = name.lower()
            before = self.places.get(lower)
            if before is None:
                self.places[lower] = number
            else:
                self.places[lower] = (*(before if isinstance(before, tuple) else (before,)), number)


_shape_of = lru_cache(maxsize=SHAPES)(Shape)


class Packed(Headers):
    """Headers of which only the serialised block is kept. Lines are made anew each time they are asked for."""

    __slots__ = ("_shape",)

    _block: bytes

    def __init__(self, names: tuple[bytes, ...], block: bytes) -> None:
        super().__init__()
        self._shape = _shape_of(names)
        self._block = block

    @property
    def own(self) -> tuple[Line, ...]:
        return self.lines

    @property
    def lines(self) -> tuple[Line, ...]:
        texts = self._block.split(_END)
        return tuple([(name, text[len(name) + 2 :]) for name, text in zip(self._shape.names, texts, strict=False)])

    def names(self) -> Iterator[bytes]:
        return iter(self._shape.places)

    @property
    def block(self) -> bytes:
        return self._block

    def _lacks(self, names: Collection[bytes]) -> bool:
        return self._shape.places.keys().isdisjoint(names)

    def _found(self, name: bytes) -> bytes | tuple[bytes, ...] | None:
        place = self._shape.places.get(name)
        if place is None:
            return None
        start = len(name) + 2
        if isinstance(place, tuple):
            texts = self._block.split(_END)
            return tuple([texts[number][start:] for number in place])
        return self._block.split(_END, place + 1)[place][start:]

    def __contains__(self, name: object) -> bool:
        return name in self._shape.places


def packed(headers: Headers) -> Headers:
    """Return the same headers in the form that takes the least memory.

    Raises:
        ValueError: they cannot be serialised.
    """
    if isinstance(headers, Packed):
        return headers
    return Packed(tuple([name for name, _ in headers.lines]), headers.block)
