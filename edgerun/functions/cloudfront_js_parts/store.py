"""A key-value store as a local file (`spec/cloudfront-functions.md` §4.5).

Two forms: AWS's own for imports, `{"data": [{"key": "k", "value": "v"}]}`, or one plain object, `{"k": "v"}`.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from edgerun.errors import ConfigError
from edgerun.values import value

LARGEST_FILE: Final = 5 * 1024 * 1024
LARGEST_KEY: Final = 512
LARGEST_VALUE: Final = 1024
_SHOWN: Final = 40


@value
class StoreContents:
    """What one reading of a store's file brought.

    Attributes:
        created: ISO 8601, as `meta()` tells it.
        updated: likewise.
    """

    values: dict[str, str]
    created: str
    updated: str


class _Twice(ValueError):
    """A key that an object has twice."""


def read_store(file: Path) -> StoreContents:
    """Read a store's file.

    Raises:
        ConfigError: it cannot be read or breaks a limit; one line each, with the file and the place in it.
    """
    try:
        octets = file.read_bytes()
        status = file.stat()
    except OSError as error:
        raise ConfigError(f"{file}: the key-value store cannot be read: {error.strerror}") from error
    if len(octets) > LARGEST_FILE:
        raise ConfigError(f"{file}: {len(octets):,} bytes; a key-value store has {LARGEST_FILE:,} at most")
    faults: list[str] = []
    values = _values(_parsed(file, octets), faults)
    if faults:
        raise ConfigError("\n".join(f"{file}: {fault}" for fault in faults))
    return StoreContents(values=values, created=_iso(_born(status)), updated=_iso(status.st_mtime))


def _parsed(file: Path, octets: bytes) -> object:
    try:
        return json.loads(octets.decode("utf-8-sig"), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise ConfigError(f"{file}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    except _Twice as error:
        raise ConfigError(f"{file}: the key {_shown(str(error))} is there twice") from error
    except RecursionError:
        raise ConfigError(f"{file}: is nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        raise ConfigError(f"{file}: not JSON: {error}") from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made: dict[str, object] = {}
    for name, content in pairs:
        if name in made:
            raise _Twice(name)
        made[name] = content
    return made


def _values(document: object, faults: list[str]) -> dict[str, str]:
    if not isinstance(document, dict):
        faults.append('expected {"data": [{"key": "…", "value": "…"}]} or {"key": "value"}')
        return {}
    if document.keys() == {"data"} and not isinstance(document["data"], str):
        return _imported(document["data"], faults)
    values: dict[str, str] = {}
    for key, content in document.items():
        _take(values, key, content, f"[{_shown(key)}]", faults)
    return values


def _imported(data: object, faults: list[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    if not isinstance(data, list):
        faults.append('data: expected a list of {"key": "…", "value": "…"}')
        return values
    for index, entry in enumerate(data):
        place = f"data[{index}]"
        if not isinstance(entry, dict) or not {"key", "value"} <= entry.keys():
            faults.append(f'{place}: expected {{"key": "…", "value": "…"}}')
            continue
        faults.extend(f"{place}.{name}: no such member" for name in entry.keys() - {"key", "value"})
        key = entry["key"]
        if not isinstance(key, str):
            faults.append(f"{place}.key: expected a string, got {_kind(key)}")
        elif key in values:
            faults.append(f"{place}.key: {_shown(key)} is there twice")
        else:
            _take(values, key, entry["value"], f"{place}.value", faults)
    return values


def _take(values: dict[str, str], key: str, content: object, place: str, faults: list[str]) -> None:
    size = len(key.encode("utf-8", "surrogatepass"))
    if not 0 < size <= LARGEST_KEY:
        faults.append(f"{place}: the key has {size} bytes; 1 to {LARGEST_KEY} are allowed")
    elif not isinstance(content, str):
        fix = "write it as a text and read it with {format: 'json'}"
        faults.append(f"{place}: expected a string, got {_kind(content)}; {fix}")
    elif (size := len(content.encode("utf-8", "surrogatepass"))) > LARGEST_VALUE:
        faults.append(f"{place}: the value has {size:,} bytes; {LARGEST_VALUE:,} at most are allowed")
    else:
        values[key] = content


def _kind(content: object) -> str:
    if content is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(content), "a string")


def _shown(key: str) -> str:
    return json.dumps(key if len(key) <= _SHOWN else key[:_SHOWN] + "…", ensure_ascii=False)


def _born(status: os.stat_result) -> float:
    """Return when the file was made, as far as the system says; it cannot be later than the last change."""
    born: float = getattr(status, "st_birthtime", status.st_ctime)
    return min(born, status.st_mtime)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
