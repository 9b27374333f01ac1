"""Variables of a serverless.yml: `${self:…}`, `${opt:…}`, `${env:…}`, `${sls:…}`, `${aws:…}`, `${file(…)}`."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edgerun.config.importers import arns
from edgerun.config.importers.document import document
from edgerun.config.importers.node import Node
from edgerun.config.importers.report import Report

DEEPEST: Final = 60
MOST: Final = 200_000

_VARIABLE: Final = re.compile(r"\$\{([^${}]*)\}")
_SOURCE: Final = re.compile(r"(self|opt|env|sls|aws|param|custom):(.*)|file\(([^)]*)\)(?::(.*))?", re.DOTALL)
_LITERAL: Final = re.compile(r"""'([^']*)'|"([^"]*)"|(true|false|null|-?\d{1,15})""")
_LITERALS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}
_AWS: Final = {"region": arns.REGION, "accountId": arns.ACCOUNT}


@dataclass(slots=True, kw_only=True)
class Variables:
    """Puts values in place of variables.

    Attributes:
        root: the file.
        base: its folder.
        given: values by flags, as `opt:stage` or `stage`.
        report: where faults go.
        files: files that were read on the way.
    """

    root: Node
    base: Path
    given: Mapping[str, str]
    report: Report
    files: dict[Path, Node] = field(default_factory=dict)
    _deep: int = 0
    _done: int = 0

    def filled(self, node: Node) -> Node | None:
        """Return a tree without variables; None for what has no value, which was refused."""
        self._deep += 1
        self._done += 1
        try:
            if self._deep > DEEPEST or self._done > MOST:
                return self.report.refuse_value(node, "its variables are nested too deeply")
            return self._filled(node)
        finally:
            self._deep -= 1

    def _filled(self, node: Node) -> Node | None:
        match node.value:
            case dict():
                return node.with_value(
                    {name: found for name, each in node.items() if (found := self.filled(each)) is not None}
                )
            case list():
                return node.with_value([found for each in node.each() if (found := self.filled(each)) is not None])
            case str():
                return self._text(node, node.value)
            case _:
                return node

    def _text(self, node: Node, text: str) -> Node | None:
        """Return a text whose variables, from the innermost on, are replaced; a variable alone may be anything."""
        kept: list[str] = []
        while (match := _VARIABLE.search(text)) is not None:
            if "::" in match[1] or not (":" in match[1] or match[1].startswith("file(")):
                kept.append(match[0])  # CloudFormation's own
                text = f"{text[: match.start()]}\0{len(kept) - 1}\0{text[match.end() :]}"
                continue
            found = self._one(node, match[1])
            if found is None:
                return None
            if match[0] == text:
                return found
            if isinstance(found.value, dict | list):
                return self.report.refuse_value(node, f"{match[0]} is no text")
            text = f"{text[: match.start()]}{found.text}{text[match.end() :]}"
            if len(text) > MOST:
                return self.report.refuse_value(node, "its variables are nested too deeply")
        return node.with_value(re.sub("\0(\\d+)\0", lambda each: kept[int(each[1])], text))

    def _one(self, node: Node, words: str) -> Node | None:
        """Return the first alternative of a variable that has a value."""
        for alternative in _alternatives(words):
            literal = _LITERAL.fullmatch(alternative)
            if literal is not None:
                return node.with_value(_literal(literal))
            found = self._source(node, alternative)
            if found is not None:
                return Node(found.value, node.place)
        said = f"${{{words}}} has no value here: say --parameter {words.partition(',')[0].strip()}=VALUE"
        return self.report.refuse_value(node, said)

    def _source(self, node: Node, text: str) -> Node | None:
        if text in self.given:
            return node.with_value(self.given[text])
        match = _SOURCE.fullmatch(text)
        if match is None:
            return None
        kind, name = match[1] or "file", match[2] if match[1] else match[4] or ""
        match kind:
            case "self":
                return self._at(self.root, name)
            case "file":
                return self._file(match[3].strip(), name)
            case "env":
                value = os.environ.get(name)
            case "aws":
                value = _AWS.get(name)
            case "sls":
                return self.stage(node) if name == "stage" else None
            case _:
                value = self.given.get(name)
        return node.with_value(value) if value is not None else None

    def stage(self, node: Node) -> Node:
        """Return the stage: the flag's, the provider's, or `dev`."""
        given = self.given.get("opt:stage", self.given.get("stage"))
        if given is not None:
            return node.with_value(given)
        return self._at(self.root, "provider.stage") or node.with_value("dev")

    def _at(self, root: Node, path: str) -> Node | None:
        found: Node | None = root
        for part in path.split(".") if path else ():
            if found is not None and isinstance(found.value, str):
                found = self.filled(found)
            if found is not None and isinstance(found.value, list):
                items = list(found.each())
                found = items[int(part)] if part.isdecimal() and len(part) < 6 and int(part) < len(items) else None
            else:
                found = found.get(part) if found is not None else None
        return self.filled(found) if found is not None else None

    def _file(self, name: str, path: str) -> Node | None:
        file = self.base / name.strip("'\"")
        if file.suffix not in {".yml", ".yaml", ".json"} or not file.is_file():
            return None
        if file not in self.files:
            self.files[file] = document(file)
        return self._at(self.files[file], path)


def _alternatives(words: str) -> list[str]:
    """Return the parts between commas that are not quoted."""
    return [part.strip() for part in re.split(r""",(?=(?:[^'"]|'[^']*'|"[^"]*")*$)""", words)]


def _literal(match: re.Match[str]) -> str | int | bool | None:
    if match[3] is None:
        return match[1] if match[1] is not None else match[2]
    return _LITERALS[match[3]] if match[3] in _LITERALS else int(match[3])
