"""The Lambda Runtime API of one environment, at a port of its own on loopback.

It stands where a host of our own stands otherwise: towards the environment it speaks the frames of `frames.py`,
towards the process HTTP. Each environment has its own port, so no client can be taken for another's.

Sources: spec/lambda-service.md §2, §4.
"""

import asyncio
import base64
import binascii
import contextlib
import json
import re
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import orjson

from edgerun.functions import frames
from edgerun.functions import runtime_turns as turns
from edgerun.functions.frames import Frame
from edgerun.functions.hosts.lambda_python import trace_id
from edgerun.functions.runtime_turns import ApiAnswer, Phase, Turns
from edgerun.functions.runtime_wire import ApiRequest, Connection

VERSION: Final = b"/2018-06-01"
_CONNECTIONS: Final = 64
_MODE: Final = b"lambda-runtime-function-response-mode"
_ERROR_TYPE: Final = b"lambda-runtime-function-error-type"
_ERROR_BODY: Final = b"lambda-runtime-function-error-body"
_INVOCATION: Final = re.compile(rb"/2018-06-01/runtime/invocation/([^/?]+)/(response|error)")
# The calls without an id: path, method, and what they lead to.
_CALLS: Final[Mapping[bytes, tuple[str, Phase | None]]] = {
    VERSION + b"/runtime/invocation/next": ("GET", Phase.READY),
    VERSION + b"/runtime/init/error": ("POST", Phase.INIT_ERROR),
    VERSION + b"/runtime/restore/next": ("GET", Phase.RESTORE_READY),
    VERSION + b"/runtime/restore/error": ("POST", Phase.RESTORE_ERROR),
    VERSION + b"/ping": ("GET", None),
}


class _Event:
    """One invocation on its way: its frame's number, its id, its event, and when the runtime got it."""

    __slots__ = ("answer", "aws_request_id", "begun", "number", "payload")

    def __init__(self, number: int, payload: bytes) -> None:
        self.number = number
        self.aws_request_id = payload[: frames.REQUEST_ID_LENGTH].decode()
        self.payload = payload[frames.REQUEST_ID_LENGTH :]
        self.answer: ApiAnswer | None = None
        self.begun = 0.0


