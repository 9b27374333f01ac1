"""uvicorn's server inside a program that has signals of its own."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn

LOOK: Final = 0.005
"""How often a server that ends looks whether its connections have, in seconds."""


class EmbeddedServer(uvicorn.Server):
    """Leaves the signals alone: whoever runs it calls `stop`. It ends at once, and costs nothing while nobody asks.

    uvicorn looks ten times a second whether it is to end, and gives its connections a tenth of a second in any case.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    def stop(self, *, force: bool = False) -> None:
        """Stop listening, let the answers under way finish, and end; `force` waits for nothing."""
        self.should_exit = True
        self.force_exit = self.force_exit or force
        self._stopping.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        """Wait for `stop`; only a date that the answers carry has to be told anew each second."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0 if self.config.date_header else None):
                    await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listeners and what is idle, and wait for the rest, as long as uvicorn's settings say."""
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                # uvicorn tells nobody when the last of them has gone.
                while not self.force_exit and (self.server_state.connections or self.server_state.tasks):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            for task in self.server_state.tasks:
                task.cancel()
