"""What the platform writes about invocations that printed nothing: of many at once, a moment after they ended."""

from collections.abc import Callable
from typing import NamedTuple

from edgerun.functions import log_lines
from edgerun.functions.log_lines import EnvironmentFacts, InvocationFacts, LogFormat
from edgerun.functions.runtime import OutputLine
from edgerun.observe.gathered import Gathered, Soon, soon


class Silence(NamedTuple):
    """One invocation that printed nothing and succeeded.

    Attributes:
        environment: where it ran.
        form: of the log.
        label: the caller's name for it.
        begun, ended: seconds since the epoch.
        facts: how it went.
    """

    environment: EnvironmentFacts
    form: LogFormat
    label: str
    begun: float
    ended: float
    facts: InvocationFacts

    def told(self) -> OutputLine:
        """Return all lines about it as one."""
        function, version = self.environment.function_name, self.environment.version
        text = log_lines.whole(self.form, self.begun, self.ended, self.facts, version)
        return OutputLine(function=function, label=self.label, text=text, kind="platform")


class Silences:
    """Gathers silences; whoever writes anything else into these logs flushes them before.

    Args:
        tell: gets what is written about them, in their order.
        soon: arranges for a call in a moment.
    """

    def __init__(self, tell: Callable[[list[OutputLine]], None], *, soon: Soon = soon) -> None:
        self._tell = tell
        gathered: Gathered[Silence] = Gathered(self._word, soon=soon)
        self.add = gathered.add
        self.flush = gathered.flush

    def _word(self, silences: list[Silence]) -> None:
        self._tell([silence.told() for silence in silences])
