"""Whose rules a distribution's cache follows."""

from typing import Final

from edgerun.cache.caching import Caching
from edgerun.cache.freshness import CloudFrontCaching
from edgerun.cache.rfc9111 import Rfc9111Caching
from edgerun.distribution.model import Distribution

CLOUDFRONT: Final = CloudFrontCaching()


def caching_of(distribution: Distribution) -> Caching:
    """Return the authority that a distribution has chosen."""
    if distribution.caching == "rfc9111":
        return Rfc9111Caching(distribution.rfc9111)
    return CLOUDFRONT
