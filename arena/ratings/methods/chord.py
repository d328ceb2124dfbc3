"""Newton's method for many models: a factor of the Hessian is kept as long as it serves (the chord method).

A step costs a gradient, which is a hundredth of a factor of 2,000 models; two or three factors are enough.
"""

from __future__ import annotations

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray, add_up, gauge, sigmoid
from arena.ratings.data.dense import Factor, rows_of
from arena.ratings.data.pair_sums import PairSums

_MOST = 50
_LONGEST = 4.0
_WELL = 0.1
"""A step with an old factor that leaves more of the gradient than this is the last one with it."""
_SETTLED = 1e-11


class _Likelihood:
    """The gradient and the Hessian of the log-likelihood from the dense matrix of battles."""

    def __init__(self, pairs: PairSums, block: IntArray) -> None:
        m = pairs.n_models
        self._block = block
        self._games = np.zeros((m, m))
        self._games[pairs.i, pairs.j] = pairs.games
        self._games += self._games.T
        self._points = add_up(pairs.i, pairs.wins, m) + add_up(pairs.j, pairs.games - pairs.wins, m)
        self._hessian = np.empty((m, m))

    def guess(self) -> FloatArray:
        """Log-odds of every model's share of its points, half a point added to either side."""
        won, lost = self._points, self._games.sum(axis=1) - self._points
        result: FloatArray = np.log((won + 0.5) / (lost + 0.5))
        return result

    def gradient(self, theta: FloatArray) -> FloatArray:
        expected = np.empty(len(theta))
        for rows in rows_of(len(theta)):
            p = sigmoid(theta[rows, None] - theta)
            expected[rows] = np.einsum("ij,ij->i", self._games[rows], p)
        return self._points - expected

    def factor(self, theta: FloatArray) -> Factor | None:
        """Of the Hessian at `theta`, made invertible by the gauge; None where it is singular beyond that."""
        information, hessian = np.empty(len(theta)), self._hessian
        for rows in rows_of(len(theta)):
            p = sigmoid(theta[rows, None] - theta)
            np.multiply(self._games[rows], p, out=hessian[rows])
            p -= 1.0
            hessian[rows] *= p
            information[rows] = -hessian[rows].sum(axis=1)
        everywhere = np.arange(len(theta))
        scale = float(information.sum()) / 2 / max(len(theta), 1)
        if (self._block == 0).all():
            hessian += max(scale, 1e-12) / len(theta)
        else:
            hessian += gauge(self._block, scale)
        hessian[everywhere, everywhere] += information + (self._block < 0)
        return Factor.of(hessian)


def fit_by_chords(pairs: PairSums, block: IntArray, start: FloatArray | None) -> tuple[FloatArray, int] | None:
    """θ that maximises the likelihood of `pairs`, up to a shift per block, and how many steps it took.

    None where steps do not settle: weights far apart, or no maximum. Arguments are those of `fit_bradley_terry`.
    """
    likelihood = _Likelihood(pairs, block)
    theta = likelihood.guess() if start is None else start
    gradient, factor = likelihood.gradient(theta), likelihood.factor(theta)
    fresh = True
    for iteration in range(1, _MOST + 1):
        if factor is None:
            return None
        step = factor.solve(gradient)
        size = float(np.abs(step).max(initial=0.0))
        if size < _SETTLED:
            return theta + step, iteration
        step *= min(1.0, _LONGEST / size)
        moved = theta + step
        changed = likelihood.gradient(moved)
        left = float(np.linalg.norm(changed)) / float(np.linalg.norm(gradient))
        if left >= 1 and fresh:
            return None
        if left < 1:
            theta, gradient = moved, changed
        fresh = left > _WELL
        if fresh:
            factor = likelihood.factor(theta)
    return None
