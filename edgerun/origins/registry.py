"""The origins of one configuration, and those that functions name."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from edgerun.distribution.forward import origin_spec
from edgerun.distribution.origins import BucketOrigin as BucketConfig
from edgerun.distribution.origins import DirectoryOrigin as DirectoryConfig
from edgerun.distribution.origins import FunctionOrigin as FunctionConfig
from edgerun.distribution.origins import HttpOrigin as HttpConfig
from edgerun.distribution.origins import OriginConfig, OriginSpec
from edgerun.errors import ConfigError, OriginDnsError
from edgerun.http.message import OnInterim, Request, Response
from edgerun.origins.bucket import BucketOrigin
from edgerun.origins.command import OriginCommand
from edgerun.origins.directory import DirectoryOrigin
from edgerun.origins.http1 import HttpOrigin
from edgerun.origins.origin import Origin

NAMED_KEPT: Final = 64
ByFunction = Callable[[FunctionConfig], Origin]
NO_CLIENTS: Final[Mapping[str, Origin]] = MappingProxyType({})


class Origins:
    """Finds the client for an origin, as configured or as a function replaced it.

    A configured origin is known by its domain name; any other custom origin is reached where it says it is. Where only
    the timeouts or attempts differ, the configured place is reached with those. `clients` answer for origins by name,
    whatever the configuration says; `by_function` makes the client of an origin that is a function.
    """

    def __init__(
        self,
        configs: tuple[OriginConfig, ...],
        clock: Callable[[], float],
        clients: Mapping[str, Origin] = NO_CLIENTS,
        by_function: ByFunction | None = None,
    ) -> None:
        self._by_function = by_function
        self._configs = {config.name: (config, _patience(origin_spec(config))) for config in configs}
        self._clients: dict[str, Origin] = {}
        self._given = frozenset(clients)
        self._aliases: dict[str, str] = {}
        self._places: dict[tuple[str, int], str] = {}
        self._named: OrderedDict[OriginSpec, HttpOrigin] = OrderedDict()
        self._retired: set[asyncio.Task[None]] = set()
        for config in configs:
            self._clients[config.name] = clients.get(config.name) or client(config, clock, by_function)
            if isinstance(config, HttpConfig) and config.domain_name == config.host:
                self._places[config.host, config.port] = config.name
            else:
                self._aliases[config.domain_name] = config.name

    def origin_for(self, spec: OriginSpec) -> Origin:
        """Return the client for an origin as an origin-request function left it."""
        name = self._aliases.get(spec.domain_name) or self._places.get((spec.domain_name, spec.port))
        if name is not None:
            config, patience = self._configs[name]
            if isinstance(config, HttpConfig) and _patience(spec) != patience and name not in self._given:
                return self._named.get(spec) or self._name(spec, config.host, config.port, tls=config.scheme == "https")
            if isinstance(config, FunctionConfig) and self._by_function is not None and _patience(spec) != patience:
                return self._by_function(_patient(config, spec))
            return self._clients[name]
        if spec.kind == "s3":
            return UnknownBucket(spec.domain_name)
        return self._named.get(spec) or self._name(spec, spec.domain_name, spec.port, tls=spec.protocol == "https")

    def __getitem__(self, name: str) -> Origin:
        return self._clients[name]

    async def aclose(self) -> None:
        """Close every client."""
        clients: list[Origin] = [*self._clients.values(), *self._named.values()]
        await asyncio.gather(*(each.aclose() for each in clients), *self._retired)

    def _name(self, spec: OriginSpec, host: str, port: int, *, tls: bool) -> HttpOrigin:
        completion = spec.response_completion_timeout
        made = self._named[spec] = HttpOrigin(
            spec.domain_name,
            host=host,
            port=port,
            tls=tls,
            connection_attempts=spec.connection_attempts,
            connection_timeout=float(spec.connection_timeout),
            read_timeout=float(spec.read_timeout),
            keepalive_timeout=float(spec.keepalive_timeout),
            response_completion_timeout=float(completion) if completion else None,
        )
        if len(self._named) > NAMED_KEPT:
            _, oldest = self._named.popitem(last=False)
            task = asyncio.get_running_loop().create_task(oldest.aclose())
            self._retired.add(task)
            task.add_done_callback(self._retired.discard)
        return made


def _patience(spec: OriginSpec) -> tuple[int | None, ...]:
    """Return what of an origin changes how it is waited for."""
    return (
        *(spec.read_timeout, spec.keepalive_timeout, spec.response_completion_timeout),
        *(spec.connection_attempts, spec.connection_timeout),
    )


def _patient(config: FunctionConfig, spec: OriginSpec) -> FunctionConfig:
    """Return an origin with the timeouts and attempts that a function gave it."""
    completion = spec.response_completion_timeout
    return replace(
        config,
        connection_attempts=spec.connection_attempts,
        read_timeout=float(spec.read_timeout),
        response_completion_timeout=float(completion) if completion else None,
    )


def client(config: OriginConfig, clock: Callable[[], float], by_function: ByFunction | None = None) -> Origin:
    """Return the client of a configured origin."""
    if isinstance(config, FunctionConfig):
        if by_function is None:
            raise ConfigError(f"origin {config.name}: there is nothing that runs functions")
        return by_function(config)
    if isinstance(config, DirectoryConfig):
        return DirectoryOrigin(
            config.directory,
            list_bucket=config.list_bucket,
            website=config.website,
            index_document=config.index_document,
            error_document=config.error_document or None,
            clock=clock,
        )
    if isinstance(config, BucketConfig):
        return BucketOrigin(config)
    return HttpOrigin(
        config.name,
        host=config.host,
        port=config.port,
        tls=config.scheme == "https",
        connection_attempts=config.connection_attempts,
        connection_timeout=config.connection_timeout,
        read_timeout=config.read_timeout,
        keepalive_timeout=config.keepalive_timeout,
        response_completion_timeout=config.response_completion_timeout,
    )


class UnknownBucket:
    """Stands for an S3 bucket that a function named and the configuration does not have."""

    def __init__(self, domain_name: str) -> None:
        self._domain_name = domain_name

    async def fetch(self, request: Request, *, on_interim: OnInterim | None = None) -> Response:  # noqa: ARG002
        raise self._error()

    async def resolve(self) -> None:
        raise self._error()

    async def aclose(self) -> None:
        return None

    def _error(self) -> OriginDnsError:
        return OriginDnsError(
            f"the bucket {self._domain_name!r} is not configured: give one of the origins "
            f'`domain_name = "{self._domain_name}"`'
        )


class Commands:
    """The programs that serve origins: started before the first request, stopped with the server."""

    def __init__(self, cwd: Path, on_output: Callable[[str, str], None]) -> None:
        self._cwd = cwd
        self._on_output = on_output
        self._running: dict[tuple[str, int], OriginCommand] = {}

    async def match(self, configs: tuple[OriginConfig, ...]) -> None:
        """Start what a configuration wants and is not running, stop what it no longer wants.

        Raises:
            ConfigError: a program ended at once or does not listen.
        """
        wanted = {(c.command, c.port): c.name for c in configs if isinstance(c, HttpConfig) and c.command}
        for key, name in wanted.items():
            if key not in self._running:
                command, port = key
                program = OriginCommand(command, port=port, cwd=self._cwd, on_output=self._teller(name))
                await program.start()
                self._running[key] = program
        unwanted = [key for key in self._running if key not in wanted]
        await asyncio.gather(*(self._running.pop(key).stop() for key in unwanted))

    async def aclose(self) -> None:
        """Stop all of them."""
        await self.match(())

    def _teller(self, name: str) -> Callable[[str], None]:
        return lambda line: self._on_output(name, line)
