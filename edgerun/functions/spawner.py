"""The server's side of a zygote: it asks for environments and hears of their ends.

A zygote (`hosts/zygote.py`) is the parent of all environments that run with one interpreter. The two talk over a
private socket, a JSON object per line; with every `start` go two descriptors, the environment's end of its channel and
of its output. The zygote lives exactly as long as that socket, so nothing outlives the server, however it ends.
If the zygote is killed itself, its environments die with it, and what they had started is swept from here.
"""

import asyncio
import collections
import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from edgerun.functions.hosts import system

_ZYGOTE: Final = Path(__file__).parent / "hosts" / "zygote.py"
_CLOSING_TIMEOUT: Final = 6.0
_CALM: Final = 1.0  # seconds without a call before the zygote stops looking at its environments
_MARK_BITS: Final = 36


class Child(Protocol):
    """What hears of a started process."""

    @property
    def busy(self) -> bool:
        """Whether it runs a call."""

    def born(self, pid: int) -> None:
        """The process exists."""

    def ended(self, status: int | None, max_memory: int, cause: str) -> None:
        """The process is gone, with this wait status, and so is all it started.

        Args:
            status: as `os.wait` tells it; None: it went down with its zygote.
            max_memory: MB that it held at most.
            cause: `memory` or `processes`, if it was killed for having too much of them; else "".
        """


class Spawner:
    """One zygote, from its start to the end of everything it started."""

    def __init__(self, loop: asyncio.AbstractEventLoop, python: str, orjson_folder: str) -> None:
        """Start the zygote.

        Raises:
            OSError: the interpreter cannot be run.
        """
        self._loop = loop
        self._children: dict[int, Child] = {}
        self._last_key = 0
        self._unsent: collections.deque[tuple[bytes, list[int]]] = collections.deque()
        self._received = b""
        self._down = False
        self._ended: asyncio.Future[None] = loop.create_future()
        self._watching = self._stirred = False
        self._mark = secrets.randbits(_MARK_BITS)
        self._folder = tempfile.mkdtemp(prefix="edgerun-")
        self._socket, theirs = socket.socketpair()
        try:
            self._process = _execute(python, theirs, self._folder, orjson_folder, self._mark)
        except OSError:
            self._socket.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        finally:
            theirs.close()
        self._socket.setblocking(False)
        loop.add_reader(self._socket, self._readable)

    @property
    def alive(self) -> bool:
        return not self._down

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self, child: Child, order: dict[str, object], descriptors: list[int]) -> int:
        """Ask for a process and return the key to name it by; the descriptors are closed here once they are sent."""
        self._last_key += 1
        key = self._last_key
        self._children[key] = child
        with contextlib.suppress(OSError):
            self._temporary(key).mkdir(mode=0o700)
        self._order({"do": "start", "key": key, **order}, descriptors)
        return key

    def stir(self) -> None:
        """Have the zygote look at what its environments hold, until none has run anything for a moment."""
        self._stirred = True
        if not self._watching:
            self._watch(on=True)
            self._loop.call_later(_CALM, self._calm)

    def hand_over(self, old: int, new: int) -> None:
        """Move what a process left in its temporary folder to another process, which has not begun to use its own."""
        with contextlib.suppress(OSError):
            for entry in list(self._temporary(old).iterdir()):
                entry.rename(self._temporary(new) / entry.name)
        self.forget(old)

    def forget(self, key: int) -> None:
        """Remove the temporary folder of a process that has ended."""
        self._order({"do": "forget", "key": key}, [])

    def kill(self, key: int) -> None:
        """Have a process killed with its whole group; what remains of its descendants goes after its end."""
        if key in self._children:
            self._order({"do": "kill", "key": key}, [])

    async def aclose(self) -> None:
        """Kill everything the zygote started, and the zygote."""
        if self.alive:
            self._socket.shutdown(socket.SHUT_WR)
        try:
            async with asyncio.timeout(_CLOSING_TIMEOUT):
                await asyncio.shield(self._ended)
        except TimeoutError:
            self._process.kill()
            self._end()
            await self._ended

    def _temporary(self, key: int) -> Path:
        return Path(self._folder, str(key))

    def _watch(self, *, on: bool) -> None:
        self._watching = on
        self._order({"do": "watch", "on": on}, [])

    def _calm(self) -> None:
        if self._down:
            return
        if self._stirred or any(child.busy for child in self._children.values()):
            self._stirred = False
            self._loop.call_later(_CALM, self._calm)
        else:
            self._watch(on=False)

    def _order(self, order: dict[str, object], descriptors: list[int]) -> None:
        if not self.alive:
            _close(descriptors)
            return
        self._unsent.append((orjson.dumps(order) + b"\n", descriptors))
        if len(self._unsent) == 1:
            self._send()

    def _send(self) -> None:
        while self._unsent:
            line, descriptors = self._unsent[0]
            try:
                sent = socket.send_fds(self._socket, [line], descriptors)
            except BlockingIOError:
                self._loop.add_writer(self._socket, self._send)
                return
            except OSError:
                self._unsent.clear()
                _close(descriptors)
                break  # the reader hears of the end
            _close(descriptors)
            self._unsent.popleft()
            if sent < len(line):
                self._unsent.appendleft((line[sent:], []))
        self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        try:
            received = self._socket.recv(65_536)
        except BlockingIOError:
            return
        except ConnectionError:
            received = b""
        if not received:
            self._end()
            return
        *lines, self._received = (self._received + received).split(b"\n")
        for line in lines:
            self._hear(orjson.loads(line))

    def _hear(self, report: dict[str, Any]) -> None:
        key = report["key"]
        if "pid" in report:
            self._children[key].born(report["pid"])
        else:
            self._children.pop(key).ended(report["status"], report["max_memory"], report.get("cause", ""))

    def _end(self) -> None:
        """Clean up after the zygote: it closed its socket, which it does as its last act."""
        if self._down:
            return
        self._down = True
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        for _, descriptors in self._unsent:
            _close(descriptors)
        self._unsent.clear()
        self._clearing = self._loop.create_task(self._clear_away())
        children, self._children = self._children, {}
        for child in children.values():
            child.ended(None, 0, "")

    async def _clear_away(self) -> None:
        """Remove what is left; a zygote that ended by itself has left nothing but perhaps its folder."""
        await asyncio.to_thread(self._remove_all, self._process.wait)
        self._ended.set_result(None)

    def _remove_all(self, wait: Callable[[], int]) -> None:
        if wait():
            system.sweep(lambda mark: mark >> system.KEY_BITS == self._mark)
        shutil.rmtree(self._folder, ignore_errors=True)


def orjson_home() -> str:
    """Return the folder from which the server's own orjson was imported."""
    return str(Path(orjson.__file__).parent.parent)


def _execute(
    python: str, control: socket.socket, folder: str, orjson_folder: str, mark: int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [python, "-I", "-S", "-X", "utf8", str(_ZYGOTE), str(control.fileno()), folder, orjson_folder, str(mark)],
        stdin=subprocess.DEVNULL,
        pass_fds=[control.fileno()],
        env={},  # a forked environment's /proc/self/environ shows what the zygote was started with
        start_new_session=True,  # Ctrl-C at the terminal is the server's business
    )


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
