"""The values that pass between the pipeline's steps, and the one that a door gets in the end."""

from collections.abc import Callable
from hashlib import md5
from typing import Any, Final, NamedTuple

from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.record import Case, Decision, Settled
from edgerun.distribution.choice import OriginChoice
from edgerun.distribution.model import Behavior, Distribution, Point
from edgerun.errors import EdgeError
from edgerun.functions.lambda_event import EdgeContext
from edgerun.functions.runtime import Ending
from edgerun.http.headers import Headers, Line, serialise
from edgerun.http.message import Body, BytesBody, OnInterim, Request, Response, Tunnel
from edgerun.observe.events import Answered
from edgerun.values import changed, value

Clock = Callable[[], float]

POP: Final = b"EDG50-P1"
NO_WHOLE_ANSWER: Final = frozenset({206, 304, 412, 416})


class Asked:
    """What is known of a visit's viewer-request function.

    Attributes:
        shown: the request as the function sees it.
        outcome: what came of the call, once it is known.
        remarked: something in the result was forgiven, which is said for each request.
    """

    __slots__ = ("outcome", "remarked", "shown")

    def __init__(self, shown: Request, outcome: Ending | None = None) -> None:
        self.shown = shown
        self.outcome = outcome
        self.remarked = False


class Visit:
    """One viewer's request on its way; everything about it that changes.

    Attributes:
        id: CloudFront's request id.
        request: as it came from the door.
        seen: as viewer-request left it; what viewer-response is shown.
        started: seconds since the epoch, when its head was complete.
        on_interim: where 1xx answers of the origin go.
        distribution, behavior: set by the route step, None before.
        ran: the points whose functions ran, in order.
        choice: the origin that viewer-request chose instead of the behavior's, if it did.
        failover: why the second origin of a group was asked, such as `Failover:503`; "" if it was not.
        asked: what is known of its viewer-request function; None without one.
        utilization: the highest of the visit's CloudFront Functions, in percent; None without one.
    """

    __slots__ = (
        *("behavior", "choice", "distribution", "failover", "id", "on_interim", "ran", "request", "seen", "started"),
        *("asked", "utilization"),
    )

    def __init__(self, request_id: str, request: Request, started: float, on_interim: OnInterim | None = None) -> None:
        self.id = request_id
        self.request = request
        self.seen = request
        self.started = started
        self.on_interim = on_interim
        self.distribution: Distribution | None = None
        self.behavior: Behavior | None = None
        self.ran: list[str] = []
        self.choice: OriginChoice | None = None
        self.failover = ""
        self.utilization: int | None = None
        self.asked: Asked | None = None

    def comes_to(self, point: Point, distribution: Distribution) -> EdgeContext:
        """Note that the visit came to a point's function, and return what the function is told about it."""
        self.ran.append(point)
        return self.context(point, distribution)

    def context(self, point: Point, distribution: Distribution) -> EdgeContext:
        """Return what the function of a point is told about the visit."""
        return EdgeContext(
            point=point,
            distribution_domain_name=distribution.domain_name,
            distribution_id=distribution.id,
            request_id=self.id,
        )


@value
class Errand:
    """What the origin half is sent for.

    Attributes:
        visit: whose request it is; when others wait too, the first one's.
        request: after viewer-request, with the `CloudFront-*` headers the policies ask for.
        distribution, behavior: whose origin, policies and functions count.
        key: what it will be stored under, `Vary` aside; None when it is never stored.
        stale: an expired object that the request selects.
        others: objects under that key that it does not select, of which the origin may name one.
        decision: the look-up that led here.
        choice: the origin to ask instead of the behavior's, if viewer-request chose one.
        plain: the origin is asked without any condition, be it the viewer's.
        waits_for: the key of the variant that the request selects, once that is known from another's answer.
    """

    visit: Visit
    request: Request
    distribution: Distribution
    behavior: Behavior
    key: CacheKey | None = None
    stale: Entry | None = None
    others: tuple[Entry, ...] = ()
    decision: Decision | None = None
    choice: OriginChoice | None = None
    plain: bool = False
    waits_for: CacheKey | None = None

    @property
    def flight_key(self) -> CacheKey:
        """Under which key those wait who may share the answer: of what the request selects, as far as that is known."""
        assert self.key is not None
        if self.waits_for is not None:
            return self.waits_for
        known = self.decision.key if self.decision is not None else None
        if known is None or known is self.key:
            return self.key
        return known._replace(method=self.key.method)

    @property
    def wish(self) -> Any:
        """What the request asks of the cache."""
        return None if self.decision is None else self.decision.wish

    def replaces_stale(self, status: int) -> bool:
        """Tell whether an answer shows the expired object to be out of date, even if it may not be stored itself.

        A failure does not, and neither does an answer to the viewer's own conditions.
        """
        if self.stale is None or self.key is None or status >= 500 or status in NO_WHOLE_ANSWER:
            return False
        return self.stale.key.method == self.key.method


