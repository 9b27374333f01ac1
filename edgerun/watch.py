"""Reload on save: functions, configuration and sites, without dropping a request."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from watchfiles import awatch

from edgerun.app import Edge
from edgerun.config.load import Loaded
from edgerun.config.revise import with_functions
from edgerun.distribution.model import Config, DirectoryOrigin
from edgerun.errors import EdgerunError
from edgerun.functions.function import Function
from edgerun.observe.events import Noted

DEBOUNCE_MS = 50


class Watcher:
    """Takes over what was saved, or keeps the last good revision and says so.

    A changed function is started once before it replaces the one that runs, so that a file with a syntax
    error never answers a viewer.
    """

    def __init__(self, edge: Edge, load: Callable[[], Loaded], loaded: Loaded) -> None:
        self._edge = edge
        self._load = load
        self._loaded = loaded
        self._revision = 1

    async def run(self) -> None:
        """Watch until cancelled; what is watched follows the configuration."""
        while True:
            watched = self._loaded.watch
            stop = asyncio.Event()
            async for changes in awatch(*_existing(watched), debounce=DEBOUNCE_MS, step=10, stop_event=stop):
                await self.take({Path(path) for _, path in changes})
                if self._loaded.watch != watched:
                    stop.set()

    async def take(self, changed: set[Path]) -> None:
        """Take over a set of saved files."""
        try:
            if any(path == self._loaded.path for path in changed):
                await self._take_config()
            await self._take_functions(changed)
            self._take_sites(changed)
        except EdgerunError as error:
            self._note(f"{error}\nthe last good revision keeps serving", "error")

    async def _take_config(self) -> None:
        loaded = await asyncio.to_thread(self._load)
        await self._edge.revise(self._revised(loaded.config, dict(self._current_versions())))
        self._loaded = loaded
        self._note(f"{loaded.path.name} reloaded")

    async def _take_functions(self, changed: set[Path]) -> None:
        functions = self._edge.config.functions
        touched = [f for f in functions.values() if any(_belongs(path, f) for path in changed)]
        if not touched:
            return
        self._revision += 1
        fresh = {function.name: replace(function, version=str(self._revision)) for function in touched}
        for function in fresh.values():
            await self._edge.warm(function)
        versions = dict(self._current_versions()) | {name: f.version for name, f in fresh.items()}
        await self._edge.revise(self._revised(self._edge.config, versions))
        self._note(f"reloaded: {', '.join(sorted(fresh))}")

    def _take_sites(self, changed: set[Path]) -> None:
        sites = [Path(o.directory) for o in self._edge.config.origins.values() if isinstance(o, DirectoryOrigin)]
        if any(path.is_relative_to(site) for path in changed for site in sites):
            count = self._edge.store.invalidate(b"/*")
            self._note(f"site changed: {count} cached objects invalidated")

    def _current_versions(self) -> list[tuple[str, str]]:
        return [(name, function.version) for name, function in self._edge.config.functions.items()]

    def _revised(self, config: Config, versions: dict[str, str]) -> Config:
        """Return a configuration whose functions carry the versions of the code that is to run."""
        functions = {
            name: replace(function, version=versions.get(name, function.version))
            for name, function in config.functions.items()
        }
        return with_functions(config, functions)

    def _note(self, text: str, level: str = "info") -> None:
        self._edge.emit(Noted(text=text, level=level))


def _belongs(path: Path, function: Function) -> bool:
    if "__pycache__" in path.parts or not path.is_relative_to(function.root):
        return False
    suffixes = {".py"} if function.runtime == "python" else {".js", ".mjs", ".cjs", ".json"}
    return path.suffix in suffixes


def _existing(paths: tuple[Path, ...]) -> list[Path]:
    return [path for path in paths if path.exists()]
