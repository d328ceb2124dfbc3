"""Tables under the leaderboard: the same models within a category or language, and every pair's difference."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from arena.cli.console import NEEDED, Shown, fill
from arena.cli.table import board_console, narrow, with_interval
from arena.ratings.columns import Column
from arena.ratings.methods import METHODS
from arena.ratings.options import USUAL_METHODS
from arena.reports.board import Ends, Report, Slice
from arena.reports.leaderboard import rank_text


def print_slices(report: Report, by: str) -> None:
    """One table per category or language, best model first; slices on few questions are marked as thin."""
    console = board_console()
    for name in sorted({name for row in report.models for name in row.slices(by)}):
        inside = [(row.model, own) for row in report.models if (own := row.slices(by).get(name)) is not None]
        inside.sort(key=lambda item: (item[1].rank is None, item[1].rank or 0, item[0]))
        slices = [own for _, own in inside]
        thin = " · thin: fewer than 20 questions" if any(own.thin for own in slices) else ""
        shown = [
            Shown("rank", [rank_text(own) for own in slices], spare=NEEDED),
            Shown("model", [model for model, _ in inside], left=True),
            *(_numbers(column, slices, place) for place, column in enumerate(_columns(slices))),
            Shown("n", [f"{own.n_battles:,}" for own in slices], spare=0),
        ]
        console.print(fill(_table(f"{by} {name}{thin}"), shown, console.width))


def print_pairs(report: Report) -> None:
    """Every pair's difference in rating points with its interval, and the probability that the first is better."""
    console, pairs = board_console(), report.pairs
    ends = [Ends(pair.diff, pair.low, pair.high) for pair in pairs]
    more = narrow(ends, 0)
    differences = ["–" if e.value is None else with_interval(f"{e.value:+.{more}f}", e, more) for e in ends]
    shown = [
        Shown("a", [pair.a for pair in pairs], left=True),
        Shown("b", [pair.b for pair in pairs], left=True),
        Shown("a − b", differences),
        Shown("P(a is better)", ["–" if p.p_better is None else f"{p.p_better:.3f}" for p in pairs], spare=NEEDED),
        Shown("questions", [f"{p.n_questions:,}" if p.n_questions else "–" for p in pairs], spare=0),
    ]
    console.print(fill(_table("pairs"), shown, console.width))


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", header_style="bold")


def _columns(slices: Sequence[Slice]) -> list[Column]:
    """The numbers of methods that rate slices: those of the usual ones, and of any other that was asked for."""
    usual = [METHODS[name].main for name in USUAL_METHODS]
    known = (method.main for method in METHODS.values() if not method.costly)
    return [c for c in known if c in usual or any(own.ends(c).value is not None for own in slices)]


def _numbers(column: Column, slices: Sequence[Slice], place: int) -> Shown:
    """One method's numbers; the first method's stay on the narrowest terminal."""
    ends = [own.ends(column) for own in slices]
    percent = column.shown == "percent"
    factor, digits = (100, 0) if percent else (1, 2 if column.shown == "score" else 0)
    digits += narrow(ends, digits, factor)
    cells = [_number(e, digits, factor) for e in ends]
    return Shown(column.title, cells, spare=NEEDED - place if place else None)


def _number(ends: Ends, digits: int, factor: int) -> str:
    if ends.value is None:
        return "–"
    return with_interval(f"{factor * ends.value:.{digits}f}{'%' if factor == 100 else ''}", ends, digits, factor)
