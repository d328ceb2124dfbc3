"""What a leaderboard's numbers do not say by themselves: connectivity, separation, cycles, what would sharpen it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray, Mask, add_up, sigmoid
from arena.ratings.data.graph import CORE
from arena.ratings.data.pair_sums import DENSE_LIMIT, PairSums, cell_codes, laplacian
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.covariance import NO_SPREAD, Uncertainty, pseudo_inverse
from arena.ratings.intervals.question_scores import residuals
from arena.ratings.methods.bradley_terry import ELO_SCALE
from arena.ratings.methods.estimate import Estimate
from arena.ratings.results import plain

if TYPE_CHECKING:
    from arena.types import JSON

_TRIPLES_AMONG = 60
"""Triples are looked for among at most this many models, those with most battles."""
_ROWS_APART = 500_000
"""Above this many rows dispersion is measured row by row."""
_PAIR_QUESTIONS = 5
"""A pair needs this many battles before its deviation says anything."""


def diagnose(table: BattleTable, fit: Estimate) -> dict[str, JSON]:
    """All diagnostics of a fitted board under the names of leaderboard.json's `diagnostics`."""
    pairs = fit.pairs
    found = _of_the_fit(table.models, fit, pairs)
    if len(table.models) <= DENSE_LIMIT:
        found["separability"] = separability(fit)
        found["intransitivity"] = intransitivity(table, fit, pairs)
        found["verdict_noise_share"] = verdict_noise_share(table, fit, pairs)
    result = plain(found)
    assert isinstance(result, dict)
    return result


def diagnose_sums(models: Sequence[str], fit: Estimate, pairs: PairSums, squares: FloatArray) -> dict[str, JSON]:
    """`diagnose` from sums by pair alone, `squares` being those of the outcomes of each pair in the core.

    Dispersion is that of rows; what takes both orders of a battle is not known.
    """
    found = _of_the_fit(models, fit, pairs)
    core = pairs.among((fit.block[pairs.i] >= 0) & (fit.block[pairs.j] >= 0))
    p = sigmoid(fit.theta[core.i] - fit.theta[core.j])
    coins = core.games * p * (1 - p)
    deviations = core.wins - core.games * p, coins * _dispersion(core, p, squares)
    found["separability"] = separability(fit)
    found["intransitivity"] = _intransitivity(models, fit, core, core.games, *deviations)
    found["verdict_noise_share"] = None
    result = plain(found)
    assert isinstance(result, dict)
    return result


def _dispersion(core: PairSums, p: FloatArray, squares: FloatArray) -> float:
    """How much rows vary, in units of coins: from the sums of their squared outcomes by pair."""
    spread = float((squares - 2 * p * core.wins + p**2 * core.games).sum())
    return spread / max(float((core.games * p * (1 - p)).sum()), 1e-300)


def _of_the_fit(models: Sequence[str], fit: Estimate, pairs: PairSums) -> dict[str, object]:
    return {
        "gradient_norm": fit.gradient_norm,
        "iterations": fit.iterations,
        "components": [int(n) for n in np.bincount(fit.graph.component[fit.graph.component >= 0])],
        "separated": [
            name
            for name, component, side in zip(models, fit.graph.component, fit.graph.side, strict=True)
            if component >= 0 and side != CORE
        ],
        "pairs_met": len(pairs.i),
    }


def more_questions(diagnostics: Mapping[str, JSON]) -> tuple[str, ...]:
    """A sentence for a board that is undecided although its verdicts hardly vary: it needs questions, not calls."""
    noise, apart = diagnostics.get("verdict_noise_share"), diagnostics.get("separability")
    if not isinstance(noise, float) or not isinstance(apart, float) or noise > 0.2 or apart > 0.9:
        return ()
    return (
        f"{1 - noise:.0%} of the ratings' variance comes from the choice of questions: "
        "more questions would narrow the intervals, more verdicts on these would not",
    )


def separability(fit: Estimate) -> float | None:
    """Share of the pairs within components whose difference is beyond its interval (Arena-Hard's measure)."""
    if not isinstance(fit.uncertainty, Uncertainty):
        return None
    sizes = np.bincount(fit.block[fit.block >= 0])
    count = int((sizes * (sizes - 1)).sum()) // 2
    if not count:
        return None
    with np.errstate(invalid="ignore"):
        apart = fit.uncertainty.surely_better(np.nan_to_num(fit.theta))
        apart &= fit.uncertainty.difference_se() > NO_SPREAD
    if not (fit.block == 0).all():
        apart &= (fit.block[:, None] == fit.block[None, :]) & (fit.block >= 0)[:, None]
    return float(apart.sum() / count)


