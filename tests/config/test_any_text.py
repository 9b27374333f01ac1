"""A configuration with every table, changed anywhere: it is loaded, or refused in sentences that name the file."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from edgerun.config.build import build
from edgerun.config.load import load
from edgerun.config.read import parse
from edgerun.config.schema import json_schema
from edgerun.errors import ConfigError

WHOLE = """\
default_root_object = "index.html"
aliases = ["shop.example", "*.shop.example"]
caching = "rfc9111"
cache_status = "detailed"
[origins.api]
url = "http://127.0.0.1:3000"
custom_headers = { X-From = "edge" }
read_timeout = 30
[origins.bucket]
bucket = "shop"
endpoint = "http://127.0.0.1:9000"
[origin_groups.both]
primary = "api"
secondary = "bucket"
status_codes = [500, 404]
[cache_policies.own]
min_ttl = 1
default_ttl = 60
max_ttl = 3600
cookies = { except = ["session"] }
headers = ["Accept"]
[origin_request_policies.own]
headers = { all_viewer = ["CloudFront-Viewer-Country"] }
[response_headers_policies.own]
remove = ["Server"]
[response_headers_policies.own.cors]
allow_origins = ["https://example.com"]
max_age = 600
origin_override = true
[[response_headers_policies.own.custom]]
header = "X-A"
value = "b"
override = false
[store]
kind = "redis"
url = "redis://127.0.0.1:6379/0"
size = "1GiB"
[rfc9111]
max_stale = 60
[access_log]
path = "logs"
keep = 10
[geo_restriction]
restriction_type = "whitelist"
locations = ["DE", "AT"]
[default_behavior]
origin = "both"
cache_policy = "own"
origin_request_policy = "own"
response_headers_policy = "own"
[[behaviors]]
path_pattern = "/api/*"
origin = "api"
cache_policy = "CachingDisabled"
allowed_methods = "all"
viewer_protocol_policy = "https-only"
[[error_responses]]
error_code = 404
response_code = 200
response_page_path = "/index.html"
error_caching_min_ttl = 5
"""
FORMS = {"edgerun.toml": WHOLE, "edgerun.json": json.dumps(tomllib.loads(WHOLE), indent=1)}
PIECES = [
    *('"', "'", "[", "]", "[[", "{", "}", "=", ",", ".", ":", "\n", "#", "\\", "\\ud800", '"""', "\0", "\u2028", "🚀"),
    *("null", "true", "nan", "-1", "1e999", "0x1F", "9" * 40, "1979-05-27", "07:32:00", "*", "a", "{port}", "\r"),
    *("[public_keys.a]\nfile = 'x'\n", "[key_groups.a]\nkeys = ['a']\n", "trusted_key_groups = ['a']\n"),
    *("[origins.f]\nfunction = 'f'\n", "[key_value_stores.a]\nfile = 'x'\n", "[distributions.a]\n", "geo = 'x.toml'\n"),
]


def _told(refusal: str, name: str) -> None:
    for line in refusal.split("\n"):
        assert line.startswith(name), line
        assert line.isprintable(), line


def _settle(text: str, name: str) -> None:
    try:
        built = build(parse(text, name=name, kind=name), base=Path("/nowhere"), free_port=lambda: 1)
    except ConfigError as error:
        _told(str(error), name)
    else:
        assert built.config.distributions


