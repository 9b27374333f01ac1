"""A server of its own process for each test: started, talked to over sockets, ended."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from http.client import HTTPConnection
from pathlib import Path

from e2e import warm
from e2e.warm import clean_environment

MARK = "EDGERUN_TEST_MARK"
DEADLINE = 30.0

SITE = """\
[origins.site]
directory = "public"

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
"""


def until(happened, what="it", seconds=DEADLINE):
    """Look until something is true, and return it."""
    give_up = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < give_up, f"{what} did not happen in {seconds} s"
        time.sleep(0.005)
    return found


class Reader:
    """Collects what a pipe brings, in a thread, so that no process ever waits for its reader."""

    def __init__(self, pipe):
        self.text = ""
        self._pipe = pipe
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        with self._pipe:
            for line in self._pipe:
                self.text += line

    def join(self):
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive(), "somebody still holds the server's output open"


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.lines = response.getheaders()
        self.headers = {name.lower(): value for name, value in self.lines}
        self.body = response.read()
        self.cache = self.headers.get("x-cache", "").removesuffix(" from cloudfront")

    def __repr__(self):
        return f"<{self.status} {self.cache} {self.body[:200]!r}>"


class Running:
    """`edgerun …` as a process, with its output and ways to talk to it; `cold` is as a user starts it."""

    def __init__(self, *arguments, cwd, environment=None, cold=False):
        self.mark = uuid.uuid4().hex
        self.environment = clean_environment() | {MARK: self.mark} | (environment or {})
        self.process = started(arguments, cwd, self.environment, cold=cold)
        self.out = Reader(self.process.stdout)
        self.err = Reader(self.process.stderr)
        self.port = 0
        self.url = ""

    @property
    def pid(self):
        return self.process.pid

    def events(self, kind=None):
        """Return what `--json` wrote, one event each; a line that is no JSON fails the test."""
        complete, _, _ = self.out.text.rpartition("\n")
        found = [json.loads(line) for line in complete.splitlines()]
        return [event for event in found if kind in {None, event["event"]}]

    def ready(self):
        """Wait for the first event and take the address from it."""
        until(lambda: self.events("ready") or self.process.poll() is not None, "ready")
        assert self.events("ready"), f"ended with {self.process.poll()}: {self.err.text}"
        event = self.events("ready")[0]
        self.url, self.port = event["url"], event["port"]
        return self

    def listening(self):
        """Wait for the first screen, for a server without --json, and take the address from it."""
        until(lambda: "Ctrl-C stops it" in self.err.text or self.process.poll() is not None, "the first screen")
        assert self.process.poll() is None, self.err.text
        self.url = re.search(r"http://[^\s\x1b]+", self.err.text)[0]
        self.port = int(self.url.rstrip("/").rpartition(":")[2])
        return self

    def noted(self, words):
        """Wait for a note that contains these words."""
        return until(lambda: next((e for e in self.events("noted") if words in e["text"]), None), f"a note of {words}")

    def ask(self, path="/", method="GET", *, headers=None, body=None, timeout=DEADLINE):
        """Ask once, on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=headers or {})
            return Answer(connection.getresponse())

    def raw(self, request):
        """Send bytes; return all that comes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    def asking(self, path="/", **options):
        """Ask in a thread; returns at once."""
        return Asked(self, path, options)

    def send(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM):
        """Send a signal, wait for the end; return the exit code."""
        self.send(number)
        return self.ended()

    def ended(self, seconds=DEADLINE):
        code = self.process.wait(seconds)
        self.out.join()
        self.err.join()
        return code

    def processes(self):
        """Return every process that this server started, by its family or its mark."""
        return family(self.pid, self.mark)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.out.join()
        self.err.join()


def started(arguments, cwd, environment, *, cold):
    """Start `python -m edgerun …`, from a process that has imported it already unless `cold`."""
    words = [*map(str, arguments)]
    if not cold and warm.POSSIBLE:
        return warm.Started(words, cwd=cwd, env=environment)
    return subprocess.Popen(
        [sys.executable, "-m", "edgerun", *words],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


class Asked:
    """A request under way in a thread."""

    def __init__(self, server, path, options):
        self._outcome = []
        self._thread = threading.Thread(target=self._run, args=(server, path, options), daemon=True)
        self._thread.start()

    def _run(self, server, path, options):
        try:
            self._outcome.append(server.ask(path, **options))
        except Exception as error:
            self._outcome.append(error)

    @property
    def done(self):
        return bool(self._outcome)

    def answer(self):
        """Wait for the answer; what went wrong is raised."""
        self._thread.join(DEADLINE)
        assert self._outcome, "no answer in time"
        if isinstance(self._outcome[0], Exception):
            raise self._outcome[0]
        return self._outcome[0]


def edgerun(*arguments, cwd, environment=None, timeout=DEADLINE, cold=False):
    """Run a command that ends by itself."""
    with Running(*arguments, cwd=cwd, environment=environment, cold=cold) as running:
        code = running.ended(timeout)
    return subprocess.CompletedProcess(arguments, code, running.out.text, running.err.text)


def project(folder, functions=None, config="", *, files=None, **points):
    """Write a project: `functions` are file names and their code, `points` name the function of a point."""
    (folder / "public").mkdir(exist_ok=True)
    (folder / "public/index.html").write_text("home\n")
    for name, text in ({} if files is None else files).items():
        place = folder / "public" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    tables = ""
    for name, text in (functions or {}).items():
        (folder / name).write_text(text)
        tables += f'[functions.{name.partition(".")[0]}]\nhandler = "{name}"\ntimeout = 5\n\n'
    used = "".join(f'{point} = "{function}"\n' for point, function in points.items())
    (folder / "edgerun.toml").write_text(tables + SITE + used + config)
    return folder


def family(pid, mark):
    """Return the living processes that a server started, by parentage and mark."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent, *_ = (place / "stat").read_text().rpartition(") ")[2].split()
            if state not in "ZX":
                found[int(place.name)] = (int(parent), mark.encode() in (place / "environ").read_bytes())
    mine = {pid}
    while more := {each for each, (parent, marked) in found.items() if parent in mine or marked} - mine:
        mine |= more
    return {each for each in mine - {pid} if each in found}


def alive(pids):
    """Return those of some processes that still run."""
    living = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text()
            if stat.rpartition(") ")[2][0] not in "ZX":
                living.add(pid)
    return living
