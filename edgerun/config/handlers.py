"""Functions: from tables to values, their files found."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Final

from edgerun.config import custom, names, raw
from edgerun.config.bench import Bench, frozen
from edgerun.config.cloudfront_functions import check_stores, cloudfront_function, runtime_meant
from edgerun.config.faults import Key, shown
from edgerun.config.function_origins import check_timeout
from edgerun.config.read import is_file, is_folder, neighbour
from edgerun.functions.bootstraps import RUNTIMES
from edgerun.functions.function import Function

SUFFIXES: Final = {".py": "python", ".js": "nodejs", ".mjs": "nodejs", ".cjs": "nodejs"}
DEFAULT_NAME: Final = "handler"
ARN: Final = "arn:aws:lambda:us-east-1:123456789012:function:{}:1"

_TYPED: Final = frozenset({".ts", ".tsx", ".mts", ".cts"})
_TYPED_ADVICE: Final = "give a 'build' that makes JavaScript of it, and as handler the file that it writes"

_NAME: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def functions(
    tables: Mapping[str, raw.FunctionTable],
    stores: Mapping[str, Path | None],
    bench: Bench,
    served: frozenset[str] = frozenset(),
) -> dict[str, Function]:
    """Return the functions that could be made, by name.

    Args:
        tables: theirs.
        stores: the files of the key-value stores.
        bench: where faults go.
        served: the names of those that are origins: what Lambda@Edge lacks and Lambda has is theirs.
    """
    for name in tables.keys() - served:
        check_timeout(("functions", name, "timeout"), tables[name].timeout, bench)
    made = {name: _function(name, table, stores, bench, origin=name in served) for name, table in tables.items()}
    check_stores(tables, bench)
    return {name: function for name, function in made.items() if function is not None}


def _function(
    name: str, table: raw.FunctionTable, stores: Mapping[str, Path | None], bench: Bench, *, origin: bool
) -> Function | None:
    key = ("functions", name)
    bench.fault(key, names.function_name(name))
    light = runtime_meant(table, bench)
    if light:
        return cloudfront_function(key, name, table, light, stores, bench)
    if table.key_value_store is not None:
        bench.fault((*key, "key_value_store"), "only a CloudFront Function has a key-value store")
    _check_environment(key, name, table, bench, origin=origin)
    root = _root(key, table, bench)
    runtime = table.runtime or custom.inferred(table.handler)
    found = custom.found(key, table, root, bench) if runtime in RUNTIMES else _found(key, table, root, bench)
    if found is None:
        return None
    place, handler, runtime = found
    return Function(
        name=name,
        root=str(place),
        handler=handler,
        runtime=runtime,
        timeout=float(table.timeout),
        memory=table.memory,
        concurrency=table.concurrency,
        environment=frozen(table.environment),
        python=_interpreter(key, table, runtime, bench),
        # AWS: replicas carry the prefix in every Region (lambda-at-edge.md §10.3)
        deployed_as="" if origin else f"us-east-1.{name}",
    )


def _found(key: Key, table: raw.FunctionTable, root: Path | None, bench: Bench) -> tuple[Path, str, str] | None:
    """Return root, handler and runtime of a function whose runtime is edgerun's."""
    found = _find(key, table, root, bench)
    if found is None:
        return None
    file, entry = found
    root = root or file.parent
    runtime = _runtime(key, table, file, bench)
    return root, f"{_module(key, file, root, runtime, bench)}.{entry}", runtime


def _check_environment(key: Key, name: str, table: raw.FunctionTable, bench: Bench, *, origin: bool) -> None:
    if not table.environment:
        return
    place = (*key, "environment")
    # AWS: spec/lambda-at-edge.md §9.7
    arn = ARN.format(name)
    text = f"The function cannot have environment variables. Function: {arn}"
    if bench.strictness != "lenient" and not origin:
        bench.fault(place, text)
    elif not origin:
        bench.note(place, f"forgiven: {text}")
    for word, value in table.environment.items():
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", word) or "\0" in value:
            bench.fault((*place, word), "is not a variable that Lambda allows")


def _root(key: Key, table: raw.FunctionTable, bench: Bench) -> Path | None:
    if table.root is None:
        return None
    root = bench.path(table.root)
    if not is_folder(root) and not table.build:
        bench.fault((*key, "root"), f"there is no folder {shown(table.root)}{neighbour(root, folders=True)}")
    return root


