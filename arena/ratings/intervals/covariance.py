"""How sure the ratings are: sandwich covariance, clustered by question, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray, Mask, gauge
from arena.ratings.data.dense import Factor, rows_of
from arena.ratings.intervals.student_t import t_cdf, t_quantile

NO_SPREAD = 1e-8
"""A standard error below this, on the natural scale, is a rounding error: nothing varied."""
_PAIRS_AT_ONCE = 2_000_000
"""Simulated differences held at a time."""
_MANY = 500
"""Matrices of more models than this are inverted by their Cholesky factor, which takes a third of the time."""


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """The covariance of some estimates and the degrees of freedom of each; all there is to know about contrasts."""

    covariance: FloatArray
    """(m, m), in the units of the estimates; NaN where nothing can be known."""
    df: FloatArray
    """Degrees of freedom per estimate: distinct questions − 1; infinite for independent rows."""
    level: float
    joint_quantile: float | None = None
    """Replaces the t quantile of differences when intervals are to hold for all pairs at once."""
    factor: float = 1.0
    """By how much every interval is wider than at a planned number of battles."""

    def standard_error(self) -> FloatArray:
        """The standard error of each estimate."""
        result: FloatArray = np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        return result

    def half_width(self) -> FloatArray:
        """Half the interval of each estimate."""
        return self.factor * t_quantile(self.level, self.df) * self.standard_error()

    def difference_se(self) -> FloatArray:
        """(m, m) standard errors of all differences."""
        variance = np.diag(self.covariance)
        squared: FloatArray = variance[:, None] + variance[None, :]
        squared -= 2 * self.covariance
        np.maximum(squared, 0.0, out=squared)
        return np.sqrt(squared, out=squared)

    def difference_quantile(self) -> FloatArray:
        """(m, m) factors for differences: t with the smaller degrees of freedom of the two, or the joint quantile."""
        single = self._single_quantile()
        result: FloatArray = np.maximum(single[:, None], single[None, :])
        return result

    def _single_quantile(self) -> FloatArray:
        """A factor per estimate; a difference has the larger one of its two."""
        if self.joint_quantile is not None:
            return np.full(len(self.df), self.factor * self.joint_quantile)
        return self.factor * t_quantile(self.level, self.df)

    def surely_better(self, values: FloatArray) -> Mask:
        """(m, m): whether i is better than j beyond its interval; never where nothing is known."""
        result, variance = np.empty(self.covariance.shape, dtype=bool), np.diag(self.covariance)
        single, largest = self._single_quantile(), float(np.abs(values).max(initial=0.0))
        for rows in rows_of(len(values)):
            squared = variance[rows, None] + variance - 2 * self.covariance[rows]
            width = np.maximum(single[rows, None], single) * np.sqrt(np.maximum(squared, 0.0))
            difference = values[rows, None] - values
            np.greater(difference, width + _noise(width, largest), out=result[rows])
        return result

    def held_at(self, model: int, block: IntArray) -> Uncertainty:
        """The same contrasts with one model of a block held fixed: its own variance becomes 0."""
        return self.centred_on(np.arange(len(block)) == model, block)

    def centred_on(self, models: Mask, block: IntArray) -> Uncertainty:
        """The same contrasts with the mean of some models of one block held fixed."""
        inside, among = (block == block[np.argmax(models)]).astype(float), models / models.sum()
        with_mean = np.where(models, self.covariance, 0.0) @ among
        shift = np.outer(inside, with_mean)
        corner = np.outer(inside, inside) * float(with_mean[models].mean())
        return replace(self, covariance=self.covariance - shift - shift.T + corner)


def _noise(width: FloatArray, largest: float) -> FloatArray:
    """Differences of the order of rounding errors are none, however narrow the interval; of values up to `largest`."""
    return np.where(width > 0, 0.0, 1e-9 * (1.0 + largest))


def better_probability(difference: FloatArray, se: FloatArray, df: FloatArray) -> FloatArray:
    """P(the first is truly better): the t distribution function at difference/se."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return t_cdf(difference / se, df)


def pseudo_inverse(hessian: FloatArray, block: IntArray) -> FloatArray:
    """H⁺ with the gauge direction of every block projected out; columns beyond the models have no gauge.

    `block` numbers the models' blocks; −1 marks models outside all of them, whose rows of H are zero and stay so.
    """
    m, size = len(block), len(hessian)
    scale = float(np.trace(hessian)) / max(size, 1)
    if size == m > _MANY and (block == 0).all() and (quick := _by_factor(hessian, scale)) is not None:
        return quick
    extra = np.zeros_like(hessian)
    extra[:m, :m] = gauge(block, scale)
    outside = np.zeros(size)
    outside[:m][block < 0] = 1.0
    back = np.zeros_like(hessian)
    back[:m, :m] = gauge(block, 1.0) / max(scale, 1e-12)
    inverse = np.linalg.inv(hessian + extra + np.diag(outside)) - back - np.diag(outside)
    result: FloatArray = (inverse + inverse.T) / 2
    return result


def _by_factor(hessian: FloatArray, scale: float) -> FloatArray | None:
    """`pseudo_inverse` of one block of many models; None where the factor does not exist."""
    matrix = hessian + max(scale, 1e-12) / len(hessian)
    factor = Factor.of(matrix)
    if factor is None:
        return None
    inverse = factor.inverse()
    inverse -= 1 / (max(scale, 1e-12) * len(hessian))
    return inverse


def sandwich(inverse_hessian: FloatArray, meat: FloatArray) -> FloatArray:
    """V = H⁺ B H⁺; rows and columns of parameters whose meat is unknown become NaN."""
    unknown = np.isnan(np.diag(meat))
    known = np.where(np.isnan(meat), 0.0, meat) if unknown.any() else meat
    covariance = inverse_hessian @ known @ inverse_hessian
    covariance[unknown, :] = np.nan
    covariance[:, unknown] = np.nan
    result: FloatArray = (covariance + covariance.T) / 2
    return result


def joint_quantile(uncertainty: Uncertainty, comparable: Mask, seed: int, draws: int = 4_000) -> float:
    """The max-t quantile: all pairwise intervals hold together with the stated level (Hothorn et al. 2008), simulated.

    `comparable` (m, m) marks the pairs that count.
    """
    rng = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(np.nan_to_num(uncertainty.covariance))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    se = uncertainty.difference_se()
    i, j = np.nonzero(np.triu(comparable & (se > 0), 1))
    if not len(i):
        return float(t_quantile(uncertainty.level, np.min(uncertainty.df, initial=np.inf)))
    df = float(np.min(uncertainty.df[np.unique(np.concatenate([i, j]))]))
    if df < 1:  # a model seen on one question only: nothing bounds its differences
        return float("nan")
    largest, chunk = np.empty(draws), max(1, _PAIRS_AT_ONCE // len(i))
    for start in range(0, draws, chunk):
        block = slice(start, min(start + chunk, draws))
        z = rng.standard_normal((largest[block].size, len(root))) @ root.T
        largest[block] = np.max(np.abs(z[:, i] - z[:, j]) / se[i, j], axis=1)
    if np.isfinite(df):
        largest = largest / np.sqrt(rng.chisquare(df, draws) / df)
    return float(np.quantile(largest, uncertainty.level))


def jointly(uncertainty: Uncertainty, block: IntArray, seed: int) -> Uncertainty:
    """The same with the quantile whose intervals hold for all differences within blocks at once."""
    comparable = (block[:, None] == block[None, :]) & (block >= 0)[:, None]
    quantile = joint_quantile(uncertainty, comparable, seed)
    return replace(uncertainty, joint_quantile=quantile)
