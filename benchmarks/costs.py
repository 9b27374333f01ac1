"""What one more object, connection, function or purge costs: the tables of `docs/scaling.md`, as Markdown.

    python -m benchmarks.costs [--keys 10000] [--only objects|purges|rest]

Times of objects are CPU of the server for each request, so that a busy machine disturbs them little; latencies are
what one viewer on one connection waits. The edges of `lmdb` and `redis` are two: one stores, the other finds what it
never held in memory, and then asks again.
"""

import argparse
import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.lmdb import LmdbStore
from edgerun.cache.memory import MemoryStore
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody

from . import edge, load, measures, nginx, report
from .__main__ import Bench
from .servers import descendants, free_port

SIZES = {"1k": 1024, "16k": 16_384}
STORES = ("memory", "lmdb", "redis")
PURGED = (1_000, 10_000, 100_000)
ASKED = 2_000
PASSES = 2
FUNCTIONS = 8
BOUND = 4 * 1024**3


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.costs", description=__doc__)
    parser.add_argument("--keys", type=int, default=10_000, help="objects of 1 KiB to store")
    parser.add_argument("--only", choices=("objects", "purges", "rest"))
    options = parser.parse_args()
    told = report.machine()
    day = datetime.now(tz=UTC).date()
    print(f"{day}, {told['cores']} cores of a cloud VM ({told['cpu']}), Python {told['python']}, node {told['node']}\n")
    with tempfile.TemporaryDirectory(prefix="edgerun-costs-") as temporary, contextlib.ExitStack() as running:
        folder = Path(temporary)
        folder.chmod(0o755)
        bench = Bench(folder, SimpleNamespace(seconds=1))
        files = folder / "files"
        files.mkdir()
        for name, size in SIZES.items():
            (files / name).write_bytes(b"x" * size)
        bench.origin, bench.slow_port = running.enter_context(nginx.origin(folder, files)), free_port()
        if options.only in {None, "objects"}:
            objects(bench, options.keys)
        if options.only in {None, "purges"}:
            asyncio.run(purges(folder))
        if options.only in {None, "rest"}:
            rest(bench)


def table(head, rows):
    """Print a Markdown table."""
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head), flush=True)
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
    print(flush=True)


# ------------------------------------------------------------------------------ objects


def objects(bench, keys):
    rows = [of_one(bench, store, name, keys) for store in STORES for name in SIZES]
    table(("store", "body", "bytes above it, of memory, disk and Redis"), (row[:3] for row in rows))
    head = ("store", "body", "miss, µs", "hit, one object, µs", "hit, many objects, µs", "found in the store, µs")
    head += ("found in the store, p50 / p99 ms", "then from memory, p50 / p99 ms")
    table(head, (row[:2] + row[3:] for row in rows))


def of_one(bench, store, name, keys):
    """Return one row: what objects of one size cost in one store."""
    keys = keys if name == "1k" else keys // 5
    with contextlib.ExitStack() as running:
        place, about = opened(running, bench, store)
        first = running.enter_context(measures.own_edge(bench, store=place))
        one, many = f"/{name}", f"/{name}?%d"
        load.wrk(first.url + one, seconds=1)
        measures.fill(first, bench, f"/{name}?a%d", keys // 5)
        settle(about.taken)
        memory, taken, held, began = first.resident(), about.taken(), about.held(), first.cpu()
        asked_for = measures.fill(first, bench, many, keys)
        miss = (first.cpu() - began) / asked_for
        settle(about.taken)
        memory = (first.resident() - memory) * 1024
        for _ in range(PASSES):  # what came faster than the store takes it comes again
            measures.fill(first, bench, many, keys)
            settle(about.taken)
        stored = about.held() - held if store == "redis" else keys
        above = (memory if store == "memory" else about.taken() - taken) / stored - SIZES[name]
        row = [store, name.replace("k", " KiB"), number(above), micro(miss)]
        script = load.distinct(bench.folder, many, keys)
        row += [micro(cost(first, first.url + one)), micro(cost(first, first.url + "/", script))]
        if store == "memory":
            return [*row, "", "", ""]
        second = running.enter_context(measures.own_edge(bench, store=place))
        load.first_answer(second.port, one)
        began, own = second.cpu(), about.spent()
        found = asked(second.port, many, range(few := min(ASKED, keys)))
        spent = micro((second.cpu() - began) / few)
        spent += f" and {micro((about.spent() - own) / few)} in Redis" if store == "redis" else ""
        return [*row, spent, found, asked(second.port, many, range(few))]


def opened(running, bench, store):
    """Return the store's table of the configuration, and what tells the bytes and objects in it and its own CPU."""
    size = f'size = "{BOUND // 1024**2}MiB"'
    folder = bench.folder / f"{store}-{bench.unique()}"
    folder.mkdir()
    nothing = SimpleNamespace(taken=lambda: 0, held=lambda: 0, spent=lambda: 0.0)
    if store == "memory":
        return f'kind = "memory"\n{size}', nothing
    if store == "lmdb":
        nothing.taken = lambda: blocks(folder)
        return f'kind = "lmdb"\npath = "{folder}"\n{size}', nothing
    place = running.enter_context(redis_server(folder))
    about = SimpleNamespace(
        taken=lambda: info(place)["used_memory"],
        held=lambda: info(place)["db0"]["keys"],
        spent=lambda: info(place)["used_cpu_user"] + info(place)["used_cpu_sys"],
    )
    return f'kind = "redis"\nurl = "unix://{place}"\n{size}', about


def blocks(folder):
    """Return the bytes on the disk of all files below a folder."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())


@contextlib.contextmanager
def redis_server(folder):
    """Run a Redis server on a socket in a folder."""
    place = folder / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", place, "--save", "", "--appendonly", "no"]
    process = subprocess.Popen([*map(str, command)], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not place.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        yield place
    finally:
        process.terminate()
        process.wait()


def info(place):
    """Return what a Redis server says of itself."""
    import redis  # noqa: PLC0415  # only this store needs it

    with redis.Redis(unix_socket_path=str(place)) as client:
        return client.info()


def settle(taken):
    """Wait until what is written behind is written, and what was on its way to the log is there."""
    last = None
    for _ in range(40):
        time.sleep(0.5)
        now = taken()
        if now == last:
            return
        last = now


def cost(server, url, script=None):
    """Return seconds of CPU for each request under load."""
    began = server.cpu()
    figures = load.wrk(url, seconds=2, script=script)
    return (server.cpu() - began) / figures.requests


def asked(port, path, numbers):
    """Ask for one thing after the other over one connection; return the hits' latencies at p50 and p99 as text."""
    times, buffer = [], bytearray(1 << 16)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for n in numbers:
            began = time.perf_counter()
            connection.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (path % n).encode())
            got = connection.recv_into(buffer)
            head, _, _ = bytes(buffer[:2048]).partition(b"\r\n\r\n")
            left = len(head) + 4 + int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]) - got
            while left > 0:
                left -= connection.recv_into(buffer)
            if b"Hit from cloudfront" in head:  # a store that is asked too much at once does without
                times.append(time.perf_counter() - began)
    if len(times) < len(numbers) // 2:
        raise SystemExit(f"{len(times)} of {len(numbers)} were hits")
    cut = statistics.quantiles(times, n=100)
    return f"{cut[49] * 1000:.2f} / {cut[98] * 1000:.2f}"


