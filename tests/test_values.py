"""Values: frozen to the type checker, cheap to make and to copy."""

from dataclasses import fields, replace

import pytest

from edgerun.http.message import Request
from edgerun.values import MOST_REMEMBERED, changed, remembered, value
from edgerun.visit import Obtained


@value
class Pair:
    left: int
    right: str = "r"


def test_a_changed_value_differs_in_that_field_alone():
    assert changed(Pair(left=1), right="x") == Pair(left=1, right="x")


def test_the_value_it_came_from_stays():
    pair = Pair(left=1)
    changed(pair, left=2)
    assert pair == Pair(left=1)


def test_a_field_that_is_not_there_is_refused():
    with pytest.raises(AttributeError):
        changed(Pair(left=1), middle=2)


@pytest.mark.parametrize("given", [Request(method="GET", path=b"/a"), Pair(left=3)])
def test_every_field_is_copied_as_dataclasses_would(given):
    assert changed(given) == replace(given)
    assert all(getattr(changed(given), each.name) is getattr(given, each.name) for each in fields(given))


def test_values_of_the_house_have_their_own_word_for_it():
    assert {"changed"} <= set(dir(Request)) & set(dir(Obtained))


def test_what_is_remembered_is_found_once_for_the_same_values():
    asked = []

    @remembered
    def found(one, other):
        asked.append((one, other))
        return one + other

    one, other = bytes(2), bytes(3)
    assert [found(one, other), found(one, other), found(other, one)] == [bytes(5)] * 3
    assert asked == [(one, other), (other, one)]
    assert found(bytes(2), other) == bytes(5), "an equal value is another one, and gets the same answer"


def test_what_is_remembered_is_bounded_and_never_mistaken_for_another_value():
    @remembered
    def doubled(number):
        return number * 2

    for number in range(3 * MOST_REMEMBERED):
        assert doubled(number + 10**9) == 2 * number + 2 * 10**9
