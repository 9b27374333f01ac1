"""The statistics of splits, against known values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgerun.ab.statistics import chi_square, survival, wilson


@pytest.mark.parametrize(
    ("distance", "freedom", "p"),
    [
        # Critical values of the usual tables.
        (3.841458820694124, 1, 0.05),
        (6.634896601021213, 1, 0.01),
        (10.827566170662733, 1, 0.001),
        (5.991464547107979, 2, 0.05),
        (7.814727903251179, 3, 0.05),
        (9.487729036781154, 4, 0.05),
        (11.070497693516351, 5, 0.05),
        (18.307038053275146, 10, 0.05),
        (0.0, 3, 1.0),
        (5.0, 0, 1.0),
    ],
)
def test_the_chance_of_a_distance(distance, freedom, p):
    assert survival(distance, freedom) == pytest.approx(p, rel=1e-9)


@given(st.floats(0, 2000), st.floats(0, 2000), st.integers(1, 200))
def test_a_greater_distance_is_less_likely(one, other, freedom):
    low, high = sorted((one, other))
    assert 0 <= survival(high, freedom) <= survival(low, freedom) + 1e-12 <= 1 + 1e-12


@pytest.mark.parametrize(
    ("successes", "trials", "interval"),
    [
        (0, 0, (0.0, 1.0)),
        (0, 10, (0.0, 0.2775327998628893)),
        (10, 10, (0.7224672001371107, 1.0)),
        (81, 263, (0.2552914021, 0.3661766498)),  # Newcombe 1998, table I: 0.2553 to 0.3662
        (15, 148, (0.0624, 0.1605)),  # the same: 0.0624 to 0.1605
    ],
)
def test_wilsons_interval(successes, trials, interval):
    assert wilson(successes, trials) == pytest.approx(interval, abs=6e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share(counts):
    low, high = wilson(*counts)
    assert 0 <= low <= counts[0] / counts[1] <= high <= 1


@pytest.mark.parametrize(
    ("observed", "weights", "distance", "p"),
    [
        ([50, 50], [1, 1], 0.0, 1.0),
        ([60, 40], [50, 50], 4.0, 0.04550026389635842),
        ([315, 101, 108, 32], [9, 3, 3, 1], 0.470023980815348, 0.925425895103),  # Mendel's peas
        ([10, 1], [1, 0], math.inf, 0.0),
        ([10, 0], [1, 0], 0.0, 1.0),
    ],
)
def test_counts_against_a_wanted_split(observed, weights, distance, p):
    assert chi_square(observed, weights) == pytest.approx((distance, p), rel=1e-6)
