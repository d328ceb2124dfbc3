"""The leaderboard on a terminal, from the object that leaderboard.json holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from arena.reports.leaderboard import basis, open_end, set_of
from arena.types import JSON

Row = Mapping[str, JSON]
WIDTH_OF_A_PIPE = 160
LONGEST_NAME = 48
SPEED = ("TTFT", "latency", "tokens/s")
EXPENDABLE = (*SPEED, "flags", "length", "n", "Elo", "LC win rate", "cost", "W/L/T")
"""Columns a narrow terminal does without, in this order."""


class Column(NamedTuple):
    """One column: its head, how a row is shown in it, and the fields without any of which it is not shown at all
    (`a.b` for the field b inside a)."""

    head: str
    cell: Callable[[Row], str]
    needs: tuple[str, ...]


def print_board(board: Mapping[str, JSON], folder: Path | None = None, console: Console | None = None) -> None:
    """Print the leaderboard, and under it what was left out and why."""
    console = console or board_console()
    rows = cast("list[Row]", board["models"])
    if board.get("simulated"):
        console.print("[bold reverse] SIMULATED [/] No model was asked: these numbers are invented.", style="yellow")
    table = Table(title=escape(_title(board)), title_justify="left", title_style="bold", header_style="bold",
                  row_styles=["", "dim"] if len(rows) > 12 else None)  # fmt: skip
    shown = [
        c
        for c in (*COLUMNS, *_criteria(rows))
        if any(_field(row, field) not in (None, []) for row in rows for field in c.needs)
    ]
    if len({row.get("component") for row in rows} - {None}) > 1:
        shown.insert(0, Column("set", set_of, ("component",)))
    columns = _that_fit(shown, rows, console)
    for column in columns:
        table.add_column(column.head, justify="left" if column.head == "model" else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(column.cell(row) for column in columns))
    console.print(table)
    loads = {str(load) for row in rows if (load := _field(row, "performance.load")) is not None}
    if len(loads) > 1 and any(column.head in SPEED for column in columns):
        console.print(f"speeds under different loads ({', '.join(sorted(loads))}) do not compare", style="dim")
    for line in footer(board):
        console.print(escape(line), style="dim", soft_wrap=True)
    for warning in cast("Sequence[str]", board.get("warnings") or ()):
        console.print(f"[yellow]![/] {escape(warning)}", soft_wrap=True)
    if folder is not None:
        console.print(escape(f"reports: {_relative(folder)}"), style="dim", soft_wrap=True)


def board_console() -> Console:
    """The terminal; wide enough for whole rows where the output is a pipe."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_OF_A_PIPE)


def footer(board: Mapping[str, JSON]) -> list[str]:
    """What the numbers rest on, and what was left out of them and why."""
    lines = [basis(board)]
    excluded = cast("Mapping[str, int]", board.get("excluded") or {})
    if excluded:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(excluded.items()))
        lines.append(f"left out: {reasons}")
    if board.get("pending"):
        unit = "scores" if board.get("mode") == "single" else "battles"
        lines.append(f"pending: {board['pending']} {unit} not asked yet")
    return lines


def interval(low: JSON, high: JSON, digits: int) -> str:
    """An interval beside its number; an open end is shown as such."""
    if low is None and high is None:
        return ""
    return f"[{_number(low, digits, '−∞')}, {_number(high, digits, '+∞')}]"


def _that_fit(columns: list[Column], rows: Sequence[Row], console: Console) -> list[Column]:
    """The columns without those that a narrow terminal has no room for, the least needed first."""

    def width(column: Column) -> int:
        cells = (Text.from_markup(column.cell(row)).cell_len for row in rows)
        return 3 + max(cell_len(column.head), *cells) if rows else 3 + cell_len(column.head)

    for head in EXPENDABLE:
        if 1 + sum(map(width, columns)) <= console.width:
            break
        columns = [column for column in columns if column.head != head]
    return columns


def _title(board: Mapping[str, JSON]) -> str:
    judges = cast("Sequence[str]", board.get("judges") or ())
    parts = [str(board.get("mode") or "leaderboard").replace("_", " ")]
    if board.get("baseline"):
        parts.append(f"baseline {board['baseline']}")
    if judges:
        parts.append(f"judged by {', '.join(judges)}")
    return " · ".join(parts)


