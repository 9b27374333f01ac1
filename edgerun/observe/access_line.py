"""One line of the access log for each answer, in CloudFront's fields and encoding (`spec/cloudfront.md` §14)."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from edgerun.distribution.model import Distribution
from edgerun.http.message import Request
from edgerun.observe.events import Answered

FIELDS: Final = (
    *("date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)", "cs-uri-stem", "sc-status"),
    *("cs(Referer)", "cs(User-Agent)", "cs-uri-query", "cs(Cookie)", "x-edge-result-type", "x-edge-request-id"),
    *("x-host-header", "cs-protocol", "cs-bytes", "time-taken", "x-forwarded-for", "ssl-protocol", "ssl-cipher"),
    *("x-edge-response-result-type", "cs-protocol-version", "fle-status", "fle-encrypted-fields", "c-port"),
    *("time-to-first-byte", "x-edge-detailed-result-type", "sc-content-type", "sc-content-len", "sc-range-start"),
    "sc-range-end",
)
ADDED: Final = ("timestamp", "timestamp(ms)", "asn", "c-country", "cache-behavior-path-pattern", "distributionid")
"""What the second version of standard logs can tell besides; its JSON form here always does."""

HEAD: Final = f"#Version: 1.0\n#Fields: {' '.join(FIELDS)}\n"

_SPECIAL: Final = re.compile(rb"""[\x00-\x20\x7f-\xff<>"#%{}|\\^~\[\]`']""")
_RANGE: Final = re.compile(rb"bytes (\d+)-(\d+)/")
_NOTHING: Final = "-"

Place = Callable[[str], tuple[str, int]]


def encoded(raw: bytes | None) -> str:
    """Return a value as it stands in the log: `-` for none, special characters percent-encoded, `%` too."""
    if not raw:
        return _NOTHING
    if _SPECIAL.search(raw) is not None:
        raw = _SPECIAL.sub(_escaped, raw)
    return raw.decode("ascii")


def _escaped(match: re.Match[bytes]) -> bytes:
    return b"%%%02X" % match[0][0]


class LineMaker:
    """Makes the lines of a batch, and remembers for the time of it what answers have in common.

    What is the same for all viewers who got the same answer to the same bytes is made once: of a thousand hits all but
    a few cost only what is their own. `forget` after each batch: what is remembered is known by its place in memory.

    Args:
        location: the edge location.
        include_cookies: whether cookies are told.
    """

    def __init__(self, location: str, *, include_cookies: bool) -> None:
        self._location = location
        self._include_cookies = include_cookies
        self._parts: dict[tuple[int, int], tuple[str, str, str, str, str]] = {}

    def forget(self) -> None:
        """Forget what the last batch had in common."""
        self._parts.clear()

    def w3c(self, event: Answered) -> str:
        """Return one line of the standard log, with its line break."""
        visit, obtained = event.visit, event.obtained
        request: Request = visit.request
        key = (id(request.same), id(obtained)) if request.same is not None and event.complete else None
        parts = self._parts.get(key) if key is not None else None
        if parts is None:
            parts = self._made(event)
            if key is not None:
                self._parts[key] = parts
        asked, host, forwarded, answer, content = parts
        address, port = request.client
        tls = request.tls
        secured = "-\t-" if tls is None else f"{tls.protocol}\t{tls.cipher}"
        taken, first = _spent(event)
        return (
            f"{moment(int(event.at))}\t{self._location}\t{event.bytes_sent}\t{address}{asked}{visit.id}{host}{taken:.3f}"
            f"{forwarded}{secured}{answer}{port}\t{first:.3f}{content}"
        )

    def json(self, event: Answered, place: Place) -> str:
        """Return one JSON object, with its line break.

        Args:
            event: the answer.
            place: the country and the network's number of an address, "" and 0 for unknown.
        """
        country, network = place(event.visit.request.client[0])
        behavior = event.visit.behavior
        more = (
            *(str(int(event.at)), str(int(event.at * 1000)), str(network or _NOTHING), country or _NOTHING),
            *(behavior.path_pattern if behavior is not None else _NOTHING, event.visit.distribution.id),
        )
        values = (*self.w3c(event).rstrip("\n").split("\t"), *more)
        return json.dumps(dict(zip((*FIELDS, *ADDED), values, strict=True)), separators=(",", ":")) + "\n"

    def _made(self, event: Answered) -> tuple[str, str, str, str, str]:
        """Return what stands between the fields that are each answer's own."""
        request: Request = event.visit.request
        distribution: Distribution = event.visit.distribution
        headers, sent = request.headers, event.headers
        cookies = b"; ".join(headers.get_all(b"cookie")) if self._include_cookies else None
        asked = (
            *(encoded(request.method.encode()), distribution.domain_name, encoded(request.path), f"{event.status:03d}"),
            *(encoded(headers.get(b"referer")), encoded(headers.get(b"user-agent")), encoded(request.query)),
            *(encoded(cookies), event.result_type),
        )
        cut = _RANGE.match(sent.get(b"content-range") or b"")
        start, end = (cut[1].decode(), cut[2].decode()) if cut is not None else (_NOTHING, _NOTHING)
        content = (
            *(event.detailed_result_type, encoded(sent.get(b"content-type")), encoded(sent.get(b"content-length"))),
            *(start, end),
        )
        return (
            "\t" + "\t".join(asked) + "\t",
            f"\t{encoded(headers.get(b'host'))}\t{protocol(request, event.status)}\t{received(request, event)}\t",
            f"\t{encoded(headers.joined(b'x-forwarded-for'))}\t",
            f"\t{event.response_result_type}\tHTTP/{request.http_version}\t-\t-\t",
            "\t" + "\t".join(content) + "\n",
        )


def protocol(request: Request, status: int) -> str:
    """Return `cs-protocol`: a WebSocket is one from the answer that opens it."""
    if status == 101:
        return "wss" if request.scheme == "https" else "ws"
    return request.scheme


def received(request: Request, event: Any) -> int:
    """Return `cs-bytes`: the request's head as HTTP/1.1 writes it, and what came of its body."""
    line = len(request.method) + len(request.target) + len(" HTTP/1.1\r\n") + 1
    head = line + len(request.headers.block) + 2
    body = getattr(request.body, "received", None)
    return head + int(event.received) + (body if body is not None else request.body.length or 0)


def _spent(event: Answered) -> tuple[float, float]:
    """Return seconds to the last and to the first byte; a clock that was moved back meanwhile makes them none."""
    started = event.visit.started
    return max(0.0, event.at - started), max(0.0, event.ready - started)


@lru_cache(maxsize=16)
def moment(second: int) -> str:
    """Return the first two fields."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d\t%H:%M:%S")


@lru_cache(maxsize=16)
def hour(hours: int) -> str:
    """Return an hour, counted from the epoch, as it stands in the names of files."""
    return datetime.fromtimestamp(hours * 3600, UTC).strftime("%Y-%m-%d-%H")
