"""Reload on save: functions, configuration and sites, without dropping a request."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from edgerun.app import Edge
from edgerun.builder import Builder, run_all
from edgerun.config.builds import Build
from edgerun.config.globs import fixed_part
from edgerun.config.load import Loaded
from edgerun.config.revise import with_functions
from edgerun.distribution.model import Config, is_cloudfront
from edgerun.distribution.origins import DirectoryOrigin
from edgerun.errors import ConfigError, EdgerunError, FunctionError, FunctionExecutionError
from edgerun.functions.advice import advice
from edgerun.functions.function import Function
from edgerun.functions.loads import Loads, Modules
from edgerun.observe.console import frames
from edgerun.observe.events import Noted, Reloaded
from edgerun.saves import Folders, Mark, mark, marks, saves

SAVES_REMEMBERED: Final = 1000
# What programs write while they run, such as `edgerun dev > dev.log`: taken for code, a function that does not load
# would be started for ever, by the words about its own failure.
_WRITTEN: Final = frozenset({".log", ".out"})


class Watcher:
    """Takes over what was saved, or keeps the last good revision and says so.

    A function is changed by a save of a file that it has loaded; as long as it has loaded none, or its last save
    does not start, by one of any file below its root. It is started once before it replaces the one that runs, so
    that a file with a syntax error never answers a viewer. One that was never called is only started when its own
    file is saved.
    """

    def __init__(self, edge: Edge, load: Callable[[], Loaded], loaded: Loaded, loads: Loads) -> None:
        self._edge = edge
        self._load = load
        self._loaded = loaded
        self._loads = loads
        self._seen = marks(loaded.watch)
        self._revision = 1
        self._broken: set[str] = set()
        self._begun_with: dict[str, dict[str, Mark]] = {}
        self._files: dict[str, Mark] = {}
        self._saved: dict[str, float] = {}
        self._late: set[Path] = set()
        self._stop = asyncio.Event()
        self._covered = Folders(loaded.watch)
        self._taking = asyncio.Lock()
        self._starting: set[asyncio.Task[None]] = set()
        self._coming: dict[str, Function] = {}
        self._builder = Builder(self._note, self._built)
        loads.on_news = self._news

    async def build(self) -> None:
        """Run all builds, before anything is loaded; where one fails, what it wrote before is served."""
        for build in self._loaded.builds:
            try:
                await run_all([build], self._note)
            except ConfigError as error:
                self._builder.failed |= set(build.functions)
                self._note(str(error), "error")
        self._seen = marks(self._watched())

    async def run(self) -> None:
        """Watch until cancelled; what is watched follows the configuration, and what functions load elsewhere."""
        try:
            await self._run()
        finally:
            for task in self._starting:
                task.cancel()
            await self._builder.aclose()

    async def _run(self) -> None:
        replaced: set[Path] = set()
        while True:
            watched = self._watched()
            self._covered = Folders(watched)
            self._seen = {**marks(watched), **self._seen}
            self._stop = asyncio.Event()
            if self._late:
                await self.take(set())
            with suppress(FileNotFoundError):  # gone again since it was seen: look anew
                async for changes in saves(watched, self._stop, self._is_loaded):
                    await self._invalidate_below(replaced)  # what was saved while the new watch was being set up
                    # The system watches inodes: a folder built anew, or a file that an editor put in the place of
                    # the old one, has to be found by its name and watched from the start.
                    now = marks(watched)
                    replaced = {path for path in watched if now[path] != self._seen[path]}
                    self._seen = now
                    if changed := replaced | self._unnoticed() | changes:
                        await self.take(changed)
                    if replaced or self._watched() != watched:
                        self._stop.set()

    async def take(self, changed: set[Path]) -> None:
        """Take over a set of saved files."""
        changed, self._late = changed | self._late, set()
        async with self._taking:
            try:
                stores = changed & self._stores()
                config = {path for path in self._loaded.watch if path not in stores and path.is_file()}
                if not changed.isdisjoint({self._loaded.path, *config}):
                    await self._take_config()
                self._take_stores(stores)
                self._take_functions(changed)
                await self._take_sites(changed)
            except (EdgerunError, OSError) as error:
                self._failed(error)

    def _not_reloaded(self, function: Function, error: Exception) -> None:
        version, now = function.version, self._edge.clock()
        self._edge.emit(Reloaded(function=function.name, version=version, at=now, error=error))

    def _failed(self, error: Exception, names: Iterable[str] = ()) -> None:
        self._note("\n".join((*_words(error, names), "not taken over: the last good revision keeps serving")), "error")

    async def _take_config(self) -> None:
        loaded = await asyncio.to_thread(self._load)
        fresh = [build for build in loaded.builds if build not in self._loaded.builds]
        await run_all(fresh, self._note)
        before = self._edge.config.functions.keys()
        await self._edge.revise(self._revised(loaded.config, dict(self._current_versions())))
        self._loaded = loaded
        self._builder.keep(loaded.builds)
        self._keep_loads()
        self._note(f"{loaded.path.name} reloaded{await self._invalidated()}")
        self._replace(before & {name for build in fresh for name in build.functions}, set())

    def _take_functions(self, changed: set[Path]) -> None:
        self._remember(changed)
        builds = self._builder.takes(self._loaded.builds, {str(path) for path in changed})
        for build in builds:
            if build.command:
                self._builder.start(build)
        functions = self._edge.config.functions
        asked = {name for build in builds if not build.command for name in build.functions}
        old = {name for name in functions if any(self._concerns(path, functions[name]) for path in changed)}
        self._replace(asked | {name for name in old if self._matters(functions[name], changed)}, changed)

    async def _built(self, build: Build, error: ConfigError | None) -> None:
        """Take over what a build wrote."""
        async with self._taking:
            names = {name for name in build.functions if not self._builder.is_building(name)}
            names &= self._edge.config.functions.keys()
            if error is None:
                self._replace(names, set())
            else:
                for name in names:
                    self._edge.hold(self._edge.config.functions[name])
                    self._not_reloaded(self._edge.config.functions[name], error)
                self._failed(error)

    def _replace(self, names: AbstractSet[str], changed: set[Path]) -> None:
        """Start new revisions of functions; each takes the place of the old one as soon as it runs itself.

        Those of one module change together, so that no request meets one half old and the other new.
        """
        if not names:
            return
        self._revision += 1
        modules: dict[Path, list[Function]] = {}
        for name, function in self._edge.config.functions.items():
            if name in names:
                self._begun_with[name] = self._marks_of(function, changed)
                self._coming[name] = fresh = replace(function, version=str(self._revision))
                modules.setdefault(_module(function), []).append(fresh)
        for together in modules.values():
            self._behind(self._renew(together))

    async def _renew(self, together: list[Function]) -> None:
        errors = await asyncio.gather(*(self._start(fresh) for fresh in together))
        async with self._taking:
            functions, started = self._edge.config.functions, []
            failed: dict[str, list[FunctionError]] = {}  # what a module's functions have in common is told once
            for fresh, error in zip(together, errors, strict=True):
                if self._coming.get(fresh.name) is not fresh or fresh.name not in functions:
                    self._edge.drop(fresh)  # it was saved again meanwhile, or is no longer configured
                    continue
                del self._coming[fresh.name]
                if error is None:
                    started.append(fresh)
                    continue
                self._broken.add(fresh.name)
                self._edge.hold(functions[fresh.name], broken=fresh)
                self._not_reloaded(functions[fresh.name], error)
                failed.setdefault(str(error), []).append(error)
            for alike in failed.values():
                self._failed(alike[0], [each.function for each in alike])
            try:
                await self._swap(started)
            except (EdgerunError, OSError) as failure:
                self._failed(failure)

    async def _start(self, fresh: Function) -> FunctionError | None:
        """Start a revision, and return what kept it from starting."""
        if fresh.debugger is not None:
            return None  # its port has to be free before: the old one goes first
        try:
            await self._edge.warm(fresh)
        except FunctionError as error:
            return error
        return None

    async def _swap(self, started: list[Function]) -> None:
        """Let revisions that run take the place of the old ones."""
        if not started:
            return
        names = {fresh.name for fresh in started}
        versions = dict(self._current_versions()) | {fresh.name: fresh.version for fresh in started}
        await self._edge.revise(self._revised(self._edge.config, versions))
        for fresh in started:
            if fresh != self._edge.config.functions[fresh.name]:
                self._edge.drop(fresh)  # its settings were saved while it started
            if fresh.debugger is None:
                self._broken.discard(fresh.name)
        self._keep_loads()
        self.start_debugged(names)
        # What functions on the origin's side made is in the cache; those on the viewer's side run on every request.
        cached = await self._invalidated() if names & self._on_the_origins_side() else ""
        for fresh in started:
            self._edge.emit(Reloaded(function=fresh.name, version=fresh.version, at=self._edge.clock()))
        self._note(f"reloaded: {', '.join(sorted(names))}{cached}")

    def _keep_loads(self) -> None:
        self._loads.keep((*self._edge.config.functions.values(), *self._coming.values()))

    def _behind(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something that nobody waits for, until the end at the latest."""
        task = asyncio.create_task(work)
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    def start_debugged(self, names: AbstractSet[str]) -> None:
        """Start those functions that are to be debugged, so that their debuggers listen; do not wait for them.

        They may wait themselves, for somebody to attach, or for the port of the environment before.
        """
        for name, function in self._edge.config.functions.items():
            if name in names and function.debugger is not None:
                self._behind(self._started(function))

    async def _started(self, function: Function) -> None:
        try:
            await self._edge.warm(function)
            self._broken.discard(function.name)
        except FunctionError as error:
            self._broken.add(function.name)
            self._not_reloaded(function, error)
            self._note("\n".join(_words(error)), "error")

    def _stores(self) -> set[Path]:
        """Return the files of the key-value stores in use."""
        functions = self._edge.config.functions.values()
        return {function.key_value_store for function in functions if function.key_value_store is not None}

    def _take_stores(self, saved: set[Path]) -> None:
        """Say what becomes of saved key-value stores: their functions read them anew by themselves."""
        if not saved:
            return
        from edgerun.functions.cloudfront_js_parts.store import read_store  # noqa: PLC0415  # only where there is one

        for path in sorted(saved):
            read_store(path)
            self._note(f"{path.name} reloaded")

    async def _take_sites(self, changed: set[Path]) -> None:
        sites = [Path(o.directory) for o in self._edge.config.origins.values() if isinstance(o, DirectoryOrigin)]
        if any(path.is_relative_to(site) for path in changed for site in sites):
            self._note(f"site changed{await self._invalidated()}")

    # -- whose a file is

    def _concerns(self, path: Path, function: Function) -> bool:
        """Tell whether a save makes the code of a function old, that has not been started with it already."""
        if function.name in self._builder.failed or self._builder.is_building(function.name):
            return False
        built = any(build.command and function.name in build.functions for build in self._loaded.builds)
        if path == Path(function.root):
            return not built  # otherwise the end of its build counts
        begun_with = self._begun_with.get(function.name, {})
        modules = self._modules(function)
        if path.is_dir():  # moved here, with all that is in it
            within = [file for file in modules.files if Path(file).is_relative_to(path)] if modules else []
            return any(mark(file) != begun_with.get(file, self._files.get(file)) for file in within)
        if begun_with.get(str(path)) == mark(path):
            return False
        unknown = modules is None or function.name in self._broken
        if unknown and not built and path.suffix not in _WRITTEN and path.is_relative_to(function.root):
            return True
        return modules is not None and any(modules.made_old_by(name) for name in {str(path), os.path.realpath(path)})

    def _matters(self, function: Function, changed: set[Path]) -> bool:
        """Tell whether to start a function whose code may be old: one that never ran will be new when it is called.

        Only what was saved itself is tried at once, so that its author hears of a mistake.
        """
        if function.name in self._broken or function.name in self._coming or is_cloudfront(function):
            return True
        module = _module(function)
        own = {module, module.parent / module.name.replace(".", "/")}  # as Node and Python mean it
        saved = {path.parent if path.stem == "__init__" else path.with_suffix("") for path in changed}
        return bool(own & saved) or any(pool.function == function for pool in self._edge.pools())

    def _modules(self, function: Function) -> Modules | None:
        """Return what a function has loaded; a CloudFront Function is one file."""
        if is_cloudfront(function):
            file = Path(function.root, function.handler.rpartition(".")[0] + ".js")
            return Modules(files=frozenset({str(file), os.path.realpath(file)}))
        return self._loads.of(function)

    def _marks_of(self, function: Function, changed: set[Path]) -> dict[str, Mark]:
        modules = self._modules(function) or Modules(files=frozenset())
        return {name: mark(name) for name in (*modules.files, *map(str, changed))}

    def _is_loaded(self, path: str) -> bool:
        return path in self._files

    def _watched(self) -> tuple[Path, ...]:
        """Return what the configuration names, what builds read, and loaded files from elsewhere."""
        patterns = [pattern for build in self._loaded.builds for pattern in build.watch]
        sources = [Path(fixed_part(pattern)) for pattern in patterns]
        covered = Folders((*self._loaded.watch, *sources))
        elsewhere = sorted(Path(file) for file in self._loads.files() if file not in covered)
        return tuple(dict.fromkeys((*self._loaded.watch, *sources, *elsewhere)))

    def _unnoticed(self) -> set[Path]:
        """Return loaded files that are others than when they were last looked at."""
        loaded = self._loads.files()
        now = {file: mark(file) for file in loaded}
        changed = {Path(file) for file, was in self._files.items() if file in loaded and now[file] != was}
        self._files = now
        return changed

    def _news(self, _function: Function, files: frozenset[str], since: float) -> None:
        """Hear what was loaded: it may have been saved since."""
        for file in files:
            self._files.setdefault(file, mark(file))
        self._late |= {Path(file) for file in files if self._saved.get(file, 0.0) > since}
        if self._late or not all(file in self._covered for file in files):
            self._stop.set()

    def _remember(self, changed: set[Path]) -> None:
        if len(self._saved) > SAVES_REMEMBERED:
            self._saved.clear()
        now = asyncio.get_running_loop().time()
        self._saved.update({name: now for path in changed for name in (str(path), os.path.realpath(path))})

    async def _invalidate_below(self, folders: set[Path]) -> None:
        if folders - self._stores() - {self._loaded.path}:
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


def _module(function: Function) -> Path:
    return Path(function.root, function.handler.rpartition(".")[0])


def _words(error: Exception, names: Iterable[str] = ()) -> list[str]:
    if isinstance(error, FunctionExecutionError):
        todo = advice(error.error_type)
        told = f"{', '.join(names) or error.function}: {error}"
        return [told, *frames(error), *([f"fix    {todo}"] if todo else [])]
    return str(error).splitlines()
