"""Tables under the leaderboard: the same models within a category or language, and every pair's difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from arena.cli.table import board_console, interval
from arena.types import JSON

Row = Mapping[str, JSON]
_PLURAL = {"category": "categories", "language": "languages"}


def print_slices(board: Mapping[str, JSON], by: str, console: Console | None = None) -> None:
    """One table per category or language, best model first; slices on few questions are marked as thin."""
    console = console or board_console()
    field = _PLURAL[by]
    rows = cast("Sequence[Row]", board["models"])
    names = sorted({name for row in rows for name in cast("Mapping[str, JSON]", row.get(field) or {})})
    for name in names:
        inside = [(str(row["model"]), own) for row in rows if (own := _slice(row, field, name)) is not None]
        inside.sort(key=lambda item: (item[1].get("rank") is None, cast("int", item[1].get("rank") or 0), item[0]))
        thin = " · thin: fewer than 20 questions" if any(own.get("thin") for _, own in inside) else ""
        table = Table(title=escape(f"{by} {name}{thin}"), title_justify="left", title_style="bold", header_style="bold")
        for head in ("rank", "model", "rating", "win rate", "n"):
            table.add_column(head, justify="left" if head == "model" else "right", no_wrap=True)
        for model, own in inside:
            table.add_row(_rank(own), escape(model), _points(own, "rating", 1), _points(own, "win_rate", 100),
                          str(own.get("n_battles")))  # fmt: skip
        console.print(table)


def print_pairs(board: Mapping[str, JSON], console: Console | None = None) -> None:
    """Every pair's difference in rating points with its interval, and the probability that the first is better."""
    console = console or board_console()
    table = Table(title="pairs", title_justify="left", title_style="bold", header_style="bold")
    for head in ("a", "b", "a − b", "P(a is better)", "questions"):
        table.add_column(head, justify="left" if head in "ab" else "right", no_wrap=True)
    for pair in cast("Sequence[Row]", board.get("pairs") or ()):
        diff, better = pair.get("diff"), pair.get("p_better")
        shown = "–" if diff is None else f"{cast('float', diff):+.0f} {interval(pair.get('low'), pair.get('high'), 0)}"
        chance = "–" if better is None else f"{cast('float', better):.3f}"
        table.add_row(escape(str(pair["a"])), escape(str(pair["b"])), escape(shown), chance,
                      str(pair.get("n_questions") or "–"))  # fmt: skip
    console.print(table)


def _slice(row: Row, field: str, name: str) -> Row | None:
    found = cast("Mapping[str, JSON]", row.get(field) or {}).get(name)
    return found if isinstance(found, dict) else None


def _rank(row: Row) -> str:
    rank, low, high = row.get("rank"), row.get("rank_low"), row.get("rank_high")
    return "–" if rank is None else f"{rank}" if low == high else f"{rank} ({low}–{high})"


def _points(row: Row, field: str, factor: float) -> str:
    value, low, high = row.get(field), row.get(f"{field}_low"), row.get(f"{field}_high")
    scaled = [factor * end if isinstance(end, int | float) else None for end in (value, low, high)]
    if scaled[0] is None:
        return "–"
    return escape(f"{scaled[0]:.0f}{'%' if factor == 100 else ''} {interval(scaled[1], scaled[2], 0)}".strip())
