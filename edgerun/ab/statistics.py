"""What a split's numbers mean: Wilson's interval, and Pearson's χ² test."""

import math
from collections.abc import Sequence
from typing import Final

# The standard normal's 97.5 % quantile: two-sided 95 %.
Z95: Final = 1.959963984540054


def wilson(successes: int, trials: int, z: float = Z95) -> tuple[float, float]:
    """Return the interval that holds a share with the confidence that `z` stands for; (0, 1) without trials.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if trials == 0:
        return 0.0, 1.0
    share, square = successes / trials, z * z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = z / (1 + square / trials) * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == trials else min(1.0, middle + half)
    return low, high


def chi_square(observed: Sequence[int], weights: Sequence[float]) -> tuple[float, float]:
    """Compare counts with a wanted split; return χ² and p, the chance of at least that much by chance.

    A count where none is wanted cannot be chance: (inf, 0).

    Args:
        observed: how many, by class.
        weights: what is wanted, in proportion; not all zero.
    """
    whole, total = sum(weights), sum(observed)
    expected = [total * weight / whole for weight in weights]
    if any(count and not wanted for count, wanted in zip(observed, expected, strict=True)):
        return math.inf, 0.0
    pairs = [(count, wanted) for count, wanted in zip(observed, expected, strict=True) if wanted]
    distance = sum((count - wanted) ** 2 / wanted for count, wanted in pairs)
    return distance, survival(distance, sum(weight > 0 for weight in weights) - 1)


def survival(distance: float, freedom: int) -> float:
    """Return the chance that χ² with so many degrees of freedom is at least `distance`; exact, as finite sums.

    Source: Abramowitz and Stegun, 26.4.4 and 26.4.5.
    """
    if freedom <= 0:
        return 1.0
    half = distance / 2
    if half <= 0:
        return 1.0
    first = 0.5 if freedom % 2 else 0.0
    exponents = [first + step for step in range((freedom + 1) // 2 if not freedom % 2 else (freedom - 1) // 2)]
    # As logarithms: neither the power nor Γ overflows.
    tail = math.fsum(math.exp(each * math.log(half) - half - math.lgamma(each + 1)) for each in exponents)
    return min(1.0, tail + (math.erfc(math.sqrt(half)) if freedom % 2 else 0.0))
