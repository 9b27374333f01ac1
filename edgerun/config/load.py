"""From a file and flags to one validated configuration."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edgerun.config.build import any_free_port, build
from edgerun.config.faults import Source
from edgerun.config.importers.importing import format_of, imported, is_foreign
from edgerun.config.importers.report import Report
from edgerun.config.overrides import Loaded, Overrides, checked_country, checked_strictness, overridden
from edgerun.config.read import NAMES, display_name, find_config, is_folder, read
from edgerun.config.zero import zero_config
from edgerun.errors import ConfigError

__all__ = ["Loaded", "Overrides", "find_config", "load", "zero_config"]


def load(path: Path, overrides: Overrides | None = None, *, free_port: Callable[[], int] = any_free_port) -> Loaded:
    """Return the configuration of a file, or of a folder that has one.

    Args:
        path: `edgerun.toml`, `edgerun.json`, a `pyproject.toml` with `[tool.edgerun]`, any other TOML or JSON file
            in the native format, a file of another tool (`config/importers`), or a folder.
        overrides: what flags say.
        free_port: gives a port for an origin whose URL says `{port}`; called once for each.

    Raises:
        ConfigError: with one located sentence per line.
    """
    overrides = overrides or Overrides()
    if is_folder(path) and not is_foreign(path):
        found = find_config(path)
        if found is None:
            raise ConfigError(f"{display_name(path)}: has none of {', '.join(NAMES)} (with [tool.edgerun])")
        path = found
    source, overrides, notes, watch = _source(path, overrides)
    built = build(
        overridden(source, overrides),
        base=path.absolute().parent,
        strictness=checked_strictness(overrides),
        country=checked_country(overrides),
        free_port=free_port,
    )
    return Loaded(
        config=built.config,
        path=path.absolute(),
        notes=(*notes, *built.notes),
        watch=(*watch, *built.watch),
        builds=built.builds,
    )


def _source(path: Path, overrides: Overrides) -> tuple[Source, Overrides, tuple[str, ...], tuple[Path, ...]]:
    """Return the native form of a file, the flags that are left for it, what to say of it and what to watch."""
    source = None if is_foreign(path) else read(path)
    if source is not None and format_of(source.data) is None:
        return source, overrides, (), (path.absolute(),)
    done = imported(path, replace(overrides.given, origins=overrides.origins))
    return done.source, replace(overrides, origins={}), _notes(path, done.report), done.watch


def _notes(path: Path, report: Report) -> tuple[str, ...]:
    ignored = len(report.of("ignored"))
    told = [str(each) for each in report.of("note")]
    if ignored:
        told.append(f"{ignored} of {display_name(path)} mean nothing here: edgerun import {display_name(path)}")
    return tuple(told)
