"""The measurements that need more than a load on one path: each is (server, bench) to one value.

Those that start servers of their own, beside the one that is given, say so: what they find is the same whoever
else takes part, and nothing of them lingers in the next scenario.
"""

import contextlib
import functools
import itertools
import socket
import statistics
import subprocess
import sys
import time

from . import edge, load, nginx

SLOW_READER = 20_000_000
"""Bytes a second."""
STREAM = 104_857_600
SAMPLES = 5
KEYS = 10_000
IDLE = 1000
ENTRY = 1024
BOTH_CORES = "0,1"


def requests(path, *, headers=(), distinct=None, connections=64):
    """Return a measurement of requests a second on one path, or on distinct ones made from it."""
    fresh = itertools.count()

    def measure(server, bench):
        script = None
        if distinct is not None:
            start = next(fresh) * distinct if distinct > 100_000 else 0
            script = load.distinct(bench.folder, path, max(distinct, 1) * 1000 if start else distinct, start)
        figures = load.wrk(
            server.url + ("/" if script else path),
            seconds=bench.seconds,
            connections=connections,
            headers=headers,
            script=script,
        )
        bench.seen(server, figures)
        return figures.rate

    return measure


def many_keys(server, bench):
    """Return requests a second over 10,000 stored keys in turn, and note the share that the origin did not see."""
    if server.name not in bench.filled:
        fill(server, bench, "/key/%d", KEYS)
        bench.filled.add(server.name)
    before = nginx.asked(bench.origin)
    script = load.distinct(bench.folder, "/key/%d", KEYS)
    figures = load.wrk(server.url + "/", seconds=bench.seconds, script=script)
    fetched = nginx.asked(bench.origin) - before - 1
    bench.seen(server, figures, hit_ratio=max(0.0, 1 - fetched / max(figures.requests, 1)))
    return figures.rate


def fill(server, bench, path, keys):
    """Ask once and again for so many keys in turn, until the origin has seen as many requests; return how many."""
    before, start = nginx.asked(bench.origin), 0
    for _ in range(90):
        script = load.distinct(bench.folder, path, keys, start)
        start += load.wrk(server.url + "/", seconds=1, script=script).requests
        asked = nginx.asked(bench.origin) - before - 1
        if start > keys:
            return min(asked, keys)
    raise SystemExit(f"{server.name} did not answer {keys} requests within 90 s")


def beside_idle_connections(server, bench):
    """Return requests a second while 1,000 other connections are open and idle."""
    held = load.idle_connections(server.port, IDLE)
    try:
        return requests("/1k")(server, bench)
    finally:
        for connection in held:
            connection.close()


def streams(readers, rate=None):
    def measure(server, _bench):
        seconds = load.stream(server.port, "/100m", readers=readers, rate=rate)
        return STREAM * readers / seconds / 1e6

    return measure


def memory_while_streaming(readers, rate=None):
    """Return a measurement of the most memory above idle, in MiB, while 100 MiB stream."""

    def measure(server, _bench):
        idle = server.resident()
        with load.Sampler(server) as sampler:
            load.stream(server.port, "/100m", readers=readers, rate=rate)
        return max(0, sampler.most - idle) / 1024

    return measure


def collapsed(server, bench):
    """Return the 99th percentile, in ms, of 64 viewers of one uncached key whose origin needs 100 ms."""
    times = load.together(server.port, f"/slow/{bench.unique()}", 64)
    return statistics.quantiles(times, n=100)[98] * 1000


def idle_memory(server, _bench):
    return server.resident() / 1024


def memory_of_connections(server, _bench):
    """Return KiB for each of 1,000 idle keep-alive connections."""
    before = server.resident()
    held = load.idle_connections(server.port, IDLE)
    after = server.resident()
    for connection in held:
        connection.close()
    return max(0, after - before) / IDLE


def start_up(server, _bench):
    """Return milliseconds from the start of the process to its first answer."""
    server.stop()
    return load.timed_start(server) * 1000


