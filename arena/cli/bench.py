"""`arena bench`, and the table of benchmarks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from arena.cli.options import budget_option, config_option, names
from arena.cli.terminal import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from arena.board.open import DryRun
    from arena.config.benchmarks import BenchmarksConfig
    from arena.reports.board import BenchmarkScore
    from arena.stages.benchmark_report import BenchmarkReport
    from arena.stages.plan import Plan
    from arena.types import JSON


@click.command()
@config_option
@click.option("--tasks", metavar="A,B", help="Only these benchmarks of the config.")
@click.option("--models", metavar="A,B", help="Ask only these candidates.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N",
              help="Ask only N documents of each benchmark: a seeded sample in proportion over subjects.")  # fmt: skip
@click.option(
    "--list", "listing", is_flag=True, help="The benchmarks there are, and which of them the config's folder holds."
)
@click.option("--retry-errors", is_flag=True, help="Ask again for what came back empty or was turned down.")
@budget_option
@click.option("--yes", is_flag=True, help="Do not ask before money is spent.")
@click.option("--dry-run", is_flag=True, help="Rehearse without API, GPU, key or engine: invented answers.")
def bench(
    config: str,
    tasks: str | None,
    models: str | None,
    limit: int | None,
    listing: bool,
    retry_errors: bool,
    budget_usd: float | None,
    yes: bool,
    dry_run: bool,
) -> int:
    """Ask every candidate the benchmarks of the config: documents with right answers.

    What is stored is never asked again. `arena run` does the same after its reviews.
    """
    from arena.cli.interrupt import says_how_to_go_on
    from arena.cli.plan import approve_plan
    from arena.cli.progress import console_progress
    from arena.config.loading import load_config
    from arena.stages.options import RunOptions
    from arena.stages.run import run_board

    def approve(plan: Plan) -> None:
        progress.pause()
        approve_plan(plan, ask=not yes)

    loaded = load_config(config)
    if listing:
        print_tasks(loaded.config.benchmarks)
        return 0
    with says_how_to_go_on():
        options = RunOptions(
            ("benchmarks",), names(models), retry_errors=retry_errors, budget_usd=budget_usd,
            tasks=names(tasks, "--tasks"), task_limit=limit,
        )  # fmt: skip
        kind: DryRun | None = "all" if dry_run else None
        with console_progress() as progress:
            result = run_board(loaded, options, progress, kind, approve)
    if result.benchmarks is not None:
        print_benchmarks(result.benchmarks)
    for problem in result.problems:
        say(f"arena: {problem}", err=True)
    return result.exit_code


def print_benchmarks(report: BenchmarkReport) -> None:
    """A row per model, a column per task, with intervals where the terminal is wide enough; under it how each was asked
    and what is left out."""
    from rich import box
    from rich.table import Table

    from arena.cli.console import Shown, console_on, fill, simulated
    from arena.cli.table import WIDTH_OF_A_PIPE

    console = console_on(sys.stdout, width_of_a_pipe=WIDTH_OF_A_PIPE)
    if report.simulated:
        console.print(simulated("no model was asked, these numbers are invented."))
    models = [model for model, scores in report.scores.items() if scores]
    head = Shown("model", models, left=True)
    for with_ends in (True, False):
        columns = [Shown(task, [_cell(report.scores[model].get(task), with_ends=with_ends) for model in models])
                   for task in report.tasks]  # fmt: skip
        if head.width + sum(column.width + 3 for column in columns) <= console.width:
            break
    console.print(fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), [head, *columns], console.width))
    for task in report.tasks:
        for line in _remarks(task, {model: own[task] for model, own in report.scores.items() if task in own}):
            console.print(line, style="dim", markup=False)
    for line in _orders(report.orders):
        console.print(line)
    say(f"{report.folder / 'benchmarks.json'}")


def _cell(score: BenchmarkScore | None, *, with_ends: bool) -> str:
    if score is None or score.score is None:
        return "–"
    known = with_ends and score.low is not None and score.high is not None
    ends = f" [{100 * (score.low or 0):.1f}, {100 * (score.high or 0):.1f}]" if known else ""
    return f"{100 * score.score:.1f}{ends}"


def _remarks(task: str, scores: dict[str, BenchmarkScore]) -> list[str]:
    """How a task was asked, once where all models were asked alike; then what could not be read or failed."""
    asked: dict[str, list[str]] = {}
    for model, score in scores.items():
        asked.setdefault(_asked(score), []).append(model)
    lines = [f"{task}: {how}" + ("" if len(asked) == 1 else f" ({', '.join(models)})") for how, models in asked.items()]
    if len(asked) > 1:
        lines.append(f"{task}: not all were asked alike, so these scores are not comparable")
    for model, score in scores.items():
        parts = [*score.passes]
        if score.n_unreadable and score.score_readable is not None:
            parts.append(f"{score.n_unreadable:,} unreadable (without them {100 * score.score_readable:.1f})")
        elif score.n_unreadable:
            parts.append(f"{score.n_unreadable:,} unreadable")
        if score.n_failed:
            parts.append(f"{score.n_failed:,} failed and left out")
        if score.n_pending:
            parts.append(f"{score.n_pending:,} not asked yet")
        if parts:
            lines.append(f"{task}, {model}: {', '.join(parts)}")
    return lines


def _orders(found: Mapping[str, JSON]) -> list[str]:
    """What the order check says, a line per model."""
    lines = []
    for model, tasks in found.items():
        parts = []
        for task, check in tasks.items() if isinstance(tasks, dict) else ():
            if not isinstance(check, dict):
                parts.append(f"{task} –")
                continue
            gap, low, high = (check[name] for name in ("gap", "low", "high"))
            known = isinstance(low, float) and isinstance(high, float)
            ends = f" [{100 * low:+.1f}, {100 * high:+.1f}]" if known else ""  # type: ignore[operator]
            parts.append(f"{task} {100 * float(str(gap)):+.1f}{ends}" + (f" {check['said']}" if check["said"] else ""))
        if parts:
            lines.append(f"published order − seeded orders, {model}: {'; '.join(parts)}")
    return lines


def _asked(score: BenchmarkScore) -> str:
    shots = "no examples" if not score.shots else f"{score.shots} example{'s' * (score.shots > 1)}"
    template = {None: "", True: ", chat template", False: ", no chat template"}[score.chat_template]
    return f"{100:d} × {score.metric}, {score.mode}, {shots}{template}, {score.n:,} documents"


def print_tasks(section: BenchmarksConfig | None) -> None:
    """Every row of the table, and whether the config's folder holds it."""
    from rich import box
    from rich.table import Table

    from arena.cli.console import Shown, console_on, fill
    from arena.cli.table import WIDTH_OF_A_PIPE
    from arena.evals.tasks import TASKS

    folder = section.data_dir if section else None
    rows = []
    for name, task in TASKS.items():
        held = next((place for place in task.layout.folders if folder and (folder / place).is_dir()), None)
        modes = ", ".join(f"{mode}: {metric}" for mode, metric in task.metric.items())
        rows.append((name, ", ".join(task.aliases), modes, str(task.shots), task.layout.expected,
                     "–" if folder is None else f"{held}/" if held else "no"))  # fmt: skip
    heads = {"benchmark": None, "also": 1, "number": None, "shots": 3, "files": 2, "there": None}
    columns = [
        Shown(head, [row[n] for row in rows], left=True, spare=spare) for n, (head, spare) in enumerate(heads.items())
    ]
    console = console_on(sys.stdout, width_of_a_pipe=WIDTH_OF_A_PIPE)
    console.print(fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), columns, console.width))