def _name(model: str) -> str:
    """A model's name on one line, cut where it would push every number off the screen."""
    line = " ".join(model.splitlines())
    return escape(line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…")


def _rank(row: Row) -> str:
    rank, low, high = row.get("rank"), row.get("rank_low"), row.get("rank_high")
    if rank is None:
        return "–"
    return f"{rank}" if low == high or low is None else f"{rank} ({low}–{high})"


def _rating(row: Row) -> str:
    bounds = interval(row.get("rating_low"), row.get("rating_high"), 0)
    if row.get("rating") is None:
        return escape(f"{open_end(row)} {bounds}".strip())
    return escape(f"{_number(row['rating'], 0)} {bounds}".strip())


def _share(field: str) -> Callable[[Row], str]:
    def cell(row: Row) -> str:
        if row.get(field) is None:
            return "–"
        low, high = row.get(f"{field}_low"), row.get(f"{field}_high")
        bounds = f" [{100 * _float(low):.0f}, {100 * _float(high):.0f}]" if low is not None and high is not None else ""
        return escape(f"{100 * _float(row[field]):.1f}%{bounds}")

    return cell


def _criteria(rows: Sequence[Row]) -> list[Column]:
    """One column per criterion of single mode; a criterion that is 0 or 1 is shown as a rate."""
    found = [cast("Mapping[str, float]", row.get("criteria") or {}) for row in rows]
    names = list(dict.fromkeys(name for criteria in found for name in criteria))
    columns = []
    for name in names:
        is_rate = all(0 <= criteria.get(name, 0.0) <= 1 for criteria in found)

        def cell(row: Row, name: str = name, is_rate: bool = is_rate) -> str:
            mean, low, high = (
                cast("Mapping[str, JSON]", row.get(field) or {}).get(name)
                for field in ("criteria", "criteria_low", "criteria_high")
            )
            if is_rate:
                return _share("x")({"x": mean, "x_low": low, "x_high": high})
            return escape(f"{_number(mean, 2)} {interval(low, high, 2)}".strip())

        columns.append(Column(name, cell, ("criteria",)))
    return columns


def _field(row: Row, path: str) -> JSON:
    """A field, or one inside another: `performance.latency_s`."""
    value: JSON = dict(row)
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _measured(head: str, field: str, digits: int, unit: str = "") -> Column:
    """A column of what was measured while the candidates answered."""
    path = f"performance.{field}"

    def cell(row: Row) -> str:
        value = _field(row, path)
        return "–" if value is None else f"{_float(value):,.{digits}f}{unit}"

    return Column(head, cell, (path,))


def _elo(row: Row) -> str:
    return _number(row.get("elo"), 0)


def _score(row: Row) -> str:
    return escape(f"{_number(row.get('score'), 2)} {interval(row.get('score_low'), row.get('score_high'), 2)}".strip())


def _cost(row: Row) -> str:
    return "–" if row.get("cost_usd") is None else f"${_float(row['cost_usd']):.4f}"


def _games(row: Row) -> str:
    return f"{row.get('wins')}/{row.get('losses')}/{row.get('ties')}"


def _number(value: JSON, digits: int, missing: str = "–") -> str:
    return missing if value is None else f"{_float(value):.{digits}f}"


def _float(value: JSON, missing: float = 0.0) -> float:
    return float(value) if isinstance(value, int | float) else missing


def _relative(folder: Path) -> Path:
    try:
        return folder.relative_to(Path.cwd())
    except ValueError:
        return folder


COLUMNS = (
    Column("rank", _rank, ("rank",)),
    Column("model", lambda row: _name(str(row["model"])), ("model",)),
    Column("rating", _rating, ("rating", "unbounded")),
    Column("score", _score, ("score",)),
    Column("Elo", _elo, ("elo",)),
    Column("win rate", _share("win_rate"), ("win_rate",)),
    Column("LC win rate", _share("lc_win_rate"), ("lc_win_rate",)),
    Column("W/L/T", _games, ("wins",)),
    Column("n", lambda row: str(row.get("n_battles")), ("n_battles",)),
    Column("length", lambda row: _number(row.get("mean_length"), 0), ("mean_length",)),
    Column("cost", _cost, ("cost_usd",)),
    _measured("tokens/s", "output_tokens_per_s", 0),
    _measured("latency", "latency_s", 2, " s"),
    _measured("TTFT", "ttft_s", 2, " s"),
    Column("flags", lambda row: escape(", ".join(cast("Sequence[str]", row.get("flags") or ()))), ("flags",)),
)
