"""A document as a tree whose every part knows where it stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from edgerun.config.faults import Key, dotted, shown

DEEPEST: Final = 200

Scalar: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: the file as messages name it, the key in it, the line or 0."""

    file: str
    key: Key = ()
    line: int = 0

    def __str__(self) -> str:
        """Return it as `file:line: key`."""
        at = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (at, dotted(self.key)) if part)


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a document.

    Attributes:
        value: a scalar, or nodes by name, or a list of nodes.
        place: where it stands; the value may have come from elsewhere.
        unknown: names what on AWS alone knows the value of, such as `Api.DnsName`; "" for what the file knows.
    """

    value: "Scalar | list[Node] | dict[str, Node]"
    place: Place
    unknown: str = ""

    def get(self, *names: str) -> "Node | None":
        """Return what stands below these names, if it is there and is not null."""
        found: Node | None = self
        for name in names:
            found = found.value.get(name) if found is not None and isinstance(found.value, dict) else None
        return None if found is None or found.value is None else found

    def items(self) -> Iterator[tuple[str, "Node"]]:
        """Yield names and nodes of an object; nothing of anything else."""
        if isinstance(self.value, dict):
            yield from self.value.items()

    def each(self) -> "Iterator[Node]":
        """Yield the items of a list; nothing of anything else."""
        if isinstance(self.value, list):
            yield from self.value

    @property
    def text(self) -> str:
        """The value as text; "" for what is none."""
        match self.value:
            case bool():
                return str(self.value).lower()
            case str() | int() | float():
                return str(self.value)
            case _:
                return ""

    @property
    def shown(self) -> str:
        """The value as messages show it."""
        return shown(self.value)

    def with_value(self, value: "Scalar | list[Node] | dict[str, Node]", unknown: str = "") -> "Node":
        """Return another value at the same place."""
        return replace(self, value=value, unknown=unknown)


def grown(data: object, file: str, lines: Mapping[Key, int], key: Key = ()) -> Node:
    """Return plain data of JSON as a tree.

    Args:
        data: what a parser returned.
        file: the file as messages name it.
        lines: the line of each key.
        key: where the data stands in the file.
    """
    place = Place(file, key, lines.get(key, 0))
    match data:
        case dict():
            return Node({str(name): grown(each, file, lines, (*key, str(name))) for name, each in data.items()}, place)
        case list():
            return Node([grown(each, file, lines, (*key, n)) for n, each in enumerate(data)], place)
        case str() | int() | float() | bool() | None:
            return Node(data, place)
        case _:
            return Node(str(data), place)


def plain(node: Node) -> object:
    """Return a tree as plain data."""
    match node.value:
        case dict():
            return {name: plain(each) for name, each in node.value.items()}
        case list():
            return [plain(each) for each in node.value]
        case _:
            return node.value


def depth(data: object, left: int = DEEPEST) -> bool:
    """Tell whether plain data is nested no deeper than allowed."""
    if left == 0:
        return False
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return all(depth(each, left - 1) for each in inner)
