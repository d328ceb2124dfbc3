"""leaderboard.json, .csv and .md: one table in three forms."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import cast

from arena.files import round_floats, to_json, write_atomically
from arena.types import JSON

CSV_FIELDS = (
    "rank", "rank_low", "rank_high", "model", "rating", "rating_low", "rating_high", "unbounded", "elo", "elo_low",
    "elo_high", "elo_order_sd", "win_rate", "win_rate_low", "win_rate_high", "lc_win_rate", "wins", "losses", "ties",
    "n_battles", "score", "score_low", "score_high", "mean_length", "cost_usd", "component",
)  # fmt: skip
BANNER = "SIMULATED: no model was asked, these numbers are invented."


def write_leaderboard(folder: Path, board: dict[str, JSON]) -> dict[str, JSON]:
    """Write the three files; returns the object as it was written, floats rounded."""
    rounded = cast("dict[str, JSON]", round_floats(board))
    write_atomically(folder / "leaderboard.json", to_json(rounded, indent=True) + b"\n")
    write_atomically(folder / "leaderboard.csv", to_csv(rounded))
    write_atomically(folder / "leaderboard.md", to_markdown(rounded))
    return rounded


def to_csv(board: Mapping[str, JSON]) -> str:
    """The table as CSV, with a `simulated` column where the board is a rehearsal."""
    out = io.StringIO()
    rows = cast("Sequence[Mapping[str, JSON]]", board["models"])
    head = [*CSV_FIELDS, "simulated"] if board.get("simulated") else list(CSV_FIELDS)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    for row in rows:
        cells = [row.get(name) for name in CSV_FIELDS] + (["true"] if board.get("simulated") else [])
        writer.writerow(["" if cell is None else _defused(cell) for cell in cells])
    return out.getvalue()


def to_markdown(board: Mapping[str, JSON]) -> str:
    """The table as Markdown, with what was left out under it."""
    rows = cast("Sequence[Mapping[str, JSON]]", board["models"])
    columns = [(head, cell) for head, cell, needs in _COLUMNS if any(row.get(needs) is not None for row in rows)]
    columns += _criteria(rows)
    if len({row.get("component") for row in rows} - {None}) > 1:
        columns.insert(0, ("set", set_of))
    lines = [f"> **{BANNER}**", ""] if board.get("simulated") else []
    lines += ["| " + " | ".join(head for head, _ in columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell(row) for _, cell in columns) + " |" for row in rows]
    lines += ["", f"{_escaped(basis(board))}."]
    excluded = cast("Mapping[str, int]", board.get("excluded") or {})
    if excluded:
        lines.append("Left out: " + ", ".join(f"{n} {reason}" for reason, n in sorted(excluded.items())) + ".")
    if board.get("pending"):
        lines.append(f"Pending: {board['pending']}.")
    lines += [f"Note: {_escaped(warning)}" for warning in cast("Sequence[str]", board.get("warnings") or ())]
    return "\n".join(lines) + "\n"


def open_end(row: Mapping[str, JSON]) -> str:
    """What stands in the place of a rating that does not exist."""
    match row.get("unbounded"):
        case "high":
            return "won all" if row.get("losses") == 0 and row.get("ties") == 0 else "above"
        case "low":
            return "lost all" if row.get("wins") == 0 and row.get("ties") == 0 else "below"
        case _:
            return "–"


def basis(board: Mapping[str, JSON]) -> str:
    """What the numbers rest on, and what their intervals are."""
    n, clusters, method = board.get("n_battles"), board.get("n_questions"), board.get("interval")
    column = str(board.get("cluster") or "question_id")
    by = "question" if column == "question_id" else column
    said = _counted(n, "score" if board.get("mode") == "single" else "battle")
    if clusters:
        said += f" on {_counted(clusters, by) if by == 'question' else f'{clusters} different {by}'}"
    if method == "none":
        return f"{said} · no intervals"
    level = board.get("level")
    said += f" · {100 * (level if isinstance(level, int | float) else 0.95):.10g}% intervals"
    known = f"clustered by {by}" if clusters or not n else "rows taken as independent"
    return said + {
        "sandwich": f", {known}", "independent": ", rows taken as independent",
        "bootstrap": f", of ratings by bootstrap of {'rows' if n and not clusters else by + 's'}, the others {known}",
    }.get(str(method), "")  # fmt: skip


def _counted(n: JSON, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _defused(cell: JSON) -> str:
    """A cell that no spreadsheet takes for a formula: model names are anybody's text."""
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text[:1] in "=+-@\t\r" else text


def _escaped(text: str) -> str:
    for mark in "\\`*_[]<>|":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", " ")


def _range(row: Mapping[str, JSON], field: str, digits: int, factor: float = 1.0) -> str:
    value, low, high = row.get(field), row.get(f"{field}_low"), row.get(f"{field}_high")
    shown = open_end(row) if value is None else ""
    if isinstance(value, int | float):
        shown = f"{factor * value:.{digits}f}"
    if low is None and high is None:
        return shown
    ends = [f"{factor * end:.{digits}f}" if isinstance(end, int | float) else "∞" for end in (low, high)]
    return f"{shown} [{ends[0]}, {ends[1]}]"


def _criteria(rows: Sequence[Mapping[str, JSON]]) -> list[tuple[str, Callable[[Mapping[str, JSON]], str]]]:
    """One column per criterion of single mode."""
    names = dict.fromkeys(name for row in rows for name in cast("Mapping[str, JSON]", row.get("criteria") or {}))

    def cell(row: Mapping[str, JSON], name: str) -> str:
        fields = {"x": "criteria", "x_low": "criteria_low", "x_high": "criteria_high"}
        return _range({x: cast("Mapping[str, JSON]", row.get(f) or {}).get(name) for x, f in fields.items()}, "x", 2)

    return [(_escaped(name), partial(cell, name=name)) for name in names]


def set_of(row: Mapping[str, JSON]) -> str:
    """Which set of models it belongs to, where several never met: ranks count within a set."""
    component = row.get("component")
    return f"{component + 1}" if isinstance(component, int) else "–"


def _rank(row: Mapping[str, JSON]) -> str:
    rank, low, high = row.get("rank"), row.get("rank_low"), row.get("rank_high")
    return "–" if rank is None else f"{rank}" if low in (None, high) else f"{rank} ({low}–{high})"


_COLUMNS = (
    ("rank", _rank, "rank"),
    ("model", lambda row: _escaped(str(row["model"])), "model"),
    ("rating", lambda row: _range(row, "rating", 0), "rating"),
    ("score", lambda row: _range(row, "score", 2), "score"),
    ("Elo", lambda row: _range({"elo": row.get("elo")}, "elo", 0), "elo"),
    ("win rate %", lambda row: _range({**row, "unbounded": None}, "win_rate", 1, 100.0), "win_rate"),
    ("W/L/T", lambda row: f"{row.get('wins')}/{row.get('losses')}/{row.get('ties')}", "wins"),
    ("battles", lambda row: str(row.get("n_battles")), "n_battles"),
    ("length", lambda row: _range({"mean_length": row.get("mean_length")}, "mean_length", 0), "mean_length"),
    ("cost USD", lambda row: _range({"cost_usd": row.get("cost_usd")}, "cost_usd", 4), "cost_usd"),
)
