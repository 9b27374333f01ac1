"""A program that is an origin, started and stopped with the server."""

import asyncio
import os
import shlex
import signal
import sys
import time
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from edgerun.errors import ConfigError

START_SECONDS: Final = 10.0
STOP_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.02
LAST_LINES: Final = 10
LINE_LIMIT: Final = 65_536

_SHELL_CHARACTERS: Final = frozenset("|&;<>()$`*?[]#~=%!{}\n")

# Runs in a fresh interpreter that then becomes the program: asks Linux for SIGKILL on the server's end (1 is
# PR_SET_PDEATHSIG), which survives exec, and leaves at once if the server ended before it could ask.
_LAUNCHER: Final = """\
import os, sys
parent, program = int(sys.argv[1]), sys.argv[2:]
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() != parent:
    os._exit(1)
try:
    os.execvp(program[0], program)
except OSError as error:
    print(f"{program[0]}: {error.strerror}", flush=True)
    os._exit(127)
"""


class OriginCommand:
    """A program that serves an origin on a port of ours.

    Args:
        argv_or_shell: the command line, `{port}` standing for the port; run by `/bin/sh` if it needs a shell.
        port: a free port on loopback. The program finds it in `PORT` too.
        cwd: where the program runs.
        on_output: called with each line that the program prints, to stdout or stderr.
    """

    def __init__(
        self, argv_or_shell: str, *, port: int, cwd: str | os.PathLike[str], on_output: Callable[[str], None]
    ) -> None:
        self.port = port
        self._line = argv_or_shell.replace("{port}", str(port))
        self._cwd = Path(cwd)
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._on_output = on_output
        self._process: Process | None = None
        self._output: _Lines | None = None

    async def start(self, *, timeout: float = START_SECONDS) -> None:
        """Start the program and wait until its port accepts.

        Raises:
            ConfigError: it ended, or did not listen in time; the message holds its last lines. It is stopped.
        """
        try:
            await self._spawn()
            await self._await_port(time.monotonic() + timeout, timeout)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the program and what it started: SIGTERM to its group, SIGKILL after 2 s; safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            _signal_group(process.pid, signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            _signal_group(process.pid, signal.SIGKILL)
            await process.wait()
        if self._output is not None:
            await self._output.close()

    async def _spawn(self) -> None:
        """Start the program with its output in a pipe of ours, which can be closed even if a grandchild holds it."""
        reading, writing = os.pipe()
        try:
            _, self._output = await asyncio.get_running_loop().connect_read_pipe(
                lambda: _Lines(self._take_line), os.fdopen(reading, "rb", 0)
            )
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-S", "-c", _LAUNCHER, str(os.getpid())),
                *_argv(self._line),
                cwd=self._cwd,
                env={**os.environ, "PORT": str(self.port)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
            )
        except OSError as error:
            raise ConfigError(f"origin command {self._line!r} cannot be started: {error}") from error
        finally:
            os.close(writing)

    def _take_line(self, line: str) -> None:
        self._last.append(line)
        self._on_output(line)

    async def _await_port(self, deadline: float, timeout: float) -> None:
        assert self._process is not None
        while not await self._accepts():
            if self._process.returncode is not None:
                assert self._output is not None
                await self._output.close()
                how = _ending(self._process.returncode)
                raise ConfigError(self._sentence(f"{how} before port {self.port} accepted a connection"))
            if time.monotonic() > deadline:
                raise ConfigError(
                    self._sentence(f"does not accept connections on port {self.port} after {timeout:g} s")
                )
            await asyncio.sleep(LOOK_SECONDS)

    async def _accepts(self) -> bool:
        for address in ("127.0.0.1", "::1"):
            try:
                transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, address, self.port)
            except OSError:
                continue
            transport.abort()
            return True
        return False

    def _sentence(self, what: str) -> str:
        said = "it printed nothing" if not self._last else "its last output:\n  " + "\n  ".join(self._last)
        return f"origin command {self._line!r} {what}; {said}"

    def __repr__(self) -> str:
        state = "stopped" if self._process is None else f"pid {self._process.pid}"
        return f"<OriginCommand {self._line!r} {state}>"


class _Lines(asyncio.Protocol):
    """Cuts what a pipe brings into lines."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = b""
        self._transport: asyncio.BaseTransport | None = None
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LINE_LIMIT:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._on_line(line.rstrip(b"\r").decode(errors="replace"))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the interface of asyncio
        if self._rest:
            self.data_received(b"\n")
        if not self._closed.done():
            self._closed.set_result(None)

    async def close(self) -> None:
        """Wait briefly for the pipe's end, then close it whoever still holds the other side."""
        await asyncio.wait((self._closed,), timeout=0.2)
        if not self._closed.done() and self._transport is not None:
            self._transport.close()
            await self._closed


def _argv(line: str) -> list[str]:
    if _SHELL_CHARACTERS.isdisjoint(line):
        return shlex.split(line)
    return ["/bin/sh", "-c", line]


def _ending(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with status {code}"


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
