"""A program that is an origin, started and stopped with the server."""

import asyncio
import os
import shlex
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edgerun.errors import ConfigError
from edgerun.programs import Program, ending

START_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.02
LAST_LINES: Final = 10

_SHELL_CHARACTERS: Final = frozenset("|&;<>()$`*?[]#~=%!{}\n")


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
        self._program: Program | None = None

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
        program, self._program = self._program, None
        if program is not None:
            await program.stop()

    async def _spawn(self) -> None:
        try:
            self._program = await Program.start(
                _argv(self._line), cwd=self._cwd, environment={"PORT": str(self.port)}, on_line=self._take_line
            )
        except OSError as error:
            raise ConfigError(f"origin command {self._line!r} cannot be started: {error}") from error

    def _take_line(self, line: str) -> None:
        self._last.append(line)
        self._on_output(line)

    async def _await_port(self, deadline: float, timeout: float) -> None:
        assert self._program is not None
        while not await self._accepts():
            if self._program.returncode is not None:
                how = ending(await self._program.wait())
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
        state = "stopped" if self._program is None else f"pid {self._program.pid}"
        return f"<OriginCommand {self._line!r} {state}>"


def _argv(line: str) -> list[str]:
    if _SHELL_CHARACTERS.isdisjoint(line):
        return shlex.split(line)
    return ["/bin/sh", "-c", line]
