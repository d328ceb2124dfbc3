"""`arena compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from arena.cli.options import FiniteRange, config_option, dry_run_option
from arena.cli.terminal import say, say_json

if TYPE_CHECKING:
    from arena.board.open import DryRun
    from arena.cli.console import Shown
    from arena.reports.board import Ends
    from arena.reports.comparison import Comparison, PartDifference


@click.command()
@config_option
@click.argument("base", metavar="BASE")
@click.argument("tuned", metavar="TUNED")
@click.option("--margin", type=FiniteRange(0, 100), default=2.0, show_default=True, metavar="PP",
              help="Percentage points a task may lose and still count as not forgotten.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON on stdout; no page is written.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Where the page goes; default: reports/compare-BASE-TUNED.html.")  # fmt: skip
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the page.")
@dry_run_option
def compare(
    config: str, base: str, tuned: str, margin: float, as_json: bool, out: Path | None, lang: str, dry_run: str | None
) -> None:
    """Before and after: what TUNED learnt and forgot against BASE, over battles and benchmarks.

    All differences are TUNED − BASE, paired on what both answered. Nothing is asked.
    """
    from arena.board.open import open_board
    from arena.cli.shorter import warn_of_shorter
    from arena.config.loading import load_config, naming_config
    from arena.files import file_stem, round_floats, to_json, write_atomically
    from arena.reports.page.compare import render_comparison
    from arena.stages.compare import compare as compared

    loaded = load_config(config)
    board = open_board(loaded, cast("DryRun | None", dry_run))
    warn_of_shorter(board.folders)
    with naming_config(loaded.path):
        found = compared(board, base, tuned, margin=margin / 100)
    if as_json:
        say_json(to_json(round_floats(found.to_json()), indent=True))
        return
    print_comparison(found)
    target = out or board.review_folder.reports / f"compare-{file_stem(base)}-{file_stem(tuned)}.html"
    write_atomically(target, render_comparison(found, cast("Literal['en', 'zh']", lang)).encode("utf-8", "replace"))
    say(str(target))


def print_comparison(found: Comparison) -> None:
    """A row per task, then per subject where one changed, and what the tables do not say."""
    from rich import box
    from rich.table import Table

    from arena.cli.console import console_on, fill, simulated
    from arena.cli.table import WIDTH_OF_A_PIPE
    from arena.reports.compare_words import sentences, task_notes

    console = console_on(width_of_a_pipe=WIDTH_OF_A_PIPE)
    console.soft_wrap = True
    if found.simulated:
        console.print(simulated("no model was asked, these numbers are invented."))
    console.print(f"{found.tuned} − {found.base}", style="bold")
    rows: list[tuple[str, PartDifference]] = [(task.task, task) for task in found.compared]
    rows += [
        (f"  {task.task}/{name}", part)
        for task in found.compared
        for name, part in task.subjects.items()
        if part.change in {"better", "worse"}
    ]
    if rows:
        console.print(fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), _columns(found, rows), console.width))
    for line in sentences(found):
        console.print(line)
    for task in found.tasks:
        for note in task_notes(task):
            console.print(f"{task.task}: {note}", style="dim")
        if task.itself.value is not None:
            console.print(f"{task.task}: {found.twin} − {found.base} is {_itself(task.itself)}", style="dim")
    for line in (*(f"not set alike: {line}" for line in found.settings), *found.notes):
        console.print(line, style="yellow")


def _columns(found: Comparison, rows: list[tuple[str, PartDifference]]) -> list[Shown]:
    from arena.cli.console import Shown
    from arena.reports.compare_words import difference_told, net_told, p_told, words

    w = words("en")
    parts = [part for _, part in rows]

    def share(value: float | None) -> str:
        return "–" if value is None else f"{100 * value:.1f}"

    return [
        Shown("task", [name for name, _ in rows], left=True),
        Shown("n", [f"{part.n:,}" for part in parts], spare=4),
        Shown("BASE", [share(part.base) for part in parts], spare=3),
        Shown("TUNED", [share(part.tuned) for part in parts], spare=3),
        Shown("difference, pp", [difference_told(part) for part in parts]),
        Shown("learnt", [f"{part.learnt:,}" for part in parts], spare=2),
        Shown("forgotten", [f"{part.forgotten:,}" for part in parts], spare=2),
        Shown("net", [net_told(part) for part in parts], spare=1),
        Shown("p (Holm)", [p_told(part.p_holm) for part in parts], spare=5),
        Shown("", [w[part.change] for part in parts], left=True),
    ]


def _itself(ends: Ends) -> str:
    from arena.reports.compare_words import ends_of, points

    return f"{points(ends.value)} {ends_of(ends.low, ends.high)} pp: how much it differs from itself"
