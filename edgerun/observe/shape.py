"""The shape of records that come from files, where a crash, a full disk or a hand may have left anything."""

from typing import Any, Final

NUMBER: Final = (int, float)
LINE: Final = object()  # name and value
BODY: Final = {"sha256": str, "size": int, "data": str}
MESSAGE: Final = {"headers": [LINE], "body": (None, BODY)}
STEP: Final = {"name": str, "value": object, "rule": (None, str)}
ERROR: Final = {"type": str, "message": str} | dict.fromkeys(("rule", "path", "value", "fix"), (None, str))
STAGE: Final = {
    "name": str,
    "outcome": str,
    "function": (None, str),
    "event": object,
    "result": object,
    "duration": (None, *NUMBER),
    "init": (None, *NUMBER),
    "error": (None, ERROR),
}
ASKED: Final = {
    "domain": str,
    "request": MESSAGE | {"method": str, "target": str},
    "response": (None, MESSAGE | {"status": int}),
    "error": (None, {"type": str, "message": str}),
}
RECORD: Final = {
    "id": str,
    "number": int,
    "at": NUMBER,
    "method": str,
    "scheme": str,
    "host": str,
    "path": str,
    "query": (None, str),
    "status": int,
    "result_type": (None, str),
    "request": MESSAGE,
    "response": MESSAGE,
    "stages": [STAGE],
    "cache": (None, {"word": str, "reason": str, "hint": str, "key": [STEP], "steps": [STEP]}),
    "origin": [ASKED],
    "logs": [{"function": str, "text": str}],
    "warnings": [{"point": str, "message": str}],
}
WORDS: Final = {None: "null", str: "text", int: "a whole number", float: "a number"}


def misfit(given: object, shape: Any = RECORD, path: str = "") -> str:
    """Return where values read from JSON differ from a shape, and how; "" if they fit.

    Args:
        given: the values.
        shape: a type, None, a tuple of alternatives, a list of one shape for all members, or a mapping of those members
            that have to be there. `object` takes anything.
        path: where the values stand.
    """
    if isinstance(shape, tuple):
        return "" if any(not misfit(given, each) for each in shape) else misfit(given, shape[-1], path)
    if isinstance(shape, dict):
        return _object(given, shape, path)
    if isinstance(shape, list):
        if not isinstance(given, list):
            return _got("a list", given, path)
        found = (misfit(each, shape[0], f"{path}[{number}]") for number, each in enumerate(given))
        return next(filter(None, found), "")
    if shape is LINE:
        pair = isinstance(given, list) and len(given) == 2 and all(isinstance(each, str) for each in given)
        return "" if pair else _got("a list of name and value", given, path)
    if shape is None or shape is int:
        fits = given is None if shape is None else isinstance(given, int) and not isinstance(given, bool)
    else:
        fits = isinstance(given, shape)
    return "" if fits else _got(WORDS[shape], given, path)


def _object(given: object, shape: dict[str, Any], path: str) -> str:
    if not isinstance(given, dict):
        return _got("an object", given, path)
    missing = [name for name in shape if name not in given]
    if missing:
        return f"{path or 'it'} is without {', '.join(missing)}"
    found = (misfit(given[name], each, f"{path}.{name}" if path else name) for name, each in shape.items())
    return next(filter(None, found), "")


def _got(expected: str, given: object, path: str) -> str:
    kinds = {type(None): "null", bool: "true or false", str: "text", list: "a list", dict: "an object"}
    return f"{path or 'it'}: expected {expected}, got {kinds.get(type(given), 'a number')}"
