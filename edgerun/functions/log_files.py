"""Functions' logs as files: one per function, in a folder beside the configuration, each bounded by rotation."""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edgerun.distribution.model import Config, Point, is_cloudfront
from edgerun.distribution.origins import FunctionOrigin
from edgerun.errors import FunctionResultError
from edgerun.functions.log_lines import validation_failure
from edgerun.functions.variables import ACCOUNT, REGION
from edgerun.observe.appending import append
from edgerun.observe.events import Event, Failed, Printed

MODE: Final = 0o644
LARGEST_FILE: Final = 10_000_000
BATCH: Final = 65_536
DELAY: Final = 0.1
SUFFIX: Final = ".log"
OLD_SUFFIX: Final = ".log.1"
_REMEMBERED: Final = 3000
_STARTS: Final = re.compile(r'(?:START RequestId: |.*"platform\.start","record":\{"requestId":")([0-9a-f-]{36})')
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]|^\.")

Soon = Callable[[Callable[[], None]], object]


def soon(flush: Callable[[], None]) -> None:
    """Flush in a moment, or now where no loop runs."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        flush()
    else:
        loop.call_later(DELAY, flush)


class FunctionLogs:
    """An observer that keeps what functions print, and what CloudFront says of their results, as CloudWatch does.

    `<function>.log` is the log group `/aws/lambda/us-east-1.<function>` with all its streams in the order of arrival,
    each begun by its INIT_START; that of a CloudFront Function is `/aws/cloudfront/function/<function>`.
    `LambdaEdge-<distribution>.log` is `/aws/cloudfront/LambdaEdge/<distribution>`.
    Lines are gathered and appended together. Nothing is made before the first of them, and nothing here raises.

    Args:
        folder: where the files are.
        config: tells the configuration in force.
        on_trouble: gets one sentence, once, when the files cannot be written.
        largest: bytes of a file before it becomes the old one.
        soon: arranges for a call in a moment.
    """

    def __init__(
        self,
        folder: Path,
        config: Callable[[], Config],
        on_trouble: Callable[[str], None],
        *,
        largest: int = LARGEST_FILE,
        soon: Soon = soon,
    ) -> None:
        self._folder = folder
        self._config = config
        self._on_trouble = on_trouble
        self._largest = largest
        self._soon = soon
        self._unwritten: dict[str, list[str]] = {}
        self._size = 0
        self._troubled = False
        # What tells Lambda's id of the last invocation of a function for a request, the newest last.
        self._invocations: deque[Printed] = deque(maxlen=_REMEMBERED)

    def __call__(self, event: Event) -> None:
        if isinstance(event, Printed):
            if event.kind == "platform":
                self._invocations.append(event)
            self._add(event.function, self._line(event))
        elif isinstance(event, Failed) and isinstance(event.error, FunctionResultError):
            self._refused(event, event.error)

    def many_printed(self, events: list[Printed]) -> None:
        """Take what the platform wrote about several invocations."""
        self._invocations.extend(events)
        by_function: dict[str, list[str]] = {}
        for event in events:
            by_function.setdefault(event.function, []).append(event.text)
        for function, texts in by_function.items():
            self._add(function, "\n".join(texts))

    def flush(self) -> None:
        """Write what has gathered."""
        unwritten, self._unwritten, self._size = self._unwritten, {}, 0
        for name, lines in unwritten.items():
            try:
                self._append(name, "".join(lines).encode("utf-8", "replace"))
            except OSError as error:
                self._report(error)

    def _line(self, event: Printed) -> str:
        """Return a line as the log has it: a CloudFront Function's begins with the request's id."""
        function = self._config().functions.get(event.function)
        if function is None or not is_cloudfront(function) or not event.request_id:
            return event.text
        return f"{event.request_id} {event.text}"

    def _add(self, name: str, text: str) -> None:
        """Add an event; a carriage return is how the runtimes keep a line break inside one."""
        line = text.rstrip("\r\n").replace("\r", "\n") + "\n"
        first = not self._unwritten
        self._unwritten.setdefault(name, []).append(line)
        self._size += len(line)
        if self._size > BATCH:
            self.flush()
        elif first:
            self._soon(self.flush)

    def _refused(self, event: Failed, error: FunctionResultError) -> None:
        if error.of_cloudfront:
            return  # AWS: what a CloudFront Function returned is in no log
        config = self._config()
        distribution = event.distribution or distribution_of(config, event.function)
        function = config.functions.get(event.function)
        version = function.version if function is not None else "1"
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:us-east-1.{event.function}:{version}"
        aws_request_id = self._invocation_for(event.request_id, event.function)
        for line in validation_failure(event.request_id, arn, REGION, aws_request_id, error.log or str(error)):
            self._add(f"LambdaEdge-{distribution}", line)

    def _invocation_for(self, request_id: str, function: str) -> str:
        for told in reversed(self._invocations):
            if told.request_id == request_id and told.function == function:
                starts = _STARTS.match(told.text)
                if starts is not None:
                    return starts[1]
        return ""

    def _append(self, name: str, batch: bytes) -> None:
        """Append to a file, as other workers do too."""
        safe = _UNSAFE.sub("_", name)
        path = self._folder / f"{safe}{SUFFIX}"
        old = self._folder / f"{safe}{OLD_SUFFIX}"
        append(path, batch, self._largest, lambda: path.replace(old), mode=MODE)

    def _report(self, error: OSError) -> None:
        if not self._troubled:
            self._troubled = True
            why = error.strerror or str(error)
            self._on_trouble(f"functions' logs cannot be written to {self._folder}: {why}; lines are lost")


def distribution_of(config: Config, function: str) -> str:
    """Return the id of the first distribution that uses a function, "" if none does."""
    for distribution in config.distributions:
        for behavior in distribution.all_behaviors:
            found = (behavior.function_at(point) for point in Point)
            names = {association.function.name for association in found if association is not None}
            group = behavior.origin_group
            origins = (group.primary, group.secondary) if group is not None else (behavior.origin,)
            names |= {origin.function for origin in origins if isinstance(origin, FunctionOrigin)}
            if function in names:
                return distribution.id
    return ""
