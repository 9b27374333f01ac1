"""Header lines: nothing about them is ever altered, and nothing that splits a message is ever serialised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import headers, lines, names, values

from edgerun.http.headers import EMPTY, Headers, serialise

LINES = [(b"X-b", b"1"), (b"Accept", b"a"), (b"x-B", b" 2\xff"), (b"ACCEPT", b"")]
SAMPLE = Headers(LINES)


def test_order_case_duplicates_and_bytes_survive():
    assert list(SAMPLE) == LINES
    assert SAMPLE.block == b"X-b: 1\r\nAccept: a\r\nx-B:  2\xff\r\nACCEPT: \r\n"


def test_looking_up_takes_the_name_in_any_wire_case():
    assert SAMPLE.get(b"x-b") == b"1"
    assert SAMPLE.get_all(b"x-b") == (b"1", b" 2\xff")
    assert SAMPLE.joined(b"x-b") == b"1,  2\xff"
    assert b"accept" in SAMPLE
    assert list(SAMPLE.names()) == [b"x-b", b"accept"]


def test_what_is_not_there_is_none_or_empty():
    assert SAMPLE.get(b"host") is None
    assert SAMPLE.get_all(b"host") == ()
    assert SAMPLE.joined(b"host") is None
    assert b"host" not in SAMPLE
    assert (len(EMPTY), EMPTY.block) == (0, b"")


def test_an_empty_value_is_a_value():
    assert Headers([(b"X", b"")]).get(b"x") == b""
    assert b"x" in Headers([(b"X", b"")])


def test_replaced_stands_at_the_first_place():
    replaced = SAMPLE.replaced(b"X-New-Case".replace(b"New-Case", b"B"), b"3", b"4")
    assert list(replaced) == [(b"X-B", b"3"), (b"X-B", b"4"), (b"Accept", b"a"), (b"ACCEPT", b"")]


def test_replaced_adds_what_was_not_there_and_removes_without_values():
    assert list(SAMPLE.replaced(b"Host", b"h"))[-1] == (b"Host", b"h")
    assert list(SAMPLE.replaced(b"Accept")) == [LINES[0], LINES[2]]


def test_without_returns_the_same_when_there_is_nothing_to_remove():
    assert SAMPLE.without(b"host", b"cookie") is SAMPLE
    assert list(SAMPLE.without(b"accept", b"host")) == [LINES[0], LINES[2]]


def test_plus_shares_the_block_of_what_it_extends():
    stored = Headers([(b"X-Large", b"v" * 1_000)])
    block = stored.block
    more = stored.plus((b"Age", b"7"))
    assert more.block == block + b"Age: 7\r\n"
    assert stored.block is block
    assert list(stored) == [(b"X-Large", b"v" * 1_000)]


@pytest.mark.parametrize("bad", [b"\r", b"\n", b"\0", b"\r\n", b"\n\r", b"a\r\nX-Injected: 1"])
@pytest.mark.parametrize("where", ["name", "value"])
def test_what_splits_a_message_is_never_serialised(bad, where):
    line = (b"X" + bad, b"v") if where == "name" else (b"X", b"v" + bad)
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        _ = Headers([(b"A", b"1"), line]).block
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        _ = SAMPLE.plus(line).block


@given(st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8)), max_size=4))
def test_a_block_has_exactly_one_line_per_header_or_there_is_none(pairs):
    forbidden = any(set(b"\r\n\0") & set(name + value) for name, value in pairs)
    try:
        block = serialise(pairs)
    except ValueError:
        assert forbidden
        return
    assert not forbidden
    assert block.split(b"\r\n") == [*(name + b": " + value for name, value in pairs), b""]


# ---------------------------------------------------------------- the algebra, against a plain list


def others(model, *gone):
    return [line for line in model if line[0].lower() not in gone]


@given(lines, lines, names)
def test_looking_up_agrees_with_a_list(model, more, name):
    for found in (Headers(model + more), Headers(model).plus(*more)):
        expected = [value for key, value in model + more if key.lower() == name.lower()]
        assert (name.lower() in found) is bool(expected)
        assert found.get_all(name.lower()) == tuple(expected)
        assert found.get(name.lower()) == (expected[0] if expected else None)
        assert (name.lower() in found) is bool(expected)
        assert len(found) == len(model + more)


@given(lines, st.lists(names, max_size=3))
def test_without_agrees_with_a_list(model, gone):
    lower = [name.lower() for name in gone]
    assert list(Headers(model).without(*lower)) == others(model, *lower)


@given(lines, names, st.lists(values, max_size=3))
def test_replaced_agrees_with_a_list(model, name, fresh):
    replaced = Headers(model).replaced(name, *fresh)
    assert replaced.get_all(name.lower()) == tuple(fresh)
    assert others(replaced, name.lower()) == others(model, name.lower())
    if fresh:
        before = next((i for i, line in enumerate(model) if line[0].lower() == name.lower()), len(model))
        assert list(replaced)[: before + 1] == [*model[:before], (name, fresh[0])]


@given(headers, names, st.lists(values, max_size=3))
def test_replacing_twice_is_replacing_once(given_headers, name, fresh):
    once = given_headers.replaced(name, *fresh)
    assert once.replaced(name, *fresh) == once


@given(lines, lines, st.booleans())
def test_plus_agrees_with_a_list_whatever_was_asked_before(model, more, asked_before):
    base = Headers(model)
    found = base.plus(*more)
    if asked_before:
        _ = base.block, list(base.names())
    assert found.block == serialise(model + more)
    assert list(found) == model + more
    assert found.block == serialise(model + more)
    assert list(base) == model


@given(lines, lines)
def test_headers_are_equal_when_their_lines_are(one, other):
    assert (Headers(one) == Headers(other)) is (one == other)
    assert Headers(one + other) == Headers(one).plus(*other)
    assert hash(Headers(one + other)) == hash(Headers(one).plus(*other))
