"""Large bodies in files of their own, beside the database that knows of them.

A file is written under another name and then renamed, and its name is never used again: whoever finds it by
its name finds the whole of it, and whoever has it open keeps it when it is removed.
"""

import contextlib
import os
import secrets
import weakref
from collections.abc import AsyncGenerator, Callable, Iterable
from pathlib import Path
from typing import Final

from edgerun.cache.body import CHUNK, pieces
from edgerun.errors import OriginProtocolError
from edgerun.http.message import Body

NAME_BYTES: Final = 16
UNFINISHED: Final = ".part"


class FileBody:
    """A body in a file; any number may read it, and it stays readable when the file is removed."""

    __slots__ = ("__weakref__", "_file", "length", "path")

    data: Final = None

    def __init__(self, path: Path, length: int, file: int | None = None) -> None:
        """Make a body of a file.

        Args:
            path: where it is.
            length: how many bytes it has.
            file: it, opened; None leaves that to the first reader.
        """
        self.path = path
        self.length = length
        self._file = file
        if file is not None:
            weakref.finalize(self, os.close, file)

    def part(self, start: int, stop: int) -> bytes:
        """Return bytes of it.

        Raises:
            OSError: it cannot be read.
        """
        if self._file is None:
            self._file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            weakref.finalize(self, os.close, self._file)
        return os.pread(self._file, stop - start, start)

    async def stream(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        end = self.length if stop is None else min(stop, self.length)
        while start < end:
            try:
                chunk = self.part(start, min(end, start + CHUNK))
            except OSError as error:
                raise OriginProtocolError(f"a stored body cannot be read: {error}") from error
            if not chunk:
                raise OriginProtocolError("a stored body is shorter than it was")
            start += len(chunk)
            yield chunk

    async def aclose(self) -> None:
        return None  # it may have other readers: the file is closed with the last of them

    def __repr__(self) -> str:
        return f"FileBody({self.length} bytes)"


class BodyFiles:
    """A folder of bodies, each by a name of 16 bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, body: Body, *, meanwhile: Callable[[], object] = lambda: None) -> bytes:
        """Keep a copy of a complete body that is at hand, and return its name.

        Args:
            body: what to copy.
            meanwhile: called between pieces, for what cannot wait for a large body.

        Raises:
            OSError: it cannot be read or written; nothing of it stays.
        """
        name = secrets.token_bytes(NAME_BYTES)
        path = self._path(name)
        unfinished = path.with_suffix(UNFINISHED)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            written = _write(unfinished, pieces(body) or (), meanwhile)
            if written != body.length:
                raise OSError(f"{written} bytes instead of {body.length}")
            unfinished.rename(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        return name

    def open(self, name: bytes, length: int) -> FileBody | None:
        """Return a body, opened, or None if it is not there or not whole."""
        path = self._path(name)
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        body = FileBody(path, length, file)
        return body if os.fstat(file).st_size == length else None

    def unopened(self, name: bytes, length: int) -> FileBody:
        """Return a body that is opened when it is read."""
        return FileBody(self._path(name), length)

    def name_of(self, body: Body) -> bytes | None:
        """Return the name of a body that is one of these files."""
        if not isinstance(body, FileBody) or body.path.parent.parent != self._folder:
            return None
        return bytes.fromhex(body.path.name)

    def remove(self, names: Iterable[bytes]) -> None:
        """Remove bodies; those who read them go on."""
        for name in names:
            with contextlib.suppress(OSError):
                self._path(name).unlink()

    def found(self) -> list[Path]:
        """Return every file that is there, unfinished ones too."""
        return [path for path in self._folder.glob("??/*") if path.is_file()]

    def clear(self, files: Iterable[Path], kept: set[bytes]) -> int:
        """Remove those of some files that are not kept; return how many."""
        names = {name.hex() for name in kept}
        orphans = [path for path in files if path.name not in names]
        for path in orphans:
            path.unlink(missing_ok=True)
        return len(orphans)

    def _path(self, name: bytes) -> Path:
        text = name.hex()
        return self._folder / text[:2] / text


def _write(path: Path, parts: Iterable[bytes], meanwhile: Callable[[], object]) -> int:
    written = 0
    with path.open("xb", buffering=0) as file:
        for part in parts:
            meanwhile()
            view = memoryview(part)
            while view:
                count = file.write(view)
                written += count
                view = view[count:]
    return written
