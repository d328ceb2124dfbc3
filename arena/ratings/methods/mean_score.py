"""Single mode: mean scores, clustered by question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from arena.errors import DataError
from arena.ratings.data.arrays import Codes, FloatArray, Mask
from arena.ratings.data.pair_sums import by_cluster
from arena.ratings.data.table import Coded
from arena.ratings.intervals.covariance import (
    NO_SPREAD,
    Uncertainty,
    better_probability,
    competition_ranks,
    jointly,
    rank_ranges,
)
from arena.ratings.intervals.means import Mean, clustered_mean, clustered_share
from arena.ratings.intervals.student_t import t_quantile
from arena.ratings.options import RatingOptions
from arena.ratings.results import Leaderboard, ModelRow, Pair, SliceRow, number
from arena.ratings.slices import THIN_QUESTIONS


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Scored answers, one per row: model, question, score; several rows of a question are one cluster."""

    models: tuple[str, ...]
    model: Codes
    score: FloatArray
    question: Coded
    judge: Coded | None = None
    category: Coded | None = None
    language: Coded | None = None
    criteria: Mapping[str, FloatArray] = field(default_factory=dict)
    """Further scores of the same answers; NaN where one is missing."""

    def __len__(self) -> int:
        return len(self.model)

    @classmethod
    def from_columns(
        cls,
        model: Sequence[str],
        question_id: Sequence[str | int],
        score: Sequence[float],
        *,
        judge: Sequence[str] | None = None,
        category: Sequence[str | None] | None = None,
        language: Sequence[str | None] | None = None,
        criteria: Mapping[str, Sequence[float | None]] | None = None,
        models: Sequence[str] = (),
        source: str = "scores",
    ) -> ScoreTable:
        """A validated table from plain sequences of equal length. Raises DataError that names the row."""
        everyone = Coded.of([*models, *model])
        values = np.asarray(score, dtype=float).reshape(len(model))
        if not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values)))
            raise DataError(f"{source}: row {row + 1}: score: found {values[row]:g}, allowed: a finite number")
        return cls(
            models=everyone.names,
            model=everyone.codes[len(models) :],
            score=values,
            question=Coded.of(question_id),
            judge=None if judge is None else Coded.of(judge),
            category=None if category is None else Coded.of(category),
            language=None if language is None else Coded.of(language),
            criteria={
                name: np.array([np.nan if v is None else v for v in column], dtype=float)
                for name, column in (criteria or {}).items()
            },
        )

    def select(self, rows: Mask | NDArray[np.intp]) -> ScoreTable:
        """Some of the rows (a mask or an order). All names stay."""
        return replace(
            self,
            model=self.model[rows],
            score=self.score[rows],
            question=self.question.take(rows),
            judge=None if self.judge is None else self.judge.take(rows),
            category=None if self.category is None else self.category.take(rows),
            language=None if self.language is None else self.language.take(rows),
            criteria={name: column[rows] for name, column in self.criteria.items()},
        )


@dataclass(frozen=True, slots=True)
class MeanScores:
    """Mean score of each model over its questions, NaN without any; a question counts once."""

    mean: FloatArray
    low: FloatArray
    high: FloatArray
    uncertainty: Uncertainty
    questions: FloatArray
    seen: FloatArray
    """(questions, models), 1 where there is a score."""


def mean_scores(table: ScoreTable, level: float) -> MeanScores:
    """Means of the per-question means, with t intervals over questions.

    V_ij = √(f_i f_j)·Σ_q u_qi u_qj, u the centred question means divided by the number of questions, f = Q/(Q − 1):
    shared questions make differences between models more certain than their means.
    """
    m, n_questions = len(table.models), len(table.question.names)
    totals = by_cluster(table.question.codes, table.model, table.score, n_questions, m)
    counts = by_cluster(table.question.codes, table.model, None, n_questions, m)
    seen = counts > 0
    questions = seen.sum(axis=0).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_question = np.where(seen, totals / counts, 0.0)
        mean = np.where(questions > 0, per_question.sum(axis=0) / questions, np.nan)
        influence = np.where(seen, per_question - mean, 0.0) / questions
        factor = np.sqrt(questions / (questions - 1))
        covariance = (np.nan_to_num(influence).T @ np.nan_to_num(influence)) * np.outer(factor, factor)
    covariance[~(questions > 1), :] = np.nan
    covariance[:, ~(questions > 1)] = np.nan
    half = t_quantile(level, questions - 1) * np.sqrt(np.diag(covariance))
    half = np.where(half > 0, half, np.nan)
    return MeanScores(
        mean, mean - half, mean + half, Uncertainty(covariance, questions - 1, level), questions, seen.astype(float)
    )


