"""The watch on environments: what they hold in memory and how many processes they have, and which have too much.

Limits of the system are no help here: one on address space keeps node from starting, one on data does not count files
or children, and one on processes does not bind root. So while invocations run, the zygote looks at `/proc`.

A part of `zygote.py`, which see; standard library only.
"""

import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgerun.functions.hosts import system
else:
    import system

MIB = 1024 * 1024
FEW = 16
SHARE = 20  # reading may take this part of the time
MEMORY, PROCESSES = "memory", "processes"
ORDERED = "ordered"
PAGE = os.sysconf("SC_PAGE_SIZE")
# Fields of /proc/PID/stat after the name, counted from the state.
THREADS, PAGES = 17, 21


class Watched:
    """An environment and its limits.

    Attributes:
        memory: bytes that all its processes together may hold; 0: no limit.
        processes: processes and threads it may have; 0: no limit.
        peak: bytes it held at most when it was looked at.
        cause: why it is being killed, "" if it is not.
        read_again: when its memory may be read again: for a large family that takes a while.
    """

    __slots__ = ("cause", "key", "memory", "peak", "pid", "processes", "read_again")

    def __init__(self, key: int, pid: int, memory: int, processes: int) -> None:
        self.key = key
        self.pid = pid
        self.memory = memory
        self.processes = processes
        self.peak = 0
        self.cause = ""
        self.read_again = 0.0


class Watch:
    """Looks at all environments of one zygote."""

    def __init__(self, members: Callable[[], dict[int, list[int]]]) -> None:
        """Make a watch; `members` finds the processes of every environment, by its key, at the cost of a scan."""
        self._members = members
        self._newest = ""
        self._families: dict[int, list[int]] = {}

    def look(self, environments: Iterable[Watched]) -> list[Watched]:
        """Return the environments that have too much."""
        newest = newest_process()
        if newest != self._newest or not newest or self._families:
            self._newest = newest
            self._families = {key: pids for key, pids in self._members().items() if len(pids) > 1}
        return [each for each in environments if not each.cause and self._judge(each)]

    def _judge(self, environment: Watched) -> str:
        pids = self._families.get(environment.key) or [environment.pid]
        threads = len(pids)
        begun = time.monotonic()
        if threads <= (environment.processes or threads) and begun >= environment.read_again:
            threads = self._read(environment, pids)
            spent = time.monotonic() - begun
            environment.read_again = begun + SHARE * spent
        if environment.processes and threads > environment.processes:
            environment.cause = PROCESSES
        return environment.cause

    @staticmethod
    def _read(environment: Watched, pids: list[int]) -> int:
        """Judge what an environment holds; return its threads."""
        used = [usage(pid) for pid in pids]
        held = sum(pages for pages, _ in used) * PAGE
        if len(pids) > 1 and held > max(environment.memory, environment.peak):
            # What they share was counted for each.
            held = sum(map(shared_out, pids)) if len(pids) <= FEW else least([pages for pages, _ in used]) * PAGE
        environment.peak = max(environment.peak, held)
        if environment.memory and held > environment.memory:
            environment.cause = MEMORY
        return sum(threads for _, threads in used)


def newest_process() -> str:
    """Return the number of the process or thread that was made last on this machine."""
    return _read("/proc/loadavg").rpartition(" ")[2]


def usage(pid: int) -> tuple[int, int]:
    """Return a process's resident pages and its threads."""
    fields = _read(f"/proc/{pid}/stat").rpartition(") ")[2].split(" ", PAGES + 1)
    return (int(fields[PAGES]), int(fields[THREADS])) if len(fields) > PAGES else (0, 0)


def least(pages: list[int]) -> int:
    """Return the pages that many processes hold at the least, if all may share what the smallest of them holds."""
    living = [count for count in pages if count]  # a process that has ended and waits to be seen holds none
    return sum(living) - min(living, default=0) * (len(living) - 1)


def shared_out(pid: int) -> int:
    """Return the bytes a process holds, each page divided by those who share it.

    This waits for a process that is forking; so it is nothing to ask of a crowd that forks.
    """
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return usage(pid)[0] * PAGE


def _read(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 4096).decode("latin-1")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def families(mark: int, bits: int) -> dict[int, list[int]]:
    """Return the processes of every environment whose marks are this zygote's, by key."""
    found: dict[int, list[int]] = {}
    for pid in system.processes():
        its = system.mark_of(pid)
        if its >> bits == mark:
            found.setdefault(its & ((1 << bits) - 1), []).append(pid)
    return found
