"""The one clock of an edge, and how it is moved: lifetimes, `Age`, `Date` and `Expires` go by it, timeouts do not."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
FORMS: Final = "expected +1h, +90s, -1d (s, m, h, d, w), a time such as 2026-12-01T00:00Z, or reset"
_STEP: Final = re.compile(r"(?P<sign>[+-])(?P<parts>(?:\d+(?:\.\d+)?[smhdw])+)")
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_EARLIEST: Final = 0.0
_LATEST: Final = 253_402_300_799.0  # the last second that a Date header can say


class MovableClock:
    """Call it for the time in seconds since the epoch: the machine's, and as much more as it was moved by.

    Attributes:
        offset: seconds it is ahead of the machine's; negative when it is behind.
    """

    __slots__ = ("_machine", "offset")

    def __init__(self, machine: Callable[[], float] = time.time) -> None:
        self._machine = machine
        self.offset = 0.0

    def __call__(self) -> float:
        return self._machine() + self.offset

    def move(self, order: str) -> float:
        """Move it and return by how many seconds it went; see `moved`.

        Raises:
            ValueError: the order is none, with a sentence that says what is expected.
        """
        before = self.offset
        machine = self._machine()
        self.offset = moved(order, machine + before, machine) - machine
        if order.strip() == "reset":
            self.offset = 0.0
        return self.offset - before


def moved(order: str, now: float, machine: float) -> float:
    """Return the time to which an order moves a clock.

    Args:
        order: `+1h30m` and `-1d` move it from where it is, `2026-12-01T00:00Z` to that moment (in UTC unless it
            has another zone), `reset` to the machine's time.
        now: what the clock says, in seconds since the epoch.
        machine: what the machine's says.

    Raises:
        ValueError: the order is none of these, or leads out of the years that HTTP can write.
    """
    text = order.strip()
    step = _STEP.fullmatch(text)
    if text == "reset":
        to = machine
    elif step is not None:
        seconds = sum(float(number) * UNITS[unit] for number, unit in _PART.findall(step["parts"]))
        to = now + (seconds if step["sign"] == "+" else -seconds)
    else:
        to = _moment(text)
    if not _EARLIEST <= to <= _LATEST:
        raise ValueError(f"{order!r} leads out of the years 1970 to 9999")
    return to


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        hint = f"; did you mean +{text}?" if _STEP.fullmatch(f"+{text}") else ""
        raise ValueError(f"{text!r} moves no clock: {FORMS}{hint}") from None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def shown(now: float) -> str:
    """Return a time as `2026-12-01T00:00:00Z`."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown_offset(seconds: float) -> str:
    """Return an offset as `+1d 2h`, or nothing for none; whole seconds."""
    left = round(abs(seconds))
    parts = []
    for unit, size in reversed(UNITS.items()):
        if unit != "w" and left >= size:
            parts.append(f"{left // size}{unit}")
            left %= size
    return ("-" if seconds < 0 else "+") + " ".join(parts) if parts else ""
