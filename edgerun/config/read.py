"""A configuration file's bytes to plain data that remembers its lines."""

import json
import re
import tomllib
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Final, NoReturn

from edgerun.config.faults import Key, Source, suggestion
from edgerun.config.locate import json_lines, toml_lines
from edgerun.errors import ConfigError

NAMES: Final = ("edgerun.toml", "edgerun.json", "pyproject.toml")

_TOML_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def find_config(start: Path) -> Path | None:
    """Return a folder's configuration file.

    The first of `edgerun.toml`, `edgerun.json` and a `pyproject.toml` that has a table `[tool.edgerun]`. Folders
    above are not searched.

    Args:
        start: the folder.
    """
    for name in NAMES:
        path = start / name
        if is_file(path) and (name != "pyproject.toml" or _mentions_edgerun(path)):
            return path
    return None


def is_file(path: Path) -> bool:
    """Tell whether this is a file that can be reached; whatever the path holds, nothing is raised."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Tell whether this is a folder that can be reached; whatever the path holds, nothing is raised."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def neighbour(path: Path, *, folders: bool = False, suffixes: Container[str] = ()) -> str:
    """Return `; did you mean …?` for the entry of the same folder with the nearest name."""
    try:
        entries = [each for each in path.parent.iterdir() if (each.is_dir() if folders else each.suffix in suffixes)]
    except (OSError, ValueError):
        return ""
    return suggestion(path.name, [each.name for each in entries])


def _mentions_edgerun(path: Path) -> bool:
    try:
        text = path.read_bytes()
        tool = tomllib.loads(text.decode()).get("tool")
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(tool, dict) and "edgerun" in tool


def read(path: Path, *, kind: str = "") -> Source:
    """Return what a configuration file holds.

    Args:
        path: the file.
        kind: a name that tells what it is, as in `parse`; the file's own if left out.

    Raises:
        ConfigError: it cannot be read, or is not TOML or JSON.
    """
    return parse(text_of(path), name=display_name(path), kind=kind or path.name)


def text_of(path: Path) -> str:
    """Return the text of a file.

    Raises:
        ConfigError: it cannot be read, or is not UTF-8.
    """
    name = display_name(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{name}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return _text(content, name)


def display_name(path: Path) -> str:
    """Return a path as messages name it: relative to the working directory if it is inside."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (OSError, ValueError):
        return str(path).encode("utf-8", "replace").decode()


def parse(text: str, *, name: str, kind: str) -> Source:
    """Return what a text holds: JSON if `kind` ends in `.json`, else TOML.

    Raises:
        ConfigError: it is neither, or not a table; with line and column.
    """
    if kind.endswith(".json"):
        data = _json(text, name)
        if not isinstance(data, dict):
            raise ConfigError(f"{name}:1: expected an object")
        return Source(name=name, data=data, lines=json_lines(text))
    table = _toml(text, name)
    if kind != "pyproject.toml":
        return Source(name=name, data=table, lines=toml_lines(text))
    tool = table.get("tool")
    own = tool.get("edgerun") if isinstance(tool, dict) else None
    if not isinstance(own, dict):
        raise ConfigError(f"{name}: has no table [tool.edgerun]")
    return Source(name=name, data=own, lines=toml_lines(text), prefix=("tool", "edgerun"))


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name}:{line}: is not UTF-8") from None


def _toml(text: str, name: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        end = (text.count("\n") + 1, len(text) - text.rfind("\n"))
        line, column = (place[1], place[2]) if place is not None and place[1] else end
        words = _TOML_PLACE.sub("", str(error))
        raise ConfigError(f"{name}:{line}:{column}: is not TOML: {_one_line(words)}") from None
    except RecursionError:
        raise ConfigError(f"{name}: is nested too deeply") from None
    except ValueError as error:
        raise ConfigError(f"{name}: is not TOML: {_one_line(str(error))}") from None


def _json(text: str, name: str) -> object:
    try:
        data: object = json.loads(text, object_pairs_hook=_members, parse_constant=_no_constant)
        json.dumps(data, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise ConfigError(f"{name}:{error.lineno}:{error.colno}: is not JSON: {error.msg}") from None
    except UnicodeEncodeError:
        raise ConfigError(f"{name}: a string holds half a surrogate pair") from None
    except RecursionError:
        raise ConfigError(f"{name}: is nested too deeply") from None
    except ValueError as error:
        raise ConfigError(f"{name}: is not JSON: {_one_line(str(error))}") from None
    return data


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return members


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _one_line(text: str) -> str:
    return text if text.isprintable() else repr(text)


def labelled(source: Source, data: Mapping[str, object], labels: Mapping[Key, str]) -> Source:
    """Return a source with other data, some keys of which flags have set."""
    return Source(
        name=source.name,
        data=data,
        lines=source.lines,
        labels={**source.labels, **labels},
        prefix=source.prefix,
    )
