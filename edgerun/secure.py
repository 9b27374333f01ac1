"""The HTTPS listener beside the HTTP one: its port, and the certificate a viewer gets."""

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from edgerun.banner import EVERYWHERE, LOOPBACK
from edgerun.config.names import is_host
from edgerun.distribution.model import Distribution
from edgerun.doors.http2 import PROTOCOLS
from edgerun.home import data_folder
from edgerun.listening import listen


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """How to serve HTTPS.

    Attributes:
        port: where to listen; the next free one if taken, 0 for any.
        certificate, key: PEM files of the user's own; without them the local authority issues what is needed. The key
            may be in the certificate's file.
    """

    port: int = 8443
    certificate: Path | None = None
    key: Path | None = None


class SecurePort:
    """The listener, and the TLS settings it is served with; `authority` is the certificate to trust, if it is ours."""

    def __init__(self, secured: Secured, host: str, *, strict: bool) -> None:
        self.listener, moved = listen(host, secured.port, strict=strict, flag="--https-port")
        self.port: int = self.listener.getsockname()[1]
        self.asked = secured.port if moved else None
        self.authority: Path | None = None
        self._secured = secured
        self._host = host

    def context(self, distributions: Callable[[], Iterable[Distribution]], *, http2: bool) -> ssl.SSLContext:
        """Return the TLS settings.

        Raises:
            ConfigError: the certificate or the authority cannot be used.
        """
        context, self.authority = tls_context(self._secured, self._host, distributions, http2=http2)
        return context


def tls_context(
    secured: Secured, host: str, distributions: Callable[[], Iterable[Distribution]], *, http2: bool
) -> tuple[ssl.SSLContext, Path | None]:
    """Return the TLS settings, and the local authority's certificate where it issues those of viewers.

    Raises:
        ConfigError: the certificate or the authority cannot be used.
    """
    from edgerun.tls.authority import Authority  # noqa: PLC0415  # cryptography only where it is used
    from edgerun.tls.contexts import LocalContexts, context_of  # noqa: PLC0415

    protocols = PROTOCOLS if http2 else PROTOCOLS[1:]
    if secured.certificate is not None:
        return context_of(secured.certificate, secured.key, protocols), None
    authority = Authority(data_folder(os.environ) / "ca", time.time())
    contexts = LocalContexts(authority, _names(host), distributions, protocols=protocols, clock=time.time)
    return contexts.context, authority.certificate


def _names(host: str) -> tuple[str, ...]:
    """Return by which names others than this machine can reach a listener."""
    if host in LOOPBACK:
        return ()
    own = socket.gethostname().lower()
    named = (own,) if is_host(own) else ()
    return named if host in EVERYWHERE else (*named, host)


async def serve_all(servers: Iterable[tuple[uvicorn.Server, socket.socket]]) -> None:
    """Serve several listeners until all of them have ended."""
    await asyncio.gather(*(server.serve(sockets=[listener]) for server, listener in servers))
