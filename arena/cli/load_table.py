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
FIGURES = {
    "ttft_s": "TTFT", "tpot_s": "per token", "latency_s": "latency", "requests_per_s": "requests/s",
    "output_tokens_per_s": "tokens out/s",
}  # fmt: skip

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
        (row.target.name, _count(row.requests), _count(row.input_tokens, "~"), _count(row.most_output_tokens),
         _usd(row.most_usd))
        for row in plan.rows
    ]  # fmt: skip
    heads = ("model", "requests", "tokens in", "tokens out, at most", "cost, at most")
    columns = [Shown(head, [row[n] for row in rows], left=n == 0) for n, head in enumerate(heads)]
    console = console_on(file, width_of_a_pipe=WIDTH_OF_A_PIPE)
    console.print(fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), columns, console.width))
    for row in plan.rows:
        console.print(f"{row.target.name}: {row.target.url}, API {row.target.api}", style="dim", soft_wrap=True)
    console.print(f"levels: {plan.levels}", style="dim")
    for note in plan.notes:
        console.print(note, style="dim")


def print_run(run: Row) -> None:
    """A row per model and level, and under it what the figures do not show."""
    rows = _rows(run)
    console = console_on(sys.stdout, width_of_a_pipe=WIDTH_OF_A_PIPE)
    if rows:
        columns = _columns(rows, ends=True)
        basis = "95 % intervals in [ ]; – where there is no such figure, or too little data for an end"
        if sum(column.width + 3 for column in columns if column.spare is None) > console.width:
            columns = _columns(rows, ends=False)
            basis = "a wider terminal shows 95 % intervals; – where there is no such figure"
        console.print(fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), columns, console.width))
        console.print(basis, style="dim")
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
    """What changed: differences with their intervals, those that are shown marked. Times are in milliseconds."""
    columns = [
        Shown(
            "model",
            [one.model for one in found],
            left=True,
            spare=1 if len({one.model for one in found}) == 1 else None,
        ),
        Shown("level", [one.level for one in found]),
        Shown("figure", [_titled(one.figure) for one in found]),
        Shown("before", [_told(one.before * _scale(one)) for one in found], spare=2),
        Shown("now", [_told(one.now * _scale(one)) for one in found]),
        Shown("change", [_told_change(one) for one in found]),
    ]
    console = console_on(file, width_of_a_pipe=WIDTH_OF_A_PIPE)
    console.print(fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), columns, console.width))
    console.print("* differs: the 95 % interval of the change in [ ] leaves out 0", style="dim")


def _titled(figure: str) -> str:
    """`TTFT p50, ms`, in the words of the other tables."""
    name, _, of = figure.partition(".")
    return f"{FIGURES[name]} {of}, ms" if of else FIGURES[name]


def _scale(change: Change) -> float:
    return 1000.0 if "." in change.figure else 1.0


def _told(value: float, sign: str = "") -> str:
    """Three digits, and whole numbers from 1,000 on."""
    return (f"{value:{sign}.3g}" if abs(value) < 999.5 else f"{value:{sign},.0f}").replace("-", "−")


def _told_change(change: Change) -> str:
    told = _told(_scale(change) * (change.now - change.before), "+")
    if change.low is None or change.high is None:
        return told
    ends = ", ".join(_told(_scale(change) * end, "+") for end in (change.low, change.high))
    return f"{told} [{ends}]{' *' if change.differs else ''}"


def _remarks(run: Row) -> list[str]:
    found = [
        f"{name}, {level_title(level.arrival, level.value)}: {said}"
        for name, level in _rows(run) for said in remarks(level)
    ]  # fmt: skip
    models = read_as(LoadRun, dict(run)).models
    return [*found, *(f"{name} {told_limit(one.limit)}" for name, one in models.items() if one.limit)]


def _rows(run: Row) -> list[tuple[str, LoadLevel]]:
    return [(name, level) for name, model in read_as(LoadRun, dict(run)).models.items() for level in model.levels]


def _columns(rows: Sequence[tuple[str, LoadLevel]], *, ends: bool) -> list[Shown]:
    """The figures of every level, with their intervals or without."""
    return [
        Shown(head, [(name, *_cells(level, ends=ends))[n] for name, level in rows], left=n == 0, spare=spare)
        for n, (head, spare) in enumerate(HEADS.items())
        if head != "good" or any(level.goodput for _, level in rows)
    ]


def _cells(level: LoadLevel, *, ends: bool = True) -> tuple[str, ...]:
    good = DASH if level.goodput is None else f"{100 * (level.goodput.share or 0.0):.1f} %"
    times = (level.ttft_s.p50, level.ttft_s.p99, level.tpot_s.p50, level.latency_s.p50, level.latency_s.p99)
    return (
        level_title(level.arrival, level.value), f"{level.succeeded:,}/{level.expected:,}",
        f"{sum(level.failed.values()):,}", told_rate(level.requests_per_s), told_rate(level.output_tokens_per_s),
        *(told_time(one, ends=ends) for one in times), good,
    )  # fmt: skip


def _count(value: int | None, about: str = "") -> str:
    return "as many as fit" if value is None else f"{about}{value:,}"


def _usd(cost: float | None) -> str:
    return "unknown" if cost is None else f"${cost:,.2f}" if cost >= 0.995 or cost == 0 else f"${amount(cost, 4)}"