def _find(key: Key, table: raw.FunctionTable, root: Path | None, bench: Bench) -> tuple[Path, str] | None:
    """Return the handler's file and the name in it."""
    place = (*key, "handler")
    written, colon, entry = table.handler.rpartition(":")
    if not colon:
        written, entry = table.handler, DEFAULT_NAME
        if PurePath(written).suffix not in SUFFIXES and not is_file(bench.path(written)):
            return _find_module(place, table, root, bench)
    if not written or not _NAME.fullmatch(entry):
        bench.fault(place, f"expected FILE:NAME, such as 'functions/auth.py:handler', got {shown(table.handler)}")
        return None
    file = bench.path(written)
    if not is_file(file) and not table.build:
        bench.fault(place, f"there is no file {shown(written)}{neighbour(file, suffixes=SUFFIXES)}")
        return None
    return file, entry


def _find_module(place: Key, table: raw.FunctionTable, root: Path | None, bench: Bench) -> tuple[Path, str] | None:
    """Find a handler in AWS's form, `module.name`, below its root; one that is built needs its runtime said."""
    handler = table.handler
    module, _, entry = handler.rpartition(".")
    if root is None or not module or not _NAME.fullmatch(entry):
        expected = "expected FILE:NAME, such as 'functions/auth.py:handler', or MODULE.NAME together with 'root'"
        bench.fault(place, f"{expected}, got {shown(handler)}")
        return None
    for suffix in SUFFIXES:
        file = bench.path(str(root / f"{module}{suffix}"))
        if is_file(file):
            return file, entry
    if table.build:
        suffix = next((suffix for suffix in SUFFIXES if SUFFIXES[suffix] == table.runtime), "")
        return bench.path(str(root / f"{module}{suffix}")), entry
    bench.fault(place, f"there is no module {shown(module)} in {shown(_short(root, bench))}")
    return None


def _short(path: Path, bench: Bench) -> str:
    """Return a path as the file would write it."""
    return str(path.relative_to(bench.base)) if path.is_relative_to(bench.base) else str(path)


def _runtime(key: Key, table: raw.FunctionTable, file: Path, bench: Bench) -> str:
    inferred = SUFFIXES.get(file.suffix)
    if inferred is None and table.runtime is None:
        advice = _TYPED_ADVICE if file.suffix in _TYPED else "say 'python' or 'nodejs'"
        bench.fault((*key, "runtime"), f"cannot be told from {shown(file.name)}: {advice}")
    if inferred is not None and table.runtime not in {None, inferred}:
        bench.fault((*key, "runtime"), f"{table.runtime} does not run {shown(file.name)}")
    return table.runtime or inferred or ""


def _module(key: Key, file: Path, root: Path, runtime: str, bench: Bench) -> str:
    """Return the module part of the handler, as Lambda writes it."""
    place = (*key, "handler")
    if not file.is_relative_to(root):
        bench.fault(place, f"{shown(file.name)} is not inside root, {shown(_short(root, bench))}")
        return file.stem
    module = file.relative_to(root).with_suffix("").as_posix()
    if "." in (module if runtime == "python" else file.stem):
        bench.fault(place, f"Lambda cannot load {shown(file.name)}: its name holds a dot")
    if runtime == "nodejs":
        _check_siblings(place, file, bench)
    return module


def _check_siblings(place: Key, file: Path, bench: Bench) -> None:
    order = (".js", ".mjs", ".cjs")
    earlier = order[: order.index(file.suffix)] if file.suffix in order else ()
    for suffix in earlier:
        if is_file(file.with_suffix(suffix)):
            first = file.with_suffix(suffix).name
            bench.fault(place, f"Lambda would load {shown(first)}, which stands beside {shown(file.name)}")


def _interpreter(key: Key, table: raw.FunctionTable, runtime: str, bench: Bench) -> str:
    if not table.python:
        return ""
    place = (*key, "python")
    if runtime != "python":
        bench.fault(place, "only a Python function has an interpreter")
    path = bench.path(table.python)
    if is_file(path):
        return str(path)
    found = _on_path(table.python)
    if found is None:
        bench.fault(place, f"there is no interpreter {shown(table.python)}")
    return found or ""


def _on_path(command: str) -> str | None:
    return shutil.which(command) if re.fullmatch(r"[A-Za-z0-9_.-]+", command) else None
