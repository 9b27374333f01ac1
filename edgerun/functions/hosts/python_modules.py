"""Which files a Python environment has loaded, for a server that watches them.

A part of `python_host.py`, which see; standard library only. Nothing here runs unless the server asks for it.
"""

import json
import os
import sys
from collections.abc import Sequence
from types import ModuleType

HERE = os.path.dirname(__file__)  # noqa: PTH120
LIBRARY = os.path.dirname(os.__file__)  # noqa: PTH120
PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


class Report:
    """Tells what is new since it was last asked: files that modules came from, places where an import found nothing.

    It stands last among the finders, so it is asked only for what no other one has.
    """

    def __init__(self, root: str) -> None:
        self._root = os.path.join(root, "")  # noqa: PTH118
        self._known: set[str] = set()
        self._modules = 0
        self._missed: dict[str, None] = {}
        self._told: set[str] = set()
        sys.meta_path.append(self)

    def find_spec(self, name: str, path: Sequence[str] | None = None, _target: object = None) -> None:
        """Remember where a module was looked for in vain; find nothing."""
        places = sys.path if path is None else path
        for place in list(places):
            self._miss(os.path.join(os.path.abspath(place), name.rpartition(".")[2]))  # noqa: PTH100, PTH118

    def news(self) -> bytes:
        """Return what is new as JSON, or nothing."""
        if len(sys.modules) == self._modules and not self._missed:
            return b""
        files = []
        for name, module in list(sys.modules.items()):
            if name not in self._known:
                self._known.add(name)
                files.extend(self._place(name, module))
        self._modules = len(sys.modules)
        missed, self._missed = list(self._missed), {}
        if not files and not missed:
            return b""
        return json.dumps({"files": files, "missed": missed}).encode("utf-8", "surrogateescape")

    def _place(self, name: str, module: ModuleType) -> list[str]:
        """Return the file of a module that its owner may save; one from elsewhere could be shadowed by a new file."""
        try:
            # Not by attribute: a lazy module would be loaded by the question.
            file = object.__getattribute__(module, "__dict__").get("__file__")
        except AttributeError:
            return []
        if isinstance(file, str) and self._is_the_users(os.path.abspath(file)):  # noqa: PTH100
            return [os.path.abspath(file)]  # noqa: PTH100
        if "." not in name and name not in sys.builtin_module_names:
            self._miss(self._root + name)
        return []

    def _is_the_users(self, file: str) -> bool:
        if file.startswith(self._root):
            return True
        return not file.startswith((LIBRARY, HERE)) and not any(part in file for part in PACKAGES)

    def _miss(self, base: str) -> None:
        if base.startswith(self._root) and base not in self._told:
            self._told.add(base)
            self._missed[base] = None
