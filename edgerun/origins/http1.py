"""An HTTP/1.1 origin: requests over kept connections, with CloudFront's attempts and timeouts."""

import asyncio
import ssl
from typing import Final

from edgerun.errors import OriginConnectError, OriginProtocolError, OriginTimeout
from edgerun.http.message import NO_BODY, Body, BytesBody, OnInterim, Request, Response, Tunnel
from edgerun.origins.connection import Connection, Exchange
from edgerun.origins.framing import Asked, ask
from edgerun.origins.pool import Connector, Grant, Pool, Target
from edgerun.origins.tunnel import Splice


class HttpOrigin:
    """A server that speaks HTTP/1.1, with a pool of kept connections.

    A connect failure is retried for every method; a read timeout before the first byte for GET and HEAD; a kept
    connection that turns out to be closed once, for GET, HEAD and OPTIONS. All this for requests without a body:
    nothing that may have had an effect is ever repeated. No names are resolved and nothing is opened before
    the first request.

    Args:
        name: the origin's id, for messages.
        host: name or address to connect to.
        port: TCP port.
        tls: speak HTTPS.
        server_hostname: name for SNI and the certificate; `host` if left out.
        ssl_context: for an authority of one's own; otherwise the system's, with verification.
        connection_attempts: how often to connect, or to ask again after a read timeout.
        connection_timeout: seconds for one connect, TLS included.
        read_timeout: seconds until the first byte and between any two packets.
        keepalive_timeout: seconds a free connection is kept.
        response_completion_timeout: seconds for everything, repetitions and body included; None for no limit.
        max_connections: how many at once; further requests wait as long as connecting may take. None for no limit.
    """

    in_any_task: Final = True

    def __init__(  # noqa: PLR0913 - CloudFront's origin settings, one by one
        self,
        name: str,
        *,
        host: str,
        port: int,
        tls: bool = False,
        server_hostname: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        connection_attempts: int = 3,
        connection_timeout: float = 10.0,
        read_timeout: float = 30.0,
        keepalive_timeout: float = 5.0,
        response_completion_timeout: float | None = None,
        max_connections: int | None = None,
    ) -> None:
        context = (ssl_context or ssl.create_default_context()) if tls else None
        target = Target(name, host, port, context, (server_hostname or host) if tls else None)
        self._connector = Connector(target, connection_timeout=connection_timeout, read_timeout=read_timeout)
        self._pool = Pool(keepalive_timeout=keepalive_timeout, limit=max_connections)
        self._label = self._connector.label
        self._attempts = connection_attempts
        self._patience = connection_attempts * connection_timeout
        self._budget = response_completion_timeout

    async def resolve(self) -> None:
        """Make sure that the origin's name resolves; an address is taken as it is.

        Raises:
            OriginDnsError: it does not.
        """
        await self._connector.resolve()

    async def fetch(self, request: Request, *, on_interim: OnInterim | None = None) -> Response | Tunnel:
        """Send the request and return the answer once its head is there; see `Origin.fetch`.

        Framing and connection lines are the client's own; those of the request are dropped.
        """
        try:
            asked = ask(request)
        except ValueError as error:
            raise OriginProtocolError(f"{self._label}: the request cannot be sent: {error}") from error
        if self._budget is None:
            return self._answer(await self._exchange(request, asked, on_interim))
        deadline = asyncio.get_running_loop().time() + self._budget
        late = OriginTimeout(f"{self._label} did not complete the response within {self._budget:g} s")
        try:
            async with asyncio.timeout_at(deadline):
                exchange = await self._exchange(request, asked, on_interim)
        except TimeoutError as error:
            raise late from error
        if not exchange.done:
            exchange.break_at(deadline, late)
        return self._answer(exchange)

    async def aclose(self) -> None:
        """Close all connections; requests in flight end with an `OriginError`."""
        await self._pool.aclose()

    def __repr__(self) -> str:
        return f"<HttpOrigin {self._label} {self._pool!r}>"

    @staticmethod
    def _answer(exchange: Exchange) -> Response | Tunnel:
        body: Body = exchange
        if exchange.done:
            data = exchange.take()
            body = BytesBody(data) if data else NO_BODY
        elif exchange.status == 101:
            early = exchange.connection.detach(exchange)
            splice = Splice(exchange.connection, early)
            return Tunnel(response=_response(exchange, NO_BODY), join=splice.join)
        return _response(exchange, body)

    async def _exchange(self, request: Request, asked: Asked, on_interim: OnInterim | None) -> Exchange:
        """Ask until an answer's head is there or nothing more may be tried."""
        attempt = 0
        fresh = False
        while True:
            connection = None if fresh else self._pool.take()
            reused = connection is not None
            if connection is None:
                connection, reused, attempt = await self._connect(attempt, fresh=fresh)
            exchange = connection.begin(asked, request.body.data, on_interim)
            try:
                await _finish_head(exchange, asked, request.body)
            except OriginTimeout:
                attempt += 1
                if exchange.started or not asked.repeatable or asked.method == "OPTIONS" or attempt >= self._attempts:
                    raise
            except OriginConnectError:
                if exchange.started or not asked.repeatable or not reused or self._pool.closed:
                    raise
            else:
                return exchange
            fresh = True

    async def _connect(self, attempt: int, *, fresh: bool) -> tuple[Connection, bool, int]:
        """Return a connection, whether it was used before, and the number of the attempt that brought it."""
        granted = None if self._pool.may_open() else await self._wait_for_slot()
        if granted is not None:
            if not granted.closed and not fresh:
                return granted, True, attempt
            granted.close()
            return await self._connect(attempt, fresh=fresh)
        while True:
            try:
                return await self._open(attempt), False, attempt
            except (OriginConnectError, OriginTimeout):
                attempt += 1
                if attempt >= self._attempts or self._pool.closed:
                    self._pool.free_slot()
                    raise
            except BaseException:
                self._pool.free_slot()
                raise

    async def _open(self, attempt: int) -> Connection:
        connection = None if self._pool.closed else await self._connector.open(self._pool, attempt=attempt)
        if connection is None or not self._pool.opened(connection):
            raise OriginConnectError(f"{self._label} is shut down")
        return connection

    async def _wait_for_slot(self) -> Grant:
        waiter = self._pool.queue()
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.shield(waiter)
        except TimeoutError as error:
            self._pool.unqueue(waiter)
            raise OriginTimeout(f"{self._label}: no connection became free in {self._patience:g} s") from error
        except asyncio.CancelledError:
            self._pool.unqueue(waiter)
            raise


