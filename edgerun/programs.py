"""Programs of the user's that run beside the server: in a group of their own, their output in lines, ended with it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

STOP_SECONDS: Final = 2.0
LINE_LIMIT: Final = 65_536

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


class Program:
    """One program, from its start to its end."""

    def __init__(self, process: Process, output: "Lines") -> None:
        self._process = process
        self._output = output

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> "Program":
        """Start a program; its output goes to a pipe of ours, which can be closed even if a grandchild holds it.

        Args:
            argv: the program and its arguments.
            cwd: where it runs.
            environment: variables on top of the server's own.
            on_line: called with each line that it prints, to stdout or stderr.

        Raises:
            OSError: it cannot be started.
        """
        reading, writing = os.pipe()
        try:
            _, output = await asyncio.get_running_loop().connect_read_pipe(
                lambda: Lines(on_line), os.fdopen(reading, "rb", 0)
            )
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *("-I", "-S", "-c", _LAUNCHER, str(os.getpid())),
                    *argv,
                    cwd=cwd,
                    env={**os.environ, **environment},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=writing,
                    stderr=writing,
                    start_new_session=True,
                )
            except BaseException:
                output.drop()
                raise
        finally:
            os.close(writing)
        return cls(process, output)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit status, negative for a signal, None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for its end, and until all that it printed was handed out; return the exit status."""
        status = await self._process.wait()
        await self._output.close()
        return status

    async def stop(self) -> None:
        """End it and what it started: SIGTERM to its group, SIGKILL after 2 s; safe to call twice."""
        _signal_group(self._process.pid, signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        _signal_group(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        await self._output.close()


class Lines(asyncio.Protocol):
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

    def drop(self) -> None:
        """Close the pipe now."""
        if self._transport is not None:
            self._transport.close()

    async def close(self) -> None:
        """Wait briefly for the pipe's end, then close it whoever still holds the other side."""
        await asyncio.wait((self._closed,), timeout=0.2)
        if not self._closed.done():
            self.drop()
            await self._closed


def ending(code: int) -> str:
    """Return how a program ended, for a sentence."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with status {code}"


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
