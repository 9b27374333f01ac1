"""A worker: one edge that answers viewers, on the orders of the parent."""

import asyncio
import gc
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Any, Final

from edgerun.app import Edge
from edgerun.errors import ConfigError
from edgerun.home import home
from edgerun.loops import loop_factory
from edgerun.observe.console import Console
from edgerun.observe.figures import Snapshot
from edgerun.observe.metrics import Metrics
from edgerun.serving import Listening, configs
from edgerun.workers.assignment import Assignment, take_over
from edgerun.workers.control import Link, Message, NoAnswer, OnPart
from edgerun.workers.lines import ToParent
from edgerun.workers.passing import answer
from edgerun.workers.serving import PortServer

UNUSABLE: Final = 2
"""The exit code of a worker whose configuration cannot be used."""
KEPT_FROM: Final = (signal.SIGINT, signal.SIGHUP)
"""Signals that a terminal sends to all processes: here they are the parent's business."""


def main(descriptor: int) -> int:
    """Run a worker; return its exit code.

    Args:
        descriptor: its end of the channel to the parent.
    """
    for number in KEPT_FROM:
        # Not SIG_IGN, which the processes of functions would inherit.
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, KEPT_FROM)
    end = socket.socket(fileno=descriptor)
    os.set_inheritable(descriptor, False)
    try:
        assignment = take_over(end)
    except EOFError:
        end.close()
        return 0
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(Worker(assignment).run(end))


class Worker:
    """One worker, from its assignment to its end."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._servers: list[PortServer] = []
        self._stopped = False
        self._leaving: asyncio.Task[None] | None = None
        self._admin: Any = None
        self._metrics: Metrics | None = None

    async def run(self, end: socket.socket) -> int:
        """Serve until the parent says to stop, or is gone."""
        self._link = await Link.over(end, self._hear, self._carry_out)
        try:
            return await self._run()
        except ConfigError as error:
            self._link.tell("failed", why=str(error))
            return UNUSABLE
        finally:
            await self._link.aclose()

    async def _run(self) -> int:
        loop = asyncio.get_running_loop()
        given = self._assignment
        console = Console(
            ToParent(self._link),
            colour=given.colour,
            as_json=given.as_json,
            quiet=given.quiet,
            steps=given.verbose,
            soon=lambda flush: loop.call_later(0.02, flush),
        )
        self._edge = Edge(
            given.config,
            console,
            cwd=given.path.parent,
            watched=given.verbose,
            logs=home(given.path) / "logs",
            log_format=given.log_format,
            https_port=given.https_port,
        )
        if given.admin_port:
            self._admin = self._admin_app(given.admin_port)
        try:
            await self._serve(loop)
            self._link.tell("figures", counted=await self._counted())
        finally:
            await self._edge.aclose()
            console.flush()
        return 0

    async def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        given = self._assignment
        ports: list[tuple[tuple[int, ...], Any]] = [(given.listeners, None)]
        if given.https is not None:
            ports.append((given.secure_listeners, self._tls()))
        opened = [[_listener(each) for each in descriptors] for descriptors, _ in ports]
        own = given.number - 1
        listening: list[Listening] = [
            (found[own % len(found)], tls) for found, (_, tls) in zip(opened, ports, strict=True)
        ]
        for (config, _), found in zip(configs(self._edge, listening, http2=given.http2), opened, strict=True):
            self._servers.append(PortServer(config, found, own))
        loop.add_signal_handler(signal.SIGTERM, self._stop_by_signal)
        if self._stopped:
            return
        gone = asyncio.ensure_future(self._watch_parent())
        ready = asyncio.ensure_future(self._tell_ready())
        try:
            await asyncio.gather(*(server.run_until_told() for server in self._servers))
        finally:
            for task in (gone, ready, self._leaving):
                if task is not None:
                    task.cancel()
            for server in self._servers:
                server.close_listeners()

    async def _tell_ready(self) -> None:
        for server in self._servers:
            await server.up.wait()
        gc.freeze()  # as in a single process
        self._link.tell("ready")

    async def _watch_parent(self) -> None:
        """Stop when the parent is gone: nobody would, otherwise."""
        await self._link.lost.wait()
        self._stop(force=False)

    def _stop_by_signal(self) -> None:
        """Leave, so that another takes over; at once when told again, or when nobody is connected yet."""
        if self._leaving is not None or not self._servers:
            self._stop(force=True)
            return
        self._link.tell("leaving")
        self._leaving = asyncio.ensure_future(self._leave())

    def _stop(self, *, force: bool) -> None:
        self._stopped = True
        for server in self._servers:
            server.stop(force=force)

    def _tls(self) -> ssl.SSLContext:
        from edgerun.secure import tls_context  # noqa: PLC0415  # cryptography only where it is used

        given = self._assignment
        assert given.https is not None
        context, _ = tls_context(given.https, given.host, lambda: self._edge.config.distributions, http2=given.http2)
        return context

    # ------------------------------------------------------------------ what the parent says

    def _hear(self, message: Message) -> None:
        match message["say"]:
            case "stop":
                self._stop(force=bool(message["force"]))
            case "leave" if self._leaving is None:
                self._leaving = asyncio.ensure_future(self._leave())
            case "help":
                self._later(lambda server: server.help_out(message["listener"]))
            case "help no longer":
                for server in self._servers:
                    server.help_no_longer(message["listener"])

    def _later(self, act: Callable[[PortServer], Any]) -> None:
        for server in self._servers:
            task = asyncio.ensure_future(act(server))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _leave(self) -> None:
        await asyncio.gather(*(server.leave() for server in self._servers))

    async def _carry_out(self, order: Message, part: OnPart) -> Message:
        match order["do"]:
            case "invalidate":
                return {"count": await self._edge.invalidate(order["items"], order["distribution"])}
            case "answer":
                return await self._answer(order, part)
            case "count":
                return await self._counted()
        raise NoAnswer(f"{order['do']!r} is not done by workers")

    async def _counted(self) -> Snapshot:
        from edgerun.admin.metrics import collected  # noqa: PLC0415  # only where there is a port

        return {} if self._metrics is None else await collected(self._edge, self._metrics)

    async def _answer(self, order: Message, part: OnPart) -> Message:
        """Answer a request to the admin port, as the admin application of a single process would."""
        if self._admin is None:
            raise NoAnswer("there is no admin port")
        await answer(self._admin, order, part)
        return {}

    def _admin_app(self, port: int) -> Any:
        from edgerun.admin.app import admin_app  # noqa: PLC0415  # only where there is a port
        from edgerun.admin.inspector.inspected import About  # noqa: PLC0415
        from edgerun.admin.inspector.panels import listening, panel_routes  # noqa: PLC0415
        from edgerun.admin.metrics import counting  # noqa: PLC0415

        given = self._assignment
        about = About(edge_url=given.url, cwd=given.path.parent)
        more = panel_routes(self._edge, listening(self._edge))
        self._metrics = counting(self._edge)
        return admin_app(self._edge, port=port, token=given.token, about=about, more=more)


def _listener(descriptor: int) -> socket.socket:
    os.set_inheritable(descriptor, False)
    return socket.socket(fileno=descriptor)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
