"""A worker's listeners: its own, another's while that has nobody, and how it leaves them."""

import asyncio
import contextlib
import socket
from typing import Any, Final

import uvicorn

from edgerun.doors.wire import WireProtocol
from edgerun.embedded import EmbeddedServer

LOOK: Final = 0.02
QUIET: Final = 1.0
DRAIN: Final = 60.0
"""Seconds that answers under way may take then."""


class PortServer(EmbeddedServer):
    """Serves one port, on listeners of which the parent holds one each too.

    `quiet` are the seconds for which a connection that says nothing is kept when the worker leaves.
    """

    def __init__(self, config: uvicorn.Config, listeners: list[socket.socket], own: int) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self.quiet = QUIET
        self._listeners = listeners
        self._own = listeners[own % len(listeners)]
        self._helping: dict[int, asyncio.Server] = {}

    async def run_until_told(self) -> None:
        """Serve until `should_exit` is set."""
        await self.serve(sockets=[self._own])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def help_out(self, number: int) -> None:
        """Answer what comes to the listener of another worker, too."""
        if self.should_exit or number in self._helping or number >= len(self._listeners):
            return

        def protocol() -> Any:
            return self.config.http_protocol_class(  # type: ignore[call-arg]
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=None
            )

        listener = self._listeners[number].dup()
        server = await asyncio.get_running_loop().create_server(protocol, sock=listener, ssl=self.config.ssl)
        self._helping[number] = server
        self.servers.append(server)

    def help_no_longer(self, number: int) -> None:
        """Leave another's listener to it again; connections that came by it stay here."""
        server = self._helping.pop(number, None)
        if server is not None:
            server.close()
            self.servers.remove(server)

    async def leave(self) -> None:
        """Take no more connections, and let those there are come to their end: other workers are there for the next.

        Each viewer is told in its next answer that the connection ends with it; those who ask nothing are not
        waited for. Then the server ends as it does when it is told to, with patience.
        """
        for server in self.servers:
            server.close()
        for listener in self._listeners:
            listener.close()
        wound_down: set[Any] = set()
        clock = asyncio.get_running_loop().time
        began = clock()
        # What was accepted a moment ago is not among the connections yet; with TLS it is after its handshake.
        earliest = began + (LOOK if self.config.ssl is None else self.quiet)
        while not self.should_exit and clock() < began + DRAIN:
            there = set(self.server_state.connections)
            if not there and clock() >= earliest:
                break
            for connection in there:
                if not isinstance(connection, WireProtocol):
                    if clock() - began >= self.quiet:
                        connection.shutdown()
                elif connection not in wound_down:
                    connection.wind_down()
                elif connection.quiet_for() >= self.quiet:
                    connection.shutdown()
            wound_down = there
            await asyncio.sleep(LOOK)
        self.stop()

    def close_listeners(self) -> None:
        """Let go of the listeners; the parent's stay open."""
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.close()
