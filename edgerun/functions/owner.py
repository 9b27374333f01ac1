"""What hears of an environment's turns, and of what it loads."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from edgerun.errors import FunctionExecutionError
from edgerun.functions.call import Call
from edgerun.functions.function import Function

if TYPE_CHECKING:
    from edgerun.functions.environment import Environment

OnLoaded = Callable[[Function, bytes, float], None]
"""Hears which files a function has loaded: the function, the report, since when on the loop's clock."""


class Owner(Protocol):
    """What hears of an environment's turns: its pool."""

    def initialised(self, environment: "Environment") -> None:
        """It has finished INIT."""

    def init_failed(self, environment: "Environment", why: FunctionExecutionError) -> None:
        """A call failed because INIT did."""

    def init_repeats(self, environment: "Environment", call: Call) -> None:
        """INIT failed and its process is gone: the call wants it again, inside its own time."""

    def freed(self, environment: "Environment") -> None:
        """It waits for an event."""

    def ended(self, environment: "Environment") -> None:
        """It is gone, with everything it started."""

    def roomy(self, environment: "Environment") -> None:
        """It has got on with its calls, and may have room for others."""

    def returned(self, *calls: Call) -> None:
        """It will not begin these calls, which it was given."""
