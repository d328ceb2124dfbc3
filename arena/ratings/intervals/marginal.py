"""Standard errors of thousands of models, question by question, without a dense matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray, Mask, add_up, sigmoid
from arena.ratings.data.pair_sums import PairSums
from arena.ratings.data.sparse import SparseLaplacian
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.question_scores import component_questions, questions_of, sparse_scores
from arena.ratings.intervals.student_t import t_quantile

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_CHUNK = 128
"""Right-hand sides solved at a time."""


@dataclass(frozen=True, slots=True)
class MarginalUncertainty:
    """Standard errors alone. Contrasts are judged by intervals that do not overlap, which is never too bold."""

    se: FloatArray
    df: FloatArray
    level: float

    def standard_error(self) -> FloatArray:
        """The standard error of each estimate."""
        return self.se

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


def marginal_uncertainty(
    rows: BattleTable, core: PairSums, theta: FloatArray, block: IntArray, level: float, *, independent: bool
) -> MarginalUncertainty:
    """Standard errors of the sandwich, question by question: V_ii = f·Σ_q (H⁺ s_q)_i².

    Independent rows: every row is its own question, and rows of one pair share the direction of their score, so one
    right-hand side per pair does.
    """
    m = core.n_models
    p = sigmoid(theta[core.i] - theta[core.j])
    hessian = SparseLaplacian(core, core.games * p * (1 - p), block)
    residual = rows.weights() * (rows.outcome - sigmoid(theta[rows.a] - theta[rows.b]))
    scores = _scores_by_pair(core, rows, residual) if independent else sparse_scores(rows, residual)
    variance = np.zeros(m)
    for start in range(0, scores.shape[0], _CHUNK):
        right = np.ascontiguousarray(scores[start : start + _CHUNK].toarray().T)
        variance += (hessian.solve(right) ** 2).sum(axis=1)
    if independent:
        return MarginalUncertainty(np.sqrt(variance), np.full(m, np.inf), level)
    found = component_questions(rows, block)
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.where(found > 1, np.sqrt(variance * found / (found - 1)), np.nan)
    return MarginalUncertainty(se, questions_of(rows, independent=False) - 1.0, level)


def _scores_by_pair(core: PairSums, rows: BattleTable, residual: FloatArray) -> csr_array:
    """One score per pair that met, whose square is the sum of its rows' squares."""
    from scipy.sparse import csr_array

    m = core.n_models
    low, high = np.minimum(rows.a, rows.b).astype(np.int64), np.maximum(rows.a, rows.b)
    place = np.searchsorted(core.i * m + core.j, low * m + high)
    size = np.sqrt(add_up(place, residual**2, len(core.i)))
    pairs = np.arange(len(core.i))
    columns = np.concatenate([core.i, core.j])
    return csr_array((np.concatenate([size, -size]), (np.tile(pairs, 2), columns)), shape=(len(core.i), m))
