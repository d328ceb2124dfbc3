"""A load test in the terminal: its plan, its question, its tables."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TextIO, cast

import click
from rich import box
from rich.table import Table

from arena.cli.console import Shown, console_on, fill
from arena.cli.terminal import say, shown
from arena.errors import InputError
from arena.load.compare import Change
from arena.load.plan import LoadPlan
from arena.reports.numbers import amount
from arena.types import JSON

WIDTH_OF_A_PIPE = 160
HEADS: dict[str, float | None] = {
    "model": None, "level": None, "ok": None, "failed": None, "requests/s": None, "tokens out/s": 4,
    "TTFT p50": None, "TTFT p99": 3, "per token p50": 2, "latency p50": None, "latency p99": 1, "good": 5,
}  # fmt: skip
"""The columns, and each one's turn to go on a narrow terminal."""

Row = Mapping[str, JSON]


def approve(plan: LoadPlan, *, ask: bool) -> None:
    """Show the plan; at a terminal ask once.

    Without a terminal only this machine is asked unasked. Raises click.Abort for a no, InputError without --yes.
    """
    print_plan(plan, sys.stderr)
    if not ask:
        return
    if sys.stdin.isatty() and sys.stderr.isatty():
        click.confirm("Go on?", default=True, abort=True, err=True)
        return
    away = [row.target.url for row in plan.rows if not row.target.on_this_machine]
    if away:
        raise InputError(f"a load test of {away[0]} needs --yes where nobody can be asked")


def print_plan(plan: LoadPlan, file: TextIO) -> None:
    """What will be sent, where, and what it can cost."""
    rows = [
        (row.target.name, row.target.url, row.target.api, _count(row.requests), _count(row.input_tokens, "~"),
         _count(row.most_output_tokens), _usd(row.most_usd))
        for row in plan.rows
    ]  # fmt: skip
    heads = ("model", "at", "API", "requests", "tokens in", "tokens out, at most", "cost, at most")
    columns = [Shown(head, [row[n] for row in rows], left=n < 3) for n, head in enumerate(heads)]
    console = console_on(file, width_of_a_pipe=WIDTH_OF_A_PIPE)
    console.print(fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), columns, console.width))
    console.print(f"levels: {', '.join(level.titled for level in plan.levels)}", style="dim")
    for note in plan.notes:
        console.print(note, style="dim")


def print_run(run: Row) -> None:
    """A row per model and level, and under it what the figures do not show."""
    rows = [(name, row, _cells(row)) for name, row in _rows(run)]
    columns = [
        Shown(head, [(name, *cells)[n] for name, _, cells in rows], left=n == 0, spare=spare)
        for n, (head, spare) in enumerate(HEADS.items())
        if head != "good" or any(row["goodput"] for _, row, _ in rows)
    ]
    console = console_on(sys.stdout, width_of_a_pipe=WIDTH_OF_A_PIPE)
    if rows:
        console.print(fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), columns, console.width))
        console.print(
            "95 % intervals in [ ]; – where there is no such figure, or too little data for an end", style="dim"
        )
    for remark in remarks(run):
        console.print(remark, style="dim")


def print_markdown(run: Row) -> None:
    """The table in Markdown."""
    heads = list(HEADS)
    say(f"| {' | '.join(heads)} |")
    say(f"|{'|'.join(['---', '---', *['---:'] * (len(heads) - 2)])}|")
    for name, row in _rows(run):
        cells = (name, *_cells(row))
        say(f"| {' | '.join(shown(cell).replace('|', '&#124;') for cell in cells)} |")
    for remark in remarks(run):
        say(f"\n{shown(remark)}")


