"""When the second origin of a group is asked (`spec/cloudfront.md` §9)."""

from collections.abc import Mapping
from typing import Final

from edgerun.distribution.choice import OriginChoice
from edgerun.distribution.model import Behavior
from edgerun.distribution.origins import OriginGroup, OriginSpec
from edgerun.errors import OriginConnectError, OriginDnsError, OriginError, OriginTimeout
from edgerun.values import changed

FAILOVER_STATUSES: Final = frozenset({400, 403, 404, 416, 429, 500, 502, 503, 504})
"""What an origin group may name as failing."""


def choice_of(group: OriginGroup, specs: Mapping[str, OriginSpec]) -> OriginChoice:
    """Return what a configured group comes to; `specs` are the origins as functions see them, by name."""
    first, second = group.primary.name, group.secondary.name
    return OriginChoice(
        spec=specs[first],
        origin=first,
        secondary=OriginChoice(spec=specs[second], origin=second),
        failover=group.status_codes,
    )


def in_place_of_primary(choice: OriginChoice, group: OriginChoice) -> OriginChoice:
    """Return what a CloudFront Function chose within a behavior's group: only changes to its primary stay in it.

    AWS: `spec/cloudfront-functions.md` §4.1; an origin or a group that was selected takes the place of the whole group.
    """
    if choice.origin or choice.secondary is not None:
        return choice
    return changed(choice, secondary=group.secondary, failover=group.failover)


def may_fail_over(method: str, behavior: Behavior) -> bool:
    """Tell whether a request of this method is one of those for which a second origin is asked."""
    return method in {"GET", "HEAD"} or (method == "OPTIONS" and "OPTIONS" in behavior.cached_methods)


def failing_statuses(error: OriginError, without_connection: str) -> frozenset[int]:
    """Return the statuses of which a group has to name one, to fail over when an origin gave no answer.

    Args:
        error: why there is none.
        without_connection: `503`, or `502 or 503`: what stands for an origin that cannot be connected to.
    """
    if isinstance(error, OriginTimeout):
        return frozenset({504})
    if isinstance(error, OriginConnectError | OriginDnsError):
        return frozenset({503}) if without_connection == "503" else frozenset({502, 503})
    return frozenset({502})
