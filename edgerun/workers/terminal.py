"""The terminal that a program was started in, if there was one."""

import os
from typing import Final

TTY: Final = "/dev/tty"


class ControllingTerminal:
    """Tells a hang-up from an order: SIGHUP comes when the terminal is closed, and from whoever wants a reload."""

    def __init__(self, path: str = TTY) -> None:
        self._path = path
        self._had_one = self._is_there()

    @property
    def gone(self) -> bool:
        """Whether there was a terminal at the start and is none any more."""
        return self._had_one and not self._is_there()

    def _is_there(self) -> bool:
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
        except OSError:
            return False
        return True
