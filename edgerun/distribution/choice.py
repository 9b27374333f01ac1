"""The origin that a CloudFront Function chose for one request."""

from edgerun.distribution.origins import OriginSpec
from edgerun.values import value


@value
class OriginChoice:
    """An origin instead of the behavior's (`spec/cloudfront-functions.md` §4).

    Attributes:
        spec: as origin-request will see it.
        origin: name of the configured origin whose settings it has; "" for the behavior's.
        host: what `Host` says; "" for what the policies and the origin say.
        secondary: the other origin of a group, None without one.
        failover: statuses of the first origin after which the other one is asked.
    """

    spec: OriginSpec
    origin: str = ""
    host: str = ""
    secondary: "OriginChoice | None" = None
    failover: frozenset[int] = frozenset()
