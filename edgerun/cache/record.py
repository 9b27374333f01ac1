"""How the cache came to what it did: each decision as a value, with its arithmetic.

The rules themselves write the steps down, so that nothing has to be reckoned twice, in two ways. How long a
response may be kept is written down once, as it is judged, and stays with the stored object. What a look-up
weighs is written down only when somebody reads `Decision.steps`: the same rule is then asked again, with the
same object and the same moment, and takes notes this time.
"""

from collections.abc import Iterable
from enum import Enum, StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from edgerun.values import value

if TYPE_CHECKING:
    from edgerun.cache.entry import CacheKey, Entry

Told = float | str | bool | None


class Reckoned(NamedTuple):
    """One step of arithmetic.

    Attributes:
        name: what was found: `lifetime`, `age`, `max-age`.
        value: seconds as a float, a word, or whether a condition holds.
        rule: by which rule, and from what, for people.
    """

    name: str
    value: Told
    rule: str = ""

    def __str__(self) -> str:
        return f"{self.name} = {shown(self.value)}" + (f"  ({self.rule})" if self.rule else "")


Steps = tuple[Reckoned, ...]
Trail = list[Reckoned]


def shown(told: Told) -> str:
    """Return a step's value as text: seconds with their unit, conditions as yes and no."""
    if isinstance(told, bool):
        return "yes" if told else "no"
    if told is None:
        return "none"
    return told if isinstance(told, str) else f"{told:.15g} s"


def plain(steps: Steps) -> list[list[Told]]:
    """Return steps as lists, for JSON and for stores on disk."""
    return [list(step) for step in steps]


def from_plain(rows: Iterable[Iterable[Any]]) -> Steps:
    """Return what `plain` made lists of; rows that are no steps are left out."""
    lists = [list(row) for row in rows]
    return one_copy(tuple(Reckoned(*row) for row in lists if len(row) == len(Reckoned._fields)))


@lru_cache(maxsize=1024)
def one_copy(steps: Steps) -> Steps:
    """Return the same steps, one copy for all objects whose lifetime was found in the same way."""
    return steps


class Use(Enum):
    """What is done about a request."""

    HIT = "hit"
    """The stored object answers."""
    STALE = "stale"
    """It answers although it has expired."""
    REFRESH = "refresh"
    """It answers although it has expired, and is refreshed behind."""
    VALIDATE = "validate"
    """The origin is asked; the stored object is at hand, should it be confirmed or the origin fail."""
    FETCH = "fetch"
    """Nothing is stored that could answer: the origin is asked."""
    PASS = "pass"  # noqa: S105
    """The cache is not looked into."""
    UNAVAILABLE = "unavailable"
    """Nothing stored may answer and the origin must not be asked."""


OUTCOMES: Final = {
    Use.HIT: "fresh",
    Use.STALE: "stale",
    Use.REFRESH: "stale",
    Use.VALIDATE: "expired",
    Use.FETCH: "miss",
    Use.PASS: "pass",
    Use.UNAVAILABLE: "unavailable",
}
"""What a look-up came to, in a word."""


class Why(StrEnum):
    """The rule that decided, as a sentence."""

    FRESH = "it is fresh"
    RETRY_LATER = "the origin failed a moment ago: the expired object answers until it is tried again"
    STALE_WHILE_REVALIDATE = "it has expired, within its stale-while-revalidate"
    MAX_STALE = "it has expired, within the max-stale of the request"
    EXPIRED = "it has expired"
    MUST_VALIDATE = "it has to be confirmed for each use"
    REQUEST = "it is fresh, and the request asks for more"
    NOTHING_STORED = "nothing is stored for this key"
    OTHER_VARIANTS = "only answers to other requests are stored (Vary)"
    PARTIAL = "only a part is stored, not the one asked for"
    METHOD = "the method is not cached"
    BYPASS = "the cache is off for this behavior"
    CONDITION = "the request has a condition that only the origin can evaluate"
    BODY = "the request has a body"
    UPGRADE = "the request asks for another protocol"
    ONLY_IF_CACHED = "the request wants a stored answer or none"


