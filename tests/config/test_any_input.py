"""Whatever a configuration holds, it is loaded or refused; nothing else happens."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgerun.config import raw
from edgerun.config.build import build
from edgerun.config.explain import table_at
from edgerun.config.faults import Source
from edgerun.config.overrides import Overrides, overridden
from edgerun.config.read import parse
from edgerun.config.schema import json_schema
from edgerun.errors import ConfigError

_SCHEMA = json_schema()
_WORDS = sorted(
    {
        *(name for table in (_SCHEMA, *_SCHEMA["$defs"].values()) for name in table["properties"]),
        *raw.FileTable.model_fields,
        *("a", "function", "include_body", "access_log", "\0word", "[key]", "a\nb"),
    }
)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    | st.sampled_from(["a", "none", "all", "http://h:{port}", "a.py:b", "x.handler", ".", "*", "GET", "1MiB", "\0"])
)
_NESTED = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=4),
    max_leaves=20,
)
_TABLES = st.dictionaries(st.sampled_from(_WORDS), _NESTED, max_size=4)


def _shaped(table: type[raw.Table]):
    fields = dict.fromkeys(table.model_fields, _NESTED)
    known = {"origin": st.just("a"), "cache_policy": st.sampled_from(["Amplify", "a"]), "url": st.just("http://h")}
    return st.fixed_dictionaries({}, optional={**fields, **known})


def _settle(data) -> None:
    try:
        source = overridden(Source(name="x", data=data), Overrides(origins={"a": "http://h"} if "a" in data else {}))
        built = build(source, base=Path("/nowhere"), free_port=lambda: 1)
    except ConfigError as error:
        refusal = str(error)
    else:
        refusal = "fine" if built.config.distributions else ""
    assert all(line.isprintable() and line for line in refusal.split("\n"))


@given(_TABLES)
@example({"default_behavior": {"origin": "a", "cache_policy": "Amplify"}, "origins": {"a": {"url": "http://h"}}})
@example({"functions": {"a": {"handler": "\0.py"}}})
@example({"origins": {"a": {"directory": "x" * 5000}}})
@example({"functions": {"f": {"handler": "x.handler", "root": "/"}}})
@example({"functions": {"f": {"handler": "/:a"}}})
@example({"store": {"size": "9" * 9999}})
@example({"store": {"size": 16**9999}})
def test_any_data(data):
    _settle(data)


_NAMED_TABLES = {key: found for key in raw.FileTable.model_fields if (found := table_at((key, "a")))}
_SINGLE_TABLES = {key: found for key in raw.FileTable.model_fields if (found := table_at((key,)))}


def test_every_table_is_tried():
    assert len(_NAMED_TABLES) >= 10
    assert {"public_keys", "key_groups", "origin_groups", "key_value_stores"} <= set(_NAMED_TABLES)
    assert {"store", "geo_restriction", "default_behavior"} <= set(_SINGLE_TABLES)


@pytest.mark.parametrize("key", _NAMED_TABLES)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_data_in_a_named_table(key, data):
    _settle({key: {data.draw(st.sampled_from(["a", "a b", "\0word"])): data.draw(_shaped(_NAMED_TABLES[key]))}})


@pytest.mark.parametrize("key", _SINGLE_TABLES)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_any_data_in_a_table(key, data):
    _settle({key: data.draw(_shaped(_SINGLE_TABLES[key]))})


@settings(max_examples=60, deadline=None)
@given(_shaped(raw.BehaviorTable), _shaped(raw.DefaultBehaviorTable), _shaped(raw.ErrorResponseTable))
def test_any_data_in_a_behavior(behavior, default, error):
    origins = {"a": {"url": "http://h"}}
    _settle({"behaviors": [behavior], "default_behavior": default, "error_responses": [error], "origins": origins})


@given(st.text(), st.sampled_from(["edgerun.toml", "edgerun.json", "pyproject.toml"]))
def test_any_text(text, kind):
    try:
        source = parse(text, name=kind, kind=kind)
    except ConfigError:
        return
    _settle(source.data)
