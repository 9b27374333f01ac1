"""The way to a Redis server, which may be gone at any moment: short waits, no errors, and back by itself.

It is up, or it is not. While it is not, nobody waits for it. It goes down with the first answer that fails or
is late, on the way of commands or on that of news, and is tried again behind; before it is up, whoever owns it
catches up with what happened meanwhile.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.connection import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from edgerun.cache.store import Usage

T = TypeVar("T")

PATIENCE: Final = 0.25
"""Seconds for one answer."""
MORE: Final = 4
"""Times the patience for an answer with a piece of a body in it."""
PULSE: Final = 1.0
"""Seconds between two signs of life on the way of news."""
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 1.0
CONNECTIONS: Final = 16

LOST: Final = (RedisConnectionError, RedisTimeoutError, OSError, TimeoutError)


class LinkDownError(Exception):
    """There is no way to the server now."""


class Link:
    """A server, as far as it can be reached.

    Attributes:
        up: whether it can be reached, and everything it told has been heard.
    """

    def __init__(
        self,
        url: str,
        *,
        channel: str,
        catch_up: Callable[[], Awaitable[None]],
        heard: Callable[[bytes], None],
        tell: Callable[[str], None],
        patience: float = PATIENCE,
    ) -> None:
        """Make a link; nothing is sent before `start`.

        Args:
            url: `redis://`, `rediss://` or `unix://`.
            channel: where news come from.
            catch_up: called before the link is up, with the news already arriving.
            heard: called with each message.
            tell: is told, in a sentence, when it goes down and when it is back.
            patience: seconds for one answer.
        """
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=patience,
            socket_timeout=MORE * patience,
            socket_connect_timeout=patience,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        self.client = Redis.from_pool(pool)
        self.up = False
        self._patience = patience
        self._name = shown(url)
        self._channel = channel
        self._catch_up = catch_up
        self._heard = heard
        self._tell = tell
        self._tried = asyncio.Event()
        self._told = False
        self._pause = FIRST_PAUSE
        self._task: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect, in the running loop."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    @property
    def tried(self) -> bool:
        """Whether it was tried once at least."""
        return self._tried.is_set()

    async def reached(self) -> bool:
        """Return whether the link is up; at the very beginning, wait for the first try."""
        if not self.up and not self._tried.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._tried.wait(), 2 * self._patience)
        return self.up

    async def needed(self) -> None:
        """Wait as `reached` does.

        Raises:
            LinkDownError: it is not up.
        """
        if not await self.reached():
            raise LinkDownError

    async def ask(self, question: Awaitable[T], *, times: int = 1) -> T:
        """Return the answer to a command that was made for `client`, waiting some times the patience.

        Raises:
            LinkDownError: it did not come in time; the link is down now.
            RedisError: the server refuses.
        """
        try:
            async with asyncio.timeout(times * self._patience):
                return await question
        except LOST as error:
            self._down(error)
            raise LinkDownError from error

    async def aclose(self) -> None:
        """End it."""
        self.up = False
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.client.aclose()

    async def _run(self) -> None:
        while True:
            self._listening = asyncio.create_task(self._listen())
            try:
                await self._listening
            except asyncio.CancelledError:
                current = asyncio.current_task()
                if current is not None and current.cancelling():
                    self._listening.cancel()
                    await asyncio.gather(self._listening, return_exceptions=True)
                    raise
            except (*LOST, RedisError, LinkDownError) as error:
                self._down(error)
            self._tried.set()
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    async def _listen(self) -> None:
        """Connect, catch up, and hear the news until the link goes down."""
        async with self.client.pubsub() as news:
            await asyncio.wait_for(news.subscribe(self._channel), 2 * self._patience)
            await self._hear(news, "subscribe")
            await asyncio.wait_for(self._catch_up(), 20 * self._patience)
            self.up = True
            self._pause = FIRST_PAUSE
            self._tried.set()
            if self._told:
                self._told = False
                self._tell(f"{self._name} is back")
            while True:
                message = await news.get_message(timeout=PULSE)
                if message is None:
                    await asyncio.wait_for(news.ping(), self._patience)
                    await self._hear(news, "pong")
                elif message["type"] == "message":
                    self._heard(message["data"])

    async def _hear(self, news: Any, wanted: str) -> None:
        """Wait for one kind of message, taking in others.

        Raises:
            TimeoutError: it did not come.
        """
        async with asyncio.timeout(2 * self._patience):
            while True:
                message = await news.get_message(timeout=self._patience)
                if message is not None and message["type"] == "message":
                    self._heard(message["data"])
                elif message is not None and message["type"] == wanted:
                    return

    def _down(self, error: BaseException) -> None:
        self.up = False
        if not self._told:
            self._told = True
            why = str(error) or type(error).__name__
            self._tell(
                f"{self._name} cannot be reached: until it can, only what this process holds in memory is found ({why})"
            )
        if self._listening is not None and self._listening is not asyncio.current_task():
            self._listening.cancel()


class Once:
    """Tells the user one sentence of a kind, however often it is true; what stands in brackets makes no other kind."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: set[str] = set()

    def __call__(self, text: str) -> None:
        kind = text.partition(" (")[0]
        if kind not in self._told:
            self._told.add(kind)
            self._tell(f"the server of the cache {text}")


async def usage_of(link: Link, meta: str, places: str) -> Usage:
    """Return what the server holds, by the hashes of `redis_scripts`; nothing is known while it is away."""
    link.start()
    if not await link.reached():
        return Usage()
    try:
        objects, used = await link.ask(link.client.hlen(places)), await link.ask(link.client.hget(meta, "used"))
    except LinkDownError:
        return Usage()
    return Usage(int(objects), int(used or 0))


def shown(url: str) -> str:
    """Return a URL without what it says of users and passwords."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = host if parts.port is None else f"{host}:{parts.port}"
    return f"{parts.scheme}://{place}{parts.path}"
