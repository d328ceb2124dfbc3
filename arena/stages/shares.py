"""Shares and rates with intervals over questions, for whatever the board reports beside its ratings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from arena.ratings import BattleTable, RatingOptions, rate


class Share(NamedTuple):
    """A mean of values in [0, 1]; the ends are None where nothing is known about them."""

    value: float
    low: float | None
    high: float | None
    n_questions: int


def share_of(values: Sequence[float], question_ids: Sequence[str], level: float) -> Share:
    """The mean with Wilson's interval at the effective number of questions. There must be a value."""
    names = ["this"] * len(values), ["rest"] * len(values)
    table = BattleTable.from_columns(*names, values, question_id=question_ids)
    options = RatingOptions(methods=("win_rate",), level=level, pairs=False, slices=())
    row = next(row for row in rate(table, options).models if row.model == "this")
    return Share(row.win_rate or 0.0, row.win_rate_low, row.win_rate_high, row.n_questions)
