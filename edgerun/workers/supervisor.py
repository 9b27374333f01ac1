"""The parent of the workers: listeners, admin port, signals, the programs that serve origins, one terminal.

It answers no viewer. uvicorn's own supervisor has no admin port, cannot add up what its workers count, and drops
connections when it reloads.
"""

import asyncio
import contextlib
import signal
import socket
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final

from edgerun.admin.port import AdminPort
from edgerun.banner import banner
from edgerun.config.load import Loaded
from edgerun.distribution.model import StoreConfig
from edgerun.errors import ConfigError, EdgerunError
from edgerun.home import home
from edgerun.listening import listen
from edgerun.loops import loop_factory
from edgerun.observe.console import Console
from edgerun.observe.events import Noted
from edgerun.origins.registry import Commands
from edgerun.secure import SecurePort
from edgerun.server import Options
from edgerun.workers.admin import fleet_app
from edgerun.workers.assignment import Assignment
from edgerun.workers.crew import Crew
from edgerun.workers.fleet import Fleet
from edgerun.workers.hand import Hand
from edgerun.workers.lines import Terminal
from edgerun.workers.listeners import beside, open_listeners
from edgerun.workers.revisions import NoWorker, Revisions
from edgerun.workers.terminal import ControllingTerminal

NO_WORKER: Final = 1
SEPARATE: Final = "each worker has a cache of its own: what one has stored, another fetches again (--store lmdb)"
RECORDS: Final = "--record: one process keeps the records of requests: leave it out, or serve with --workers 1"


@dataclass(frozen=True, slots=True)
class Doors:
    """The listeners of both ports, one for each worker, and the port of HTTPS."""

    plain: list[socket.socket]
    secure: list[socket.socket]
    secure_port: SecurePort | None
    moved: bool

    def all(self) -> list[socket.socket]:
        """Return every listener."""
        return [*self.plain, *self.secure]


def run(options: Options, workers: int) -> int:
    """Serve with several workers until a signal comes.

    Returns:
        The exit code: 0, 130 after Ctrl-C, 1 when no worker came up.

    Raises:
        ConfigError: the configuration cannot be used.
        PortInUse: `strict_port`, and the port is taken.
    """
    if options.record:
        raise ConfigError(RECORDS)
    loaded = options.load()
    doors = _opened(options, workers, loaded)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(Supervisor(options, loaded, workers, doors).serve())
    finally:
        for listener in doors.all():
            listener.close()


