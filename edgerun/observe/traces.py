"""Records on disk: JSON lines in a few files, of which the oldest go when there are too many."""

import json
import os
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from edgerun.errors import EdgerunError
from edgerun.observe.shape import misfit

Record = dict[str, Any]
Tell = Callable[[str], None]

FOLDER: Final = "traces"
SUFFIX: Final = ".jsonl"
SEGMENT: Final = 8_000_000
SEGMENTS: Final = 8


class TraceError(EdgerunError):
    """No record can be had from where it was looked for; the message tells the place."""


class TraceFiles:
    """Appends records to the files of a folder; only the user can read them.

    A file is named after the number of its first record. A record that is written again, because more became known
    about it, stands twice: the later line counts.

    Args:
        folder: made with the first record.
        limit: how many records stay at least, as long as they are not too large: 64 MB in all.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._file: Path | None = None
        self._size = 0
        self._first = 0

    def last_number(self) -> int:
        """Return the number of the newest record there is, 0 without one."""
        for path in reversed(segments(self._folder)):
            for line in reversed(path.read_bytes().splitlines()):
                record = _parsed(line)
                if isinstance(record, dict):
                    return int(record["number"])
        return 0

    def append(self, records: Iterable[Record]) -> None:
        """Write records down.

        Raises:
            OSError: they cannot be written.
        """
        for record in records:
            line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
            number = record["number"]
            full = self._size + len(line) > SEGMENT or number - self._first >= max(self._limit // 4, 1)
            if self._file is None or (full and number > self._first):
                self._begin(number)
            assert self._file is not None
            with open(self._file, "ab", opener=_private) as file:
                file.write(line)
            self._size += len(line)

    def _begin(self, number: int) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{number:010d}{SUFFIX}"
        self._file, self._first = path, number
        self._size = path.stat().st_size if path.exists() else 0
        files = segments(self._folder)
        # A file is of no use once those after it hold as many records as are wanted.
        old = [file for file, after in pairwise(files) if int(after.stem) <= number - self._limit]
        for gone in {*old, *files[: max(0, len(files) - SEGMENTS - len(old))]}:
            gone.unlink(missing_ok=True)


def segments(folder: Path) -> list[Path]:
    """Return the files of a folder, oldest first."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if path.stem.isdigit())


def read(folder: Path, tell: Tell) -> list[Record]:
    """Return the records of a folder, oldest first.

    Args:
        folder: where they are; it need not exist.
        tell: is told of each line that is damaged, with file and line; the rest is used.
    """
    found: dict[str, Record] = {}
    for path in segments(folder):
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                record = _parsed(line)
                if isinstance(record, dict):
                    found[record["id"]] = record
                else:
                    tell(f"{path}, line {number}: expected a record as JSON, {record}; it is skipped")
    return list(found.values())


def _parsed(line: bytes) -> Record | str:
    """Return a record, or what is wrong with its line."""
    try:
        record: Record = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"{error}"
    return misfit(record) or record


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
