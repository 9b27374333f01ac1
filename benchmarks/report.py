"""What came out: a table for people, JSON for tools."""

import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

from .load import median_and_spread

HIGH_IS_GOOD = ("req/s", "MB/s", "times")


def summary(scenario, values, notes):
    """Return one scenario's figures: medians and spreads, the ratio, whether it is as it must be, and the notes.

    Args:
        scenario: what was measured.
        values: by contender, one value a round.
        notes: by contender, a round each: latencies in milliseconds, errors, shares.
    """
    medians = {name: median_and_spread(rounds) for name, rounds in values.items()}
    ours = medians["edgerun"][0]
    base = medians.get(scenario.against, (0.0, 0.0))[0]
    ratio = ours / base if base else None
    judged = ratio if scenario.against else ours
    return {
        "scenario": scenario.name,
        "unit": scenario.unit,
        "against": scenario.against,
        "ratio": ratio,
        "must": scenario.must,
        "goal": scenario.goal,
        "met": verdict(judged, scenario.must, scenario.unit),
        "goal_met": verdict(judged, scenario.goal, scenario.unit),
        "medians": {name: middle for name, (middle, _) in medians.items()},
        "spreads": {name: spread for name, (_, spread) in medians.items()},
        "rounds": values,
        "notes": {name: _middle(seen) for name, seen in notes.items()},
    }


def _middle(seen):
    """Return the median of each thing that was noted; errors are summed up."""
    found = {what: statistics.median(one[what] for one in seen) for what in seen[0]}
    return found | {"errors": sum(one["errors"] for one in seen)}


def verdict(value, bar, unit):
    if value is None or bar is None:
        return None
    return value >= bar if unit in HIGH_IS_GOOD else value <= bar


def headline(options):
    """Return on what and how the figures are taken, in a sentence."""
    told = machine()
    rounds = "one round" if options.rounds == 1 else f"medians of {options.rounds} rounds"
    return f"{told['cpu']}, {told['cores']} cores; Python {told['python']}, {told['nginx']}; {rounds}"


def head():
    return f"{'scenario':<36} {'edgerun':>20} {'ratio':>10}  {'must':>6} {'goal':>6}     others"


def line(row):
    """Return one line of the table."""
    unit, ours = row["unit"], row["medians"]["edgerun"]
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f} {row['against'][0].upper()}"
    others = ", ".join(f"{name} {figure(v)}" for name, v in row["medians"].items() if name != "edgerun")
    spread = f"±{row['spreads']['edgerun'] * 100:.0f}%"
    mark = {None: " ", True: "✓", False: "✗"}[row["met"]] + {True: "★"}.get(row["goal_met"], " ")
    return (
        f"{row['scenario']:<36} {figure(ours):>9} {unit:<5} {spread:>4} {ratio:>10}  "
        f"{row['must'] or '':>6} {row['goal'] or '':>6} {mark}  {others}"
    ).rstrip()


def latencies(results):
    """Return latencies, hit ratios and errors as text, a line for each scenario that has any."""
    lines = ["latency in ms, p50 / p99"]
    for row in results:
        told = [f"{name} {_told(seen)}" for name, seen in row["notes"].items()]
        lines += [f"{row['scenario']:<36} " + ", ".join(told)] if told else []
    return "\n".join(lines)


def _told(seen):
    words = f"{seen['p50']:.2f} / {seen['p99']:.2f}"
    words += f" ({seen['hit_ratio'] * 100:.1f} % hits)" if "hit_ratio" in seen else ""
    return words + (f" ({seen['errors']} errors)" if seen["errors"] else "")


def figure(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def machine():
    """Return what the figures were taken on."""
    cpu = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "nginx": version("nginx", "-v"),
        "node": version("node", "--version"),
    }


def version(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "none"
    return (done.stdout or done.stderr).strip().removeprefix("nginx version: ")


def write(path, results, absent=()):
    told = {"machine": machine(), "results": results, "not_measured": list(absent)}
    path.write_text(json.dumps(told, indent=2) + "\n")
