"""Structured fields (RFC 9651): one dictionary as a field value, strictly; any error makes the whole field invalid."""

import base64
import binascii
import re
from typing import Final

from edgerun.values import value


class Token(str):
    """A word that is not quoted."""

    __slots__ = ()


@value
class Date:
    """A moment, in seconds since the epoch."""

    seconds: int


Bare = bool | int | float | str | Token | bytes | Date
Member = Bare | tuple[Bare, ...]

_KEY: Final = re.compile(r"[a-z*][a-z0-9_\-.*]*")
_INTEGER: Final = re.compile(r"-?\d{1,15}(?![\d.])")
_DECIMAL: Final = re.compile(r"-?\d{1,12}\.\d{1,3}(?![\d.])")
_STRING: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_TOKEN: Final = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*")
_BYTES: Final = re.compile(r":([A-Za-z0-9+/=]*):")
_BOOLEAN: Final = re.compile(r"\?([01])")
_DISPLAY: Final = re.compile(r'%"((?:[ !#$&-~]|%[0-9a-f]{2})*)"')


class _Wrong(Exception):
    """The field is no dictionary."""


def dictionary(text: bytes) -> dict[str, Member] | None:
    """Return the members of a dictionary, without their parameters, or None if it is malformed.

    Of a repeated key the last counts. An inner list is a tuple.

    Args:
        text: all lines of the field, joined by commas.

    Source: RFC 9651 §4.2; http-caching.md §1.8.
    """
    try:
        return _Reader(text.decode("ascii").strip(" ")).members()
    except (_Wrong, UnicodeDecodeError):
        return None


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def members(self) -> dict[str, Member]:
        found: dict[str, Member] = {}
        while self._at < len(self._text):
            key = self._key()
            found.pop(key, None)
            found[key] = self._value()
            self._skip(" \t")
            if self._at == len(self._text):
                break
            self._take(",")
            self._skip(" \t")
            if self._at == len(self._text):
                raise _Wrong
        return found

    def _value(self) -> Member:
        if not self._next("="):
            self._parameters()
            return True
        self._at += 1
        found: Member = self._inner() if self._next("(") else self._bare()
        self._parameters()
        return found

    def _inner(self) -> tuple[Bare, ...]:
        self._take("(")
        items: list[Bare] = []
        while True:
            self._skip(" ")
            if self._next(")"):
                self._at += 1
                return tuple(items)
            items.append(self._bare())
            self._parameters()
            if not (self._next(" ") or self._next(")")):
                raise _Wrong

    def _parameters(self) -> None:
        while self._next(";"):
            self._at += 1
            self._skip(" ")
            self._key()
            if self._next("="):
                self._at += 1
                self._bare()

    def _bare(self) -> Bare:
        if (found := self._match(_DECIMAL)) is not None:
            return float(found[0])
        if (found := self._match(_INTEGER)) is not None:
            return int(found[0])
        if (found := self._match(_STRING)) is not None:
            return re.sub(r"\\(.)", r"\1", found[1])
        if (found := self._match(_BOOLEAN)) is not None:
            return found[1] == "1"
        if (found := self._match(_TOKEN)) is not None:
            return Token(found[0])
        return self._rarer()

    def _rarer(self) -> Bare:
        if (found := self._match(_BYTES)) is not None:
            try:
                return base64.b64decode(found[1] + "=" * (-len(found[1]) % 4))
            except binascii.Error as error:
                raise _Wrong from error
        if (found := self._match(_DISPLAY)) is not None:
            raw = re.sub(r"%(..)", lambda hexed: chr(int(hexed[1], 16)), found[1]).encode("latin-1")
            try:
                return raw.decode()
            except UnicodeDecodeError as error:
                raise _Wrong from error
        self._take("@")
        found = self._match(_INTEGER)
        if found is None:
            raise _Wrong
        return Date(seconds=int(found[0]))

    def _key(self) -> str:
        found = self._match(_KEY)
        if found is None:
            raise _Wrong
        return found[0]

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
        return found

    def _next(self, character: str) -> bool:
        return self._text.startswith(character, self._at)

    def _take(self, character: str) -> None:
        if not self._next(character):
            raise _Wrong
        self._at += 1

    def _skip(self, characters: str) -> None:
        while self._at < len(self._text) and self._text[self._at] in characters:
            self._at += 1
