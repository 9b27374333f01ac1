"""Serving a folder without a configuration."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from edgerun.config.build import any_free_port, build
from edgerun.config.faults import Key, Source
from edgerun.config.overrides import Loaded, Overrides, checked_country, checked_strictness, overridden
from edgerun.config.read import display_name, is_file, is_folder
from edgerun.distribution.model import Point
from edgerun.errors import ConfigError
from edgerun.functions import bootstraps

ORIGIN: Final = "site"
POLICY: Final = "CachingOptimized"
ROOT_OBJECT: Final = "index.html"
NOTE: Final = (
    f"the cache policy is {POLICY}, as CloudFront recommends it: a file that does not say otherwise by Cache-Control "
    "is kept for a day, or until it is purged"
)


def zero_config(
    folder: Path,
    functions: Mapping[Point, str],
    overrides: Overrides | None = None,
    *,
    free_port: Callable[[], int] = any_free_port,
) -> Loaded:
    """Return a configuration that serves one folder as an S3-style bucket.

    Args:
        folder: what is served; `/` is its `index.html` if there is one.
        functions: a handler for some of the points, `auth.py:handler`; relative to the working directory.
        overrides: what flags say; the origin's name is `site`.
        free_port: gives a port for an origin whose URL says `{port}`.

    Raises:
        ConfigError: with one sentence per line.
    """
    if not is_folder(folder):
        raise ConfigError(f"{display_name(folder)}: there is no such folder")
    overrides = overrides or Overrides()
    data, labels = _data(folder, functions)
    built = build(
        overridden(Source(name="", data=data, labels=labels), overrides),
        base=Path.cwd(),
        strictness=checked_strictness(overrides),
        country=checked_country(overrides),
        free_port=free_port,
    )
    return Loaded(config=built.config, path=folder.absolute(), notes=(NOTE, *built.notes), watch=built.watch)


def _data(folder: Path, functions: Mapping[Point, str]) -> tuple[dict[str, object], dict[Key, str]]:
    """Return the native form of a folder and its functions, and the flags that said so."""
    names: dict[str, str] = {}
    labels: dict[Key, str] = {("origins", ORIGIN): str(folder)}
    behavior: dict[str, object] = {"origin": ORIGIN, "cache_policy": POLICY}
    for point, handler in functions.items():
        name = names.setdefault(handler, _function_name(handler, names.values()))
        labels.setdefault(("functions", name), f"--{point}")
        behavior[point.replace("-", "_")] = name
    data: dict[str, object] = {
        "origins": {ORIGIN: {"directory": str(folder.absolute()), "list_bucket": True}},
        "functions": {name: {"handler": handler} for handler, name in names.items()},
        "default_behavior": behavior,
    }
    if is_file(folder / ROOT_OBJECT):
        data["default_root_object"] = ROOT_OBJECT
    return data, labels


def _function_name(handler: str, taken: Iterable[str]) -> str:
    """Return a name for a handler: its file's, or its folder's if all are named alike, and a number if it is taken."""
    file = Path(handler.partition(":")[0])
    named = file.absolute().parent.name if file.name == bootstraps.NAME else file.stem
    stem = re.sub(r"[^A-Za-z0-9_-]", "-", named)[:60] or "function"
    return next(name for name in (stem, *(f"{stem}-{n}" for n in range(2, 9))) if name not in taken)
