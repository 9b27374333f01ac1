"""Whatever a file of another tool holds, it is imported or refused in sentences; nothing else happens."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from importing import NAMES, SAMPLES, case_of, copied, given_of

from edgerun.config.build import build
from edgerun.config.importers.document import document, of_yaml
from edgerun.config.importers.estate import Given
from edgerun.config.importers.importing import format_of, imported
from edgerun.config.importers.node import plain
from edgerun.config.importers.report import Report
from edgerun.config.importers.variables import Variables
from edgerun.errors import ConfigError

FILES = [name for name in NAMES if (SAMPLES / name / case_of(name)["file"]).is_file()]
ODD = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    | st.sampled_from(
        ["a/b", "", "*", "arn:aws:lambda:us-east-1:1:function:x:1", "${self:a}", "x.s3.amazonaws.com", "\0"]
    )
    | st.just([])
    | st.just({})
    | st.just([{}])
    | st.just({"Ref": "AWS::NoValue"})
    | st.just({"Fn::Join": ["", [{"Ref": "AWS::Region"}, []]]})
    | st.just({"Fn::GetAtt": "Nothing"})
    | st.just({"Fn::Sub": ["${A}${B.C}", {"A": []}]})
    | st.just({"Quantity": 1, "Items": 7})
)


def paths(data, key=()):
    """Every place in plain data."""
    yield key
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, each in inner:
        yield from paths(each, (*key, name))


def mutated(data, place, change):
    data = copy.deepcopy(data)
    at = data
    for part in place[:-1]:
        at = at[part]
    if change == "gone":
        del at[place[-1]]
    elif change == "misspelt" and isinstance(at, dict):
        at[f"{place[-1]}x"] = at.pop(place[-1])
    else:
        at[place[-1]] = change
    return data


def settle(path: Path, flags: Given) -> None:
    said = "fine"
    try:
        done = imported(path, flags)
        build(done.source, base=Path("/nowhere"), free_port=lambda: 1)
    except ConfigError as error:
        said = str(error)
    assert all(line.isprintable() and line for line in said.split("\n"))


@pytest.fixture(scope="module", params=FILES)
def sample(request, tmp_path_factory):
    folder = copied(request.param, tmp_path_factory.mktemp("samples"))
    path = folder / case_of(request.param)["file"]
    flags = given_of(case_of(request.param))
    data = plain(document(path))
    return path, flags, data, [place for place in paths(data) if place]


@given(st.integers(0, 10**6), st.sampled_from(["gone", "misspelt"]) | ODD)
@settings(max_examples=40, deadline=None)
def test_a_sample_with_anything_in_any_place(sample, number, change):
    path, flags, whole, places = sample
    place = places[number % len(places)]
    file = path.with_name("mutated.json")
    changed = mutated(whole, place, change)
    if format_of(changed) is None:
        return
    file.write_text(json.dumps(changed))
    settle(file, Given(parameters=flags.parameters))


@given(st.text(max_size=60))
@example("a: !Sub\n- b")
@example("? [a]\n: b")
@example("a: !<x> 1")
@example("<<: 1")
@example("a: !!binary x")
@example("%YAML 9.9\n---\na: 1")
@example("{a: 1e999, b: .nan, c: 0x1F, d: 99999999999999999999999}")
def test_any_text_as_yaml(text):
    said = "fine"
    try:
        of_yaml(text, "t.yaml")
    except ConfigError as error:
        said = str(error)
    assert said.isprintable()


@given(st.text(st.sampled_from("${}:,'\" selfoptcustom.abfile()"), max_size=40))
@example("${self:a}")
@example("${self:custom.${self:a}}")
@example("${file(x.yml):${opt:stage, 'a, b'}}")
def test_any_text_with_variables(text):
    root = of_yaml(f"a: {json.dumps(text)}\ncustom: {{a: '${{self:a}}'}}\n", "t.yml")
    report = Report()
    found = Variables(root=root, base=Path("/nowhere"), given={}, report=report).filled(root)

    assert found is not None
