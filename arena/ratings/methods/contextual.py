"""Bradley–Terry with extra columns: style of the answers, position in the prompt.

logit P(a wins) = θ_a − θ_b + x·β, the contextual model of LMArena, by Newton on rows, without a ridge. The columns are
differences a − b, so exchanging a and b changes nothing; ratings are those at equal style (x = 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray, Mask, add_up, centre, gauge, sigmoid
from arena.ratings.data.pair_sums import cell_codes
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.covariance import pseudo_inverse

_ENOUGH = 100_000
"""Above a few times this many rows a fit starts from the optimum of every so-manieth row."""
_RUNAWAY = 30.0
"""A parameter beyond so many logits is on its way to infinity."""
NO_MAXIMUM = "the fit with extra columns has no maximum: together with the models they predict every verdict"


@dataclass(frozen=True, slots=True)
class Columns:
    """Extra columns of a fit, one row per battle."""

    names: tuple[str, ...]
    x: FloatArray
    """(n, k), differences in the frame of model a."""

    def select(self, rows: Mask | IntArray | slice) -> Columns:
        """The columns over some of the rows."""
        return Columns(self.names, self.x[rows])

    def keep(self, which: list[int]) -> Columns:
        """Some of the columns."""
        if which == list(range(len(self.names))):
            return self
        return Columns(tuple(self.names[j] for j in which), np.asfortranarray(self.x[:, which]))


class ContextualFit(NamedTuple):
    """The maximum, its certificate and its curvature."""

    theta: FloatArray
    beta: FloatArray
    hessian: FloatArray
    """(m + k, m + k) at the maximum."""
    gradient_norm: float
    iterations: int


class _Problem(NamedTuple):
    """Rows of a contextual fit with what every pass needs."""

    code: IntArray
    points: FloatArray
    """½-centred outcome."""
    weight: FloatArray | None
    x: FloatArray
    m: int

    def residual(self, theta: FloatArray, beta: FloatArray) -> FloatArray:
        """outcome − p, row by row (unweighted); p is recovered as points + ½ − residual."""
        eta = (theta[:, None] - theta[None, :]).ravel()[self.code]
        eta += self.x @ beta
        eta *= 0.5
        np.tanh(eta, out=eta)
        eta *= -0.5
        eta += self.points
        return eta

    def gradient(self, residual: FloatArray) -> FloatArray:
        """Score of the likelihood, (m + k,)."""
        weighted = residual if self.weight is None else residual * self.weight
        return np.concatenate([self._by_model(weighted), self.x.T @ weighted])

    def gram(self, weight: FloatArray) -> FloatArray:
        """Dᵀ diag(weight) D with D the design [e_a − e_b, x], (m + k, m + k)."""
        m, k = self.m, self.x.shape[1]
        out = np.zeros((m + k, m + k))
        pair = add_up(self.code, weight, m * m).reshape(m, m)
        out[:m, :m] = -(pair + pair.T)
        out[np.arange(m), np.arange(m)] += pair.sum(axis=0) + pair.sum(axis=1)
        for j in range(k):
            weighted = weight * self.x[:, j]
            out[:m, m + j] = out[m + j, :m] = self._by_model(weighted)
            out[m:, m + j] = self.x.T @ weighted
        return out

    def hessian(self, residual: FloatArray) -> FloatArray:
        """Observed information at the point with this residual."""
        p = self.points + 0.5 - residual
        p *= 1 - p
        return self.gram(p if self.weight is None else p * self.weight)

    def _by_model(self, values: FloatArray) -> FloatArray:
        pair = add_up(self.code, values, self.m * self.m).reshape(self.m, self.m)
        result: FloatArray = pair.sum(axis=1) - pair.sum(axis=0)
        return result


def fit_contextual(table: BattleTable, columns: Columns, block: IntArray, start: FloatArray) -> ContextualFit:
    """θ and β that maximise the likelihood; θ has mean 0 in each block.

    `start` is the plain fit. Rows must lie inside blocks.
    Raises RuntimeError when there is no maximum (a column that decides everything).
    """
    n, k = columns.x.shape
    beta = np.zeros(k)
    theta = start
    stride = n // _ENOUGH
    if stride >= 4:
        thin = slice(None, None, stride)
        theta, beta, _ = _newton(_problem(table, columns, thin), block, theta, beta, ridge=1e-2, accuracy=1e-4)
    problem = _problem(table, columns, slice(None))
    theta, beta, iterations = _newton(problem, block, theta, beta, ridge=0.0, accuracy=1e-9)
    theta = centre(theta, block)
    residual = problem.residual(theta, beta)
    norm = float(np.linalg.norm(problem.gradient(residual)))
    return ContextualFit(theta, beta, problem.hessian(residual), norm, iterations)


def independent_gram(table: BattleTable, columns: Columns, weight: FloatArray) -> FloatArray:
    """Σ rows weight·d dᵀ with d the row of the design: the meat when rows are independent."""
    return _problem(table, columns, slice(None)).gram(weight)


def identified(table: BattleTable, columns: Columns, block: IntArray, theta: FloatArray) -> list[int]:
    """Which columns the battles can tell apart from the models and from the columns before them.

    A column whose part orthogonal to those, in the information's metric at `theta`, is nil cannot be fitted. Some of
    many rows show that as well as all, unless a column is missing there.
    """
    count, stride = columns.x.shape[1], len(table) // _ENOUGH
    if stride >= 4 and len(block) <= 300:
        some = _problem(table, columns, slice(None, None, stride))
        hessian = some.hessian(some.residual(theta, np.zeros(count)))
        inverse = np.asarray(np.linalg.pinv(hessian[: len(block), : len(block)], hermitian=True), dtype=np.float64)
        kept = _identified(hessian, inverse)
        if len(kept) == count:
            return kept
    problem = _problem(table, columns, slice(None))
    hessian = problem.hessian(problem.residual(theta, np.zeros(count)))
    return _identified(hessian, pseudo_inverse(hessian[: len(block), : len(block)], block))


def _identified(hessian: FloatArray, inverse: FloatArray) -> list[int]:
    """Columns with something left beside the models (whose part of the information is inverted) and earlier columns."""
    m = len(inverse)
    across = hessian[:m, m:]
    schur = hessian[m:, m:] - across.T @ inverse @ across
    kept: list[int] = []
    for j in range(len(schur)):
        left = schur[j, j]
        if kept:
            inner = schur[np.ix_(kept, kept)]
            left -= float(schur[j, kept] @ np.linalg.solve(inner, schur[kept, j]))
        if left > 1e-7 * max(hessian[m + j, m + j], 1e-300):
            kept.append(j)
    return kept


def _problem(table: BattleTable, columns: Columns, rows: slice) -> _Problem:
    m = len(table.models)
    code = cell_codes(table.a[rows], table.b[rows], m).astype(np.int64)
    weight = None if table.weight is None else table.weight[rows]
    return _Problem(code, table.outcome[rows] - 0.5, weight, columns.x[rows], m)


def _newton(
    problem: _Problem, block: IntArray, theta: FloatArray, beta: FloatArray, *, ridge: float, accuracy: float
) -> tuple[FloatArray, FloatArray, int]:
    """Newton with the Hessian kept while it serves: it is renewed whenever a step shrinks by less than a tenth."""
    m, k = problem.m, len(beta)
    point, inverse, last = np.concatenate([theta, beta]), np.empty(0), np.inf
    penalty = np.r_[np.full(m, ridge), np.zeros(k)]
    for iteration in range(1, 101):
        residual = problem.residual(point[:m], point[m:])
        gradient = problem.gradient(residual) - penalty * point
        if not inverse.size:
            inverse = _inverse(problem.hessian(residual) + np.diag(penalty), block)
        step = inverse @ gradient
        size = float(np.abs(step).max(initial=0.0))
        if not np.isfinite(size) or float(np.abs(point).max(initial=0.0)) > _RUNAWAY:
            break
        point = point + step * min(1.0, 2.0 / max(size, 1e-300))
        if size < accuracy:
            return point[:m], point[m:], iteration
        if size > 0.05 * last or iteration == 1:
            inverse = np.empty(0)
        last = size
    raise RuntimeError(NO_MAXIMUM)


def _inverse(hessian: FloatArray, block: IntArray) -> FloatArray:
    m = len(block)
    padded = hessian.copy()
    padded[:m, :m] += gauge(block, float(np.trace(hessian)) / max(len(hessian), 1))
    padded[np.arange(m), np.arange(m)] += block < 0
    try:
        return np.asarray(np.linalg.inv(padded), dtype=np.float64)
    except np.linalg.LinAlgError as error:
        raise RuntimeError(NO_MAXIMUM) from error


def position_probability(effect: float) -> float:
    """How much more than half the first answer wins between equals, for a position effect on the logit scale."""
    return float(sigmoid(np.array([effect]))[0] - 0.5)
