"""Runs builds: before functions are first loaded, and again when what a build reads was changed."""

import asyncio
import hashlib
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from edgerun.config.builds import Build
from edgerun.errors import ConfigError
from edgerun.programs import Program, ending

LONG_SECONDS: Final = 30.0
LARGEST_READ: Final = 8 * 1024 * 1024

Tell = Callable[[str, str], None]
"""Says something: the text, and the level of a note."""


async def run(build: Build, tell: Tell) -> None:
    """Run one build to its end; if cancelled, the program is ended.

    Raises:
        ConfigError: it failed, or did not write a handler's file.
    """
    names = _names(build)

    def on_line(line: str) -> None:
        if line.strip():
            tell(f"build {names}: {line}", "output")

    begun = time.monotonic()
    try:
        program = await Program.start(
            ["/bin/sh", "-c", build.command], cwd=Path(build.folder), environment=_variables(build), on_line=on_line
        )
    except OSError as error:
        raise ConfigError(f"build of {names} cannot be started: {error}") from error
    long = asyncio.get_running_loop().call_later(LONG_SECONDS, tell, _runs_long(build), "warning")
    try:
        status = await program.wait()
    finally:
        long.cancel()
        await program.stop()
    if status:
        raise ConfigError(f"build of {names} {ending(status)}: {build.command}")
    if missing := _missing(build):
        raise ConfigError(f"build of {names} wrote no {missing}, where a handler should be: {build.command}")
    tell(f"built: {names} in {(time.monotonic() - begun) * 1000:.0f} ms", "info")


async def run_all(builds: Iterable[Build], tell: Tell) -> None:
    """Run builds one after the other.

    Raises:
        ConfigError: one failed; those after it were not run.
    """
    for build in builds:
        if build.command:
            await run(build, tell)


class Builder:
    """Runs builds beside the server, each at most once at a time; a change while it runs begins it anew.

    Attributes:
        failed: the functions whose last build failed.
    """

    def __init__(self, tell: Tell, on_end: Callable[[Build, ConfigError | None], Awaitable[None]]) -> None:
        self.failed: set[str] = set()
        self._tell = tell
        self._on_end = on_end
        self._running: dict[Build, asyncio.Task[None]] = {}
        self._seen: dict[str, bytes] = {}

    def takes(self, builds: Iterable[Build], changed: Iterable[str]) -> list[Build]:
        """Return the builds that changed files concern; a file saved as it was concerns none."""
        differing = {path for path in changed if self._differs(path, builds)}
        return [build for build in builds if any(build.reads(path) for path in differing)]

    def start(self, build: Build) -> None:
        """Run a build, or run it anew."""
        if (task := self._running.get(build)) is not None:
            task.cancel()
        self._running[build] = asyncio.create_task(self._run(build, after=task))

    def is_building(self, name: str) -> bool:
        """Tell whether the code of a function is being written."""
        return any(name in build.functions for build in self._running)

    def keep(self, builds: Iterable[Build]) -> None:
        """End all builds but these."""
        known = set(builds)
        for build, task in self._running.items():
            if build not in known:
                task.cancel()
        self.failed &= {name for build in known for name in build.functions}

    async def aclose(self) -> None:
        """End every build."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, build: Build, after: asyncio.Task[None] | None) -> None:
        error: ConfigError | None = None
        try:
            if after is not None:
                await asyncio.wait((after,))
            await run(build, self._tell)
        except ConfigError as failure:
            error = failure
        finally:
            if self._running.get(build) is asyncio.current_task():
                del self._running[build]
        self.failed -= set(build.functions)
        if error is not None:
            self.failed |= set(build.functions)
        await self._on_end(build, error)

    def _differs(self, path: str, builds: Iterable[Build]) -> bool:
        if not any(build.reads(path) for build in builds):
            return False
        now = _digest(path)
        return self._seen.get(path) != now and self._seen.update({path: now}) is None


def _missing(build: Build) -> str:
    """Return a handler's file that is not there, relative to the build's folder, or nothing."""
    missing = (output for output in build.outputs if not Path(output).is_file())
    return next((os.path.relpath(output, build.folder) for output in missing), "")


def _names(build: Build) -> str:
    return ", ".join(build.functions)


def _runs_long(build: Build) -> str:
    return f"build of {_names(build)} still runs after {LONG_SECONDS:.0f} s: it has to end by itself (no --watch)"


def _variables(build: Build) -> dict[str, str]:
    """Return the PATH as npm has it for scripts: programs of the packages beside come first."""
    folders = [str(folder / "node_modules" / ".bin") for folder in (Path(build.folder), *Path(build.folder).parents)]
    return {"PATH": os.pathsep.join((*folders, os.environ.get("PATH", os.defpath)))}


def _digest(path: str) -> bytes:
    """Return what tells one content from another; of a large file, its size and time."""
    with suppress(OSError):
        found = Path(path).stat()
        if Path(path).is_dir():
            return "\0".join(sorted(os.listdir(path))).encode("utf-8", "surrogateescape")  # noqa: PTH208
        if found.st_size > LARGEST_READ:
            return f"{found.st_size} {found.st_mtime_ns}".encode()
        return hashlib.blake2b(Path(path).read_bytes()).digest()
    return b""
