"""How long to wait before a worker that ended is replaced: not at all, unless workers keep ending."""

from typing import Final

CALM: Final = 10.0
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 10.0


class Patience:
    """Counts the ends of one worker after another that came soon; `failures` is how many in a row."""

    def __init__(self) -> None:
        self.failures = 0

    def ended(self, served: float | None) -> float:
        """Count an end; return the seconds to wait before the next start.

        Args:
            served: seconds for which it had been ready, None if it never was.
        """
        if served is not None and served >= CALM:
            self.failures = 0
            return 0.0
        self.failures += 1
        # One that was ready and dies is replaced at once: nobody waits for what a single fault costs.
        free = 1 if served is not None else 0
        over = self.failures - 1 - free
        return 0.0 if over < 0 else float(min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(over, 20)))