def _response(exchange: Exchange, body: Body) -> Response:
    return Response(status=exchange.status, reason=exchange.reason, headers=exchange.headers, body=body)


async def _finish_head(exchange: Exchange, asked: Asked, body: Body) -> None:
    """Wait for the head, sending a streamed body meanwhile; cancelled, it closes the connection."""
    upload = None
    if not exchange.sent:
        upload = asyncio.get_running_loop().create_task(_upload(exchange, asked, body))
    try:
        try:
            await exchange.answer()
        finally:
            if upload is not None:
                upload.cancel()
                await asyncio.wait((upload,))
    except asyncio.CancelledError:
        exchange.connection.fail(OriginProtocolError(f"{exchange.label}: the request was given up"), exchange)
        raise


async def _upload(exchange: Exchange, asked: Asked, body: Body) -> None:
    """Send a body as it arrives; a fault in it ends the exchange."""
    connection = exchange.connection
    sent = 0
    connection.waits_for_us(True)
    try:
        async for chunk in body.stream():
            if not connection.serves(exchange):
                return
            connection.waits_for_us(False)
            sent += len(chunk)
            if body.length is not None and sent > body.length:
                break
            if chunk:
                await connection.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if asked.chunked else chunk)
            connection.waits_for_us(True)
        if body.length is not None and sent != body.length:
            raise OriginProtocolError(f"{exchange.label}: {body.length} bytes of body announced, {sent} given")
    except Exception as error:  # noqa: BLE001 - whatever the body's sender raises is what the request fails with
        connection.fail(error, exchange)
        return
    connection.waits_for_us(False)
    if not connection.serves(exchange):
        return
    if asked.chunked:
        connection.transport.write(b"0\r\n\r\n")
    exchange.sent = True
