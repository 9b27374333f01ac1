"""Load from the other core: wrk for requests, plain sockets for streams and idle connections."""

import re
import socket
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass

from .servers import LOAD_CORE

DISTINCT = """
local n = %(start)d
request = function()
  n = n + 1
  return wrk.format("GET", string.format("%(path)s", n %% %(keys)d))
end
"""
NOTHING_LEFT = 0.2


@dataclass(frozen=True)
class Figures:
    """One run: requests a second, latencies in milliseconds, answers that were errors, all answers."""

    rate: float
    p50: float = 0.0
    p99: float = 0.0
    errors: int = 0
    requests: int = 0


def wrk(url, *, seconds, connections=64, headers=(), script=None, core=LOAD_CORE):
    """Run wrk once on one thread and core."""
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    if script is not None:
        command += ["-s", str(script)]
    said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    errors = sum(int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", said))
    errors += sum(int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", said))
    return Figures(
        rate=float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),
        p50=milliseconds(re.search(r"50%\s+([\d.]+\w+)", said)[1]),
        p99=milliseconds(re.search(r"99%\s+([\d.]+\w+)", said)[1]),
        errors=errors,
        requests=int(re.search(r"(\d+) requests in", said)[1]),
    )


def milliseconds(text):
    """Return wrk's `1.23ms`, `456us`, `2.00s` in milliseconds."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}[unit]


def distinct(folder, path, keys, start=0):
    """Return a wrk script that walks through `keys` URLs made from `path`, which holds one `%d`."""
    script = folder / f"distinct-{abs(hash((path, keys, start)))}.lua"
    script.write_text(DISTINCT % {"path": path, "keys": keys, "start": start})
    return script


def stream(port, path, *, readers=1, rate=None):
    """Read one large answer with several readers at once.

    `rate` bounds each reader to so many bytes a second. Returns seconds until all had it all.
    """
    began = time.perf_counter()
    threads = [threading.Thread(target=_read, args=(port, path, rate)) for _ in range(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def _read(port, path, rate):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path.encode())
        buffer, got, began = bytearray(1 << 18), 0, time.perf_counter()
        while size := connection.recv_into(buffer):
            got += size
            if rate is not None:
                time.sleep(max(0.0, got / rate - (time.perf_counter() - began)))


def idle_connections(port, count):
    """Return so many open connections, each of which has had one answer."""
    held = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(b"GET /1k HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.recv(4096)
        held.append(connection)
    return held


def first_answer(port, path="/1k", timeout=30):
    """Return when a server first answers 2xx, in seconds from the call; it may not listen yet."""
    began = time.perf_counter()
    request = b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path.encode()
    while time.perf_counter() - began < timeout:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(request)
                if connection.recv(65_536).startswith((b"HTTP/1.1 2", b"HTTP/1.0 2")):
                    return time.perf_counter() - began
        except OSError:
            pass
        time.sleep(0.001)
    raise SystemExit(f"port {port} did not answer within {timeout} s")


def median_and_spread(values):
    """Return the median, and half the distance between the quartiles as a share of it."""
    middle = statistics.median(values)
    if len(values) < 3 or not middle:
        return middle, 0.0
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return middle, (high - low) / 2 / middle


def together(port, path, viewers):
    """Ask for one path from so many connections at once; return each one's seconds to the whole answer."""
    gate, times = threading.Barrier(viewers), []

    def ask():
        with socket.create_connection(("127.0.0.1", port)) as connection:
            gate.wait()
            began = time.perf_counter()
            connection.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path.encode())
            while connection.recv(65_536):
                pass
            times.append(time.perf_counter() - began)

    threads = [threading.Thread(target=ask) for _ in range(viewers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def timed_start(server):
    """Start a server and return the seconds to its first answer."""
    began = time.perf_counter()
    waiter = []
    thread = threading.Thread(target=lambda: waiter.append(first_answer(server.port)))
    thread.start()
    server.start()
    thread.join()
    return min(waiter[0], time.perf_counter() - began)


class Sampler:
    """Looks at a server's resident memory, a hundred times a second, while something runs."""

    def __init__(self, server):
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.most = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _watch(self):
        while not self._over.wait(0.01):
            self.most = max(self.most, self._server.resident())
