"""Functions at the edge: their code found, their tables written."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edgerun.config.faults import Key
from edgerun.config.importers import arns
from edgerun.config.importers.desk import Desk
from edgerun.config.importers.draft import Draft, tame
from edgerun.config.importers.estate import Code, Estate, Given
from edgerun.config.importers.node import Node
from edgerun.config.read import is_file, is_folder

CLOUDFRONT: Final = "cloudfront-js-"
SETTINGS: Final = {"timeout": "integer", "memory": "integer", "environment": "own"}

_RUNTIMES: Final = ("python", "nodejs", "provided")
_LONGEST_NAME: Final = 64
_SUFFIX: Final = {"python": ".py", "nodejs": ".js"}
_NAMED: Final = re.compile(r"(.+\.(?:py|js|mjs|cjs)):([A-Za-z_$][\w$]*)")


@dataclass(slots=True, kw_only=True)
class Functions:
    """Writes each function that some behavior uses, once.

    Attributes:
        estate: where functions are described.
        given: what flags say of their code.
        desk: where files are.
        draft: where tables go.
    """

    estate: Estate
    given: Given
    desk: Desk
    draft: Draft
    _written: dict[str, str] = field(default_factory=dict)

    def at_the_edge(self, node: Node, *, cloudfront: bool) -> str | None:
        """Return our name of the function that an ARN means; what has no code here is refused."""
        text = node.text
        name = (arns.cloudfront_name if cloudfront else arns.lambda_name)(text)
        if not name and node.unknown:
            name = tame(node.unknown, _LONGEST_NAME)
        if not name:
            kind = "a CloudFront Function's ARN" if cloudfront else "a Lambda function's ARN with its version"
            self.draft.report.refuse(node, f"expected {kind}, got {node.shown}")
            return None
        return self.use(name, node, cloudfront=cloudfront)

    def use(self, name: str, node: Node, *, cloudfront: bool = False) -> str:
        """Write a function unless it is, and return our name of it.

        Args:
            name: its name on AWS.
            node: what uses it.
            cloudfront: whether it is a CloudFront Function.
        """
        if name not in self._written:
            code = self.estate.functions.get(name) or self._undescribed(name, node, cloudfront=cloudfront)
            ours = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:_LONGEST_NAME]
            self._written[name] = ours
            self._write(ours, code)
        return self._written[name]

    def unused(self) -> list[Code]:
        """Return the functions that no behavior uses."""
        return [code for name, code in self.estate.functions.items() if name not in self._written]

    def _undescribed(self, name: str, node: Node, *, cloudfront: bool) -> Code:
        """Return a function that only its ARN tells of."""
        return Code(node=node, name=name, runtime=node.with_value("cloudfront-js-2.0" if cloudfront else ""))

    def _write(self, name: str, code: Code) -> None:
        key = self.draft.open("functions", name, code.node)
        if code.runtime.text.startswith(CLOUDFRONT):
            written = self._cloudfront(key, code)
        else:
            written = self._lambda(key, code)
            for word, node in code.settings.items():
                self._setting((*key, word), node)
        if written is not None:
            self.draft.report.use(code.node, f"function {name!r} from {written}")

    def _setting(self, key: Key, node: Node) -> None:
        if key[-1] != "environment":
            value = self.draft.integer(node)
            if value is not None:
                self.draft.put(key, value, node)
            return
        for word, each in node.items():
            text = self.draft.text(each)
            if text is not None:
                self.draft.put((*key, word), text, each)

    def _missing(self, code: Code, form: str) -> None:
        self.draft.report.refuse(code.node, f"function {code.name!r}: {code.elsewhere}: say --code {code.name}={form}")

    def _cloudfront(self, key: Key, code: Code) -> Path | None:
        place = self.given.code.get(code.name)
        file = Path(place).absolute() if place else code.path
        if file is None and code.inline is not None:
            file = self.desk.keep(f"{key[1]}.js", code.inline.text)
        if file is None:
            self._missing(code, "FILE.js")
            return None
        self.draft.put((*key, "handler"), str(file), code.inline or code.node)
        self.draft.put((*key, "runtime"), code.runtime.text, code.runtime)
        if code.store:
            self.draft.put((*key, "key_value_store"), tame(code.store), code.node)
        return file

    def _lambda(self, key: Key, code: Code) -> Path | None:
        place = self.given.code.get(code.name, "")
        named = _NAMED.fullmatch(place)
        if named is not None:
            file = Path(named[1]).absolute()
            self.draft.put((*key, "handler"), f"{file}:{named[2]}", code.node)
            return file
        path = Path(place).absolute() if place else code.path
        runtime = self._runtime(code)
        if runtime:
            self.draft.put((*key, "runtime"), runtime, code.runtime)
        if path is None and code.inline is not None:
            path = self.desk.keep(f"index{_SUFFIX.get(runtime, '.js')}", code.inline.text)
        if path is None:
            self._missing(code, "FILE:HANDLER, a folder or a zip")
            return None
        root = self._root(path, code)
        if root is None:
            return None
        handler = code.handler.text if code.handler is not None else f"{path.stem}.handler" if is_file(path) else ""
        if not handler:
            self.draft.report.refuse(
                code.node, f"function {code.name!r} has no handler: say --code {code.name}=FILE:NAME"
            )
            return None
        self.draft.put((*key, "root"), str(root), code.node)
        self.draft.put((*key, "handler"), _found(root, handler, runtime), code.handler or code.node)
        return root

    def _runtime(self, code: Code) -> str:
        """Return our name of Lambda's runtime: `python3.12` is `python`."""
        text = code.runtime.text
        if not text or text.startswith("provided"):
            return text
        found = next((word for word in _RUNTIMES if text.startswith(word)), "")
        if not found:
            what = f"runtime {text!r}: Lambda@Edge runs Node.js and Python only"
            self.draft.report.refuse(code.runtime, what)
        return found

    def _root(self, path: Path, code: Code) -> Path | None:
        if is_folder(path):
            return path
        if not is_file(path):
            self.draft.report.refuse(code.node, f"function {code.name!r}: there is nothing at {str(path)!r}")
            return None
        return self.desk.unpacked(path, code.node) if path.suffix in {".zip", ".jar"} else path.parent


def _found(root: Path, handler: str, runtime: str) -> str:
    """Return a handler with slashes in its module, where Python's dots mean folders."""
    module, _, entry = handler.rpartition(".")
    deep = module.replace(".", "/")
    return f"{deep}.{entry}" if runtime == "python" and is_file(root / f"{deep}.py") else handler
