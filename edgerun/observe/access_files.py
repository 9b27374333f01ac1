"""The files of access logs: named as CloudFront names them or as the user does, and bounded in size and number."""

import gzip
import os
import queue
import re
import secrets
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from edgerun.distribution.access_log import AccessLog
from edgerun.observe.appending import append, hold, is_held, opened, write

BATCHES_WAITING: Final = 1_000
MODE: Final = 0o640


class Sink(Protocol):
    """Where lines go; used by one thread."""

    def write(self, text: str, hour: str) -> None:
        """Append whole lines of one hour.

        Raises:
            OSError: they cannot be written.
        """
        ...

    def close(self) -> None:
        """Finish what is open."""
        ...


class OneFile:
    """A file; when it is full it becomes `NAME.1`, and those before it move up. Several processes may write to it."""

    def __init__(self, log: AccessLog, head: str) -> None:
        self._path = Path(log.path)
        self._log = log
        self._head = head

    def write(self, text: str, hour: str) -> None:  # noqa: ARG002  # a sink's interface
        head = self._head.encode()
        regular = append(self._path, text.encode(), self._log.max_size, self._rotate, mode=MODE, head=head)
        if not regular:
            self._head = ""  # said once to what has no size, such as a pipe

    def close(self) -> None:
        pass

    def _rotate(self) -> None:
        for number in range(self._log.keep - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self._path.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


class Folder:
    """A folder in which each hour, and each full file, begins another: `PREFIX/ID.YYYY-MM-DD-HH.UNIQUE.gz`.

    A file is compressed when it is finished, so what is being written can be read along. Several processes may write
    to a folder, each to files of its own: none of them clears away what another is writing.
    """

    def __init__(self, log: AccessLog, distribution: str, head: str) -> None:
        self._folder = Path(log.path) / log.prefix
        self._distribution = distribution
        self._log = log
        self._head = head
        self._hour = ""
        self._path: Path | None = None
        self._held = -1
        self._named = re.compile(rf"{re.escape(distribution)}\.\d{{4}}-\d\d-\d\d-\d\d\.[0-9a-z]{{8}}(?:\.gz)?")

    def write(self, text: str, hour: str) -> None:
        data = text.encode()
        if self._path is not None and (hour != self._hour or self._full(self._path, len(data))):
            self.close()
        if self._path is None:
            self._hour = hour
            self._path = self._folder / f"{self._distribution}.{hour}.{secrets.token_hex(4)}"
            self._held = hold(self._path, MODE)
        descriptor = opened(self._path, MODE)
        try:
            head = b"" if os.fstat(descriptor).st_size else self._head.encode()
            write(descriptor, head + data)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        path, self._path = self._path, None
        held, self._held = self._held, -1
        if held >= 0:
            os.close(held)
        if path is None or not path.exists():
            return
        if self._log.gzip:
            part = path.with_name(f".{path.name}.gz")
            with path.open("rb") as source, gzip.open(part, "wb") as target:
                shutil.copyfileobj(source, target)
            part.replace(path.with_name(f"{path.name}.gz"))
            path.unlink()
        self._prune()

    def _full(self, path: Path, more: int) -> bool:
        try:
            return path.stat().st_size + more > self._log.max_size
        except FileNotFoundError:
            return True

    def _prune(self) -> None:
        finished = sorted(path for path in self._folder.iterdir() if self._named.fullmatch(path.name))
        for path in finished[: -self._log.keep]:
            if not is_held(path):
                path.unlink(missing_ok=True)


class Writer:
    """A thread that writes, so that a slow disk delays no answer.

    Args:
        tell: gets one sentence when lines cannot be written; called in the thread, again only after some could.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._troubled = False
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def write(self, sink: Sink, text: str, hour: str) -> None:
        """Have lines written; those of a disk that has stopped are lost, not gathered without end."""
        if self._jobs.qsize() < BATCHES_WAITING:
            self._put(lambda: sink.write(text, hour))

    def finish(self, sink: Sink) -> None:
        """Have a sink closed after what it has still to write."""
        self._put(sink.close)

    def close(self) -> None:
        """Write what waits, and end."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join()

    def _put(self, job: Callable[[], None]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="access log", daemon=True)
            self._thread.start()
        self._jobs.put(job)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except OSError as error:
                if not self._troubled:
                    self._troubled = True
                    where = f" {error.filename}" if error.filename else ""
                    self._tell(f"the access log cannot be written{where}: {error.strerror or error}; lines are lost")
            else:
                self._troubled = False
