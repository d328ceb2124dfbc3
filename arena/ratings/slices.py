"""The same ratings within each category and language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from arena.ratings.data.table import BattleTable
from arena.ratings.results import Leaderboard, ModelRow, SliceRow

if TYPE_CHECKING:
    from arena.ratings.options import RatingOptions

THIN_QUESTIONS = 20
"""Below this a slice is marked thin: intervals are honest there, point estimates are rough."""

Rater = Callable[[BattleTable, "RatingOptions"], Leaderboard]


def slice_rows(table: BattleTable, rows: list[ModelRow], options: RatingOptions, rater: Rater) -> list[ModelRow]:
    """The rows with `categories` and `languages` filled in, as far as the options ask and the table knows them."""
    for column in options.slices:
        found = _slices(table, column, options, rater)
        for place, row in enumerate(rows):
            mine = {name: models[row.model] for name, models in found.items() if row.model in models}
            rows[place] = replace(row, categories=mine) if column == "category" else replace(row, languages=mine)
    return rows


def _slices(
    table: BattleTable, column: Literal["category", "language"], options: RatingOptions, rater: Rater
) -> dict[str, dict[str, SliceRow]]:
    coded = table.category if column == "category" else table.language
    if coded is None:
        return {}
    found = {}
    for code, name in enumerate(coded.names):
        inside = coded.codes == code
        if inside.any():
            board = rater(table.select(inside), options)
            found[name] = {row.model: _slice_row(row) for row in board.models if row.n_battles}
    return found


def _slice_row(row: ModelRow) -> SliceRow:
    return SliceRow(
        n_battles=row.n_battles,
        n_questions=row.n_questions,
        thin=row.n_questions < THIN_QUESTIONS,
        rank=row.rank,
        rank_low=row.rank_low,
        rank_high=row.rank_high,
        rating=row.rating,
        rating_low=row.rating_low,
        rating_high=row.rating_high,
        unbounded=row.unbounded,
        win_rate=row.win_rate,
        win_rate_low=row.win_rate_low,
        win_rate_high=row.win_rate_high,
    )
