"""Rows as the tables that are rated: the one way from battles and scores to columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from arena.judging.slots import order_outcomes
from arena.judging.style import FEATURES, Sides
from arena.ratings import BattleTable, ScoreTable
from arena.ratings.data.arrays import FloatArray
from arena.types import Battle, Score

GroupOf = Callable[[str], str]
"""The group that a category is shown under."""


def _itself(category: str) -> str:
    return category


def battle_table(
    rows: Iterable[Battle | Score],
    group_of: GroupOf = _itself,
    *,
    models: Sequence[str] = (),
    source: str = "battles",
) -> BattleTable:
    """The rated battles among the rows. `models` are on the board even without one. Raises DataError naming a row."""
    battles = [row for row in rows if isinstance(row, Battle) and row.state == "rated" and row.outcome is not None]
    by_order = _by_order(battles)
    groups = {category: group_of(category) for category in {row.category for row in battles}}
    return BattleTable.from_columns(
        [row.model_a for row in battles],
        [row.model_b for row in battles],
        [row.outcome for row in battles if row.outcome is not None],
        question_id=[row.question_id for row in battles],
        weight=[row.weight for row in battles],
        judge=[row.judge for row in battles],
        category=[groups[row.category] for row in battles],
        language=[row.language for row in battles],
        outcome_a_first=[first for first, _ in by_order],
        outcome_b_first=[second for _, second in by_order],
        style=_style(battles),
        models=models,
        source=source,
    )


def _by_order(battles: Sequence[Battle]) -> list[tuple[float | None, float | None]]:
    """`order_outcomes` of each; many battles share the very same verdicts."""
    known = {id(row.verdicts): row.verdicts for row in battles}
    outcomes = {place: order_outcomes(verdicts) for place, verdicts in known.items()}
    return [outcomes[id(row.verdicts)] for row in battles]


def _style(battles: Sequence[Battle]) -> dict[str, FloatArray]:
    """Every feature of both answers; shape (n, 2)."""
    styles = [row.style for row in battles]
    own = [style for style in styles if isinstance(style, Sides)]
    if own and len(own) == len(styles):
        both = np.array([[style.a for style in own], [style.b for style in own]])
        return {name: both[:, :, place].T for name, place in sorted(zip(FEATURES, range(len(FEATURES)), strict=True))}
    features = sorted({name[:-2] for style in styles for name in style if name.endswith("_a")})
    return {
        name: np.array([[style.get(f"{name}_{side}", 0.0) for style in styles] for side in "ab"], dtype=float).T
        for name in features
    }


def score_table(
    rows: Iterable[Battle | Score], group_of: GroupOf = _itself, *, models: Sequence[str] = ()
) -> ScoreTable:
    """The rated scores among the rows, with every criterion that one of them has."""
    scores = [row for row in rows if isinstance(row, Score) and row.state == "rated" and row.score is not None]
    criteria = sorted({name for row in scores for name in row.criteria})
    return ScoreTable.from_columns(
        [row.model for row in scores],
        [row.question_id for row in scores],
        [row.score for row in scores if row.score is not None],
        judge=[row.judge for row in scores],
        category=[group_of(row.category) for row in scores],
        language=[row.language for row in scores],
        criteria={name: [row.criteria.get(name) for row in scores] for name in criteria},
        models=models,
    )
