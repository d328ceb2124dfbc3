"""The page of a battles file: a leaderboard and who met whom, without texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from arena.ratings import BattleTable
from arena.ratings.data.arrays import FloatArray, add_up
from arena.ratings.data.battle_sums import BattleSums
from arena.reports.board import Report
from arena.reports.page.data import Met, PageData
from arena.reports.page.heat import MATRIX_MODELS
from arena.reports.verdict import ranked
from arena.types import JSON


def page_of_battles(
    title: str, report: Report, met: Callable[[list[str]], Met], n_battles: int, run: Mapping[str, JSON],
    top: int | None = None,
) -> PageData:  # fmt: skip
    """What the page shows of battles that no board of ours has.

    `met` says of some models who met whom; `top` limits the tables.
    """
    listed = [row.model for row in ranked(report) or report.models][: min(top or MATRIX_MODELS, MATRIX_MODELS)]
    return PageData(title, report, met(listed), (), {}, n_battles, run, top)


def met_in_table(table: BattleTable, models: list[str]) -> Met:
    """The mean outcome and the number of battles of every two of these models, both ways round."""
    known = {name: code for code, name in enumerate(models)}
    place = np.array([known.get(name, -1) for name in table.models], dtype=np.int64)
    a, b = place[table.a], place[table.b]
    both = (a >= 0) & (b >= 0)
    size = len(models)
    pair, outcome = (a * size + b)[both], table.outcome[both]
    n = add_up(pair, None, size * size).reshape(size, size)
    won = add_up(pair, outcome, size * size).reshape(size, size)
    return _met(models, n, won)


def met_in_sums(sums: BattleSums, models: list[str]) -> Met:
    """The same of battles that were added up."""
    place = {name: code for code, name in enumerate(sums.models)}
    at = np.ix_(*[[place[name] for name in models]] * 2)
    return _met(models, sums.games[at], sums.wins[at])


def _met(models: list[str], n: FloatArray, won: FloatArray) -> Met:
    """From (m, m) battles by model a and model b, and what model a won of them."""
    total, points = n + n.T, won + (n - won).T
    return {
        (models[i], models[j]): (float(points[i, j] / total[i, j]), int(total[i, j]))
        for i, j in zip(*np.nonzero(total), strict=True)
    }
