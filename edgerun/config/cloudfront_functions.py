"""CloudFront Functions: which tables mean one, their stores, and where they may run."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Final

from edgerun.config import names, raw
from edgerun.config.bench import Bench
from edgerun.config.faults import Key, shown
from edgerun.config.read import is_file, neighbour
from edgerun.distribution.model import Association, Point, is_cloudfront
from edgerun.errors import ConfigError
from edgerun.functions.function import Function

SUFFIX: Final = ".js"
ENTRY: Final = "handler"
OLD: Final = "cloudfront-js-1.0"
CURRENT: Final = "cloudfront-js-2.0"
FUNCTIONS_PER_STORE: Final = 10
VIEWER_POINTS: Final = (Point.VIEWER_REQUEST, Point.VIEWER_RESPONSE)

_LAMBDAS: Final = ("root", "timeout", "memory", "concurrency", "environment", "python")
# A file that exports nothing is no use to Node. One with a handler at its top that speaks of the parts of CloudFront
# Functions' events, and not of Lambda's records, is what CloudFront runs.
_LAMBDA: Final = re.compile(r"\bexports?\b|\bmodule\b|\bRecords\b")
_EVENT: Final = re.compile(r"\.\s*(?:request|response|viewer)\b|\bstatusCode\b|\bfrom\s*['\"]cloudfront['\"]")
_HANDLER: Final = re.compile(r"^(?:async\s+)?function\s+handler\b|^(?:var|let|const)\s+handler\b", re.MULTILINE)


def runtime_meant(table: raw.FunctionTable, bench: Bench) -> str:
    """Return the runtime of a table that means a CloudFront Function, "" if it means one of Lambda's.

    Without `runtime`, a `.js` file without `:NAME` can only be meant so if it has a handler for such events and exports
    nothing. What is still to be built tells nothing, so one with `build` has to say its runtime.
    """
    if table.runtime is not None:
        return table.runtime if table.runtime in (OLD, CURRENT) else ""
    file = bench.path(table.handler)
    if table.build or not table.handler.endswith(SUFFIX) or not is_file(file):
        return ""
    try:
        code = file.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
    meant = _HANDLER.search(code) and _EVENT.search(code) and not _LAMBDA.search(code)
    return CURRENT if meant else ""


def cloudfront_function(
    key: Key, name: str, table: raw.FunctionTable, runtime: str, stores: Mapping[str, Path | None], bench: Bench
) -> Function | None:
    """Return a CloudFront Function, or None if its file is not there."""
    for word in _LAMBDAS:
        if word in table.model_fields_set:
            bench.fault((*key, word), f"a CloudFront Function has no {word!r}: that is Lambda's")
    file = _file((*key, "handler"), table, bench)
    store = None
    if table.key_value_store is not None:
        place = (*key, "key_value_store")
        if runtime == OLD:
            bench.fault(place, f"{OLD} knows no key-value store: use {CURRENT}")
        if bench.named(place, table.key_value_store, "a key-value store", stores):
            store = stores[table.key_value_store]
    if file is None:
        return None
    return Function(
        name=name,
        root=str(file.parent),
        handler=f"{file.stem}.{ENTRY}",
        runtime=runtime,
        deployed_as=name,
        key_value_store=store,
    )


def _file(place: Key, table: raw.FunctionTable, bench: Bench) -> Path | None:
    written, colon, entry = table.handler.rpartition(":")
    if not colon:
        written, entry = table.handler, ENTRY
    file = bench.path(written)
    if not is_file(file) and not table.build:
        bench.fault(place, f"there is no file {shown(written)}{neighbour(file, suffixes=(SUFFIX,))}")
        return None
    if PurePath(written).suffix != SUFFIX:
        bench.fault(place, f"expected a file that ends in {SUFFIX}, got {shown(written)}")
        return None
    if entry != ENTRY:
        bench.fault(place, f"CloudFront calls the function {ENTRY!r} of the file, not {shown(entry)}")
    return file


def key_value_stores(tables: Mapping[str, raw.KeyValueStoreTable], bench: Bench) -> dict[str, Path | None]:
    """Return the files of the key-value stores by name, None where one is not there or cannot be used."""
    return {name: _store(("key_value_stores", name), name, table, bench) for name, table in tables.items()}


def _store(key: Key, name: str, table: raw.KeyValueStoreTable, bench: Bench) -> Path | None:
    bench.fault(key, names.store_name(name))
    file = bench.path(table.file)
    if not is_file(file):
        bench.fault((*key, "file"), f"there is no file {shown(table.file)}{neighbour(file, suffixes=('.json',))}")
        return None
    from edgerun.functions.cloudfront_js_parts.store import read_store  # noqa: PLC0415  # only where there is one

    try:
        read_store(file)
    except ConfigError as error:
        for line in str(error).splitlines():
            bench.fault((*key, "file"), line)
        return None
    return file


def check_association(place: Key, point: Point, function: Function, include_body: bool, bench: Bench) -> None:
    """Check where one CloudFront Function is to run."""
    if not is_cloudfront(function):
        return
    if point not in VIEWER_POINTS:
        bench.fault(
            place, f"{function.name!r} is a CloudFront Function, which runs at viewer-request and viewer-response only"
        )
    if include_body:
        bench.fault(place, f"{function.name!r} is a CloudFront Function, which never sees the body: no include_body")


def check_kinds(key: Key, uses: Mapping[Point, Association | None], bench: Bench) -> None:
    """Check that the two viewer points do not have one kind of function each (§1)."""
    found = {point: use for point in VIEWER_POINTS if (use := uses[point]) is not None}
    if len({use.of_cloudfront for use in found.values()}) > 1:
        light = next(use.function.name for use in found.values() if use.of_cloudfront)
        bench.fault(
            (*key, "viewer_response"),
            f"{light!r} is a CloudFront Function: CloudFront refuses it beside one of Lambda@Edge at the other viewer "
            "point of the same behavior",
        )


def check_stores(tables: Mapping[str, raw.FunctionTable], bench: Bench) -> None:
    """Note stores that more functions share than CloudFront allows."""
    used = [table.key_value_store for table in tables.values() if table.key_value_store is not None]
    for name in dict.fromkeys(used):
        if used.count(name) > FUNCTIONS_PER_STORE:
            bench.note(("key_value_stores", name), f"CloudFront's quota is {FUNCTIONS_PER_STORE} functions per store")
