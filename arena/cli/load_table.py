"""A load test in the terminal: its plan, its question, its tables."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

import click
from rich import box
from rich.table import Table

from arena.cli.console import Shown, console_on, fill
from arena.cli.terminal import say, shown
from arena.errors import InputError
from arena.load.compare import Change
from arena.load.plan import LoadPlan
from arena.reports.load_runs import LoadLevel, LoadRun
from arena.reports.load_words import DASH, level_title, remarks, told_limit, told_rate, told_time
from arena.reports.numbers import amount
from arena.reports.typed import read_as
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
    console.print(f"levels: {plan.levels}", style="dim")
    for note in plan.notes:
        console.print(note, style="dim")


def print_run(run: Row) -> None:
    """A row per model and level, and under it what the figures do not show."""
    rows = _rows(run)
    columns = [
        Shown(head, [(name, *_cells(level))[n] for name, level in rows], left=n == 0, spare=spare)
        for n, (head, spare) in enumerate(HEADS.items())
        if head != "good" or any(level.goodput for _, level in rows)
    ]
    console = console_on(sys.stdout, width_of_a_pipe=WIDTH_OF_A_PIPE)
    if rows:
        console.print(fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), columns, console.width))
        console.print(
            "95 % intervals in [ ]; – where there is no such figure, or too little data for an end", style="dim"
        )
    for remark in _remarks(run):
        console.print(remark, style="dim")


def print_markdown(run: Row) -> None:
    """The table in Markdown."""
    heads, rows = list(HEADS), _rows(run)
    say(f"| {' | '.join(heads)} |")
    say(f"|{'|'.join(['---', '---', *['---:'] * (len(heads) - 2)])}|")
    for name, level in rows:
        cells = (name, *_cells(level))
        say(f"| {' | '.join(shown(cell).replace('|', '&#124;') for cell in cells)} |")
    for remark in _remarks(run):
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


def _remarks(run: Row) -> list[str]:
    found = [
        f"{name}, {level_title(level.arrival, level.value)}: {said}"
        for name, level in _rows(run) for said in remarks(level)
    ]  # fmt: skip
    models = read_as(LoadRun, dict(run)).models
    return [*found, *(f"{name} {told_limit(one.limit)}" for name, one in models.items() if one.limit)]


def _rows(run: Row) -> list[tuple[str, LoadLevel]]:
    return [(name, level) for name, model in read_as(LoadRun, dict(run)).models.items() for level in model.levels]


def _cells(level: LoadLevel) -> tuple[str, ...]:
    good = DASH if level.goodput is None else f"{100 * (level.goodput.share or 0.0):.1f} %"
    return (
        level_title(level.arrival, level.value), f"{level.succeeded:,}/{level.expected:,}",
        f"{sum(level.failed.values()):,}", told_rate(level.requests_per_s), told_rate(level.output_tokens_per_s),
        told_time(level.ttft_s.p50), told_time(level.ttft_s.p99), told_time(level.tpot_s.p50),
        told_time(level.latency_s.p50), told_time(level.latency_s.p99), good,
    )  # fmt: skip


def _count(value: int | None, about: str = "") -> str:
    return "as many as fit" if value is None else f"{about}{value:,}"


def _usd(cost: float | None) -> str:
    return "unknown" if cost is None else f"${cost:,.2f}" if cost >= 0.995 or cost == 0 else f"${amount(cost, 4)}"
