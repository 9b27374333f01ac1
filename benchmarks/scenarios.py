"""What is measured, against whom, and what must come out (the goals are ratios to the named baseline)."""

from dataclasses import dataclass
from typing import Any

from . import measures, npm_rivals
from .measures import SLOW_READER, memory_while_streaming, requests, streams


@dataclass(frozen=True)
class Scenario:
    """One line of the table.

    Attributes:
        name: as printed, and what `--only` looks for.
        unit: of the value: `req/s`, `MB/s` and `times` are better when high, times and sizes when low.
        against: the baseline the ratio is taken to, "" for an absolute figure.
        must, goal: ratios, or absolute values where there is no baseline; None when nothing was set.
        measure: (server, bench) to one value; called once a round for each contender.
        contenders: who takes part.
        possible: tells whether it can be measured here; None is always.
    """

    name: str
    unit: str
    measure: Any
    contenders: tuple[str, ...]
    against: str = ""
    must: float | None = None
    goal: float | None = None
    possible: Any = None


EVERYBODY = ("uvicorn", "nginx", "edgerun", "varnish", "squid", "haproxy")
PROXIES = ("nginx", "edgerun", "varnish", "squid", "haproxy")
US_AND_U = ("uvicorn", "edgerun")
US_AND_N = ("nginx", "edgerun")
US = ("edgerun",)


def hit(name, path, **more):
    return Scenario(name, "req/s", requests(path, headers=more.pop("headers", ())), **more)


SCENARIOS = (
    hit("hit 1 KiB", "/1k", contenders=EVERYBODY, against="nginx", must=0.60, goal=0.80),
    hit("hit 1 KiB against U", "/1k", contenders=US_AND_U, against="uvicorn", must=1.75),
    hit("hit 16 KiB", "/16k", contenders=EVERYBODY, against="nginx", must=0.60, goal=0.80),
    hit("hit 1 MiB", "/1m", contenders=PROXIES, against="nginx", must=1.0, goal=1.5),
    hit("304", "/1k", headers=("If-None-Match: *",), contenders=PROXIES, against="nginx"),
    hit("range of 16 KiB", "/16k", headers=("Range: bytes=100-1123",), contenders=PROXIES, against="nginx"),
    Scenario("hit 1 KiB beside 1,000 idle", "req/s", measures.beside_idle_connections, US_AND_N, against="nginx"),
    hit("hit + Python viewer-request", "/py/1k", contenders=US_AND_U, against="uvicorn", must=0.45, goal=0.70),
    hit(
        "hit + Node viewer-request",
        "/node/1k",
        contenders=(*US_AND_U, *npm_rivals.NAMES),
        against="uvicorn",
        must=0.45,
        goal=0.70,
    ),
    hit("hit + CloudFront Function", "/cf/1k", contenders=US_AND_U, against="uvicorn", must=0.08, goal=0.12),
    hit("hit + Python at both viewer points", "/py-both/1k", contenders=US_AND_U, against="uvicorn"),
    hit("hit + Node at both viewer points", "/node-both/1k", contenders=US_AND_U, against="uvicorn"),
    hit("hit + CloudFront Function at both", "/cf-both/1k", contenders=US_AND_U, against="uvicorn"),
    Scenario("10,000 distinct keys", "req/s", measures.many_keys, US_AND_N, against="nginx"),
    Scenario(
        "miss, stored on the way",
        "req/s",
        requests("/miss/%d", distinct=1_000_000),
        ("uvicorn", "nginx", "edgerun"),
        against="uvicorn",
        must=0.50,
        goal=0.80,
    ),
    hit("pass (never cached)", "/api/1k", contenders=("uvicorn", *PROXIES), against="uvicorn"),
    Scenario(
        "miss + viewer- and origin-request",
        "req/s",
        requests("/miss-two/%d", distinct=1_000_000),
        US_AND_U,
        against="uvicorn",
        must=0.25,
        goal=0.40,
    ),
    Scenario(
        "miss + functions at all four",
        "req/s",
        requests("/miss-four/%d", distinct=1_000_000),
        US_AND_U,
        against="uvicorn",
    ),
    Scenario("100 MiB, one reader", "MB/s", streams(1), US_AND_N, against="nginx", must=0.80, goal=0.95),
    Scenario("100 MiB, eight readers", "MB/s", streams(8), US_AND_N, against="nginx"),
    Scenario("100 MiB, eight slow readers", "MB/s", streams(8, SLOW_READER * 2), US_AND_N, against="nginx"),
    Scenario("memory: one 100 MiB reader", "MiB", memory_while_streaming(1), US_AND_N, must=8, goal=2),
    Scenario("memory: eight readers", "MiB", memory_while_streaming(8), US_AND_N, must=32, goal=12),
    Scenario(
        "memory: eight slow readers",
        "MiB",
        memory_while_streaming(8, SLOW_READER * 2),
        US_AND_N,
        must=32,
        goal=12,
    ),
    Scenario("64 viewers, one slow miss: p99", "ms", measures.collapsed, ("edgerun",), must=150, goal=115),
    Scenario("1,000 idle connections, each", "KiB", measures.memory_of_connections, ("uvicorn", "nginx", "edgerun")),
    Scenario("process start to first 200", "ms", measures.start_up, US_AND_U, must=350, goal=170),
    Scenario("idle memory", "MiB", measures.idle_memory, ("uvicorn", "nginx", "edgerun"), must=80, goal=45),
    Scenario("memory of a 1 KiB entry above it", "B", measures.memory_of_entries, US, must=1600, goal=850),
    Scenario("access log, for each hit", "µs", measures.access_log, US, must=3, goal=1),
    Scenario("Python function, cold, first answer", "ms", measures.cold_start("python"), US, must=12, goal=4),
    Scenario("Node function, cold, first answer", "ms", measures.cold_start("nodejs"), US, must=60, goal=5),
    Scenario("Python saved to first answer", "ms", measures.saved("python"), US, must=300, goal=60),
    Scenario("Node saved to first answer", "ms", measures.saved("nodejs"), US, must=300, goal=120),
    Scenario(
        "two workers, gain over one",
        "times",
        measures.gain_of_two_workers,
        US_AND_U,
        against="uvicorn",
        must=0.90,
        goal=0.97,
        possible=measures.takes_workers,
    ),
)
