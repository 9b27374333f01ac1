"""From a file and flags to one validated configuration."""

from collections.abc import Callable
from pathlib import Path

from edgerun.config.build import any_free_port, build
from edgerun.config.overrides import Loaded, Overrides, checked_country, checked_strictness, overridden
from edgerun.config.read import NAMES, display_name, find_config, is_folder, read
from edgerun.config.zero import zero_config
from edgerun.errors import ConfigError

__all__ = ["Loaded", "Overrides", "find_config", "load", "zero_config"]


def load(path: Path, overrides: Overrides | None = None, *, free_port: Callable[[], int] = any_free_port) -> Loaded:
    """Return the configuration of a file, or of a folder that has one.

    Args:
        path: `edgerun.toml`, `edgerun.json`, a `pyproject.toml` with `[tool.edgerun]`, any other TOML or JSON file
            in the native format, or a folder.
        overrides: what flags say.
        free_port: gives a port for an origin whose URL says `{port}`; called once for each.

    Raises:
        ConfigError: with one located sentence per line.
    """
    overrides = overrides or Overrides()
    if is_folder(path):
        found = find_config(path)
        if found is None:
            raise ConfigError(f"{display_name(path)}: has none of {', '.join(NAMES)} (with [tool.edgerun])")
        path = found
    source = overridden(read(path), overrides)
    built = build(
        source,
        base=path.absolute().parent,
        strictness=checked_strictness(overrides),
        country=checked_country(overrides),
        free_port=free_port,
    )
    return Loaded(
        config=built.config,
        path=path.absolute(),
        notes=built.notes,
        watch=(path.absolute(), *built.watch),
        builds=built.builds,
    )
