"""Sockets to listen on: the port asked for, or the next free one."""

import errno
import socket
from typing import Final

from edgerun.errors import ConfigError, PortInUse

PORTS_TRIED: Final = 50
BACKLOG: Final = 2048


def listen(host: str, port: int, *, strict: bool, flag: str = "--port") -> tuple[socket.socket, bool]:
    """Open the listening socket, on the next free port if need be.

    Args:
        host: the address.
        port: 0 takes any.
        strict: only this port will do.
        flag: what gives the port.

    Returns:
        The socket, and whether it is on another port than asked for.

    Raises:
        PortInUse: no port is free, or only the one asked for would do.
        ConfigError: the address cannot be listened on.
    """
    last = port if strict or port == 0 else min(port + PORTS_TRIED, 65_535)
    for candidate in range(port, last + 1):
        try:
            return _bound(host, candidate), candidate != port
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise ConfigError(f"cannot listen on {host}:{candidate}: {error.strerror or error}") from error
    tried = f"port {port} is" if last == port else f"ports {port} to {last} are"
    raise PortInUse(f"{tried} in use; give another with {flag}")


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener
