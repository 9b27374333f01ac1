"""One request and its answer on a viewer's connection."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final

from edgerun.asking import Pending
from edgerun.doors.incoming import IncomingBody, nothing
from edgerun.doors.outgoing import BODILESS, LAST_CHUNK, chunk, head, interim_head, tunnel_head
from edgerun.eager import Begun
from edgerun.errors import EdgeError, RequestError
from edgerun.http.message import Interim, Request, Response, Tunnel
from edgerun.run import Run
from edgerun.visit import Delivery

if TYPE_CHECKING:
    from edgerun.doors.wire import Entrance, WireProtocol

JOINED_UP_TO: Final = 65_536


class Turn:
    """Runs the pipeline for one request and writes what comes of it, when it is this one's turn."""

    __slots__ = ("_door", "_head_written", "_pending", "_sent", "_task", "body", "keep_alive", "refusal", "request")

    def __init__(self, door: "WireProtocol", request: Request, *, keep_alive: bool) -> None:
        self.request = request
        self.keep_alive = keep_alive
        self.refusal: RequestError | None = None
        self.body: IncomingBody = NO_INCOMING
        self._door = door
        self._head_written = False
        self._sent = 0
        self._task: Run | None = None
        self._pending: Pending | None = None

    def start(self, pipeline: "Entrance") -> None:
        """Begin; finishes at once when nothing has to wait."""
        if self.refusal is not None:
            self._write_whole(pipeline.refuse(self.refusal, self.request))
            return
        same = self.request.same
        if same is not None and same.asking is not None:
            self._pending = pipeline.ask(self.request, self._resume, self._send_interim)
            if self._pending is not None:
                return
        self._go_on(pipeline.begin(self.request, self._send_interim))

    def _resume(self, begun: Begun) -> None:
        """Go on once the function has answered; nothing may be raised at it."""
        self._pending = None
        try:
            self._go_on(begun)
        except Exception:
            self._door.logger.exception("edgerun failed on a request; this is a fault of edgerun's own")
            self._door.transport.abort()

    def _go_on(self, begun: Begun) -> None:
        if isinstance(begun, Delivery):
            at_hand = begun.response.body.data is not None and self.body is NO_INCOMING
            if at_hand and not self._door.flow.write_paused:
                self._write_whole(begun)
                return
            begun = _at_once(begun)
        tasks: set[Any] = self._door.tasks
        self._task = Run(self._door.loop, self._run(begun), tasks.discard)
        tasks.add(self._task)
        if b"upgrade" in self.request.headers:  # what follows the head belongs to the tunnel, and is not here yet
            self._door.loop.call_soon(self._task.start)
        else:
            self._task.start()

    def be_last(self) -> bool:
        """Be the last turn of the connection and say so in the head; return False if that has gone out already."""
        if not self._head_written:
            self.keep_alive = False
        return not self._head_written

    def viewer_left(self) -> None:
        """Give up what only this viewer needed."""
        self.body.fail()
        if self._pending is not None:
            self._pending.leave()
        if self._task is not None:
            self._task.cancel()

    def send_continue(self) -> None:
        """Tell a waiting viewer to send its body."""
        if not self._head_written and not self._door.transport.is_closing():
            self._door.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    # ------------------------------------------------------------------------------

    async def _run(self, begun: Coroutine[Any, Any, Delivery]) -> None:
        try:
            delivery = await begun
            if delivery.tunnel is not None:
                self._open(delivery, delivery.tunnel)
            else:
                await self._write(delivery)
        except asyncio.CancelledError:
            self._door.transport.abort()
            raise
        except Exception:
            self._door.logger.exception("edgerun failed on a request; this is a fault of edgerun's own")
            self._door.transport.abort()

    async def _write(self, delivery: Delivery) -> None:
        complete = False
        try:
            if self._door.flow.write_paused:
                await self._door.flow.drain()
            if delivery.response.body.data is not None:
                self._write_data(delivery)
            else:
                await self._write_stream(delivery)
            complete = True
        except EdgeError:
            pass  # the origin broke off: the viewer sees the break too, never a clean end
        finally:
            await delivery.body.aclose()
            delivery.sent(self._sent, complete=complete)
        self._finish(clean=complete)

    def _write_whole(self, delivery: Delivery) -> None:
        self._write_data(delivery)
        delivery.sent(self._sent, complete=True)
        self._finish(clean=True)

    def _write_data(self, delivery: Delivery) -> None:
        response = delivery.response
        chunked = self._chunked(response)
        block = self._head(delivery, chunked=chunked)
        data = b"" if self._without_body(response.status) else response.body.data or b""
        if chunked:
            data = chunk(data) + LAST_CHUNK if data else LAST_CHUNK
        self._sent = len(block) + len(data)
        if len(data) <= JOINED_UP_TO:
            self._door.transport.write(block + data)
        else:
            self._door.transport.writelines((block, data))

    async def _write_stream(self, delivery: Delivery) -> None:
        response, transport, flow = delivery.response, self._door.transport, self._door.flow
        silent, chunked = self._without_body(response.status), self._chunked(response)
        self._write_bytes(self._head(delivery, chunked=chunked))
        if silent:
            return
        async for data in response.body.stream():
            self._write_bytes(chunk(data) if chunked else data)
            if flow.write_paused:
                await flow.drain()
            if transport.is_closing():
                raise asyncio.CancelledError
        if chunked:
            self._write_bytes(LAST_CHUNK)

    def _head(self, delivery: Delivery, *, chunked: bool) -> bytes:
        if delivery.close or not self.body.complete:
            self.keep_alive = False
        self._head_written = True
        return head(delivery.response, keep_alive=self.keep_alive, chunked=chunked)

    def _chunked(self, response: Response) -> bool:
        """Tell whether the body goes out in chunks: it has no declared length, be it stored, whole or arriving.

        A viewer of HTTP/1.0 knows no chunks; the end of the connection tells the end of the body.
        """
        if b"content-length" in response.headers or self._without_body(response.status):
            return False
        if self.request.http_version == "1.1":
            return True
        self.keep_alive = False
        return False

    def _without_body(self, status: int) -> bool:
        return self.request.method == "HEAD" or status in BODILESS

    def _write_bytes(self, data: bytes) -> None:
        self._sent += len(data)
        self._door.transport.write(data)

    def _send_interim(self, interim: Interim) -> None:
        """Relay a 1xx to a viewer who may see it: not HTTP/1.0, not after the head, not before its turn."""
        door = self._door
        may_see = self.request.http_version != "1.0" and interim.status != 100
        if may_see and not self._head_written and door.turn is self and not door.transport.is_closing():
            door.transport.write(interim_head(interim))

    def _open(self, delivery: Delivery, tunnel: Tunnel) -> None:
        """Join the viewer's connection to the origin's."""
        door = self._door
        block = tunnel_head(tunnel.response, self.request.headers.get(b"upgrade") or b"websocket")
        door.transport.write(block)

        def closed(sent: int, received: int) -> None:
            delivery.sent(len(block) + sent, complete=True, received=received)

        protocol = tunnel.join(door.transport, closed)
        surplus = door.take_surplus()
        door.hand_over(protocol)
        if surplus:
            protocol.data_received(surplus)

    def _finish(self, *, clean: bool) -> None:
        self.body.discard()
        if clean:
            self._door.next_turn(keep_alive=self.keep_alive)
        else:
            self._door.transport.abort()


async def _at_once(delivery: Delivery) -> Delivery:
    return delivery


def _complete_body() -> IncomingBody:
    body = IncomingBody(length=0, pause=nothing, resume=nothing, on_read=nothing)
    body.complete = True
    return body


NO_INCOMING: Final = _complete_body()
