"""What a worker is started with: one value, handed over on the channel before anything else."""

import pickle
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgerun.distribution.model import Config
from edgerun.functions.log_lines import LogFormat
from edgerun.workers.frames import Frames, framed

if TYPE_CHECKING:
    from edgerun.secure import Secured


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a worker does.

    The configuration is handed over as it was read and checked, and never read anew: all workers serve the same one,
    whatever is in its file by the time one of them has to be replaced.

    Attributes:
        number: which worker it is, from 1 on.
        config: what it serves.
        path: where that came from.
        listeners: descriptors of the listeners of the port; its own is the one of its number.
        secure_listeners: the same for HTTPS.
        https: how that is served; None where it is not.
        host: the address that is listened on.
        https_port: where viewers are sent from HTTP; 0 leaves them the port they gave.
        http2: speak HTTP/2 with viewers that do.
        url: where viewers find it.
        admin_port, token: the parent's admin port, for what of it a worker answers; 0 without one.
        log_format: of the functions' logs.
        verbose, as_json, quiet, colour: what it says of requests, and how.
    """

    number: int
    config: Config
    path: Path
    listeners: tuple[int, ...]
    secure_listeners: tuple[int, ...] = ()
    https: "Secured | None" = None
    host: str = ""
    https_port: int = 0
    http2: bool = False
    url: str = ""
    admin_port: int = 0
    token: str = ""
    log_format: LogFormat = "text"
    verbose: bool = False
    as_json: bool = False
    quiet: bool = False
    colour: bool = False


def handed_over(assignment: Assignment) -> bytes:
    """Return an assignment as the first frame on a channel."""
    return framed(pickle.dumps(assignment))


def take_over(end: socket.socket) -> Assignment:
    """Read the assignment from a channel, and no byte more.

    Raises:
        EOFError: whoever gives it is gone.
    """
    frames, head = Frames(), _exactly(end, 4)
    frames.feed(head)
    (payload,) = frames.feed(_exactly(end, int.from_bytes(head, "little")))
    assignment = pickle.loads(payload)  # noqa: S301  # from the process that started this one
    assert isinstance(assignment, Assignment)
    return assignment


def _exactly(end: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        more = end.recv(min(65_536, size - len(received)))
        if not more:
            raise EOFError("the parent has ended")
        received += more
    return bytes(received)
