"""Sources: RFC 9651 §4.2; http-caching.md §1.8."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerun.http.structured import Date, Token, dictionary


@pytest.mark.parametrize(
    ("text", "members"),
    [
        (b"", {}),
        (b"  ", {}),
        (b"a", {"a": True}),
        (b"a=1, b=2", {"a": 1, "b": 2}),
        (b"a=1,\tb=2  ", {"a": 1, "b": 2}),
        (b"a=1, a=2", {"a": 2}),
        (b"a=?0, b=?1", {"a": False, "b": True}),
        (b"a=-12", {"a": -12}),
        (b"a=007", {"a": 7}),
        (b"a=999999999999999", {"a": 999999999999999}),
        (b"a=1.5, b=-0.125", {"a": 1.5, "b": -0.125}),
        (b'a="x, y=1"', {"a": "x, y=1"}),
        (b'a="\\"\\\\"', {"a": '"\\'}),
        (b"a=tok/en:*", {"a": Token("tok/en:*")}),
        (b"a=*", {"a": Token("*")}),
        (b"a=:aGVsbG8=:", {"a": b"hello"}),
        (b"a=@1659578233", {"a": Date(seconds=1659578233)}),
        (b'a=%"f%c3%bc"', {"a": "fü"}),
        (b'a=("x" y 1)', {"a": ("x", Token("y"), 1)}),
        (b"a=()", {"a": ()}),
        (b"a=( 1  2 )", {"a": (1, 2)}),
        (b'a=1;p;q="x";r=2.0, b;c=?1', {"a": 1, "b": True}),
        (b'a=("x";p=1 "y");q', {"a": ("x", "y")}),
        (b"*a-._1=1", {"*a-._1": 1}),
    ],
)
def test_a_dictionary(text, members):
    assert dictionary(text) == members


@pytest.mark.parametrize(
    "text",
    [
        *(b"A=1", b"max-age = 1", b"a= 1", b"a =1", b"a=1,", b",a=1", b"a=1,,b=2", b"a=1 b=2", b"a=", b"1=a"),
        *(b"a=1.", b"a=.5", b"a=1.2345", b"a=1234567890123.1", b"a=1000000000000000", b"a=-", b"a=--1", b"a=1e5"),
        *(b'a="x', b'a="\\x"', b'a="\xe9"', b"a='x'", b"a=?2", b"a=?", b"a=:x", b"a=:?:", b"a=:a:"),
        *(b"a=@1.5", b"a=@x", b"a=(1", b"a=(1,2)", b'a=("x""y")', b'a=%"%zz"', b'a=%"%ff"', b"a=1;", b"a=1;P", b"\xc3"),
    ],
)
def test_any_error_makes_the_whole_field_invalid(text):
    assert dictionary(text) is None


@given(st.binary(max_size=30))
def test_nothing_raises(text):
    found = dictionary(text)
    assert found is None or isinstance(found, dict)


KEYS = st.from_regex(r"[a-z*][a-z0-9_\-.*]{0,5}", fullmatch=True)
VALUES = (
    st.integers(-999999999999999, 999999999999999).map(lambda n: (n, str(n)))
    | st.booleans().map(lambda b: (b, f"?{int(b)}"))
    | st.text('abc \\"(),=;', max_size=8).map(lambda s: (s, '"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"'))
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_what_is_written_by_the_book_is_read_back(members):
    text = ", ".join(f"{key}={written}" for key, (_, written) in members.items())
    assert dictionary(text.encode()) == {key: value for key, (value, _) in members.items()}
