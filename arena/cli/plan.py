"""`arena plan`, and the question before money is spent."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

import click

from arena.cli.options import config_option, names, schedule_options
from arena.cli.terminal import say
from arena.reports.numbers import amount

if TYPE_CHECKING:
    from rich.table import Table

    from arena.board.open import OpenBoard
    from arena.stages.options import RunOptions
    from arena.stages.plan import Plan, PlanRow
    from arena.stages.power import BoardPower

HEADS = {
    "": None,
    "to ask": None,
    "stored": 4,
    "chars in": 1,
    "tokens in": 2,
    "tokens out": 3,
    "cost": None,
    "at most": 5,
}
"""The columns of a plan, and each one's turn to go on a narrow terminal."""


@click.command()
@config_option
@click.option("--stage", "stages", multiple=True, type=click.Choice(["answers", "reviews", "benchmarks", "scores"]),
              help="Only this stage; may be given several times.")  # fmt: skip
@click.option("--models", metavar="A,B", help="Only these candidates (and the baseline's missing answers).")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N questions.")
@click.option("--retry-errors", is_flag=True, help="Count what came back empty or was turned down as missing.")
@click.option("--retry-unparsed", is_flag=True, help="Count verdicts that could not be read as missing.")
@click.option("--redo", metavar="judge=X|model=Y|question=Z", help="Count this as missing although it is stored.")
@schedule_options
@click.option("--batch", is_flag=True, help="Judges through batch endpoints, at half the price.")
@click.option("--probes", metavar="A,B", help="What `arena probe` would ask for these probes, and nothing else.")
@click.option("--power", is_flag=True, help="Also say what difference these questions can show.")
@click.option("--difference", metavar="X", help="With --power: how many questions this difference needs, as in 3pp.")
def plan(
    config: str,
    stages: tuple[str, ...],
    models: str | None,
    limit: int | None,
    retry_errors: bool,
    retry_unparsed: bool,
    redo: str | None,
    schedule: str | None,
    calls: str | None,
    batch: bool,
    probes: str | None,
    power: bool,
    difference: str | None,
) -> None:
    """Calls, tokens and cost per candidate and judge, before anything is sent. Calls nobody."""
    from arena.board.open import in_asking_order, open_board
    from arena.board.verdicts import counted
    from arena.cli.shorter import warn_of_shorter
    from arena.config.loading import load_config, naming_config, with_schedule
    from arena.stages.benchmark import check_benchmarks
    from arena.stages.options import STAGES, RunOptions, parse_redo
    from arena.stages.plan import make_plan
    from arena.stages.power import board_power
    from arena.stages.review import same_again
    from arena.stages.score import check_scores

    if difference is not None and not power:
        raise click.UsageError("--difference goes with --power")
    chosen = tuple(stage for stage in STAGES if stage in stages) if stages else STAGES
    options = RunOptions(
        chosen, names(models), limit, retry_errors, retry_unparsed, parse_redo(redo), batch="wait" if batch else None
    )
    board = open_board(with_schedule(load_config(config), schedule, calls))
    if (chosen_probes := names(probes, "--probes")) is not None:
        _plan_probes(board, chosen_probes, options)
        return
    warn_of_shorter(board.folders, counted(board))
    with naming_config(board.loaded.path):
        exams, notes = check_benchmarks(board, options) if "benchmarks" in chosen else ([], [])
        notes += check_scores(board, options)
    shown = board_power(board, 0.95, len(options.asked_questions(board.questions)), difference) if power else None
    found = make_plan(in_asking_order(board), options, exams)
    print_plan(found, sys.stdout)
    for line in (*notes, *found.unrecognised, *found.notes):
        say(line)
    for row in found.rows:
        if retry_unparsed and row.stage == "reviews" and row.calls and (warning := same_again(board, row.name)):
            say(warning)
    if shown is not None:
        _say_power(shown, peek=not board.config.reviews_gen.adaptive)


def _plan_probes(board: OpenBoard, probes: tuple[str, ...], options: RunOptions) -> None:
    """The plan of `arena probe`."""
    from arena.config.loading import naming_config
    from arena.stages.probe import planned_probes

    with naming_config(board.loaded.path):
        _, found, notes = planned_probes(board, probes, options)
    print_plan(found, sys.stdout)
    for line in notes:
        say(line)


def _say_power(found: BoardPower, *, peek: bool) -> None:
    """What the questions can show of any two models, and the pair that varies most."""
    from arena.reports.gate_words import power_lines

    of = f", the pair in the middle of {found.n_pairs}" if found.n_pairs > 1 else ""
    say(f"\nwhat the questions can show by {found.metric.title}{of}")
    for line in power_lines(found.typical, found.metric, found.level, peek=peek):
        say(line)
    if found.widest is not None and found.pair is not None and found.widest.detectable is not None:
        amount = f"{found.metric.number(found.widest.detectable)} {found.metric.unit}"
        say(f"the pair that varies most, {found.pair[0]} and {found.pair[1]}, needs a difference of {amount}")


