"""Access logs: CloudFront's standard log lines (`spec/cloudfront.md` §14.1) as requests."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from edgerun.observe.access_line import FIELDS
from edgerun.observe.traces import TraceError
from edgerun.values import value

Tell = Callable[[str], None]

NEEDED: Final = ("date", "time", "cs-method", "cs-uri-stem", "sc-status", "x-edge-result-type")
READ: Final[tuple[tuple[str, str, Callable[[str], object]], ...]] = (
    ("date", "a date such as 2026-04-01", date.fromisoformat),
    ("time", "a time such as 10:00:00", time.fromisoformat),
    ("time-taken", "seconds such as 0.002", float),
    ("sc-status", "a status such as 200", int),
    ("sc-content-len", "a number of bytes", int),
)
GZIP: Final = b"\x1f\x8b"


@value
class Line:
    """One line of an access log.

    Attributes:
        place: file and line.
        at: seconds since the epoch, when the request came: the logged end less what it took.
        location: of the edge; each has a cache of its own.
        method, path, query: as they were on the wire; `query` None without one.
        host, scheme, client: the viewer's.
        headers: those of the viewer that are logged.
        status, result_type: what was answered; status 0 when the viewer left before.
        length: of the content in bytes, None where it is not logged.
        content_type: "" where it is not logged.
    """

    place: str
    at: float
    location: str
    method: str
    path: bytes
    query: bytes | None
    host: str
    scheme: str
    client: str
    headers: tuple[tuple[bytes, bytes], ...]
    status: int
    result_type: str
    length: int | None
    content_type: str


def is_log(path: Path) -> bool:
    """Tell whether a file is an access log, by its beginning."""
    try:
        with path.open("rb") as file:
            start = file.read(2)
        return start in {GZIP, b"#V"} or b"\t" in next(_lines(path), b"")
    except (OSError, EOFError, zlib.error):
        return False


def read_log(path: Path, tell: Tell) -> list[Line]:
    """Return the lines of an access log, plain or compressed, in the order in which the requests came.

    Args:
        path: the file.
        tell: is told of each line that cannot be used, with its place; the rest is.

    Raises:
        TraceError: the file cannot be read.
    """
    fields, found = list(FIELDS), []
    number = 0
    try:
        for number, raw in enumerate(_lines(path), 1):
            text = raw.decode("utf-8", "replace").rstrip("\r\n")
            if text.startswith("#"):
                fields = text.partition(":")[2].split() if text.startswith("#Fields:") else fields
            elif text:
                line = _line(text, fields, f"{path}, line {number}", tell)
                found += [line] if line is not None else []
    except OSError as error:
        if number == 0:
            raise TraceError(f"{path}: {error.strerror or error}") from error
        tell(f"{path}, line {number + 1}: {error}; the rest of the file is skipped")
    except (EOFError, zlib.error) as error:
        tell(f"{path}, line {number + 1}: {error}; the rest of the file is skipped")
    return sorted(found, key=lambda line: (line.location, line.at))


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    with gzip.open(path) if packed else path.open("rb") as lines:
        yield from lines


def _line(text: str, fields: list[str], place: str, tell: Tell) -> Line | None:
    cells = text.split("\t")
    if len(cells) < len(fields):
        tell(f"{place}: expected {len(fields)} fields, got {len(cells)}; it is skipped")
        return None
    told = dict(zip(fields, cells, strict=False))
    missing = [name for name in NEEDED if name not in told]
    if missing:
        tell(f"{place}: expected the fields of a standard log, without {', '.join(missing)}; it is skipped")
        return None
    for name, expected, read in READ:
        try:
            if name in NEEDED or told.get(name, "-") != "-":
                read(told[name])
        except ValueError:
            tell(f"{place}: {name}: expected {expected}, got {told[name][:40]!r}; it is skipped")
            return None
    return _made(told, place)


def _made(told: dict[str, str], place: str) -> Line:
    def said(name: str) -> str:
        found = told.get(name, "-")
        return "" if found == "-" else found

    ended = datetime.fromisoformat(f"{told['date']}T{told['time']}").replace(tzinfo=UTC).timestamp()
    length, query = said("sc-content-len"), said("cs-uri-query")
    named = ("User-Agent", "cs(User-Agent)"), ("Referer", "cs(Referer)"), ("Cookie", "cs(Cookie)")
    headers = [(name.encode(), unquote_to_bytes(said(field))) for name, field in named if said(field)]
    if said("x-forwarded-for"):
        headers.append((b"X-Forwarded-For", unquote_to_bytes(said("x-forwarded-for"))))
    return Line(
        place=place,
        at=ended - float(said("time-taken") or 0),
        location=said("x-edge-location"),
        method=told["cs-method"],
        path=unquote_to_bytes(told["cs-uri-stem"]),
        query=unquote_to_bytes(query) if query else None,
        host=said("x-host-header") or said("cs(Host)"),
        scheme="https" if said("cs-protocol") in {"https", "wss"} else "http",
        client=said("c-ip") or "127.0.0.1",
        headers=tuple(headers),
        status=int(told["sc-status"]),
        result_type=told["x-edge-result-type"],
        length=int(length) if length else None,
        content_type=unquote_to_bytes(said("sc-content-type")).decode("latin-1"),
    )
