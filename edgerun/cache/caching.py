"""What the pipeline asks of an authority over the cache, and in which terms it answers.

`Caching` is the one seam between authorities: the pipeline asks it and knows no rule itself.
"""

from typing import Any, Protocol

from edgerun.cache.entry import Entry
from edgerun.cache.record import Steps, Trail, Verdict
from edgerun.distribution.model import CachePolicy
from edgerun.http.headers import Headers
from edgerun.http.message import Response
from edgerun.values import value


@value
class Keep:
    """The response may be stored: seconds it stays fresh, the windows after that, and how they were found."""

    lifetime: float
    stale_while_revalidate: float | None = None
    stale_if_error: float | None = None
    max_stale: float = 0.0
    steps: Steps = ()


@value
class Refuse:
    """The response may not be stored; `reason` says why, for people."""

    reason: str
    steps: Steps = ()


@value
class Answer:
    """What the rules need to know of a response, after origin-response."""

    status: int
    headers: Headers
    method: str
    s3: bool = False


class Caching(Protocol):
    """One authority over what is kept and used."""

    def judge(self, answer: Answer, policy: CachePolicy, error_min_ttl: float, now: float) -> Keep | Refuse:
        """Tell whether and how long a response may be kept."""
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

    def may_serve_on_error(self, entry: Entry, now: float) -> bool:
        """Tell whether an expired object may be served because the origin failed."""
        ...

    def may_transform(self, headers: Headers) -> bool:
        """Tell whether a response may be compressed on its way into the cache."""
        ...

    def may_pass_on(self, response: Response) -> bool:
        """Tell whether a viewer may have what the origin answered to a GET, or has to be told that it is broken."""
        ...
