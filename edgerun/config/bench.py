"""What the builders share: where a configuration comes from, what was found on the way."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from edgerun.config.faults import Faults, Key, Source, shown, suggestion
from edgerun.values import FrozenMap

K = TypeVar("K")
T = TypeVar("T")
Strictness = Literal["strict", "pedantic", "lenient"]


@dataclass(slots=True, kw_only=True)
class Bench:
    """The workbench of one build.

    Attributes:
        source: where keys stand.
        base: the folder that paths are relative to.
        strictness: how AWS's rules are read.
        free_port: gives a port for an origin that edgerun starts.
        faults: what is wrong so far.
        notes: what should be said, and is not wrong.
    """

    source: Source
    base: Path
    strictness: Strictness
    free_port: Callable[[], int]
    faults: Faults
    notes: list[str] = field(default_factory=list)

    def fault(self, key: Key, text: str) -> None:
        """Note a fault; an empty text is none."""
        if text:
            self.faults.add(key, text)

    def note(self, key: Key, text: str) -> None:
        """Note what the user should know."""
        self.notes.append(self.source.sentence(key, text))

    def path(self, text: str) -> Path:
        """Return a path of the file as an absolute one, links untouched."""
        return Path(os.path.normpath(self.base / text))

    def named(self, key: Key, name: str, kind: str, known: Mapping[str, object]) -> bool:
        """Tell whether a name is known; if not, that is a fault."""
        if name in known:
            return True
        none = "" if known else "; there is none"
        self.fault(key, f"{shown(name)} is not {kind}{suggestion(name, known) or none}")
        return False


def frozen(items: Mapping[K, T]) -> FrozenMap[K, T]:
    """Return a mapping that nobody changes."""
    return FrozenMap(items)
