"""`python -m edgerun …` from a process that has imported it: three in four parts of a start are imports.

Run as a program, this is that process. Each process that it makes is one of its own like any other, in a session,
folder and environment of its own, and runs `edgerun/__main__.py` to the interpreter's regular end.
"""

import atexit
import contextlib
import functools
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).parents[2]
DESCRIPTORS = 4  # input, output, errors, and where its number and its end are told
IMPORTED = (
    "edgerun.cli.serve",
    "edgerun.server",
    "edgerun.admin.app",
    "edgerun.config.load",
    "edgerun.functions.process",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
)
POSSIBLE = hasattr(os, "pidfd_open") and hasattr(socket, "recv_fds")


class Started:
    """A process that was started warm; the part of `subprocess.Popen` that tests use."""

    def __init__(self, arguments, *, cwd, env):
        outs = [os.pipe() for _ in range(3)]
        reading, writing = zip(*outs, strict=True)
        with Path(os.devnull).open("rb") as nothing:
            _ask({"arguments": arguments, "cwd": str(cwd), "env": env}, [nothing.fileno(), *writing])
        for number in writing:
            os.close(number)
        self.args = arguments
        self.stdout, self.stderr = (os.fdopen(number, encoding="utf-8") for number in reading[:2])
        self._told = os.fdopen(reading[2], "rb", buffering=0)
        self.pid = int(self._told.read(8))
        self.returncode = None

    def poll(self):
        return self._ended(0)

    def wait(self, timeout=None):
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self.returncode

    def _ended(self, seconds):
        if self.returncode is None and select.select([self._told], [], [], seconds)[0]:
            self.returncode = int(self._told.read(8))
            self._told.close()
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def clean_environment():
    """Return the environment without what changes how edgerun writes or serves."""
    unwanted = {"NO_COLOR", "FORCE_COLOR", "PYTHONPATH"}
    kept = {name: text for name, text in os.environ.items() if name not in unwanted and name[:8] != "EDGERUN_"}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


_asking = threading.Lock()


def _ask(order, descriptors):
    with _asking:
        data = json.dumps(order).encode()
        socket.send_fds(_warm(), [len(data).to_bytes(4, "big")], descriptors)
        _warm().sendall(data)


@functools.cache
def _warm():
    """Start the process that starts the others; it ends with this one."""
    ours, its = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, __file__, str(its.fileno())],
        pass_fds=[its.fileno()],
        env=clean_environment(),
        start_new_session=True,
    )
    its.close()

    @atexit.register
    def end():
        ours.close()
        process.wait(10)

    return ours


# ---------------------------------------------------------------- the process that has imported everything


def main(orders):
    """Start what is ordered and tell how it ended, until nobody orders any more. Returns only in a child."""
    for name in IMPORTED:
        importlib.import_module(name)
    children = {}
    while True:
        ready, _, _ = select.select([orders, *children], [], [])
        for each in ready:
            if each is not orders:
                _tell_the_end(each, *children.pop(each))
                continue
            head, descriptors, _, _ = socket.recv_fds(orders, 4, DESCRIPTORS)
            if not head:
                sys.exit()
            order = json.loads(_received(orders, int.from_bytes(head, "big")))
            child = os.fork()
            if not child:
                orders.close()
                for other, (_, told) in children.items():
                    os.close(other)
                    os.close(told)
                return _become(order, descriptors)
            *standard, told = descriptors
            for number in standard:
                os.close(number)
            os.write(told, b"%8d" % child)
            children[os.pidfd_open(child)] = (child, told)


def _received(connection, size):
    data = b""
    while len(data) < size:
        data += connection.recv(size - len(data))
    return data


def _tell_the_end(pidfd, child, told):
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(BrokenPipeError):
        os.write(told, b"%8d" % os.waitstatus_to_exitcode(status))
    os.close(told)
    os.close(pidfd)


def _become(order, descriptors):
    """Make this process what was ordered, all but its program."""
    os.setsid()
    *standard, told = descriptors
    os.close(told)
    for place, number in enumerate(standard):
        os.dup2(number, place)
        os.close(number)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = ["edgerun", *order["arguments"]]
    sys.path[0] = str(Path.cwd())


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("edgerun", run_name="__main__", alter_sys=True)
