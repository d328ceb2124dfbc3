"""leaderboard.json, .csv and .md: one table in three forms."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from arena.files import round_floats, to_json, write_atomically
from arena.reports.baselines import rates, several
from arena.reports.board import Ends, Line, Report, Standing, report_of
from arena.reports.columns import BoardColumn, Kind, columns_of, csv_cell, csv_fields, line_of
from arena.reports.schedule import scheduled
from arena.reports.stability import firmness
from arena.reports.verdict import verdict_of
from arena.reports.weights import aside_told, weights_told

if TYPE_CHECKING:
    from arena.types import JSON

BANNER = "SIMULATED: no model was asked, these numbers are invented."


def write_leaderboard(folder: Path, board: dict[str, JSON], top: int | None = None) -> Report:
    """Write the three files; returns the board as it was written, floats rounded, with its verdict.

    `top` limits the models in the Markdown, which people read.
    """
    report = with_verdict(round_floats(board))
    write_atomically(folder / "leaderboard.json", to_json(report.stored, indent=True) + b"\n")
    write_atomically(folder / "leaderboard.csv", to_csv(report))
    write_atomically(folder / "leaderboard.md", to_markdown(report, top))
    return report


def with_verdict(board: JSON) -> Report:
    """A board's report, with what it says in one sentence as the first field of its object. Raises DataError."""
    report = report_of(board)
    return replace(report, stored={"verdict": verdict_of(report).to_json(), **report.stored})


def to_csv(report: Report) -> str:
    """The table as CSV, with a `simulated` column where the board is a rehearsal."""
    out = io.StringIO()
    fields, simulated = csv_fields(report), ["simulated"] if report.simulated else []
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*fields, *simulated])
    for row in report.models:
        cells = [csv_cell(name, row) for name in fields] + ["true" for _ in simulated]
        writer.writerow(["" if cell is None else _defused(cell) for cell in cells])
    return out.getvalue()


def to_markdown(report: Report, top: int | None = None) -> str:
    """The table as Markdown, with what was left out under it."""
    columns = columns_of(report, "markdown")
    heads = [column.heading("markdown") + (" %" if column.kind == "percent" else "") for column in columns]
    against_each = dict(rates(report))
    table = [[*heads, *(f"vs {escaped(name)} %" for name in several(report)), *map(escaped, report.criteria)]]
    for row in report.models[:top]:
        criteria = (_range(row.criterion(name), 2) for name in report.criteria)
        against = (_range(ends, 1, 100.0) for ends in against_each.get(row.model, ()))
        table.append([*(CELLS[column.kind](column, row) for column in columns), *against, *criteria])
    head, *body = ("| " + " | ".join(cells) + " |" for cells in table)
    lines = [f"> **{BANNER}**", ""] if report.simulated else []
    lines += [head, "|" + "---|" * len(table[0]), *body]
    lines += ["", f"{escaped(basis(report))}."]
    if (about := scheduled(report)) is not None:
        sentence = about.sentence(len(report.models))
        lines.append(f"{sentence[0].upper()}{sentence[1:]}.")
    lines += firmness(report, shown=escaped)
    lines += [f"{escaped(text)}." for text in (weights_told(report), aside_told(report)) if text is not None]
    if top is not None and top < len(report.models):
        lines.append(f"The first {top:,} of {len(report.models):,} models.")
    if report.excluded:
        lines.append("Left out: " + ", ".join(f"{n:,} {reason}" for reason, n in sorted(report.excluded.items())) + ".")
    if report.pending:
        lines.append(f"Pending: {report.pending}.")
    lines += [f"Note: {escaped(warning)}" for warning in report.warnings]
    return "\n".join(lines) + "\n"


def open_end(row: Standing) -> str:
    """What stands in the place of a rating that does not exist."""
    match row.unbounded:
        case "high":
            return "won all" if row.losses == 0 and row.ties == 0 else "above"
        case "low":
            return "lost all" if row.wins == 0 and row.ties == 0 else "below"
        case _:
            return "–"


