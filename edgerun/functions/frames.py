"""The channel between the server and an environment: frames on a private socket.

A frame is a head of nine bytes, little-endian: the length of all that follows the length itself (4), the kind (1),
the id (4); then the payload.

| from   | kind         | id    | payload                                                                 |
| ------ | ------------ | ----- | ----------------------------------------------------------------------- |
| server | `INIT`       | 0     | JSON: handler, root, timeout and what the context object says           |
| server | `EVENT`      | fresh | 36 bytes of AWS request id, then the event's JSON                       |
| server | `AHEAD`      | fresh | the same, sent while events before it are not answered                  |
| host   | `READY`      | 0     | none: the user's module is imported                                     |
| host   | `INIT_ERROR` | 0     | the error document; the host exits                                      |
| host   | `STARTED`    | event | none: the handler is about to run                                       |
| host   | `RESULT`     | event | answer head, then the result as the runtime encoded it                  |
| host   | `ERROR`      | event | answer head, then the error document                                    |
| host   | `LOADED`     | 0     | JSON: files loaded since the last one; only if `INIT` asked for it      |
| host   | `DECLINED`   | event | none: an event sent ahead that this host will not begin                 |

The answer head is two numbers of four bytes: microseconds from start to result, peak resident memory in KiB; the
second one's highest bit says that nothing the event printed waits to be read.
Events may wait in the socket: a host works them off in order, one at a time, and says `STARTED` for each.
An event sent ahead may be taken back, so a host claims it (`claims.py`) before it begins it, and drops it in silence if
it was. After an event that printed, a host declines those sent ahead until the next `EVENT`: so all that can be read of
its output when its answer is heard is its own.
`LOADED` comes before `READY` and after an answer, whatever runs by then; its JSON is `{"files": [..], "missed": [..]}`,
see `loads.py`.

`hosts/python_host.py` and `hosts/node_host.cjs` speak the same; they cannot import this.
"""

import struct
from typing import Final, NamedTuple

INIT: Final = 0
EVENT: Final = 1
AHEAD: Final = 2
READY: Final = 0
STARTED: Final = 1
RESULT: Final = 2
ERROR: Final = 3
INIT_ERROR: Final = 4
LOADED: Final = 5
DECLINED: Final = 6

REQUEST_ID_LENGTH: Final = 36

_HEAD = struct.Struct("<IBI")
_ANSWER = struct.Struct("<II")
_IN_LENGTH = _HEAD.size - 4
_QUIET: Final = 1 << 31


class DamagedChannel(Exception):
    """Bytes that no host would send: user code wrote to the channel."""


class Frame(NamedTuple):
    """One frame from a host; `oversized` means that of its payload only the answer head was kept."""

    kind: int
    id: int
    payload: bytes
    oversized: bool = False


class Answer(NamedTuple):
    """What a `RESULT` or `ERROR` frame carries."""

    duration: float
    max_memory: int
    document: bytes
    quiet: bool = False


def encode(kind: int, id: int, payload: bytes) -> bytes:  # noqa: A002 - the frame's own word
    return _HEAD.pack(len(payload) + _IN_LENGTH, kind, id) + payload


def decode(frame: bytes) -> tuple[int, int, bytes]:
    """Return kind, id and payload of one whole frame."""
    _, kind, number = _HEAD.unpack_from(frame)
    return kind, number, frame[_HEAD.size :]


def answer(duration: float, max_memory: int, document: bytes) -> bytes:
    """Return the payload of a `RESULT` or `ERROR` frame, from seconds and KiB."""
    return _ANSWER.pack(int(duration * 1e6) & 0xFFFFFFFF, max_memory) + document


def read_answer(payload: bytes) -> Answer:
    """Split the payload of a `RESULT` or `ERROR` frame.

    Raises:
        DamagedChannel: it is too short.
    """
    if len(payload) < _ANSWER.size:
        raise DamagedChannel("an answer without its head")
    micros, kib = _ANSWER.unpack_from(payload)
    quiet, kib = bool(kib & _QUIET), kib & ~_QUIET
    return Answer(micros / 1e6, -(-kib // 1024), payload[_ANSWER.size :], quiet)


class FrameReader:
    """Cuts what an environment sends into frames, holding at most one payload of `limit` bytes.

    A longer answer is dropped as it arrives and then handed out as an oversized frame; so it costs no memory, and the
    environment stays usable, as on AWS.
    """

    def __init__(self, limit: int) -> None:
        self._longest = _IN_LENGTH + _ANSWER.size + limit
        self._buffer = bytearray()
        self._to_drop = 0
        self._dropping = Frame(0, 0, b"")

    def feed(self, received: bytes) -> list[Frame]:
        """Take received bytes and return the frames they complete.

        Raises:
            DamagedChannel: the bytes are no frames.
        """
        frames: list[Frame] = []
        if self._to_drop:
            received = self._drop(received, frames)
        self._buffer += received
        offset = 0
        while len(self._buffer) - offset >= _HEAD.size:
            length, kind, id_ = _HEAD.unpack_from(self._buffer, offset)
            self._check(length, kind)
            if length > self._longest:
                begin = offset + _HEAD.size
                if len(self._buffer) < begin + _ANSWER.size:
                    break
                head = bytes(self._buffer[begin : begin + _ANSWER.size])
                self._start_dropping(Frame(kind, id_, head, oversized=True), length - _IN_LENGTH - _ANSWER.size)
                rest = bytes(self._buffer[begin + _ANSWER.size :])
                self._buffer.clear()
                rest = self._drop(rest, frames)
                return frames + self.feed(rest) if rest else frames
            end = offset + 4 + length
            if len(self._buffer) < end:
                break
            frames.append(Frame(kind, id_, bytes(self._buffer[offset + _HEAD.size : end])))
            offset = end
        if offset:
            del self._buffer[:offset]
        return frames

    def _check(self, length: int, kind: int) -> None:
        if length < _IN_LENGTH or kind > DECLINED:
            raise DamagedChannel("no frame begins like this")
        if length > self._longest and kind not in {RESULT, ERROR}:
            raise DamagedChannel("a frame longer than its kind can be")

    def _start_dropping(self, frame: Frame, size: int) -> None:
        self._dropping = frame
        self._to_drop = size

    def _drop(self, received: bytes, frames: list[Frame]) -> bytes:
        """Drop the begin of `received` as far as it belongs to the oversized frame; return the rest."""
        dropped = min(self._to_drop, len(received))
        self._to_drop -= dropped
        if not self._to_drop:
            frames.append(self._dropping)
        return received[dropped:]
