"""One connection to an origin, and the exchanges that take place on it one after the other."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Protocol, cast

from edgerun.errors import OriginProtocolError, OriginTimeout
from edgerun.http.message import OnInterim
from edgerun.origins.framing import Answer, Asked

HIGH_WATER: Final = 262_144


class Keeper(Protocol):
    """Who lends connections out and gets them back."""

    def release(self, connection: "Connection") -> None:
        """A connection can take another request."""
        ...

    def spent(self, connection: "Connection") -> None:
        """A connection takes no more requests; its socket may still be closing. Called once."""
        ...

    def lost(self, connection: "Connection") -> None:
        """A connection's socket is closed. Called once, after `spent`."""
        ...


class Exchange(Answer):
    """An answer on its connection: what the asker waits for, and the `Body` that is still arriving."""

    data: Final = None

    def __init__(self, connection: "Connection", asked: Asked, on_interim: OnInterim | None) -> None:
        super().__init__(asked, label=connection.label, on_interim=on_interim)
        self.connection = connection
        self.sent = True  # the request has left us whole
        self._waiter: asyncio.Future[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def reusable(self) -> bool:
        """Both messages were exchanged whole, the origin keeps the connection, and nothing surplus came."""
        return self.done and self.sent and self._persistent

    @property
    def full(self) -> bool:
        return self._buffered > HIGH_WATER

    def settle(self) -> None:
        """Wake whoever waits; at the end let go of the parser too, which refers back to us."""
        if self.done or self.error is not None:
            self._parser = None
            self._on_interim = None
            if self._deadline is not None:
                self._deadline.cancel()
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def answer(self) -> None:
        """Wait for the final head; raises whatever came instead."""
        while not self.answered or (self.status == 101 and self.leftover is None):
            if self.error is not None:
                raise self.error
            await self._wait()

    def break_at(self, deadline: float, error: OriginTimeout) -> None:
        """Break the answer off if it is not done at `deadline`, in the loop's time."""
        self._deadline = self.connection.loop.call_at(deadline, self.connection.fail, error, self)

    def stream(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        if start or stop is not None:
            raise ValueError("a streaming body can only be read whole")
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self._chunks:
            if self.error is not None:
                raise self.error
            if self.done:
                raise StopAsyncIteration
            await self._wait()
        chunk = self.take()
        self.connection.drained(self)
        return chunk

    async def aclose(self) -> None:
        """Give up the rest: the connection is closed, since only the end would free it for another request."""
        self.take()
        self.connection.fail(OriginProtocolError(f"{self.label}: the body was given up"), self)

    async def _wait(self) -> None:
        self._waiter = self.connection.loop.create_future()
        await self._waiter

    def __repr__(self) -> str:
        state = "failed" if self.error else "done" if self.done else "body" if self.answered else "waiting"
        return f"<Exchange {self._asked.method} {self.status or '-'} {state} {self._received} bytes>"


class Connection(asyncio.Protocol):
    """A socket to an origin. It is free or in one exchange; when closed it stays closed."""

    def __init__(self, keeper: Keeper, loop: asyncio.AbstractEventLoop, *, label: str, read_timeout: float) -> None:
        self.loop = loop
        self.label = label
        self.closed = False
        self.since = 0.0  # when the origin last did something
        self.transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._keeper = keeper
        self._read_timeout = read_timeout
        self._exchange: Exchange | None = None
        self._reading_paused = False
        self._writable: asyncio.Future[None] | None = None
        self._waits_for_us = False
        self._watchdog: asyncio.TimerHandle | None = None

    # -- the asker's side ----------------------------------------------------------------------------------------

    def begin(self, asked: Asked, body: bytes | None, on_interim: OnInterim | None) -> Exchange:
        """Send a request; without `body` the caller writes it and sets the exchange's `sent`."""
        assert self._exchange is None
        exchange = self._exchange = Exchange(self, asked, on_interim)
        exchange.sent = body is not None
        if not body:
            self.transport.write(asked.head)
        elif len(body) <= HIGH_WATER:
            self.transport.write(asked.head + body)
        else:
            self.transport.write(asked.head)
            self.transport.write(body)
        self.since = self.loop.time()
        if self._watchdog is None:
            self._watchdog = self.loop.call_later(self._read_timeout, self._watch)
        return exchange

    def serves(self, exchange: Exchange) -> bool:
        """Whether an exchange still goes on here."""
        return self._exchange is exchange

    async def write(self, data: bytes) -> None:
        """Send a part of the request's body and wait until more may follow."""
        self.transport.write(data)
        if self._writable is not None:
            await self._writable

    def waits_for_us(self, waits: bool) -> None:
        """Say whose turn it is: while the origin waits for us, the read timeout does not run."""
        self._waits_for_us = waits
        self.since = self.loop.time()

    def drained(self, exchange: Exchange) -> None:
        """The reader has taken everything: go on reading."""
        if self._reading_paused and self._exchange is exchange:
            self._resume()

    def fail(self, error: Exception, exchange: Exchange) -> None:
        """Break an exchange off and close; nothing happens if it is over."""
        if self._exchange is exchange:
            self._exchange = None
            exchange.error = error
            self.abort()
            exchange.settle()

    def detach(self, exchange: Exchange) -> bytes:
        """Give the socket away after a 101, with reading paused; returns what came after the head."""
        assert self._exchange is exchange
        self._exchange = None
        exchange.done = True
        exchange.settle()
        return exchange.leftover or b""

    def close(self) -> None:
        """Close after what is written has left."""
        if not self.closed:
            self._retire()
            self.transport.close()

    def abort(self) -> None:
        """Close now."""
        if not self.closed:
            self._retire()
        self.transport.abort()

    # -- the socket's side ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:  # nobody asked
            self.abort()
            return
        self.since = self.loop.time()
        exchange.feed(data)
        if exchange.error is not None:
            self.fail(exchange.error, exchange)
        elif exchange.done:
            self._finish(exchange)
        elif exchange.full or exchange.leftover is not None:
            self._pause()
        exchange.settle()

    def eof_received(self) -> None:
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc)
        self._keeper.lost(self)

    def pause_writing(self) -> None:
        self._writable = self.loop.create_future()

    def resume_writing(self) -> None:
        self.since = self.loop.time()
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    # -- inside --------------------------------------------------------------------------------------------------

    def _finish(self, exchange: Exchange) -> None:
        self._exchange = None
        self._waits_for_us = False
        if self._reading_paused:
            self._resume()
        flushed = self.transport.get_write_buffer_size() == 0
        if exchange.reusable and flushed and not self.transport.is_closing():
            self._keeper.release(self)
        elif exchange.sent and flushed:
            self.close()
        else:  # an origin that stopped reading would keep a close waiting
            self.abort()

    def _end(self, fault: Exception | None) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.ended(fault)
            self.abort()
            exchange.settle()
        elif not self.closed:
            self._retire()

    def _retire(self) -> None:
        self.closed = True
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
        self.resume_writing()
        self._keeper.spent(self)

    def _pause(self) -> None:
        if not self._reading_paused:
            self._reading_paused = True
            self.transport.pause_reading()

    def _resume(self) -> None:
        self._reading_paused = False
        self.since = self.loop.time()
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def _watch(self) -> None:
        """Re-arm for what is left of the read timeout, or end the exchange; stop watching a free connection."""
        self._watchdog = None
        exchange = self._exchange
        if exchange is None:
            return
        ours = self._reading_paused or self._waits_for_us
        left = self._read_timeout if ours else self.since + self._read_timeout - self.loop.time()
        if left > 0:
            self._watchdog = self.loop.call_later(left, self._watch)
            return
        what = "sent nothing" if not exchange.started else "went silent"
        self.fail(OriginTimeout(f"{self.label} {what} for {self._read_timeout:g} s"), exchange)

    def __repr__(self) -> str:
        state = "closed" if self.closed else "free" if self._exchange is None else "busy"
        return f"<Connection {self.label} {state}>"