def intransitivity(table: BattleTable, fit: Estimate, pairs: PairSums) -> dict[str, object] | None:
    """How far pairs deviate from what ratings alone predict, and the triples that deviate most.

    `ratio`: mean squared deviation of the pairs in units of its sampling variance, about 1 when Bradley–Terry holds;
    `p` its (approximate) p-value; `typical_points`: what is left of the deviations once sampling is taken off, in
    points. None without pairs to spare: a star or a tree fits any outcome.
    """
    core = pairs.among((fit.block[pairs.i] >= 0) & (fit.block[pairs.j] >= 0))
    played = core.games if table.weight is None else _pair_counts(table, core)
    return _intransitivity(table.models, fit, core, played, *_pair_residuals(table, fit, core))


def _intransitivity(
    models: Sequence[str], fit: Estimate, core: PairSums, played: FloatArray, residual: FloatArray, variance: FloatArray
) -> dict[str, object] | None:
    used = (played >= _PAIR_QUESTIONS) & (variance > 0)
    inside = int((fit.block >= 0).sum())
    df = int(used.sum()) - (inside - int(fit.block.max(initial=-1)) - 1)
    if df < 1:
        return None
    p = sigmoid(fit.theta[core.i] - fit.theta[core.j])
    information = core.games * p * (1 - p)
    chi2 = float((residual[used] ** 2 / variance[used]).sum())
    beyond = float((residual[used] ** 2 - variance[used]).sum()) / float((information[used] ** 2).sum())
    shrink = (chi2 / df) ** (1 / 3)
    spread = 2 / (9 * df)
    return {
        "ratio": chi2 / df,
        "df": df,
        "p": 1 - NormalDist().cdf((shrink - (1 - spread)) / spread**0.5),
        "typical_points": max(beyond, 0.0) ** 0.5 * ELO_SCALE,
        "triples": _worst_triples(models, core, residual / information, variance / information**2, used),
    }


def verdict_noise_share(table: BattleTable, fit: Estimate, pairs: PairSums) -> float | None:
    """Share of the ratings' variance that more verdicts on the same questions could remove; the rest needs questions.

    From battles judged in both orders: half the squared difference of the orders, less their common shift, estimates
    how much one verdict varies. The median over models; None without both orders or without intervals.
    """
    if table.a_first_outcome is None or table.b_first_outcome is None or table.question is None:
        return None
    if not isinstance(fit.uncertainty, Uncertainty):
        return None
    a_first, b_first = ~np.isnan(table.a_first_outcome), ~np.isnan(table.b_first_outcome)
    known = a_first & b_first & (fit.block[table.a] >= 0) & (fit.block[table.b] >= 0)
    if (a_first != b_first).sum() > len(table) / 2 or known.sum() < 10:
        return None
    rows = table.select(known)
    assert rows.a_first_outcome is not None
    assert rows.b_first_outcome is not None
    gap = rows.a_first_outcome - rows.b_first_outcome
    noise = rows.weights() ** 2 * (gap - gap.mean()) ** 2 / 4
    core = pairs.among((fit.block[pairs.i] >= 0) & (fit.block[pairs.j] >= 0))
    p = sigmoid(fit.theta[core.i] - fit.theta[core.j])
    m = len(table.models)
    inverse = pseudo_inverse(laplacian(m, core.i, core.j, core.games * p * (1 - p)), fit.block)
    meat = laplacian(m, core.i, core.j, add_up(_place(rows, core), noise, len(core.i)))
    variance = np.diag(fit.uncertainty.covariance)
    some = (variance > 1e-20) & (fit.block >= 0)  # all ties leave rounding errors for a variance
    share = np.diag(inverse @ meat @ inverse)[some] / variance[some]
    good = share[np.isfinite(share)]
    return float(min(np.median(good), 1.0)) if len(good) else None


def _place(table: BattleTable, core: PairSums) -> IntArray:
    """For every row the number of its pair among the core's."""
    m = core.n_models
    number = np.zeros((m, m), dtype=np.int32)
    number[core.i, core.j] = number[core.j, core.i] = np.arange(len(core.i))
    result: IntArray = number.ravel()[cell_codes(table.a, table.b, m)]
    return result


