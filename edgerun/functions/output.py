"""What an environment prints: one pipe for its descriptors 1 and 2, read line by line."""

import asyncio
import os
from collections.abc import Callable
from typing import Final

LONGEST_LINE: Final = 256 * 1024  # AWS: CloudWatch Logs cuts an event here
_READ_SIZE: Final = 65_536  # what a pipe holds: one read takes all that was written before it
_LARGEST_PIPE: Final = 1024 * 1024


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

    def __init__(self, loop: asyncio.AbstractEventLoop, descriptor: int, printed: Callable[[str], None]) -> None:
        os.set_blocking(descriptor, False)
        self._loop = loop
        self._descriptor = descriptor
        self._printed = printed
        self._lines = LineSplitter()
        self._open = True
        self._unfinished = False
        loop.add_reader(descriptor, self._read)

    def drain(self) -> None:
        """Hand out all that was written until now, also a last line without newline."""
        if self._open:
            self._read()
        if self._unfinished:
            self._unfinished = False
            self._hand_out(self._lines.flush())

    def close(self) -> None:
        """Hand out the rest and close; the function may have made its pipe larger than usual."""
        reads = _LARGEST_PIPE // _READ_SIZE
        while reads and self._open and self._read():
            reads -= 1
        self.drain()
        self._stop()

    def _read(self) -> bool:
        """Read once; return whether there may be more."""
        try:
            received = os.read(self._descriptor, _READ_SIZE)
        except BlockingIOError:
            return False
        if not received:
            self._stop()
            return False
        self._unfinished = not received.endswith(b"\n")
        self._hand_out(self._lines.feed(received))
        return True

    def _hand_out(self, lines: list[str]) -> None:
        for line in lines:
            self._printed(line)

    def _stop(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)


def _cut(line: bytes | bytearray) -> list[str]:
    if len(line) <= LONGEST_LINE:
        return [_text(line)]
    return [_text(line[at : at + LONGEST_LINE]) for at in range(0, len(line), LONGEST_LINE)]


def _text(line: bytes | bytearray) -> str:
    return line.decode("utf-8", "replace")