def rate_scores(table: ScoreTable, options: RatingOptions = RatingOptions()) -> Leaderboard:  # noqa: B008
    """The leaderboard of single mode: mean scores with clustered intervals, rank intervals from paired differences.

    A model whose scores are all equal has no interval, and two that always differ by the same are not told apart: no
    spread was seen, which is not the same as none.
    """
    if len(table):
        table = table.select(np.lexsort((table.score, table.question.codes, table.model)))
    means = mean_scores(table, options.level)
    known = np.where(means.questions > 0, 0, -1)
    rank = competition_ranks(np.nan_to_num(means.mean, nan=-np.inf), known)
    if options.simultaneous:
        means = replace(means, uncertainty=jointly(means.uncertainty, known, options.seed))
    with np.errstate(invalid="ignore"):
        better = means.uncertainty.surely_better(means.mean) & (means.uncertainty.difference_se() > NO_SPREAD)
    low, high = rank_ranges(better & (known == 0)[:, None] & (known == 0), known)
    if options.interval == "none":
        low, high = np.zeros_like(low), np.zeros_like(high)
    battles = np.bincount(table.model, minlength=len(table.models))
    sliced = {column: _slices(table, column, options) for column in options.slices}
    criteria = [_criteria(table, i, options) for i in range(len(table.models))]
    rows = [
        ModelRow(
            model=model, component=0 if battles[i] else None,
            rank=int(rank[i]) or None, rank_low=int(low[i]) or None, rank_high=int(high[i]) or None,
            rating=None, rating_low=None, rating_high=None, unbounded=None,
            elo=None, elo_low=None, elo_high=None, elo_order_sd=None,
            win_rate=None, win_rate_low=None, win_rate_high=None,
            win_rate_overall=None, win_rate_overall_low=None, win_rate_overall_high=None, lc_win_rate=None,
            wins=0, losses=0, ties=0, n_battles=int(battles[i]), n_questions=int(means.questions[i]),
            score=number(means.mean[i]),
            score_low=None if options.interval == "none" else number(means.low[i]),
            score_high=None if options.interval == "none" else number(means.high[i]),
            categories={name: found[model] for name, found in sliced.get("category", {}).items() if model in found},
            languages={name: found[model] for name, found in sliced.get("language", {}).items() if model in found},
            criteria={name: mean.value for name, mean in criteria[i].items() if mean.value is not None},
            criteria_low={name: mean.low for name, mean in criteria[i].items()},
            criteria_high={name: mean.high for name, mean in criteria[i].items()},
        )
        for i, model in enumerate(table.models)
    ]  # fmt: skip
    return Leaderboard(
        ranked_by="score", judges=table.judge.names if table.judge else (), baseline=None, anchor=None,
        level=options.level, interval=options.interval, n_questions=int(means.seen.any(axis=1).sum()),
        n_battles=len(table), warnings=_warnings(table, means), judges_detail=(),
        pairs=_pairs(table, means, options), style={}, diagnostics={},
        models=tuple(sorted(rows, key=lambda row: (row.rank is None, row.rank or 0, row.model))),
    )  # fmt: skip


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


def _slices(table: ScoreTable, column: str, options: RatingOptions) -> dict[str, dict[str, SliceRow]]:
    coded = table.category if column == "category" else table.language
    found: dict[str, dict[str, SliceRow]] = {}
    for code, name in enumerate(coded.names if coded is not None else ()):
        assert coded is not None
        board = rate_scores(table.select(coded.codes == code), replace(options, slices=(), pairs=False))
        found[name] = {
            row.model: SliceRow(
                n_battles=row.n_battles, n_questions=row.n_questions, thin=row.n_questions < THIN_QUESTIONS,
                rank=row.rank, rank_low=row.rank_low, rank_high=row.rank_high,
                score=row.score, score_low=row.score_low, score_high=row.score_high,
            )
            for row in board.models if row.n_battles
        }  # fmt: skip
    return found


def _pairs(table: ScoreTable, means: MeanScores, options: RatingOptions) -> tuple[Pair, ...]:
    """Differences of mean scores (in points of the score, not of a rating)."""

    m = len(table.models)
    if not (options.pairs if options.pairs is not None else m <= 50) or options.interval == "none":
        return ()
    i, j = np.triu_indices(m, 1)
    both = (means.questions[i] > 0) & (means.questions[j] > 0)
    i, j = i[both], j[both]
    difference, se = means.mean[i] - means.mean[j], means.uncertainty.difference_se()[i, j]
    se = np.where(se > NO_SPREAD, se, np.nan)
    width = means.uncertainty.difference_quantile()[i, j] * se
    better = better_probability(difference, se, np.minimum(means.questions[i], means.questions[j]) - 1)
    shared = means.seen.T @ means.seen
    return tuple(
        Pair(table.models[x], table.models[y], number(d), number(d - w), number(d + w), number(p), int(shared[x, y]))
        for x, y, d, w, p in zip(i, j, difference, width, better, strict=True)
    )


def _warnings(table: ScoreTable, means: MeanScores) -> tuple[str, ...]:
    if not len(table):
        return ("no scores: nothing to rate",)
    found = []
    if means.seen.any(axis=1).sum() == 1:
        found.append("one question only: nothing is known about other questions, so there are no intervals")
    idle = [name for name, count in zip(table.models, means.questions, strict=True) if not count]
    if idle:
        found.append(f"without a score: {', '.join(idle)}")
    return tuple(found)
