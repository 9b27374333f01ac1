import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerun.config.locate import json_lines, toml_lines

TOML = '''\
# comment [x]
a = 1
"b c".'d' = """
x = 1
[no]
"""
[t.u]  # table
e = { f = 1, "g" = [1, { h = 2 }] }
i = [
  "]",  # ] = [
  '#',
  { j = "}" },
]
[[l]]
k = 1
[l.m]
n = 2
[[l]]
k = 3
[[l.p]]
q = '\\'
[[l.p]]
q = """\\""""""
r . s = 1979-05-27
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("a",), 2),
        (("b c",), 3),
        (("b c", "d"), 3),
        (("t",), 7),
        (("t", "u"), 7),
        (("t", "u", "e", "f"), 8),
        (("t", "u", "e", "g", 1, "h"), 8),
        (("t", "u", "i"), 9),
        (("t", "u", "i", 0), 10),
        (("t", "u", "i", 1), 11),
        (("t", "u", "i", 2, "j"), 12),
        (("l",), 14),
        (("l", 0), 14),
        (("l", 0, "k"), 15),
        (("l", 0, "m", "n"), 17),
        (("l", 1), 18),
        (("l", 1, "k"), 19),
        (("l", 1, "p", 0, "q"), 21),
        (("l", 1, "p", 1, "q"), 23),
        (("l", 1, "p", 1, "r", "s"), 24),
    ],
)
def test_toml_lines(key, line):
    tomllib.loads(TOML)
    assert toml_lines(TOML)[key] == line


def test_windows_line_ends_count_once():
    assert toml_lines("a = 1\r\n\r\nb = 2\r\n")["b",] == 3


def test_json_lines():
    text = '{"a": 1,\n "b\\n]": [\n  {"c": "}"},\n  "x"],\n "d": {"e":\n null}}'
    lines = json_lines(text)
    assert lines == {
        ("a",): 1,
        ("b\n]",): 2,
        ("b\n]", 0): 3,
        ("b\n]", 0, "c"): 3,
        ("b\n]", 1): 4,
        ("d",): 5,
        ("d", "e"): 5,
    }


@given(st.text())
def test_no_text_breaks_the_scanners(text):
    toml_lines(text)
    json_lines(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


def _keys(value, key=()):
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in members:
        yield (*key, name)
        yield from _keys(inner, (*key, name))


@given(_JSON, st.sampled_from([None, 1]))
def test_every_key_of_a_json_text_has_a_line(value, indent):
    assert set(json_lines(json.dumps(value, indent=indent))) == set(_keys(value))


def _toml(value):
    match value:
        case dict():
            return "{ " + ", ".join(f"{json.dumps(name)} = {_toml(inner)}" for name, inner in value.items()) + " }"
        case list():
            return "[\n" + ",\n".join(_toml(inner) for inner in value) + "]"
        case _:
            return json.dumps(value)


_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_characters="\x7f"))


@given(
    st.dictionaries(
        _TEXT,
        st.recursive(
            st.booleans() | st.integers(-99, 99) | _TEXT,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
            max_leaves=12,
        ),
        max_size=3,
    )
)
def test_every_key_of_a_toml_text_has_a_line(value):
    text = "".join(f"{json.dumps(name)} = {_toml(inner)}\n" for name, inner in value.items())
    assert tomllib.loads(text) == value
    assert set(toml_lines(text)) == set(_keys(value))
