"""What may be typed while a server runs: `o` and Enter open the inspector.

Lines are read as the terminal hands them over, so that it keeps its settings, its echo and its Ctrl-C.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from typing import Final, TextIO

OPEN: Final = frozenset({"o", "open"})
HELP: Final = "  o + Enter opens the inspector, Ctrl-C stops the server\n"
BACK: Final = 1.0
"""Seconds until a server in the background looks again whether it has the terminal."""


class Keys:
    """Reads lines from a terminal beside everything else.

    Args:
        terminal: its file descriptor.
        address: what `o` opens.
        browse: opens an address, in a thread.
        tell: writes to the user.
    """

    def __init__(
        self,
        terminal: int,
        address: str,
        browse: Callable[[str], bool],
        tell: Callable[[str], object],
    ) -> None:
        self._terminal = terminal
        self._address = address
        self._browse = browse
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        self._again: asyncio.TimerHandle | None = None
        self._loop.add_reader(terminal, self._typed)

    @classmethod
    def of(cls, stream: TextIO | None, address: str) -> "Keys | None":
        """Return what reads a stream, None if it is no terminal or there is nothing to open."""
        if not address or stream is None or stream.closed or not stream.isatty():
            return None
        return cls(stream.fileno(), address, browser(os.environ), _write)

    def close(self) -> None:
        """Read no more."""
        self._loop.remove_reader(self._terminal)
        if self._again is not None:
            self._again.cancel()

    def _typed(self) -> None:
        if not _in_front(self._terminal):
            # What is typed belongs to another program: to read it would stop this one.
            self._loop.remove_reader(self._terminal)
            self._again = self._loop.call_later(BACK, self._loop.add_reader, self._terminal, self._typed)
            return
        try:
            line = os.read(self._terminal, 1000)
        except OSError:
            line = b""
        if not line:
            self._loop.remove_reader(self._terminal)
            return
        word = line.decode(errors="replace").strip().lower()
        if word in OPEN:
            task = self._loop.create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        elif word:
            self._tell(HELP)

    async def _open(self) -> None:
        if not await asyncio.to_thread(self._browse, self._address):
            self._tell(f"  no browser can be opened from here; the inspector is at {self._address}\n")


def browser(environment: Mapping[str, str]) -> Callable[[str], bool]:
    """Return what opens an address: the user's browser, and nothing where only one in the terminal could be."""
    seen = sys.platform == "darwin" or any(environment.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
    return _shown if seen else _nothing


def _shown(address: str) -> bool:
    import webbrowser  # noqa: PLC0415  # once in a while

    return webbrowser.open(address)


def _nothing(_: str) -> bool:
    return False


def _in_front(terminal: int) -> bool:
    """Tell whether a terminal hands what is typed to this process."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
