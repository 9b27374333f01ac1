"""The log of CloudFront Functions: CloudWatch's START and END around what one run printed."""

from collections.abc import Callable

from edgerun.functions.runtime import OutputLine

Soon = Callable[[Callable[[], None]], object]


class RunLog:
    """Takes the lines that an engine hands out, those of one run at once (`spec/cloudfront-functions.md` §5).

    A run that prints nothing leaves no log, as on CloudFront. START and END are lines of kind `platform`.

    Args:
        on_line: gets every line.
        distribution_of: tells the id of the distribution that uses a function.
        on_trouble: gets what the engine says of a function outside any run: its name and a text.
        soon: arranges for a call when the lines of the run are all there.
    """

    def __init__(
        self,
        on_line: Callable[[OutputLine], None],
        distribution_of: Callable[[str], str],
        on_trouble: Callable[[str, str], object],
        soon: Soon,
    ) -> None:
        self._on_line = on_line
        self._distribution_of = distribution_of
        self._on_trouble = on_trouble
        self._soon = soon
        self._open: tuple[str, str] | None = None

    def __call__(self, line: OutputLine) -> None:
        """Take one line; one of kind `platform` is the engine's own, outside a run."""
        if line.kind == "platform":
            self._on_trouble(line.function, line.text)
            return
        if self._open != (line.function, line.label):
            self._end()
            self._open = (line.function, line.label)
            self._write(f"START DistributionID: {self._distribution_of(line.function)}")
            self._soon(self._end)
        self._on_line(line)

    def _end(self) -> None:
        if self._open is not None:
            self._write("END")
            self._open = None

    def _write(self, text: str) -> None:
        assert self._open is not None
        function, label = self._open
        self._on_line(OutputLine(function=function, label=label, text=text, kind="platform"))
