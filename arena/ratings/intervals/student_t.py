"""Student's t and the normal distribution, without the quarter of a second that importing scipy.special costs.

Agrees with scipy.special's stdtr and stdtrit to 1e-8 (tests/ratings/intervals/test_student_t.py).
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from arena.ratings.data.arrays import FloatArray

_TINY = 1e-300
_MANY = 200
"""From so many degrees of freedom on the expansion of the quantile is exact to 1e-9."""


def normal_quantile(level: float) -> float:
    """z with P(|N(0, 1)| < z) = level."""
    return NormalDist().inv_cdf((1 + level) / 2)


def widened(level: float, factor: float) -> float:
    """The level whose normal quantile is `factor` times that of `level`."""
    return level if factor == 1 else math.erf(factor * normal_quantile(level) / math.sqrt(2))


def t_cdf(t: ArrayLike, df: ArrayLike) -> FloatArray:
    """P(T < t) for Student's t with `df` degrees of freedom, elementwise; infinite `df` is the normal distribution."""
    t_array, df_array = np.broadcast_arrays(np.asarray(t, dtype=float), np.asarray(df, dtype=float))
    out = np.full(t_array.shape, np.nan)
    plain = np.isfinite(df_array) & (df_array > 0) & np.isfinite(t_array)
    normal = np.isposinf(df_array) & np.isfinite(t_array)
    out[np.isposinf(t_array)], out[np.isneginf(t_array)] = 1.0, 0.0
    out[normal] = [0.5 * math.erfc(-x / math.sqrt(2)) for x in t_array[normal]]
    if plain.any():
        tails = 0.5 * _tail(np.abs(t_array[plain]), df_array[plain])
        out[plain] = np.where(t_array[plain] > 0, 1 - tails, tails)
    return out


def t_quantile(level: float, df: ArrayLike) -> FloatArray:
    """The half-width factor: t with P(|T| < t) = level for each `df`; NaN where df < 1 (no variance can be known).

    Infinite `df` gives the normal quantile. Cornish–Fisher, polished on the distribution function below 200.
    """
    unique, where = np.unique(np.asarray(df, dtype=float), return_inverse=True)
    values = np.where(np.isposinf(unique), normal_quantile(level), np.nan)
    many = np.isfinite(unique) & (unique >= _MANY)
    values[many] = _expansion(normal_quantile(level), unique[many])
    few = (unique >= 1) & (unique < _MANY)
    if few.any():
        values[few] = _finite_quantile(level, tuple(unique[few].tolist()))
    return values[where].reshape(np.shape(df))


def _expansion(z: float, df: FloatArray) -> FloatArray:
    """Cornish–Fisher (Abramowitz & Stegun 26.7.5)."""
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    g4 = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + g1 / df + g2 / df**2 + g3 / df**3 + g4 / df**4


@lru_cache(maxsize=64)
def _finite_quantile(level: float, degrees: tuple[float, ...]) -> FloatArray:
    df = np.array(degrees)
    p, z = (1 + level) / 2, normal_quantile(level)
    t = _expansion(z, np.maximum(df, 3.0))
    t = np.where(df < 3, (2 * p - 1) * np.sqrt(2 / (4 * p * (1 - p))), t)
    t = np.where(df < 2, math.tan(math.pi * (p - 0.5)), t)
    log_gamma = np.frompyfunc(math.lgamma, 1, 1)
    log_scale = np.asarray(log_gamma((df + 1) / 2) - log_gamma(df / 2), dtype=float) - 0.5 * np.log(df * math.pi)
    for _ in range(20):
        density = np.exp(log_scale - (df + 1) / 2 * np.log1p(t * t / df))
        step = (t_cdf(t, df) - p) / density
        # Halley's correction: the tail is convex, plain Newton overshoots for few degrees of freedom
        step /= np.maximum(0.5, 1 + 0.5 * step * (df + 1) * t / (df + t * t))
        t = t - step
        if np.all(np.abs(step) < 1e-9 * (1 + t)):
            break
    return t


def _tail(t: FloatArray, df: FloatArray) -> FloatArray:
    """P(|T| > t): the regularised incomplete beta function I_x(df/2, 1/2) at x = df/(df + t²)."""
    x = df / (df + t * t)
    a, b = df / 2, np.full_like(df, 0.5)
    swap = x >= (a + 1) / (a + b + 2)
    value = _beta_fraction(np.where(swap, b, a), np.where(swap, a, b), np.where(swap, t * t / (df + t * t), x))
    return np.where(swap, 1 - value, value)


def _beta_fraction(a: FloatArray, b: FloatArray, x: FloatArray) -> FloatArray:
    """I_x(a, b) by its continued fraction (modified Lentz), for x below (a + 1)/(a + b + 2)."""
    log_gamma = np.frompyfunc(math.lgamma, 1, 1)
    log_front = np.asarray(log_gamma(a + b) - log_gamma(a) - log_gamma(b), dtype=float)
    with np.errstate(divide="ignore"):
        front = np.exp(log_front + a * np.log(x) + b * np.log1p(-x)) / a
    c = np.ones_like(x)
    d = 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    h = d.copy()
    for k in range(1, 5000):
        even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k))
        d = 1 / _away_from_zero(1 + even * d)
        c = _away_from_zero(1 + even / c)
        h *= d * c
        odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1))
        d = 1 / _away_from_zero(1 + odd * d)
        c = _away_from_zero(1 + odd / c)
        h *= d * c
        if np.all(np.abs(d * c - 1) < 1e-15):
            break
    result: FloatArray = front * h
    return result


def _away_from_zero(value: FloatArray) -> FloatArray:
    return np.where(np.abs(value) < _TINY, _TINY, value)
