"""The leaderboard on a terminal, from the object that leaderboard.json holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from arena.cli.console import console_on, simulated
from arena.cli.terminal import visible
from arena.reports.board import Ends, Report, Standing
from arena.reports.columns import BoardColumn, Kind, columns_of
from arena.reports.difference import difference, main_difference
from arena.reports.leaderboard import basis, games_text, open_end, rank_text, set_text
from arena.reports.verdict import verdict_of

WIDTH_OF_A_PIPE = 160
LONGEST_NAME = 48


class Shown(NamedTuple):
    """One column as it is printed."""

    head: str
    cell: Callable[[Standing], str]
    name: str = ""
    spare: int | None = None
    """Its turn to go when the terminal is too narrow."""


def print_board(
    report: Report, folder: Path | None = None, console: Console | None = None, pair: tuple[str, str] | None = None
) -> None:
    """Print the leaderboard, under it what was left out and why, and at the end what it says in one sentence.

    `pair`: the two models whose difference is shown, first − second; without it the board's main one.
    """
    console = console or board_console()
    rows = report.models
    if report.simulated:
        console.print(simulated("No model was asked: these numbers are invented."))
    table = Table(title=_title(report), title_justify="left", title_style="bold", header_style="bold",
                  row_styles=["", "dim"] if len(rows) > 12 else None)  # fmt: skip
    columns = _that_fit([*_columns(report), *_criteria(report)], rows, console)
    for column in columns:
        table.add_column(column.head, justify="left" if column.name == "model" else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(column.cell(row) for column in columns))
    console.print(table)
    loads = {load for row in rows if (load := row.performance.load) is not None}
    if len(loads) > 1 and any(column.name in SPEEDS for column in columns):
        console.print(f"speeds under different loads ({', '.join(sorted(loads))}) do not compare", style="dim")
    for line in footer(report):
        console.print(line, style="dim", soft_wrap=True)
    for warning in report.warnings:
        console.print(Text.assemble(("!", "yellow"), f" {warning}"), soft_wrap=True)
    if folder is not None:
        console.print(f"reports: {_relative(folder)}", style="dim", soft_wrap=True)
    for line in conclusion(report, pair):
        console.print(line, style="bold", soft_wrap=True)


def conclusion(report: Report, pair: tuple[str, str] | None = None) -> list[str]:
    """The verdict, and the difference between two models where it is known."""
    found = main_difference(report) if pair is None else difference(report, *pair)
    lines = [verdict_of(report).text, *([found.text] if found is not None else [])]
    if pair is not None and found is None:
        lines.append(f"{pair[0]} − {pair[1]}: no difference is known")
    return lines


def board_console() -> Console:
    """The terminal; wide enough for whole rows where the output is a pipe."""
    return console_on(width_of_a_pipe=WIDTH_OF_A_PIPE)


def footer(report: Report) -> list[str]:
    """What the numbers rest on, and what was left out of them and why."""
    lines = [basis(report)]
    if report.excluded:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(report.excluded.items()))
        lines.append(f"left out: {reasons}")
    if report.pending:
        lines.append(f"pending: {report.pending} {'scores' if report.single else 'battles'} not asked yet")
    return lines


def with_interval(shown: str, ends: Ends, digits: int, factor: float = 1.0) -> str:
    """A number as it is shown, and its interval behind it; an open end is said as such."""
    if ends.low is None and ends.high is None:
        return shown
    low, high = fixed(ends.low, digits, factor, "−∞"), fixed(ends.high, digits, factor, "+∞")
    return f"{shown} [{low}, {high}]"


def fixed(value: float | None, digits: int, factor: float = 1.0, missing: str = "–") -> str:
    """A number with so many digits."""
    return missing if value is None else f"{factor * value:.{digits}f}"


def _that_fit(columns: list[Shown], rows: Sequence[Standing], console: Console) -> list[Shown]:
    """The columns without those that a narrow terminal has no room for, the least needed first."""

    def width(column: Shown) -> int:
        cells = (cell_len(column.cell(row)) for row in rows)
        return 3 + max(cell_len(column.head), *cells) if rows else 3 + cell_len(column.head)

    for turn in sorted(column.spare for column in columns if column.spare is not None):
        if 1 + sum(map(width, columns)) <= console.width:
            break
        columns = [column for column in columns if column.spare != turn]
    return columns


def _title(report: Report) -> str:
    parts = [(report.mode or "leaderboard").replace("_", " ")]
    if report.baseline:
        parts.append(f"baseline {report.baseline}")
    if report.judges:
        parts.append(f"judged by {', '.join(report.judges)}")
    return " · ".join(parts)


def _name(model: str) -> str:
    """A model's name on one line, cut where it would push every number off the screen."""
    line = visible(" ".join(model.splitlines()))
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"


def _columns(report: Report) -> list[Shown]:
    return [
        Shown(column.heading("terminal"), partial(CELLS[column.kind], column), column.name, column.spare)
        for column in columns_of(report, "terminal")
    ]


def _criteria(report: Report) -> list[Shown]:
    """One column per criterion of single mode; a criterion that is 0 or 1 is shown as a rate."""

    def cell(row: Standing, name: str, is_rate: bool) -> str:
        ends = row.criterion(name)
        return share(ends) if is_rate else _score(ends)

    return [Shown(name, partial(cell, name=name, is_rate=report.is_rate(name))) for name in report.criteria]


def share(ends: Ends) -> str:
    """A share in percent, with its interval where it has both ends."""
    if ends.value is None:
        return "–"
    bounds = ""
    if ends.low is not None and ends.high is not None:
        bounds = f" [{100 * ends.low:.0f}, {100 * ends.high:.0f}]"
    return f"{100 * ends.value:.1f}%{bounds}"


def _score(ends: Ends) -> str:
    return with_interval(fixed(ends.value, 2), ends, 2)


def _points(column: BoardColumn, row: Standing) -> str:
    ends = column.shown_ends(row)
    missing = open_end(row) if column.unbounded else "–"
    return with_interval(fixed(ends.value, 0, missing=missing), ends, 0)


def _measured(column: BoardColumn, row: Standing, form: str) -> str:
    value = column.ends(row).value
    return "–" if value is None else form.format(value)


def _seconds(ends: Ends) -> str:
    """A median, with the 95th percentile behind it."""
    if ends.value is None:
        return "–"
    return f"{ends.value:,.2f} s" + ("" if ends.high is None else f" ({ends.high:,.2f})")


def _relative(folder: Path) -> Path:
    try:
        return folder.relative_to(Path.cwd())
    except ValueError:
        return folder


SPEEDS = {"output_tokens_per_s", "latency_p50_s", "ttft_p50_s"}
CELLS: Mapping[Kind, Callable[[BoardColumn, Standing], str]] = {
    "set": lambda _, row: set_text(row),
    "rank": lambda _, row: rank_text(row),
    "model": lambda _, row: _name(row.model),
    "points": _points,
    "percent": lambda column, row: share(column.shown_ends(row)),
    "score": lambda column, row: _score(column.shown_ends(row)),
    "count": partial(_measured, form="{:.0f}"),
    "speed": partial(_measured, form="{:,.0f}"),
    "money": partial(_measured, form="${:.4f}"),
    "seconds": lambda column, row: _seconds(column.ends(row)),
    "games": lambda _, row: games_text(row),
    "text": lambda column, row: column.text(row),
    "flags": lambda _, row: ", ".join(row.flags),
}
"""How the terminal writes each kind of column."""
