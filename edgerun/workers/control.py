"""Both ends of the channel between the parent and a worker: words, orders and their answers, as JSON in frames.

| message                             | means                                                            |
| ----------------------------------- | ---------------------------------------------------------------- |
| `{"say": WORD, ...}`                | one side tells the other something                               |
| `{"n": NUMBER, "do": ORDER, ...}`   | one side wants something done                                    |
| `{"n": NUMBER, "part": {...}}`      | a part of the answer                                             |
| `{"n": NUMBER, "done": {...}}`      | the rest of the answer                                           |
| `{"n": NUMBER, "fault": SENTENCE}`  | there is no answer                                               |
| `{"n": NUMBER, "leave": true}`      | whoever asked does not want the answer any more                  |
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, cast

import orjson

from edgerun.errors import EdgerunError
from edgerun.workers.frames import DamagedFrame, Frames, framed

Message = dict[str, Any]
OnPart = Callable[[Message], Awaitable[None]]
Hear = Callable[[Message], None]
CarryOut = Callable[[Message, OnPart], Awaitable[Message]]


class NoAnswer(EdgerunError):
    """The other side did not do what it was asked to: it ended first, or says why."""


async def refuse(order: Message, _: OnPart) -> Message:
    """Carry nothing out, for a side that takes no orders."""
    raise NoAnswer(f"{order.get('do')!r} is not done here")


class Link(asyncio.Protocol):
    """One end. `hear` gets what is told, `carry_out` what is ordered; `lost` is set once the other end is gone."""

    def __init__(self, hear: Hear, carry_out: CarryOut = refuse) -> None:
        self.lost = asyncio.Event()
        self._hear = hear
        self._carry_out = carry_out
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._last = 0
        self._asked: dict[int, asyncio.Queue[Message]] = {}
        self._working: dict[int, asyncio.Task[None]] = {}

    @classmethod
    async def over(cls, end: socket.socket, hear: Hear, carry_out: CarryOut = refuse) -> "Link":
        """Return a link over one end of a pair of sockets, which it takes."""
        link = cls(hear, carry_out)
        end.setblocking(False)
        await asyncio.get_running_loop().create_unix_connection(lambda: link, sock=end)
        return link

    @property
    def waiting(self) -> int:
        """Bytes that the other side has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def tell(self, word: str, **more: object) -> None:
        """Tell the other side something; if it is gone, nobody hears it."""
        self._send({"say": word, **more})

    async def ask(self, order: str, **more: object) -> Message:
        """Have something done, and return the answer.

        Raises:
            NoAnswer: the other side is gone, or says why not.
        """
        async with contextlib.aclosing(self.stream(order, **more)) as answer:
            async for message in answer:
                if "done" in message:
                    return cast("Message", message["done"])
        raise NoAnswer("the answer has no end")  # pragma: no cover

    async def stream(self, order: str, **more: object) -> AsyncGenerator[Message, None]:
        """Have something done, and yield `{"part": …}` for each part of the answer, then `{"done": …}`.

        Raises:
            NoAnswer: the other side is gone, or says why not.
        """
        self._last += 1
        number = self._last
        answers = self._asked[number] = asyncio.Queue()
        if self.lost.is_set():
            answers.put_nowait({"fault": "it has ended"})
        self._send({"n": number, "do": order, **more})
        ended = False
        try:
            while not ended:
                message = await answers.get()
                ended = "part" not in message
                if "fault" in message:
                    raise NoAnswer(str(message["fault"]))
                yield message
        finally:
            del self._asked[number]
            if not ended:
                self._send({"n": number, "leave": True})

    def send_frame(self, frame: bytes) -> None:
        """Send a frame that is no message, which the other side expects before the first one."""
        assert self._transport is not None
        self._transport.write(frame)

    async def aclose(self) -> None:
        """Send what is to be sent, and end."""
        if self._transport is not None:
            self._transport.close()
            await self.lost.wait()

    # ------------------------------------------------------------------ what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        try:
            for payload in self._frames.feed(data):
                self._take(orjson.loads(payload))
        except DamagedFrame:
            assert self._transport is not None
            self._transport.abort()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.lost.set()
        self._writable.set()
        for answers in self._asked.values():
            answers.put_nowait({"fault": "it has ended"})
        for task in self._working.values():
            task.cancel()

    # ------------------------------------------------------------------ messages

    def _take(self, message: Message) -> None:
        if "say" in message:
            self._hear(message)
            return
        number = message["n"]
        if "do" in message:
            task = self._working[number] = asyncio.ensure_future(self._work(number, message))
            task.add_done_callback(lambda _: self._working.pop(number, None))
        elif "leave" in message:
            if number in self._working:
                self._working[number].cancel()
        elif number in self._asked:
            self._asked[number].put_nowait(message)

    async def _work(self, number: int, order: Message) -> None:
        async def part(content: Message) -> None:
            self._send({"n": number, "part": content})
            await self._writable.wait()

        try:
            done = await self._carry_out(order, part)
        except Exception as error:  # noqa: BLE001  # whoever asked hears of it
            self._send({"n": number, "fault": str(error) or type(error).__name__})
        else:
            self._send({"n": number, "done": done})

    def _send(self, message: Message) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(framed(orjson.dumps(message)))
