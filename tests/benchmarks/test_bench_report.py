"""What the benchmarks make of figures: verdicts, the table, the picture. Nothing is measured here."""

import json
from xml.etree import ElementTree as ET

import pytest

from benchmarks import picture, report
from benchmarks.load import milliseconds
from benchmarks.scenarios import SCENARIOS, Scenario

MACHINE = {"cpu": "CPU <& Co>", "cores": 2, "python": "3.11", "nginx": "nginx/1", "node": "v20"}


def row(name="hit 1 KiB", *, unit="req/s", against="nginx", must=0.6, goal=0.8, notes=None, **values):
    scenario = Scenario(name, unit, None, tuple(values), against=against, must=must, goal=goal)
    return report.summary(scenario, values, notes or {})


def test_a_ratio_is_of_medians_and_more_requests_are_better():
    made = row(edgerun=[70.0, 1.0, 700.0], nginx=[100.0, 90.0, 110.0])
    assert (made["ratio"], made["met"], made["goal_met"]) == (0.7, True, False)


@pytest.mark.parametrize(("value", "met", "goal_met"), [(13.0, False, False), (11.0, True, False), (3.0, True, True)])
def test_of_times_and_memory_less_is_better(value, met, goal_met):
    made = row(unit="ms", against="", must=12, goal=4, edgerun=[value])
    assert (made["ratio"], made["met"], made["goal_met"]) == (None, met, goal_met)


def test_without_its_baseline_a_scenario_has_no_verdict():
    made = row(edgerun=[70.0])
    assert (made["ratio"], made["met"]) == (None, None)


def test_latencies_are_medians_and_errors_are_summed_up():
    seen = [{"p50": p, "p99": 10 * p, "errors": 1, "hit_ratio": 0.5} for p in (1.0, 3.0, 2.0)]
    made = row(edgerun=[1.0], nginx=[1.0], notes={"edgerun": seen})
    assert made["notes"] == {"edgerun": {"p50": 2.0, "p99": 20.0, "errors": 3, "hit_ratio": 0.5}}
    assert "edgerun 2.00 / 20.00 (50.0 % hits) (3 errors)" in report.latencies([made])


def test_what_is_written_is_json_with_the_machine_and_what_is_missing(tmp_path):
    report.write(tmp_path / "out.json", [row(edgerun=[1.0], nginx=[2.0])], ["miniflare: there is no npm"])
    told = json.loads((tmp_path / "out.json").read_text())
    assert told["not_measured"] == ["miniflare: there is no npm"]
    assert told["results"][0]["rounds"] == {"edgerun": [1.0], "nginx": [2.0]}
    assert told["machine"]["cores"] >= 1


def test_the_picture_is_whole_and_shows_everybody_in_light_and_dark():
    rows = [row(name, edgerun=[2.0], nginx=[4.0]) for name in picture.PANELS]
    drawn = picture.svg(rows, MACHINE)
    root = ET.fromstring(drawn)
    bars = [one for one in root.iter() if one.tag.endswith("rect")]
    assert len(bars) == 2 * len(picture.PANELS)
    assert float(bars[0].get("width")) == 2 * float(bars[1].get("width"))
    assert "prefers-color-scheme:dark" in drawn
    assert "nginx 4.00, edgerun 2.00" in root.get("aria-label")
    left, top, width, height = map(float, root.get("viewBox").split())
    for one in root.iter():
        if one.get("x"):
            assert left <= float(one.get("x")) < left + width
            assert top <= float(one.get("y")) < top + height


def test_the_picture_shows_scenarios_that_there_are():
    assert set(picture.PANELS) <= {one.name for one in SCENARIOS}


def test_names_of_scenarios_are_different_and_fit_their_column():
    names = [one.name for one in SCENARIOS]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 36


@pytest.mark.parametrize(("text", "value"), [("1.23ms", 1.23), ("456.00us", 0.456), ("2.00s", 2000.0)])
def test_the_times_that_wrk_writes_are_read(text, value):
    assert milliseconds(text) == pytest.approx(value)
