"""A clock that stands still until it is told otherwise."""


class SettableClock:
    """Call it for the time in seconds since the epoch; starts at a fixed moment."""

    def __init__(self, now: float = 1_775_556_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
