"""Header lines as they stand on the wire: ordered, repeated, in their own case, byte for byte."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

Line = tuple[bytes, bytes]
Index = dict[bytes, bytes | tuple[bytes, ...]]
"""Values by lower-case name: one as it is, several as a tuple. Bytes alone are no matter for the garbage collector."""


class Headers:
    """An immutable sequence of header lines with case-insensitive look-up.

    Names and values are bytes (ISO-8859-1 on the wire) and are never altered. Look-ups take the name in
    lower case, as bytes: `headers.get(b"content-type")`.

    A `Headers` made by `plus` shares the serialised block of the one it extends, so adding a few lines to
    a stored head costs only those lines.

    Attributes:
        found: where those who read these lines keep what they found in them, each under a key of its own; None unless
            the very same lines are asked about again and again.
    """

    __slots__ = ("_base", "_block", "_index", "_lines", "found")

    def __init__(self, lines: Iterable[Line] = (), base: "Headers | None" = None) -> None:
        self._lines: tuple[Line, ...] = tuple(lines)
        self._base = base
        self._index: Index | None = None
        self._block: bytes | None = None
        self.found: dict[Any, Any] | None = None

    @classmethod
    def of_index(cls, lines: list[Line], index: "Index") -> "Headers":
        """Return the headers of lines whose values by lower-case name are at hand."""
        made = cls(lines)
        made._index = index
        return made

    @classmethod
    def of_block(cls, block: bytes) -> "Headers":
        """Return the headers that such a block was made of; it is kept as theirs.

        Raises:
            ValueError: it is no block of `Name: value` lines.
        """
        made = cls()
        if block:
            parts = [line.partition(b": ") for line in block.split(b"\r\n")]
            if parts.pop()[0] or not all(separator for _, separator, _ in parts):
                raise ValueError("this is no block of header lines")
            made._lines = tuple([(name, value) for name, _, value in parts])
            made._block = block
        return made

    @property
    def base(self) -> "Headers | None":
        """The headers that these were made from by `plus`, if they still stand on them."""
        return self._base

    @property
    def own(self) -> tuple[Line, ...]:
        """The lines that were added to the base."""
        return self._lines

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines in order, as (name, value)."""
        if self._base is not None:
            self._lines = self._base.lines + self._lines
            self._base = None
        return self._lines

    def get(self, name: bytes) -> bytes | None:
        """Return the first value of a header, or None; `name` in lower case."""
        found = self._found(name)
        return found if found is None or type(found) is bytes else found[0]  # type: ignore[return-value]

    def get_all(self, name: bytes) -> tuple[bytes, ...]:
        """Return every value of a header in order; `name` in lower case."""
        found = self._found(name)
        if found is None:
            return ()
        return (found,) if isinstance(found, bytes) else found

    def joined(self, name: bytes) -> bytes | None:
        """Return all values of a list header as one, joined with a comma and a space (RFC 9110 §5.2)."""
        found = self._found(name)
        return found if found is None or isinstance(found, bytes) else b", ".join(found)

    def names(self) -> Iterator[bytes]:
        """Yield each distinct header name in lower case, in order of first appearance."""
        return iter(self._by_name())

    def plus(self, *lines: Line) -> "Headers":
        """Return these headers followed by more lines, sharing the serialised block."""
        return Headers(lines, self)

    def plus_block(self, lines: tuple[Line, ...], block: bytes) -> "Headers":
        """Return these headers followed by lines of our own making, whose serialised form is at hand."""
        headers = Headers(lines, self)
        headers._block = self.block + block
        return headers

    def replaced(self, name: bytes, *values: bytes) -> "Headers":
        """Return headers in which `name` (in its wire case) has exactly these values, at its first place."""
        lower = name.lower()
        fresh = [(name, value) for value in values]
        kept: list[Line] = []
        for line in self.lines:
            if line[0].lower() != lower:
                kept.append(line)
            else:
                kept += fresh
                fresh = []
        return Headers(kept + fresh)

    def without(self, *names: bytes) -> "Headers":
        """Return headers without the given names (lower case)."""
        if self._lacks(names):
            return self
        return Headers(line for line in self.lines if line[0].lower() not in names)

    @property
    def block(self) -> bytes:
        """The lines as they go on the wire, each ended by CR LF; computed once.

        Raises:
            ValueError: a name or value holds CR, LF or NUL. Nothing that splits a message is ever serialised.
        """
        if self._block is None:
            if self._base is not None:
                self._block = self._base.block + serialise(self._lines)
            else:
                self._block = serialise(self._lines)
        return self._block

    def _lacks(self, names: Collection[bytes]) -> bool:
        if self._base is not None and self._index is None:
            return self._base._lacks(names) and not any(line[0].lower() in names for line in self._lines)  # noqa: SLF001
        return self._by_name().keys().isdisjoint(names)

    def _found(self, name: bytes) -> bytes | tuple[bytes, ...] | None:
        """Return the value of a header, or all of them where there are several."""
        if self._index is not None:
            return self._index.get(name)
        if self._base is None:
            return self._by_name().get(name)
        # The few lines of its own stand on a head that has its index, or makes one for all who stand on it.
        found = self._base._found(name)  # noqa: SLF001  # of its own kind
        for known, text in self._lines:
            if known.lower() == name:
                found = together(found, text)
        return found

    def _by_name(self) -> "Index":
        if self._index is None:
            index: Index = {}
            for name, value in self.lines:
                lower = name.lower()
                index[lower] = together(index.get(lower), value)
            self._index = index
        return self._index

    def __contains__(self, name: object) -> bool:
        index = self._index
        if index is not None:
            return name in index
        if self._base is None:
            return name in self._by_name()
        if name in self._base:
            return True
        for line in self._lines:  # noqa: SIM110  # asked of every answer, so without the machinery of any()
            if line[0].lower() == name:
                return True
        return False

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.lines == other.lines

    def __hash__(self) -> int:
        return hash(self.lines)

    def __repr__(self) -> str:
        return f"Headers({list(self.lines)!r})"


def together(found: bytes | tuple[bytes, ...] | None, value: bytes) -> bytes | tuple[bytes, ...]:
    """Return what an `Index` holds for a header that has one more value."""
    if found is None:
        return value
    return (found, value) if isinstance(found, bytes) else (*found, value)


def serialise(lines: Iterable[Line]) -> bytes:
    """Return header lines as a block of `Name: value` lines.

    Raises:
        ValueError: CR, LF or NUL inside a name or value.
    """
    parts = [name + b": " + value + b"\r\n" for name, value in lines]
    block = b"".join(parts)
    if block.count(b"\n") != len(parts) or block.count(b"\r") != len(parts) or b"\0" in block:
        raise ValueError("CR, LF or NUL in a header line")
    return block


EMPTY: Final = Headers()
