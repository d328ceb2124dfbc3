"""Win rates that a fit implies: the mean chance to beat each other model, whoever was met how often.

Where a schedule chooses the opponents, the share of battles won says how they were chosen. The fit says what would be
won against everybody alike; position effects are taken out, and intervals follow by the delta method from its
covariance, which is clustered by question. They are taken on the logit scale, so that they stay inside [0, 1].
"""

from __future__ import annotations

import numpy as np

from arena.ratings.data.arrays import FloatArray, sigmoid
from arena.ratings.data.graph import HIGH, INCOMPARABLE, LOW
from arena.ratings.intervals.covariance import Uncertainty
from arena.ratings.intervals.student_t import t_quantile
from arena.ratings.intervals.win_rates import WinRates
from arena.ratings.methods.estimate import Estimate


def implied_rates(fit: Estimate, level: float, factor: float = 1.0) -> WinRates:
    """The mean of P(beats each other model of its component), NaN for one that cannot be placed.

    A model that won everything beats all others of its component for sure, one that lost everything none: they have no
    interval. `factor` widens the intervals.
    """
    m = len(fit.theta)
    component, side = fit.graph.component, fit.graph.side
    level_of = np.where(side == HIGH, 1, np.where(side == LOW, -1, 0))
    placed = (component >= 0) & (side != INCOMPARABLE)
    others = (component[:, None] == component[None, :]) & placed[:, None] & placed[None, :] & ~np.eye(m, dtype=bool)
    theta = np.nan_to_num(fit.theta)
    p = sigmoid(theta[:, None] - theta[None, :])
    apart = level_of[:, None] - level_of[None, :]
    p = np.where(apart > 0, 1.0, np.where(apart < 0, 0.0, np.where(level_of[:, None] != 0, 0.5, p)))
    count = others.sum(axis=1).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = (p * others).sum(axis=1) / count
    df = np.full(m, np.nan) if fit.uncertainty is None else fit.uncertainty.df
    none = np.full(m, np.nan)
    if not isinstance(fit.uncertainty, Uncertainty):
        return WinRates(rate, none, none, None, df)
    varies = p * (1 - p) * others * ((fit.block[:, None] >= 0) & (fit.block[None, :] >= 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = (np.diag(varies.sum(axis=1)) - varies) / np.where(count > 0, count, 1.0)[:, None]
        covariance = slope @ np.nan_to_num(fit.uncertainty.covariance) @ slope.T
        error = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        known = (fit.block >= 0) & np.isfinite(np.diag(fit.uncertainty.covariance)) & (rate > 0) & (rate < 1)
        half = factor * t_quantile(level, df) * np.where(known, error, np.nan) / (rate * (1 - rate))
        logit = np.log(rate / (1 - rate))
        low, high = _within(logit - half), _within(logit + half)
    return WinRates(rate, low, high, np.asarray(covariance, dtype=np.float64), df)


def _within(logit: FloatArray) -> FloatArray:
    return np.where(np.isfinite(logit), sigmoid(np.nan_to_num(logit)), np.nan)
