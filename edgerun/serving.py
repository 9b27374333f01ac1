"""What a process needs to answer viewers: uvicorn's servers over one door, on listeners that are open already."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterable
from typing import Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from edgerun.app import Edge
from edgerun.doors.asgi import AsgiDoor
from edgerun.doors.http2 import with_http2
from edgerun.doors.plain import PlainProtocol
from edgerun.doors.wire import WireProtocol

logger = logging.getLogger("edgerun.server")

GRACE: Final = 2
KEEP_ALIVE: Final = 60
HOOKS: Final = ("on_message_begin", "on_url", "on_header", "on_headers_complete", "on_body", "on_message_complete")

Listening = tuple[socket.socket, ssl.SSLContext | None]


def configs(edge: Edge, listening: Iterable[Listening], *, http2: bool) -> list[tuple[uvicorn.Config, socket.socket]]:
    """Return uvicorn's settings for each listener, over one door.

    Args:
        edge: answers.
        listening: listeners, each with its TLS settings, None for plain HTTP.
        http2: speak HTTP/2 with viewers that do.

    Raises:
        ConfigError: HTTP/2 is not installed.
    """
    door = AsgiDoor(edge if edge.recorder is None else edge.recorder.before(edge))
    return [(uvicorn_config(door, tls, http2=http2), listener) for listener, tls in listening]


def uvicorn_config(door: AsgiDoor, tls: ssl.SSLContext | None = None, *, http2: bool = False) -> uvicorn.Config:
    """Return uvicorn's settings: our door, nothing of its own in the answers or the log.

    Raises:
        ConfigError: HTTP/2 is not installed.
    """
    http1: type[asyncio.Protocol] = WireProtocol if wire_door_fits() else PlainProtocol
    return uvicorn.Config(
        door,
        http=with_http2(http1) if http2 else http1,
        ssl_context_factory=None if tls is None else lambda *_: tls,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )


def wire_door_fits() -> bool:
    """Tell whether uvicorn's protocol class still has the hooks the wire door builds on; else the ASGI door serves."""
    fits = all(callable(getattr(HttpToolsProtocol, hook, None)) for hook in HOOKS)
    if not fits:
        logger.warning("uvicorn %s has other hooks than expected: serving through ASGI, slower", uvicorn.__version__)
    return fits
