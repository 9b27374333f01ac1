"""How many calls an environment may have at once: one, and more only while they are over before another could begin.

A call that waits in the pipe of a busy environment costs no turn of its own on either side. So short calls are sent
ahead; those that turn out behind a long one are taken back.
"""

from typing import Final

MOST: Final = 64
WAIT: Final = 0.001  # seconds that calls are meant to wait behind others of the environment
TRIED: Final = 8  # calls in a row, that printed nothing, before any is sent ahead
_WEIGHT: Final = 1 / 8


class Ahead:
    """Learns from the calls of one environment.

    Attributes:
        depth: calls that it may have, the one that runs included.
    """

    __slots__ = ("_mean", "_tried", "depth")

    def __init__(self) -> None:
        self.depth = 1
        self._mean = 0.0
        self._tried = 0

    def ran(self, duration: float) -> None:
        """Learn that a call ran for so many seconds."""
        self._mean += (duration - self._mean) * _WEIGHT if self._tried else duration - self._mean
        self._tried += 1
        if self._tried >= TRIED:
            self.depth = min(MOST, 1 + int(WAIT / max(self._mean, 1e-6)))

    def printed(self) -> None:
        """Learn that a call printed: whose output is whose can be told only of calls that are alone."""
        self.depth, self._tried = 1, 0
