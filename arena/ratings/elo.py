"""Online Elo: battle by battle, as FastChat and llmuses count it, and averaged over seeded orders.

E_a = 1/(1 + 10^((R_b − R_a)/400)); R_a += K·(outcome − E_a), R_b −= the same. Everybody starts at 1000. One order
is one accident: the mean over orders is the number to show, and the spread over orders is reported apart from the
interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from arena.ratings.arrays import Codes, FloatArray, IntArray
from arena.ratings.bradley_terry import ELO_MEAN, ELO_SCALE, sigmoid
from arena.ratings.estimate import independent_meat, questions_of, scores_by_question
from arena.ratings.student import t_quantile
from arena.ratings.sums import DENSE_LIMIT, laplacian, pair_sums
from arena.ratings.table import BattleTable

_WHOLE = 100_000
"""Up to this many battles an order is a permutation of all of them."""
_BLOCK = 1_024
_STEPS = 4_096
"""Battles whose columns are gathered at a time."""


@dataclass(frozen=True, slots=True)
class EloRatings:
    """Online Elo of each model; NaN without battles."""

    rating: FloatArray
    """Mean over the orders (of the one order, when it is the file's)."""
    order_sd: FloatArray | None
    """Standard deviation over the orders; None for one order."""
    covariance: FloatArray | None
    """(m, m): sampling of questions, order averaged out; None above the size where matrices are kept."""
    df: FloatArray
    low: FloatArray
    high: FloatArray


def elo_in_order(table: BattleTable, k: float) -> FloatArray:
    """Ratings after one pass in the order of the table, everybody from 1000; a weight multiplies K."""
    ratings = [ELO_MEAN] * len(table.models)
    steps = (k * table.weights()).tolist()
    for i, j, y, step in zip(table.a.tolist(), table.b.tolist(), table.outcome.tolist(), steps, strict=True):
        change = step * (y - 1 / (1 + 10 ** ((ratings[j] - ratings[i]) / 400)))
        ratings[i] += change
        ratings[j] -= change
    return np.array(ratings)


def elo_over_orders(table: BattleTable, k: float, orders: int, seed: int) -> FloatArray:
    """Ratings after one pass in each of `orders` seeded random orders, shape (orders, models).

    All orders advance together, one battle each per step; a weight multiplies K. Above 100,000 battles an order
    shuffles blocks of 1,024 battles of one seeded permutation, and numba compiles the loop where it is installed (the
    numbers agree to rounding).
    """
    m, n = len(table.models), len(table)
    rng = np.random.default_rng(seed)
    block = 1 if n <= _WHOLE else _BLOCK
    base = np.arange(n) if block == 1 else rng.permutation(n)
    blocks = -(-n // block)
    starts = np.empty((blocks, orders), dtype=np.int32)
    for column in range(orders):
        starts[:, column] = rng.permutation(blocks)
    starts *= np.int32(block)
    padding = np.zeros(blocks * block - n)
    a, b = (np.concatenate([side[base], padding.astype(np.int32)]).astype(np.int64) for side in (table.a, table.b))
    scale = np.concatenate([k / ELO_SCALE * table.weights()[base], padding])
    gain = scale * (np.concatenate([table.outcome[base], padding]) - 0.5)
    ratings = np.full((orders, m), ELO_MEAN / ELO_SCALE)
    passes = _compiled() if n > _WHOLE else None
    (passes or _pass)(ratings, starts, block, a, b, gain, 0.5 * scale)
    return ratings * ELO_SCALE


def _pass(
    ratings: FloatArray, starts: Codes, block: int, a: IntArray, b: IntArray, gain: FloatArray, half: FloatArray
) -> None:
    """One pass of every order through its blocks, in place: ratings on the natural scale, gain = K·w·(outcome − ½)."""
    orders, m = ratings.shape
    flat = ratings.reshape(-1)
    offset = np.arange(orders) * m
    width = max(1, _STEPS // block)
    for first in range(0, len(starts), width):
        rows = (starts[first : first + width, None, :] + np.arange(block)[None, :, None]).reshape(-1, orders)
        at_a, at_b = a[rows] + offset, b[rows] + offset
        for i, j, g, h in zip(at_a, at_b, gain[rows], half[rows], strict=True):
            ra, rb = flat[i], flat[j]
            change = g - h * np.tanh(0.5 * (ra - rb))
            flat[i] = ra + change
            flat[j] -= change


def _pass_by_element(
    ratings: FloatArray, starts: Codes, block: int, a: IntArray, b: IntArray, gain: FloatArray, half: FloatArray
) -> None:
    """`_pass`, number by number: slow as it stands, what numba compiles."""
    for place in range(starts.shape[0]):
        for step in range(block):
            for order in range(ratings.shape[0]):
                row = starts[place, order] + step
                i, j = a[row], b[row]
                tilt = math.exp(ratings[order, j] - ratings[order, i])
                change = gain[row] - half[row] * (1.0 - tilt) / (1.0 + tilt)
                ratings[order, i] += change
                ratings[order, j] -= change


@cache
def _compiled() -> Callable[..., None] | None:
    """`_pass_by_element` compiled, None where numba is not installed."""
    try:
        from numba import njit
    except ImportError:
        return None
    compiled: Callable[..., None] = njit(_pass_by_element)
    return compiled


def elo_ratings(
    table: BattleTable, *, k: float = 4.0, orders: int = 100, order: str = "seeded", seed: int = 0, level: float = 0.95
) -> EloRatings:
    """Online Elo with its sampling interval (clustered by question where there are ids).

    `order="file"` takes the rows as they come (one order, no spread); "seeded" averages over random orders.
    """
    m = len(table.models)
    played = np.bincount(table.a, minlength=m) + np.bincount(table.b, minlength=m)
    runs = elo_in_order(table, k)[None, :] if order == "file" else elo_over_orders(table, k, orders, seed)
    rating = np.where(played > 0, runs.mean(axis=0), np.nan)
    spread = np.where(played > 0, runs.std(axis=0, ddof=1), np.nan) if len(runs) > 1 else None
    covariance, df = elo_covariance(table, runs.mean(axis=0), k)
    half = np.full(m, np.nan) if covariance is None else t_quantile(level, df) * np.sqrt(np.diag(covariance))
    return EloRatings(rating, spread, covariance, df, rating - half, rating + half)


def elo_covariance(table: BattleTable, rating: FloatArray, k: float) -> tuple[FloatArray | None, FloatArray]:
    """Sampling covariance of the order-averaged Elo, and degrees of freedom.

    Averaged over orders, n updates of size K follow the gradient flow of the Bradley–Terry likelihood from everybody
    equal, for time K/400·ln 10. Linearised at its end, a question's scores s_q move it by (I − e^{−κH})·H⁺·s_q with
    κ the step on the natural scale: the sandwich of Bradley–Terry for a long history, the plain sum of updates for a
    short one.
    """
    m = len(table.models)
    n_clusters = 0 if table.question is None else int(table.question.codes.max(initial=-1)) + 1
    if m > DENSE_LIMIT or n_clusters * m > 30_000_000:
        return None, np.full(m, np.nan)
    theta = (rating - ELO_MEAN) / ELO_SCALE
    pairs = pair_sums(table)
    p = sigmoid(theta[pairs.i] - theta[pairs.j])
    values, vectors = np.linalg.eigh(laplacian(m, pairs.i, pairs.j, pairs.games * p * (1 - p)))
    step = k / ELO_SCALE
    small = values * step < 1e-9
    gain = np.where(small, step, -np.expm1(-step * values) / np.where(small, 1.0, values))
    influence = (vectors * gain) @ vectors.T
    residual = table.weights() * (table.outcome - sigmoid(theta[table.a] - theta[table.b]))
    if table.question is None:
        meat, df = independent_meat(table, residual), np.full(m, np.inf)
    else:
        meat, df = _centred_meat(table, residual), questions_of(table, independent=False) - 1.0
    return influence @ meat @ influence * ELO_SCALE**2, df


def _centred_meat(table: BattleTable, residual: FloatArray) -> FloatArray:
    """Covariance of the scores over questions, times Q/(Q − 1). Centred: short of convergence they do not sum to 0."""
    scores = scores_by_question(table, residual)
    scores = scores[np.bincount(table.clusters(), minlength=len(scores)) > 0]
    asked = len(scores)
    centred = scores - scores.mean(axis=0) if asked else scores
    meat: FloatArray = (asked / (asked - 1) if asked > 1 else np.nan) * (centred.T @ centred)
    return meat
