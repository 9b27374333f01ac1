"""What is counted: from events to Prometheus's text, and from several processes to one."""

import asyncio
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import Play, behavior, consume, request
from prometheus_client.parser import text_string_to_metric_families
from running import project
from starlette.applications import Starlette

from edgerun import __version__
from edgerun.admin.metrics import collected, counting, metrics_routes, written
from edgerun.app import Edge
from edgerun.config.load import load
from edgerun.distribution.origins import OriginSpec
from edgerun.errors import FunctionExecutionError, FunctionInitError, FunctionThrottled, FunctionTimeout, OriginTimeout
from edgerun.observe.events import Called
from edgerun.observe.figures import BOUNDS, METRICS, lasting, merged
from edgerun.observe.metrics import OTHER, Metrics
from edgerun.testing.origin import ScriptedOrigin, respond
from edgerun.values import changed

HISTOGRAM = len(BOUNDS) + 2


def test_every_metric_is_named_as_prometheus_wants_it():
    for metric in METRICS:
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert metric.name.endswith("_seconds") == (metric.kind == "histogram"), metric.name
        assert metric.name.startswith("edgerun_")
    assert len({metric.name for metric in METRICS}) == len(METRICS)


MERGED = [
    pytest.param([], {}, id="nothing"),
    pytest.param(
        [
            {"edgerun_requests_total": [(["a", "2xx", "Hit"], 2.0), (["a", "2xx", "Miss"], 1.0)]},
            {"edgerun_requests_total": [(["a", "2xx", "Hit"], 3.0), (["b", "5xx", "Error"], 1.0)]},
        ],
        {
            "edgerun_requests_total": [
                (["a", "2xx", "Hit"], 5.0),
                (["a", "2xx", "Miss"], 1.0),
                (["b", "5xx", "Error"], 1.0),
            ]
        },
        id="counters are added by their labels",
    ),
    pytest.param(
        [{"edgerun_origin_duration_seconds": [(["a"], [1.0] * HISTOGRAM)]}] * 2,
        {"edgerun_origin_duration_seconds": [(["a"], [2.0] * HISTOGRAM)]},
        id="histograms are added bucket by bucket",
    ),
    pytest.param(
        [{"edgerun_cache_objects": [(["memory"], 3.0)]}, {"edgerun_cache_objects": [(["memory"], 4.0)]}],
        {"edgerun_cache_objects": [(["memory"], 7.0)]},
        id="caches of their own are added",
    ),
    pytest.param(
        [{"edgerun_cache_objects": [(["lmdb"], 3.0)]}, {"edgerun_cache_objects": [(["lmdb"], 4.0)]}],
        {"edgerun_cache_objects": [(["lmdb"], 4.0)]},
        id="a shared cache counts once",
    ),
    pytest.param(
        [{"edgerun_cache_evictions_total": [(["lmdb"], 3.0)]}, {"edgerun_cache_evictions_total": [(["lmdb"], 4.0)]}],
        {"edgerun_cache_evictions_total": [(["lmdb"], 7.0)]},
        id="what each evicted from it is added",
    ),
]


@pytest.mark.parametrize(("snapshots", "expected"), MERGED)
def test_counts_of_several_processes_become_one(snapshots, expected):
    assert merged(snapshots) == expected


COUNTS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 10**6).map(float), max_size=3), max_size=5
)


@given(COUNTS)
def test_nothing_is_lost_by_merging_in_whatever_order(counts):
    snapshots = [{"edgerun_origin_fetches_total": [([name], count) for name, count in one.items()]} for one in counts]
    total = sum(count for one in counts for count in one.values())
    stepwise = {}
    for one in reversed(snapshots):
        stepwise = merged([one, stepwise])
    for found in (merged(snapshots), stepwise):
        assert sum(value for _, value in found.get("edgerun_origin_fetches_total", [])) == total


def test_of_a_process_that_ended_its_counters_last():
    snapshot = {
        "edgerun_requests_total": [(["a", "2xx", "Hit"], 2.0)],
        "edgerun_cache_objects": [(["memory"], 3.0)],
        "edgerun_origin_duration_seconds": [(["a"], [1.0] * HISTOGRAM)],
    }
    assert set(lasting(snapshot)) == {"edgerun_requests_total", "edgerun_origin_duration_seconds"}


def call(error=None, **more):
    return Called(request_id="1", point="viewer-request", function="ab", event=b"", error=error, **more)


CALLS = [
    pytest.param(call(duration=0.1), "duration_seconds", None, id="one that returned is timed"),
    pytest.param(call(duration=0.1, cold=True), "cold_starts_total", ["ab"], id="the first of an environment"),
    pytest.param(call(FunctionThrottled("no room")), "throttles_total", ["ab"], id="throttled"),
    pytest.param(call(FunctionTimeout("too long")), "errors_total", ["ab", "timeout"], id="too slow"),
    pytest.param(call(FunctionInitError("no module")), "errors_total", ["ab", "init"], id="not started"),
    pytest.param(call(FunctionExecutionError("raised")), "errors_total", ["ab", "error"], id="raised"),
]


