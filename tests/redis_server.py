"""A Redis server of the tests' own: started on a socket in a folder, stopped, held still, let go on."""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from functools import lru_cache
from pathlib import Path

import pytest

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")


def needed():
    """Skip the test where there is no server; where everything has to be there, fail."""
    if PROGRAM is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no redis-server: make tools installs it")


class RedisServer:
    """One server; what it holds is gone when it stops."""

    def __init__(self, folder, *options):
        needed()
        self._socket = Path(folder) / "redis.sock"
        self._options = options
        self._folder = folder
        self.url = f"unix://{self._socket}"
        self.process = None
        self.start()

    def start(self):
        self._socket.unlink(missing_ok=True)
        where = ("--port", "0", "--unixsocket", str(self._socket), "--dir", str(self._folder))
        self.process = subprocess.Popen(
            [PROGRAM, *where, "--save", "", "--appendonly", "no", *self._options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        give_up = time.monotonic() + 15
        while not self._socket.exists():
            assert self.process.poll() is None, "the server ended at once"
            assert time.monotonic() < give_up, "the server does not listen"
            time.sleep(0.005)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Stop it; once is enough."""
        self.go_on()
        self.process.terminate()
        self.process.wait()

    def hold_still(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)


@lru_cache(maxsize=1)
def shared():
    """Return the one server of this process, which stays until the process ends."""
    folder = tempfile.mkdtemp(prefix="edgerun-redis-")
    server = RedisServer(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.stop)
    return server


def namespace():
    """Return a name that no other test uses."""
    return uuid.uuid4().hex
