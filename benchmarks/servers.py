"""Servers under measurement: started on a core of their own, found again by their port, ended at the end."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1


class NotServingError(SystemExit):
    """A server that did not come up."""


class Server:
    """A server process and what runs below it."""

    def __init__(self, name, command, port, *, core=SERVER_CORE, cwd=None, log=None, env=None, patience=30):
        self.name, self.port, self.cwd = name, port, cwd
        self._patience = patience
        self.url = f"http://127.0.0.1:{port}"
        self._core = core
        self._log = log
        self._command = [str(part) for part in command]
        self._env = None if env is None else {**os.environ, **env}
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        output = subprocess.DEVNULL if self._log is None else self._log.open("ab")
        pinned = ["taskset", "-c", str(self._core), *self._command]  # becomes the server: taskset execs
        # What is installed is compiled, so what runs from a checkout may be too.
        env = {name: text for name, text in (self._env or os.environ).items() if name != "PYTHONDONTWRITEBYTECODE"}
        self.process = subprocess.Popen(
            pinned, cwd=self.cwd, stdout=output, stderr=output, env=env, start_new_session=True
        )
        deadline = time.monotonic() + self._patience
        while not answers(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self._log.read_text()[-2000:] if self._log else ""
                self.stop()
                raise NotServingError(
                    f"{self.name} does not answer on port {self.port}: {' '.join(self._command)}\n{said}"
                )
            time.sleep(0.005)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def cpu(self):
        """Return the seconds of CPU that the process has used, its threads and no other process included."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self, *, tree=False):
        """Return resident memory in KiB: of the process, or of everything below it too."""
        pids = [self.process.pid, *(descendants(self.process.pid) if tree else ())]
        return sum(resident(pid) for pid in pids)


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def resident(pid):
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0])
    return 0


def descendants(pid):
    """Return the pids of every process below one."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            children.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found, queue = [], [pid]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def have(*commands):
    """Return the commands that are not on this machine."""
    return [command for command in commands if shutil.which(command, path=os.environ["PATH"] + ":/usr/sbin") is None]
