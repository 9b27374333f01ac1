"""Options that several commands share, and what they come to."""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from edgerun.config.build import any_free_port
from edgerun.config.importers.estate import Given
from edgerun.config.importers.importing import is_foreign
from edgerun.config.load import Loaded, Overrides, find_config, load, zero_config
from edgerun.distribution.model import Point
from edgerun.errors import ConfigError

# What click makes of EDGERUN_LENIENT=0 is "False".
_LEVELS: Final = {level: level for level in ("lenient", "pedantic")}

# Options about a file of another tool: flag, form, help. They are kept in the context, for `overrides`.
IMPORTING: Final = (
    ("--parameter", "NAME=VALUE", "A template's parameter, or a variable of serverless.yml (opt:NAME)."),
    ("--policy", "FILE", "A policy, key or key group that get-distribution-config only names."),
    ("--code", "NAME=FILE[:NAME]|DIR|ZIP", "Where a function's code is, or a store's data, that an import only names."),
)

F = TypeVar("F", bound=Callable[..., Any])


def configured(command: F) -> F:
    """Add the options that choose and change a configuration."""
    options = [
        click.option("-c", "--config", "config_path", type=click.Path(path_type=Path), help="The configuration file."),
        click.option(
            "--origin", "origins", multiple=True, metavar="[NAME=]URL|DIR", help="Use this place for an origin."
        ),
        *(
            click.option(flag, multiple=True, expose_value=False, callback=_remember, metavar=form, help=text)
            for flag, form, text in IMPORTING
        ),
        click.option("--country", default="", metavar="CC", help="The viewers' country, as CloudFront would tell it."),
        click.option("--lenient", "strictness", flag_value="lenient", help="Forgive what AWS refuses, and say so."),
        click.option("--pedantic", "strictness", flag_value="pedantic", help="Take AWS's rules in the stricter sense."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def overrides(
    origins: tuple[str, ...],
    country: str,
    strictness: str | None,
    store: str = "",
    access_log: str = "",
    *,
    shared_store: bool = False,
) -> Overrides:
    """Return what the flags say over the file."""
    named: dict[str, str] = {}
    for text in origins:
        name, equals, place = text.partition("=")
        if equals and "/" not in name and ":" not in name:
            named[name] = place
        else:
            named[""] = text
    return Overrides(
        origins=named,
        country=country.upper(),
        strictness=_LEVELS.get(strictness or "", ""),
        store=store,
        access_log=access_log,
        shared_store=shared_store,
        given=_given(),
    )


def _remember(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> None:
    context.meta[f"edgerun.{option.name}"] = values


def _given() -> Given:
    """Return what the options of this command say about a file that is imported."""
    context = click.get_current_context(silent=True)
    said: dict[str, tuple[str, ...]] = {} if context is None else context.meta
    named = {
        flag: dict(_pair(flag, text) for text in said.get(f"edgerun.{flag}", ())) for flag in ("parameter", "code")
    }
    policies = tuple(Path(text) for text in said.get("edgerun.policy", ()))
    return Given(parameters=named["parameter"], code=named["code"], policies=policies)


def _pair(flag: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--{flag}: expected NAME=…, got {text!r}")
    return name, value


def loader(
    path: Path | None, config_path: Path | None, chosen: Overrides, functions: dict[Point, str]
) -> Callable[[], Loaded]:
    """Return what reads the configuration, now and after each save.

    Args:
        path: a configuration file, or a folder: with an edgerun.toml, or to be served as it is.
        config_path: a configuration file.
        chosen: what the flags say.
        functions: files given by `--viewer-request` and its like; they ask for the folder itself to be served.

    Raises:
        ConfigError: nothing to serve is found.
    """
    ports = FreePorts()
    place = config_path or path or Path()
    if place.is_file() or (not functions and is_foreign(place)):
        return partial(_load, place, chosen, ports)
    if not place.is_dir():
        raise ConfigError(f"{place}: there is no such file or folder")
    found = None if functions else find_config(place)
    if found is not None:
        return partial(_load, found, chosen, ports)
    if path is None:
        raise ConfigError("no edgerun.toml here: name a folder to serve (edgerun dev ./public) or a file (--config)")
    return partial(_zero, place, functions, chosen)


def _load(path: Path, chosen: Overrides, ports: "FreePorts") -> Loaded:
    return load(path, chosen, free_port=ports.again())


def _zero(folder: Path, functions: dict[Point, str], chosen: Overrides) -> Loaded:
    return zero_config(folder, functions, chosen)


class FreePorts:
    """Free ports for origins' programs: the same ones each time a configuration is read."""

    def __init__(self) -> None:
        self._ports: list[int] = []

    def again(self) -> Callable[[], int]:
        """Return a source that starts over with the first port."""
        taken = iter(self._ports.copy())
        return lambda: next(taken, 0) or self._another()

    def _another(self) -> int:
        self._ports.append(any_free_port())
        return self._ports[-1]


def colour_wanted(stream: Any = None) -> bool:
    """Tell whether to write colours: on a terminal, unless NO_COLOR or a dumb one; FORCE_COLOR insists."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return (stream or sys.stdout).isatty() and os.environ.get("TERM") != "dumb"
