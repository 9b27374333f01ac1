"""The listeners of one port: one for each worker, all of them held by the parent.

With one listener for all, whichever worker wakes first takes all connections that wait: of 64 that come together,
one worker took 64 and the other none, now and then. With a listener for each worker (SO_REUSEPORT) the system deals
connections out by their addresses, and whatever waits in a listener's queue outlives its worker, because the parent
holds the listener too: the worker that comes after, or another until then, answers it.
"""

import socket
import sys
from typing import Final

from edgerun.errors import ConfigError
from edgerun.listening import BACKLOG, listen

DEALT_OUT: Final = sys.platform == "linux"
"""Whether the system deals connections out among the listeners of a port; elsewhere all workers share one."""


def open_listeners(
    host: str, port: int, count: int, *, strict: bool, flag: str = "--port"
) -> tuple[list[socket.socket], bool]:
    """Open the listeners of a port, on the next free port if need be.

    Args:
        host: the address.
        port: 0 takes any.
        count: how many workers are to be served; there are fewer listeners where workers have to share.
        strict: only this port will do.
        flag: what gives the port.

    Returns:
        The listeners, and whether they are on another port than asked for.

    Raises:
        PortInUse: no port is free, or only the one asked for would do.
        ConfigError: the address cannot be listened on.
    """
    first, moved = listen(host, port, strict=strict, flag=flag)
    return beside(first, count), moved


def beside(first: socket.socket, count: int) -> list[socket.socket]:
    """Return a listener and others on its port, as many as workers are to be served; on failure all are closed.

    Raises:
        ConfigError: there is no room for more.
    """
    listeners = [first]
    if not DEALT_OUT:
        return listeners
    try:
        # Bound alone, so that a port in use is noticed; only then may others join it.
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        while len(listeners) < count:
            listeners.append(_beside(first))
    except OSError as error:
        for listener in listeners:
            listener.close()
        raise ConfigError(f"cannot open {count} listeners: {error.strerror or error}") from error
    return listeners


def _beside(first: socket.socket) -> socket.socket:
    listener = socket.socket(first.family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(first.getsockname())
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener
