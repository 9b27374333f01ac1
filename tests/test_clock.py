"""The one clock, and how it is moved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerun.clock import MovableClock, moved, shown, shown_offset

NOW = 1_775_556_000.0  # 2026-04-07T10:00:00Z
MACHINE = 1_700_000_000.0


@pytest.mark.parametrize(
    ("order", "to"),
    [
        ("+90s", NOW + 90),
        ("+1h", NOW + 3_600),
        ("+1h30m", NOW + 5_400),
        ("+1.5h", NOW + 5_400),
        ("-1d", NOW - 86_400),
        ("+2w", NOW + 1_209_600),
        (" +1m ", NOW + 60),
        ("2026-12-01T00:00Z", 1_796_083_200.0),
        ("2026-12-01T00:00", 1_796_083_200.0),
        ("2026-12-01", 1_796_083_200.0),
        ("2026-12-01T01:30:00+01:30", 1_796_083_200.0),
        ("reset", MACHINE),
    ],
)
def test_an_order_moves_the_clock(order, to):
    assert moved(order, NOW, MACHINE) == to


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("1h", "did you mean +1h?"),
        ("+1", "expected +1h"),
        ("+1y", "expected +1h"),
        ("tomorrow", "'tomorrow' moves no clock"),
        ("", "expected +1h"),
        ("2026-13-01", "expected +1h"),
        ("+999999999w", "leads out of the years 1970 to 9999"),
        ("-999999d", "leads out of the years 1970 to 9999"),
        ("+" + "9" * 400 + "h", "leads out of the years 1970 to 9999"),
    ],
)
def test_what_is_no_order_is_refused_with_a_sentence(order, said):
    with pytest.raises(ValueError) as refused:
        moved(order, NOW, MACHINE)
    assert said in str(refused.value)


def test_a_clock_goes_on_from_where_it_was_moved_to():
    machine = [MACHINE]
    clock = MovableClock(lambda: machine[0])
    assert (clock(), clock.offset) == (MACHINE, 0)
    assert (clock.move("+1h"), clock.move("+30m")) == (3_600, 1_800)
    machine[0] += 10
    assert clock() == MACHINE + 5_410
    assert clock.move("-1h") == -3_600
    assert clock() == MACHINE + 1_810
    clock.move("2026-12-01T00:00Z")
    assert clock() == 1_796_083_200.0
    clock.move("reset")
    assert (clock(), clock.offset) == (MACHINE + 10, 0)


def test_a_refused_order_moves_nothing():
    clock = MovableClock(lambda: MACHINE)
    clock.move("+1h")
    with pytest.raises(ValueError, match="moves no clock"):
        clock.move("soon")
    assert clock.offset == 3_600


@given(st.integers(-200_000, 200_000))
def test_an_offset_is_shown_as_it_is_ordered(seconds):
    text = shown_offset(seconds).replace(" ", "")
    assert (moved(text, NOW, MACHINE) - NOW if text else 0) == seconds


def test_times_are_shown_in_utc():
    assert shown(NOW + 0.9) == "2026-04-07T10:00:00Z"
