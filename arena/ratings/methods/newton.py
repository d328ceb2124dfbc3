"""Bradley–Terry by Newton's method on sufficient statistics.

P(i beats j) = σ(θ_i − θ_j); a tie is half a win for each, a soft outcome y counts y and 1 − y (Bradley & Terry 1952).
No ridge: the estimate is the maximum of the likelihood, and where that does not exist the caller has been told by
`graph.build_graph`. Ratings are on the Elo scale, R = 1000 + θ·400/ln 10.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray, Mask, add_up, centre, gauge, sigmoid
from arena.ratings.data.pair_sums import DENSE_LIMIT, PairSums, difference_sums, laplacian
from arena.ratings.data.sparse import SparseLaplacian
from arena.ratings.methods.chord import fit_by_chords

_MAX_ITERATIONS = 200
_SETTLED = 50
"""After so many iterations a step that stays small is rounding: weights far apart make the Hessian near singular."""
_STEP_LIMIT = 4.0
_MANY_MODELS = 500
"""With more models than this the factor of a step is kept for the next ones."""


class Fit(NamedTuple):
    """The maximum and its certificate."""

    theta: FloatArray
    """Natural scale; mean 0 within each block."""
    gradient_norm: float
    """Euclidean norm of the log-likelihood's gradient at `theta`."""
    iterations: int


def fit_bradley_terry(pairs: PairSums, block: IntArray, *, ridge: float = 0.0, start: FloatArray | None = None) -> Fit:
    """θ that maximises the likelihood of `pairs` (minus ridge·|θ|²/2), mean 0 within each block.

    `block` gives each model the number of the set it is comparable within, −1 for none (its θ is 0); every pair must
    lie inside one block, and every block must be strongly connected unless `ridge` > 0.
    Raises RuntimeError when Newton does not converge, which means that the maximum does not exist.
    """
    if ridge == 0 and _MANY_MODELS < pairs.n_models <= DENSE_LIMIT:
        chords = fit_by_chords(pairs, block, start)
        if chords is not None:
            settled = centre(chords[0], block)
            return Fit(settled, _gradient_norm(pairs, settled, ridge), chords[1])
    theta: FloatArray = np.array(np.zeros(pairs.n_models) if start is None else start)
    objective = _objective(pairs, theta, ridge)
    for iteration in range(1, _MAX_ITERATIONS + 1):
        p = sigmoid(theta[pairs.i] - theta[pairs.j])
        gradient = difference_sums(pairs.n_models, pairs.i, pairs.j, pairs.wins - pairs.games * p) - ridge * theta
        step = solve_gauged(pairs, pairs.games * p * (1 - p), block, gradient, ridge)
        size = float(np.abs(step).max(initial=0.0))
        shorter = step * min(1.0, _STEP_LIMIT / max(size, 1e-300))
        theta, objective = _line_search(pairs, theta, shorter, objective, ridge)
        if size < (1e-9 if ridge == 0 and iteration < _SETTLED else 1e-6):
            found = centre(theta, block) if ridge == 0 else theta
            return Fit(found, _gradient_norm(pairs, found, ridge), iteration)
    raise RuntimeError(f"Bradley–Terry did not converge in {_MAX_ITERATIONS} Newton steps; last step {size:g}")


def solve_gauged(
    pairs: PairSums, information: FloatArray, block: IntArray, right: FloatArray, ridge: float = 0.0
) -> FloatArray:
    """H⁻¹·right for H the Laplacian of `information` over the pairs, within the gauge Σθ = 0 per block."""
    m = pairs.n_models
    if m <= DENSE_LIMIT:
        matrix = laplacian(m, pairs.i, pairs.j, information)
        if ridge == 0:
            matrix += gauge(block, information.sum() / max(m, 1))
        matrix[np.arange(m), np.arange(m)] += ridge + (block < 0)
        return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
    return SparseLaplacian(pairs, information, block, ridge).solve(right)


def profile(theta_others: FloatArray, games: FloatArray, probability: float) -> float:
    """θ at which a model's expected share of points against fixed opponents is `probability`, by bisection."""
    low, high = float(theta_others.min()) - 50.0, float(theta_others.max()) + 50.0
    total = float(games.sum())
    for _ in range(200):
        middle = (low + high) / 2
        if float((games * sigmoid(middle - theta_others)).sum()) < probability * total:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _line_search(
    pairs: PairSums, theta: FloatArray, step: FloatArray, objective: float, ridge: float
) -> tuple[FloatArray, float]:
    """Take the step, halved until the likelihood does not fall."""
    for _ in range(40):
        moved = theta + step
        value = _objective(pairs, moved, ridge)
        if value >= objective - 1e-9 * abs(objective):
            return moved, value
        step = step / 2
    return theta, objective


def _objective(pairs: PairSums, theta: FloatArray, ridge: float) -> float:
    x = theta[pairs.i] - theta[pairs.j]
    loss = pairs.games * np.logaddexp(0.0, -x) + (pairs.games - pairs.wins) * x
    return float(-loss.sum() - 0.5 * ridge * (theta**2).sum())


def _gradient_norm(pairs: PairSums, theta: FloatArray, ridge: float) -> float:
    p = sigmoid(theta[pairs.i] - theta[pairs.j])
    gradient = difference_sums(pairs.n_models, pairs.i, pairs.j, pairs.wins - pairs.games * p) - ridge * theta
    return float(np.linalg.norm(gradient))


_LIMIT_RIDGE = 1e-6


def limit_order(pairs: PairSums, component: IntArray, theta: FloatArray, outside: Mask) -> FloatArray:
    """θ of the fit with a vanishing ridge: finite for separated models too, so that they can be put in order.

    Above the dense limit the core is held at its `theta` and only the models `outside` move, each by damped Newton
    steps of its own.
    """
    if pairs.n_models <= DENSE_LIMIT:
        return fit_bradley_terry(pairs, component, ridge=_LIMIT_RIDGE).theta
    moved, touching = theta.copy(), pairs.among(outside[pairs.i] | outside[pairs.j])
    for _ in range(400):
        p = sigmoid(moved[touching.i] - moved[touching.j])
        gradient = difference_sums(pairs.n_models, touching.i, touching.j, touching.wins - touching.games * p)
        information = touching.games * p * (1 - p)
        m = pairs.n_models
        curvature = add_up(touching.i, information, m) + add_up(touching.j, information, m) + _LIMIT_RIDGE
        step = np.where(outside, (gradient - _LIMIT_RIDGE * moved) / curvature, 0.0)
        moved = moved + 0.7 * np.clip(step, -1.0, 1.0)
        if float(np.abs(step).max(initial=0.0)) < 1e-9:
            break
    return moved
