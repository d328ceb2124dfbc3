"""How sure figures of a load test are: order statistics where requests are independent, batches where they are not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from arena.load.sample import Sample
from arena.ratings.data.arrays import FloatArray
from arena.ratings.intervals.student_t import t_quantile

LEVEL = 0.95
BATCHES = 10
FEWEST_IN_A_BATCH = 20
LENGTHS_IN_A_BATCH = 10
"""Correlation lengths that a batch must hold, so that batches say nothing about each other: with fewer their interval
covers too rarely (.88 for 500 requests at half the capacity of a queue, .94 for 2,000)."""
FEWEST_RUNS = 5
"""Runs of a level that give an interval."""
FEWEST_BEYOND = 5
"""Requests of a batch that lie beyond a percentile, so that the batch says anything about it."""


class Estimate(NamedTuple):
    """A figure and its interval; an end that the data cannot give is None."""

    value: float | None
    low: float | None = None
    high: float | None = None


@lru_cache(maxsize=4096)
def order_ranks(n: int, q: float) -> tuple[int | None, int | None]:
    """Ranks (from 1) of the order statistics that hold the q-th percentile of n independent values with probability
    LEVEL, whatever their distribution: from the binomial number of values below it. None for an end beyond the data.
    """
    middle, far = n * q, 12 * math.sqrt(n * q * (1 - q)) + 20  # what is beyond has a chance below 1e-30
    first, last = max(0, math.floor(middle - far)), min(n, math.ceil(middle + far))
    below = np.cumsum([_chance(k, n, q) for k in range(first, last + 1)])
    tail = (1 - LEVEL) / 2
    low = first + int(np.searchsorted(below, tail))
    high = first + int(np.searchsorted(below, 1 - tail)) + 1
    return (low if low >= 1 else None), (high if high <= n else None)


def _chance(k: int, n: int, p: float) -> float:
    """P(X = k) for a binomial X, 0 < p < 1."""
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p))


def by_order(values: Sample, q: float) -> Estimate:
    """A percentile of independent values."""
    if not len(values):
        return Estimate(None)
    low, high = order_ranks(len(values), q)
    ends = (None if rank is None else values.at(rank) for rank in (low, high))
    return Estimate(values.percentile(q), *ends)


def mean_of(values: Sample) -> Estimate:
    """The mean of independent values with its t interval."""
    if not len(values):
        return Estimate(None)
    mean, n = values.mean, len(values)
    if n < 2:
        return Estimate(mean)
    half = float(t_quantile(LEVEL, n - 1)) * math.sqrt(values.variance / n)
    return Estimate(mean, mean - half, mean + half)


def by_batches(
    everything: Sample, batches: Sequence[Sample], of: Callable[[Sample], float], q: float | None,
    least: int = FEWEST_IN_A_BATCH,
) -> Estimate:  # fmt: skip
    """A figure of values that depend on their neighbours: the t interval of what each contiguous batch gives.

    `q` is its share where it is a percentile: without enough values beyond it in every batch there is no interval, nor
    with batches of fewer than `least`.
    """
    if not len(everything):
        return Estimate(None)
    value = of(everything)
    if too_few(min(map(len, batches), default=0), q, least) or len(batches) < BATCHES:
        return Estimate(value)
    each = np.array([of(batch) for batch in batches])
    half = float(t_quantile(LEVEL, len(each) - 1)) * float(each.std(ddof=1)) / math.sqrt(len(each))
    return Estimate(value, value - half, value + half)


def mean_over_runs(everything: Sample, runs: Sequence[Sample]) -> Estimate:
    """A mean, its interval from that of each run. A few slow runs make these skewed, so t is transformed by their
    skewness (Hall 1992, Journal of the Royal Statistical Society B 54:221); without runs enough there is no interval.
    """
    if not len(everything):
        return Estimate(None)
    value, n = everything.mean, len(runs)
    if n < FEWEST_RUNS or min(map(len, runs)) < FEWEST_IN_A_BATCH:
        return Estimate(value)
    return over_runs(value, np.array([run.mean for run in runs]))


def over_runs(value: float, each: FloatArray) -> Estimate:
    """A figure with the interval that what each of several independent runs gives has."""
    n, spread = len(each), float(each.std(ddof=1))
    t = float(t_quantile(LEVEL, n - 1)) / math.sqrt(n)
    skew = 0.0 if spread == 0 else n / ((n - 1) * (n - 2)) * float((((each - each.mean()) / spread) ** 3).sum())
    if abs(skew) < 1e-6:
        return Estimate(value, value - spread * t, value + spread * t)
    far, near = (3 / skew * (float(np.cbrt(1 + skew * (x - skew / (6 * n)))) - 1) for x in (t, -t))
    return Estimate(value, value - spread * far, value - spread * near)


def percentile_over_runs(everything: Sample, runs: Sequence[Sample], q: float) -> Estimate:
    """A percentile: how the share at or below it differs between runs, read back as values (Woodruff 1952, JASA
    47:635). An end beyond the data is None."""
    if not len(everything):
        return Estimate(None)
    value = everything.percentile(q)
    if len(runs) < FEWEST_RUNS or min(map(len, runs)) < FEWEST_IN_A_BATCH:
        return Estimate(value)
    shares = np.array([run.share(value) for run in runs])
    half = float(t_quantile(LEVEL, len(runs) - 1)) * float(shares.std(ddof=1)) / math.sqrt(len(runs))
    low, high = q - half, q + half
    return Estimate(
        value, None if low <= 0 else everything.percentile(low), None if high > 1 else everything.percentile(high)
    )


def least_in_a_batch(values: FloatArray) -> int:
    """How many values in their order a batch needs: at least FEWEST_IN_A_BATCH, and LENGTHS_IN_A_BATCH correlation
    lengths."""
    return max(FEWEST_IN_A_BATCH, math.ceil(LENGTHS_IN_A_BATCH * correlation_length(values)))


def correlation_length(values: FloatArray) -> float:
    """1 + 2 times the sum of the autocorrelations: so many values in a row count as one independent one; 1 or more.

    Summed in pairs as long as they are positive (Geyer 1992, Statistical Science 7:473, initial positive sequence).
    """
    n = len(values)
    centred = values - values.mean() if n else values
    if n < 4 or not np.any(centred):
        return 1.0
    whole = float(centred @ centred)
    found = -1.0
    for lag in range(0, n - n % 2, 2):
        pair = sum(float(centred[: n - at] @ centred[at:]) for at in (lag, lag + 1)) / whole
        if pair <= 0:
            break
        found += 2 * pair
    return max(1.0, found)


def too_few(n: int, q: float | None, least: int = FEWEST_IN_A_BATCH) -> bool:
    """Whether a batch of n is too small."""
    return n < least or (q is not None and n * min(q, 1 - q) < FEWEST_BEYOND - 1e-9)


def share_low(good: int, n: int) -> float:
    """The lower end of the exact (Clopper-Pearson) interval for a share of independent trials, one-sided at LEVEL."""
    return _bisected(lambda p: 1 - _at_most(good - 1, n, p) < 1 - LEVEL) if good else 0.0


def share_high(good: int, n: int) -> float:
    """The upper end, one-sided at LEVEL."""
    return 1.0 - share_low(n - good, n)


def _at_most(k: int, n: int, p: float) -> float:
    """P(X <= k) for a binomial X."""
    if k < 0 or p <= 0:
        return 0.0 if k < 0 else 1.0
    if p >= 1:
        return 1.0 if k >= n else 0.0
    middle, far = n * p, 12 * math.sqrt(n * p * (1 - p)) + 20  # what is beyond has a chance below 1e-30
    if k > middle + far:
        return 1.0
    return math.fsum(_chance(i, n, p) for i in range(max(0, math.floor(middle - far)), k + 1))


def _bisected(below: Callable[[float], bool]) -> float:
    """The largest p in [0, 1] for which `below` holds from 0 on."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return low
