"""What is run before functions can be loaded: from their tables to builds."""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Final

from edgerun.config import globs, raw
from edgerun.config.bench import Bench
from edgerun.config.handlers import SUFFIXES
from edgerun.config.read import is_file
from edgerun.functions import bootstraps
from edgerun.functions.function import Function
from edgerun.values import value

_MAP: Final = ".map"


@value
class Build:
    """A command that writes the code of functions, and the files that it reads.

    Attributes:
        functions: whose code it writes, by name.
        command: for the shell; "" if there is none, and the functions are only loaded anew.
        folder: where it runs: that of the configuration.
        watch: absolute patterns of the files whose change runs it again.
        apart: absolute patterns of files that never do, though `watch` means them.
        outputs: the file of each function's handler.
    """

    functions: tuple[str, ...]
    command: str
    folder: str
    watch: tuple[str, ...]
    apart: tuple[str, ...]
    outputs: tuple[str, ...]

    def reads(self, path: str) -> bool:
        """Tell whether the change of a file runs it again."""
        return any(globs.matches(pattern, path) for pattern in self.watch) and not any(
            globs.matches(pattern, path) for pattern in self.apart
        )

    def plus(self, other: "Build") -> "Build":
        """Return one build for two of the same command."""
        return Build(
            functions=(*self.functions, *other.functions),
            command=self.command,
            folder=self.folder,
            watch=tuple(dict.fromkeys((*self.watch, *other.watch))),
            apart=tuple(dict.fromkeys((*self.apart, *other.apart))),
            outputs=tuple(dict.fromkeys((*self.outputs, *other.outputs))),
        )


def builds(
    tables: Mapping[str, raw.FunctionTable], made: Mapping[str, Function], sites: Iterable[Path], bench: Bench
) -> tuple[Build, ...]:
    """Return the builds of a configuration; functions with the same command share one.

    Args:
        tables: functions as they are written.
        made: functions by name.
        sites: folders that are served: what is in them is no source unless a pattern says so.
        bench: the workbench.
    """
    found: dict[str, Build] = {}
    for name, function in made.items():
        table = tables[name]
        if table.build or table.watch is not None:
            build = _build(name, table, function, tuple(sites), bench)
            known = found.get(build.command) if build.command else None
            found[build.command or f"\0{name}"] = build if known is None else known.plus(build)
    return tuple(found.values())


def _build(name: str, table: raw.FunctionTable, function: Function, sites: tuple[Path, ...], bench: Bench) -> Build:
    output = handler_file(function, table)
    written = [str(output), f"{output}{_MAP}"] if table.build else []
    if table.watch is not None:
        watch = tuple(globs.absolute(pattern, str(bench.base)) for pattern in table.watch)
        return _made(name, table, watch, written, str(output), bench)
    base = bench.path(table.root) if table.root is not None else bench.base
    below = [folder for folder in (output.parent, *sites) if folder != base and folder.is_relative_to(base)]
    apart = [*written, f"{base}/**/node_modules/**", *map(str, below)]
    return _made(name, table, (f"{base}/**",), apart, str(output), bench)


def _made(
    name: str, table: raw.FunctionTable, watch: tuple[str, ...], apart: list[str], output: str, bench: Bench
) -> Build:
    return Build(
        functions=(name,),
        command=table.build,
        folder=str(bench.base),
        watch=watch,
        apart=tuple(apart),
        outputs=(output,) if table.build else (),
    )


def handler_file(function: Function, table: raw.FunctionTable) -> Path:
    """Return the file of a function's handler, which need not exist yet."""
    if function.runtime in bootstraps.RUNTIMES:
        return Path(function.root, bootstraps.NAME)
    module = Path(function.root, function.handler.rpartition(".")[0])
    written = PurePath(table.handler.rpartition(":")[0] or table.handler).suffix
    if written in SUFFIXES:
        return module.with_name(module.name + written)
    usual = ".py" if function.runtime == "python" else ".js"
    places = [module.with_name(module.name + suffix) for suffix in (usual, *SUFFIXES)]
    return next((place for place in places if is_file(place)), places[0])
