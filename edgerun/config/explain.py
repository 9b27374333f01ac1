"""What the schema refuses, said in sentences of our own."""

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from edgerun.config import raw, shapes
from edgerun.config.faults import Key, listed, shown, suggestion
from edgerun.distribution.managed import CACHE_POLICIES

Root = type[shapes.Table]

_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}

_MANAGED: Final = listed(policy.name for policy in CACHE_POLICIES)
_MISSING: Final[Mapping[str, str]] = {"cache_policy": f": name one of your [cache_policies], or {_MANAGED}"}

# What is said of a key's name, not of its value.
_OF_NAMES: Final = frozenset({"extra_forbidden", "missing"})


def unsupported(word: str) -> str:
    """Return what is said of a part of CloudFront that this version does not do."""
    return f"{word} is not supported by this version of edgerun"


def faults_of(error: ValidationError, root: Root = raw.FileTable) -> Iterator[tuple[Key, str]]:
    """Yield each refusal as key and sentence; one for each value.

    Args:
        error: what pydantic says.
        root: the table that the file is.
    """
    told: set[Key] = set()
    for detail in error.errors(include_url=False, include_context=True):
        *around, last = detail["loc"] or ("",)
        key: Key = tuple(part for part in around if part not in shapes.TAGS)
        if detail["type"] == "extra_forbidden" or last not in shapes.TAGS:
            key = (*key, last)
        while len(key) > 1 and detail["type"] not in _OF_NAMES and not _at(key, root) and _at(key[:-1], root):
            key = key[:-1]  # pydantic names the member of a union of plain values as one more key
        if key not in told:
            yield key, _sentence(detail, key, root)
        told.add(key)


def _sentence(detail: ErrorDetails, key: Key, root: Root) -> str:
    kind = detail["type"]
    given = detail["input"]
    match kind:
        case "extra_forbidden":
            return _unknown(key, root)
        case "missing":
            return f"is missing{_MISSING.get(str(key[-1]), '')}"
        case "literal_error" | "bool_type" if _words(key, root):
            return _choice(key, given, root)
        case _ if kind in _EXPECTED:
            return f"expected {_EXPECTED[kind]}, got {shown(given)}"
        case "greater_than_equal" | "less_than_equal":
            return f"expected {_range(key, detail.get('ctx', {}), root)}, got {shown(given)}"
        case "too_short":
            return f"expected at least one {'status' if key[-1] == 'status_codes' else 'name'}"
        case _:
            return f"{detail['msg']}, got {shown(given)}"


def _unknown(key: Key, root: Root) -> str:
    table, name = table_at(key[:-1], root), str(key[-1])
    if table is None:
        return "is not a key that edgerun knows"
    if name in table.later:
        return unsupported(repr(name))
    if name in table.hints:
        return table.hints[name]
    known = {field.alias or own for own, field in table.model_fields.items()} - {"$schema"}
    return f"is not a key that edgerun knows{suggestion(name, known | table.later)}"


def _choice(key: Key, given: object, root: Root) -> str:
    values = _words(key, root)
    words = [value for value in values if isinstance(value, str)]
    expected = listed(words) if words else ", ".join(str(value) for value in values)
    if bool in _at(key, root):
        expected = f"true, false or {expected}"
    near = suggestion(given, words) if isinstance(given, str) else ""
    return f"expected {expected}, got {shown(given)}{near}"


def _words(key: Key, root: Root) -> list[object]:
    """Return the values that may stand at a key, where they are a few words or numbers."""
    return [value for each in _at(key, root) if get_origin(each) is Literal for value in get_args(each)]


def _range(key: Key, context: Mapping[str, Any], root: Root) -> str:
    table = table_at(key[:-1], root)
    field = _field(table, str(key[-1])) if table is not None else None
    bounds = dict(context)
    for rule in _rules(field):
        bounds.update({name: getattr(rule, name) for name in ("ge", "le") if hasattr(rule, name)})
    if "ge" in bounds and "le" in bounds:
        return f"{_plain(bounds['ge'])} to {_plain(bounds['le'])}"
    return f"at least {bounds['ge']}" if "ge" in bounds else f"at most {bounds['le']}"


def _rules(part: Any) -> Iterator[object]:  # what pydantic's fields have
    """Yield the bounds of a field, also those that stand inside a union."""
    if isinstance(part, FieldInfo):
        yield from part.metadata
        yield from _rules(part.annotation)
    else:
        for inner in get_args(part) if get_origin(part) in {Annotated, Union, UnionType} else ():
            yield from _rules(inner)


def _plain(bound: float) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)


def table_at(key: Key, root: Root = raw.FileTable) -> Root | None:
    """Return which table of the format stands at a key."""
    return next((each for each in _at(key, root) if isinstance(each, type) and issubclass(each, shapes.Table)), None)


def _at(key: Key, root: Root) -> list[Any]:
    """Return what may stand at a key: tables, plain types, lists, literals; nothing for a key there is not."""
    found: list[Any] = [root]
    for part in key:
        found = [inner for each in found for inner in _within(each, part)]
    return found


def _within(annotation: Any, part: str | int) -> Iterator[Any]:  # what pydantic's fields have
    origin = get_origin(annotation)
    if isinstance(annotation, type) and issubclass(annotation, shapes.Table):
        field = _field(annotation, str(part))
        yield from _members(field.annotation) if field is not None else ()
    elif origin is dict and isinstance(part, str):
        yield from _members(get_args(annotation)[1])
    elif origin is list and isinstance(part, int):
        yield from _members(get_args(annotation)[0])


def _members(annotation: Any) -> Iterator[Any]:  # what pydantic's fields have
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in {Union, UnionType}:
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation


def _field(table: Root, name: str) -> FieldInfo | None:
    return next((field for own, field in table.model_fields.items() if name == (field.alias or own)), None)
