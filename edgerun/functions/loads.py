"""Which files functions have loaded: by them a watcher knows whose code a save makes old."""

import os
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Final

import orjson

from edgerun.functions.function import Function
from edgerun.values import value

_FOR_THE_FOLDER: Final = frozenset({"index", "__init__"})
_SUFFIXES: Final = frozenset({".py", ".so", ".js", ".mjs", ".cjs", ".json", ".node"})
_PACKAGE: Final = "package.json"

OnNews = Callable[[Function, frozenset[str], float], None]


@value
class Modules:
    """What the environments of one revision of a function have loaded.

    Attributes:
        files: absolute; a link stands here under its own name and under that of its target.
        missed: absolute, without suffix: where an import looked for a module and found none.
    """

    files: frozenset[str]
    missed: frozenset[str] = frozenset()

    def plus(self, other: "Modules") -> "Modules":
        return Modules(files=self.files | other.files, missed=self.missed | other.missed)

    def made_old_by(self, path: str) -> bool:
        """Tell whether code loaded anew could be other code, now that a file was saved, made or removed.

        It is if the file was loaded, if an import that found nothing would find it, if it stands where it could come
        before a loaded one (`words.js` before `words/index.js`), or if it is a package.json above a loaded file.
        """
        if path in self.files:
            return True
        file = PurePath(path)
        if file.name == _PACKAGE and any(loaded.startswith(f"{file.parent}{os.sep}") for loaded in self.files):
            return True
        if file.suffix not in _SUFFIXES:
            return False
        base = _base(path)
        if base in self.missed or path in self.missed or any(_base(loaded) == base for loaded in self.files):
            return True
        return any(str(parent) in self.missed for parent in file.parents)


class Loads:
    """Takes the reports of all environments; one per edge that watches.

    Attributes:
        on_news: told of files that were not known as loaded: whose, which, and since when at the earliest they can
            have been loaded, on the loop's clock.
    """

    def __init__(self) -> None:
        self.on_news: OnNews = _nothing
        self._by_function: dict[tuple[str, ...], Modules] = {}

    def report(self, function: Function, report: bytes, since: float) -> None:
        """Take one report of an environment.

        Raises:
            ValueError: it is none.
        """
        said = orjson.loads(report)
        if not isinstance(said, dict):
            raise ValueError("no object")  # noqa: TRY004  # what the caller expects of a wrong report
        new = Modules(files=_names(said.get("files")), missed=_names(said.get("missed")))
        known = self.of(function)
        self._by_function[_key(function)] = new if known is None else known.plus(new)
        self.on_news(function, new.files - (known.files if known is not None else frozenset()), since)

    def of(self, function: Function) -> Modules | None:
        """Return what a function has loaded, None if it never was."""
        return self._by_function.get(_key(function))

    def keep(self, functions: Iterable[Function]) -> None:
        """Forget all but these."""
        keys = {_key(function) for function in functions}
        self._by_function = {key: modules for key, modules in self._by_function.items() if key in keys}

    def files(self) -> frozenset[str]:
        """Return every file that some function has loaded."""
        return frozenset().union(*(modules.files for modules in self._by_function.values()))


def _key(function: Function) -> tuple[str, ...]:
    return function.name, function.version, function.root, function.handler


def _names(said: object) -> frozenset[str]:
    if said is None:
        return frozenset()
    if not isinstance(said, list) or not all(isinstance(name, str) and name.startswith(os.sep) for name in said):
        raise ValueError("no absolute paths")
    return frozenset(said) | frozenset(os.path.realpath(name) for name in said)


def _base(path: str) -> str:
    """Return what an import would say for a file: without its suffix, the folder for what stands for it."""
    file = PurePath(path)
    if file.suffix not in _SUFFIXES:
        return path
    file = file.with_name(file.name.partition(".")[0]) if file.suffix == ".so" else file.with_suffix("")
    return str(file.parent) if file.name in _FOR_THE_FOLDER else str(file)


def _nothing(_function: Function, _files: frozenset[str], _since: float) -> None:
    """Nobody listens."""
