"""Values: frozen to the type checker, cheap to make and to copy."""

from dataclasses import fields, replace

import pytest

from edgerun.http.message import Request
from edgerun.values import changed, value
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
