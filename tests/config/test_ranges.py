"""Every key refuses what is just outside its documented range: file, line, key, range and what came are told.

Keys, ranges and the values that break them come from the schema, so that a new key is in these tables by itself.
"""

import json

import pytest
from pydantic import TypeAdapter

from edgerun.config.faults import dotted
from edgerun.config.geo import PlacesFile
from edgerun.config.schema import json_schema
from edgerun.config.toml import dumps

SCHEMA = json_schema()
PLACES = TypeAdapter(PlacesFile).json_schema(by_alias=True)
NAMES = {"networks": "192.0.2.0/24"}
ALIEN = {"string": 7, "integer": "7", "number": "7", "boolean": "yes", "array": "one", "object": "one"}


def _keys(root, node, key=()):
    """Yield every key of a schema, as a path, with the ways its value may be written."""
    ways = list(_ways(root, node))
    if key:
        yield key, ways
    for way in ways:
        for name, inner in way.get("properties", {}).items():
            # One distribution is as the top of the file: its keys are not told twice, but for one.
            if "distributions" not in key or "default_behavior" in {*key, name}:
                yield from _keys(root, inner, (*key, name))
        if isinstance(way.get("additionalProperties"), dict):
            yield from _keys(root, way["additionalProperties"], (*key, NAMES.get(key[-1], "x")))
        if "items" in way:
            yield from _keys(root, way["items"], (*key, 0))


def _ways(root, node):
    while "$ref" in node:
        node = root["$defs"][node["$ref"].rpartition("/")[2]]
    union = node.get("anyOf") or node.get("oneOf")
    if union:
        for each in union:
            yield from _ways(root, each)
    else:
        yield node


def _outside(ways):
    """Yield values just outside the range of a key, with what a message has to name."""
    words = [word for way in ways for word in (*way.get("enum", ()), *([way["const"]] if "const" in way else ()))]
    if words:
        outside = f"{words[0]}x" if isinstance(words[0], str) else max(words) + 1
        yield outside, [str(word) for word in words]
    for way in ways:
        low, high = way.get("minimum"), way.get("maximum")
        range_ = f"{low:.0f} to {high:.0f}" if high is not None else f"at least {low}"
        if low is not None:
            yield low - 1, [range_]
        if high is not None:
            yield high + 1, [range_]
        if way.get("minItems") == 1:
            yield [], ["at least one"]


def _nested(key, value):
    for part in reversed(key):
        value = [value] if part == 0 else {part: value}
    return value


def _line(text, key):
    """Return the line of the one value in a text: the last that says its name."""
    name = next(part for part in reversed(key) if part != 0)
    return max(n for n, line in enumerate(text.splitlines(), 1) if name in line)


OUTSIDE = [(key, value, told) for key, ways in _keys(SCHEMA, SCHEMA) for value, told in _outside(ways)]
PLACED = [(key, value, told) for key, ways in _keys(PLACES, PLACES) for value, told in _outside(ways)]
STRANGE = [
    (key, ALIEN[kind])
    for key, ways in _keys(SCHEMA, SCHEMA)
    for kind in {way.get("type", "?") for way in ways} - {"null", "?"}
    if not any(way.get("type") in {"string", "array"} for way in ways) or len({way.get("type") for way in ways}) == 1
]


def _named(cases):
    return [f"{dotted(key)}={json.dumps(value)}" for key, value, *_ in cases]


def test_the_schema_has_ranges_in_every_part():
    found = {key[0] for key, _, _ in OUTSIDE}
    assert found >= {"origins", "functions", "cache_policies", "origin_groups", "store", "error_responses", "caching"}
    assert {"metro_code", "latitude", "asn"} <= {key[-1] for key, _, _ in PLACED}


@pytest.mark.parametrize("form", ["toml", "json"])
@pytest.mark.parametrize(("key", "value", "told"), OUTSIDE, ids=_named(OUTSIDE))
def test_a_value_just_outside_is_refused_with_its_range(refusal, key, value, told, form):
    data = _nested(key, value)
    text = "# a comment\n" + dumps(data) if form == "toml" else json.dumps(data, indent=1)
    lines = refusal(text, f"edgerun.{form}")
    line = _line(text, key) + (form == "json" and key[-1] == 0)  # an item stands on a line of its own
    start = f"edgerun.{form}:{line}: {dotted(key)}: expected "
    (said,) = [line for line in lines if f" {dotted(key)}: " in line]
    assert said.startswith(start), (start, lines)
    assert [word for word in told if word not in said] == []
    assert value == [] or "got " in said


@pytest.mark.parametrize(("key", "value", "told"), PLACED, ids=_named(PLACED))
def test_a_value_just_outside_in_a_table_of_networks_too(refusal, project, key, value, told):
    text = "# a comment\n" + dumps(_nested(key, value))
    (project / "geo.toml").write_text(text)
    base = '[origins.site]\ndirectory = "public"\n[default_behavior]\norigin = "site"\ncache_policy = "Amplify"\n'
    lines = refusal('geo = "geo.toml"\n' + base)
    start = f"geo.toml:{_line(text, key)}: {dotted(key)}: expected "
    (said,) = [line for line in lines if f" {dotted(key)}: " in line]
    assert said.startswith(start), (start, lines)
    assert [word for word in told if word not in said] == []


@pytest.mark.parametrize(("key", "value"), STRANGE, ids=_named(STRANGE))
def test_a_value_of_another_type_is_refused_where_it_stands(refusal, key, value):
    text = "# a comment\n" + dumps(_nested(key, value))
    (said,) = [line for line in refusal(text) if f" {dotted(key)}: " in line]
    assert said.startswith(f"edgerun.toml:{_line(text, key)}: {dotted(key)}: expected ")
    assert f"got {value!r}" in said


def test_nothing_but_one_line_for_a_value_that_may_be_written_in_two_ways(refusal):
    lines = refusal('cache_status = "detail"')
    told = [line for line in lines if "cache_status" in line]
    assert told == [
        "edgerun.toml:1: cache_status: expected true, false or 'detailed', got 'detail'; did you mean 'detailed'?"
    ]
