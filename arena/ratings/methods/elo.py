"""Online Elo: battle by battle, as FastChat and llmuses count it, and averaged over seeded orders.

E_a = 1/(1 + 10^((R_b − R_a)/400)); R_a += K·(outcome − E_a), R_b −= the same. Everybody starts at 1000. One order
is one accident: the mean over orders is the number to show, and the spread over orders is reported apart from the
interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arena.ratings.columns import Column, with_ends
from arena.ratings.data.arrays import FloatArray, sigmoid
from arena.ratings.data.pair_sums import DENSE_LIMIT, laplacian, pair_sums
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.question_scores import centred_meat, independent_meat, questions_of, scores_by_question
from arena.ratings.intervals.student_t import t_quantile
from arena.ratings.methods.bradley_terry import ELO_MEAN, ELO_SCALE
from arena.ratings.methods.elo_orders import elo_over_orders
from arena.ratings.methods.method import Battles, Fitted, Method

_NO_SPREAD = 1e-18
"""A variance below so many K² is a rounding error."""


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


def _rated(given: Battles) -> Fitted:
    history, options = given.history, given.options
    nothing = np.full(len(history.models), np.nan)
    if not len(history):
        return Fitted(nothing, nothing, nothing)
    found = elo_ratings(
        history, k=options.elo_k, orders=options.elo_orders, order=options.elo_order, seed=options.seed,
        level=options.level, independent=options.interval == "independent",
    )  # fmt: skip
    spread = nothing if found.order_sd is None else found.order_sd
    better = given.told_apart(found.rating, found.low, found.high, found.covariance, found.df)
    return Fitted(found.rating, found.low, found.high, {"elo_order_sd": spread}, better=better)


def elo_in_order(table: BattleTable, k: float) -> FloatArray:
    """Ratings after one pass in the order of the table, everybody from 1000; a weight multiplies K."""
    ratings = [ELO_MEAN] * len(table.models)
    steps = (k * table.weights()).tolist()
    for i, j, y, step in zip(table.a.tolist(), table.b.tolist(), table.outcome.tolist(), steps, strict=True):
        change = step * (y - 1 / (1 + 10 ** min((ratings[j] - ratings[i]) / 400, 300.0)))
        ratings[i] += change
        ratings[j] -= change
    return np.array(ratings)


def elo_ratings(
    table: BattleTable,
    *,
    k: float = 4.0,
    orders: int = 100,
    order: str = "seeded",
    seed: int = 0,
    level: float = 0.95,
    independent: bool = False,
) -> EloRatings:
    """Online Elo with its sampling interval, clustered by question where there are ids (`independent`: never).

    `order="file"` takes the rows as they come (one order, no spread); "seeded" averages over random orders. A model
    whose updates never vary from question to question has no interval: no spread was seen.
    """
    m = len(table.models)
    played = np.bincount(table.a, minlength=m) + np.bincount(table.b, minlength=m)
    runs = elo_in_order(table, k)[None, :] if order == "file" else elo_over_orders(table, k, orders, seed)
    rating = np.where(played > 0, runs.mean(axis=0), np.nan)
    spread = np.where(played > 0, runs.std(axis=0, ddof=1), np.nan) if len(runs) > 1 else None
    covariance, df = elo_covariance(table, runs.mean(axis=0), k, independent=independent)
    variance = np.full(m, np.nan) if covariance is None else np.diag(covariance)
    half = t_quantile(level, df) * np.sqrt(np.where(variance > _NO_SPREAD * k**2, variance, np.nan))
    return EloRatings(rating, spread, covariance, df, rating - half, rating + half)


def elo_covariance(
    table: BattleTable, rating: FloatArray, k: float, *, independent: bool = False
) -> tuple[FloatArray | None, FloatArray]:
    """Sampling covariance of the order-averaged Elo, and degrees of freedom.

    Averaged over orders, n updates of size K follow the gradient flow of the Bradley–Terry likelihood from everybody
    equal, for time K/400·ln 10. Linearised at its end, a question's scores s_q move it by (I − e^{−κH})·H⁺·s_q with
    κ the step on the natural scale: the sandwich of Bradley–Terry for a long history, the plain sum of updates for a
    short one.
    """
    m = len(table.models)
    if m > DENSE_LIMIT:
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
    if independent or table.question is None:
        meat, df = independent_meat(table, residual), np.full(m, np.inf)
    else:
        asked = int(np.count_nonzero(np.bincount(table.question.codes)))
        meat = centred_meat(scores_by_question(table, residual), asked)
        df = questions_of(table, independent=False) - 1.0
    return influence @ meat @ influence * ELO_SCALE**2, df


ELO = Method(
    (
        with_ends("elo", "Elo", "points", ends=False),
        Column("elo_order_sd", "Elo's spread over orders", "points", where="files"),
    ),
    of_battles=_rated,
    costly=True,
)
