"""Files under a root, addressed by opaque keys: no key and no link leads out of it."""

import errno
import hashlib
import os
import stat
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import Final

from edgerun.errors import OriginProtocolError

CHUNK: Final = 256 * 1024

_DENIED: Final = frozenset((errno.EACCES, errno.EPERM))
_OURS: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO))
_PROCFS: Final = Path("/proc/self/fd")


class Unavailable(Enum):
    """Why a key gives no file."""

    MISSING = auto()
    DENIED = auto()
    FAILED = auto()
    """The machine's fault, not the key's: too many open files, a disk error."""


class OpenFile:
    """A regular file that is open for reading; closed by `close`, or when nobody refers to it any more.

    A thread that reads it keeps a reference, so the descriptor's number cannot pass to another file meanwhile.
    """

    __slots__ = ("_fd", "stat")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.stat = os.fstat(fd)

    @property
    def size(self) -> int:
        return self.stat.st_size

    def fileno(self) -> int:
        return self._fd

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop`; fewer only if the file ends earlier."""
        parts = []
        while start < stop:
            part = os.pread(self._fd, stop - start, start)
            if not part:
                break
            parts.append(part)
            start += len(part)
        return b"".join(parts)

    def md5(self) -> bytes:
        """Return the MD5 of the file as hex digits."""
        digest = hashlib.md5(usedforsecurity=False)
        for start in range(0, self.size, CHUNK):
            digest.update(self.read(start, min(start + CHUNK, self.size)))
        return digest.hexdigest().encode()

    @property
    def signature(self) -> tuple[int, ...]:
        """What differs between two versions of a file."""
        found = self.stat
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def is_unchanged(self) -> bool:
        """Return whether the file still is what it was when it was opened."""
        now = os.fstat(self._fd)
        return (now.st_size, now.st_mtime_ns) == (self.stat.st_size, self.stat.st_mtime_ns)

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()


class FileBody:
    """A stretch of an open file as a body; it can be streamed any number of times."""

    __slots__ = ("_file", "_start", "_stop")

    data: Final = None

    def __init__(self, file: OpenFile, start: int = 0, stop: int | None = None) -> None:
        self._file = file
        self._start = start
        self._stop = file.size if stop is None else stop

    @property
    def length(self) -> int:
        return self._stop - self._start

    async def stream(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` up to `stop` (exclusive), 256 KiB at a time.

        Raises:
            OriginProtocolError: the file was changed or closed since it was opened.
        """
        last = self._stop if stop is None else min(self._start + stop, self._stop)
        for position in range(self._start + start, last, CHUNK):
            yield self._chunk(position, min(position + CHUNK, last))

    def part(self, start: int, stop: int) -> "FileBody":
        """Return a stretch of this body; both share the open file."""
        return FileBody(self._file, self._start + start, self._start + stop)

    def _chunk(self, start: int, stop: int) -> bytes:
        try:
            chunk = self._file.read(start, stop)
            unchanged = self._file.is_unchanged()
        except OSError as error:
            raise OriginProtocolError(f"file cannot be read on at byte {start}: {error}") from error
        # Half of one version and half of the next must not go out under one ETag.
        if len(chunk) < stop - start or not unchanged:
            raise OriginProtocolError(f"file changed while it was being sent, at byte {start}")
        return chunk

    async def aclose(self) -> None:
        self._file.close()

    def __repr__(self) -> str:
        return f"FileBody({self.length} bytes)"


class Root:
    """A directory that keys are looked up in."""

    def __init__(self, path: Path) -> None:
        self._path = os.fsencode(path.absolute())
        self._real = os.path.realpath(self._path)

    def open(self, key: bytes) -> OpenFile | Unavailable:
        """Open the regular file that a key, percent-decoded and without leading slash, names."""
        if not is_file_key(key):
            return Unavailable.MISSING
        path = os.path.join(self._path, key)  # noqa: PTH118 - keys are bytes; Path is not
        try:
            # Opening a device or a pipe may have effects of its own.
            if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
                return Unavailable.MISSING
            file = OpenFile(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC))
            return file if self._admits(file, path) else Unavailable.MISSING
        except OSError as error:
            return _reason(error)

    def keys(self, prefix: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
        """Yield the keys with a prefix and what is known of their files; links are left out."""
        top = os.path.realpath(self._path)
        for folder, _, names, folder_fd in os.fwalk(top):
            inside = os.path.relpath(folder, top)
            for name in names:
                key = name if inside == b"." else inside + b"/" + name
                if key.startswith(prefix) and is_file_key(key):
                    with suppress(OSError):
                        found = os.stat(name, dir_fd=folder_fd, follow_symlinks=False)
                        if stat.S_ISREG(found.st_mode):
                            yield key, found

    def _admits(self, file: OpenFile, path: bytes) -> bool:
        """Return whether what was opened is a regular file within the root, wherever links have led."""
        if not stat.S_ISREG(file.stat.st_mode):
            return False
        real = real_path(file, path)
        if self._contains(real):
            return True
        self._real = os.path.realpath(self._path)  # the root may be a link that was switched to a new release
        return self._contains(real)

    def _contains(self, real: bytes | None) -> bool:
        return real is not None and real.startswith(self._real.rstrip(b"/") + b"/")


def is_file_key(key: bytes) -> bool:
    """Return whether a key could be a file's: S3 keys are opaque, so nothing in them is ever resolved."""
    if b"\0" in key or b"\\" in key:
        return False
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return all(segment not in {b"", b".", b".."} for segment in key.split(b"/"))


def real_path(file: OpenFile, path: bytes, *, procfs: Path = _PROCFS) -> bytes | None:
    """Return where an open file lies, or None if that cannot be told.

    Linux knows by the descriptor. Elsewhere the path is resolved once more and must still lead to the same
    file, which leaves nothing to gain from switching a link between the two looks.
    """
    try:
        return os.readlink(os.fsencode(procfs / str(file.fileno())))  # noqa: PTH115
    except OSError:
        real = os.path.realpath(path)
        return real if os.path.samestat(os.lstat(real), file.stat) else None


def _reason(error: OSError) -> Unavailable:
    if error.errno in _DENIED:
        return Unavailable.DENIED
    return Unavailable.FAILED if error.errno in _OURS else Unavailable.MISSING
