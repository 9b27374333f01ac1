"""The spawner's own program: a bare interpreter that starts environments and answers for their ends.

    python -I -S zygote.py CONTROL_FD FOLDER ORJSON MARK

It is exec'd once per interpreter and never forked from the server. Orders come over the control socket, a JSON object
per line, with two descriptors for each `start`; reports go back the same way. At the socket's end, for whatever
reason, everything it ever started is killed and it exits. See `edgerun/functions/spawner.py`.

ORJSON is the folder where the server found orjson, or "" for an interpreter that brings packages of its own. MARK is
the number by which the server finds what is left if the zygote itself is killed.
"""

import collections
import contextlib
import ctypes
import gc
import importlib
import json
import os
import pathlib
import resource
import select
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

# An isolated interpreter does not look beside its script, and user code shall not find anything here.
HERE = str(pathlib.Path(__file__).parent)
sys.path.insert(0, HERE)
if TYPE_CHECKING:
    from edgerun.functions.hosts import python_host, seclusion, system, watch
else:
    import python_host
    import seclusion
    import system
    import watch

sys.path.remove(HERE)
for ours in ("seclusion", "system", "watch", "python_host", "python_debugger", "python_modules", "lambda_python"):
    del sys.modules[ours]

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LOOK_MILLISECONDS = 50
PRELOADED = (
    "base64 collections contextlib copy dataclasses datetime decimal email.utils enum functools hashlib hmac html "
    "http.cookies ipaddress itertools json logging math operator random re string threading time traceback types "
    "typing urllib.parse uuid zlib"
).split()

Order = dict[str, Any]
prctl = ctypes.CDLL(None).prctl if system.LINUX else None  # looked up now: a forked child should look up nothing


