"""The leaderboard's table as the viewer shows it: a column of `arena.reports.columns`, and a value for each model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from arena.reports.board import Report, Standing
from arena.reports.columns import BoardColumn, Kind, columns_of, line_of, main_column
from arena.reports.flags import flags_text
from arena.reports.leaderboard import set_text
from viz.ui.figures import count, rank_range


class Listed(NamedTuple):
    """One column of the table."""

    column: BoardColumn
    values: list[object]
    """One per model: a number as it is sorted by, or a text; None or empty where there is none."""


def table_of(report: Report, standings: Sequence[Standing]) -> list[Listed]:
    """The columns that hold anything, in their order; the number that ranks the board, and remarks, stand behind the
    model, where a window of any width shows them.
    """
    main = main_column(report)
    others = [column for column in columns_of(report, "viewer", standings) if column.name != main.name]
    remarks = [column for column in others if column.kind == "flags"]
    columns = [column for column in others if column.kind != "flags"]
    behind = next(place for place, column in enumerate(columns, 1) if column.kind == "model")
    return [
        Listed(column, [CELLS[column.kind](column, s) for s in standings])
        for column in (*columns[:behind], main, *remarks, *columns[behind:])
    ]


def _number(column: BoardColumn, s: Standing) -> object:
    return column.ends(s).value


def _whole(column: BoardColumn, s: Standing) -> object:
    value = column.ends(s).value
    return None if value is None else round(value)


def _hundredfold(column: BoardColumn, s: Standing) -> object:
    value = column.ends(s).value
    return None if value is None else value * 100


def _ranks(column: BoardColumn, s: Standing) -> object:
    line = line_of(column, s)
    return rank_range(line.rank, line.rank_low, line.rank_high)


CELLS: Mapping[Kind, Callable[[BoardColumn, Standing], object]] = {
    "set": lambda _, s: set_text(s),
    "rank": _ranks,
    "model": lambda _, s: s.model,
    "points": _number,
    "percent": _hundredfold,
    "score": _number,
    "count": _whole,
    "speed": _number,
    "money": _number,
    "seconds": _number,
    "games": lambda _, s: "" if s.wins is None else f"{count(s.wins)} / {count(s.losses)} / {count(s.ties)}",
    "text": lambda column, s: s.stored.get(column.name),
    "flags": lambda _, s: flags_text(s.flags),
}
"""What stands in each kind of column."""
