"""Packed headers tell what the plain ones tell, and keep nothing but their block."""

import pytest
from hypothesis import given
from strategies import headers, lines, names, values

from edgerun.http.headers import Headers
from edgerun.http.packed import packed


@given(headers, names)
def test_every_question_has_the_answer_of_plain_headers(plain, name):
    held, lower = packed(plain), name.lower()
    assert held == plain
    assert hash(held) == hash(plain)
    assert (held.lines, held.own, held.block) == (plain.lines, plain.lines, plain.block)
    assert list(held.names()) == list(plain.names())
    for asked in {lower, *plain.names()}:
        assert held.get(asked) == plain.get(asked)
        assert held.get_all(asked) == plain.get_all(asked)
        assert held.joined(asked) == plain.joined(asked)
        assert (asked in held) is (asked in plain)
    assert len(held) == len(plain)


@given(headers, lines, names, values)
def test_what_is_made_of_them_is_what_is_made_of_plain_headers(plain, more, name, value):
    held, lower = packed(plain), name.lower()
    longer, expected = held.plus(*more), plain.plus(*more)
    assert longer.get_all(lower) == expected.get_all(lower)
    assert (lower in longer) is (lower in expected)
    assert (longer.block, longer.lines) == (expected.block, expected.lines)
    assert held.without(lower) == plain.without(lower)
    assert held.replaced(name, value) == plain.replaced(name, value)


def test_a_colon_in_a_name_or_a_value_stays_where_it_was():
    plain = Headers([(b"A: b", b"c: d"), (b"E", b": f")])
    assert packed(plain).lines == plain.lines


def test_which_names_stand_where_is_kept_once_for_all_heads_alike():
    first, second = (packed(Headers([(b"Date", b"%d" % n), (b"ETag", b"%d" % n)])) for n in range(2))
    assert first._shape is second._shape
    assert packed(first) is first


def test_what_would_split_a_message_is_refused():
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        packed(Headers([(b"A", b"b\r\nC: d")]))
