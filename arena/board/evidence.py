"""What two models of a board are compared by, as columns: from its rows today, or as an earlier look saw them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np

from arena.battles.columns import battle_table, score_table
from arena.board.duel import Duel, models_of
from arena.board.open import OpenBoard
from arena.board.tables import Row, rating_options
from arena.judging.slots import order_outcomes
from arena.ratings import BattleTable, RatingOptions, ScoreTable
from arena.ratings.contrasts import Contrast, rating_contrast, score_contrast, win_rate_contrast
from arena.ratings.data.arrays import Mask
from arena.types import JSON, Score

Term = list[JSON]
"""What one row says: [model_a, model_b, outcome, outcome_a_first, outcome_b_first, lost_by_failing], or in single mode
[model, score, lowest_by_failing]."""


class Compared(NamedTuple):
    """Which two, by what."""

    new: str
    old: str
    metric: str
    options: RatingOptions
    scale: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The rows that a comparison rests on."""

    table: BattleTable | ScoreTable
    failed: Mask
    """Rows that are lost because the new model's answer failed."""

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories there are rows of, sorted."""
        category = self.table.category
        return () if category is None else tuple(sorted({category.names[code] for code in category.codes.tolist()}))

    def contrast(
        self, compared: Compared, category: str | None = None, *, without_failures: bool = False
    ) -> Contrast | None:
        """NEW − OLD over all rows or a category's; None where one of the two has none."""
        keep = np.ones(len(self.table), dtype=bool)
        if category is not None and self.table.category is not None:
            keep &= self.table.category.codes == self.table.category.names.index(category)
        if without_failures:
            keep &= ~self.failed
        table = self.table.select(keep)
        if not {compared.new, compared.old} <= _seen(table):
            return None
        if isinstance(table, ScoreTable):
            return _asked(score_contrast(table, compared.new, compared.old, compared.scale))
        if compared.metric == "rating":
            return _asked(rating_contrast(table, compared.new, compared.old, compared.options))
        return _asked(win_rate_contrast(table, compared.new, compared.old, *compared.options.baselines))


def compared_on(board: OpenBoard, duel: Duel, new: str, old: str, metric: str) -> Compared:
    """Two models compared as the board rates them."""
    return Compared(new, old, metric, rating_options(board.config, duel.claims.boundary), duel.scale)


def evidence_of(board: OpenBoard, duel: Duel, new: str) -> Evidence:
    """The rows as they are today."""
    failed = np.array([duel.is_lost(row, new) for row in duel.rows], dtype=bool)
    if board.config.reviews_gen.mode == "single":
        return Evidence(score_table(duel.rows, board.group_of), failed)
    return Evidence(battle_table(duel.rows, board.group_of), failed)


def terms_of(rows: Iterable[Row], metric: str, compared: tuple[str, str], lost: Callable[[Row], bool]) -> list[Term]:
    """What is kept of a question's rows: all that the metric looks at."""
    terms: list[Term] = []
    for row in rows:
        if isinstance(row, Score):
            terms.append([row.model, row.score, lost(row)])
        elif metric == "rating" or set(compared) & set(models_of(row)):
            terms.append([row.model_a, row.model_b, row.outcome, *order_outcomes(row.verdicts), lost(row)])
    return terms


def evidence_of_terms(board: OpenBoard, terms: Mapping[str, list[Term]]) -> Evidence:
    """The rows as they were seen, question by question."""
    groups = {question.question_id: board.group_of(question.category) for question in board.questions}
    rows = [(question, *term) for question, own in terms.items() for term in own]
    columns = list(zip(*rows, strict=True)) if rows else [()] * 7
    question = cast("list[str]", list(columns[0]))
    failed = np.array(columns[-1], dtype=bool)
    category = [groups.get(name) for name in question]
    if board.config.reviews_gen.mode == "single":
        model, score = cast("list[str]", list(columns[1])), cast("list[float]", list(columns[2]))
        return Evidence(ScoreTable.from_columns(model, question, score, category=category), failed)
    a, b = (cast("list[str]", list(columns[place])) for place in (1, 2))
    outcome = cast("list[float]", list(columns[3]))
    by_order = [cast("list[float | None]", list(columns[place])) for place in (4, 5)]
    table = BattleTable.from_columns(
        a, b, outcome, question_id=question, category=category, outcome_a_first=by_order[0], outcome_b_first=by_order[1]
    )
    return Evidence(table, failed)


def _seen(table: BattleTable | ScoreTable) -> set[str]:
    codes = np.unique(table.model) if isinstance(table, ScoreTable) else np.unique(np.r_[table.a, table.b])
    return {table.models[code] for code in codes.tolist()}


def _asked(contrast: Contrast) -> Contrast | None:
    return contrast if contrast.n_questions else None
