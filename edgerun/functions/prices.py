"""What AWS asks for running functions, and what that comes to.

No specification of ours holds prices: these were noted by hand, with the day and the page where they stand. What
CloudFront asks for requests and for bytes is not among them.
"""

import math
from typing import Final

from edgerun.functions.log_lines import billed
from edgerun.values import value

SECONDS: Final = {"s": 1, "min": 60, "h": 3600, "day": 86_400, "month": 730 * 3600}
"""Seconds of each unit of a rate; a month is 730 hours, as in AWS's calculator."""


@value
class Price:
    """What one kind of function costs, in US dollars.

    Attributes:
        service: AWS's name for it.
        per_million: for a million requests.
        per_gb_second: for a GB of configured memory for a second; 0 if time costs nothing.
        step: milliseconds, to which durations are rounded up.
        source: the page.
        noted: the day on which it said so.
    """

    service: str
    per_million: float
    per_gb_second: float
    step: int
    source: str
    noted: str


LAMBDA_EDGE: Final = Price(
    service="Lambda@Edge",
    per_million=0.60,
    per_gb_second=0.00005001,
    step=1,
    source="https://aws.amazon.com/lambda/pricing/",
    noted="2026-11-23",
)
CLOUDFRONT_FUNCTIONS: Final = Price(
    service="CloudFront Functions",
    per_million=0.10,
    per_gb_second=0.0,
    step=1,
    source="https://aws.amazon.com/cloudfront/pricing/",
    noted="2026-11-23",
)


@value
class Bill:
    """A month's price in US dollars, and what it is made of."""

    requests: float
    gb_seconds: float
    for_requests: float
    for_time: float

    @property
    def total(self) -> float:
        return self.for_requests + self.for_time


def price_of(runtime: str) -> Price:
    """Return what a function of this runtime costs."""
    return CLOUDFRONT_FUNCTIONS if runtime.startswith("cloudfront-js") else LAMBDA_EDGE


def bill(price: Price, *, per_second: float, milliseconds: float, memory: int) -> Bill:
    """Return what a month costs.

    Args:
        price: of the function.
        per_second: invocations.
        milliseconds: that an invocation is billed for, in the mean.
        memory: MB that are configured.
    """
    requests = per_second * SECONDS["month"]
    gb_seconds = requests * milliseconds / 1000 * memory / 1024
    return Bill(
        requests=requests,
        gb_seconds=gb_seconds,
        for_requests=requests / 1_000_000 * price.per_million,
        for_time=gb_seconds * price.per_gb_second,
    )


def billed_milliseconds(price: Price, duration: float) -> int:
    """Return what an invocation of so many seconds is billed for; INIT is left out (lambda-service.md §3.4)."""
    return math.ceil(billed(duration) / price.step) * price.step
