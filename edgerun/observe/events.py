"""What happened to a request: facts for observers, in the order in which they came about."""

from collections.abc import Callable
from enum import StrEnum

from edgerun.values import value


class Step(StrEnum):
    """The named steps of a request's way, in order; the names of `pipeline.py`'s drawing."""

    ROUTE = "route"
    GUARD = "guard"
    VIEWER_REQUEST = "viewer-request"
    KEY = "key"
    LOOK_UP = "look up"
    FORWARD = "forward"
    ORIGIN_REQUEST = "origin-request"
    FETCH = "fetch"
    ORIGIN_RESPONSE = "origin-response"
    SETTLE = "settle"
    STORE = "store"
    ERROR_PAGE = "error page"
    HEADERS_POLICY = "headers policy"
    VIEWER_RESPONSE = "viewer-response"
    CONDITIONALS = "conditionals and range"
    DELIVER = "deliver"


@value
class Stepped:
    """A step was taken (or skipped: `outcome` says why) for a request.

    Attributes:
        request_id: the CloudFront request id.
        step: which.
        at: seconds since the epoch.
        outcome: in few words, for people.
        detail: the value the step produced, for tools.
    """

    request_id: str
    step: Step
    at: float
    outcome: str
    detail: object = None


@value
class Answered:
    """A viewer has been answered, or left; one per request, in the words of CloudFront's access log.

    `complete` is False when the viewer or the origin broke off. Times are seconds; `ran` are the points
    whose functions ran, in order.
    """

    request_id: str
    at: float
    distribution: str
    path_pattern: str
    method: str
    scheme: str
    host: str
    path: bytes
    query: bytes | None
    http_version: str
    client: tuple[str, int]
    status: int
    result_type: str
    response_result_type: str
    detailed_result_type: str
    bytes_sent: int
    time_taken: float
    time_to_first_byte: float
    ran: tuple[str, ...]
    complete: bool


@value
class Failed:
    """Something went wrong; `error` is the exception, `step` where it arose, `distribution` the id of whose request."""

    request_id: str
    step: str
    at: float
    error: Exception
    function: str = ""
    distribution: str = ""


@value
class Warned:
    """A function did something that is forgiven here and may not be elsewhere."""

    request_id: str
    point: str
    rule: str
    path: str
    message: str


@value
class Printed:
    """A function printed a line, or, `kind` being `platform`, Lambda wrote one about it into the function's log."""

    request_id: str
    function: str
    text: str
    kind: str = "output"


@value
class Noted:
    """Something about the server itself: reloads, a broken configuration, an origin's own output."""

    text: str
    level: str = "info"


Event = Stepped | Answered | Failed | Warned | Printed | Noted
Observer = Callable[[Event], None]
