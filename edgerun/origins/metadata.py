"""What S3 keeps beside an object and a file system does not: read from `.edgerun-meta.toml` in the root."""

import os
import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from edgerun.errors import ConfigError

SIDECAR: Final = ".edgerun-meta.toml"
"""Name of the file, at the root of the directory; it is never served."""

_REDIRECT: Final = "x-amz-website-redirect-location"
_NAMES: Final = (
    "content-type",
    "cache-control",
    "content-encoding",
    "content-disposition",
    "content-language",
    "expires",
    _REDIRECT,
)
_USER_NAME: Final = re.compile(r"x-amz-meta-[a-z0-9!#$%&'*+.^_`|~-]+")
_AT_LINE: Final = re.compile(r"(.*) \(at line (\d+), column \d+\)")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

Table = dict[bytes, bytes]


class Metadata:
    """The sidecar file, read again when it has changed.

    Each table is named by a key or a pattern, in which `*` stands for any characters, `/` included, and `?`
    for one. All tables that match a key count; of two values for one name, the later table's does.

    Attributes:
        problem: why the file as it stands now cannot be used, while the last good one still is; else None.
    """

    def __init__(self, root: Path) -> None:
        """Read the file, if there is one.

        Raises:
            ConfigError: it cannot be used.
        """
        self._path = root / SIDECAR
        self._seen = self._signature()
        self._rules = read(self._path) if self._seen else []
        self.problem: str | None = None

    def refresh(self) -> None:
        """Read the file again if it has changed; if it cannot be used any more, the last good one stays."""
        now = self._signature()
        if now == self._seen:
            return
        self._seen = now
        try:
            self._rules = read(self._path) if now else []
            self.problem = None
        except ConfigError as error:
            self.problem = str(error)

    def of(self, key: bytes) -> Table:
        """Return the metadata of a key: lower-case header names and their values."""
        found: Table = {}
        for pattern, table in self._rules:
            if pattern.fullmatch(key):
                found |= table
        return found

    def is_sidecar(self, stat: os.stat_result) -> bool:
        """Return whether an opened file is the sidecar, by whatever name it was reached."""
        return self._seen is not None and (stat.st_dev, stat.st_ino) == self._seen[:2]

    def _signature(self) -> tuple[int, int, int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size


def read(path: Path) -> list[tuple[re.Pattern[bytes], Table]]:
    """Return a sidecar's tables in order, each with the keys it is for.

    Raises:
        ConfigError: one sentence per fault, located by file, line and key.
    """
    try:
        text = path.read_text("utf-8")
        tables = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_located(path, str(error))) from error
    faults = [
        f"{path}:{_line_of(text, name, key)}: {fault}"
        for name, table in tables.items()
        for key, fault in _faults(name, table)
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    return [
        (_pattern(name), {key.lower().encode(): value.strip().encode() for key, value in table.items()})
        for name, table in tables.items()
    ]


def _located(path: Path, message: str) -> str:
    """Return a message of tomllib with its line in front, as in all other messages."""
    found = _AT_LINE.fullmatch(message)
    return f"{path}:{found[2]}: {found[1]}" if found else f"{path}: {message}"


def _faults(name: str, table: object) -> list[tuple[str, str]]:
    """Return what is wrong with a table, as pairs of the offending key and a sentence."""
    if not isinstance(table, dict):
        return [("", f"{name!r} stands outside a table; write [{_quoted('*')}] above it")]
    found = []
    for key, value in table.items():
        if isinstance(value, dict):
            found.append((key, f"[{name}.{key}] has a dot outside quotes; write [{_quoted(f'{name}.{key}')}]"))
        elif key.lower() not in _NAMES and not _USER_NAME.fullmatch(key.lower()):
            found.append((key, f"{name!r}: {key!r} is not metadata{_hint(key)}"))
        elif not isinstance(value, str) or _CONTROL.search(value):
            found.append((key, f"{name!r}: {key!r} must be a string on one line"))
        elif key.lower() == _REDIRECT and not value.startswith(("/", "http://", "https://")):
            found.append((key, f"{name!r}: {key!r} must begin with /, http:// or https://, not {value!r}"))
    return found


def _hint(key: str) -> str:
    close = get_close_matches(key.lower(), _NAMES, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(_NAMES)} and x-amz-meta-*"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _pattern(name: str) -> re.Pattern[bytes]:
    parts = re.split(r"([*?])", name)
    wild = {"*": b".*", "?": b"."}
    return re.compile(b"".join(wild.get(part) or re.escape(part.encode()) for part in parts), re.DOTALL)


def _line_of(text: str, name: str, key: str) -> int:
    """Return the line a key of a table stands on, else that of the table, else 1."""
    table_line = 0
    for number, line in enumerate(text.splitlines(), 1):
        found = _names_in(line)
        if line.lstrip().startswith("["):
            if table_line:
                break
            table_line = number if name in found else 0
        elif (table_line and key in found) or (not key and name in found):
            return number
    return table_line or 1


def _names_in(line: str) -> dict[str, object]:
    try:
        return tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return {}