def micro(seconds):
    return f"{seconds * 1e6:.0f}"


def number(value):
    return f"{value:,.0f}"


# ------------------------------------------------------------------------------ purges


async def purges(folder):
    """Print what purging one path, a wildcard and a tag takes among so many objects, in ms until it holds."""
    rows = []
    for store in STORES:
        for keys in PURGED:
            with contextlib.ExitStack() as running:
                made = purged_store(running, folder, store, keys)
                rows.append([store, number(keys), *(await purge_times(made, keys))])
    table(("store", "objects", "a path", "a wildcard: 1 % of them", "a tag: 1 % of them"), rows)


def purged_store(running, folder, store, keys):
    bounds = {"size": BOUND, "max_object_size": 1 << 20}
    place = folder / f"purges-{store}-{keys}"
    place.mkdir()
    if store == "memory":
        return MemoryStore(**bounds)
    if store == "lmdb":
        return LmdbStore(place, **bounds)
    from edgerun.cache.redis import RedisStore  # noqa: PLC0415  # only this store needs it

    return RedisStore(f"unix://{running.enter_context(redis_server(place))}", patience=30.0, **bounds)


async def purge_times(store, keys):
    for n in range(keys):
        store.put(*stored(n))
        if n % 500 == 0:
            await store.settled()
    await store.settled()
    times = []
    for item in (b"/10/7", b"/11/*", b"#tag-12"):
        began = time.perf_counter()
        count = await store.invalidate(item)
        times.append(f"{(time.perf_counter() - began) * 1000:.2f}")
        if count != (1 if item[-1:] == b"7" else keys // 100):
            raise SystemExit(f"{item!r} covered {count} of {keys}")
    await store.aclose()
    return times


def stored(n):
    """Return the arguments of a `put`: an object that lies in one of a hundred folders and has its tag."""
    now, group = time.time(), n % 100
    key = CacheKey("E1", "GET", b"/%d/%d" % (group, n // 100), None)
    entry = Entry(
        key=key,
        requested_uri=key.uri,
        status=200,
        reason=b"OK",
        headers=Headers(((b"Content-Type", b"text/html"), (b"Cache-Control", b"max-age=3600"))),
        body=BytesBody(b"x" * 256),
        origin_status=200,
        request_time=now,
        response_time=now,
        lifetime=3600.0,
        max_stale_at=now + 86_400,
        tags=(f"tag-{group}",),
    )
    return key, entry, 0


# ------------------------------------------------------------------------------ connections, functions


def rest(bench):
    rows = []
    with measures.own_edge(bench) as server:
        load.wrk(server.url + "/1k", seconds=1)
        rows.append(["an idle connection", f"{measures.memory_of_connections(server, bench):.1f} KiB"])
        rows.append(["a server that serves", f"{server.resident() / 1024:.0f} MiB"])
    for language, shown in (("python", "Python"), ("nodejs", "Node")):
        rows.append([f"an environment of a function in {shown}", f"{environment(bench, language):.1f} MiB"])
    table(("one more", "memory"), rows)


def environment(bench, language):
    """Return MiB for each environment: of its process, and its share of what it has in common with others."""
    names = [f"f{n}" for n in range(1 + FUNCTIONS)]
    folder = bench.folder / f"environments-{language}"
    with edge.served(folder, edge.write_answering(folder, language, names), "serve", name="edgerun-f") as server:
        load.first_answer(server.port, "/f0")
        time.sleep(1)
        before = shares(server.process.pid)
        for name in names[1:]:
            load.first_answer(server.port, f"/{name}")
        time.sleep(1)
        return (shares(server.process.pid) - before) / 1024 / FUNCTIONS


def shares(pid):
    """Return the proportional resident memory of all processes below one, in KiB."""
    total = 0
    for below in descendants(pid):
        with contextlib.suppress(OSError, IndexError):
            total += int(Path(f"/proc/{below}/smaps_rollup").read_text().split("\nPss:")[1].split()[0])
    return total


if __name__ == "__main__":
    os.environ["PATH"] += ":/usr/sbin"
    main()
