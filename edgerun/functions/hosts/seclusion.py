"""What an environment has to itself where the machine allows it: `/tmp`, and a bound on its processes.

| user of the server                      | `/tmp`                          | processes and threads          |
| --------------------------------------- | ------------------------------- | ------------------------------ |
| root                                    | a mount namespace               | the watch (`watch.py`)         |
| another, where user namespaces may be   | a user and a mount namespace    | RLIMIT_NPROC in that namespace |
| another, elsewhere                      | the machine's; `TMPDIR` instead | the watch                      |

No pids cgroup: to join one costs a start several times what all the rest does, on a busy machine more than 10 ms.

A part of `zygote.py`, which see; standard library only.
"""

import contextlib
import ctypes
import os
import pathlib
import resource
import sys
from collections.abc import Iterable

TMP = "/tmp"  # noqa: S108 - the very folder
CLONE_NEWNS = 0x20000
CLONE_NEWUSER = 0x10000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 262144
MOUNTS, USERS, NOTHING = "mounts", "users", ""
WAYS = (MOUNTS, USERS, NOTHING)

CAPABILITIES_VERSION = 0x20080522
CAP_SETPCAP, CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON = 8, 19, 21, 38
GIVEN_UP = (CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON, CAP_SETPCAP)  # the last lets the others be given up for good
PR_CAPBSET_DROP = 24

libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
capget, capset, prctl = (libc.capget, libc.capset, libc.prctl) if libc is not None else (None, None, None)


class Probe:
    """Finds the way to a `/tmp` of one's own, in a child that may be spoilt by trying."""

    def __init__(self) -> None:
        self._pid = os.fork() if libc is not None else 0
        if libc is not None and not self._pid:
            os._exit(WAYS.index(_try_out()))

    def way(self) -> str:
        if not self._pid:
            return NOTHING
        _, status = os.waitpid(self._pid, 0)
        code = os.waitstatus_to_exitcode(status)
        return WAYS[code] if 0 <= code < len(WAYS) else NOTHING


def _try_out() -> str:
    way = MOUNTS if os.geteuid() == 0 else USERS
    try:
        take_tmp(way, TMP)
    except OSError:
        return NOTHING
    return way


def take_tmp(way: str, folder: str) -> None:
    """Make a folder this process's `/tmp`, and that of all it will start.

    Raises:
        OSError: the machine does not allow it; the process may have lost its user then.
    """
    assert libc is not None
    user, group = os.getuid(), os.getgid()
    _check(libc.unshare(CLONE_NEWNS | (CLONE_NEWUSER if way == USERS else 0)))
    if way == USERS:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            pathlib.Path("/proc/self", name).write_text(text)
    _check(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
    _check(libc.mount(os.fsencode(folder), TMP.encode(), None, MS_BIND, None))


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def give_up_others() -> None:
    """Keep root's environment from what `/proc` tells of the server, such as the variables it was started with.

    Linux lets a process look into another of its user that may do no more than itself (ptrace(2)), or if it may
    measure or administer the system: so it may do less, and what it starts as well. A machine that gave the server
    none of these capabilities either lets it look.
    """
    if capget is None or capset is None or prctl is None or os.geteuid():
        return
    head = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable, of the lower 32 and the others
    if capget(head, sets) == 0:
        for each in GIVEN_UP:
            prctl(PR_CAPBSET_DROP, each, 0, 0, 0)
            for kind in range(3):
                sets[each // 32 * 3 + kind] &= ~(1 << each % 32)
        capset(head, sets)


def stands_in_tmp(paths: Iterable[str]) -> bool:
    """Tell whether anything of these would be covered by a `/tmp` of one's own."""
    covered = os.path.realpath(TMP) + os.sep
    return any((os.path.realpath(path) + os.sep).startswith(covered) for path in paths if path)


def limit_processes(way: str, most: int) -> None:
    """Bound processes and threads where they are counted per namespace; root is never bound by this."""
    if way == USERS:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
