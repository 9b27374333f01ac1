"""`edgerun logs`."""

import json
import os
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

import click

from edgerun.banner import near
from edgerun.cli.options import colour_wanted, configured, loader, overrides
from edgerun.config.faults import suggestion
from edgerun.config.load import Loaded
from edgerun.functions.log_files import OLD_SUFFIX, SUFFIX
from edgerun.home import home
from edgerun.observe.console import printable

LOOK_SECONDS: Final = 0.2

Show = Callable[[str, str], None]


@click.command()
@click.argument("function", required=False)
@configured
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written from now on, until Ctrl-C.")
@click.option("-n", "--tail", type=click.IntRange(0), metavar="N", help="Only the last N lines of each function.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def logs(
    *,
    function: str | None,
    config_path: Path | None,
    origins: tuple[str, ...],
    country: str,
    strictness: str | None,
    follow: bool,
    tail: int | None,
    as_json: bool,
) -> int:
    """Print what FUNCTION, or every function, has logged: lines as CloudWatch has them."""
    loaded = loader(config_path, config_path, overrides(origins, country, strictness), {})()
    folder = home(loaded.path) / "logs"
    _check(function, loaded, folder)
    show = _as_json if as_json else _plain if function else _labelled(colour_wanted())
    files = LogFiles(folder, function)
    found = 0
    for log in files.look():
        found += 1
        for line in log.last(tail):
            show(log.name, line)
    if not found:
        of = f" of {function!r}" if function else ""
        click.echo(
            f"no logs{of} in {near(str(folder))} yet: start edgerun dev and send a request that runs a function",
            err=True,
        )
    return _follow(files, show) if follow else 0


def _check(function: str | None, loaded: Loaded, folder: Path) -> None:
    """Refuse a name that neither the configuration nor a log has."""
    if function is None:
        return
    known = {*loaded.config.functions, *(log.name for log in LogFiles(folder, None).look())}
    known |= {f"LambdaEdge-{distribution.id}" for distribution in loaded.config.distributions}
    if function not in known:
        names = sorted(loaded.config.functions)
        there = f"; there are {', '.join(names)}" if names else "; it has none"
        meant = suggestion(function, known) or there
        raise click.UsageError(f"there is no function {function!r} in the configuration{meant}")


class LogFile:
    """One function's log: the file in use, and the old one before it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._current = folder / f"{name}{SUFFIX}"
        self._old = folder / f"{name}{OLD_SUFFIX}"
        self._inode = 0
        self._offset = 0

    def last(self, count: int | None) -> Collection[str]:
        """Return the last lines, and remember where they end."""
        old = _opened(self._old)
        before = _lines(old.read()) if old is not None else []
        if old is not None:
            old.close()
        return deque(chain(before, self.new()), maxlen=count)

    def new(self) -> list[str]:
        """Return the whole lines that were added since the last look, also when the file was rotated meanwhile."""
        file = _opened(self._current)
        if file is None:
            return []
        with file:
            inode = _inode(file)
            lines = self._rest_of_the_old() if self._inode not in {0, inode} else []
            if inode != self._inode or _size(file) < self._offset:
                self._inode, self._offset = inode, 0
            return lines + self._read(file)

    def _rest_of_the_old(self) -> list[str]:
        file = _opened(self._old)
        if file is None:
            return []
        with file:
            return self._read(file) if _inode(file) == self._inode else []

    def _read(self, file: BinaryIO) -> list[str]:
        file.seek(self._offset)
        whole, newline, _ = file.read().rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        return _lines(whole + newline)


class LogFiles:
    """The logs in a folder, or the one of a function; those that come into being later too."""

    def __init__(self, folder: Path, function: str | None) -> None:
        self._folder = folder
        self._function = function
        self._known: dict[str, LogFile] = {}

    def look(self) -> Iterator[LogFile]:
        """Iterate over the logs that there are, by name."""
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            name = path.name.removesuffix(SUFFIX)
            if self._function in {None, name}:
                yield self._known.setdefault(name, LogFile(self._folder, name))


def follow(files: LogFiles, show: Show, wait: Callable[[], None]) -> None:
    """Show what is added, for as long as `wait` returns."""
    while True:
        wait()
        for log in files.look():
            for line in log.new():
                show(log.name, line)


def _follow(files: LogFiles, show: Show) -> int:
    try:
        follow(files, show, lambda: time.sleep(LOOK_SECONDS))
    except KeyboardInterrupt:
        return 130
    return 0


def _labelled(colour: bool) -> Show:
    def show(name: str, line: str) -> None:
        label = f"{name} │ "
        click.echo((click.style(label, dim=True) if colour else label) + _readable(line))

    return show


def _plain(_name: str, line: str) -> None:
    click.echo(_readable(line))


def _as_json(name: str, line: str) -> None:
    click.echo(json.dumps({"function": name, "text": line}))


def _readable(line: str) -> str:
    """Return a line as a terminal may have it; the no-break spaces of AWS's tracebacks are spaces."""
    return printable(line.replace("\xa0", " "))


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "replace").removesuffix("\n").split("\n") if content else []


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except OSError:
        return None


def _inode(file: BinaryIO) -> int:
    return _stat(file).st_ino


def _size(file: BinaryIO) -> int:
    return _stat(file).st_size


def _stat(file: BinaryIO) -> os.stat_result:
    return os.fstat(file.fileno())
