"""From arrays to the rows, pairs and warnings of a leaderboard."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray, Mask
from arena.ratings.data.graph import CORE, HIGH, INCOMPARABLE, LOW
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.covariance import NO_SPREAD, Uncertainty, better_probability
from arena.ratings.methods.bradley_terry import ELO_SCALE
from arena.ratings.methods.elo import EloRatings
from arena.ratings.methods.estimate import Estimate
from arena.ratings.methods.win_rate import WinRates, count_winners
from arena.ratings.options import RatingOptions
from arena.ratings.results import Anchored, ModelRow, Pair, number

PAIRS_UP_TO = 50
_NAMES = 20


class Ratings(NamedTuple):
    """Ratings in points, one entry per model; NaN where there is none."""

    rating: FloatArray
    low: FloatArray
    high: FloatArray
    held: int | None
    """The model that is held at the anchor, None when each component has mean 1000."""


class Ranks(NamedTuple):
    """Ranks within components; 0 means unranked."""

    rank: IntArray
    low: IntArray
    high: IntArray


def model_rows(
    table: BattleTable,
    fit: Estimate,
    ratings: Ratings,
    rates: tuple[WinRates | None, WinRates | None],
    elo: EloRatings | None,
    ranks: Ranks,
) -> list[ModelRow]:
    """One row per model, in the order of the table."""
    counts = count_winners(table)
    questions = fit.questions
    shown, overall = rates
    nothing = np.full(len(table.models), np.nan)
    elo_sd = nothing if elo is None or elo.order_sd is None else elo.order_sd
    rows = []
    for i, model in enumerate(table.models):
        played = fit.graph.component[i] >= 0
        side = fit.graph.side[i] if played else CORE
        rows.append(
            ModelRow(
                model=model,
                component=int(fit.graph.component[i]) if played else None,
                rank=int(ranks.rank[i]) or None,
                rank_low=int(ranks.low[i]) or None,
                rank_high=int(ranks.high[i]) or None,
                rating=number(ratings.rating[i]),
                rating_low=number(ratings.low[i]),
                rating_high=number(ratings.high[i]),
                unbounded="high" if side == HIGH else "low" if side == LOW else None,
                elo=None if elo is None else number(elo.rating[i]),
                elo_low=None if elo is None else number(elo.low[i]),
                elo_high=None if elo is None else number(elo.high[i]),
                elo_order_sd=number(elo_sd[i]),
                win_rate=None if shown is None else number(shown.rate[i]),
                win_rate_low=None if shown is None else number(shown.low[i]),
                win_rate_high=None if shown is None else number(shown.high[i]),
                win_rate_overall=None if overall is None else number(overall.rate[i]),
                win_rate_overall_low=None if overall is None else number(overall.low[i]),
                win_rate_overall_high=None if overall is None else number(overall.high[i]),
                lc_win_rate=None,
                wins=int(counts.wins[i]),
                losses=int(counts.losses[i]),
                ties=int(counts.ties[i]),
                n_battles=int(counts.wins[i] + counts.losses[i] + counts.ties[i]),
                n_questions=int(questions[i]),
            )
        )
    return rows


def pair_differences(table: BattleTable, fit: Estimate, options: RatingOptions) -> tuple[Pair, ...]:
    """Differences between all pairs within components; none above the limit unless asked for, or without covariance."""
    m = len(table.models)
    wanted = options.pairs if options.pairs is not None else m <= PAIRS_UP_TO
    if not wanted or not isinstance(fit.uncertainty, Uncertainty) or nothing_but_ties(table):
        return ()
    i, j = np.triu_indices(m, 1)
    together = (fit.graph.component[i] == fit.graph.component[j]) & (fit.graph.component[i] >= 0)
    i, j = i[together], j[together]
    difference, se = fit.theta[i] - fit.theta[j], fit.uncertainty.difference_se()[i, j]
    se = np.where(se > NO_SPREAD, se, np.nan)
    width = fit.uncertainty.difference_quantile()[i, j] * se
    better = better_probability(difference, se, np.minimum(fit.uncertainty.df[i], fit.uncertainty.df[j]))
    shared = _shared_questions(table)
    return tuple(
        Pair(
            table.models[x], table.models[y], number(d * ELO_SCALE), number((d - w) * ELO_SCALE),
            number((d + w) * ELO_SCALE), number(p), int(shared[x, y]),
        )
        for x, y, d, w, p in zip(i, j, difference, width, better, strict=True)
    )  # fmt: skip


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


def nothing_but_ties(table: BattleTable) -> bool:
    """Whether there are battles and every one of them is a tie."""
    return len(table) > 0 and bool((table.outcome == 0.5).all())


def board_warnings(table: BattleTable, fit: Estimate, options: RatingOptions, anchor: Anchored | None) -> list[str]:
    """What a reader must know before trusting the numbers, one sentence each."""
    found = []
    if not len(table):
        return ["no battles: nothing to rate"]
    if table.question is None:
        found.append("no question_id: rows count as independent, intervals are too narrow where questions repeat")
    elif int(np.count_nonzero(np.bincount(table.question.codes))) == 1:
        found.append("one question only: nothing is known about other questions, so there are no intervals")
    if fit.graph.n_components > 1:
        sizes = np.bincount(fit.graph.component[fit.graph.component >= 0])
        found.append(
            f"{len(sizes)} sets of models never met, directly or through others ({', '.join(map(str, sizes))} models): "
            "ranks and ratings hold within a set only"
        )
    if "bradley_terry" in options.methods:
        found += _rating_warnings(table, fit, anchor)
    idle = _listed(table, fit.graph.component < 0)
    if idle:
        found.append(f"without a rated battle: {idle}")
    return found


def _rating_warnings(table: BattleTable, fit: Estimate, anchor: Anchored | None) -> list[str]:
    """What is wrong with the ratings themselves."""
    found = []
    if nothing_but_ties(table):
        found.append("every battle is a tie: nothing tells the models apart, so there are no ratings")
    for side, text, end in ((HIGH, "won", "upper"), (LOW, "lost", "lower")):
        names = _listed(table, (fit.graph.side == side) & (fit.graph.component >= 0))
        if names:
            found.append(
                f"{names}: {text} everything against the models with a finite rating, directly or through others, "
                f"so the rating has no {end} end"
            )
    cut = _listed(table, fit.graph.side == INCOMPARABLE)
    if cut:
        found.append(f"{cut}: only met models of unbounded rating, so it cannot be placed")
    if anchor is not None and fit.block[table.models.index(anchor.model)] < 0:
        found.append(f"{anchor.model} cannot hold the scale (it has no finite rating): ratings have mean 1000 instead")
    return found


def _listed(table: BattleTable, which: Mask) -> str:
    """The names of some models, as many as a sentence can hold."""
    names = [table.models[i] for i in np.flatnonzero(which)]
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more
