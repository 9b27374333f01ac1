"""What can be seen of a function's environments from outside, at one moment."""

from typing import Literal, NamedTuple

from edgerun.functions.function import Function

State = Literal["starting", "idle", "busy", "ending", "spare"]


class EnvironmentSeen(NamedTuple):
    """One environment, or the process in reserve: its pid (0 until known) and what it does."""

    pid: int
    state: State


class PoolSeen(NamedTuple):
    """The environments of one revision of a function.

    Attributes:
        function: the revision.
        environments: those that exist.
        waiting: calls that wait for one.
        failures: starts that failed one after another.
    """

    function: Function
    environments: tuple[EnvironmentSeen, ...]
    waiting: int
    failures: int
