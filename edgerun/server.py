"""Serves an edge: port, signals, reload, the end."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgerun.app import Edge
from edgerun.banner import banner
from edgerun.builder import run_all
from edgerun.clock import MovableClock
from edgerun.config.load import Loaded
from edgerun.embedded import EmbeddedServer
from edgerun.functions.loads import Loads
from edgerun.functions.log_lines import LogFormat
from edgerun.home import home
from edgerun.keys import Keys
from edgerun.listening import listen
from edgerun.loops import loop_factory
from edgerun.observe import traces
from edgerun.observe.console import Console
from edgerun.observe.events import Noted
from edgerun.observe.recorder import Recorder
from edgerun.secure import Secured, SecurePort, serve_all
from edgerun.serving import Listening, configs
from edgerun.watch import Watcher

if TYPE_CHECKING:
    from edgerun.admin.port import AdminPort


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to serve.

    Attributes:
        load: reads the configuration; called again after each save when `watch` is on.
        host, port: where to listen; port 0 takes any.
        strict_port: fail when the port is taken instead of taking the next.
        https: how to serve HTTPS on a port of its own; None is not at all.
        http2: speak HTTP/2 with viewers that do.
        watch: reload on save.
        ui: whether to open the admin port, and `ui_port` which; always on loopback, the next free one if taken.
        started: `time.perf_counter()` when the program began, for the banner.
        log_format: of the functions' logs.
        verbose: write every step of every request.
        record: keep a record of each request; None as `watch` has it.
        hints: text to print below the banner; `{url}` in it becomes the edge's address.
        as_json, quiet, colour: how to write.
    """

    load: Callable[[], Loaded]
    host: str = "127.0.0.1"
    port: int = 8787
    strict_port: bool = False
    https: Secured | None = None
    http2: bool = False
    watch: bool = False
    ui: bool = True
    ui_port: int = 8788
    log_format: LogFormat = "text"
    verbose: bool = False
    record: bool | None = None
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
    with contextlib.ExitStack() as open_sockets:
        listener, moved = listen(options.host, options.port, strict=options.strict_port)
        open_sockets.callback(listener.close)
        secure = None
        if options.https is not None:
            secure = SecurePort(options.https, options.host, strict=options.strict_port)
            open_sockets.callback(secure.listener.close)
        server = Server(options, loaded, listener, secure, moved=moved)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(server.serve())


class Server:
    """One server process: uvicorn with our door, an edge behind it, a watcher beside it."""

    def __init__(
        self, options: Options, loaded: Loaded, listener: socket.socket, secure: SecurePort | None, *, moved: bool
    ) -> None:
        self._options = options
        self._loaded = loaded
        self._listener = listener
        self._secure = secure
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
            steps=self._options.verbose,
            soon=lambda flush: loop.call_later(0.02, flush),
        )
        logs = home(self._loaded.path) / "logs"
        loads = Loads()
        recording = self._options.watch if self._options.record is None else self._options.record
        recorder = Recorder(folder=home(self._loaded.path) / traces.FOLDER) if recording else None
        edge = Edge(
            self._loaded.config,
            console,
            cwd=self._loaded.path.parent,
            watched=self._options.verbose,
            logs=logs,
            log_format=self._options.log_format,
            clock=MovableClock() if self._options.watch else time.time,
            loads=loads if self._options.watch else None,
            https_port=self._secure.port if self._secure is not None else 0,
            recorder=recorder,
        )
        watcher = Watcher(edge, self._options.load, self._loaded, loads)
        watching: asyncio.Task[None] | None = None
        admin: AdminPort | None = None
        keys: Keys | None = None
        try:
            servers = self._servers(edge)
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self._stop, [server for server, _ in servers], number)
            admin = self._admin(edge)
            if await self._started(edge, watcher):
                if admin is not None:
                    admin.start()
                    console.inspector = admin.address if recording else ""
                if self._options.watch:
                    watching = asyncio.create_task(watcher.run())
                    watcher.start_debugged(self._loaded.config.functions.keys())
                self._announce(admin, recording=recording)
                keys = Keys.of(sys.stdin, admin.address if admin is not None and not self._options.as_json else "")
                gc.freeze()  # what is there by now stays; looking through it would only delay the first answer
                await serve_all(servers)
        finally:
            if keys is not None:
                keys.close()
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            if admin is not None:
                await admin.stop()
            await edge.aclose()
            console.flush()
        return 130 if signal.SIGINT in self._signals else 0

    def _servers(self, edge: Edge) -> list[tuple[EmbeddedServer, socket.socket]]:
        """Return a server for each port, over one door.

        Raises:
            ConfigError: a certificate cannot be used, or HTTP/2 is not installed.
        """
        http2 = self._options.http2
        listening: list[Listening] = [(self._listener, None)]
        if self._secure is not None:
            context = self._secure.context(lambda: edge.config.distributions, http2=http2)
            listening.append((self._secure.listener, context))
        return [(EmbeddedServer(config), listener) for config, listener in configs(edge, listening, http2=http2)]

    def _admin(self, edge: Edge) -> "AdminPort | None":
        if not self._options.ui:
            return None
        from edgerun.admin.inspector.api_events import Streams  # noqa: PLC0415  # with the imports of the port
        from edgerun.admin.inspector.inspected import About  # noqa: PLC0415  # with the imports of the port
        from edgerun.admin.inspector.panels import listening, panel_routes  # noqa: PLC0415  # with the imports of the port
        from edgerun.admin.metrics import collected, counting, metrics_routes  # noqa: PLC0415  # with the imports of the port
        from edgerun.admin.port import AdminPort  # noqa: PLC0415  # its imports only where it is opened

        listener, _ = listen("127.0.0.1", self._options.ui_port, strict=False)
        address = f"http://localhost:{self._listener.getsockname()[1]}/"
        about = About(edge_url=address, cwd=self._loaded.path.parent, watching=self._options.watch)
        metrics = counting(edge)
        streams = Streams()
        more = panel_routes(edge, listening(edge), streams) + metrics_routes(lambda: collected(edge, metrics))
        return AdminPort(edge, listener, home(self._loaded.path), about=about, more=more, streams=streams)

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

    def _stop(self, servers: list[EmbeddedServer], number: int) -> None:
        """First signal: finish what runs, 2 s at most. Second: stop at once."""
        for server in servers:
            server.stop(force=bool(self._signals))
        if self._starting is not None:
            self._starting.cancel()
        self._signals.append(number)

    def _announce(self, admin: "AdminPort | None", *, recording: bool) -> None:
        address = self._listener.getsockname()
        text = banner(
            self._loaded,
            host=self._options.host,
            port=address[1],
            admin=None if admin is None else admin.port,
            inspector=admin.address if admin is not None and recording else "",
            milliseconds=(time.perf_counter() - self._options.started) * 1000,
            asked=self._options.port if self._moved else None,
            secure=self._secure,
            hints=self._options.hints,
            as_json=self._options.as_json,
            quiet=self._options.quiet,
            colour=self._options.colour,
        )
        stream = sys.stdout if self._options.as_json else sys.stderr
        stream.write(text)
        stream.flush()
