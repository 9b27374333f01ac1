"""What joins an environment to its process: channel, output and claims; how the process is started and ended."""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Protocol

import orjson

from edgerun.functions import bootstraps, frames, orders, provided
from edgerun.functions.channel import Channel, Listener
from edgerun.functions.claims import Claims
from edgerun.functions.function import Function
from edgerun.functions.link import Link
from edgerun.functions.log_lines import LogFormat
from edgerun.functions.output import OutputPipe
from edgerun.functions.row import Row
from edgerun.functions.spawner import Child, Spawner
from edgerun.functions.variables import context_facts, log_place, variables


class Joined(Child, Listener, Protocol):
    """What is joined: the environment."""

    function: Function

    @property
    def pid(self) -> int:
        """The process, 0 until known."""


class Wires:
    """The server's ends.

    Attributes:
        key: the process's at its spawner, 0 before it is started.
        output: what it prints.
        row: the calls that are sent to it.
        spawner: starts it.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        spawner: Spawner,
        environment: Joined,
        program: str,
        log_format: LogFormat,
        largest_result: int,
        printed: Callable[[str], None],
    ) -> None:
        """Have the process made; a custom runtime's program is the function's own, so it starts with INIT.

        Raises:
            OSError: it cannot be made.
        """
        self.spawner = spawner
        function = environment.function
        self.key = 0
        self._environment = environment
        self._place = log_place(function, time.time())
        self._function = function
        self._link: Link
        seen = variables(function, self._place, log_format)
        custom = function.runtime in bootstraps.RUNTIMES
        if custom:
            self._link, self._order = provided.begin(
                loop, function, program, seen, environment.hear, largest_result, lambda: environment.pid
            )
        claims = None if custom else Claims()
        self.row = Row(loop, claims, self._write)
        output, self._their_output = os.pipe()
        self.output = OutputPipe(loop, output, printed, lambda: bool(self.row.behind))
        if claims is not None:
            self._link = channel = Channel(loop, environment, largest_result)
            order = {**orders.hosted(function, program), "environment": seen}
            self.key = spawner.start(environment, order, [channel.theirs, self._their_output, claims.theirs])

    def start(self) -> None:
        """Start the process, if that is not done."""
        if not self.key:
            nothing, none = (os.open(os.devnull, os.O_RDWR) for _ in range(2))  # there is no channel
            self.key = self.spawner.start(self._environment, self._order, [nothing, self._their_output, none])

    def initialise(self, facts: dict[str, object]) -> None:
        """Have it load the function; `facts` go with what its context says."""
        told = context_facts(self._function, self._place) | facts
        self._link.write(frames.encode(frames.INIT, 0, orjson.dumps(told)))

    def kill(self) -> None:
        """Have the process ended."""
        self.spawner.kill(self.key)

    def close(self) -> None:
        """Read what it printed last, and close everything."""
        self.row.close()
        self.output.close()
        self._link.abort()

    def _write(self, sent: bytes) -> None:
        if self._link.is_closing():  # it died idle a moment ago: its end hands its calls to another
            self.kill()
        else:
            self._link.write(sent)
