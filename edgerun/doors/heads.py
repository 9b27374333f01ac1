"""Heads that came before: most viewers of an edge ask with the same bytes, so they are parsed and checked once."""

from dataclasses import dataclass
from typing import Final

from edgerun.http.message import Request

LONGEST: Final = 2_048
KEPT: Final = 1_024


@dataclass(frozen=True, slots=True)
class KnownHead:
    """A request as it was parsed; whose it is comes with each connection."""

    request: Request
    keep_alive: bool


class KnownHeads:
    """The last heads that came, by their bytes. Bounded: the oldest makes room."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._known: dict[bytes, KnownHead] = {}
        self.get = self._known.get

    def add(self, data: bytes, request: Request, *, keep_alive: bool) -> None:
        """Remember what these bytes were parsed to."""
        if len(self._known) >= self._kept:
            del self._known[next(iter(self._known))]
        self._known[data] = KnownHead(request, keep_alive)

    def __len__(self) -> int:
        return len(self._known)


def is_one_head(data: bytes) -> bool:
    """Tell whether bytes from a connection at rest are one whole head of moderate length, and nothing else."""
    return len(data) <= LONGEST and data.startswith((b"GET ", b"HEAD ")) and data.find(b"\r\n\r\n") == len(data) - 4


def known_heads() -> dict[str, KnownHeads]:
    """Return one server's account, by scheme: what a head is answered may depend on it, and it is not in the bytes."""
    return {"http": KnownHeads(), "https": KnownHeads()}
