"""The open readings: one table, three levels, each switch used somewhere and told in docs/fidelity.md."""

import dataclasses
import re
from pathlib import Path

import pytest

from edgerun.functions.readings import PRESETS, READINGS, REFUSE, STRICT, Readings
from edgerun.functions.rules import RULES
from edgerun.http.message import Response
from edgerun.visit import Obtained

ROOT = Path(__file__).parents[2]
SOURCE = "\n".join(
    path.read_text() for path in (ROOT / "edgerun").rglob("*.py") if path.name not in {"readings.py", "rules.py"}
)
SWITCHES = {name: reading for name, reading in READINGS.items() if not reading.fixed}

# Configured, not returned: config/distributions.py reads it by the level itself.
ELSEWHERE = {"memory_at_viewer_points"}


def test_every_switch_is_a_field_of_the_readings():
    assert set(SWITCHES) == {field.name for field in dataclasses.fields(Readings)} - {"forgiving"}


@pytest.mark.parametrize("name", sorted(set(SWITCHES) - ELSEWHERE))
def test_every_switch_is_used(name):
    used_in_code = len(re.findall(rf"readings\.{name}\b", SOURCE))
    assert used_in_code or any(rule.reading == name for rule in RULES.values())
    assert used_in_code <= 1, "at one place"


def test_the_defaults_are_the_default_level():
    assert Readings() == STRICT == PRESETS["strict"]
    assert {level for level, readings in PRESETS.items() if readings.forgiving} == {"lenient"}


@pytest.mark.parametrize("reading", READINGS.values(), ids=lambda reading: reading.name)
def test_a_level_chooses_what_the_table_says(reading):
    assert reading.section.startswith("§")
    assert reading.question.endswith(".")
    if reading.fixed:
        assert reading.default == reading.pedantic == reading.lenient
        return
    chosen = {level: getattr(readings, reading.name) for level, readings in PRESETS.items()}
    assert chosen == {"strict": reading.default, "pedantic": reading.pedantic, "lenient": reading.lenient}


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.reading], ids=lambda rule: rule.id)
def test_a_rule_of_a_reading_is_refused_at_the_pedantic_level_and_never_at_the_lenient_one(rule):
    reading = READINGS[rule.reading]
    assert (reading.pedantic, reading.lenient == REFUSE) == (REFUSE, False)
    assert rule.forgiven is (reading.default != REFUSE)


@pytest.mark.parametrize("reading", READINGS.values(), ids=lambda reading: reading.name)
def test_every_reading_is_told_in_the_page_on_fidelity(reading):
    page = (ROOT / "docs/fidelity.md").read_text()
    (line,) = [line for line in page.splitlines() if line.startswith(f"- `{reading.name}` ")]
    assert f"({reading.section}): {reading.question}" in line
    for level, word in (("default", reading.default), ("pedantic", reading.pedantic), ("lenient", reading.lenient)):
        assert reading.fixed or f"{level} *{word}*" in line
    assert not reading.fixed or f"always *{reading.default}*" in line


def test_the_status_that_keeps_viewer_response_away_is_the_origins_or_the_final_one():
    obtained = Obtained(response=Response(status=200), word="Miss", origin_status=404)
    assert (obtained.status_of("origin"), obtained.status_of("final")) == (404, 200)
