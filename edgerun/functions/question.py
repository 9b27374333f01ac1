"""What a function is asked again and again: the event for one head, written once, but for the viewer and the id."""

import secrets
from functools import lru_cache
from typing import Final

import orjson

from edgerun.functions.lambda_edge import build_event
from edgerun.functions.lambda_event import EdgeContext
from edgerun.http.message import Request
from edgerun.values import changed

# What a viewer cannot have sent, so that it stands in an event only where it was put.
_ID: Final = secrets.token_hex(16)
_ADDRESS: Final = secrets.token_hex(16)


class Question:
    """The event of a function at a viewer point, ready but for the request's id and the viewer's address.

    It is what `build_event` says, taken apart where those two stand.
    """

    __slots__ = ("_between", "_first", "_last")

    def __init__(self, context: EdgeContext, request: Request) -> None:
        whose = request.changed(client=(_ADDRESS, 0))
        event = orjson.dumps(build_event(changed(context, request_id=_ID), whose))
        self._first, rest = event.split(b'"%b"' % _ID.encode())
        self._between, self._last = rest.split(b'"%b"' % _ADDRESS.encode())

    def event(self, request_id: str, address: str) -> bytes:
        """Return the event of one request, as JSON."""
        return b"".join((self._first, orjson.dumps(request_id), self._between, _quoted(address), self._last))


@lru_cache(maxsize=256)
def _quoted(address: str) -> bytes:
    return orjson.dumps(address)