def rank_text(row: Line) -> str:
    """`2 (1–3)`: the rank and the ranks the data still allows."""
    if row.rank is None:
        return "–"
    return f"{row.rank}" if row.rank_low in {None, row.rank_high} else f"{row.rank} ({row.rank_low}–{row.rank_high})"


def set_text(row: Standing) -> str:
    """Which set of models it belongs to, where several never met: ranks count within a set."""
    return f"{row.component + 1}" if row.component is not None else "–"


def games_text(row: Standing) -> str:
    """Won, lost and tied."""
    return "/".join(str(n) if n is None else f"{n:,}" for n in (row.wins, row.losses, row.ties))


def basis(report: Report) -> str:
    """What the numbers rest on, and what their intervals are."""
    n, clusters, method = report.n_battles, report.n_questions, report.interval
    column = report.cluster or "question_id"
    by = "question" if column == "question_id" else column
    said = _counted(n, "score" if report.single else "battle")
    if clusters:
        said += f" on {_counted(clusters, by) if by == 'question' else f'{clusters:,} different {by}'}"
    if method == "none":
        return f"{said} · no intervals"
    said += f" · {100 * report.level:.10g}% intervals"
    known = f"clustered by {by}" if clusters or not n else "rows taken as independent"
    return said + {
        "sandwich": f", {known}", "independent": ", rows taken as independent",
        "bootstrap": f", of ratings by bootstrap of {'rows' if n and not clusters else by + 's'}, the others {known}",
    }.get(method, "")  # fmt: skip


def _counted(n: int | None, what: str) -> str:
    return f"{n} {what}" if n == 1 or n is None else f"{n:,} {what}s"


_ACTS = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of what follows."""
_FORMULA = re.compile(r"[\t\r\n]|[\s\x00-\x1f\u200b-\u200f\ufeff]*[=+\-@＝＋－＠]")
"""What a spreadsheet takes for the beginning of a formula: it looks through what cannot be seen before the mark."""


def _defused(cell: JSON) -> str:
    """A cell that no spreadsheet takes for a formula: model names are anybody's text."""
    text = str(cell).replace("\r", "\n")  # the csv module leaves a lone \r unquoted
    return f"'{text}" if isinstance(cell, str) and _FORMULA.match(text) else text


def escaped(text: str) -> str:
    """Anybody's text for a line of Markdown, unable to mark anything up, or to act on a terminal."""
    for mark in "\\`*_[]<>|":
        text = text.replace(mark, f"\\{mark}")
    return _ACTS.sub("\ufffd", text.replace("\r", " ").replace("\n", " "))


def _range(ends: Ends, digits: int, factor: float = 1.0, missing: str = "–") -> str:
    """A number and its interval; an open end is ∞."""
    shown = missing if ends.value is None else f"{factor * ends.value:.{digits}f}"
    if ends.low is None and ends.high is None:
        return shown
    low, high = ("∞" if end is None else f"{factor * end:.{digits}f}" for end in (ends.low, ends.high))
    return f"{shown} [{low}, {high}]"


def _points(column: BoardColumn, row: Standing) -> str:
    return _range(column.shown_ends(row), 0, missing=open_end(row) if column.unbounded else "–")


CELLS: Mapping[Kind, Callable[[BoardColumn, Standing], str]] = {
    "set": lambda _, row: set_text(row),
    "rank": lambda column, row: rank_text(line_of(column, row)),
    "model": lambda _, row: escaped(row.model),
    "points": _points,
    "percent": lambda column, row: _range(column.shown_ends(row), 1, 100.0),
    "score": lambda column, row: _range(column.shown_ends(row), 2),
    "count": lambda column, row: _range(column.shown_ends(row), 0),
    "speed": lambda column, row: _range(column.shown_ends(row), 0),
    "money": lambda column, row: _range(column.shown_ends(row), 4),
    "seconds": lambda column, row: _range(column.shown_ends(row), 2),
    "games": lambda _, row: games_text(row),
    "text": lambda column, row: escaped(column.text(row)),
    "flags": lambda _, row: escaped(", ".join(row.flags)),
}
"""How leaderboard.md writes each kind of column."""
