"""Opens debugpy in a Python environment, when the server asks for it.

A part of `python_host.py`, which see; standard library only.
"""

import contextlib
import importlib
import os
import socket
import sys
import time
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

OURS = ("debugpy", "pydevd", "_pydevd", "_pydev")
LOOK_SECONDS = 0.02
QUIET = "PYDEVD_DISABLE_FILE_VALIDATION"


class Finder:
    """Finds the debugger's modules where the server has them, and nothing else there."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        if path is None and name.startswith(OURS):
            return PathFinder.find_spec(name, [self._folder], target)
        return None


def listen(wanted: dict[str, Any]) -> None:
    """Listen for a client, once the port is free; wait for one if that is wanted.

    The environment before this one may still hold the port: it ends after what it runs.
    """
    if wanted["debugpy"]:
        sys.meta_path.append(Finder(wanted["debugpy"]))  # last: an interpreter's own debugpy comes first
    os.environ[QUIET] = "1"
    debugpy = importlib.import_module("debugpy")
    debugpy.configure(subProcess=False)
    while not _is_free(wanted["host"], wanted["port"]):
        time.sleep(LOOK_SECONDS)
    debugpy.listen((wanted["host"], wanted["port"]))
    del os.environ[QUIET]
    if wanted["wait"]:
        debugpy.wait_for_client()


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