FORWARDED: Final = {
    Why.EXPIRED: "stale",
    Why.MUST_VALIDATE: "stale",
    Why.REQUEST: "request",
    Why.NOTHING_STORED: "uri-miss",
    Why.OTHER_VARIANTS: "vary-miss",
    Why.PARTIAL: "partial",
    Why.METHOD: "method",
    Why.BYPASS: "bypass",
    Why.CONDITION: "request",
    Why.BODY: "request",
    Why.UPGRADE: "bypass",
}
"""RFC 9211's word for why a request went forward."""

HINTS: Final = {
    Why.EXPIRED: "a longer lifetime: s-maxage or max-age of the origin, or the TTLs of the cache policy",
    Why.MUST_VALIDATE: "an answer of the origin without no-cache, and with a lifetime",
    Why.REQUEST: "the same request without Cache-Control",
    Why.NOTHING_STORED: "an answer of the origin that may be stored; the settle step says what became of this one",
    Why.OTHER_VARIANTS: "the same values of the fields that Vary names",
    Why.PARTIAL: "a range that lies within the stored part, or the whole once it is stored",
    Why.METHOD: "GET or HEAD",
    Why.BYPASS: "a cache policy whose maximum TTL is above 0",
    Why.CONDITION: "the same request without If-Match, If-Unmodified-Since",
    Why.BODY: "the same request without a body",
    Why.UPGRADE: "the same request without Upgrade",
    Why.ONLY_IF_CACHED: "the same request once it has been made without only-if-cached",
}
"""What would make the same request a hit."""


class Verdict(NamedTuple):
    """What a rule came to about one stored object."""

    use: Use
    why: Why


class Reckons(Protocol):
    """An authority that can be asked again, and takes notes when it is handed a trail."""

    def look(self, entry: "Entry", wish: Any, now: float, trail: Trail | None = None) -> Verdict: ...


class Decision(NamedTuple):
    """What a look-up came to, and from what.

    Attributes:
        use, why: what is done, and the rule that decided.
        now: seconds since the epoch, the moment for which this was decided.
        key: what was looked for; None if the cache was not looked into.
        entry: the stored object that was weighed, if there was one.
        wish: what the request asks of the cache, in the authority's own terms.
        authority: whose rules these are.
    """

    use: Use
    why: Why
    now: float
    key: "CacheKey | None" = None
    entry: "Entry | None" = None
    wish: Any = None
    authority: Reckons | None = None

    @property
    def hit(self) -> bool:
        """Whether a stored object answers without waiting for the origin."""
        return self.use in {Use.HIT, Use.STALE, Use.REFRESH}

    @property
    def forwarded(self) -> str:
        """RFC 9211's word for why the request went forward, or "" when it did not."""
        return "" if self.hit else FORWARDED.get(self.why, "")

    @property
    def ttl(self) -> float | None:
        """Seconds of freshness left, negative once expired; None without a stored object."""
        return None if self.entry is None else self.entry.expires_at - self.now

    @property
    def steps(self) -> Steps:
        """The arithmetic: how the lifetime was found when the object was stored, then what was weighed now."""
        if self.entry is None or self.authority is None:
            return ()
        trail: Trail = []
        self.authority.look(self.entry, self.wish, self.now, trail)
        return self.entry.reckoned + tuple(trail)

    @property
    def hint(self) -> str:
        """What would make the same request a hit, or "" when it is one."""
        return "" if self.hit else HINTS.get(self.why, "")


class Case(Enum):
    """What an origin's answer turned out to be."""

    NEW = "a new answer"
    CONFIRMED = "the stored object, confirmed"
    COVERED = "a failure, covered by the stored object"
    PASSED_ON = "an answer that is not for the store"


@value
class Settled:
    """What became of an origin's answer.

    Attributes:
        case: what it was.
        stored: whether it may be stored; the step after says whether the store took it.
        reason: why it may not, for people.
        steps: how its lifetime was found.
        decision: the look-up that led to the origin.
        answered: the status of the origin's answer, or of the function's that answered instead; 0 without any.
        ttl: seconds of freshness as it was settled; None when nothing is kept.
        made: the response was made here, by a function or about a failing origin.
    """

    case: Case
    stored: bool = False
    reason: str = ""
    steps: Steps = ()
    decision: Decision | None = None
    answered: int = 0
    ttl: float | None = None
    made: bool = False
