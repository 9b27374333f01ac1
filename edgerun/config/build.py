"""The whole configuration: from checked tables to `Config`, names resolved, all faults collected."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from edgerun.config import names, raw
from edgerun.config.bench import Bench, Strictness, frozen
from edgerun.config.builds import Build, builds
from edgerun.config.cloudfront_functions import key_value_stores
from edgerun.config.distributions import Parts, check_hosts, distribution
from edgerun.config.explain import faults_of
from edgerun.config.faults import Faults, Key, Source
from edgerun.config.function_origins import served
from edgerun.config.geo import places
from edgerun.config.handlers import functions
from edgerun.config.origin_groups import origin_groups
from edgerun.config.origins import origins
from edgerun.config.policies import cache_policies, origin_request_policies, response_headers_policies
from edgerun.config.private import key_groups
from edgerun.config.store import store
from edgerun.distribution.model import Config, Distribution
from edgerun.distribution.origins import DirectoryOrigin

ADAPTER: Final = TypeAdapter(raw.FileTable)
DEFAULT_NAME: Final = "default"

_OWN: Final = tuple(raw.DistributionTable.model_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A configuration, with what should be said about it and which paths it depends on."""

    config: Config
    notes: tuple[str, ...]
    watch: tuple[Path, ...]
    builds: tuple[Build, ...]


def any_free_port() -> int:
    """Return a port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def build(
    source: Source,
    *,
    base: Path,
    strictness: Strictness = "strict",
    country: str = "",
    free_port: Callable[[], int] = any_free_port,
) -> Built:
    """Return the configuration that a source describes.

    Args:
        source: data in the native format.
        base: the folder that paths in it are relative to.
        strictness: how AWS's rules are read.
        country: the viewers' country, two capital letters, or "".
        free_port: gives a port for an origin whose URL says `{port}`.

    Raises:
        ConfigError: one line per fault.
    """
    faults = Faults(source)
    bench = Bench(source=source, base=base.absolute(), strictness=strictness, free_port=free_port, faults=faults)
    file = _validated(source, faults)
    stores = key_value_stores(file.key_value_stores, bench)
    made = origins(file, bench)
    parts = Parts(
        file=file,
        origins=made,
        origin_groups=origin_groups(file, made, bench),
        functions=functions(file.functions, stores, bench, served(file.origins)),
        cache_policies=cache_policies(file.cache_policies, bench),
        origin_request_policies=origin_request_policies(file.origin_request_policies, bench),
        response_headers_policies=response_headers_policies(file.response_headers_policies, bench),
        key_groups=key_groups(file, bench),
    )
    found = _distributions(file, parts, bench)
    kept = store(file.store, bench)
    geo = places(("geo",), file.geo, bench)
    faults.check()
    config = Config(
        distributions=tuple(found.values()),
        origins=frozen(parts.origins),
        functions=frozen(parts.functions),
        store=kept,
        strictness=strictness,
        country=country,
        geo=geo,
    )
    files = [] if file.geo is None else [bench.path(file.geo)]
    files += [store for store in stores.values() if store is not None]
    return Built(
        config=config,
        notes=tuple(bench.notes),
        watch=(*files, *_watched(config)),
        builds=builds(file.functions, parts.functions, _sites(config), bench),
    )


def _validated(source: Source, faults: Faults) -> raw.FileTable:
    try:
        return ADAPTER.validate_python(dict(source.data))
    except ValidationError as error:
        for key, sentence in faults_of(error):
            faults.add(key, sentence)
        faults.check()
        raise


def _distributions(file: raw.FileTable, parts: Parts, bench: Bench) -> Mapping[Key, Distribution]:
    tables: dict[Key, tuple[str, raw.DistributionTable]] = {(): (DEFAULT_NAME, file)}
    if file.distributions:
        tables = {("distributions", name): (name, table) for name, table in file.distributions.items()}
        for word in _OWN:
            if word in file.model_fields_set:
                bench.fault((word,), "belongs in a [distributions.NAME], since there are several")
        for key, (name, _) in tables.items():
            bench.fault(key, names.table_name(name))
    made = {key: distribution(key, name, table, parts, bench) for key, (name, table) in tables.items()}
    found = {key: one for key, one in made.items() if one is not None}
    check_hosts(found, bench)
    return found


def _watched(config: Config) -> tuple[Path, ...]:
    folders = [Path(function.root) for function in config.functions.values()]
    return tuple(dict.fromkeys((*folders, *_sites(config))))


def _sites(config: Config) -> tuple[Path, ...]:
    return tuple(Path(o.directory) for o in config.origins.values() if isinstance(o, DirectoryOrigin))
