"""Reload on save: functions, configuration and sites, without dropping a request."""

import asyncio
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from watchfiles import awatch
from watchfiles.main import FileChange

from edgerun.app import Edge
from edgerun.config.load import Loaded
from edgerun.config.revise import with_functions
from edgerun.distribution.model import Config, DirectoryOrigin
from edgerun.errors import EdgerunError, FunctionError, FunctionExecutionError
from edgerun.functions.function import Function
from edgerun.home import STATE_FOLDER
from edgerun.observe.console import frames
from edgerun.observe.events import Noted

DEBOUNCE_MS: Final = 50
LOOK_MS: Final = 500


class Watcher:
    """Takes over what was saved, or keeps the last good revision and says so.

    A changed function is started once before it replaces the one that runs, so that a file with a syntax
    error never answers a viewer.
    """

    def __init__(self, edge: Edge, load: Callable[[], Loaded], loaded: Loaded) -> None:
        self._edge = edge
        self._load = load
        self._loaded = loaded
        self._seen = _marks(loaded.watch)
        self._revision = 1

    async def run(self) -> None:
        """Watch until cancelled; what is watched follows the configuration."""
        replaced: set[Path] = set()
        while True:
            watched = self._loaded.watch
            self._seen = {**_marks(watched), **self._seen}
            stop = asyncio.Event()
            with suppress(FileNotFoundError):  # gone again since it was seen: look anew
                async for changes in _saves(watched, stop):
                    await self._invalidate_below(replaced)  # what was saved while the new watch was being set up
                    # The system watches inodes: a folder built anew, or a file that an editor put in the place of
                    # the old one, has to be found by its name and watched from the start.
                    now = _marks(watched)
                    replaced = {path for path in watched if now[path] != self._seen[path]}
                    self._seen = now
                    if changed := replaced | {
                        path for _, name in changes if STATE_FOLDER not in (path := Path(name)).parts
                    }:
                        await self.take(changed)
                    if replaced or self._loaded.watch != watched:
                        stop.set()

    async def take(self, changed: set[Path]) -> None:
        """Take over a set of saved files."""
        try:
            if any(path == self._loaded.path or (path in self._loaded.watch and path.is_file()) for path in changed):
                await self._take_config()
            await self._take_functions(changed)
            await self._take_sites(changed)
        except (EdgerunError, OSError) as error:
            self._broken(error)

    def _broken(self, error: Exception) -> None:
        self._note("\n".join((*_words(error), "not taken over: the last good revision keeps serving")), "error")

    async def _take_config(self) -> None:
        loaded = await asyncio.to_thread(self._load)
        await self._edge.revise(self._revised(loaded.config, dict(self._current_versions())))
        self._loaded = loaded
        self._note(f"{loaded.path.name} reloaded{await self._invalidated()}")

    async def _take_functions(self, changed: set[Path]) -> None:
        functions = self._edge.config.functions
        touched = [f for f in functions.values() if any(_belongs(path, f) for path in changed)]
        if not touched:
            return
        self._revision += 1
        fresh = {function.name: replace(function, version=str(self._revision)) for function in touched}
        for function in touched:
            try:
                await self._edge.warm(fresh[function.name])
            except FunctionError as error:
                self._edge.hold(function, broken=fresh.pop(function.name))
                self._broken(error)
        if not fresh:
            return
        versions = dict(self._current_versions()) | {name: f.version for name, f in fresh.items()}
        await self._edge.revise(self._revised(self._edge.config, versions))
        # What functions on the origin's side made is in the cache; those on the viewer's side run on every request.
        cached = await self._invalidated() if fresh.keys() & self._on_the_origins_side() else ""
        self._note(f"reloaded: {', '.join(sorted(fresh))}{cached}")

    async def _take_sites(self, changed: set[Path]) -> None:
        sites = [Path(o.directory) for o in self._edge.config.origins.values() if isinstance(o, DirectoryOrigin)]
        if any(path.is_relative_to(site) for path in changed for site in sites):
            self._note(f"site changed{await self._invalidated()}")

    async def _invalidate_below(self, folders: set[Path]) -> None:
        if any(folder != self._loaded.path for folder in folders):
            await self._edge.store.invalidate(b"/*")

    async def _invalidated(self) -> str:
        count = await self._edge.store.invalidate(b"/*")
        return f", {count} cached object{'s' * (count != 1)} invalidated" if count else ""

    def _on_the_origins_side(self) -> set[str]:
        return {
            association.function.name
            for distribution in self._edge.config.distributions
            for behavior in distribution.all_behaviors
            for association in (behavior.origin_request, behavior.origin_response)
            if association is not None
        }

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


def _words(error: Exception) -> list[str]:
    if isinstance(error, FunctionExecutionError):
        return [f"{error.function}: {error}", *frames(error)]
    return str(error).splitlines()


def _belongs(path: Path, function: Function) -> bool:
    if path == Path(function.root):
        return True
    if "__pycache__" in path.parts or not path.is_relative_to(function.root):
        return False
    suffixes = {".py"} if function.runtime == "python" else {".js", ".mjs", ".cjs", ".json"}
    return path.suffix in suffixes


def _saves(paths: tuple[Path, ...], stop: asyncio.Event) -> AsyncIterator[set[FileChange]]:
    """Return sets of changes as they come, and an empty one now and then."""
    existing = [path for path in paths if path.exists()]
    return awatch(
        *existing, debounce=DEBOUNCE_MS, step=10, stop_event=stop, rust_timeout=LOOK_MS, yield_on_timeout=True
    )


def _marks(paths: tuple[Path, ...]) -> dict[Path, tuple[int, int]]:
    """Return what tells each path from another one of the same name: nothing of its content for a folder."""
    marks = {}
    for path in paths:
        try:
            found = path.stat()
        except OSError:
            marks[path] = (0, 0)
        else:
            marks[path] = (found.st_ino, 0 if stat.S_ISDIR(found.st_mode) else found.st_mtime_ns)
    return marks
