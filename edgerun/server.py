"""Serves an edge: port, signals, reload, the end."""

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from edgerun.admin.port import AdminPort
from edgerun.app import Edge
from edgerun.banner import banner
from edgerun.builder import run_all
from edgerun.clock import MovableClock
from edgerun.config.load import Loaded
from edgerun.doors.asgi import AsgiDoor
from edgerun.doors.plain import PlainProtocol
from edgerun.doors.wire import WireProtocol
from edgerun.embedded import EmbeddedServer
from edgerun.errors import ConfigError, PortInUse
from edgerun.functions.loads import Loads
from edgerun.functions.log_lines import LogFormat
from edgerun.home import home
from edgerun.observe.console import Console
from edgerun.observe.events import Noted
from edgerun.watch import Watcher

logger = logging.getLogger("edgerun.server")

PORTS_TRIED: Final = 50
GRACE: Final = 2
KEEP_ALIVE: Final = 60
HOOKS: Final = ("on_message_begin", "on_url", "on_header", "on_headers_complete", "on_body", "on_message_complete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to serve.

    Attributes:
        load: reads the configuration; called again after each save when `watch` is on.
        host, port: where to listen; port 0 takes any.
        strict_port: fail when the port is taken instead of taking the next.
        watch: reload on save.
        ui: whether to open the admin port, and `ui_port` which; always on loopback, the next free one if taken.
        started: `time.perf_counter()` when the program began, for the banner.
        log_format: of the functions' logs.
        verbose: write every step of every request.
        hints: text to print below the banner; `{url}` in it becomes the edge's address.
        as_json, quiet, colour: how to write.
    """

    load: Callable[[], Loaded]
    host: str = "127.0.0.1"
    port: int = 8787
    strict_port: bool = False
    watch: bool = False
    ui: bool = True
    ui_port: int = 8788
    log_format: LogFormat = "text"
    verbose: bool = False
    started: float = 0.0
    hints: str = ""
    as_json: bool = False
    quiet: bool = False
    colour: bool = False


def run(options: Options) -> int:
    """Serve until a signal comes.

    Returns:
        The exit code: 0, or 130 after Ctrl-C.

    Raises:
        ConfigError: the configuration cannot be used.
        PortInUse: `strict_port`, and the port is taken.
    """
    loaded = options.load()
    listener, moved = listen(options.host, options.port, strict=options.strict_port)
    with contextlib.closing(listener):
        server = Server(options, loaded, listener, moved=moved)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(server.serve())


def listen(host: str, port: int, *, strict: bool) -> tuple[socket.socket, bool]:
    """Open the listening socket, on the next free port if need be.

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
    raise PortInUse(f"{tried} in use; give another with --port")


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except BaseException:
        listener.close()
        raise
    return listener


class Server:
    """One server process: uvicorn with our door, an edge behind it, a watcher beside it."""

    def __init__(self, options: Options, loaded: Loaded, listener: socket.socket, *, moved: bool) -> None:
        self._options = options
        self._loaded = loaded
        self._listener = listener
        self._moved = moved
        self._signals: list[int] = []
        self._starting: asyncio.Future[None] | None = None

    async def serve(self) -> int:
        """Serve until a signal comes; return the exit code."""
        loop = asyncio.get_running_loop()
        console = Console(
            sys.stdout,
            colour=self._options.colour,
            as_json=self._options.as_json,
            quiet=self._options.quiet,
            soon=lambda flush: loop.call_later(0.02, flush),
        )
        logs = home(self._loaded.path) / "logs"
        loads = Loads()
        edge = Edge(
            self._loaded.config,
            console,
            cwd=self._loaded.path.parent,
            watched=self._options.verbose,
            logs=logs,
            log_format=self._options.log_format,
            clock=MovableClock() if self._options.watch else time.time,
            loads=loads if self._options.watch else None,
        )
        door = AsgiDoor(edge)
        server = EmbeddedServer(uvicorn_config(door))
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop, server, number)
        watcher = Watcher(edge, self._options.load, self._loaded, loads)
        watching: asyncio.Task[None] | None = None
        admin = self._admin(edge)
        try:
            if await self._started(edge, watcher):
                if admin is not None:
                    admin.start()
                if self._options.watch:
                    watching = asyncio.create_task(watcher.run())
                    watcher.start_debugged(self._loaded.config.functions.keys())
                self._announce(None if admin is None else admin.port)
                gc.collect()
                gc.freeze()
                await server.serve(sockets=[self._listener])
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            if admin is not None:
                await admin.stop()
            await edge.aclose()
            console.flush()
        return 130 if signal.SIGINT in self._signals else 0

    def _admin(self, edge: Edge) -> AdminPort | None:
        if not self._options.ui:
            return None
        listener, _ = listen("127.0.0.1", self._options.ui_port, strict=False)
        return AdminPort(edge, listener, home(self._loaded.path))

    async def _started(self, edge: Edge, watcher: Watcher) -> bool:
        """Start what has to run before the first request; False when a signal came first."""
        self._starting = asyncio.ensure_future(self._prepare(edge, watcher))
        await asyncio.wait((self._starting,))
        if not self._starting.cancelled():
            self._starting.result()
        return not self._signals

    async def _prepare(self, edge: Edge, watcher: Watcher) -> None:
        if self._options.watch:
            await watcher.build()
        else:
            await run_all(self._loaded.builds, lambda text, level: edge.emit(Noted(text=text, level=level)))
        await edge.start()

    def _stop(self, server: uvicorn.Server, number: int) -> None:
        """First signal: finish what runs, 2 s at most. Second: stop at once."""
        server.force_exit = server.force_exit or bool(self._signals)
        server.should_exit = True
        if self._starting is not None:
            self._starting.cancel()
        self._signals.append(number)

    def _announce(self, admin: int | None) -> None:
        address = self._listener.getsockname()
        text = banner(
            self._loaded,
            host=self._options.host,
            port=address[1],
            admin=admin,
            milliseconds=(time.perf_counter() - self._options.started) * 1000,
            asked=self._options.port if self._moved else None,
            hints=self._options.hints,
            as_json=self._options.as_json,
            quiet=self._options.quiet,
            colour=self._options.colour,
        )
        stream = sys.stdout if self._options.as_json else sys.stderr
        stream.write(text)
        stream.flush()


def uvicorn_config(door: AsgiDoor) -> uvicorn.Config:
    """Return uvicorn's settings: our door, nothing of its own in the answers or the log."""
    return uvicorn.Config(
        door,
        http=WireProtocol if wire_door_fits() else PlainProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )


def wire_door_fits() -> bool:
    """Tell whether uvicorn's protocol class still has the hooks the wire door builds on; else the ASGI door serves."""
    fits = all(callable(getattr(HttpToolsProtocol, hook, None)) for hook in HOOKS)
    if not fits:
        logger.warning("uvicorn %s has other hooks than expected: serving through ASGI, slower", uvicorn.__version__)
    return fits


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415  # not on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop
