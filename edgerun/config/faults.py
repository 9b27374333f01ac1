"""What is wrong with a configuration: each fault at its key, in one line, with file and line where known."""

import datetime as dt
import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from edgerun.errors import ConfigError

Key = tuple[str | int, ...]

_BARE: Final = re.compile(r"[A-Za-z0-9_$-]+")
_LONGEST: Final = 80
_HUGE: Final = 10**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where configuration came from: a file with lines, or flags with labels.

    Attributes:
        name: the file as messages name it; "" when there is none.
        data: what it holds.
        lines: the line of each key.
        labels: what to name instead of file and key, for keys that a flag set.
        prefix: where in the file the configuration starts, as in `pyproject.toml`.
    """

    name: str
    data: Mapping[str, object]
    lines: Mapping[Key, int] = field(default_factory=dict)
    labels: Mapping[Key, str] = field(default_factory=dict)
    prefix: Key = ()

    def line(self, key: Key) -> int:
        """Return the line of a key, or of the nearest table around it; 0 when none is known."""
        whole = (*self.prefix, *key)
        return next((self.lines[whole[:n]] for n in range(len(whole), 0, -1) if whole[:n] in self.lines), 0)

    def sentence(self, key: Key, text: str) -> str:
        """Return one line: where, which key, what."""
        label = next((self.labels[key[:n]] for n in range(len(key), 0, -1) if key[:n] in self.labels), None)
        if label is not None:
            return f"{label}: {text}"
        line = self.line(key)
        place = f"{self.name}:{line}" if self.name and line else self.name
        return ": ".join(part for part in (place, dotted(key), text) if part)


class Faults:
    """Collects what is wrong, so that all of it is told at once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._found: list[tuple[Key, str]] = []

    def add(self, key: Key, text: str) -> None:
        """Note one fault."""
        if (key, text) not in self._found:
            self._found.append((key, text))

    def check(self) -> None:
        """Raise what was found.

        Raises:
            ConfigError: one line per fault, in the order of the file.
        """
        if self._found:
            ordered = sorted(self._found, key=lambda fault: self._source.line(fault[0]))
            raise ConfigError("\n".join(self._source.sentence(*fault) for fault in ordered))


def dotted(key: Key) -> str:
    """Return a key as people write it: `behaviors[0].cache_policy`."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE.fullmatch(part) else json.dumps(part))
    return text


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the known word nearest to this one, or nothing."""
    words = sorted(known)
    lower = {each.lower(): each for each in words}
    near = difflib.get_close_matches(word.lower(), lower, n=1)
    near = near or [each for each in lower if word and each.startswith(word.lower())]
    return f"; did you mean {lower[near[0]]!r}?" if near else ""


def listed(words: Iterable[str]) -> str:
    """Return words as `'a', 'b' or 'c'`."""
    quoted = [repr(word) for word in words]
    return " or ".join(part for part in (", ".join(quoted[:-1]), quoted[-1]) if part)


def shown(value: object) -> str:
    """Return a value of TOML or JSON, short and on one line, as messages show it."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return "a huge number" if isinstance(value, int) and abs(value) >= _HUGE else str(value)
        case str():
            text = repr(value[:_LONGEST])
            return text if len(value) <= _LONGEST else f"{text[:-1]}…{text[-1]}"
        case dict():
            return "a table"
        case list():
            return "a list"
        case dt.date() | dt.time():
            return f"the date {value}"
        case _:
            return f"a {type(value).__name__}"
