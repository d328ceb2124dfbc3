"""The same ratings with questions that count as much as the reader says: beside the board's own, never instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from arena.ratings.data.mix import mixed
from arena.ratings.data.pair_sums import DENSE_LIMIT
from arena.ratings.methods import methods_of
from arena.ratings.options import USUAL_METHODS, RatingOptions
from arena.ratings.results import Leaderboard, ModelRow, Number
from arena.ratings.slices import T

MOST_CELLS = 30_000_000
"""Questions times models of which every question's influence is held."""
_OF_BATTLES: Mapping[str, str] = {
    "rating": "rating", "rating_low": "low", "rating_high": "high",
    "win_rate": "win_rate", "win_rate_low": "win_rate_low", "win_rate_high": "win_rate_high",
}  # fmt: skip
_OF_SCORES: Mapping[str, str] = {name: name for name in ("score", "score_low", "score_high")}
"""What is kept of a model's numbers, and what it is called in `weighted`."""


def weighted_rows(
    table: T, rows: Sequence[ModelRow], options: RatingOptions, rater: Callable[[T, RatingOptions], Leaderboard],
    said: Sequence[str],
) -> tuple[list[ModelRow], list[str]]:  # fmt: skip
    """The rows with `weighted` filled in by `options.weights`, and what a reader should know beside what is `said`.

    Rated by the board's own options; intervals hold for the fixed mix of questions, by the sandwich where the board's
    are a bootstrap's. Raises DataError as `mixed` does.
    """
    if options.weights is None:
        return list(rows), []
    questions = len(table) if table.question is None else len(table.question.names)
    if len(table.models) > DENSE_LIMIT or questions * len(table.models) > MOST_CELLS:
        return list(rows), [f"weights: no weighted numbers above {DENSE_LIMIT:,} models or so many questions"]
    weighed = mixed(table, options.weights)
    return _filled(rows, rater(weighed[0], _options(options)), weighed[1], said)


def _filled(
    rows: Sequence[ModelRow], board: Leaderboard, notes: list[str], said: Sequence[str]
) -> tuple[list[ModelRow], list[str]]:
    fields = _OF_SCORES if board.ranked_by in methods_of(scores=True) else _OF_BATTLES
    found = {row.model: _numbers(row, fields) for row in board.models}
    told = [f"with your weights: {text}" for text in board.warnings if text not in said]
    return [replace(row, weighted=found[row.model]) for row in rows], [*notes, *told]


def _options(options: RatingOptions) -> RatingOptions:
    weighable = (*USUAL_METHODS, *methods_of(scores=True))
    methods = tuple(name for name in options.methods if name in weighable)
    return replace(
        options, weights=None, methods=methods or USUAL_METHODS[:1], slices=(), pairs=False, details=False,
        interval="sandwich" if options.interval == "bootstrap" else options.interval,
    )  # fmt: skip


def _numbers(row: ModelRow, fields: Mapping[str, str]) -> dict[str, Number]:
    known = dict(row.numbers) | dict(row.scores)
    found = {name: known.get(field) for field, name in fields.items()}
    return {**found, "rank": row.rank, "rank_low": row.rank_low, "rank_high": row.rank_high}
