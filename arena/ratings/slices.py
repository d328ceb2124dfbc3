"""The same ratings within each category and language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from arena.ratings.data.score_table import ScoreTable
from arena.ratings.data.table import BattleTable
from arena.ratings.methods import METHODS
from arena.ratings.options import USUAL_METHODS, RatingOptions, Slice
from arena.ratings.results import Leaderboard, ModelRow, SliceRow

T = TypeVar("T", BattleTable, ScoreTable)
THIN_QUESTIONS = 20
"""Below this a slice is marked thin: intervals are honest there, point estimates are rough."""


def of_a_part(options: RatingOptions) -> RatingOptions:
    """The options with which a part of a board is rated: without what only the whole board shows."""
    methods = tuple(name for name in options.methods if not METHODS[name].costly) or USUAL_METHODS[:1]
    return replace(options, methods=methods, slices=(), pairs=False, simultaneous=False, details=False, weights=None)


def slice_rows(
    table: T, rows: list[ModelRow], slices: tuple[Slice, ...], rater: Callable[[T], Leaderboard]
) -> list[ModelRow]:
    """The rows with `categories` and `languages` filled in, as far as they are asked for and the table knows them."""
    for column in slices:
        found = _slices(table, column, rater)
        for place, row in enumerate(rows if found else ()):
            mine = {name: models[row.model] for name, models in found.items() if row.model in models}
            rows[place] = replace(row, categories=mine) if column == "category" else replace(row, languages=mine)
    return rows


def _slices(table: T, column: Slice, rater: Callable[[T], Leaderboard]) -> dict[str, dict[str, SliceRow]]:
    coded = table.category if column == "category" else table.language
    if coded is None:
        return {}
    found = {}
    for code, name in enumerate(coded.names):
        inside = coded.codes == code
        if inside.any():
            board = rater(table.select(inside))
            found[name] = {row.model: _slice_row(row) for row in board.models if row.n_battles}
    return found


def _slice_row(row: ModelRow) -> SliceRow:
    known = dict(row.numbers) | dict(row.scores)
    columns = [column for method in METHODS.values() if not method.costly for column in method.columns if column.sliced]
    return SliceRow(
        n_battles=row.n_battles,
        n_questions=row.n_questions,
        thin=row.n_questions < THIN_QUESTIONS,
        rank=row.rank,
        rank_low=row.rank_low,
        rank_high=row.rank_high,
        numbers={name: known[name] for column in columns for name in column.fields},
    )
