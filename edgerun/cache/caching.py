"""What the pipeline asks of an authority over the cache, and in which terms it answers.

`Caching` is the one seam between authorities: the pipeline asks it and knows no rule itself.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.record import Steps, Trail, Verdict
from edgerun.distribution.choice import OriginChoice
from edgerun.distribution.model import Behavior, CachePolicy, Distribution
from edgerun.distribution.origins import OriginConfig
from edgerun.http.headers import Headers, Line
from edgerun.http.message import Request, Response
from edgerun.values import value


@value
class Keep:
    """The response may be stored, and on which terms; the fields are `Entry`'s.

    Attributes:
        max_stale: seconds after its arrival for which it may be served once expired.
        left_out: names, in lower case, of lines that are not stored at all.
        steps: how the lifetime was found.
    """

    lifetime: float
    initial_age: float = 0.0
    must_validate: bool = False
    never_stale: bool = False
    stale_while_revalidate: float | None = None
    stale_if_error: float | None = None
    max_stale: float = 0.0
    withheld: tuple[bytes, ...] = ()
    left_out: tuple[bytes, ...] = ()
    steps: Steps = ()


@value
class Refuse:
    """The response may not be stored; `reason` says why, for people."""

    reason: str
    steps: Steps = ()


A_GET: Final = Request(method="GET", path=b"/")


@value
class Answer:
    """What the rules need to know of a response, after origin-response.

    Attributes:
        status, headers: its own.
        request: what it answers, before it was made the origin's.
        began: seconds since the epoch, when it was asked for.
        s3: an S3 bucket answered.
    """

    status: int
    headers: Headers
    request: Request = A_GET
    began: float = 0.0
    s3: bool = False


class Caching(Protocol):
    """One authority over what passes, what is kept and what is used."""

    by_vary: bool
    """Whether answers under one key are told apart by the fields that `Vary` names."""

    # ------------------------------------------------------------------ what passes

    def guard(self, request: Request, behavior: Behavior) -> bool:
        """Check whether this may be asked; return True if the viewer has to be sent to HTTPS instead.

        Raises:
            RequestError: it may not.
        """
        ...

    def forward(
        self,
        request: Request,
        behavior: Behavior,
        origin: OriginConfig,
        choice: OriginChoice | None,
        via: bytes,
        conditions: Sequence[Line],
    ) -> Request:
        """Return the request for the origin.

        Args:
            request: after viewer-request, with generated `CloudFront-*` headers.
            behavior: whose policies count.
            origin: the configured one.
            choice: what a function chose instead of it, or on top of it.
            via: CloudFront's own member of the `Via` header.
            conditions: of our own; with them the viewer's stay behind.
        """
        ...

    def to_viewer(self, response: Response, behavior: Behavior, now: float, *, s3: bool) -> Response:
        """Return the origin's response with the lines that viewers may see, as it is stored."""
        ...

    def may_transform(self, headers: Headers) -> bool:
        """Tell whether a response may be compressed on its way into the cache."""
        ...

    def answer(self, request: Request, now: float) -> Response | None:
        """Return what is answered here, though it is neither stored nor a fault; None for what goes its way."""
        ...

    # ------------------------------------------------------------------ what is looked for

    def wish(self, request: Request) -> Any:
        """Return what a request asks of the cache, in terms of this authority's own."""
        ...

    def passes(self, request: Request, behavior: Behavior, wish: Any) -> Verdict | None:
        """Return what is done about a request that the cache has no part in, None for all others."""
        ...

    def key(self, request: Request, behavior: Behavior, distribution: Distribution) -> CacheKey:
        """Return what a request shares with all that may get the same answer, `Vary` aside."""
        ...

    def passed_key(self, request: Request, behavior: Behavior, distribution: Distribution) -> CacheKey | None:
        """Return the key under which the answer to a request that passes the cache may be kept all the same."""
        ...

    def missing(self, wish: Any, *, variants: bool) -> Verdict:
        """Tell what is done when nothing is stored, or only other variants are."""
        ...

    def look(self, entry: Entry, wish: Any, now: float, trail: Trail | None = None) -> Verdict:
        """Tell what may be done with a stored response.

        Args:
            entry: the stored response.
            wish: what the request asks of the cache.
            now: seconds since the epoch.
            trail: where each step is noted, if anybody wants to read them.
        """
        ...

    def may_collapse(self, request: Request, behavior: Behavior, wish: Any) -> bool:
        """Tell whether a request may wait for another's fetch and share what it brings."""
        ...

    def may_share(self, entry: Entry, request: Headers, wish: Any, now: float, *, covers: bool) -> bool:
        """Tell whether the answer to one request answers another that waited for it.

        Args:
            entry: the answer as it is stored.
            request: the other's.
            wish: what it asks of the cache.
            now: seconds since the epoch.
            covers: the answer is an expired object that covers for a failing origin.
        """
        ...

    # ------------------------------------------------------------------ what the origin is asked and says

    def conditions(
        self, entry: Entry | None, others: Sequence[Entry], request: Request, behavior: Behavior
    ) -> tuple[Line, ...]:
        """Return the conditional lines that ask the origin whether stored responses still hold.

        Args:
            entry: the one that the request selects.
            others: those it does not select; the origin may name one of them.
            request: the viewer's.
            behavior: whose policies count.
        """
        ...

    def confirms(self, told: Headers, entry: Entry, others: Sequence[Entry]) -> bool:
        """Tell whether a 304 speaks of a stored response, of those that were asked about."""
        ...

    def head_tells(self, entry: Entry, response: Response) -> bool | None:
        """Tell whether the answer to a HEAD shows a stored whole response to hold (True), or not; None: neither."""
        ...

    def confirmed_age(self, entry: Entry, now: float) -> int | None:
        """Return the `Age` of a stored response that has just been confirmed, None for no such header."""
        ...

    def failure_status(self, status: int, *, unreachable: bool) -> int:
        """Return the status of the page for an origin that gave no answer.

        Args:
            status: the usual one.
            unreachable: there was not even a connection.
        """
        ...

    def may_serve_on_error(
        self, entry: Entry, now: float, *, status: int = 0, wish: Any = None, trail: Trail | None = None
    ) -> bool:
        """Tell whether an expired object may be served because the origin failed.

        Args:
            entry: the object.
            now: seconds since the epoch.
            status: what the origin answered; 0 if there was no answer.
            wish: what the request asks of the cache.
            trail: where the steps are noted.
        """
        ...

    def retry_at(self, now: float, error_min_ttl: float) -> float:
        """Return until when a failing origin is left alone where an expired object covers for it."""
        ...

    # ------------------------------------------------------------------ what is kept

    def judge(self, answer: Answer, policy: CachePolicy, error_min_ttl: float, now: float) -> Keep | Refuse:
        """Tell whether and how long a response may be kept."""
        ...

    def stored_under(self, key: CacheKey, headers: Headers, request: Headers, policy: CachePolicy) -> CacheKey:
        """Return the key of a response among those that share a key: itself, or that of a variant."""
        ...

    def forgets(
        self, request: Request, response: Response, status: int, distribution: Distribution
    ) -> tuple[CacheKey, ...]:
        """Return the keys of what an answer shows to be out of date: by an unsafe method, in short.

        Args:
            request: the viewer's.
            response: the answer; its `Location` and `Content-Location` count.
            status: what the origin said.
            distribution: whose objects.
        """
        ...

    def may_pass_on(self, response: Response) -> bool:
        """Tell whether a viewer may have what the origin answered to a GET, or has to be told that it is broken."""
        ...
