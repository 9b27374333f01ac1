"""`--inspect`: functions that wait for a debugger, one port and one environment for each, and no deadlines."""

import socket
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from edgerun.config.load import Loaded
from edgerun.config.revise import with_functions
from edgerun.distribution.model import Config
from edgerun.errors import ConfigError
from edgerun.functions.function import Debugger, Function
from edgerun.values import value

HOST: Final = "127.0.0.1"
PORT: Final = 9229
PORTS_TRIED: Final = 50
RUNTIMES: Final = frozenset({"python", "nodejs"})

# A limit that nobody reaches who looks at one invocation, and that timers and the context's clock can hold.
DAY: Final = 86_400.0


@value
class Address:
    """Where the first debugger listens."""

    host: str = HOST
    port: int = PORT


def parsed(text: str) -> Address:
    """Read `[HOST:]PORT` or `HOST`; nothing is node's own default.

    Raises:
        ValueError: it is neither.
    """
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = ("", text) if text.isdecimal() else (text, "")
    if port and not (port.isdecimal() and 0 < int(port) < 65_536):
        raise ValueError(text)
    if colon and not (host and port) and not text.endswith("]"):
        raise ValueError(text)
    return Address(host=host.strip("[]") or HOST, port=int(port or PORT))


class Debugging:
    """Reads a configuration and makes its functions ones to be debugged; a function keeps its port over reloads."""

    def __init__(
        self,
        load: Callable[[], Loaded],
        address: Address,
        *,
        wait: bool,
        find: Callable[[str], ModuleSpec | None] = find_spec,
    ) -> None:
        """Wrap what reads the configuration.

        Args:
            load: reads it.
            address: where the first function's debugger listens; the others get the ports after it.
            wait: whether a function's code is loaded only once somebody is attached.
            find: finds debugpy.
        """
        self._load = load
        self._address = address
        self._wait = wait
        self._find = find
        self._ports: dict[str, int] = {}

    def __call__(self) -> Loaded:
        """Read the configuration.

        Raises:
            ConfigError: as `load` does, or there is no debugger for Python, or no port.
        """
        loaded = self._load()
        used = _used(loaded.config)
        functions = {
            name: self._debugged(function) if name in used and function.runtime in RUNTIMES else function
            for name, function in loaded.config.functions.items()
        }
        return replace(loaded, config=with_functions(loaded.config, functions))

    def _debugged(self, function: Function) -> Function:
        return replace(
            function,
            concurrency=1,
            timeout=DAY,
            init_timeout=DAY,
            queue_timeout=DAY,
            debugger=Debugger(
                host=self._address.host,
                port=self._port(function.name),
                wait=self._wait,
                debugpy=self._debugpy(function) if function.runtime == "python" else "",
            ),
        )

    def _debugpy(self, function: Function) -> str:
        """Return the folder that holds our own debugpy, "" if only the function's interpreter may have one."""
        found = self._find("debugpy")
        if found is not None and found.origin is not None:
            return str(Path(found.origin).parent.parent)
        if function.python:
            return ""
        raise ConfigError(
            f"--inspect: {function.name!r} is a Python function, and debugpy is not installed: "
            "pip install 'edgerun[debug]'"
        )

    def _port(self, name: str) -> int:
        if name not in self._ports:
            self._ports[name] = self._free_port()
        return self._ports[name]

    def _free_port(self) -> int:
        first = max(self._ports.values(), default=self._address.port - 1) + 1
        for port in range(first, min(first + PORTS_TRIED, 65_536)):
            if _is_free(self._address.host, port):
                return port
        raise ConfigError(f"--inspect: no port from {first} on is free on {self._address.host}")


def _used(config: Config) -> set[str]:
    """Return the functions that requests can reach."""
    behaviors = [behavior for distribution in config.distributions for behavior in distribution.all_behaviors]
    points = [point for each in behaviors for point in (each.viewer_request, each.origin_request)]
    points += [point for each in behaviors for point in (each.origin_response, each.viewer_response)]
    return {point.function.name for point in points if point is not None}


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if isinstance(error, socket.gaierror):
                raise ConfigError(f"--inspect: there is no address {host!r}") from error
            return False
    return True
