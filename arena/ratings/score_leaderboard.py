"""From a table of scores to the leaderboard of single mode."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from arena.ratings.data.score_table import ScoreTable
from arena.ratings.findings.stability import leaders, stability
from arena.ratings.intervals.covariance import jointly
from arena.ratings.intervals.mean_scores import MeanScores, mean_scores
from arena.ratings.intervals.means import Mean, clustered_mean, clustered_share
from arena.ratings.methods import METHODS, methods_of
from arena.ratings.methods.method import Fitted, Scores
from arena.ratings.options import RatingOptions
from arena.ratings.results import Leaderboard, ModelRow, Pair, Stability
from arena.ratings.rows import Played, columns_of, model_rows, pairs_among, ranks_of
from arena.ratings.set_aside import with_some_aside
from arena.ratings.slices import slice_rows
from arena.ratings.weighted import weighted_rows


def rate_scores(table: ScoreTable, options: RatingOptions = RatingOptions()) -> Leaderboard:  # noqa: B008
    """The leaderboard of single mode, by those of `options.methods` that rate scores (without any, by the mean score).

    Intervals are clustered by question, rank intervals and `pairs` rest on the questions that two models share.
    """
    if options.set_aside:
        return with_some_aside(table, options, rate_scores, rate_scores)
    if len(table):
        table = table.select(np.lexsort((table.score, table.question.codes, table.model)))
    means = mean_scores(table, options.level)
    group = np.where(means.questions > 0, 0, -1)
    if options.simultaneous:
        means = replace(means, uncertainty=jointly(means.uncertainty, group, options.seed))
    found = _fitted(Scores(table, options, means))
    ranked_by = next(iter(found))
    battles = np.bincount(table.model, minlength=len(table.models))
    none = np.zeros_like(battles)
    played = Played(np.where(battles > 0, 0, -1), none, none, none, battles, means.questions)
    rows = model_rows(table.models, columns_of(found, options), ranks_of(found[ranked_by], group, options), played)
    rows = [_with_criteria(row, table, place, options) for place, row in enumerate(rows)]
    part = replace(options, slices=(), pairs=False, details=False, weights=None)
    rows = slice_rows(table, rows, options.slices, partial(rate_scores, options=part))
    told = _warnings(table, means, found)
    rows, weighed = weighted_rows(table, rows, options, rate_scores, told)
    return Leaderboard(
        ranked_by=ranked_by, judges=table.judge.names if table.judge else (), baseline=None, anchor=None,
        level=options.level, interval=options.interval, n_questions=int(means.seen.any(axis=1).sum()),
        n_battles=len(table), warnings=(*told, *weighed), judges_detail=(),
        pairs=_pairs(table, means, options), style={}, diagnostics={},
        models=tuple(sorted(rows, key=lambda row: (row.rank is None, row.rank or 0, row.model))),
        stability=_stability(Scores(table, options, means), ranked_by),
    )  # fmt: skip


def _stability(given: Scores, ranked_by: str) -> Stability | None:
    """How few questions decide between neighbours."""
    table, options = given.table, given.options
    again = METHODS[ranked_by].refits_of_scores
    if again is None or not (options.details and options.stability) or not len(table):
        return None
    rater = partial(rate_scores, options=replace(options, slices=(), pairs=False, interval="none", details=False))

    def without(leader: str) -> dict[str, dict[str, str | None]]:
        return {name: leaders(table, getattr(table, name), leader, rater) for name in ("category", "judge")}

    refits = again(given)
    return None if refits is None else stability(table.models, refits, table.question.names, without)


def _fitted(given: Scores) -> dict[str, Fitted]:
    known = methods_of(scores=True)
    wanted = [name for name in given.options.methods if name in known] or known[:1]
    return {name: rated(given) for name in wanted if (rated := METHODS[name].of_scores) is not None}


def _with_criteria(row: ModelRow, table: ScoreTable, model: int, options: RatingOptions) -> ModelRow:
    found = _criteria(table, model, options)
    return replace(
        row,
        criteria={name: mean.value for name, mean in found.items() if mean.value is not None},
        criteria_low={name: mean.low for name, mean in found.items()},
        criteria_high={name: mean.high for name, mean in found.items()},
    )


def _criteria(table: ScoreTable, model: int, options: RatingOptions) -> dict[str, Mean]:
    """Each criterion's mean: a rate with Wilson's interval where it is never outside [0, 1], else with a t interval."""
    found = {}
    for name, column in table.criteria.items():
        known = ~np.isnan(column)
        mine = (table.model == model) & known
        if mine.any():
            is_rate = bool(((column[known] >= 0) & (column[known] <= 1)).all())
            mean = (clustered_share if is_rate else clustered_mean)(
                column[mine], table.question.codes[mine], options.level
            )
            found[name] = mean if options.interval != "none" else Mean(mean.value, None, None, mean.n)
    return found


def _pairs(table: ScoreTable, means: MeanScores, options: RatingOptions) -> tuple[Pair, ...]:
    """Differences of mean scores (in points of the score, not of a rating)."""
    if options.interval == "none":
        return ()
    known = means.questions > 0
    shared = means.seen.T @ means.seen
    return pairs_among(table.models, means.mean, means.uncertainty, known[:, None] & known[None, :], shared, options)


def _warnings(table: ScoreTable, means: MeanScores, found: dict[str, Fitted]) -> tuple[str, ...]:
    if not len(table):
        return ("no scores: nothing to rate",)
    told = []
    if means.seen.any(axis=1).sum() == 1:
        told.append("one question only: nothing is known about other questions, so there are no intervals")
    told += [warning for fitted in found.values() for warning in fitted.warnings]
    idle = [name for name, count in zip(table.models, means.questions, strict=True) if not count]
    if idle:
        told.append(f"without a score: {', '.join(idle)}")
    return tuple(told)
