"""The channel between the parent and a worker: whole messages on a stream of bytes.

A frame is its length in four bytes, little-endian, and that many bytes. What is in them is not looked at here.
"""

import struct
from typing import Final

_HEAD: Final = struct.Struct("<I")
LARGEST: Final = 256 * 1024 * 1024


class DamagedFrame(Exception):
    """A frame longer than any that is sent: the two sides do not speak of the same thing."""


def framed(payload: bytes) -> bytes:
    """Return bytes as a frame."""
    return _HEAD.pack(len(payload)) + payload


class Frames:
    """Cuts what arrives into the payloads of frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        """Take what arrived; return the payloads it completes.

        Raises:
            DamagedFrame: a frame is longer than `LARGEST`.
        """
        self._buffer += received
        payloads: list[bytes] = []
        offset = 0
        while len(self._buffer) - offset >= _HEAD.size:
            (length,) = _HEAD.unpack_from(self._buffer, offset)
            if length > LARGEST:
                raise DamagedFrame(f"a frame of {length} bytes")
            end = offset + _HEAD.size + length
            if len(self._buffer) < end:
                break
            payloads.append(bytes(self._buffer[offset + _HEAD.size : end]))
            offset = end
        del self._buffer[:offset]
        return payloads
