"""Plain data of the native form written as TOML."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_LONG: Final = 100


def dumps(data: Mapping[str, object]) -> str:
    """Return data as a TOML document: scalars first, then tables, each under its full name.

    Args:
        data: texts, numbers, booleans, lists and tables of these; a list of tables becomes `[[…]]`.
    """
    return "\n".join(_table(data, ())).strip("\n") + "\n"


def _table(data: Mapping[str, object], path: tuple[str, ...]) -> Iterator[str]:
    inside = {name: value for name, value in data.items() if _is_table(value, path) or _is_tables(value)}
    for name, value in data.items():
        if name not in inside:
            yield f"{_key(name)} = {_value(value)}"
    for name, value in inside.items():
        deeper = (*path, name)
        title = ".".join(_key(part) for part in deeper)
        if isinstance(value, list):
            for each in value:
                yield f"\n[[{title}]]"
                yield from _table(each, deeper)
        elif isinstance(value, dict):
            if not value or any(not _is_table(each, deeper) and not _is_tables(each) for each in value.values()):
                yield f"\n[{title}]"
            yield from _table(value, deeper)


def _is_table(value: object, path: tuple[str, ...]) -> bool:
    """Tell whether a value gets a heading of its own: all tables but the small ones inside others."""
    small = isinstance(value, dict) and len(path) > 1 and len(_value(value)) < _LONG and _flat(value)
    return isinstance(value, dict) and not small


def _flat(value: Mapping[str, object]) -> bool:
    return not any(isinstance(each, dict) for each in value.values())


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case list():
            return f"[{', '.join(_value(each) for each in value)}]"
        case dict():
            inside = ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    """Return a basic string: JSON's escapes are TOML's, but for those outside the basic plane and for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
