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
    """Collects remarks, each once."""

    remarks: list[Remark] = field(default_factory=list)

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
        self._add("refused", node, text)

    def _add(self, kind: Kind, node: Node, text: str) -> None:
        remark = Remark(kind, node.place, text)
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
