"""Run the benchmarks: `make bench`, or `python -m benchmarks --only "hit 1 KiB" --rounds 3`."""

import argparse
import contextlib
import itertools
import os
import random
import sys
import tempfile
from pathlib import Path

from . import edge, nginx, picture, report, rivals
from .scenarios import SCENARIOS
from .servers import LOAD_CORE, Server, free_port, have

SIZES = {"1k": 1024, "16k": 16_384, "1m": 1_048_576, "100m": 104_857_600}


class Bench:
    """The run: who takes part, and what the rounds share."""

    def __init__(self, folder, options):
        self.folder = folder
        self.seconds = options.seconds
        self.rounds = options.rounds
        self.latencies = {}
        self._numbers = itertools.count(random.randrange(10**6))

    def latency(self, name, path, figures):
        self.latencies.setdefault(f"{name} {path}", []).append((figures.p50, figures.p99, figures.errors))

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
        servers = start(running, folder, options)
        results = [run(bench, servers, scenario, options) for scenario in chosen(options.only)]
        print("\n" + report.table(results) + "\n")
        for name, seen in bench.latencies.items():
            if any(errors for _, _, errors in seen):
                print(f"errors: {name}: {sum(errors for _, _, errors in seen)}")
        report.write(options.json, results)
        if options.svg:
            options.svg.write_text(picture.svg(results, report.machine()))
    missed = [row["scenario"] for row in results if row["met"] is False]
    print(f"written to {options.json}" + (f"; below what must be: {', '.join(missed)}" if missed else ""))


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", default=[], help="scenarios whose name holds this text")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--without-others", action="store_true", help="leave varnish, squid and haproxy out")
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results.json"))
    parser.add_argument("--svg", type=Path, help="draw the picture for the README")
    return parser.parse_args()


def chosen(only):
    return [one for one in SCENARIOS if not only or any(text in one.name for text in only)]


def start(running, folder, options):
    """Start everybody, and return them by name."""
    files = folder / "files"
    files.mkdir()
    for name, size in SIZES.items():
        (files / name).write_bytes(b"x" * size)
    for below in ("py", "py-both", "node", "node-both", "cf", "cf-both", "api"):
        (files / below).mkdir()
        (files / below / "1k").write_bytes(b"x" * SIZES["1k"])
    origin = running.enter_context(nginx.origin(folder, files))
    slow_port = free_port()
    slow = Server(
        "slow origin", [sys.executable, Path(__file__).parent / "slow.py", slow_port], slow_port, core=LOAD_CORE
    )
    running.enter_context(slow)
    made = [edge.bare(folder), nginx.proxy(folder, origin.port), edge.edgerun(folder, origin.port, slow_port)]
    if not options.without_others:
        made += [make(folder, origin.port) for make in rivals.present()]
    return {server.name: running.enter_context(server) for server in made}


def run(bench, servers, scenario, options):
    """Run one scenario: each contender in each round, in turn, so that the machine's moods meet all alike."""
    contenders = [servers[name] for name in scenario.contenders if name in servers]
    values = {server.name: [] for server in contenders}
    for number in range(options.rounds):
        for server in contenders:
            progress(f"{scenario.name}: round {number + 1} of {options.rounds}, {server.name}")
            values[server.name].append(scenario.measure(server, bench))
    progress("")
    row = report.summary(scenario, values)
    print(report.table([row]).splitlines()[1], flush=True)
    return row


def progress(text):
    """Show what is being measured, in place; nothing when nobody looks."""
    if sys.stderr.isatty():
        print(f"\r{text:<78}\r{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
