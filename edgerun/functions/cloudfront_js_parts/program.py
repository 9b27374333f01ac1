"""From a function's file to what the engine runs."""

import re
from pathlib import Path
from typing import Final

from edgerun.functions.cloudfront_js_parts.check import RUNTIME_1_0, RUNTIME_2_0, check
from edgerun.functions.cloudfront_js_parts.finding import Finding
from edgerun.functions.cloudfront_js_parts.world import world
from edgerun.functions.function import Function
from edgerun.values import value

RUNTIMES: Final = (RUNTIME_1_0, RUNTIME_2_0)
SUFFIX: Final = ".js"
HEAD: Final = '(function($cloudfront){"use strict";'
TAIL: Final = '\n;return typeof handler==="undefined"?undefined:handler;})'
FIRST_LINE: Final = 2
"""The engine's line of a function's first one: line 1 is the world's and the head's."""

_IMPORT: Final = re.compile(r"import\s+([\w$]+)\s+from\s*(['\"])cloudfront\2[ \t]*;?")


@value
class Program:
    """A function made ready.

    Attributes:
        file: where its code stands.
        findings: what the check says of it.
        world: JavaScript that makes its surroundings, see `world.py`.
        code: an expression whose value is a function that runs the code once and returns its `handler`.
    """

    file: Path
    findings: tuple[Finding, ...]
    world: str
    code: str


def file_of(function: Function) -> Path:
    """Return where a function's code is: `handler` names the file, then `.handler`; or just the file."""
    root = Path(function.root)
    if function.handler.endswith(SUFFIX):
        return root / function.handler
    return root / f"{function.handler.rpartition('.')[0] or function.handler}{SUFFIX}"


def load(function: Function) -> Program:
    """Read a function's file and make it ready, whatever the check says of it.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    file = file_of(function)
    text = file.read_bytes().decode("utf-8-sig")
    two = function.runtime == RUNTIME_2_0
    return Program(
        file=file,
        findings=tuple(check(text, function.runtime)),
        world=world(text, two=two, has_store=function.key_value_store is not None),
        code=wrapped(text, two=two),
    )


def wrapped(text: str, *, two: bool) -> str:
    """Return the code as one expression, its lines one further down and its columns as they were."""
    return f"{HEAD}\n{_without_import(text) if two else text}{TAIL}"


def _without_import(text: str) -> str:
    """Put a constant in the place of the one import that there is; every line stays in its place."""
    found = _IMPORT.search(text)
    if found is None:
        return text
    lines = "\n" * found.group().count("\n")
    constant = f"const {found[1]}=$cloudfront;{lines}"
    return text[: found.start()] + constant.ljust(len(found.group())) + text[found.end() :]
