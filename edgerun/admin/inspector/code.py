"""Which version of its file a function was loaded from."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from edgerun.distribution.model import is_cloudfront
from edgerun.functions import bootstraps
from edgerun.functions.function import Function, code_file

LARGEST: Final = 10_000_000


def file_of(function: Function) -> Path | None:
    """Return the file that a function's handler stands in, None if there is none."""
    if is_cloudfront(function):
        return Path(code_file(function))
    if function.runtime in bootstraps.RUNTIMES:
        found = bootstraps.find(function.root)
        return None if found is None else Path(found)
    from edgerun.config.static import handler_file  # noqa: PLC0415  # what parses code is not needed to start

    return handler_file(function)


def stamp_of(function: Function) -> str:
    """Return what tells the file as it is now from another version of it: its hash, shortened, and when it was saved.

    Returns:
        `1f3a5c7e9b02, saved 2026-12-01T10:00:00Z`, or "" if there is no such file.
    """
    file = file_of(function)
    if file is None:
        return ""
    try:
        facts = file.stat()
        content = file.read_bytes() if facts.st_size <= LARGEST else b""
    except OSError:
        return ""
    saved = datetime.fromtimestamp(facts.st_mtime, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    mark = f"{hashlib.sha256(content).hexdigest()[:12]}, " if content else ""
    return f"{mark}saved {saved}"