@pytest.mark.parametrize(("event", "name", "labels"), CALLS)
def test_a_call_is_counted_as_what_became_of_it(event, name, labels):
    metrics = Metrics()
    metrics(event)
    found = metrics.snapshot()
    assert found["edgerun_function_invocations_total"] == [(["ab", "viewer-request"], 1.0)]
    samples = found[f"edgerun_function_{name}"]
    assert len(samples) == 1
    if labels is not None:
        assert samples == [(labels, 1.0)]
    assert ("edgerun_function_duration_seconds" in found) == (event.error is None)


def test_answers_are_counted_by_distribution_status_and_word_from_real_requests():
    metrics = Metrics()
    play = Play(behavior(), replies={"/page": respond(200, b"page", Cache_Control="max-age=60")})
    sent = [play.get(path) for path in ("/page", "/page", "/page", "/absent")]
    for event in play.events:
        metrics(event)
    found = metrics.snapshot()
    counted = {tuple(labels[1:]): count for labels, count in found["edgerun_requests_total"]}
    assert counted == {("2xx", "Miss"): 1.0, ("2xx", "Hit"): 2.0, ("4xx", "Error"): 1.0}
    assert sum(count for _, count in found["edgerun_response_bytes_total"]) == sum(len(each.body) for each in sent)
    timed = {tuple(labels[1:]): cell for labels, cell in found["edgerun_request_duration_seconds"]}
    assert timed["2xx", "Hit"] == [2.0, *[0.0] * (HISTOGRAM - 1)]  # the clock of a play stands still
    assert found["edgerun_responses_incomplete_total"] == [([play.config.distributions[0].name], 0.0)]


@pytest.mark.parametrize(
    ("spec", "name"), [("shop.example", "api"), ("elsewhere.example", OTHER)], ids=["configured", "of a function"]
)
def test_origins_are_counted_by_their_configured_names(spec, name):
    metrics, origin = Metrics(), ScriptedOrigin({"/a": respond(200, b"a"), "/b": OriginTimeout("no answer")})
    configured = OriginSpec(kind="custom", domain_name="shop.example")
    counted = metrics.origins(lambda _: origin, {"api": configured})(changed(configured, domain_name=spec))

    async def act():
        await counted.resolve()
        await counted.fetch(request("/a"))
        with pytest.raises(OriginTimeout):
            await counted.fetch(request("/b"))
        await counted.aclose()

    asyncio.run(act())
    found = metrics.snapshot()
    assert found["edgerun_origin_fetches_total"] == [([name], 2.0)]
    assert found["edgerun_origin_errors_total"] == [([name, "OriginTimeout"], 1.0)]
    assert [sum(cell[:-1]) for _, cell in found["edgerun_origin_duration_seconds"]] == [1.0]


def test_prometheus_reads_what_is_written():
    snapshot = {
        "edgerun_requests_total": [(["a", "2xx", "Hit"], 2.0)],
        "edgerun_origin_duration_seconds": [(["a"], [1.0, 2.0, *[0.0] * (HISTOGRAM - 4), 3.0, 0.5])],
    }
    text, kind = written(snapshot, "")
    assert kind.startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(text.decode())}
    (sample,) = families["edgerun_requests"].samples
    assert sample.labels == {"distribution": "a", "status": "2xx", "x_cache": "Hit"}
    samples = families["edgerun_origin_duration_seconds"].samples
    told = {(each.name.rpartition("_")[2], each.labels.get("le")): each.value for each in samples}
    assert (told["bucket", "0.001"], told["bucket", "0.0025"]) == (1.0, 3.0)
    assert (told["bucket", "+Inf"], told["count", None], told["sum", None]) == (6.0, 6.0, 0.5)
    assert written(snapshot, "application/openmetrics-text; version=1.0.0")[1].startswith("application/openmetrics")


def test_a_single_process_tells_its_counts_its_cache_and_its_environments(tmp_path):
    site = project(tmp_path, {"ab.py": FUNCTION}, files={"page.html": "a page"}, viewer_request="ab")

    async def act():
        edge = Edge(load(site).config)
        metrics = counting(edge)
        app = Starlette(routes=metrics_routes(lambda: collected(edge, metrics)))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://own") as client:
            for _ in range(3):
                await consume(await asyncio.ensure_future(edge.begin(request("/page.html"))))
            text = (await client.get("/metrics")).text
        await edge.aclose()
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    told = asyncio.run(act())
    assert told["edgerun_requests_total", "default", "2xx", "Hit"] == 2.0
    assert told["edgerun_origin_fetches_total", "site"] == 1.0
    assert told["edgerun_function_invocations_total", "ab", "viewer-request"] == 3.0
    assert told["edgerun_function_cold_starts_total", "ab"] == 1.0
    assert told["edgerun_function_environments", "ab", "idle"] == 1.0
    assert told["edgerun_cache_objects", "memory"] == 1.0
    assert told["edgerun_cache_bytes", "memory"] > 0
    assert told["edgerun_cache_evictions_total", "memory"] == 0.0
    assert told["edgerun_info", __version__] == 1.0


FUNCTION = """\
def handler(event, context):
    return event["Records"][0]["cf"]["request"]
"""


def test_every_metric_is_described():
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        assert f"| `{metric.name}` | {metric.kind} | {labels} | {metric.text} |" in page


def test_calls_that_come_together_count_as_those_that_come_alone():
    calls = [call(duration=0.001 * 3**n, cold=n == 0) for n in range(6)]
    together, alone = Metrics(), Metrics()
    together.many(calls)
    for each in calls:
        alone(each)
    assert together.snapshot() == alone.snapshot()
