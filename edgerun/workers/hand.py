"""A worker as the parent sees it: a process, the channel to it, and how far it has come."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from edgerun.observe.figures import Snapshot, lasting
from edgerun.workers.assignment import Assignment, handed_over
from edgerun.workers.control import Link, Message, NoAnswer
from edgerun.workers.worker import KEPT_FROM

PROGRAM: Final = "import sys; sys.path[:] = {path!r}; from edgerun.workers.worker import main; sys.exit(main({end}))"
ENDING: Final = 10.0
"""Seconds that a worker may take to end once its channel is closed."""


class Hand:
    """One worker.

    It is an interpreter of its own, not a fork of the parent's: a parent whose loop runs cannot be forked safely, and
    workers have to be started as long as the parent lives.

    Attributes:
        number: which worker it is, from 1 on; the one that replaces it has the same.
        pid: its process.
        started: seconds since the epoch.
        ready_at: when it began to answer, by the monotonic clock; None before.
        why: what it said was wrong with its configuration; "" if it said nothing.
        leaving: whether it was told to end.
        changed: called when it has said that it leaves, unasked.
        figures: what it has counted, as far as it is known here.
        ended: its exit code, once it has one.
    """

    def __init__(
        self, number: int, process: subprocess.Popen[bytes], link: Link, on_lines: Callable[[str], None]
    ) -> None:
        self.number = number
        self.pid = process.pid
        self.started = time.time()
        self.ready_at: float | None = None
        self.why = ""
        self.figures: Snapshot = {}
        self.leaving = False
        self.link = link
        self.begun = asyncio.Event()
        self.changed: Callable[[], None] = _nothing
        self._process = process
        self._on_lines = on_lines
        self.ended: asyncio.Task[int] = asyncio.ensure_future(self._end())

    @classmethod
    async def start(cls, assignment: Assignment, on_lines: Callable[[str], None]) -> "Hand":
        """Start a worker.

        Args:
            assignment: what it does.
            on_lines: gets what it says in the terminal, whole lines.

        Raises:
            OSError: no process can be made.
        """
        ours, theirs = socket.socketpair()
        hand: Hand | None = None

        def hear(message: Message) -> None:
            assert hand is not None
            hand.hear(message)

        try:
            with theirs:
                process = _executed(theirs.fileno(), (*assignment.listeners, *assignment.secure_listeners))
        except OSError:
            ours.close()
            raise
        link = await Link.over(ours, hear)
        hand = cls(assignment.number, process, link, on_lines)
        link.send_frame(handed_over(assignment))
        return hand

    @property
    def ready(self) -> bool:
        """Whether it answers viewers, and is to go on with it."""
        return self.ready_at is not None and not self.leaving and not self.link.lost.is_set()

    @property
    def state(self) -> str:
        """How far it is: `starting`, `ready`, `leaving` or `ended`."""
        if self.link.lost.is_set():
            return "ended"
        if self.leaving:
            return "leaving"
        return "starting" if self.ready_at is None else "ready"

    @property
    def served(self) -> float | None:
        """Seconds for which it has been ready, None if it never was."""
        return None if self.ready_at is None else time.monotonic() - self.ready_at

    def hear(self, message: Message) -> None:
        """Take what the worker tells."""
        match message["say"]:
            case "ready":
                self.ready_at = time.monotonic()
                self.begun.set()
            case "figures":
                self.figures = message["counted"]
            case "leaving":
                self.leaving = True
                self.changed()
            case "failed":
                self.why = str(message["why"])
            case "lines":
                lost = message["lost"]
                self._on_lines((f"({lost} lines of worker {self.number} are lost)\n" if lost else "") + message["text"])

    async def counted(self, patience: float) -> Snapshot:
        """Return what it has counted; of one that does not answer in time, what is known."""
        with contextlib.suppress(NoAnswer, TimeoutError):
            async with asyncio.timeout(patience):
                self.figures = await self.link.ask("count")
                return self.figures
        return lasting(self.figures)

    def leave(self) -> None:
        """Have it take no more connections, and end once all are done with."""
        self.leaving = True
        self.link.tell("leave")

    def stop(self, *, force: bool = False) -> None:
        """Have it finish what runs, 2 s at most, and end; or end at once."""
        self.leaving = True
        self.link.tell("stop", force=force)

    def kill(self) -> None:
        """Kill it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _end(self) -> int:
        await self.link.lost.wait()
        try:
            # Not `wait` with a timeout, which polls.
            return await asyncio.wait_for(asyncio.to_thread(self._process.wait), ENDING)
        except TimeoutError:
            self.kill()
            return await asyncio.to_thread(self._process.wait)
        finally:
            self.begun.set()


def _nothing() -> None:
    return None


def _executed(end: int, listeners: Sequence[int]) -> subprocess.Popen[bytes]:
    program = PROGRAM.format(path=[os.path.abspath(each) for each in sys.path], end=end)  # noqa: PTH100  # "" is here
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, KEPT_FROM)
    try:  # until it can take them, the worker inherits that signals from the terminal wait
        return subprocess.Popen(
            [sys.executable, "-P", *_flags(), "-c", program, "edgerun", "worker"],
            stdin=subprocess.DEVNULL,
            pass_fds=(end, *listeners),
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _flags() -> list[str]:
    """Return the interpreter's own flags that this process was started with."""
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001
    return flags
