"""What a handful of seeds allows us to say.

Sources: Wilson (1927) for rates; Hahn & Meeker, *Statistical Intervals* (1991), for one-sided normal tolerance bounds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval.

    Attributes:
        mean: the estimate.
        low, high: the interval's ends.
        n: how many independent measurements it rests on.
    """

    mean: float
    low: float
    high: float
    n: int


def mean_interval(values: Sequence[float]) -> Interval:
    """Interval of the mean by Student's t.

    With all values equal the interval has no width: the quantity didn't vary, not that the sample is large.

    Args:
        values: one number a seed, at least 2.

    Raises:
        ValueError: fewer than two values, or one is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size < 2 or not np.isfinite(array).all():
        raise ValueError(f"an interval needs at least 2 finite values; received {list(values)}: measure more seeds")
    from scipy import stats

    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, array.size - 1) * array.std(ddof=1) / math.sqrt(array.size))
    mean = float(array.mean())
    return Interval(mean, mean - half, mean + half, int(array.size))


def wilson(successes: int, n: int) -> Interval:
    """Wilson's score interval of a rate.

    Example:
        >>> interval = wilson(5, 5)
        >>> round(interval.low, 3), interval.high
        (0.566, 1.0)

    Raises:
        ValueError: not 0 ≤ successes ≤ n with n ≥ 1.
    """
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"a rate needs 0 ≤ successes ≤ n and n ≥ 1; received {successes} of {n}")
    from scipy import stats

    z = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
    rate = successes / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    # At the ends the formula gives exactly 0 and 1; floating point misses them by a rounding.
    return Interval(rate, centre - half if successes else 0.0, centre + half if successes < n else 1.0, n)


def tolerance_factor(n: int) -> float:
    """k such that mean − k·std bounds 95 % of a normal population with 95 % confidence.

    Example:
        >>> round(tolerance_factor(5), 2), round(tolerance_factor(10), 2)
        (4.2, 2.91)

    Raises:
        ValueError: n < 2.
    """
    if n < 2:
        raise ValueError(f"a tolerance bound needs at least 2 measurements; received {n}")
    from scipy import stats

    z = stats.norm.ppf(0.95)
    return float(stats.nct.ppf(0.95, n - 1, z * math.sqrt(n)) / math.sqrt(n))
