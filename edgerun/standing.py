"""Answers that stand: what the pipeline made of one head and one stored object, given again while both are the same.

The pipeline's steps are rules over the request's bytes, the configuration and the stored object. Where nothing else
went into an answer, the next request with the same bytes gets it without taking the steps again; its id and its age
are its own. A step that looks at more (the viewer's address, the moment, a function) makes its answers not stand.
"""

from dataclasses import dataclass
from typing import Any, Final

from edgerun.cache.entry import CacheKey, Entry
from edgerun.distribution.model import Behavior, Distribution, Point
from edgerun.http.headers import Headers
from edgerun.http.message import Request
from edgerun.visit import Obtained, Visit

STANDING_AFTER: Final[tuple[list[str], ...]] = ([], [Point.VIEWER_REQUEST])


@dataclass(frozen=True, slots=True)
class Standing:
    """What was answered, and what it holds for.

    Attributes:
        owner: the pipeline, which stands for one revision of the configuration.
        key, entry: the stored object; another one under the same key ends the answer.
        wish: what the request asks of the cache, in the authority's own terms.
        obtained: after the viewer's steps.
        headers: finished, but for the lines that are each answer's own.
        distribution, behavior, seen, ran: what the steps set on the visit.
    """

    owner: object
    key: CacheKey
    entry: Entry
    wish: Any
    obtained: Obtained
    headers: Headers
    distribution: Distribution
    behavior: Behavior
    seen: Request
    ran: list[str]

    def visit_of(self, request_id: str, request: Request, now: float) -> Visit:
        """Return the visit of a request that gets this answer."""
        visit = Visit(request_id, request, now)
        visit.distribution, visit.behavior, visit.seen = self.distribution, self.behavior, self.seen
        visit.ran = self.ran
        return visit


def standing(owner: object, visit: Visit, obtained: Obtained, headers: Headers) -> Standing | None:
    """Return an answer as one that stands, or None when more than head and object went into it."""
    decision, distribution, behavior = obtained.decision, visit.distribution, visit.behavior
    if not obtained.standing or visit.ran not in STANDING_AFTER or obtained.response.body.data is None:
        return None
    if decision is None or decision.key is None or decision.entry is None or distribution is None or behavior is None:
        return None
    if behavior.trusted_key_groups or distribution.geo_restriction is not None or distribution.cache_status:
        return None
    policy = behavior.response_headers_policy
    if policy is not None and (policy.server_timing or policy.remove):
        return None
    found = (decision.key, decision.entry, decision.wish)
    return Standing(owner, *found, obtained, headers, distribution, behavior, visit.seen, visit.ran)