class Zygote:
    """Serves orders until the control socket ends. `serve` returns only in a freshly forked environment."""

    def __init__(self, control: socket.socket, folder: pathlib.Path, mark: int, way: str) -> None:
        self.control = control
        self.folder = folder
        self.mark = mark
        self.way = way
        self.pid = os.getpid()
        self.niceness = os.getpriority(os.PRIO_PROCESS, 0)
        system.set_niceness(self.niceness - system.AHEAD)  # or it would never get to end a fork bomb
        self.environments: dict[int, watch.Watched] = {}
        self.keys: dict[int, int] = {}
        self.watch = watch.Watch(lambda: watch.families(mark, system.KEY_BITS))
        self.watching = False
        self.next_look = 0.0
        self.received = b""
        self.descriptors: collections.deque[int] = collections.deque()
        self.woken, self.waker = os.pipe()

    def serve(self) -> Callable[[], NoReturn]:
        self._watch_children()
        poller = select.poll()
        poller.register(self.control, select.POLLIN)
        poller.register(self.woken, select.POLLIN)
        while True:
            for descriptor, _ in poller.poll(LOOK_MILLISECONDS if self.watching else None):
                if descriptor == self.woken:
                    os.read(self.woken, 4096)
                    self._reap()
                else:
                    self._receive()
            for order in self._orders():
                environment = self._obey(order)
                if environment is not None:
                    return environment
            if self.watching:
                self._look()

    def _watch_children(self) -> None:
        os.set_blocking(self.waker, False)
        os.set_blocking(self.woken, False)
        signal.set_wakeup_fd(self.waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _nothing)

    def _receive(self) -> None:
        try:
            received, descriptors, _, _ = socket.recv_fds(self.control, 65_536, 32)
        except ConnectionError:
            received, descriptors = b"", []
        if not received:
            self._end_everything()
        self.received += received
        self.descriptors.extend(descriptors)

    def _orders(self) -> Iterator[Order]:
        while b"\n" in self.received:
            line, self.received = self.received.split(b"\n", 1)
            yield json.loads(line)

    def _obey(self, order: Order) -> Callable[[], NoReturn] | None:
        match order["do"]:
            case "start":
                return self._start(order)
            case "kill":
                found = self.environments.get(order["key"])
                if found is not None:
                    found.cause = found.cause or watch.ORDERED
                    system.kill_group(found.pid)
            case "forget":
                self._remove(self.folder / str(order["key"]))
            case "watch":
                self.watching = order["on"] and system.LINUX
        return None

    def _look(self) -> None:
        """Kill what has too much; its end is reported when it came."""
        now = time.monotonic()
        if now < self.next_look:
            return
        self.next_look = now + LOOK_MILLISECONDS / 1000
        for guilty in self.watch.look(self.environments.values()):
            system.kill_group(guilty.pid)

    def _start(self, order: Order) -> Callable[[], NoReturn] | None:
        channel, output, claims = (self.descriptors.popleft() for _ in range(3))
        key = order["key"]
        try:
            pid = os.fork()
        except OSError as error:
            os.write(output, f"the environment cannot be made: {error}\n".encode())
            pid = -1
        if not pid:
            return lambda: self._become(order, channel, output, claims)
        for descriptor in (channel, output, claims):
            os.close(descriptor)
        if pid < 0:
            self._report({"key": key, "status": 1 << 8, "max_memory": 0})
            return None
        self.environments[key] = watch.Watched(key, pid, order["memory"] * watch.MIB, order["processes"])
        self.keys[pid] = key
        self._report({"key": key, "pid": pid})
        return None

    def _become(self, order: Order, channel: int, output: int, claims: int) -> NoReturn:
        """Turn this fresh child into an environment."""
        try:
            self._seclude(order)
            channel, claims = system.settle_descriptors(
                channel, output, claims, node=bool(order["argv"]) and order.get("channel", True)
            )
            output = 2
            system.limit_resources(order["data"])
            os.chdir(order["root"])
        except (OSError, ValueError) as error:
            os.write(output, f"the environment cannot be made: {error}\n".encode())
            os._exit(1)
        if order["argv"]:
            system.become(order["argv"], order["environment"])
        os.environ.clear()
        os.environ.update(order["environment"])
        time.tzset()
        python_host.run(channel, claims, PRELOADED, loads)

    def _seclude(self, order: Order) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        system.set_niceness(self.niceness)
        self._take_tmp(order)
        seclusion.give_up_others()
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # last: a change of user takes it back
            if os.getppid() != self.pid:
                os._exit(1)
            system.set_mark(self.mark << system.KEY_BITS | order["key"])
        self.control.detach()

    def _take_tmp(self, order: Order) -> None:
        """Give this child a `/tmp` of its own; `TMPDIR` where that cannot be, or would cover what it runs."""
        folder = str(self.folder / str(order["key"]))
        runs = order["argv"] or [sys.prefix, sys.base_prefix, *sys.path]
        if self.way and not seclusion.stands_in_tmp([order["root"], HERE, *order["needs"], *runs]):
            seclusion.take_tmp(self.way, folder)
            seclusion.limit_processes(self.way, order["processes"])
        else:
            order["environment"]["TMPDIR"] = folder

    def _reap(self) -> None:
        """Report the environments that ended, after killing what they left; forget everybody else."""
        if not hasattr(os, "waitid"):  # macOS, before Python 3.13
            self._reap_first()
            return
        while (pid := system.ended_child()) is not None:
            if pid in self.keys:
                # It is not waited for yet, so its number cannot be anybody else's.
                self._clear_away(pid)
            self._bury(*os.wait4(pid, 0))

    def _reap_first(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.wait4(-1, os.WNOHANG))[0]:
                if ended[0] in self.keys:
                    self._clear_away(ended[0])
                self._bury(*ended)

    def _clear_away(self, pid: int) -> None:
        mark = self.mark << system.KEY_BITS | self.keys[pid]
        system.kill_group(pid)
        system.sweep(lambda found: found == mark)

    def _bury(self, pid: int, status: int, usage: resource.struct_rusage) -> None:
        key = self.keys.pop(pid, None)
        if key is not None:
            ended = self.environments.pop(key)
            most = max(system.mebibytes(usage.ru_maxrss), -(-ended.peak // watch.MIB))
            cause = "" if ended.cause == watch.ORDERED else ended.cause
            self._report({"key": key, "status": status, "max_memory": most, "cause": cause})

    def _remove(self, folder: pathlib.Path) -> None:
        """Remove an environment's temporary folder; a child does so if it is not empty."""
        with contextlib.suppress(OSError):
            folder.rmdir()
            return
        if folder.exists() and not os.fork():
            shutil.rmtree(folder, ignore_errors=True)
            os._exit(0)

    def _report(self, report: dict[str, int | str]) -> None:
        try:
            self.control.sendall(json.dumps(report).encode() + b"\n")
        except ConnectionError:
            self._end_everything()

    def _end_everything(self) -> NoReturn:
        for pid in self.keys:
            system.kill_group(pid)
        system.sweep(lambda mark: mark >> system.KEY_BITS == self.mark)
        give_up = time.monotonic() + system.SWEEP_SECONDS
        while time.monotonic() < give_up:
            try:
                ended, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not ended:
                time.sleep(0.0005)
        shutil.rmtree(self.folder, ignore_errors=True)
        os._exit(0)


def _nothing(number: int, frame: FrameType | None) -> None:
    """Let the signal wake the poll through its descriptor."""


def _find_loads(orjson_folder: str) -> Callable[[bytes], object]:
    """Return orjson's decoder if there is one, and leave no way to it for user code."""
    if not orjson_folder:
        site = importlib.import_module("site")
        site.main()
    sys.path.insert(0, orjson_folder)
    try:
        found: Callable[[bytes], object] = importlib.import_module("orjson").loads
    except ImportError:
        found = json.loads
    sys.path.pop(0)
    for name in [name for name in sys.modules if name.partition(".")[0] == "orjson"]:
        del sys.modules[name]
    return found


if __name__ == "__main__":
    probe = seclusion.Probe()  # it tries while this loads
    loads = _find_loads(sys.argv[3])
    for module in PRELOADED:
        importlib.import_module(module)
    if prctl is not None:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    zygote = Zygote(socket.socket(fileno=int(sys.argv[1])), pathlib.Path(sys.argv[2]), int(sys.argv[4]), probe.way())
    sys.argv[1:] = []
    gc.collect()
    gc.freeze()
    environment = zygote.serve()
    environment()