class RuntimeApi:
    """The API of one environment: a `Link` towards it, a `Desk` towards its process.

    Attributes:
        address: host and port, for `AWS_LAMBDA_RUNTIME_API`.
        largest: bytes a result may have; longer ones are refused and dropped as they come.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        hear: Callable[[Frame], None],
        largest: int,
        peak_memory: Callable[[], int] = lambda: 0,
    ) -> None:
        """Open the port.

        Args:
            loop: serves it, from its next turn on.
            hear: gets what a host would send, in its order.
            largest: see above.
            peak_memory: tells the process's peak resident memory in KiB.

        Raises:
            OSError: no port can be opened.
        """
        self.largest = largest
        self._loop = loop
        self._hear = hear
        self._peak_memory = peak_memory
        self._facts: dict[str, object] = {}
        self._initialised = 0.0
        self._turns = Turns()
        self._event: _Event | None = None
        self._poll: Connection | None = None
        self._connections: dict[Connection, None] = {}
        self._closed = False
        self._server: asyncio.Server | None = None
        self._listener = socket.socket()
        try:
            self._listener.bind(("127.0.0.1", 0))
            self._listener.listen(_CONNECTIONS)
        except OSError:
            self._listener.close()
            raise
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._serving = loop.create_task(self._serve())

    async def _serve(self) -> None:
        self._server = await self._loop.create_server(lambda: Connection(self._loop, self), sock=self._listener)
        if self._closed:
            self._server.close()

    # -- towards the environment

    def write(self, frame: bytes) -> None:
        """Take a frame that a host would get."""
        kind, number, payload = frames.decode(frame)
        if kind == frames.INIT:
            self._facts = orjson.loads(payload)
            self._initialised = time.time()
        else:
            self._event = _Event(number, payload)
            self._hand_over()

    def is_closing(self) -> bool:
        return self._closed

    def abort(self) -> None:
        """Close the port and every connection: the process is gone."""
        self._closed = True
        if self._server is not None:
            self._server.close()
        elif self._serving.cancel():
            self._listener.close()
        for connection in list(self._connections):
            connection.abort()

    # -- towards the process: connections

    def opened(self, connection: Connection) -> None:
        """Keep few connections: the oldest on which nothing depends makes room."""
        if len(self._connections) >= _CONNECTIONS:
            victim = next(other for other in self._connections if other.idle)  # one may wait, and one may answer
            del self._connections[victim]
            victim.abort()
        self._connections[connection] = None

    def closed(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        if self._poll is connection:
            self._poll = None

    # -- towards the process: calls

    def admit(self, request: ApiRequest) -> ApiAnswer | None:
        path = request.target.partition(b"?")[0]
        named = _INVOCATION.fullmatch(path)
        if named is not None:
            to = Phase.RESPONSE if named[2] == b"response" else Phase.ERROR
            return self._admit_answer(request, to, named[1].decode("latin-1"))
        if path not in _CALLS:
            return turns.NOT_FOUND
        method, request.to = _CALLS[path]
        if request.method != method:
            return turns.not_allowed(method)
        refusal = self._turns.refusal(request.to) if request.to is not None else None
        if refusal is not None or request.announced <= self.largest:
            return refusal
        return turns.too_large(self.largest)

    def _admit_answer(self, request: ApiRequest, to: Phase, aws_request_id: str) -> ApiAnswer | None:
        if request.method != "POST":
            return turns.not_allowed("POST")
        refusal = self._turns.refusal(to, aws_request_id)
        if refusal is not None:
            return refusal
        self._turns.phase = request.to = to
        request.precious = True
        if request.announced > self.largest:
            return self.outgrown(request)
        if request.text(_MODE).lower() not in {"", "streaming"}:
            self._finish(_error("Runtime.InvalidResponseModeHeader", "Invalid response mode header"))
            return turns.INVALID_MODE
        return None

    def outgrown(self, request: ApiRequest) -> ApiAnswer:
        if request.precious:
            self._finish(None)
        return turns.too_large(self.largest)

    def broken_off(self, request: ApiRequest) -> ApiAnswer:
        """Fail an invocation whose answer will never be whole; anything else is as if it had not come."""
        if request.precious and not self._closed:
            self._finish(_error("Runtime.TruncatedResponse", "The response was cut off before its end"))
        return turns.TRUNCATED

    def take(self, request: ApiRequest, connection: Connection) -> ApiAnswer | None:
        document = bytes(request.body)
        match request.to:
            case None:
                return turns.PONG
            case Phase.READY:
                return self._next(connection)
            case Phase.RESPONSE:
                self._take_response(request, document)
            case Phase.ERROR:
                self._finish(Frame(frames.ERROR, 0, _documented(document, request.text(_ERROR_TYPE))))
            case _:
                return self._init_error(_documented(document, request.text(_ERROR_TYPE)))
        return turns.ACCEPTED

    def _take_response(self, request: ApiRequest, document: bytes) -> None:
        """Take a result; a stream may say in its trailers that it failed half way."""
        error_type = request.trailers.get(_ERROR_TYPE, b"").decode("latin-1")
        if not error_type:
            self._finish(Frame(frames.RESULT, 0, document))
            return
        body = request.trailers.get(_ERROR_BODY, b"")
        with contextlib.suppress(binascii.Error):
            body = base64.b64decode(body, validate=True)
        self._finish(Frame(frames.ERROR, 0, _documented(body, error_type)))

    def _init_error(self, document: bytes) -> ApiAnswer:
        refusal = self._turns.refusal(Phase.INIT_ERROR)  # another connection may have been faster
        if refusal is not None:
            return refusal
        self._turns.phase = Phase.INIT_ERROR
        self._loop.call_soon(self._hear, Frame(frames.INIT_ERROR, 0, document))  # which kills: answer first
        return turns.ACCEPTED

    def _next(self, connection: Connection) -> ApiAnswer | None:
        """Let a runtime wait for its next event; who waited before it is told that it waits no more."""
        refusal = self._turns.refusal(Phase.READY)
        if refusal is not None:
            return refusal
        if self._turns.phase is Phase.RUNNING and self._event is not None:
            return self._event.answer
        before, self._poll = self._poll, connection
        connection.wait()
        if before is not None:
            before.answer(turns.invalid_transition(Phase.READY, Phase.READY, "another connection waits now"))
        first = self._turns.phase is Phase.STARTED
        self._turns.phase = Phase.READY
        if first:
            self._hear(Frame(frames.READY, 0, b""))  # which may bring an event at once
        else:
            self._hand_over()
        return None

    def _hand_over(self) -> None:
        """Give the event to the runtime that waits, if both are there."""
        event, poll = self._event, self._poll
        if event is None or poll is None:
            return
        self._poll = None
        self._turns.phase = Phase.RUNNING
        self._turns.aws_request_id = event.aws_request_id
        self._hear(Frame(frames.STARTED, event.number, b""))
        event.begun = self._loop.time()
        event.answer = ApiAnswer(status=200, body=event.payload, headers=tuple(self._headers(event).items()))
        poll.answer(event.answer)

    def _headers(self, event: _Event) -> dict[str, str]:
        timeout = self._facts["timeout"]
        assert isinstance(timeout, int | float)
        # INIT may have run inside the first invocation, and used some of its time.
        begun = self._initialised if self._facts.pop("within_invocation", False) else time.time()
        return {
            "Lambda-Runtime-Aws-Request-Id": event.aws_request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((begun + timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": str(self._facts["invoked_function_arn"]),
            "Lambda-Runtime-Trace-Id": trace_id(event.aws_request_id),
        }

    def _finish(self, end: Frame | None) -> None:
        """Hand on how the invocation ended; None: with more than may be."""
        event, self._event = self._event, None
        assert event is not None
        self._turns.phase = Phase.SENT
        duration = self._loop.time() - event.begun
        if end is None:
            payload = frames.answer(duration, self._peak_memory(), b"")
            self._hear(Frame(frames.RESULT, event.number, payload, oversized=True))
            return
        payload = frames.answer(duration, self._peak_memory(), end.payload)
        self._hear(Frame(end.kind, event.number, payload))


def peak_memory(pid: int) -> int:
    """Return a process's peak resident memory in KiB, 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return 0
    found = re.search(rb"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) if found is not None else 0


def _error(error_type: str, message: str) -> Frame:
    return Frame(frames.ERROR, 0, json.dumps({"errorType": error_type, "errorMessage": message}).encode())


def _documented(document: bytes, error_type: str) -> bytes:
    """Return an error document unchanged, unless it says no type and the header does."""
    try:
        fields = json.loads(document)
    except ValueError:
        fields = {"errorMessage": document.decode("utf-8", "replace")}
    if not error_type or not isinstance(fields, dict) or fields.get("errorType"):
        return document
    return json.dumps({**fields, "errorType": error_type}).encode()
