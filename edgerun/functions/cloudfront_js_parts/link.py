"""The server's side of a process that runs CloudFront Functions (`hosts/quickjs_host.py`)."""

import asyncio
import importlib.util
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

from edgerun.functions import frames
from edgerun.functions.frames import DamagedChannel, Frame, FrameReader
from edgerun.values import value

DEFINE: Final = 0
EVENT: Final = 1
FORGET: Final = 2
STORE: Final = 3
WARM: Final = 4

_HOST: Final = Path(__file__).parents[1] / "hosts" / "quickjs_host.py"
_CALL: Final = struct.Struct("<Idd")
_ANSWER: Final = struct.Struct("<II")
_LARGEST_ANSWER: Final = 16 * 1024 * 1024
_FROM_OUTSIDE: Final = frozenset({-signal.SIGKILL, -signal.SIGTERM})


@value
class Reply:
    """What came back for a call.

    Attributes:
        kind: `RESULT`, `ERROR` or `INIT_ERROR` of `frames`.
        used: seconds of processor time.
        lines: a JSON list of what was logged, or empty.
        document: the result, or what the error says of itself; JSON.
    """

    kind: int
    used: float
    lines: bytes
    document: bytes


class EngineDied(Exception):
    """The process ended under a call.

    Attributes:
        out_of_time: the kernel ended it for that.
        started: it was at this call, and ended by itself.
    """

    def __init__(self, *, out_of_time: bool, started: bool, why: str) -> None:
        super().__init__(why)
        self.out_of_time = out_of_time
        self.started = started


class Link(asyncio.Protocol):
    """One engine process. It works off what it is sent in order.

    Attributes:
        defined: programs it has, each with the store it was given.
        pending: calls that are not answered.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, gone: Callable[["Link"], None]) -> None:
        """Start the process.

        Raises:
            OSError: it cannot be started.
        """
        self.defined: dict[int, object] = {}
        self.pending: dict[int, asyncio.Future[Reply]] = {}
        self.ready = False
        self._loop = loop
        self._gone = gone
        self._last = 0
        self._frames = FrameReader(_LARGEST_ANSWER)
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        self._ended = False
        ours, theirs = socket.socketpair()
        try:
            self._process = _execute(theirs)
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        self._connecting = loop.create_task(self._connect(ours))

    @property
    def pid(self) -> int:
        return self._process.pid

    def define(self, number: int, definition: bytes) -> None:
        self.defined[number] = None
        self._send(DEFINE, number, definition)

    def give_store(self, number: int, contents: object, encoded: bytes) -> None:
        self.defined[number] = contents
        self._send(STORE, number, encoded)

    def forget(self, number: int) -> None:
        if number in self.defined:
            del self.defined[number]
            self._send(FORGET, number, b"")

    def call(self, kind: int, program: int, event: bytes, *, now: float, seed: float) -> asyncio.Future[Reply]:
        """Have a program run; the future fails with `EngineDied` if the process does not live to answer."""
        self._last = (self._last + 1) & 0xFFFFFFFF
        future: asyncio.Future[Reply] = self._loop.create_future()
        self.pending[self._last] = future
        self._send(kind, self._last, _CALL.pack(program, now, seed) + event)
        return future

    def close(self) -> None:
        """End the process now."""
        self._process.kill()
        self._end()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        unsent, self._unsent = self._unsent, []
        for frame in unsent:
            self._transport.write(frame)

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._frames.feed(data):
                self._receive(frame)
        except DamagedChannel:
            self._end()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._end()

    # -- small parts

    def _receive(self, frame: Frame) -> None:
        if frame.kind == frames.READY:
            self.ready = True
            return
        future = self.pending.pop(frame.id, None)
        if future is None or future.done():
            return
        if frame.oversized or len(frame.payload) < _ANSWER.size:
            why = "the result is too large" if frame.oversized else "the answer is damaged"
            future.set_exception(EngineDied(out_of_time=False, started=True, why=why))
            return
        micros, length = _ANSWER.unpack_from(frame.payload)
        start = _ANSWER.size + length
        lines = frame.payload[_ANSWER.size : start]
        future.set_result(Reply(kind=frame.kind, used=micros / 1e6, lines=lines, document=frame.payload[start:]))

    def _send(self, kind: int, number: int, payload: bytes) -> None:
        frame = frames.encode(kind, number, payload)
        if self._transport is None:
            self._unsent.append(frame)
        else:
            self._transport.write(frame)

    async def _connect(self, ours: socket.socket) -> None:
        try:
            await self._loop.create_unix_connection(lambda: self, sock=ours)
        except BaseException:
            ours.close()
            raise

    def _end(self) -> None:
        """Bury the process, and tell those who wait: the first was running, the others were not begun."""
        if self._ended:
            return
        self._ended = True
        self._connecting.cancel()
        if self._transport is not None:
            self._transport.abort()
        status = _buried(self._process)
        out_of_time = status == -signal.SIGPROF
        why = f"the engine ended with status {status}"
        pending, self.pending = self.pending, {}
        for place, future in enumerate(pending.values()):
            if not future.done():
                # A run has no effects: one that was ended from outside may be run again.
                started = self.ready and not place and status not in _FROM_OUTSIDE
                future.set_exception(EngineDied(out_of_time=out_of_time and started, started=started, why=why))
        self._gone(self)


def _buried(process: subprocess.Popen[bytes]) -> int:
    """Return the exit status of a process whose channel is closed; one that still lives is killed."""
    try:
        return process.wait(timeout=0.01)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _execute(channel: socket.socket) -> subprocess.Popen[bytes]:
    """Start the engine with the server's interpreter; its end of the channel is all that it gets."""
    found = importlib.util.find_spec("_quickjs")
    if found is None or found.origin is None:
        raise FileNotFoundError("the package quickjs-ng is not installed")
    folder = str(Path(found.origin).parent)
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-X", "utf8", str(_HOST), str(channel.fileno()), folder],
        stdin=subprocess.DEVNULL,
        pass_fds=[channel.fileno()],
        env={"TZ": "UTC", "PATH": os.defpath},
        start_new_session=True,  # Ctrl-C at the terminal is the server's business
    )
