"""What a door knows of a viewer's TLS connection."""

import asyncio
from typing import Final

from edgerun.http.message import Tls

TLS_STATE: Final = "edgerun.tls"


def tls_of(transport: asyncio.BaseTransport) -> Tls | None:
    """Return what was agreed on with the viewer; None without TLS."""
    secured = transport.get_extra_info("ssl_object")
    cipher = None if secured is None else secured.cipher()
    if cipher is None:
        return None
    return Tls(protocol=secured.version(), cipher=cipher[0], resumed=bool(secured.session_reused))
