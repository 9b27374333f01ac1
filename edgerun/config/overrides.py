"""What flags say over a configuration, and what comes out of loading one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, get_args

from edgerun.config import geo
from edgerun.config.bench import Strictness
from edgerun.config.builds import Build
from edgerun.config.faults import Key, Source, listed, shown, suggestion
from edgerun.config.importers.estate import Given
from edgerun.config.read import labelled
from edgerun.config.store import REDIS_SCHEMES
from edgerun.distribution.model import Config
from edgerun.errors import ConfigError

_DIRECTORY_ONLY: Final = ("website", "index_document", "error_document", "list_bucket")
_OTHER_PLACES: Final = frozenset(
    "url directory command bucket region endpoint profile sign function payload multi_value".split()
)
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What flags say over the file.

    Attributes:
        origins: a URL or a folder for each named origin; the name "" means the only one. Folders are relative to the
            working directory.
        strictness: how AWS's rules are read: `strict`, which "" means too, `pedantic` or `lenient`.
        country: the viewers' country, two capital letters.
        store: `memory`, `lmdb`, or the URL of a Redis server; "" leaves it to the file.
        access_log: the file or folder of every distribution's access log; relative to the working directory.
        shared_store: whether several processes serve, so that the store is lmdb unless it is said otherwise.
        given: what they say about a file of another tool.
    """

    origins: Mapping[str, str] = field(default_factory=dict)
    strictness: str = ""
    country: str = ""
    store: str = ""
    access_log: str = ""
    shared_store: bool = False
    given: Given = field(default_factory=Given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration, and where it came from.

    Attributes:
        config: what is served.
        path: the file it came from, or the folder that is served without one; absolute.
        notes: sentences that the user should read; nothing is wrong.
        watch: files and folders whose change makes it another configuration.
        builds: what has to run before its functions can be loaded.
    """

    config: Config
    path: Path
    notes: tuple[str, ...] = ()
    watch: tuple[Path, ...] = ()
    builds: tuple[Build, ...] = ()


def checked_country(overrides: Overrides) -> str:
    """Return the country of the flags.

    Raises:
        ConfigError: it is not two capital letters, or no country has them.
    """
    if overrides.country and not _COUNTRY.fullmatch(overrides.country):
        raise ConfigError(f"--country: expected two capital letters such as 'DE', got {shown(overrides.country)}")
    if overrides.country and (wrong := geo.country(overrides.country)):
        raise ConfigError(f"--country: {wrong}")
    return overrides.country


def checked_strictness(overrides: Overrides) -> Strictness:
    """Return how the flags want AWS's rules read.

    Raises:
        ConfigError: the word is none of the three.
    """
    levels: tuple[Strictness, ...] = get_args(Strictness)
    found = next((level for level in levels if level == (overrides.strictness or "strict")), None)
    if found is None:
        raise ConfigError(f"strictness: expected {listed(levels)}, got {shown(overrides.strictness)}")
    return found


def overridden(source: Source, overrides: Overrides) -> Source:
    """Return a source in which flags have replaced the places of origins, and the store.

    Raises:
        ConfigError: a flag names an origin that is not there, or no store.
    """
    tables = source.data.get("origins")
    tables = tables if isinstance(tables, dict) else {}
    wanted = {name or _only_origin(tables, target): target for name, target in overrides.origins.items()}
    changed = dict(tables)
    labels: dict[Key, str] = {}
    for name, target in wanted.items():
        if name not in tables:
            raise ConfigError(f"--origin {name}: {shown(name)} is not an origin{suggestion(name, tables)}")
        if isinstance(tables[name], dict):
            changed[name] = _replaced(tables[name], target)
            labels.update({("origins", name, word): f"--origin {name}" for word in ("url", "directory")})
    source = labelled(source, {**source.data, "origins": changed}, labels) if wanted else source
    store = overrides.store or ("lmdb" if overrides.shared_store and not _names_a_store(source) else "")
    source = _with_store(source, store) if store else source
    return _with_access_log(source, overrides.access_log) if overrides.access_log else source


def _names_a_store(source: Source) -> bool:
    table = source.data.get("store")
    return isinstance(table, dict) and "kind" in table


def _with_store(source: Source, wanted: str) -> Source:
    """Return a source with another kind of store; what the file says of one that is not used goes."""
    # What is shown of a URL has no password in it.
    label, kinds = f"--store {wanted.partition('://')[0]}", ("memory", "lmdb")
    kind = "redis" if wanted.startswith(REDIS_SCHEMES) else wanted
    if kind not in (*kinds, "redis") or wanted == "redis":
        raise ConfigError(f"{label}: expected 'memory', 'lmdb' or a redis:// URL{suggestion(wanted, kinds)}")
    given = source.data.get("store")
    table = given if isinstance(given, dict) else {}
    if table.get("kind", "memory") != kind:
        table = {word: value for word, value in table.items() if word not in {"path", "url"}}
    table = {**table, "kind": kind} | ({"url": wanted} if kind == "redis" else {})
    labels: dict[Key, str] = {("store", word): label for word in ("kind", "url")}
    return labelled(source, {**source.data, "store": table}, labels)


def _with_access_log(source: Source, wanted: str) -> Source:
    """Return a source in which every distribution logs to one place; what the file says of another place goes."""
    label = f"--access-log {wanted}"
    # The slash is what makes a folder of a name that does not exist.
    place = str(Path(wanted).absolute()) + ("/" if wanted.endswith("/") else "")
    several = source.data.get("distributions")
    labels: dict[Key, str] = {}

    def logging(table: object, key: Key) -> object:
        if not isinstance(table, dict):
            return table
        given = table.get("access_log")
        kept = {w: v for w, v in given.items() if w not in {"prefix", "gzip"}} if isinstance(given, dict) else {}
        labels[*key, "access_log", "path"] = label
        return {**table, "access_log": {**kept, "path": place}}

    if isinstance(several, dict) and several:
        tables = {name: logging(table, ("distributions", name)) for name, table in several.items()}
        return labelled(source, {**source.data, "distributions": tables}, labels)
    data = logging(dict(source.data), ())
    assert isinstance(data, dict)
    return labelled(source, data, labels)


def _only_origin(tables: Mapping[str, object], target: str) -> str:
    if len(tables) != 1:
        raise ConfigError(f"--origin {shown(target)}: say NAME=… since there is not exactly one origin")
    return next(iter(tables))


def _replaced(table: Mapping[str, object], target: str) -> dict[str, object]:
    """Return an origin's table with another place; what means nothing there goes."""
    kept = {word: value for word, value in table.items() if word not in _OTHER_PLACES}
    if "://" not in target:
        return {**kept, "directory": str(Path(target).absolute())}
    return {**{word: value for word, value in kept.items() if word not in _DIRECTORY_ONLY}, "url": target}
