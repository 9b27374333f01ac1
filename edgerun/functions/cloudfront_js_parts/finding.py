"""What the check says of a function's code."""

from collections.abc import Iterable
from typing import Literal

from edgerun.values import value

Level = Literal["error", "warning", "note"]


@value
class Finding:
    """One thing in a function's code that fails, or may fail, on AWS.

    Attributes:
        level: `error` never runs there; `warning` may fail when it is reached; `note` works though no page says so.
        rule: a short name, such as `for-of`.
        line: from 1; 0 when it is the whole file.
        column: from 1; 0 likewise.
        message: what is wrong, in the words of AWS's engine where those are known.
        fix: one sentence that tells what to write instead; "" if there is none.
    """

    level: Level
    rule: str
    line: int
    column: int
    message: str
    fix: str = ""

    def told(self, file: str) -> str:
        """Return one line of text with place, message and fix."""
        place = f"{file}:{self.line}:{self.column}" if self.line else file
        return f"{place}: {self.message}" + (f"; {self.fix}" if self.fix else "")


def errors(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level == "error"]
