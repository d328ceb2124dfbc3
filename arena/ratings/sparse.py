"""Thousands of models: sparse Newton steps and standard errors without the dense covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from arena.ratings.arrays import FloatArray, IntArray, Mask, add_up
from arena.ratings.bradley_terry import centre, sigmoid
from arena.ratings.student import t_quantile
from arena.ratings.sums import PairSums
from arena.ratings.table import BattleTable

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import SuperLU

_CHUNK = 128
"""Right-hand sides solved at a time."""


@dataclass(frozen=True, slots=True)
class MarginalUncertainty:
    """Standard errors alone. Contrasts are judged by intervals that do not overlap, which is never too bold."""

    se: FloatArray
    df: FloatArray
    level: float

    def half_width(self) -> FloatArray:
        """Half the interval of each estimate."""
        return t_quantile(self.level, self.df) * self.se

    def surely_better(self, values: FloatArray) -> Mask:
        """(m, m): whether i's interval lies wholly above j's (se of a difference ≤ the sum of the two)."""
        half = self.half_width()
        result: Mask = np.greater((values - half)[:, None], (values + half)[None, :])
        return result

    def held_at(self, model: int, block: IntArray) -> MarginalUncertainty:
        """Only the held model changes: covariances are not kept, so the others' errors stay those against the mean."""
        se = self.se.copy()
        se[model] = 0.0
        return MarginalUncertainty(se, self.df, self.level)


def grounded(pairs: PairSums, information: FloatArray, block: IntArray, ridge: float = 0.0) -> SuperLU:
    """A factor of the Laplacian of `information` in which the first model of every block is tied down."""
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import splu

    m = pairs.n_models
    diagonal = add_up(pairs.i, information, m) + add_up(pairs.j, information, m) + ridge
    diagonal[block < 0] += 1.0
    tied = np.unique(block[block >= 0], return_index=True)[1]
    diagonal[np.flatnonzero(block >= 0)[tied]] += max(float(diagonal.max(initial=1.0)), 1e-9) if ridge == 0 else 0.0
    rows = np.concatenate([pairs.i, pairs.j, np.arange(m)])
    columns = np.concatenate([pairs.j, pairs.i, np.arange(m)])
    values = np.concatenate([-information, -information, diagonal])
    return splu(csc_array((values, (rows, columns)), shape=(m, m)), permc_spec="MMD_AT_PLUS_A")


def marginal_uncertainty(
    rows: BattleTable, core: PairSums, theta: FloatArray, block: IntArray, level: float, *, independent: bool
) -> MarginalUncertainty:
    """Standard errors of the sandwich, question by question: V_ii = f·Σ_q (H⁺ s_q)_i²."""
    from scipy.sparse import csr_array

    from arena.ratings.estimate import component_questions, questions_of

    m = core.n_models
    p = sigmoid(theta[core.i] - theta[core.j])
    factor = grounded(core, core.games * p * (1 - p), block)
    residual = rows.weights() * (rows.outcome - sigmoid(theta[rows.a] - theta[rows.b]))
    clusters = np.arange(len(rows)) if independent else rows.clusters()
    scores = csr_array(
        (np.concatenate([residual, -residual]), (np.tile(clusters, 2), np.concatenate([rows.a, rows.b]))),
        shape=(int(clusters.max(initial=-1)) + 1, m),
    )
    scores.sum_duplicates()
    if independent:
        scores = _as_independent(core, rows, residual)
    variance = np.zeros(m)
    for start in range(0, scores.shape[0], _CHUNK):
        block_scores = scores[start : start + _CHUNK].toarray().T
        moved = factor.solve(np.ascontiguousarray(block_scores))
        variance += (_centred(moved, block) ** 2).sum(axis=1)
    questions = questions_of(rows, independent=independent)
    if independent:
        return MarginalUncertainty(np.sqrt(variance), np.full(m, np.inf), level)
    found = component_questions(rows, block)
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.where(found > 1, np.sqrt(variance * found / (found - 1)), np.nan)
    return MarginalUncertainty(se, questions - 1.0, level)


def _as_independent(core: PairSums, rows: BattleTable, residual: FloatArray) -> csr_array:
    """One score per pair that met, whose square is the sum of the rows' squares: the same meat with far fewer rows."""
    from scipy.sparse import csr_array

    m = core.n_models
    low, high = np.minimum(rows.a, rows.b).astype(np.int64), np.maximum(rows.a, rows.b)
    place = np.searchsorted(core.i * m + core.j, low * m + high)
    size = np.sqrt(add_up(place, residual**2, len(core.i)))
    pairs = np.arange(len(core.i))
    return csr_array(
        (np.concatenate([size, -size]), (np.tile(pairs, 2), np.concatenate([core.i, core.j]))),
        shape=(len(core.i), m),
    )


def _centred(columns: FloatArray, block: IntArray) -> FloatArray:
    """Each column centred within blocks."""
    if (block == 0).all():
        result: FloatArray = columns - columns.mean(axis=0)
        return result
    return np.stack([centre(column, block) for column in columns.T], axis=1)