@st.composite
def changed(draw, text):
    """Return a text that is damaged in one to three places."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.integers(0, 12)))
        elsewhere = draw(st.integers(0, len(text)))
        piece = draw(st.sampled_from([*PIECES, text[at:end], text[elsewhere : elsewhere + 30]]) | st.text(max_size=3))
        text = text[:at] + piece + text[end:]
    return text


@pytest.mark.parametrize("name", FORMS)
def test_the_text_that_is_changed_is_a_good_one(name):
    built = build(parse(FORMS[name], name=name, kind=name), base=Path("/nowhere"))
    assert built.config.distributions[0].cache_status == "detailed"


@pytest.mark.parametrize("name", FORMS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_change_of_a_text(name, data):
    _settle(data.draw(changed(FORMS[name])), name)


# ---------------------------------------------------------------- data of the right shape

SCHEMA = json_schema()
_REFERENCES = [
    "a",
    "b",
    "api",
    "Amplify",
    "CachingDisabled",
    "",
    "none",
    "all",
    "GET",
    "X-A",
    "*",
    "/a/*",
    "DE",
    "1MiB",
]
_ODD = st.sampled_from([None, -1, 1.5, [], {}, "\0", "é", True, "x" * 300])


def _shaped(node):
    """Return a strategy for data that a schema takes, now and then with something in it that it does not."""
    while "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]
    union = node.get("anyOf") or node.get("oneOf")
    if union:
        return st.one_of([_shaped(each) for each in union])
    if "enum" in node or "const" in node:
        return st.sampled_from(node.get("enum", [node.get("const")]))
    return SHAPES[node["type"]](node)


def _table(node):
    if "properties" not in node:
        return st.dictionaries(st.sampled_from(["a", "b"]), _shaped(node["additionalProperties"]), max_size=2)
    members = {name: _shaped(inner) for name, inner in node["properties"].items()}
    required = {name: members.pop(name) for name in node.get("required", ())}
    return st.fixed_dictionaries(required, optional=members)


def _number(node):
    low, high = int(node.get("minimum", 0)), int(node.get("maximum", 100))
    return st.sampled_from([low, high, low + 1]) | st.integers(low - 1, high + 1)


SHAPES = {
    "object": _table,
    "array": lambda node: st.lists(_shaped(node["items"]), max_size=2),
    "integer": _number,
    "number": _number,
    "boolean": lambda _: st.booleans(),
    "string": lambda _: st.sampled_from(_REFERENCES) | _ODD,
    "null": lambda _: st.none(),
}
TABLES = {name: _shaped(node) for name, node in SCHEMA["properties"].items()}
BASE = {
    "origins": {"a": {"url": "http://h"}, "b": {"bucket": "b"}},
    "default_behavior": {"origin": "a", "cache_policy": "a"},
    "cache_policies": {"a": {}},
}


@pytest.mark.parametrize("key", TABLES)
@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_data_of_the_right_shape(key, data):
    _settle(json.dumps({**BASE, key: data.draw(TABLES[key])}), "edgerun.json")


# ---------------------------------------------------------------- files that a configuration names

NAMED = {
    "geo.toml": 'geo = "geo.toml"\n',
    "geo.json": 'geo = "geo.json"\n',
    "geo.mmdb": 'geo = "geo.mmdb"\n',
    "keys.json": '[key_value_stores.a]\nfile = "keys.json"\n',
    "public.pem": '[public_keys.a]\nfile = "public.pem"\n',
}
CONTENTS = st.binary(max_size=60) | st.sampled_from(
    [
        b'{"data": [{"key": "a"}]}',
        b'{"a": 1}',
        b'{"data": 1}',
        b'{"networks": {"10.0.0.0/8": {"country": 1}}}',
        b'networks."10.0.0.0/33".country = "DE"',
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"[" * 5000,
        b'{"a": "\\ud800"}',
        b'{"\\ud800": "a"}',
    ]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("named")


@pytest.mark.parametrize("name", NAMED)
@given(content=CONTENTS)
@settings(max_examples=25, deadline=None)
@example(content=b"")
@example(content=b"[" * 5000)
@example(content=b"[" + b"9" * 5000 + b"]")
@example(content=b'{"a": "\\ud800"}')
@example(content=b'{"\\ud800": "a"}')
def test_any_content_of_a_file_that_is_named(folder, name, content):
    (folder / name).write_bytes(content)
    (folder / "edgerun.toml").write_text(
        NAMED[name] + '[origins.api]\nurl = "http://h"\n[default_behavior]\norigin = "api"\ncache_policy = "Amplify"\n'
    )
    try:
        refusal = "" if load(folder / "edgerun.toml").config.distributions else "nothing is served"
    except ConfigError as error:
        refusal = str(error)
    assert all(line.isprintable() and name in line for line in refusal.splitlines()), refusal
