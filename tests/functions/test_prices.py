"""What running functions costs."""

import pytest

from edgerun.functions.prices import (
    CLOUDFRONT_FUNCTIONS,
    LAMBDA_EDGE,
    SECONDS,
    Price,
    bill,
    billed_milliseconds,
    price_of,
)


@pytest.mark.parametrize(
    ("runtime", "price"),
    [("python", LAMBDA_EDGE), ("nodejs", LAMBDA_EDGE), ("cloudfront-js-2.0", CLOUDFRONT_FUNCTIONS)],
)
def test_the_price_goes_by_the_runtime(runtime, price):
    assert price_of(runtime) is price


def test_each_price_says_where_and_when_it_stood():
    for price in (LAMBDA_EDGE, CLOUDFRONT_FUNCTIONS):
        assert price.source.startswith("https://aws.amazon.com/")
        assert len(price.noted.split("-")) == 3


def test_a_million_requests_at_the_edge_cost_requests_and_time():
    month = bill(LAMBDA_EDGE, per_second=1_000_000 / SECONDS["month"], milliseconds=10, memory=1024)
    assert month.for_requests == pytest.approx(0.60)
    assert month.gb_seconds == pytest.approx(10_000)
    assert month.for_time == pytest.approx(0.5001)
    assert month.total == pytest.approx(1.1001)


def test_cloudfront_functions_cost_requests_only():
    month = bill(CLOUDFRONT_FUNCTIONS, per_second=1_000_000 / SECONDS["month"], milliseconds=10, memory=128)
    assert month.total == pytest.approx(0.10)


@pytest.mark.parametrize(
    ("step", "seconds", "billed"), [(1, 0.00001, 1), (1, 0.0101, 11), (1, 0.01, 10), (50, 0.051, 100)]
)
def test_begun_steps_are_billed_whole(step, seconds, billed):
    price = Price(service="", per_million=0, per_gb_second=0, step=step, source="", noted="")
    assert billed_milliseconds(price, seconds) == billed
