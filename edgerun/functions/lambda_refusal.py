"""How a broken rule is reported: as an error that ends the request, or as a warning that does not."""

import json
from collections.abc import Callable
from typing import Final

from edgerun.errors import FunctionResultError
from edgerun.functions.rules import RULES, Rule
from edgerun.values import value

SHOWN_CHARACTERS: Final = 80
SHOWN_MEMBERS: Final = 8
SHOWN_DEPTH: Final = 4


@value
class Warned:
    """A broken rule that was forgiven; `path` is a JSON path into the result."""

    rule: str
    path: str
    message: str


Warn = Callable[[Warned], None]
"""Gets what was forgiven; one that raises makes the forgiven rules strict."""


def refused(
    rule: str, path: str, offending: object, *, note: str = "", name: str = "", character: str = ""
) -> FunctionResultError:
    """Return the error that tells which rule a result broke, where, and with what.

    Args:
        rule: an id of `RULES`.
        path: JSON path into the result; "" is the result itself.
        offending: the value that stands there, any JSON value.
        note: what else helps, as the end of a sentence.
        name: the header's name, for the log sentence.
        character: the offending character, percent-encoded, for the log sentence.
    """
    broken = RULES[rule]
    log = broken.log.format(name=shown(name)[1:-1], character=character)
    return FunctionResultError(
        sentence(broken, path, offending, note),
        rule=rule,
        path=path,
        value=shown(offending),
        fix=broken.fix,
        page=broken.page,
        log=log,
    )


def forgiven(warn: Warn, rule: str, path: str, offending: object, *, note: str = "") -> None:
    """Report a broken rule that the default level forgives."""
    warn(Warned(rule=rule, path=path, message=sentence(RULES[rule], path, offending, note)))


def unforgiven(what: Warned) -> None:
    """Refuse what the default level forgives: the `warn` of the pedantic level.

    Raises:
        FunctionResultError: always.
    """
    broken = RULES[what.rule]
    raise FunctionResultError(
        what.message, rule=what.rule, path=what.path, fix=broken.fix, page=broken.page, log=broken.log
    )


def sentence(rule: Rule, path: str, offending: object, note: str = "") -> str:
    """Return one sentence: the rule, what came, and a note."""
    came = f"{path or 'the result'} is {shown(offending)}"
    return f"{rule.title}: {came}, {note}." if note else f"{rule.title}: {came}."


def shown(offending: object) -> str:
    """Return any JSON value as JSON-like text of at most 80 characters."""
    text = _json_like(offending, SHOWN_DEPTH)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def _json_like(item: object, depth: int) -> str:
    match item:
        case str():
            quoted = json.dumps(item[:SHOWN_CHARACTERS], ensure_ascii=False)
            # A lone surrogate cannot be printed or logged.
            return quoted.encode("utf-8", "backslashreplace").decode()
        case dict():
            few = list(item.items())[:SHOWN_MEMBERS] if depth else ()
            return "{" + ", ".join(f"{_json_like(k, 0)}: {_json_like(v, depth - 1)}" for k, v in few) + "}"
        case list():
            return "[" + ", ".join(_json_like(v, depth - 1) for v in (item[:SHOWN_MEMBERS] if depth else ())) + "]"
        case int() if item.bit_length() > SHOWN_CHARACTERS:
            return f"a number of {item.bit_length()} bits"
    return json.dumps(item) if item is None or isinstance(item, (bool, int, float)) else type(item).__name__
