"""On which line each key of a TOML or JSON text stands.

The texts have been parsed before, so the scanners trust them; what they cannot follow they leave without line.
"""

import json
import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from edgerun.config.faults import Key

_SPACE: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANKS: Final = re.compile(r"[ \t]*")
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}\n#]*")
_JSON_SPACE: Final = re.compile(r"[ \t\r\n]*")
_JSON_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_JSON_SCALAR: Final = re.compile(r"[^,\]}\s]+")


class _Lost(Exception):
    """The scanner does not understand what it sees."""


def toml_lines(text: str) -> Mapping[Key, int]:
    """Return the line of every key, table and list item of a TOML text."""
    scanner = _TomlScanner(text)
    with suppress(_Lost, RecursionError, ValueError):
        scanner.document()
    return scanner.lines


def json_lines(text: str) -> Mapping[Key, int]:
    """Return the line of every key and list item of a JSON text."""
    scanner = _JsonScanner(text)
    with suppress(_Lost, RecursionError, ValueError):
        scanner.value(())
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Key, int] = {}
        self._breaks = [match.start() for match in re.finditer("\n", text)]

    def record(self, key: Key) -> None:
        """Note the present line for a key, unless it was seen before."""
        self.lines.setdefault(key, bisect_right(self._breaks, self.at) + 1)

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _Lost
        self.at = match.end()
        return match[0]

    def sees(self, mark: str) -> bool:
        """Step over a mark if it stands here."""
        if self.text.startswith(mark, self.at):
            self.at += len(mark)
            return True
        return False

    def must(self, mark: str) -> None:
        if not self.sees(mark):
            raise _Lost


class _TomlScanner(_Scanner):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._last: dict[Key, int] = {}  # index of the newest table of each array of tables

    def document(self) -> None:
        table: Key = ()
        while self.take(_SPACE) is not None and self.at < len(self.text):
            if self.sees("[["):
                table = self._header(array=True)
            elif self.sees("["):
                table = self._header(array=False)
            else:
                self._pair(table)

    def _header(self, *, array: bool) -> Key:
        start = self.at
        parts = self._parts()
        self.must("]]" if array else "]")
        end, self.at = self.at, start
        key: Key = ()
        for n, part in enumerate(parts, 1):
            key = (*key, part)
            self.record(key)
            if n == len(parts) and array:
                self._last[key] = self._last.get(key, -1) + 1
            if key in self._last:
                key = (*key, self._last[key])
                self.record(key)
        self.at = end
        return key

    def _parts(self) -> list[str]:
        parts = [self._part()]
        while self.sees("."):
            parts.append(self._part())
        return parts

    def _part(self) -> str:
        self.take(_BLANKS)
        if self.text[self.at : self.at + 1] in {'"', "'"}:
            part = str(tomllib.loads(f"key = {self.take(_STRING)}")["key"])
        else:
            part = self.take(_BARE_KEY)
        self.take(_BLANKS)
        return part

    def _pair(self, table: Key) -> None:
        start = self.at
        parts = self._parts()
        end, self.at = self.at, start
        for n in range(1, len(parts) + 1):
            self.record((*table, *parts[:n]))
        self.at = end
        self.must("=")
        self.take(_BLANKS)
        self._value((*table, *parts))

    def _value(self, key: Key) -> None:
        if self.sees("{"):
            self._inline(key)
        elif self.sees("["):
            self._array(key)
        elif self.text[self.at : self.at + 1] in {'"', "'"}:
            self.take(_STRING)
        else:
            self.take(_SCALAR)

    def _inline(self, key: Key) -> None:
        self.take(_SPACE)
        while not self.sees("}"):
            self._pair(key)
            self.take(_SPACE)
            self.sees(",")
            self.take(_SPACE)

    def _array(self, key: Key) -> None:
        self.take(_SPACE)
        index = 0
        while not self.sees("]"):
            self.record((*key, index))
            self._value((*key, index))
            self.take(_SPACE)
            self.sees(",")
            self.take(_SPACE)
            index += 1
            if self.at >= len(self.text):
                raise _Lost


class _JsonScanner(_Scanner):
    def value(self, key: Key) -> None:
        self.take(_JSON_SPACE)
        if self.sees("{"):
            self._members(key)
        elif self.sees("["):
            self._items(key)
        elif self.text.startswith('"', self.at):
            self.take(_JSON_STRING)
        else:
            self.take(_JSON_SCALAR)
        self.take(_JSON_SPACE)

    def _members(self, key: Key) -> None:
        self.take(_JSON_SPACE)
        while not self.sees("}"):
            name = self.take(_JSON_STRING)
            member = (*key, str(json.loads(name)))
            self.record(member)  # a JSON string holds no line break
            self.take(_JSON_SPACE)
            self.must(":")
            self.value(member)
            self.sees(",")
            self.take(_JSON_SPACE)

    def _items(self, key: Key) -> None:
        self.take(_JSON_SPACE)
        index = 0
        while not self.sees("]"):
            self.record((*key, index))
            self.value((*key, index))
            self.sees(",")
            self.take(_JSON_SPACE)
            index += 1