class Supervisor:
    """One parent, from the first worker to the last."""

    def __init__(self, options: Options, loaded: Loaded, workers: int, doors: Doors) -> None:
        self._options = options
        self._loaded = loaded
        self._workers = workers
        self._doors = doors
        self._signals: list[int] = []
        self._stopping = asyncio.Event()
        self._force = asyncio.Event()
        self._terminal = Terminal(sys.stdout)
        self._fleet = Fleet(loaded.config, workers)
        self._admin: AdminPort | None = None
        self._controlling = ControllingTerminal()
        self._reloading: asyncio.Task[None] | None = None
        self._reload_again = False

    async def serve(self) -> int:
        """Serve until a signal comes; return the exit code."""
        loop = asyncio.get_running_loop()
        self._console = Console(
            self._terminal,
            colour=self._options.colour,
            as_json=self._options.as_json,
            quiet=self._options.quiet,
            soon=lambda flush: loop.call_later(0.02, flush),
        )
        self._commands = Commands(self._loaded.path.parent, self._origin_printed)
        self._revisions = Revisions(self._fleet, self._commands, self._crew, self._tell)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        try:
            await self._until_told(self._start())
            await self._stopping.wait()
        except NoWorker as error:
            self._tell(str(error), "error")
            return NO_WORKER
        finally:
            if self._reloading is not None:
                self._reloading.cancel()
                await asyncio.wait((self._reloading,))
            await self._revisions.stop(self._force)
            if self._admin is not None:
                await self._admin.stop()
            await self._commands.aclose()
            self._console.flush()
        return 130 if signal.SIGINT in self._signals else 0

    async def _until_told(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something, unless a signal comes first."""
        task = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))
        if not task.cancelled():
            task.result()

    async def _start(self) -> None:
        if self._options.ui:
            listener, _ = listen("127.0.0.1", self._options.ui_port, strict=False)
            self._admin = AdminPort(self._fleet, listener, home(self._loaded.path), fleet_app)
        await self._revisions.first(self._loaded)
        if self._admin is not None:
            self._admin.start()
        self._announce()

    def _crew(self, loaded: Loaded) -> Crew:
        async def start(number: int) -> Hand:
            hand = await Hand.start(self._assignment(number, loaded), self._terminal.write)
            self._fleet.add(hand)
            return hand

        return Crew(start, self._workers, self._tell)

    def _assignment(self, number: int, loaded: Loaded) -> Assignment:
        given, doors = self._options, self._doors
        return Assignment(
            number=number,
            config=loaded.config,
            path=loaded.path,
            listeners=tuple(listener.fileno() for listener in doors.plain),
            secure_listeners=tuple(listener.fileno() for listener in doors.secure),
            https=given.https,
            host=given.host,
            https_port=doors.secure_port.port if doors.secure_port is not None else 0,
            http2=given.http2,
            url=f"http://localhost:{doors.plain[0].getsockname()[1]}/",
            admin_port=0 if self._admin is None else self._admin.port,
            token="" if self._admin is None else self._admin.token,
            log_format=given.log_format,
            verbose=given.verbose,
            as_json=given.as_json,
            quiet=given.quiet,
            colour=given.colour,
        )

    def _stop(self, number: int) -> None:
        """First signal: finish what runs, 2 s at most. Second: stop at once."""
        if self._signals:
            self._force.set()
        self._signals.append(number)
        self._stopping.set()

    def _hung_up(self) -> None:
        """Reload, once more if a reload is under way, which has read what is old; or stop, if the terminal hung up."""
        if self._controlling.gone:
            self._stop(signal.SIGHUP)
        elif self._reloading is not None and not self._reloading.done():
            self._reload_again = True
        else:
            self._reloading = asyncio.ensure_future(self._reload())

    async def _reload(self) -> None:
        self._reload_again = True
        while self._reload_again:
            self._reload_again = False
            try:
                loaded = await asyncio.to_thread(self._options.load)
                _check_certificate(self._options, self._doors.secure_port, loaded)
                await self._revisions.next(loaded)
            except (EdgerunError, OSError) as error:
                self._tell(f"{error}\nnot taken over: the workers there are go on", "error")

    def _announce(self) -> None:
        port = self._doors.plain[0].getsockname()[1]
        store = self._loaded.config.store
        text = banner(
            with_note(self._loaded),
            host=self._options.host,
            port=port,
            admin=None if self._admin is None else self._admin.port,
            milliseconds=(time.perf_counter() - self._options.started) * 1000,
            asked=self._options.port if self._doors.moved else None,
            secure=self._doors.secure_port,
            workers=f"{self._workers}, {_cache_of(store)}",
            hints=self._options.hints,
            as_json=self._options.as_json,
            quiet=self._options.quiet,
            colour=self._options.colour,
        )
        stream = sys.stdout if self._options.as_json else sys.stderr
        stream.write(text)
        stream.flush()

    def _tell(self, text: str, level: str = "info") -> None:
        self._console(Noted(text=text, level=level))

    def _origin_printed(self, origin: str, text: str) -> None:
        self._tell(f"origin {origin}: {text}", "output")


def _opened(options: Options, workers: int, loaded: Loaded) -> Doors:
    """Open the listeners, and see that the certificate can be used, before anything is started."""
    with contextlib.ExitStack() as undone:
        plain, moved = open_listeners(options.host, options.port, workers, strict=options.strict_port)
        for listener in plain:
            undone.callback(listener.close)
        secure: list[socket.socket] = []
        secure_port = None
        if options.https is not None:
            secure_port = SecurePort(options.https, options.host, strict=options.strict_port)
            undone.callback(secure_port.listener.close)
            _check_certificate(options, secure_port, loaded)
            secure = beside(secure_port.listener, workers)
        undone.pop_all()
    return Doors(plain, secure, secure_port, moved)


def _check_certificate(options: Options, port: SecurePort | None, loaded: Loaded) -> None:
    """See that HTTPS can be served, before workers are started that would find out.

    Raises:
        ConfigError: it cannot.
    """
    if port is not None:
        port.context(lambda: loaded.config.distributions, http2=options.http2)


def with_note(loaded: Loaded) -> Loaded:
    """Return a configuration with the note that its workers share no cache, where they do not."""
    separate = loaded.config.store.kind == "memory"
    return replace(loaded, notes=(*loaded.notes, SEPARATE)) if separate else loaded


def _cache_of(store: StoreConfig) -> str:
    return "each with a cache of its own" if store.kind == "memory" else f"one cache ({store.kind})"
