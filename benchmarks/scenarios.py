"""What is measured, against whom, and what must come out (the goals are ratios to the named baseline)."""

import itertools
import statistics
from dataclasses import dataclass, field
from typing import Any

from . import load

SLOW_READER = 20_000_000  # bytes a second
STREAM = 104_857_600


@dataclass(frozen=True)
class Scenario:
    """One line of the table.

    Attributes:
        name: as printed, and what `--only` looks for.
        unit: of the value: `req/s` and `MB/s` are better when high, `ms`, `KiB` and `MiB` when low.
        against: the baseline the ratio is taken to, "" for an absolute figure.
        must, goal: ratios, or absolute values where there is no baseline; None when nothing was set.
        measure: (server, bench) to one value; called once a round for each contender.
        contenders: who takes part.
    """

    name: str
    unit: str
    measure: Any
    contenders: tuple[str, ...]
    against: str = ""
    must: float | None = None
    goal: float | None = None
    details: dict = field(default_factory=dict)


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
        bench.latency(server.name, path, figures)
        return figures.rate

    return measure


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
    held = load.idle_connections(server.port, 1000)
    after = server.resident()
    for connection in held:
        connection.close()
    return max(0, after - before) / 1000


def start_up(server, _bench):
    """Return milliseconds from the start of the process to its first answer."""
    server.stop()
    return load.timed_start(server) * 1000


EVERYBODY = ("uvicorn", "nginx", "edgerun", "varnish", "squid", "haproxy")
PROXIES = ("nginx", "edgerun", "varnish", "squid", "haproxy")
US_AND_U = ("uvicorn", "edgerun")
US_AND_N = ("nginx", "edgerun")


def hit(name, path, **more):
    return Scenario(name, "req/s", requests(path, headers=more.pop("headers", ())), **more)


SCENARIOS = (
    hit("hit 1 KiB", "/1k", contenders=EVERYBODY, against="nginx", must=0.60, goal=0.80),
    hit("hit 1 KiB against U", "/1k", contenders=US_AND_U, against="uvicorn", must=1.75),
    hit("hit 16 KiB", "/16k", contenders=EVERYBODY, against="nginx", must=0.60, goal=0.80),
    hit("hit 1 MiB", "/1m", contenders=PROXIES, against="nginx", must=1.0, goal=1.5),
    hit("304", "/1k", headers=("If-None-Match: *",), contenders=PROXIES, against="nginx"),
    hit("range of 16 KiB", "/16k", headers=("Range: bytes=100-1123",), contenders=PROXIES, against="nginx"),
    hit("hit + Python viewer-request", "/py/1k", contenders=US_AND_U, against="uvicorn", must=0.45, goal=0.70),
    hit("hit + Node viewer-request", "/node/1k", contenders=US_AND_U, against="uvicorn", must=0.45, goal=0.70),
    hit("hit + CloudFront Function", "/cf/1k", contenders=US_AND_U, against="uvicorn", must=0.08, goal=0.12),
    hit("hit + Python at both viewer points", "/py-both/1k", contenders=US_AND_U, against="uvicorn"),
    hit("hit + Node at both viewer points", "/node-both/1k", contenders=US_AND_U, against="uvicorn"),
    hit("hit + CloudFront Function at both", "/cf-both/1k", contenders=US_AND_U, against="uvicorn"),
    Scenario(
        "10,000 distinct keys", "req/s", requests("/key/%d", distinct=10_000), ("nginx", "edgerun"), against="nginx"
    ),
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
    Scenario("memory: one 100 MiB reader", "MiB", memory_while_streaming(1), US_AND_N, must=8, goal=2),
    Scenario(
        "memory: eight slow readers",
        "MiB",
        memory_while_streaming(8, SLOW_READER * 2),
        US_AND_N,
        must=32,
        goal=12,
    ),
    Scenario("64 viewers, one slow miss: p99", "ms", collapsed, ("edgerun",), must=150, goal=115),
    Scenario("1,000 idle connections, each", "KiB", memory_of_connections, ("uvicorn", "nginx", "edgerun")),
    Scenario("process start to first 200", "ms", start_up, US_AND_U, must=350, goal=170),
    Scenario("idle memory", "MiB", idle_memory, ("uvicorn", "nginx", "edgerun"), must=80, goal=45),
)
