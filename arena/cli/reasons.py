"""The table of why models lose, under that of the scores."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from arena.cli.terminal import say

if TYPE_CHECKING:
    from arena.board.open import DryRun
    from arena.config.loading import LoadedConfig
    from arena.reports.board import Ends
    from arena.reports.reasons import Reason, Reasons
    from arena.stages.reason_labels import Labelled


def label_and_print(
    loaded: LoadedConfig, found: Reasons, kind: DryRun | None, budget_usd: float | None, *, ask: bool, quiet: bool
) -> Labelled:
    """Have the reasons named where the config says by whom, and show them."""
    from arena.board.open import open_board
    from arena.cli.interrupt import says_how_to_go_on
    from arena.cli.plan import approve_plan
    from arena.cli.progress import console_progress
    from arena.stages.plan import Plan
    from arena.stages.reason_labels import label_reasons

    def approve(plan: Plan) -> None:
        progress.pause()
        approve_plan(plan, ask=ask)

    with says_how_to_go_on(), console_progress() as progress:
        labelled = label_reasons(loaded, found, progress, kind, budget_usd, approve)
    if not quiet:
        print_reasons(labelled.reasons, open_board(loaded, kind).review_folder.reports)
    return labelled


def print_reasons(found: Reasons, folder: Path) -> None:
    """A row per reason, the most frequent first, and what the shares are of."""
    from rich import box
    from rich.table import Table

    from arena.cli.console import Shown, console_on, fill, simulated
    from arena.cli.table import WIDTH_OF_A_PIPE
    from arena.reports.reasons import REASONS, basis

    console = console_on(sys.stdout, width_of_a_pipe=WIDTH_OF_A_PIPE)
    if found.simulated:
        console.print(simulated("no model was asked, these reasons are invented."))
    rows = found.reasons
    if rows:
        columns = [
            Shown("why models lose", [one.name for one in rows], left=True),
            Shown("losses", [f"{one.n:,}" for one in rows], spare=2),
            Shown("share, %", [_percent(one.share) for one in rows]),
            Shown("most of all", [_most(one) for one in rows], left=True, spare=1),
        ]
        console.print(fill(Table(box=box.SIMPLE_HEAD, pad_edge=False), columns, console.width))
    console.print(basis(found), style="dim", markup=False)
    say(str(folder / REASONS))


def _percent(ends: Ends) -> str:
    if ends.value is None:
        return "–"
    around = "" if ends.low is None or ends.high is None else f" [{100 * ends.low:.1f}, {100 * ends.high:.1f}]"
    return f"{100 * ends.value:.1f}{around}"


def _most(reason: Reason) -> str:
    """The models that lose by it more than others, surely."""
    from arena.reports.reasons import more_than_others

    return ", ".join(f"{model} ({100 * (own.share.value or 0):.0f}%)" for model, own in more_than_others(reason))
