"""From arrays to the rows, pairs and warnings of a leaderboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray, Mask
from arena.ratings.data.graph import INCOMPARABLE
from arena.ratings.data.table import BattleTable, listed
from arena.ratings.intervals.covariance import NO_SPREAD, Uncertainty, better_probability
from arena.ratings.intervals.ranks import competition_ranks, rank_ranges
from arena.ratings.methods import METHODS, methods_of
from arena.ratings.methods.bradley_terry import ELO_SCALE, Ratings, ends_to_compare, rating_points
from arena.ratings.methods.estimate import Estimate
from arena.ratings.methods.method import Entries, Fitted
from arena.ratings.options import RatingOptions
from arena.ratings.results import Anchored, ModelRow, Number, Pair, number

PAIRS_UP_TO = 50


class Ranks(NamedTuple):
    """Ranks within components; 0 means unranked."""

    rank: IntArray
    low: IntArray
    high: IntArray


class Played(NamedTuple):
    """What each model took part in."""

    component: IntArray
    """Number of the set of models it belongs to, −1 without battles."""
    wins: IntArray
    losses: IntArray
    ties: IntArray
    battles: IntArray
    questions: FloatArray


def ranks_of(first: Fitted, group: IntArray, options: RatingOptions) -> Ranks:
    """Ranks within groups by the method that comes first."""
    key = np.nan_to_num(first.value, nan=-np.inf) if first.key is None else first.key
    rank = competition_ranks(key, group)
    if options.interval == "none":
        nothing = np.zeros_like(rank)
        return Ranks(rank, nothing, nothing)
    same = (group[:, None] == group[None, :]) & (group >= 0)[:, None]
    better = first.low[:, None] > first.high[None, :] if first.better is None else first.better
    return Ranks(rank, *rank_ranges(better & same, group))


def columns_of(found: Mapping[str, Fitted], options: RatingOptions) -> dict[str, Entries]:
    """What the methods found, by the names of their columns; without the ends where no intervals are asked for."""
    columns: dict[str, Entries] = {}
    for name, fitted in found.items():
        method, main = METHODS[name], (fitted.value, fitted.low, fitted.high)
        known = dict(fitted.more) | dict(zip(method.main.fields, main, strict=False))
        for column in method.columns:
            shown = column.fields if options.interval != "none" else (column.name,)
            columns |= {field: known[field] for field in shown if field in known}
    return columns


def model_rows(models: Sequence[str], columns: Mapping[str, Entries], ranks: Ranks, played: Played) -> list[ModelRow]:
    """One row per model, in the order of the table."""
    of_battles, of_scores = (
        [field for name in methods_of(scores=scores) for column in METHODS[name].columns for field in column.fields]
        for scores in (False, True)
    )
    rows = []
    for i, model in enumerate(models):
        component = int(played.component[i])
        rows.append(
            ModelRow(
                model=model,
                component=component if component >= 0 else None,
                rank=int(ranks.rank[i]) or None,
                rank_low=int(ranks.low[i]) or None,
                rank_high=int(ranks.high[i]) or None,
                numbers={field: _entry(columns, field, i) for field in of_battles},
                wins=int(played.wins[i]),
                losses=int(played.losses[i]),
                ties=int(played.ties[i]),
                n_battles=int(played.battles[i]),
                n_questions=int(played.questions[i]),
                scores={field: _entry(columns, field, i) for field in of_scores},
            )
        )
    return rows


def _entry(columns: Mapping[str, Entries], field: str, model: int) -> Number:
    value = columns[field][model] if field in columns else None
    return value if value is None or isinstance(value, str) else number(value)


def pair_differences(
    table: BattleTable, fit: Estimate, options: RatingOptions, anchor: Anchored | None
) -> tuple[Pair, ...]:
    """Differences of ratings, in points, between all pairs within components; none without their covariance.

    Where one of the two is unbounded there is no difference, but one end of it: the distance between their intervals.
    """
    if not pairs_wanted(table.models, options) or not isinstance(fit.uncertainty, Uncertainty) or table.all_ties:
        return ()
    points = rating_points(table, fit, replace(options, interval="sandwich"), anchor) if fit.graph.separated else None
    return differences(table.models, fit, options, points, _shared_questions(table))


def differences(
    models: Sequence[str], fit: Estimate, options: RatingOptions, points: Ratings | None, shared: FloatArray
) -> tuple[Pair, ...]:
    """`pair_differences` of a fit with its covariance; `points` are needed where models are separated."""
    assert isinstance(fit.uncertainty, Uncertainty)
    group = fit.graph.component
    together = (group[:, None] == group[None, :]) & (group >= 0)[:, None]
    pairs = pairs_among(models, fit.theta, fit.uncertainty, together, shared, options, scale=ELO_SCALE)
    if not fit.graph.separated or points is None:
        return pairs
    low, high = ends_to_compare(points, fit)
    return tuple(_with_known_end(pair, models, fit.graph.side, low, high) for pair in pairs)


def _with_known_end(pair: Pair, models: Sequence[str], side: IntArray, low: FloatArray, high: FloatArray) -> Pair:
    """A pair of which one model is unbounded, with the end of the difference that is known."""
    a, b = models.index(pair.a), models.index(pair.b)
    if side[a] == side[b] or INCOMPARABLE in (side[a], side[b]):
        return pair
    if side[a] > side[b]:
        return replace(pair, low=number(low[a] - high[b]))
    return replace(pair, high=number(high[a] - low[b]))


def pairs_among(
    models: Sequence[str], values: FloatArray, uncertainty: Uncertainty, comparable: Mask, shared: FloatArray,
    options: RatingOptions, *, scale: float = 1.0,
) -> tuple[Pair, ...]:  # fmt: skip
    """Differences between all comparable pairs, `scale` times those of `values`; none above the limit unless asked for.

    `comparable` and `shared`, on how many questions both were seen, have shape (m, m).
    """
    if not pairs_wanted(models, options):
        return ()
    i, j = np.triu_indices(len(models), 1)
    together = comparable[i, j]
    i, j = i[together], j[together]
    difference, se = values[i] - values[j], uncertainty.difference_se()[i, j]
    se = np.where(se > NO_SPREAD, se, np.nan)
    width = uncertainty.difference_quantile()[i, j] * se
    better = better_probability(difference, se, np.minimum(uncertainty.df[i], uncertainty.df[j]))
    return tuple(
        Pair(
            models[x], models[y], number(d * scale), number((d - w) * scale), number((d + w) * scale), number(p),
            int(shared[x, y]),
        )
        for x, y, d, w, p in zip(i.tolist(), j.tolist(), difference, width, better, strict=True)
    )  # fmt: skip


def pairs_wanted(models: Sequence[str], options: RatingOptions) -> bool:
    """Whether differences between all pairs are asked for, or usual for so many models."""
    return options.pairs if options.pairs is not None else len(models) <= PAIRS_UP_TO


def _shared_questions(table: BattleTable) -> FloatArray:
    """(m, m): on how many questions both models were compared with somebody; battles where there are no ids."""
    m = len(table.models)
    if table.question is None:
        met = np.bincount(table.a * np.int64(m) + table.b, minlength=m * m).reshape(m, m)
        return (met + met.T).astype(float)
    seen = np.zeros((len(table.question.names), m), dtype=np.float32)
    seen[table.question.codes, table.a] = 1.0
    seen[table.question.codes, table.b] = 1.0
    result: FloatArray = (seen.T @ seen).astype(float)
    return result


def board_warnings(
    models: Sequence[str], n_battles: int, n_questions: int | None, fit: Estimate, of_methods: Sequence[str]
) -> list[str]:
    """What a reader must know before trusting the numbers, one sentence each; no `n_questions` without ids."""
    found = []
    if not n_battles:
        return ["no battles: nothing to rate"]
    if n_questions is None:
        found.append("no question_id: rows count as independent, intervals are too narrow where questions repeat")
    elif n_questions == 1:
        found.append("one question only: nothing is known about other questions, so there are no intervals")
    if fit.graph.n_components > 1:
        sizes = np.bincount(fit.graph.component[fit.graph.component >= 0])
        found.append(
            f"{len(sizes)} sets of models never met, directly or through others ({', '.join(map(str, sizes))} models): "
            "ranks and ratings hold within a set only"
        )
    found += of_methods
    idle = listed(models, fit.graph.component < 0)
    if idle:
        found.append(f"without a rated battle: {idle}")
    return found
