"""Run the benchmarks: `make bench`, or `python -m benchmarks --only "hit 1 KiB" --rounds 3`; `--quick` for a look."""

import argparse
import contextlib
import itertools
import os
import random
import sys
import tempfile
from pathlib import Path

from . import edge, nginx, npm_rivals, picture, report, rivals
from .scenarios import SCENARIOS
from .servers import LOAD_CORE, NotServingError, Server, free_port, have

SIZES = {"1k": 1024, "16k": 16_384, "1m": 1_048_576, "100m": 104_857_600}


class Bench:
    """The run: what the rounds share, and what they saw beside the one value that each returns.

    Attributes:
        origin: the server that everybody fetches from; `slow_port` is another, which needs 100 ms.
        notes: for the scenario under way, by contender: latencies and errors of each round, and whatever else.
        filled: who holds the 10,000 keys already.
    """

    def __init__(self, folder, options):
        self.folder = folder
        self.seconds = options.seconds
        self.origin = None
        self.slow_port = 0
        self.notes = {}
        self.filled = set()
        self._numbers = itertools.count(random.randrange(10**6))

    def seen(self, server, figures, **more):
        told = {"p50": figures.p50, "p99": figures.p99, "errors": figures.errors, **more}
        self.notes.setdefault(server.name, []).append(told)

    def unique(self):
        return next(self._numbers)


def main():
    options = arguments()
    missing = have("nginx", "wrk", "taskset")
    if missing:
        sys.exit(
            f"these are needed and not here: {', '.join(missing)}; `make bench` installs them where it runs as root"
        )
    os.environ["PATH"] += ":/usr/sbin"
    with tempfile.TemporaryDirectory(prefix="edgerun-bench-") as temporary, contextlib.ExitStack() as running:
        folder = Path(temporary)
        folder.chmod(0o755)
        bench = Bench(folder, options)
        servers, absent = start(running, bench, options)
        print(report.headline(options) + "\n\n" + report.head(), flush=True)
        results = [run(bench, servers, scenario, options) for scenario in chosen(options.only)]
        print("\n" + report.latencies(results) + "\n")
        for reason in absent:
            print(f"not measured: {reason}")
        report.write(options.json, results, absent)
        if options.svg:
            options.svg.write_text(picture.svg(results, report.machine()))
    missed = [row["scenario"] for row in results if row["met"] is False]
    print(f"written to {options.json}" + (f"; below what must be: {', '.join(missed)}" if missed else ""))


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", default=[], help="scenarios whose name holds this text")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--quick", action="store_true", help="one round of a second each, without the others")
    parser.add_argument("--without-others", action="store_true", help="leave varnish, squid and haproxy out")
    parser.add_argument("--rivals", action="store_true", help="npm's serverless-offline-edge-lambda and miniflare too")
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results.json"))
    parser.add_argument("--svg", type=Path, help="draw the picture for the README")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.without_others = 1, 1, True
    return options


def chosen(only):
    found = [one for one in SCENARIOS if not only or any(text in one.name for text in only)]
    return [one for one in found if one.possible is None or one.possible()]


def start(running, bench, options):
    """Start everybody; return them by name, and why some of those that were wanted are not among them."""
    folder, absent = bench.folder, []
    files = folder / "files"
    files.mkdir()
    for name, size in SIZES.items():
        (files / name).write_bytes(b"x" * size)
    for below in ("py", "py-both", "node", "node-both", "cf", "cf-both", "api"):
        (files / below).mkdir()
        (files / below / "1k").write_bytes(b"x" * SIZES["1k"])
    bench.origin = origin = running.enter_context(nginx.origin(folder, files))
    bench.slow_port = slow_port = free_port()
    slow = Server(
        "slow origin", [sys.executable, Path(__file__).parent / "slow.py", slow_port], slow_port, core=LOAD_CORE
    )
    running.enter_context(slow)
    made = [edge.bare(folder), nginx.proxy(folder, origin.port), edge.edgerun(folder, origin.port, slow_port)]
    if not options.without_others:
        made += [make(folder, origin.port) for make in rivals.present()]
    servers = {server.name: running.enter_context(server) for server in made}
    if options.rivals:
        why = npm_rivals.install()
        absent += [f"{name}: {why}" for name in npm_rivals.NAMES if why]
        for make in () if why else npm_rivals.MAKERS:
            server = make(folder, origin.port)
            try:
                servers[server.name] = running.enter_context(server)
            except NotServingError as error:
                absent.append(str(error))
    return servers, absent


def run(bench, servers, scenario, options):
    """Run one scenario: each contender in each round, in turn, so that the machine's moods meet all alike."""
    contenders = [servers[name] for name in scenario.contenders if name in servers]
    values = {server.name: [] for server in contenders}
    bench.notes = {}
    for number in range(options.rounds):
        for server in contenders:
            progress(f"{scenario.name}: round {number + 1} of {options.rounds}, {server.name}")
            values[server.name].append(scenario.measure(server, bench))
    progress("")
    row = report.summary(scenario, values, bench.notes)
    print(report.line(row), flush=True)
    return row


def progress(text):
    """Show what is being measured, in place; nothing when nobody looks."""
    if sys.stderr.isatty():
        print(f"\r{text:<78}\r{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
