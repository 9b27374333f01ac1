"""What happened to a request: facts for observers, in the order in which they came about."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from edgerun.http.headers import EMPTY, Headers
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


class Answered:
    """A viewer has been answered, or left; one per request, in the words of CloudFront's access log.

    Made for every request and rarely read whole, so it keeps what the words are made from (`visit`, `obtained`) and
    makes them when asked. `status` is 0 when the viewer left before any answer. `complete` is False when the viewer or
    the origin broke off. Times are seconds; `ran` are the points whose functions ran, in order; `bytes_sent` count the
    head; `utilization` is the highest of the CloudFront Functions that ran, in percent, None without one; `failover` is
    why the second origin of a group was asked, such as `Failover:503`, in the words of the real-time log's `sr-reason`.
    `headers` are those that were sent, `received` the bytes that came through a tunnel.
    """

    __slots__ = ("at", "bytes_sent", "complete", "headers", "obtained", "ready", "received", "status", "visit")

    def __init__(  # noqa: PLR0913  # a fact's parts, by name
        self,
        visit: Any,
        obtained: Any,
        status: int,
        *,
        bytes_sent: int,
        complete: bool,
        ready: float,
        at: float,
        headers: Headers = EMPTY,
        received: int = 0,
    ) -> None:
        self.visit = visit
        self.obtained = obtained
        self.status = status
        self.bytes_sent = bytes_sent
        self.complete = complete
        self.ready = ready
        self.at = at
        self.headers = headers
        self.received = received

    @property
    def request_id(self) -> str:
        return str(self.visit.id)

    @property
    def distribution(self) -> str:
        return self.visit.distribution.domain_name if self.visit.distribution else "-"

    @property
    def path_pattern(self) -> str:
        return self.visit.behavior.path_pattern if self.visit.behavior else "-"

    @property
    def method(self) -> str:
        return str(self.visit.request.method)

    @property
    def scheme(self) -> str:
        return str(self.visit.request.scheme)

    @property
    def host(self) -> str:
        host = self.visit.request.headers.get(b"host")
        return host.decode("latin-1") if host else "-"

    @property
    def path(self) -> bytes:
        return bytes(self.visit.request.path)

    @property
    def query(self) -> bytes | None:
        query: bytes | None = self.visit.request.query
        return query

    @property
    def http_version(self) -> str:
        return str(self.visit.request.http_version)

    @property
    def client(self) -> tuple[str, int]:
        client: tuple[str, int] = self.visit.request.client
        return client

    @property
    def result_type(self) -> str:
        return self.obtained.word if self.complete else "Error"

    @property
    def response_result_type(self) -> str:
        return str(self.obtained.word)

    @property
    def detailed_result_type(self) -> str:
        return (self.obtained.detailed or self.obtained.word) if self.complete else "ClientCommError"

    @property
    def time_taken(self) -> float:
        return self.at - float(self.visit.started)

    @property
    def time_to_first_byte(self) -> float:
        return self.ready - float(self.visit.started)

    @property
    def ran(self) -> tuple[str, ...]:
        return tuple(self.visit.ran)

    @property
    def utilization(self) -> int | None:
        taken: int | None = self.visit.utilization
        return taken

    @property
    def failover(self) -> str:
        return str(self.visit.failover)

    def __repr__(self) -> str:
        return f"Answered({', '.join(f'{name}={getattr(self, name)!r}' for name in field_types(Answered))})"


@value
class Called:
    """A function was called: what it was sent and what it returned, both as JSON; only when steps are told.

    Attributes:
        request_id: the CloudFront request id.
        point: where.
        function: its configured name.
        event: what it was sent.
        result: what it returned, as its runtime encoded it; empty when it failed.
        duration: seconds it ran.
        billed_duration: milliseconds, begun ones included.
        init_duration: seconds its environment took to start, None when it was warm.
        cold: it was the first event of its process; an INIT that was repeated is then part of `duration`.
        max_memory: peak resident memory in MB, 0 when unknown.
        error: why there is no result.
        utilization: percent of its time that a CloudFront Function took, None for Lambda@Edge.
    """

    request_id: str
    point: str
    function: str
    event: bytes
    result: bytes = b""
    duration: float = 0.0
    billed_duration: int = 0
    init_duration: float | None = None
    cold: bool = False
    max_memory: int = 0
    error: Exception | None = None
    utilization: int | None = None


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
    """A function printed a line, or, `kind` being `platform`, Lambda wrote about it into the function's log.

    Unless every step is told, all that is written about an invocation that printed nothing is one event,
    a moment later.
    """

    request_id: str
    function: str
    text: str
    kind: str = "output"


@value
class Noted:
    """Something about the server itself: reloads, a broken configuration, an origin's own output."""

    text: str
    level: str = "info"


@value
class Reloaded:
    """The code of a function was saved: its new revision answers from now on, or the one before goes on.

    Attributes:
        function: its configured name.
        version: the revision that answers from now on.
        at: seconds since the epoch.
        error: why the new code was not taken over, None if it was.
    """

    function: str
    version: str
    at: float
    error: Exception | None = None


def field_types(kind: type) -> dict[str, object]:
    """Return the fields of a kind of event, in order, with their types."""
    if kind is Answered:
        made = {
            name: made.fget.__annotations__["return"] for name, made in vars(kind).items() if isinstance(made, property)
        }
        given = Answered.__init__.__annotations__
        return made | {name: given[name] for name in ("at", "status", "bytes_sent", "complete")}
    return dict(kind.__annotations__)


Event = Stepped | Answered | Called | Failed | Warned | Printed | Noted | Reloaded
Observer = Callable[[Event], None]
