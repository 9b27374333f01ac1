"""Mixed traffic against the demo, and what it leaves behind: descriptors, processes, memory.

    python benchmarks/soak.py [SECONDS] [CONNECTIONS]

Starts `edgerun serve` on a free port and sends hits, misses, passes, POSTs, ranges, functions in Python and Node
and CloudFront Functions, refusals and errors over keep-alive connections as fast as they are answered, with a
purge of everything now and then. Prints the state of the server ten times. Exits with 1 if memory, descriptors or
processes grew from the first to the last, or if a process outlives the server.
"""

import asyncio
import collections
import json
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.request import Request, urlopen

SETTLE = 7.0  # longer than idle connections to origins are kept
WARM = 15.0
STATES = 10
PURGES = 20
MAY_GROW = {"descriptors": 8, "processes": 2, "memory KiB": 16 * 1024}
ROOT = Path(__file__).parent.parent

MIX = (
    (10, b"GET /products/brass-lantern HTTP/1.1\r\n"),
    (6, b"GET /css/style.css HTTP/1.1\r\n"),
    (6, b"GET / HTTP/1.1\r\nCookie: shop-variant=a\r\n"),
    (4, b"GET /api/time HTTP/1.1\r\n"),
    (3, b"POST /api/cart HTTP/1.1\r\nContent-Length: 10\r\n"),
    (3, b"GET /api/products?page=%d HTTP/1.1\r\n"),
    (3, b"GET /gone-%d HTTP/1.1\r\n"),
    (2, b"GET /api/broken HTTP/1.1\r\n"),
    (2, b"GET /admin/index.html HTTP/1.1\r\n"),
    (2, b"GET /api/products HTTP/1.1\r\nUser-Agent: BadBot\r\n"),
    (2, b"GET /closed/today HTTP/1.1\r\n"),
    (3, b"GET /go/lantern HTTP/1.1\r\n"),
    (3, b"GET /css/style.css HTTP/1.1\r\nRange: bytes=10-99\r\n"),
    (1, b"GET /css/style.css HTTP/1.1\r\nRange: bytes=999999-\r\n"),
    (2, b"GET /css/style.css HTTP/1.1\r\nIf-None-Match: *\r\n"),
    (1, b"DELETE /products/brass-lantern HTTP/1.1\r\n"),
)


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    connections = int(sys.argv[2]) if len(sys.argv) > 2 else 64
    command = [sys.executable, "-m", "edgerun", "serve", "--port", "0", "--ui-port", "0", "--json", "--quiet"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    ready = json.loads(server.stdout.readline())
    threading.Thread(target=server.stdout.read, daemon=True).start()  # a full pipe would stop the server
    try:
        asyncio.run(load(ready["port"], WARM, connections))  # environments at their limit, every object once
        time.sleep(SETTLE)
        first = state(server.pid)
        print("seconds   " + "  ".join(f"{name:>12}" for name in first))
        show(0, first)
        began = time.monotonic()
        over = threading.Event()
        watching = threading.Thread(target=watch, args=(server.pid, began, seconds, over))
        purging = threading.Thread(target=purge, args=(ready["admin_port"], seconds, over))
        watching.start()
        purging.start()
        counts = asyncio.run(load(ready["port"], seconds, connections))
        over.set()
        watching.join()
        purging.join()
        time.sleep(SETTLE)
        last = state(server.pid)
        below = descendants(server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)
    show(time.monotonic() - began, last)
    sys.exit(not told(counts, seconds, connections, first, last, below))


def told(counts, seconds, connections, first, last, below):
    """Print what came of it; return whether all is as it must be."""
    total = sum(counts.values())
    print(f"{total} answers in {seconds:.0f} s over {connections} connections, {total / seconds:.0f}/s")
    print("  by status: " + ", ".join(f"{status} {count}" for status, count in sorted(counts.items())))
    good = True
    for name, most in MAY_GROW.items():
        grew = last[name] - first[name]
        good = good and grew <= most
        print(f"  {name:<12} {first[name]:>8} -> {last[name]:>8}  {'flat' if grew <= most else 'GREW'}")
    left = [pid for pid in below if Path(f"/proc/{pid}").exists()]
    print(f"  processes left after SIGTERM: {len(left)}")
    return good and not left


def watch(pid, began, seconds, over):
    while not over.wait(seconds / STATES):
        show(time.monotonic() - began, state(pid))


def show(after, now):
    print(f"{after:>7.0f}   " + "  ".join(f"{value:>12,}" for value in now.values()), flush=True)


def purge(port, seconds, over):
    """Forget everything now and then, so that there are misses throughout."""
    token = json.loads((ROOT / ".edgerun" / "server.json").read_text())["token"]
    url = f"http://127.0.0.1:{port}/invalidations"
    headers = {"Content-Type": "application/json", "x-edgerun-token": token}
    while not over.wait(seconds / PURGES):
        with urlopen(Request(url, b'{"paths": ["/*"]}', headers), timeout=30):
            pass


async def load(port, seconds, connections):
    counts = collections.Counter()
    end = time.monotonic() + seconds
    await asyncio.gather(*(viewer(port, end, counts, random.Random(number)) for number in range(connections)))
    return counts


async def viewer(port, end, counts, dice):
    weights = [weight for weight, _ in MIX]
    reader = writer = None
    while time.monotonic() < end:
        if writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        ((_, head),) = dice.choices(MIX, weights)
        if b"%d" in head:
            head %= dice.randrange(300)
        body = b"0123456789" if head.startswith(b"POST") else b""
        try:
            writer.write(head + b"Host: localhost\r\n\r\n" + body)
            status, close = await answer(reader)
        except (ConnectionError, asyncio.IncompleteReadError):
            status, close = "closed", True
        counts[status] += 1
        if close:
            writer.close()
            writer = None
    if writer is not None:
        writer.close()


async def answer(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = head[9:12].decode()
    if b"\r\ncontent-length:" in head:
        await reader.readexactly(int(head.split(b"\r\ncontent-length:")[1].split(b"\r\n")[0]))
    elif b"chunked" in head:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
    return status, b"\r\nconnection: close" in head


def state(pid):
    """Return descriptors and resident memory of the server, and the processes below it."""
    status = Path(f"/proc/{pid}/status").read_text()
    resident = int(status.split("VmRSS:")[1].split()[0])
    return {
        "descriptors": sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()),
        "processes": len(descendants(pid)),
        "memory KiB": resident,
    }


def descendants(pid):
    children = collections.defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children[int(fields[1])].append(int(path.parent.name))
    found, queue = [], [pid]
    while queue:
        below = children[queue.pop()]
        found += below
        queue += below
    return found


if __name__ == "__main__":
    main()