def approve_plan(plan: Plan, *, ask: bool) -> None:
    """Show the plan of a run that calls endpoints; at a terminal ask once, unless it is known to cost nothing.

    Raises click.Abort when the answer is no. Without a terminal nothing is asked.
    """
    if not plan.paid_calls:
        return
    print_plan(plan, sys.stderr)
    if ask and plan.cost_usd != 0 and sys.stdin.isatty() and sys.stderr.isatty():
        click.confirm("Go on?", default=True, abort=True, err=True)


def print_plan(plan: Plan, file: TextIO) -> None:
    """The table of a plan, and under it what was assumed."""
    from arena.cli.console import console_on

    console = console_on(file, width_of_a_pipe=120)
    console.print(_table(plan, console.width))
    if plan.ways and (plan.coming is not None or any(row.calls for row in plan.rows if row.stage == "reviews")):
        console.print(_ways(plan))
    for line in _assumptions(plan):
        console.print(line, style="dim")


def _table(plan: Plan, width: int) -> Table:
    from rich import box
    from rich.table import Table

    from arena.cli.console import Shown, fill

    total = f"{sum(row.asked for row in plan.rows if not row.free):,}"
    rows = [*map(_cells, plan.rows), ("together", total, *[""] * 4, _usd(plan.cost_usd), _usd(plan.most_usd))]
    columns = [
        Shown(head, [row[place] for row in rows], left=not head, spare=spare)
        for place, (head, spare) in enumerate(HEADS.items())
    ]
    table = fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), columns, width)
    if plan.rows:
        table.rows[-2].end_section = True
    return table


_HEAD = {
    "answers": "answers of",
    "reviews": "reviews by",
    "benchmarks": "benchmarks of",
    "scores": "scores of",
    "probes": "probes of",
}


def _ways(plan: Plan) -> Table:
    """Schedules side by side, at the tokens and the price of a request of this plan."""
    from rich import box
    from rich.table import Table

    rows = [row for row in plan.rows if row.stage == "reviews" and row.calls]
    calls = sum(row.calls for row in rows) or 1
    tokens = sum(row.input_tokens + row.output_tokens for row in rows) / calls
    costs = [row.cost_usd for row in rows if row.costs]
    known = sum(cost for cost in costs if cost is not None) if rows and None not in costs else None
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("judging everything anew")
    for head in ("requests", "tokens", "cost", "tells apart"):
        table.add_column(head, justify="right")
    for way in plan.ways:
        share = "–" if way.share is None else "everything" if way.share >= 1 else f"~{way.share:.0%} of that"
        amounts = f"~{round(tokens * way.calls):,}" if rows else "–", _usd(known / calls * way.calls) if known else "–"
        table.add_row(way.name, f"{way.calls:,}", *amounts, share)
    return table


def _cells(row: PlanRow) -> tuple[str, ...]:
    head = f"{_HEAD[row.stage]} {row.name}" if row.task is None else f"{row.task} of {row.name}"
    costs = (_usd(row.cost_usd), _usd(row.most_usd)) if row.costs else ("–", "–")
    if row.free:
        return (head, f"{row.asked:,} by rule", f"{row.stored:,}", "–", "–", "–", "free", "–")
    if row.calls and row.keyless_local:
        costs = ("no key, local", "–")
    if not row.calls:
        return (head, "0", f"{row.stored:,}", "–", "–", "–", *costs)
    tokens = (f"{row.input_chars:,}", f"~{row.input_tokens:,}", f"~{row.output_tokens:,}")
    return (head, f"{row.asked:,}", f"{row.stored:,}", *tokens, *costs)


def _usd(cost: float | None) -> str:
    return "unknown" if cost is None else f"${cost:,.2f}" if cost >= 0.995 or cost == 0 else f"${amount(cost, 4)}"


def _assumptions(plan: Plan) -> list[str]:
    lines = []
    if plan.coming is not None and plan.coming.cells:
        lines.append(f"to be drawn: {plan.coming.cells:,} cells, {plan.coming.calls:,} requests")
    lines += [] if plan.coming is None else plan.coming.notes
    if guessed := [row.name for row in plan.rows if row.calls and not row.measured]:
        few = ", ".join(dict.fromkeys(guessed))
        lines.append(f"nothing measured yet, so tokens are a rule of thumb: {few}")
    if turns := {row.name: row.calls for row in plan.rows if row.calls > row.asked}:
        lines.append("an answer takes a call per turn: " + ", ".join(f"{n} {calls:,}" for n, calls in turns.items()))
    if plan.expected_answers:
        lines.append(f"{plan.expected_answers:,} answers do not exist yet; judges' rows assume their length")
    if unpriced := [row.name for row in plan.rows if row.costs and row.cost_usd is None]:
        lines.append(f"no price in the config, so the cost is unknown: {', '.join(dict.fromkeys(unpriced))}")
    if plan.cached_usd > 0:
        lines.append(f"the providers' prompt caches can take up to {_usd(plan.cached_usd)} off")
    if any(row.calls and row.output_tokens for row in plan.rows if row.stage == "reviews"):
        lines.append("not counted: a second, longer try after a cut-off reply, and a repair after an unreadable one")
    return lines
