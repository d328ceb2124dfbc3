"""Which rows count: the panel's where there is one, else every judge's. The one place that says so."""

from __future__ import annotations

from collections.abc import Sequence

from arena.judging.combine import PANEL
from arena.types import Battle, Score

Row = Battle | Score


def rated_judge_rows(rows: Sequence[Row]) -> list[Row]:
    """The rows the board counts: the panel's where there is one, else everybody's."""
    panel = [row for row in rows if row.judge == PANEL]
    return panel or list(rows)
