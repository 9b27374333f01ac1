"""The native form while it is written, with the place that each of its keys came from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from edgerun.config.faults import Key, Source, listed, suggestion
from edgerun.config.importers.node import Node
from edgerun.config.importers.report import Report
from edgerun.config.importers.words import Spelling, Table, Word

_ODD: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_WHOLE: Final = re.compile(r"-?\d{1,18}")
_DECIMAL: Final = re.compile(r"-?\d{1,18}(?:\.\d{1,18})?")
_HARMLESS: Final = ("", "none", "None", "false", "direct")


@dataclass(slots=True, kw_only=True)
class Draft:
    """The native form, key by key.

    Attributes:
        report: where faults and remarks go.
        spelling: whose names the objects that are translated have.
        data: the native form so far.
        labels: the place of each key, as messages name it.
        lines: the line of each key.
    """

    report: Report
    spelling: Spelling = "cloudformation"
    data: dict[str, Any] = field(default_factory=dict)
    labels: dict[Key, str] = field(default_factory=dict)
    lines: dict[Key, int] = field(default_factory=dict)

    def put(self, key: Key, value: object, node: Node) -> None:
        """Set a native key to a value that came from a node; a list's items stand where the node's items do."""
        at: Any = self.data
        for part, after in pairwise(key):
            if isinstance(part, str):
                at = at.setdefault(part, [] if isinstance(after, int) else {})
            else:
                at.extend({} for _ in range(part + 1 - len(at)))  # items before it may have been refused
                at = at[part]
        at[key[-1]] = value
        self.mark(key, node)
        if isinstance(value, list):
            for n, item in enumerate(items(node)):
                self.mark((*key, n), item)

    def open(self, table: str, name: str, node: Node) -> Key:
        """Make sure that a named table is there, and return its key."""
        self.data.setdefault(table, {}).setdefault(name, {})
        self.mark((table, name), node)
        return table, name

    def mark(self, key: Key, node: Node) -> None:
        """Say where a key came from."""
        self.labels.setdefault(key, str(node.place))
        self.lines.setdefault(key, node.place.line)

    def source(self, name: str) -> Source:
        """Return the native form as a source whose faults are told at the places in the file."""
        return Source(name=name, data=self.data, lines=self.lines, labels=self.labels)

    def translate(self, node: Node, table: Table, key: Key) -> dict[str, Node]:
        """Put the words of a table that an object has; return the nodes of those that code translates.

        What the table does not know is refused, and what it says to ignore is reported.
        """
        own: dict[str, Node] = {}
        if not isinstance(node.value, dict):
            self.report.refuse(node, f"expected an object, got {node.shown}")
            return own
        self.mark(key, node)
        words = {word.spelled(self.spelling): word for word in table}
        for name, each in node.items():
            if name not in words:
                near = suggestion(name, words)
                self.report.refuse(each, f"is not a key that CloudFront knows{near}")
            elif each.value is not None and self._counts(words[name], each):
                if words[name].kind == "own":
                    own[words[name].theirs] = each
                else:
                    self._simple((*key, words[name].ours), words[name], each)
        for name, word in words.items():
            if word.required and node.get(name) is None:
                self.report.refuse(node, f"{name} is missing")
        return own

    def _counts(self, word: Word, node: Node) -> bool:
        """Tell whether a key is to be translated; if not, why is reported."""
        if word.ignored and asks(node):
            self.report.ignore(node, word.ignored)
        if word.refused and asks(node):
            self.report.refuse(node, word.refused)
        return not word.ignored and not word.refused

    def _simple(self, key: Key, word: Word, node: Node) -> None:
        value: object
        match word.kind:
            case "integer":
                value = self.integer(node)
            case "number":
                value = self.number(node)
            case "flag":
                value = self.flag(node)
            case "texts":
                value = [text for each in self.list(node) if (text := self.text(each)) is not None]
            case _:
                value = self.text(node)
        if value is not None and not (word.ours == key[-1] == ""):
            self.put(key, value, node)

    def text(self, node: Node) -> str | None:
        """Return a text; anything else is refused."""
        if isinstance(node.value, str | bool | int | float):
            return node.text
        self.report.refuse(node, f"expected a string, got {node.shown}")
        return None

    def integer(self, node: Node) -> int | None:
        """Return a whole number, also of a text; anything else is refused."""
        value = node.value
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            return int(value)
        self.report.refuse(node, f"expected a whole number, got {node.shown}")
        return None

    def number(self, node: Node) -> float | None:
        """Return a number, also of a text; anything else is refused."""
        value = node.value
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18:
            return value
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            return float(value)
        self.report.refuse(node, f"expected a number, got {node.shown}")
        return None

    def flag(self, node: Node) -> bool | None:
        """Return true or false, also of their texts; anything else is refused."""
        if isinstance(node.value, bool):
            return node.value
        if isinstance(node.value, str) and node.value.lower() in {"true", "false"}:
            return node.value.lower() == "true"
        self.report.refuse(node, f"expected true or false, got {node.shown}")
        return None

    def one_of(self, node: Node, words: Sequence[str]) -> str | None:
        """Return one of some words; anything else is refused."""
        if isinstance(node.value, str) and node.value in words:
            return node.value
        near = suggestion(node.value, words) if isinstance(node.value, str) else ""
        self.report.refuse(node, f"expected {listed(words)}, got {node.shown}{near}")
        return None

    def list(self, node: Node | None, *also: str) -> list[Node]:
        """Return the items of a list, written plainly or as `{Quantity, Items}`, beside which some keys may stand."""
        if node is None or isinstance(node.value, list):
            return [] if node is None else list(node.each())
        if not isinstance(node.value, dict) or not node.value.keys() <= {"Quantity", "Items", *also}:
            self.report.refuse(node, f"expected a list, got {node.shown}")
            return []
        quantity, inside = node.get("Quantity"), node.get("Items")
        if inside is not None and not isinstance(inside.value, list):
            self.report.refuse(inside, f"expected a list, got {inside.shown}")
        found = items(node)
        if quantity is not None and self.integer(quantity) not in {None, len(found)}:
            self.report.refuse(quantity, f"Quantity is {quantity.shown}, and Items has {len(found)}")
        return found


def items(node: Node) -> list[Node]:
    """Return the items of a list in either form; of anything else none."""
    inside = node.get("Items") if isinstance(node.value, dict) else node
    return list(inside.each()) if inside is not None else []


def asks(node: Node) -> bool:
    """Tell whether something asks for anything: it is not empty, off or none."""
    match node.value:
        case dict():
            switch = node.get("Enabled")
            if switch is not None and switch.text == "false":
                return False
            return any(asks(each) for name, each in node.items() if name != "Quantity")
        case list():
            return bool(node.value)
        case _:
            return node.text not in _HARMLESS


def tame(name: str, longest: int = 128) -> str:
    """Return a name that the native format allows."""
    return _ODD.sub("-", name)[:longest].strip("-") or "unnamed"
