"""What the zygote asks of the operating system: limits, descriptors, marks, signals.

A part of `zygote.py`, which see; standard library only.
"""

import contextlib
import fcntl
import os
import pathlib
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import NoReturn

LINUX = sys.platform == "linux"
# Linux stopped enforcing this limit long ago, but every child inherits it, through fork, exec and setsid, and none
# can raise it: so it is the mark by which an environment's descendants are found, wherever they went.
RLIMIT_LOCKS = 10
NODE_CHANNEL, NODE_CLAIMS = 15, 14  # node itself marks the first 16 descriptors close-on-exec, and no others
OPEN_FILES = 1024  # AWS: Lambda quotas
KEY_BITS = 26  # a mark is its zygote's number, then the environment's
SWEEP_SECONDS = 2.0
AHEAD = 10  # of environments, in the priority of what kills them


def set_niceness(niceness: int) -> None:
    """Set this process's priority, as far as its user may."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, niceness)


def set_mark(mark: int) -> None:
    """Mark this process and all it will start; without effect where the limit is lower already."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(RLIMIT_LOCKS, (mark, mark))


def settle_descriptors(channel: int, output: int, claims: int, *, node: bool) -> tuple[int, int]:
    """Point 0, 1 and 2 where the function's belong, put channel and claims out of the way and close all others."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = min(number for number in (OPEN_FILES, soft, hard) if number != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    out_of_the_way = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, files - 24) for each in (channel, claims)]
    if node:
        places = [NODE_CHANNEL, NODE_CLAIMS]
        for source, target in zip(out_of_the_way, places, strict=True):
            os.dup2(source, target)
    else:
        places = out_of_the_way
    kept = 3
    for place in sorted(places):
        os.closerange(kept, place)
        kept = place + 1
    os.closerange(kept, files)
    return places[0], places[1]


def limit_resources(data: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if data and LINUX:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or data < hard:
            resource.setrlimit(resource.RLIMIT_DATA, (data, data))


def become(argv: list[str], environment: dict[str, str]) -> NoReturn:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execve(argv[0], argv, environment)  # noqa: S606 - a shell is what we avoid
    except OSError as error:
        os.write(2, f"fork/exec {argv[0]}: {(error.strerror or '').lower()}\n".encode())
    os._exit(127)


def ended_child() -> int | None:
    """Return a child that ended, without waiting for it."""
    try:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return ended.si_pid if ended is not None else None


def kill_group(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    # A child that was only just forked may not lead its own group yet.
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)


def processes() -> Iterator[int]:
    return (int(entry) for entry in os.listdir("/proc") if entry.isdigit())  # noqa: PTH208 - ten times a Path's speed


def mark_of(pid: int) -> int:
    try:
        return resource.prlimit(pid, RLIMIT_LOCKS)[1]
    except (OSError, ValueError):
        return 0


def sweep(belongs: Callable[[int], bool]) -> None:
    """Kill every process whose mark says that it belongs here, until none is alive.

    What has been killed starts nothing more, so the search is repeated only for what was started meanwhile.
    """
    if not LINUX:
        return
    give_up = time.monotonic() + SWEEP_SECONDS
    known: set[int] = set()
    while time.monotonic() < give_up:
        found = {pid for pid in processes() if belongs(mark_of(pid))}
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if found <= known and not any(map(is_alive, found)):
            break
        known |= found
        time.sleep(0.0005)


def is_alive(pid: int) -> bool:
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b") ")[2][:1] not in b"ZX"


def mebibytes(maxrss: int) -> int:
    return -(-maxrss // (1024 if LINUX else 1024 * 1024))
