"""What an environment prints, one pipe for its descriptors 1 and 2, read line by line; and its log around that."""

import asyncio
import fcntl
import os
import sys
import termios
import time
from collections.abc import Callable
from typing import Final

from edgerun.functions import log_lines
from edgerun.functions.call import Call
from edgerun.functions.log_lines import EnvironmentFacts, InvocationFacts, LogFormat, Phase
from edgerun.functions.runtime import OutputLine
from edgerun.functions.silences import Silence, Silences

LONGEST_LINE: Final = 256 * 1024  # AWS: CloudWatch Logs cuts an event here
_READ_SIZE: Final = 65_536  # what a pipe holds, unless the function made it larger
_NUMBER: Final = bytes(4)


class LineSplitter:
    """Bytes in, lines out; holds at most one line of `LONGEST_LINE` bytes."""

    def __init__(self) -> None:
        self._partial = bytearray()

    def feed(self, received: bytes) -> list[str]:
        self._partial += received
        *whole, rest = self._partial.split(b"\n")
        lines = [text for line in whole for text in _cut(line)]
        if len(rest) >= LONGEST_LINE:
            *full, rest = (rest[at : at + LONGEST_LINE] for at in range(0, len(rest), LONGEST_LINE))
            lines += [_text(piece) for piece in full]
        self._partial = bytearray(rest)
        return lines

    def flush(self) -> list[str]:
        """Return what has no newline yet; nothing if there is none."""
        rest, self._partial = self._partial, bytearray()
        return _cut(rest) if rest else []


class OutputPipe:
    """The server's end of an environment's output; `printed` gets every line at once."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        descriptor: int,
        printed: Callable[[str], None],
        several: Callable[[], bool] = lambda: False,
    ) -> None:
        """Read from a descriptor.

        While `several` calls are under way what is here is read in the loop's next turn only: what the process said
        before it printed is heard by then, so that it is known whose this is.
        """
        os.set_blocking(descriptor, False)
        self._loop = loop
        self._several = several
        self._descriptor = descriptor
        self._printed = printed
        self._lines = LineSplitter()
        self._open = True
        self._unfinished = False
        loop.add_reader(descriptor, self._readable)

    def drain(self) -> bool:
        """Hand out all that was written until now, also a last line without newline; not what is being added.

        Returns:
            Whether there was anything.
        """
        left = self._waiting() if self._open else 0
        printed = left > 0 or self._unfinished
        while left > 0 and (read := self._read()):
            left -= read
        if self._unfinished:
            self._unfinished = False
            self._hand_out(self._lines.flush())
        return printed

    def close(self) -> None:
        """Hand out the rest and close."""
        self.drain()
        self._stop()

    def _waiting(self) -> int:
        """Return the bytes in the pipe."""
        return int.from_bytes(fcntl.ioctl(self._descriptor, termios.FIONREAD, _NUMBER), sys.byteorder)

    def _readable(self) -> None:
        if self._several():
            self._loop.call_soon(self._read)
        else:
            self._read()

    def _read(self) -> int:
        """Read once; return the bytes that came."""
        if not self._open:
            return 0
        try:
            received = os.read(self._descriptor, _READ_SIZE)
        except BlockingIOError:
            return 0
        if not received:
            self._stop()
            return 0
        self._unfinished = not received.endswith(b"\n")
        self._hand_out(self._lines.feed(received))
        return len(received)

    def _hand_out(self, lines: list[str]) -> None:
        for line in lines:
            self._printed(line)

    def _stop(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)


class Journal:
    """One environment's log: the platform's lines around what the function prints, in CloudWatch's order."""

    def __init__(
        self,
        environment: EnvironmentFacts,
        form: LogFormat,
        on_output: Callable[[OutputLine], None],
        silences: Silences | None = None,
    ) -> None:
        """Make a log.

        Args:
            environment: whose.
            form: CloudWatch's text form or its JSON form.
            on_output: gets every line, but for those
            silences: where what is written about an invocation goes that printed nothing, if it succeeded.
        """
        self._environment = environment
        self._form = form
        self._on_output = on_output
        self._silences = silences
        self._open: Call | None = None
        self._begun = 0.0
        self._announced = False

    def init_started(self, phase: Phase) -> None:
        self._write(log_lines.init_start(self._form, time.time(), self._environment, phase))

    def init_failed(self, duration: float, error_type: str, phase: Phase) -> None:
        self._write(log_lines.init_failed(self._form, time.time(), duration, error_type, phase))

    def started(self, call: Call) -> None:
        """Open an invocation, unless a line that overtook the host's word for it has done so."""
        if self._open is not call:
            self._open, self._begun, self._announced = call, time.time(), False

    def announce(self) -> None:
        """Write that the open invocation has begun, if there is one: until then it may have ended already."""
        if self._open is not None and not self._announced:
            self._write(self._start())

    def printed(self, text: str, call: Call | None) -> None:
        """Write what was printed, `call` being the invocation that the host was sent, if any."""
        if call is not None:
            self.started(call)
        self.announce()
        if self._form == "json":
            aws_request_id = self._open.aws_request_id if self._open is not None else ""
            text = log_lines.json_application(time.time(), aws_request_id, text)
        self._hand_out(text, "output")

    def finished(self, call: Call, facts: InvocationFacts) -> None:
        self.started(call)
        now = time.time()
        if self._silences is not None and not self._announced and not facts.error_type:
            self._silences.add(Silence(self._environment, self._form, call.label, self._begun, now, facts))
        else:
            self.announce()
            self._write(log_lines.finish(self._form, now, facts))
        self._open = None

    def _start(self) -> list[str]:
        assert self._open is not None
        self._announced = True
        return log_lines.start(self._form, self._begun, self._open.aws_request_id, self._environment.version)

    def _write(self, lines: list[str]) -> None:
        for line in lines:
            self._hand_out(line, "platform")

    def _hand_out(self, text: str, kind: str) -> None:
        label = self._open.label if self._open is not None else ""
        self._on_output(OutputLine(function=self._environment.function_name, label=label, text=text, kind=kind))


def _cut(line: bytes | bytearray) -> list[str]:
    if len(line) <= LONGEST_LINE:
        return [_text(line)]
    return [_text(line[at : at + LONGEST_LINE]) for at in range(0, len(line), LONGEST_LINE)]


def _text(line: bytes | bytearray) -> str:
    return line.decode("utf-8", "replace")
