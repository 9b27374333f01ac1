"""Several parts of one object as one body: `multipart/byteranges` (RFC 9110 §14.6)."""

from collections.abc import AsyncGenerator, Sequence

from edgerun.http.conditional import content_range_value
from edgerun.http.message import Body


class MultipartBody:
    """Parts of a body that can be read more than once, each under a head of its own; nothing is copied."""

    __slots__ = ("_body", "_pieces", "data", "length")

    def __init__(
        self, body: Body, ranges: Sequence[tuple[int, int]], *, of: int, content_type: bytes | None, boundary: bytes
    ) -> None:
        """Make the body.

        Args:
            body: the whole object's.
            ranges: (start, stop) of each part, stop exclusive.
            of: bytes of the whole object.
            content_type: of the whole object, told with each part.
            boundary: a token of up to 70 characters that nobody who writes objects can foresee.
        """
        told = b"" if content_type is None else b"Content-Type: %b\r\n" % content_type
        pieces: list[bytes | tuple[int, int]] = []
        for start, stop in ranges:
            value = content_range_value(start, stop, of)
            pieces += (b"\r\n--%b\r\n%bContent-Range: %b\r\n\r\n" % (boundary, told, value), (start, stop))
        pieces.append(b"\r\n--%b--\r\n" % boundary)
        whole = body.data
        self._body = body
        self._pieces = pieces
        self.length: int = sum(len(p) if isinstance(p, bytes) else p[1] - p[0] for p in pieces)
        self.data: bytes | None = None
        if whole is not None:
            self.data = b"".join(p if isinstance(p, bytes) else whole[p[0] : p[1]] for p in pieces)

    async def stream(self, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        passed, end = 0, self.length if stop is None else min(stop, self.length)
        for piece in self._pieces:
            size = len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
            first, last = max(start - passed, 0), min(end - passed, size)
            passed += size
            if first >= last:
                continue
            if isinstance(piece, bytes):
                yield piece[first:last]
            else:
                async for chunk in self._body.stream(piece[0] + first, piece[0] + last):
                    yield chunk

    async def aclose(self) -> None:
        await self._body.aclose()
