"""Tables under the leaderboard: the same models within a category or language, and every pair's difference."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from arena.cli.table import board_console, fixed, with_interval
from arena.ratings.columns import Column
from arena.ratings.methods import METHODS
from arena.ratings.options import USUAL_METHODS
from arena.reports.board import Ends, Report, Slice
from arena.reports.leaderboard import rank_text


def print_slices(report: Report, by: str, console: Console | None = None) -> None:
    """One table per category or language, best model first; slices on few questions are marked as thin."""
    console = console or board_console()
    for name in sorted({name for row in report.models for name in row.slices(by)}):
        inside = [(row.model, own) for row in report.models if (own := row.slices(by).get(name)) is not None]
        inside.sort(key=lambda item: (item[1].rank is None, item[1].rank or 0, item[0]))
        thin = " · thin: fewer than 20 questions" if any(own.thin for _, own in inside) else ""
        columns = _columns([own for _, own in inside])
        heads = ("rank", "model", *(column.title for column in columns), "n")
        table = _table(f"{by} {name}{thin}", heads, left={"model"})
        for model, own in inside:
            numbers = (_number(column, own) for column in columns)
            table.add_row(rank_text(own), model, *numbers, str(own.n_battles))
        console.print(table)


def print_pairs(report: Report, console: Console | None = None) -> None:
    """Every pair's difference in rating points with its interval, and the probability that the first is better."""
    table = _table("pairs", ("a", "b", "a − b", "P(a is better)", "questions"), left={"a", "b"})
    for pair in report.pairs:
        ends = Ends(pair.diff, pair.low, pair.high)
        shown = "–" if pair.diff is None else with_interval(f"{pair.diff:+.0f}", ends, 0)
        chance = "–" if pair.p_better is None else f"{pair.p_better:.3f}"
        table.add_row(pair.a, pair.b, shown, chance, str(pair.n_questions or "–"))
    (console or board_console()).print(table)


def _table(title: str, heads: tuple[str, ...], left: set[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for head in heads:
        table.add_column(head, justify="left" if head in left else "right", no_wrap=True)
    return table


def _columns(slices: Sequence[Slice]) -> list[Column]:
    """The numbers of methods that rate slices: those of the usual ones, and of any other that was asked for."""
    usual = [METHODS[name].main for name in USUAL_METHODS]
    known = (method.main for method in METHODS.values() if not method.costly)
    return [c for c in known if c in usual or any(own.ends(c).value is not None for own in slices)]


def _number(column: Column, own: Slice) -> str:
    ends = own.ends(column)
    if ends.value is None:
        return "–"
    if column.shown == "percent":
        return with_interval(f"{100 * ends.value:.0f}%", ends, 0, 100)
    digits = 2 if column.shown == "score" else 0
    return with_interval(fixed(ends.value, digits), ends, digits)