def print_changes(found: Sequence[Change], file: TextIO) -> None:
    """What changed: differences with their intervals, those that are shown marked."""
    rows = [
        (one.model, one.level, one.figure, f"{one.before:.4g}", f"{one.now:.4g}", f"{one.now - one.before:+.3g}",
         "–" if one.low is None or one.high is None else f"[{one.low:+.3g}, {one.high:+.3g}]",
         "" if one.differs is None else "differs" if one.differs else "no difference shown")
        for one in found
    ]  # fmt: skip
    heads = ("model", "level", "figure", "before", "now", "change", "95 % interval", "")
    columns = [Shown(head, [row[n] for row in rows], left=n in (0, 2, 7)) for n, head in enumerate(heads)]
    console = console_on(file, width_of_a_pipe=WIDTH_OF_A_PIPE)
    console.print(fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), columns, console.width))


def remarks(run: Row) -> list[str]:
    """What is to be said about levels, in words."""
    found = []
    for name, row in _rows(run):
        head = f"{name}, {row['titled']}"
        generator = cast("Row", row["generator"])
        if generator["limited"]:
            reasons = "; ".join(map(str, cast("list[JSON]", generator["reasons"])))
            found.append(f"{head}: limited by this machine, not by the endpoint: {reasons}")
        if row["sustained"] is False:
            found.append(f"{head}: not sustained: waiting requests grow as long as it lasts")
        if failed := cast("Row", row["failed"]):
            found.append(f"{head}: failed: " + ", ".join(f"{n:,} {kind}" for kind, n in failed.items()))
        if row["not_streamed"]:
            found.append(
                f"{head}: {row['not_streamed']:,} replies came whole, without a stream: no time to first token"
            )
        if row["output_tokens"] is None and row["succeeded"]:
            found.append(f"{head}: the endpoint does not say how many tokens it wrote: no time per token")
        goodput = row["goodput"]
        if isinstance(goodput, Mapping):
            kept = {True: "kept", False: "missed", None: "neither shown to be kept nor missed"}[
                cast("bool", goodput["kept"])
            ]
            found.append(f"{head}: SLO {kept}: {goodput['good']:,} of {goodput['due']:,} requests good")
        if not row["complete"]:
            found.append(f"{head}: not finished")
    return found


def _rows(run: Row) -> list[tuple[str, Row]]:
    models = cast("Mapping[str, Row]", run["models"])
    return [(name, row) for name, entry in models.items() for row in cast("list[Row]", entry["levels"])]


def _cells(row: Row) -> tuple[str, ...]:
    failed = sum(cast("Mapping[str, int]", row["failed"]).values())
    goodput = row["goodput"]
    good = f"{100 * cast('float', goodput['share'] or 0.0):.1f} %" if isinstance(goodput, Mapping) else "–"
    return (
        str(row["titled"]), f"{row['succeeded']:,}/{row['expected']:,}", f"{failed:,}",
        _rate(row["requests_per_s"]), _rate(row["output_tokens_per_s"]),
        _time(row, "ttft_s", "p50"), _time(row, "ttft_s", "p99"), _time(row, "tpot_s", "p50"),
        _time(row, "latency_s", "p50"), _time(row, "latency_s", "p99"), good,
    )  # fmt: skip


def _time(row: Row, name: str, of: str) -> str:
    found = cast("Row", cast("Row", row[name])[of])
    value, low, high = (cast("float | None", found[end]) for end in ("value", "low", "high"))
    if value is None:
        return "–"
    unit, factor = ("ms", 1000.0) if value < 1 else ("s", 1.0)

    def number(seconds: float | None) -> str:
        return (
            "–"
            if seconds is None
            else f"{factor * seconds:.3g}"
            if factor * seconds < 100
            else f"{factor * seconds:.0f}"
        )

    ends = "" if low is None and high is None else f" [{number(low)}, {number(high)}]"
    return f"{number(value)} {unit}{ends}"


def _rate(value: JSON) -> str:
    return "–" if not isinstance(value, int | float) else f"{value:,.1f}" if value >= 10 else f"{value:.3g}"


def _count(value: int | None, about: str = "") -> str:
    return "as many as fit" if value is None else f"{about}{value:,}"


def _usd(cost: float | None) -> str:
    return "unknown" if cost is None else f"${cost:,.2f}" if cost >= 0.995 or cost == 0 else f"${amount(cost, 4)}"
