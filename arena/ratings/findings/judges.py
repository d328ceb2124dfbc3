"""What is known about each judge: its own ranking, its position and length preference, and how reliable it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from arena.ratings.data.arrays import FloatArray
from arena.ratings.data.table import BattleTable
from arena.ratings.findings.judge_aware import JudgeAware, judge_aware_fit
from arena.ratings.intervals.means import clustered_share
from arena.ratings.methods import METHODS
from arena.ratings.methods.contextual import position_probability
from arena.ratings.methods.estimate import estimate
from arena.ratings.methods.style import style_columns
from arena.ratings.options import RatingOptions
from arena.ratings.results import Effect, Leaderboard, number, plain
from arena.terms import PANEL

if TYPE_CHECKING:
    from arena.types import JSON

Rater = Callable[[BattleTable, RatingOptions], Leaderboard]


def judge_details(
    table: BattleTable, options: RatingOptions, position: Mapping[str, Effect], rater: Rater
) -> tuple[Mapping[str, JSON], ...]:
    """One entry per judge. With several judges each has its own ratings, and a scale from the judge-aware fit.

    `position` holds the effects fitted into the board, by judge (the empty name where there is no judge column).
    """
    if table.judge is None:
        return () if not position else (_entry("", table, options, position, {}, None),)
    names = [name for code, name in enumerate(table.judge.names) if (table.judge.codes == code).any()]
    single = [name for name in names if name != PANEL]
    scales: dict[str, dict[str, JSON]] = {}
    if len(single) > 1 and len(table.models) <= 200:
        codes = [table.judge.names.index(name) for name in single]
        aware = judge_aware_fit(table.select(np.isin(table.judge.codes, codes)), options.level)
        scales = _scales(aware)
    found = []
    for name in names:
        mine = table.select(table.judge.codes == table.judge.names.index(name))
        board = rater(mine, options) if len(names) > 1 else None
        found.append(_entry(name, mine, options, position, scales.get(name, {}), board))
    return tuple(found)


def first_slot(table: BattleTable) -> FloatArray:
    """Per battle with both orders: the share of points that went to the answer shown first; NaN elsewhere."""
    if table.a_first_outcome is None or table.b_first_outcome is None:
        return np.full(len(table), np.nan)
    result: FloatArray = (table.a_first_outcome + 1 - table.b_first_outcome) / 2
    return result


def same_winner(table: BattleTable) -> FloatArray:
    """Per battle with both orders: 1 where they name the same winner, 0 where they do not; NaN elsewhere."""
    if table.a_first_outcome is None or table.b_first_outcome is None:
        return np.full(len(table), np.nan)
    a, b = table.a_first_outcome, table.b_first_outcome
    same = np.sign(a - 0.5) == np.sign(b - 0.5)
    return np.where(np.isnan(a) | np.isnan(b), np.nan, same.astype(float))


def slot_shares(table: BattleTable, level: float) -> dict[str, dict[str, float | int | None]]:
    """How steady one judge is over the battles with both orders, and how it shares the points between the slots; with
    intervals by question."""
    return {
        "consistency": clustered_share(same_winner(table), table.clusters(), level)._asdict(),
        "first_slot": clustered_share(first_slot(table), table.clusters(), level)._asdict(),
    }


def length_preference(table: BattleTable, level: float) -> Effect | None:
    """The length coefficient of a fit on this judge's battles alone; None without lengths or without a maximum."""
    values = table.style.get("length")
    if values is None or len(table) < 10:
        return None
    rows = table.select(np.flatnonzero(~np.isnan(values.reshape(len(table), -1)).any(axis=1)))
    columns = style_columns(rows, ("length",))
    if not columns.x.any():
        return None
    try:
        fit = estimate(rows, level=level, columns=columns)
    except RuntimeError:
        return None
    if "length" not in fit.columns:
        return None
    coef, low, high = fit.columns["length"]
    return Effect(coef, number(low), number(high))


def _entry(
    name: str,
    table: BattleTable,
    options: RatingOptions,
    position: Mapping[str, Effect],
    scale: Mapping[str, JSON],
    board: Leaderboard | None,
) -> dict[str, JSON]:
    effect = position.get(name)
    found: dict[str, object] = {
        "judge": name or None,
        "n_battles": len(table),
        **slot_shares(table, options.level),
        "position_effect": None if effect is None else plain(effect),
        "position_shift": None if effect is None else position_probability(effect.coef),
        "length_preference": plain(length_preference(table, options.level)),
        **scale,
    }
    if board is not None:
        main = METHODS[board.ranked_by].main.name
        found["ratings"] = {
            row.model: {
                "rank": row.rank, "rating": row.rating, "rating_low": row.rating_low, "rating_high": row.rating_high,
                "win_rate": row.win_rate, main: getattr(row, main),
            }
            for row in board.models if row.n_battles
        }  # fmt: skip
    result = plain(found)
    assert isinstance(result, dict)
    return result


def _scales(aware: JudgeAware) -> dict[str, dict[str, JSON]]:
    return {
        judge: {
            "reliability": one.scale, "reliability_low": one.low, "reliability_high": one.high,
            "reliability_pooled": len(one.judges) > 1,
        }
        for one in aware.reliability for judge in one.judges
    }  # fmt: skip