def memory_of_entries(_server, bench):
    """Return bytes of memory for each 1 KiB entry above its body, in an edge of its own."""
    with own_edge(bench, store='kind = "memory"\nsize = "2GiB"') as server:
        fill(server, bench, "/before/%d", KEYS // 5)
        time.sleep(1)  # what is on its way to the log
        before = server.resident()
        entries = fill(server, bench, "/entry/%d", KEYS)
        time.sleep(1)
        return (server.resident() - before) * 1024 / entries - ENTRY


def access_log(_server, bench):
    """Return microseconds of CPU that an access log costs per hit: two edges in turn, one of them without."""
    spent = {True: [], False: []}
    with own_edge(bench) as logging, own_edge(bench, access_log=False) as silent:
        for _ in range(SAMPLES):
            for server, logs in ((logging, True), (silent, False)):
                before = server.cpu()
                figures = load.wrk(server.url + "/1k", seconds=bench.seconds)
                spent[logs].append((server.cpu() - before) / figures.requests)
    return (statistics.median(spent[True]) - statistics.median(spent[False])) * 1e6


def own_edge(bench, **options):
    """Return an edge for one measurement."""
    name = f"edge-{bench.unique()}"
    return edge.edgerun(bench.folder, bench.origin.port, bench.slow_port, name=name, **options)


# ------------------------------------------------------------------------------ functions


def cold_start(language):
    """Return a measurement of milliseconds to the first answer of a function that was never called.

    Another function of the same language was called before, as in any server that is in use.
    """

    def measure(_server, bench):
        names = ["first", *(f"cold-{number}" for number in range(SAMPLES))]
        folder = bench.folder / f"cold-{bench.unique()}"
        config = edge.write_answering(folder, language, names)
        with edge.served(folder, config, "serve", name="edgerun-cold") as server:
            load.first_answer(server.port, "/first")
            times = []
            for name in names[1:]:
                time.sleep(0.3)  # a spare process, where there is one, is made ready behind
                times.append(load.first_answer(server.port, f"/{name}"))
        return statistics.median(times) * 1000

    return measure


def saved(language):
    """Return a measurement of milliseconds from a save to the first answer of the saved code, under `edgerun dev`."""

    def measure(_server, bench):
        folder = bench.folder / f"saved-{bench.unique()}"
        config = edge.write_answering(folder, language, ["page"])
        with edge.served(folder, config, "dev", name="edgerun-dev") as server:
            times = []
            load.first_answer(server.port, "/page")
            for number in range(SAMPLES):
                time.sleep(0.5)
                began = time.perf_counter()
                edge.write_answer(folder, language, "page", f"saved {number}")
                _until(server.port, b"saved %d" % number)
                times.append(time.perf_counter() - began)
        return statistics.median(times) * 1000

    return measure


def _until(port, text):
    """Ask, over one connection, until an answer holds a text."""
    deadline = time.monotonic() + 30
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        while time.monotonic() < deadline:
            connection.sendall(b"GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")
            said = b""
            while b"\r\n\r\n" not in said or not said.partition(b"\r\n\r\n")[2]:
                said += connection.recv(65_536)
            if text in said:
                return
            time.sleep(0.001)
    raise SystemExit(f"port {port} did not take over a save within 30 s")


# ------------------------------------------------------------------------------ workers


@functools.cache
def takes_workers():
    """Tell whether `edgerun serve` knows `--workers`."""
    said = subprocess.run([sys.executable, "-m", "edgerun", "serve", "--help"], capture_output=True, check=True)
    return b"--workers" in said.stdout


def gain_of_two_workers(server, bench):
    """Return what two workers answer over what one does, both on both cores, which they share with wrk."""
    rates = {}
    for workers in (1, 2):
        with _working(server.name, bench, workers) as tried:
            load.wrk(tried.url + "/1k", seconds=1, core=BOTH_CORES)
            rates[workers] = load.wrk(tried.url + "/1k", seconds=bench.seconds, core=BOTH_CORES).rate
    return rates[2] / rates[1]


@contextlib.contextmanager
def _working(name, bench, workers):
    flags = ("--workers", workers)
    if name == "uvicorn":
        made = edge.bare(bench.folder, *flags, core=BOTH_CORES)
    else:
        made = own_edge(bench, flags=flags, store='kind = "lmdb"', core=BOTH_CORES)
    with made as server:
        yield server
