"""The connections of one origin: which to use (`Pool`, which only decides) and how to open one (`Connector`)."""

import asyncio
import ipaddress
import socket
import ssl
from collections import OrderedDict, deque
from typing import Final, NamedTuple

from edgerun.errors import OriginConnectError, OriginDnsError, OriginTimeout
from edgerun.origins.connection import Connection, Keeper

DNS_SECONDS: Final = 5.0

Grant = Connection | None
"""What a waiter gets: a free connection, or None, the right to open one."""


class Pool:
    """Free connections, newest first, and the count of all; it opens nothing.

    Every slot taken by `may_open` or granted as None ends in `spent`, which opening's failure must call too.
    """

    def __init__(self, *, keepalive_timeout: float, limit: int | None = None) -> None:
        self.closed = False
        self._keepalive = keepalive_timeout
        self._limit = limit
        self._slots = 0
        self._free: OrderedDict[Connection, None] = OrderedDict()
        self._open: set[Connection] = set()
        self._waiters: deque[asyncio.Future[Grant]] = deque()
        self._reaper: asyncio.TimerHandle | None = None
        self._emptied: asyncio.Future[None] | None = None

    def take(self) -> Connection | None:
        """Return the connection that was free for the shortest time, if there is one to reuse."""
        if not self._free:
            return None
        connection, _ = self._free.popitem()
        if connection.since + self._keepalive > connection.loop.time():
            return connection
        connection.close()
        return None

    def may_open(self) -> bool:
        """Take a slot for a new connection; False when all are in use."""
        if self._limit is not None and self._slots >= self._limit:
            if not self._free:
                return False
            oldest, _ = self._free.popitem(last=False)
            oldest.close()
        self._slots += 1
        return True

    def queue(self) -> "asyncio.Future[Grant]":
        """Wait for a slot; whoever gives up waiting must say so with `unqueue`."""
        waiter: asyncio.Future[Grant] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        return waiter

    def unqueue(self, waiter: "asyncio.Future[Grant]") -> None:
        """Give up waiting, and give back what was granted in the same moment."""
        if not waiter.done():
            waiter.cancel()
        elif not waiter.cancelled():
            connection = waiter.result()
            if connection is None:
                self.free_slot()
            elif not connection.closed:
                self.release(connection)

    def opened(self, connection: Connection) -> bool:
        """A connection stands and is in use; False (and it is closed) when the pool was closed meanwhile."""
        if self.closed:
            connection.abort()
            return False
        self._open.add(connection)
        return True

    def free_slot(self) -> None:
        """A slot is free again: the first waiter may open a connection."""
        self._slots -= 1
        if self._grant(None):
            self._slots += 1

    def release(self, connection: Connection) -> None:
        """A connection is free: it goes to the first waiter, else it is kept."""
        if self.closed:
            connection.abort()
        elif not self._grant(connection):
            self._free[connection] = None
            if self._reaper is None:
                self._reaper = connection.loop.call_later(self._keepalive, self._reap)

    def spent(self, connection: Connection) -> None:
        self._free.pop(connection, None)
        if connection in self._open:
            self.free_slot()

    def lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        if self._emptied is not None and not self._open and not self._emptied.done():
            self._emptied.set_result(None)

    async def aclose(self) -> None:
        """Close every connection, busy ones too, and wait until their sockets are closed."""
        self.closed = True
        if self._reaper is not None:
            self._reaper.cancel()
        while self._grant(None):
            self._slots += 1
        for connection in list(self._open):
            connection.abort()
        if self._open:
            self._emptied = asyncio.get_running_loop().create_future()
            await self._emptied

    def _grant(self, grant: Grant) -> bool:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(grant)
                return True
        return False

    def _reap(self) -> None:
        """Close what was free for too long, oldest first, and come back for the next."""
        self._reaper = None
        while self._free:
            oldest = next(iter(self._free))
            left = oldest.since + self._keepalive - oldest.loop.time()
            if left > 0:
                self._reaper = oldest.loop.call_later(left, self._reap)
                return
            oldest.close()

    def __repr__(self) -> str:
        waiting = sum(not waiter.done() for waiter in self._waiters)
        limit = "" if self._limit is None else f" of {self._limit}"
        free = len(self._free)
        return f"<Pool {self._slots - free} busy, {free} free{limit}, {waiting} waiting{', closed' * self.closed}>"


class Target(NamedTuple):
    """Where an origin listens; `tls` is None for plain HTTP."""

    name: str
    host: str
    port: int
    tls: ssl.SSLContext | None
    server_hostname: str | None


class Connector:
    """Opens connections to one origin, and knows its addresses for a few seconds."""

    def __init__(self, target: Target, *, connection_timeout: float, read_timeout: float) -> None:
        self.label = f"origin {target.name!r} at {target.host}:{target.port}"
        self._target = target
        self._timeout = connection_timeout
        self._read_timeout = read_timeout
        self._addresses: tuple[str, ...] = (target.host,)
        self._known_until = float("inf") if _is_address(target.host) else float("-inf")

    async def resolve(self) -> tuple[str, ...]:
        """Return the origin's addresses.

        Raises:
            OriginDnsError: the name does not resolve, or not in time.
        """
        loop = asyncio.get_running_loop()
        if loop.time() < self._known_until:
            return self._addresses
        target = self._target
        try:
            async with asyncio.timeout(self._timeout):
                found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except TimeoutError as error:
            raise OriginDnsError(f"{self.label}: the name did not resolve within {self._timeout:g} s") from error
        except (OSError, UnicodeError) as error:
            raise OriginDnsError(f"{self.label}: the name does not resolve: {_reason(error)}") from error
        self._addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
        self._known_until = loop.time() + DNS_SECONDS
        return self._addresses

    async def open(self, keeper: Keeper, *, attempt: int) -> Connection:
        """Open a connection, trying each address once; later attempts begin with later addresses.

        Raises:
            OriginError: no name, no connection, or not in time.
        """
        addresses = await self.resolve()
        first = attempt % len(addresses)
        try:
            async with asyncio.timeout(self._timeout):
                return await self._open_one_of(addresses[first:] + addresses[:first], keeper)
        except TimeoutError as error:
            raise OriginTimeout(f"{self.label} did not connect within {self._timeout:g} s") from error

    async def _open_one_of(self, addresses: tuple[str, ...], keeper: Keeper) -> Connection:
        loop = asyncio.get_running_loop()
        target = self._target
        fault: OSError | None = None
        for address in addresses:
            connection = Connection(keeper, loop, label=self.label, read_timeout=self._read_timeout)
            try:
                await loop.create_connection(
                    lambda protocol=connection: protocol,
                    address,
                    target.port,
                    ssl=target.tls,
                    server_hostname=target.server_hostname,
                )
            except OSError as error:
                fault = error
            else:
                return connection
        assert fault is not None
        raise self._fault(addresses[-1], fault) from fault

    def _fault(self, address: str, error: OSError) -> OriginConnectError | OriginTimeout:
        where = f"{self.label} ({address})" if address != self._target.host else self.label
        if isinstance(error, TimeoutError):
            return OriginTimeout(f"{where} did not connect: {_reason(error)}")
        if isinstance(error, ConnectionRefusedError):
            return OriginConnectError(f"{where} refused the connection")
        if self._target.tls is not None:
            return OriginConnectError(f"{where}: TLS as {self._target.server_hostname!r} failed: {_reason(error)}")
        return OriginConnectError(f"{where}: no connection: {_reason(error)}")


def _reason(error: Exception) -> str:
    verify = getattr(error, "verify_message", None)
    if verify:
        return f"certificate verify failed: {verify}"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
