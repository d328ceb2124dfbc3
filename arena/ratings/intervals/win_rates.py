"""Win rates: the mean outcome, with Wilson's interval at the effective number of questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from arena.ratings.data.arrays import Codes, FloatArray, add_up
from arena.ratings.data.pair_sums import both_cells, cell_codes
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.means import wilson
from arena.ratings.intervals.question_scores import seen_questions, weighty_questions
from arena.ratings.intervals.stratified import stratified
from arena.ratings.intervals.student_t import t_quantile

_CELL_LIMIT = 30_000_000


@dataclass(frozen=True, slots=True)
class WinRates:
    """Mean outcome of each model, NaN without battles."""

    rate: FloatArray
    low: FloatArray
    high: FloatArray
    covariance: FloatArray | None
    """(m, m), clustered by question; None above the size where it is kept."""
    df: FloatArray


def win_rates(table: BattleTable, level: float, *, independent: bool, covariance: bool = False) -> WinRates:
    """Mean outcome of every model over its battles, with intervals.

    Clustered: n_eff = p(1 − p)/V with V the variance of the mean over questions, times Q/(Q − 1), and t(Q − 1); of a
    fixed mix of questions as `stratified` says.
    Independent: the same from rows, with the normal quantile and no factor.
    """
    m, cluster = len(table.models), table.clusters()
    independent = independent or table.question is None
    n_clusters = int(cluster.max(initial=-1)) + 1
    df: FloatArray | None = None
    if independent or n_clusters * m > _CELL_LIMIT:
        weight = table.weights()
        total = add_up(table.a, weight, m) + add_up(table.b, weight, m)
        points = add_up(table.a, weight * table.outcome, m) + add_up(table.b, weight * (1 - table.outcome), m)
        rate = _share(points, total)
        variance, clusters = _marginal_variance(table, rate, total, independent=independent)
        matrix = None
    else:
        gained, games = sums_by_question(table, n_clusters)
        total = games.sum(axis=0)
        rate = _share(gained.sum(axis=0), total)
        influence, clusters = _influence(table, rate, total, gained, games)
        if table.mix is not None:
            influence, df = stratified(influence, seen_questions(table), table.mix)
            clusters = weighty_questions(table)
        variance = (influence**2).sum(axis=0)
        matrix = influence.T @ influence if covariance else None
    if df is None:
        df = np.full(m, np.inf) if independent else clusters - 1.0
    size = np.where(variance > 1e-14, rate * (1 - rate) / np.maximum(variance, 1e-14), clusters)
    low, high = wilson(rate, size, t_quantile(level, df))
    return WinRates(rate, low, high, matrix, df)


def mean_rates(table: BattleTable, baselines: Sequence[int], level: float, *, independent: bool) -> WinRates:
    """The mean of every model's win rates against several baselines, each counting once, whoever was met how often.

    A baseline's rate against itself is ½. V is that of the mean, by question: what a question says about all baselines
    is added up first. Intervals as in `win_rates`.
    """
    m, cluster = len(table.models), np.tile(table.clusters(), 2)
    independent = independent or table.question is None
    place = np.full(m, -1)
    place[list(baselines)] = np.arange(len(baselines))
    model, other = np.concatenate([table.a, table.b]), place[np.concatenate([table.b, table.a])]
    outcome, weight = np.concatenate([table.outcome, 1 - table.outcome]), np.tile(table.weights(), 2)
    counts = other >= 0
    model, other, outcome, weight, cluster = (x[counts] for x in (model, other, outcome, weight, cluster))
    cell, shape = other * m + model, (len(baselines), m)
    total = add_up(cell, weight, len(baselines) * m).reshape(shape)
    points = add_up(cell, weight * outcome, len(baselines) * m).reshape(shape)
    own = (place >= 0).astype(float)
    parts = (total > 0).sum(axis=0) + own
    with np.errstate(divide="ignore", invalid="ignore"):
        each = points / total
        rate = np.where((total > 0).any(axis=0), (np.nan_to_num(each).sum(axis=0) + own / 2) / parts, np.nan)
    influence = weight * (outcome - each[other, model]) / total[other, model] / parts[model]
    return _of_influence(table, rate, model, cluster, influence, level, independent=independent)


def _of_influence(
    table: BattleTable, rate: FloatArray, model: Codes, cluster: Codes, influence: FloatArray, level: float, *,
    independent: bool,
) -> WinRates:  # fmt: skip
    """Win rates with what every row (of a model, on a question) moves them by."""
    m, n_clusters = len(rate), int(cluster.max(initial=-1)) + 1
    matrix, df = None, np.full(m, np.inf)
    if independent or n_clusters * m > _CELL_LIMIT:
        cells, where = np.unique(cluster.astype(np.int64) * m + model, return_inverse=True)
        clusters = add_up(model if independent else cells % m, None, m)
        sums = influence if independent else add_up(where, influence, len(cells))
        factor = 1.0 if independent else np.where(clusters > 1, clusters / np.maximum(clusters - 1, 1), 0.0)
        variance = factor * add_up(model if independent else cells % m, sums**2, m)
    else:
        code = cell_codes(cluster, model, m).astype(np.intp)
        moved = add_up(code, influence, n_clusters * m).reshape(n_clusters, m)
        seen = add_up(code, None, n_clusters * m).reshape(n_clusters, m) > 0
        clusters = seen.sum(axis=0).astype(float)
        if table.mix is not None:
            moved, df = stratified(moved, seen, table.mix)
            clusters = weighty_questions(table)
        else:
            moved = moved * np.where(clusters > 1, np.sqrt(clusters / np.maximum(clusters - 1, 1)), 0.0)
        variance, matrix = (moved**2).sum(axis=0), moved.T @ moved
    if not independent and table.mix is None:
        df = clusters - 1.0
    size = np.where(variance > 1e-14, rate * (1 - rate) / np.maximum(variance, 1e-14), clusters)
    low, high = wilson(rate, size, t_quantile(level, df))
    return WinRates(rate, low, high, matrix, df)


def sums_by_question(table: BattleTable, n_clusters: int) -> tuple[FloatArray, FloatArray]:
    """What every model won on every question, and how many battles it had there by weight; both (n_clusters, m)."""
    m = len(table.models)
    sums = np.zeros(n_clusters * m, dtype=complex)  # both of a battle side by side: it is found there once
    for rows, first, second in both_cells(table):
        weight = 1.0 if table.weight is None else table.weight[rows]
        for cells, share in ((first, table.outcome[rows]), (second, 1 - table.outcome[rows])):
            found = np.empty(len(share), dtype=complex)
            found.real, found.imag = weight * share, weight
            np.add.at(sums, cells, found)
    both = sums.reshape(n_clusters, m)
    return both.real, both.imag


def _share(points: FloatArray, total: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return points / total


def _influence(
    table: BattleTable, rate: FloatArray, total: FloatArray, points: FloatArray, games: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Each question's influence on the win rates, which takes the place of `points` (and `games` are used up), and the
    number of questions of each model.

    Scaled by √(Q/(Q − 1)), so that the sum of products over questions is the covariance; plain for a fixed mix.
    """
    seen = np.count_nonzero(games, axis=0).astype(float)
    safe = np.where(total > 0, total, 1.0)
    games *= np.nan_to_num(rate)
    points -= games
    points /= safe
    if table.mix is not None:
        return points, seen
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(seen > 1, np.sqrt(seen / (seen - 1)), 0.0)
    points *= factor
    return points, seen


def _marginal_variance(
    table: BattleTable, rate: FloatArray, total: FloatArray, *, independent: bool
) -> tuple[FloatArray, FloatArray]:
    """Variances alone, from rows or (large and clustered) from the sorted (question, model) cells."""
    m, weight = len(table.models), table.weights()
    sides = np.concatenate([table.a, table.b])
    residual = np.concatenate([weight * (table.outcome - rate[table.a]), weight * (1 - table.outcome - rate[table.b])])
    safe = np.where(total > 0, total, 1.0)
    if independent:
        squares = add_up(sides, np.concatenate([weight, weight]) ** 2, m)
        effective = total**2 / np.where(squares > 0, squares, 1.0)
        return add_up(sides, residual**2, m) / safe**2, effective
    cells, where = np.unique(np.tile(table.clusters().astype(np.int64), 2) * m + sides, return_inverse=True)
    sums = add_up(where, residual, len(cells))
    seen = add_up(cells % m, None, m)
    factor = np.where(seen > 1, seen / np.maximum(seen - 1, 1), 0.0)
    return factor * add_up(cells % m, sums**2, m) / safe**2, seen
