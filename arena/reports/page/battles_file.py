"""The page of a battles file: a leaderboard and who met whom, without texts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from arena.ratings import BattleTable
from arena.reports.board import Report
from arena.reports.page.data import Met, PageData
from arena.reports.page.heat import MATRIX_MODELS
from arena.reports.verdict import ranked
from arena.types import JSON


def page_of_battles(
    title: str, report: Report, table: BattleTable, run: Mapping[str, JSON], top: int | None = None
) -> PageData:
    """What the page shows of battles that no board of ours has; `top` limits its tables."""
    listed = [row.model for row in ranked(report) or report.models][: min(top or MATRIX_MODELS, MATRIX_MODELS)]
    return PageData(title, report, _met(table, listed), (), {}, len(table), run, top)


def _met(table: BattleTable, models: list[str]) -> Met:
    """The mean outcome and the number of battles of every two of these models, both ways round."""
    known = {name: code for code, name in enumerate(models)}
    place = np.array([known.get(name, -1) for name in table.models], dtype=np.int64)
    a, b = place[table.a], place[table.b]
    both = (a >= 0) & (b >= 0)
    size = len(models)
    pair, outcome = (a * size + b)[both], table.outcome[both]
    n = np.bincount(pair, minlength=size * size).reshape(size, size)
    won = np.bincount(pair, outcome, minlength=size * size).reshape(size, size)
    total, points = n + n.T, won + (n - won).T
    return {
        (models[i], models[j]): (float(points[i, j] / total[i, j]), int(total[i, j]))
        for i, j in zip(*np.nonzero(total), strict=True)
    }
