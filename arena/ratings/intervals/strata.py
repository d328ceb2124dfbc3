"""A mean over strata of known size, with an interval that is clustered within them: scores of benchmarks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from arena.ratings.data.arrays import codes_of
from arena.ratings.intervals.means import Mean, wilson
from arena.ratings.intervals.student_t import t_quantile


class Estimate(NamedTuple):
    """A mean over strata, its variance, and the degrees of freedom of that."""

    mean: float
    variance: float
    df: int


def stratified_mean(
    values: Sequence[float],
    strata: Sequence[str],
    clusters: Sequence[str],
    weights: Mapping[str, float],
    level: float,
    *,
    share: bool = True,
) -> Mean:
    """The weighted mean of the strata's means, in proportion to `weights` among the strata that have values.

    The variance is the sum over strata of w² Q/(Q − 1) Σ(sums of residuals by cluster)²/n², with Q clusters in the
    stratum; strata of a single cluster are taken together as one (Cochran, Sampling Techniques, 5A.12). t with as many
    degrees of freedom as clusters minus strata. With `share` (values in [0, 1]) the interval is Wilson's at the
    effective size p(1 − p)/V, which stays inside [0, 1] and has a width at 0 and 1; else mean ± t·se.
    """
    n = len(values)
    if not n:
        return Mean(None, None, None, 0)
    mean, variance, df = stratified_estimate(values, strata, clusters, weights)
    if df < 1:
        return Mean(mean, None, None, n)
    factor = t_quantile(level, np.array([float(df)]))
    if not share:
        half = float(factor[0]) * math.sqrt(variance)
        return Mean(mean, mean - half, mean + half, n)
    size = mean * (1 - mean) / variance if variance > 1e-14 else float(len(set(clusters)))
    low, high = wilson(np.array([mean]), np.array([size]), factor)
    return Mean(mean, float(low[0]), float(high[0]), n)


def stratified_estimate(
    values: Sequence[float], strata: Sequence[str], clusters: Sequence[str], weights: Mapping[str, float]
) -> Estimate:
    """What `stratified_mean` rests on. There must be a value."""
    at, names, cluster = np.asarray(values, dtype=float), np.asarray(strata, dtype=object), codes_of(list(clusters))
    present = sorted(set(strata))
    total = sum(weights[name] for name in present)
    mean, variance, df, single = 0.0, 0.0, 0, []
    for name in present:
        inside = names == name
        weight = weights[name] / total
        own = float(at[inside].mean())
        mean += weight * own
        sums = np.bincount(np.unique(cluster[inside], return_inverse=True)[1], at[inside] - own)
        q = len(sums)
        if q < 2:
            single.append((weight, own))
            continue
        variance += weight**2 * q / (q - 1) * float((sums**2).sum()) / int(inside.sum()) ** 2
        df += q - 1
    if len(single) > 1:  # the strata between them, as if they were draws from one
        middle = sum(w * x for w, x in single) / sum(w for w, _ in single)
        variance += len(single) / (len(single) - 1) * sum(w**2 * (x - middle) ** 2 for w, x in single)
        df += len(single) - 1
    return Estimate(mean, variance, df)
