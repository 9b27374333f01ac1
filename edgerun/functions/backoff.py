"""When to stop trying: a function that keeps failing to start is not started again at once."""

from typing import Final

from edgerun.errors import FunctionExecutionError
from edgerun.functions.function import Function

PATIENCE: Final = 3
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 5.0


class Backoff:
    """Counts invocations of one function that failed by INIT, one after another.

    From the third on, a pause follows each in which nothing is started: 0.25 seconds, twice that after each further
    failure, 5 at most. Invocations in a pause get the failure before it. Lambda does not pause; it pays for the
    machine itself. A success or a change of the code ends it.
    """

    def __init__(self) -> None:
        self.failures = 0
        self._until = 0.0
        self._why: FunctionExecutionError | None = None

    def failed(self, now: float, why: FunctionExecutionError) -> float:
        """Count a failure; return the seconds of the pause that begins, 0 for none."""
        self.failures += 1
        over = self.failures - PATIENCE
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**over) if over >= 0 else 0.0
        self._why, self._until = why, now + pause
        return pause

    def refusal(self, now: float) -> FunctionExecutionError | None:
        """Return what an invocation gets that would have to start something now; None: it may."""
        if self._why is None or now >= self._until:
            return None
        why = self._why
        return type(why)(str(why), function=why.function, error_type=why.error_type, stack=why.stack)

    def reset(self) -> None:
        self.failures, self._until, self._why = 0, 0.0, None


def note_of(function: Function, failures: int, pause: float) -> str:
    """Return what to tell people when a pause begins."""
    return (
        f"function {function.name!r} failed to start {failures} times in a row; it is not started again for "
        f"{pause:.2f} seconds, or until its code changes"
    )