@value
class Obtained:
    """An answer on its way to a viewer, before the viewer's own steps.

    Attributes:
        response: what to send.
        word: the one before "from cloudfront" in X-Cache, also the log's result type.
        detailed: the log's detailed result type, if it differs.
        origin_status: what the origin answered before functions; 0 when it was not asked. From 400 on
            viewer-response does not run.
        age: whole seconds to send as `Age`, None for no such header.
        stored: the head of the stored object that answers, None if none does. The viewer's own conditions
            are then evaluated here.
        final: no viewer-response: generated at viewer-request, a redirect, or made by CloudFront.
        error_page: whether a custom error page may replace it.
        close: the connection must not be used again.
        decision: the look-up behind it, None when the cache had no part in it.
        settled: what became of the origin's answer, None when the origin was not asked.
        collapsed: it waited for another viewer's fetch, and uses it (True) or not (False); None: it did not wait.
        standing: a fresh stored object as it is: but for its age, nothing here depends on the viewer or the moment.
    """

    response: Response
    word: str
    detailed: str = ""
    origin_status: int = 0
    age: int | None = None
    stored: Headers | None = None
    final: bool = False
    error_page: bool = True
    close: bool = False
    decision: Decision | None = None
    settled: Settled | None = None
    collapsed: bool | None = None
    standing: bool = False

    def status_of(self, whose: str) -> int:
        """Return the `origin`'s status, or the final one (`spec/lambda-at-edge.md` §13.4)."""
        return self.origin_status if whose == "origin" else self.response.status

    def changed(self, **fields: Any) -> "Obtained":
        """Return the same with some fields changed."""
        return changed(self, **fields)


class Sought(NamedTuple):
    """What a look-up found.

    Attributes:
        request: with the `CloudFront-*` headers the policies ask for.
        decision: what it came to.
        key: what an answer of the origin would be stored under; None when the cache is passed by.
        part: the answer, when stored parts of the object are enough for it.
    """

    request: Request
    decision: Decision
    key: CacheKey | None = None
    part: Obtained | None = None


@value
class Weighed:
    """How far a request came that was only asked about.

    Attributes:
        visit: with what the steps set on it.
        sought: the look-up, if it came that far.
        answered: the answer that it got before the look-up: a redirect, or of a function.
        error: what refused it.
    """

    visit: Visit
    sought: Sought | None = None
    answered: Obtained | None = None
    error: EdgeError | None = None


@value
class Fetched:
    """What the origin half brought.

    `entry` is what to store, None when it may not be stored. Its body is the response's, or that of the
    stale object that a 304 confirmed. `settled` says how it came to be stored or not. `shareable` says
    whether requests that wait for the same key may use it, if they select it. `failed` says that the origin
    gave no answer, so that the response is a page about that.
    """

    obtained: Obtained
    entry: Entry | None = None
    settled: Settled | None = None
    shareable: bool = False
    failed: bool = False

    @property
    def covers(self) -> bool:
        """Whether an expired object stands in for a failing origin."""
        return self.settled is not None and self.settled.case is Case.COVERED

    def is_new(self, stale: Entry | None) -> bool:
        """Whether the body came with this answer, rather than from the object that stood there before."""
        return stale is None or self.obtained.response.body is not stale.body

    def with_body(self, body: Body) -> "Fetched":
        """Return the same with a body that many can read."""
        entry = None if self.entry is None else changed(self.entry, body=body)
        response = self.obtained.response.changed(body=body)
        return changed(self, obtained=self.obtained.changed(response=response), entry=entry)


