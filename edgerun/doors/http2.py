"""HTTP/2 to viewers, experimental: uvicorn's protocol over zttp in front of the ASGI door; HTTP/1.x stays on the wire.

Over TLS the viewer's ALPN decides. Without TLS a connection that begins with HTTP/2's preface speaks it ("prior
knowledge", RFC 9113 §3.3); an upgrade from HTTP/1.1 is not offered, as it is deprecated.
"""

import asyncio
from typing import Any, ClassVar, Final

from uvicorn.protocols.utils import is_ssl

from edgerun.doors.secured import TLS_STATE, tls_of
from edgerun.errors import ConfigError

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PROTOCOLS: Final = ("h2", "http/1.1")
MISSING: Final = "--http2 needs the package zttp: pip install 'edgerun[h2]'"


def with_http2(http1: type[asyncio.Protocol]) -> "type[Http2Switch]":
    """Return the protocol that speaks HTTP/2 with those who do, and for all others is `http1`.

    Raises:
        ConfigError: the package for it is not installed.
    """
    try:
        from uvicorn.protocols.http.zttp_h2_impl import ZttpH2Protocol  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise ConfigError(MISSING) from error

    class Switch(Http2Switch):
        kinds = (http1, ZttpH2Protocol)

    return Switch


class Http2Switch(asyncio.Protocol):
    """Looks at how a connection begins, and gives it to the protocol that is spoken there."""

    kinds: ClassVar[tuple[type[asyncio.Protocol], type[asyncio.Protocol]]]

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        if not config.loaded:
            config.load()
        self._config = config
        self._server_state = server_state
        self._app_state = app_state
        self._loop = _loop or asyncio.get_running_loop()
        self._connections = server_state.connections
        self._begun = b""
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        if is_ssl(transport):
            secured = transport.get_extra_info("ssl_object")
            self._give(http2=secured.selected_alpn_protocol() == "h2")
            return
        self._connections.add(self)
        self._timer = self._loop.call_later(self._config.timeout_keep_alive, transport.close)

    def data_received(self, data: bytes) -> None:
        self._begun += data
        if len(self._begun) < len(PREFACE) and PREFACE.startswith(self._begun):
            return
        self._leave()
        self._give(http2=self._begun.startswith(PREFACE))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the transport's interface
        self._leave()

    def shutdown(self) -> None:
        """Close: nothing has been asked yet; called by uvicorn."""
        self._transport.close()

    def _leave(self) -> None:
        self._connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give(self, *, http2: bool) -> None:
        kind: Any = self.kinds[http2]
        # The only thing of ours that uvicorn's protocol carries into every scope of a connection.
        state = {**self._app_state, TLS_STATE: tls_of(self._transport)} if http2 else self._app_state
        protocol = kind(config=self._config, server_state=self._server_state, app_state=state, _loop=self._loop)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        if self._begun:
            protocol.data_received(self._begun)