def _in_core(table: BattleTable, fit: Estimate) -> BattleTable:
    inside = fit.inside(table)
    if table.weight is not None:
        inside = table.weight > 0 if inside is None else inside & (table.weight > 0)
    return table if inside is None or inside.all() else table.select(inside)


def _pair_residuals(table: BattleTable, fit: Estimate, core: PairSums) -> tuple[FloatArray, FloatArray]:
    """Per pair: Σ weight·(outcome − p) in the frame of its first model, and the variance of that sum.

    The variance is that of independent coins times one dispersion for the whole board, measured question by question: a
    pair's own few squared residuals would be too rough.
    """
    rows = _in_core(table, fit)
    theta = np.nan_to_num(fit.theta)
    if rows.weight is None and (rows.question is None or len(rows) > _ROWS_APART):
        p = sigmoid(theta[core.i] - theta[core.j])
        coins = core.games * p * (1 - p)
        if fit.sums is not None:
            return core.wins - core.games * p, coins * _dispersion(core, p, fit.sums.squared(core))
        residual = residuals(rows, theta)
        spread = float(residual @ residual) / max(float(coins.sum()), 1e-300)
        return core.wins - core.games * p, coins * spread
    weight = rows.weights()
    p = sigmoid(theta[rows.a] - theta[rows.b])
    residual = weight * (rows.outcome - p)
    residual = np.where(rows.a > rows.b, -residual, residual)
    place = _place(rows, core)
    coins = add_up(place, weight**2 * p * (1 - p), len(core.i))
    if rows.question is None or len(rows) > _ROWS_APART:
        squares = float((residual**2).sum())
    else:
        cells = place.astype(np.int64) * len(rows.question.names) + rows.question.codes
        _, where = np.unique(cells, return_inverse=True)
        squares = float((np.bincount(where, residual) ** 2).sum())
    return add_up(place, residual, len(core.i)), coins * squares / max(float(coins.sum()), 1e-300)


def _pair_counts(table: BattleTable, core: PairSums) -> FloatArray:
    m = core.n_models
    met = add_up(cell_codes(table.a, table.b, m), None, m * m).reshape(m, m)
    result: FloatArray = (met + met.T)[core.i, core.j]
    return result


def _worst_triples(
    models: Sequence[str], core: PairSums, logit: FloatArray, variance: FloatArray, used: Mask
) -> list[dict[str, object]]:
    """The five triples whose cyclic surplus stands out most: each beats the next one by more than ratings allow."""
    m = core.n_models
    games = add_up(core.i, core.games, m) + add_up(core.j, core.games, m)
    chosen = np.sort(np.argsort(-games, kind="stable")[: min(m, _TRIPLES_AMONG)])
    place = np.full(m, -1)
    place[chosen] = np.arange(len(chosen))
    among = np.flatnonzero((place[core.i] >= 0) & (place[core.j] >= 0))
    surplus, spread, wins = (np.full((len(chosen), len(chosen)), np.nan) for _ in range(3))
    i, j = place[core.i[among]], place[core.j[among]]
    wins[i, j] = core.wins[among] / core.games[among]
    wins[j, i] = 1 - wins[i, j]
    i, j, among = i[used[among]], j[used[among]], among[used[among]]
    surplus[i, j], surplus[j, i] = logit[among], -logit[among]
    spread[i, j] = spread[j, i] = variance[among]
    before = np.triu(np.ones((len(chosen),) * 2, dtype=bool), 1)
    x, y, z = np.nonzero(before[:, :, None] & before)
    cycle = surplus[x, y] + surplus[y, z] + surplus[z, x]
    score = cycle / np.sqrt(spread[x, y] + spread[y, z] + spread[z, x])
    known = np.flatnonzero(np.isfinite(score))
    worst = known[np.argsort(-np.abs(score[known]), kind="stable")[:5]]
    found: list[dict[str, object]] = []
    for t in worst:
        names = (x[t], y[t], z[t]) if cycle[t] > 0 else (x[t], z[t], y[t])
        legs = [float(wins[names[s], names[(s + 1) % 3]]) for s in range(3)]
        found.append(
            {
                "models": [models[chosen[v]] for v in names],
                "win_rates": legs,
                "is_cycle": min(legs) > 0.5,
                "points": abs(float(cycle[t])) * ELO_SCALE,
                "z": abs(float(score[t])),
            }
        )
    return found
