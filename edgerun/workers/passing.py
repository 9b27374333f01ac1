"""Requests to the admin port that a worker answers: from the parent's ASGI to a message, and back.

What the parent cannot tell itself (the cache's objects, why a request would be a hit, the inspector's pages) is asked
of a worker, whose admin application is the very one that a single process has.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from typing import Any, Final, Protocol

from edgerun.workers.control import Message, NoAnswer, OnPart

LARGEST_ORDER: Final = 16 * 1024 * 1024

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]


class Asked(Protocol):
    """What passes a request on."""

    def answered(self, request: Message) -> AsyncGenerator[Message, None]:
        """Have a worker answer a request, part by part."""
        ...


def passes(fleet: Asked) -> App:
    """Return an application that has a worker answer every request."""

    async def application(scope: Scope, receive: Any, send: Any) -> None:
        body = bytearray()
        more = True
        while more:
            event = await receive()
            body += event.get("body", b"")
            more = event.get("more_body", False) and len(body) <= LARGEST_ORDER
        request: Message = {
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode("latin-1"),
            "headers": [[name.decode("latin-1"), text.decode("latin-1")] for name, text in scope["headers"]],
            "body": bytes(body).decode("latin-1"),
        }
        passing = asyncio.ensure_future(_pass_on(fleet, request, send))
        left = asyncio.ensure_future(receive())  # nothing more is to come than that who asked has left
        try:
            await asyncio.wait((passing, left), return_when=asyncio.FIRST_COMPLETED)
            if passing.done():
                passing.result()
        finally:
            passing.cancel()
            left.cancel()
            await asyncio.gather(passing, left, return_exceptions=True)

    return application


async def _pass_on(fleet: Asked, request: Message, send: Any) -> None:
    begun = False
    answering = fleet.answered(request)
    try:
        async for message in answering:
            for event in _events(message):
                begun = True
                await send(event)
    except NoAnswer as error:
        if begun:
            raise
        await _unanswered(send, f"no worker answers: {error}")
    finally:
        await answering.aclose()


def _events(message: Message) -> list[dict[str, Any]]:
    """Return what a message says in ASGI's words."""
    if "done" in message:
        return [{"type": "http.response.body", "body": b"", "more_body": False}]
    part = message["part"]
    if "status" in part:
        headers = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in part["headers"]]
        return [{"type": "http.response.start", "status": part["status"], "headers": headers}]
    return [{"type": "http.response.body", "body": part["body"].encode("latin-1"), "more_body": True}]


async def _unanswered(send: Any, why: str) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"error": why}).encode()})


async def answer(app: App, request: Message, part: OnPart) -> None:
    """Have an application answer a request that was passed on, part by part."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request["method"],
        "scheme": "http",
        "path": request["path"],
        "raw_path": request["path"].encode("utf-8"),
        "root_path": "",
        "query_string": request["query"].encode("latin-1"),
        "headers": [(name.encode("latin-1"), text.encode("latin-1")) for name, text in request["headers"]],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }
    body = request["body"].encode("latin-1")
    given = False

    async def receive() -> dict[str, Any]:
        nonlocal given
        if given:
            await _for_ever()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: dict[str, Any]) -> None:
        if event["type"] == "http.response.start":
            headers = [[name.decode("latin-1"), text.decode("latin-1")] for name, text in event["headers"]]
            await part({"status": event["status"], "headers": headers})
        elif event.get("body"):
            await part({"body": bytes(event["body"]).decode("latin-1")})

    await app(scope, receive, send)


async def _for_ever() -> None:
    """Wait until the request is given up: that cancels whoever answers it."""
    await asyncio.Event().wait()
