"""A mean with an interval that is clustered by question: shares, rates, preferences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from arena.ratings.data.arrays import Codes, FloatArray, codes_of
from arena.ratings.intervals.student_t import t_quantile


class Mean(NamedTuple):
    """A mean, its interval (None where nothing is known about it), and how many values it rests on."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def wilson(p: FloatArray, n: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Wilson's score interval for a share p of n trials; NaN where p, n or z is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(np.maximum(p * (1 - p), 0.0) / n + z**2 / (4 * n**2))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def clustered_share(values: FloatArray, clusters: Codes, level: float) -> Mean:
    """The mean of values in [0, 1], NaN left out, with Wilson's interval at the effective number of clusters.

    n_eff = p(1 − p)/V with V the variance of the mean over clusters times Q/(Q − 1), and the t(Q − 1) quantile;
    n_eff = Q where nothing varies.
    """
    known = ~np.isnan(values)
    values, clusters = values[known], clusters[known]
    n = len(values)
    if not n:
        return Mean(None, None, None, 0)
    p = float(values.mean())
    sums = np.bincount(np.unique(clusters, return_inverse=True)[1], values - p)
    q = len(sums)
    if q < 2:
        return Mean(p, None, None, n)
    variance = q / (q - 1) * float((sums**2).sum()) / n**2
    size = p * (1 - p) / variance if variance > 1e-14 else float(q)
    z = t_quantile(level, np.array([q - 1.0]))
    low, high = wilson(np.array([p]), np.array([size]), z)
    return Mean(p, float(low[0]), float(high[0]), n)


def clustered_mean(values: FloatArray, clusters: Codes, level: float) -> Mean:
    """The mean of any values, NaN left out, with a t interval over clusters; no interval with one cluster."""
    known = ~np.isnan(values)
    values, clusters = values[known], clusters[known]
    n = len(values)
    if not n:
        return Mean(None, None, None, 0)
    mean = float(values.mean())
    sums = np.bincount(np.unique(clusters, return_inverse=True)[1], values - mean)
    q = len(sums)
    if q < 2:
        return Mean(mean, None, None, n)
    se = math.sqrt(q / (q - 1) * float((sums**2).sum())) / n
    half = float(t_quantile(level, np.array([q - 1.0]))[0]) * se
    return Mean(mean, mean - half, mean + half, n)


class Share(NamedTuple):
    """A mean of values in [0, 1]; the ends are None where nothing is known about them."""

    value: float
    low: float | None
    high: float | None
    n_questions: int


def share_of(values: Sequence[float], question_ids: Sequence[str], level: float) -> Share:
    """The mean with Wilson's interval at the effective number of questions. There must be a value."""
    mean = clustered_share(np.array(values, dtype=float), codes_of(question_ids), level)
    return Share(mean.value or 0.0, mean.low, mean.high, len(set(question_ids)))
