"""The admin port of a running server, and the file by which commands find it."""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import uvicorn

from edgerun.admin.app import App, admin_app
from edgerun.admin.inspector.api_events import Streams
from edgerun.admin.token import kept_token
from edgerun.embedded import EmbeddedServer
from edgerun.values import value

STATE: Final = "server.json"
GRACE: Final = 1.0


@value
class Running:
    """Where a server that runs takes orders, and the token that it takes them with."""

    url: str
    token: str
    pid: int


class AdminPort:
    """Serves the admin application on a listener of its own, and tells where in a file only its user can read.

    Args:
        edge: what it commands: an edge, or what `make` takes for one.
        listener: of the port.
        home: the state folder.
        streams: what `make` is given too, to be ended with the port.
        make: makes the application, from `edge`, `port`, `token` and what else is `given`.
    """

    def __init__(
        self,
        edge: Any,
        listener: socket.socket,
        home: Path,
        make: Callable[..., App] = admin_app,
        *,
        streams: Streams | None = None,
        **given: Any,
    ) -> None:
        self.port: int = listener.getsockname()[1]
        self._listener = listener
        self._state = home / STATE
        self.token = kept_token(home)
        self._streams = streams
        if streams is not None:
            given["streams"] = streams
        app = make(edge, port=self.port, token=self.token, **given)
        self._server = EmbeddedServer(
            uvicorn.Config(app, lifespan="off", ws="none", log_config=None, access_log=False, server_header=False)
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Where the inspector is; a browser keeps what follows the # to itself."""
        return f"http://localhost:{self.port}/#token={self.token}"

    def start(self) -> None:
        """Begin to listen, and write the file; a folder that cannot be written to only costs the commands."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        with contextlib.suppress(OSError):
            self._state.parent.mkdir(exist_ok=True)
            text = json.dumps({"url": f"http://127.0.0.1:{self.port}", "token": self.token, "pid": os.getpid()})
            with open(self._state, "w", opener=_private, encoding="utf-8") as file:
                file.write(text)

    async def stop(self) -> None:
        """Stop listening, and remove the file unless another server has written its own."""
        found = running(self._state.parent)
        if found is not None and found.pid == os.getpid():
            self._state.unlink(missing_ok=True)
        if self._streams is not None and self._server.server_state.tasks:
            self._streams.end()
            await asyncio.wait(self._server.server_state.tasks, timeout=GRACE)
        self._server.stop(force=True)
        if self._task is not None:
            await self._task


def running(home: Path) -> Running | None:
    """Return the server that was started last for a configuration, by its state folder, or None."""
    try:
        found = json.loads((home / STATE).read_text(encoding="utf-8"))
        return Running(url=str(found["url"]), token=str(found["token"]), pid=int(found["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
