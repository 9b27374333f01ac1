"""Heads that came before: most viewers of an edge ask with the same bytes, so they are parsed and checked once."""

import re
from typing import Final, NamedTuple

from edgerun.http.headers import Headers
from edgerun.http.message import Request, SameHead, Tls

LONGEST: Final = 2_048
KEPT: Final = 1_024

# The request lines that the parser takes and that leave nothing to check: a path, perhaps a query, no fragment.
_PLAIN_LINE: Final = re.compile(rb"(GET|HEAD) (/[!\"$->@-~]*)(?:\?([!\"$-~]*))? HTTP/1\.1")


class KnownHead(NamedTuple):
    """A request as it was parsed; whose it is comes with each connection."""

    request: Request
    keep_alive: bool


class KnownHeads:
    """The last heads that came, by their bytes. Bounded: the oldest makes room."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._known: dict[bytes, KnownHead] = {}
        self._blocks: dict[bytes, tuple[Headers, bool]] = {}
        self.get = self._known.get

    def add(self, data: bytes, request: Request, *, keep_alive: bool) -> None:
        """Remember what these bytes were parsed to."""
        self._add(data, KnownHead(request, keep_alive))
        if request.http_version == "1.1":
            if len(self._blocks) >= self._kept:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[data.partition(b"\r\n")[2]] = (request.headers, keep_alive)

    def read(self, data: bytes, *, scheme: str, client: tuple[str, int], tls: Tls | None) -> KnownHead | None:
        """Read a head whose lines are known but for the first: a viewer asks for many things with the same lines.

        Args:
            data: one head of HTTP/1.x without a body, and nothing else.
            scheme: that of the connection.
            client: its peer.
            tls: what was agreed on with it.

        Returns:
            The head; None if only the parser can tell what it says.
        """
        line, _, block = data.partition(b"\r\n")
        known = self._blocks.get(block)
        plain = _PLAIN_LINE.fullmatch(line) if known is not None else None
        if known is None or plain is None:
            return None
        headers, keep_alive = known
        if headers.found is None:
            headers.found = {}
        method, path, query = plain.groups()
        request = Request(
            method="GET" if method == b"GET" else "HEAD",
            path=path,
            query=query,
            headers=headers,
            scheme=scheme,
            client=client,
            same=SameHead(),
            tls=tls,
        )
        head = KnownHead(request, keep_alive)
        self._add(data, head)
        return head

    def _add(self, data: bytes, head: KnownHead) -> None:
        if len(self._known) >= self._kept:
            same = self._known.pop(next(iter(self._known))).request.same
            if same is not None:  # what stands for a head refers to its request, and would be a ring with it
                same.answer = same.asking = None
        self._known[data] = head

    def __len__(self) -> int:
        return len(self._known)


def is_one_head(data: bytes) -> bool:
    """Tell whether bytes from a connection at rest are one whole head of moderate length, and nothing else."""
    return len(data) <= LONGEST and data.startswith((b"GET ", b"HEAD ")) and data.find(b"\r\n\r\n") == len(data) - 4


def known_heads() -> dict[str, KnownHeads]:
    """Return one server's account, by scheme: what a head is answered may depend on it, and it is not in the bytes."""
    return {"http": KnownHeads(), "https": KnownHeads()}
