"""What an import tells: what it used, what it ignored and why, what it refuses."""

from dataclasses import dataclass, field
from typing import Literal

from edgerun.config.importers.node import Node, Place
from edgerun.errors import ConfigError

Kind = Literal["used", "ignored", "note", "refused"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One line of a report."""

    kind: Kind
    place: Place
    text: str

    def __str__(self) -> str:
        """Return it as `place: text`."""
        return f"{self.place}: {self.text}"

    def told(self) -> dict[str, object]:
        """Return it for JSON."""
        return {"kind": self.kind, "file": self.place.file, "line": self.place.line, "text": str(self)}


@dataclass(slots=True)
class Report:
    """Collects remarks, each once.

    Attributes:
        remarks: in the order in which they came.
        broken: places without a value, because of a fault that is told; what follows from it is not.
    """

    remarks: list[Remark] = field(default_factory=list)
    broken: set[Place] = field(default_factory=set)
    _nothing: Node | None = None

    def use(self, node: Node, text: str) -> None:
        """Say what became of a part."""
        self._add("used", node, text)

    def ignore(self, node: Node, why: str) -> None:
        """Say that a part means nothing here, and why."""
        self._add("ignored", node, why)

    def note(self, node: Node, text: str) -> None:
        """Say what the user should know."""
        self._add("note", node, text)

    def refuse(self, node: Node, text: str) -> None:
        """Say what is wrong, or cannot be done."""
        if node.place not in self.broken:
            self._add("refused", node, text)

    def refuse_value(self, node: Node, text: str) -> Node | None:
        """Say why a place has no value, so that nothing more is said of it; return none."""
        self.refuse(node, text)
        self.broken.add(node.place)
        return self._nothing

    def _add(self, kind: Kind, node: Node, text: str) -> None:
        remark = Remark(kind, node.place, _printable(text))
        if remark not in self.remarks:
            self.remarks.append(remark)

    def of(self, kind: Kind) -> list[Remark]:
        """Return the remarks of a kind, in the order of the file."""
        return sorted((each for each in self.remarks if each.kind == kind), key=lambda each: each.place.line)

    def check(self) -> None:
        """Raise what was refused.

        Raises:
            ConfigError: one line for each.
        """
        refused = self.of("refused")
        if refused:
            raise ConfigError("\n".join(str(each) for each in refused))


def _printable(text: str) -> str:
    """Return a text of which nothing moves a terminal's cursor: names in it come from files of others."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
