"""What a broken rule means at a level: an error that ends the request, or a warning that does not."""

import json
import math
from collections.abc import Callable
from typing import Final

from edgerun.errors import FunctionResultError
from edgerun.functions.lambda_rule import Rule
from edgerun.functions.readings import PRESETS, REFUSE, Readings, Strictness
from edgerun.functions.rulebook import RULEBOOK
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


class Judge:
    """Decides what breaking a rule means, by the readings of a level; tells `warn` what it forgives."""

    __slots__ = ("_warn", "readings")

    def __init__(self, readings: Readings, warn: Warn) -> None:
        self.readings = readings
        self._warn = warn

    @classmethod
    def at(cls, strictness: Strictness, warn: Warn) -> "Judge":
        """Return the judge of a level."""
        return cls(PRESETS[strictness], warn)

    def limit(self, size: int) -> int:
        """Return a size limit in bytes, as its KB are read (§13.11).

        Args:
            size: in KB of 1,024 bytes. Only 40 KB is unclear: AWS spells 1 MB as 1048576.
        """
        return size // 1024 * 1000 if self.readings.kilobyte == "1000" and size < 1024 * 1024 else size

    def broken(
        self,
        rule: str,
        path: str,
        offending: object,
        *,
        note: str = "",
        name: str = "",
        character: str = "",
        sense: bool = True,
    ) -> None:
        """Report a broken rule; returning means that it is forgiven, and the caller goes on as the rule says.

        Args:
            rule: an id of `RULEBOOK`.
            path: JSON path into the result.
            offending: the value that stands there.
            note: what else helps.
            name: the header's name.
            character: the offending character.
            sense: whether the lenient level can make sense of what came.

        Raises:
            FunctionResultError: it is not forgiven.
        """
        known = RULEBOOK[rule]
        if known.reading:
            spared = getattr(self.readings, known.reading) != REFUSE
        else:
            spared = self.readings.forgiving and sense and bool(known.lenient)
        if not spared:
            raise refused(rule, path, offending, note=note, name=name, character=character)
        said = sentence(known, path, offending, note)
        done = f" Forgiven: {known.lenient}." if known.lenient and self.readings.forgiving else ""
        self._warn(Warned(rule=rule, path=path, message=said + done))


def refused(
    rule: str, path: str, offending: object, *, note: str = "", name: str = "", character: str = ""
) -> FunctionResultError:
    """Return the error that tells which rule a result broke, where, and with what.

    Args:
        rule: an id of `RULEBOOK`.
        path: JSON path into the result; "" is the result itself.
        offending: the value that stands there, any JSON value.
        note: what else helps, as the end of a sentence.
        name: the header's name, for the log sentence.
        character: the offending character, percent-encoded, for the log sentence.
    """
    broken = RULEBOOK[rule]
    log = broken.log.format(name=shown(name)[1:-1], character=character)
    return FunctionResultError(
        sentence(broken, path, offending, note),
        rule=rule,
        path=path,
        value=shown(offending),
        fix=broken.fix,
        page=broken.page.replace("{path}", path),
        log=log,
    )


def sentence(rule: Rule, path: str, offending: object, note: str = "") -> str:
    """Return one sentence: the rule, what came, and a note."""
    came = f"{path or 'the result'} is {shown(offending)}"
    return f"{rule.title}: {came}, {note}." if note else f"{rule.title}: {came}."


def shown(offending: object) -> str:
    """Return any JSON value as JSON-like text of at most 80 characters."""
    text = _json_like(offending, SHOWN_DEPTH)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def plain_text(returned: object) -> str | None:
    """Return a string, number or boolean as the text that a forgiving reader takes it for; None for anything else."""
    match returned:
        case str():
            return returned
        case bool():
            return str(returned).lower()
        case int() if returned.bit_length() <= SHOWN_CHARACTERS:
            return str(returned)
        case float() if math.isfinite(returned):
            return json.dumps(returned)
    return None


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
