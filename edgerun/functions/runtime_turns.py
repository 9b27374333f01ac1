"""Whose turn it is at the Runtime API, and what is answered to calls out of turn.

Sources: spec/lambda-service.md §4.1. The texts are those of AWS's open-source Runtime Interface Emulator.
"""

import json
from enum import Enum
from typing import Final

from edgerun.values import value


@value
class ApiAnswer:
    """What the Runtime API answers; `headers` come after Content-Type."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Phase(Enum):
    """How far a runtime is, by the names that refusals use."""

    STARTED = "Started"
    INIT_ERROR = "InitError"
    READY = "Ready"
    RUNNING = "Running"
    RESPONSE = "InvocationResponse"
    ERROR = "InvocationErrorResponse"
    SENT = "ResponseSent"
    RESTORE_READY = "RestoreReady"
    RESTORE_ERROR = "RestoreError"


_ALLOWED: Final[dict[Phase, frozenset[Phase]]] = {
    Phase.STARTED: frozenset({Phase.READY, Phase.INIT_ERROR}),
    Phase.READY: frozenset({Phase.READY, Phase.RUNNING}),
    Phase.RUNNING: frozenset({Phase.READY, Phase.RESPONSE, Phase.ERROR}),
    Phase.RESPONSE: frozenset({Phase.SENT}),
    Phase.ERROR: frozenset({Phase.SENT}),
    Phase.SENT: frozenset({Phase.READY, Phase.RUNNING}),
}


class Turns:
    """The one state of a runtime.

    Attributes:
        phase: where it is.
        aws_request_id: of the invocation it has, or had last; "" before the first.
    """

    def __init__(self) -> None:
        self.phase = Phase.STARTED
        self.aws_request_id = ""

    def refusal(self, to: Phase, aws_request_id: str | None = None) -> ApiAnswer | None:
        """Return why a call is refused, or None; the id, if the call has one, is looked at first.

        AWS does not say what a repeated `next` gets while an invocation runs. It is allowed, and gets the same
        invocation again: a client that lost the connection in the middle of the answer can do nothing else.
        """
        if aws_request_id is not None and (not aws_request_id or aws_request_id != self.aws_request_id):
            return INVALID_REQUEST_ID
        if to in _ALLOWED.get(self.phase, ()):
            return None
        return invalid_transition(self.phase, to)


def fault(status: int, error_type: str, message: str) -> ApiAnswer:
    """Return an error in the API's own form."""
    document = {"errorMessage": message, "errorType": error_type}
    return ApiAnswer(status=status, body=json.dumps(document, separators=(",", ":")).encode())


def invalid_transition(start: Phase, to: Phase, why: str = "State transition is not allowed") -> ApiAnswer:
    message = f"State transition from {start.value} to {to.value} failed for runtime. Error: {why}"
    return fault(403, "InvalidStateTransition", message)


def too_large(limit: int) -> ApiAnswer:
    return fault(413, "RequestEntityTooLarge", f"Exceeded maximum allowed payload size ({limit} bytes).")


def not_allowed(method: str) -> ApiAnswer:
    return ApiAnswer(status=405, content_type="text/plain", headers=(("Allow", method),))


ACCEPTED: Final = ApiAnswer(status=202, body=b'{"status":"OK"}')
PONG: Final = ApiAnswer(status=200, body=b"pong", content_type="text/plain")
INVALID_REQUEST_ID: Final = fault(400, "InvalidRequestID", "Invalid request ID")
INVALID_MODE: Final = fault(400, "InvalidResponseModeHeader", "Invalid Lambda-Runtime-Function-Response-Mode")
TRUNCATED: Final = fault(400, "TruncatedHTTPRequest", "HTTP request detected as truncated")
INTERNAL: Final = fault(500, "InternalServerError", "Internal Server Error")
NOT_FOUND: Final = ApiAnswer(status=404, body=b"404 page not found\n", content_type="text/plain")
MALFORMED: Final = ApiAnswer(status=400, body=b"400 Bad Request", content_type="text/plain")
HEAD_TOO_LARGE: Final = ApiAnswer(status=431, body=b"431 Request Header Fields Too Large", content_type="text/plain")