def from_entry(entry: Entry, age: int, decision: Decision | None = None, *, standing: bool = False) -> Obtained:
    """Return the answer a stored object gives: a hit, or the error it was."""
    headers = entry.headers.without(*entry.withheld) if entry.withheld else entry.headers
    response = Response(status=entry.status, reason=entry.reason, headers=headers, body=entry.body)
    return Obtained(
        response=response,
        word="Error" if entry.status >= 400 else "Hit",
        origin_status=entry.origin_status,
        age=age,
        stored=headers,
        decision=decision,
        standing=standing,
    )


def completed(entry: Entry) -> Entry:
    """Return an entry ready for the store: a small body as bytes, without the machinery of its arrival."""
    data = None if isinstance(entry.body, BytesBody) else entry.body.data
    return entry if data is None else changed(entry, body=BytesBody(data))


class Marks:
    """The headers CloudFront puts on every answer of one distribution (`spec/cloudfront.md` §5.2)."""

    def __init__(self, distribution_id: str) -> None:
        node = md5(distribution_id.encode(), usedforsecurity=False).hexdigest().encode()
        self.via = b"1.1 " + node + b".cloudfront.net (CloudFront)"
        self._node = node
        self._lines: dict[str, tuple[tuple[Line, Line, Line], bytes]] = {}

    def via_to_origin(self, http_version: str) -> bytes:
        """Return our member of the `Via` header towards the origin: it names the viewer's version."""
        return http_version.encode() + self.via[3:]

    def fixed(self, obtained: Obtained) -> Headers:
        """Return the response's headers with the lines that are the same for every viewer."""
        headers = obtained.response.headers
        lines, block = self._lines.get(obtained.word) or self._make(obtained.word)
        before = headers.joined(b"via")
        if before is None:
            return headers.plus_block(lines, block)
        return headers.without(b"via").plus(lines[0], (b"Via", before + b", " + self.via), lines[2])

    def _make(self, word: str) -> tuple[tuple[Line, Line, Line], bytes]:
        x_cache = (b"X-Cache", word.encode() + b" from cloudfront")
        lines = (x_cache, (b"Via", self.via), (b"X-Amz-Cf-Pop", POP))
        made = self._lines[word] = (lines, serialise(lines))
        return made


def signed(response: Response, headers: Headers, request_id: str, age: int | None) -> Response:
    """Return a response under its finished headers, with the lines that are its own: the id, and on a hit the age."""
    name = request_id.encode()
    if age is None:
        headers = headers.plus_block(((b"X-Amz-Cf-Id", name),), b"X-Amz-Cf-Id: %b\r\n" % name)
    else:
        said = b"%d" % age
        lines = ((b"X-Amz-Cf-Id", name), (b"Age", said))
        headers = headers.plus_block(lines, b"X-Amz-Cf-Id: %b\r\nAge: %b\r\n" % (name, said))
    return Response(status=response.status, reason=response.reason, headers=headers, body=response.body)


class Delivery:
    """A finished answer for a door to write, and whom to tell how it went.

    `body` is what the answer was made from; the door closes it when it is done, however that comes. `close`
    says that the connection must not be used again. `obtained` is how the answer came about. `tunnel` is set
    when the answer is a 101: the door then joins its connection to the origin's.
    """

    __slots__ = ("_clock", "_emit", "_ready", "_visit", "body", "close", "obtained", "response", "tunnel")

    def __init__(
        self,
        response: Response,
        visit: Visit,
        obtained: Obtained,
        clock: Clock,
        emit: Callable[[Answered], None],
        tunnel: Tunnel | None = None,
    ) -> None:
        self.response = response
        self.body = obtained.response.body
        self.close = obtained.close
        self.tunnel = tunnel
        self._visit = visit
        self.obtained = obtained
        self._clock = clock
        self._ready = clock()
        self._emit = emit

    @property
    def id(self) -> str:
        """CloudFront's request id."""
        return self._visit.id

    def sent(self, bytes_sent: int, *, complete: bool, received: int = 0) -> None:
        """Report how many bytes went out, head included, and whether that was all.

        `received` are those that came through a tunnel.
        """
        self._emit(
            Answered(
                self._visit,
                self.obtained,
                self.response.status,
                bytes_sent=bytes_sent,
                complete=complete,
                ready=self._ready,
                at=self._clock(),
                headers=self.response.headers,
                received=received,
            )
        )
