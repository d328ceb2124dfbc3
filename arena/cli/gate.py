"""`arena gate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from arena.cli.options import FiniteRange, config_option, dry_run_option
from arena.cli.terminal import say, say_json

if TYPE_CHECKING:
    from arena.board.open import DryRun, OpenBoard
    from arena.reports.gate import Gate
    from arena.stages.gate import Wish
    from arena.types import JSON


@click.command()
@config_option
@click.argument("new", metavar="NEW")
@click.argument("old", metavar="OLD")
@click.option("--against", metavar="CFG2",
              help="OLD stands on this board, of the same judge, prompts, questions and baseline.")  # fmt: skip
@click.option(
    "--metric", metavar="win_rate|rating|score|benchmarks.TASK", help="What is compared; default: what ranks the board."
)
@click.option("--margin", default="0", show_default=True, metavar="X",
              help="How much worse NEW may be, with its unit: 2pp, 20elo, 0.3score. 0 asks for better.")  # fmt: skip
@click.option("--level", type=FiniteRange(0.5, 1, min_open=True, max_open=True), default=0.95, show_default=True,
              help="How sure each end of the interval is, one-sided.")  # fmt: skip
@click.option("--by", type=click.Choice(["category"]),
              help="FAIL if a category fails (Holm), PASS only if every one passes.")  # fmt: skip
@click.option("--peek", is_flag=True,
              help="Look at a run that grows, as often as you like: the level holds for all looks.")  # fmt: skip
@click.option("--plan", is_flag=True,
              help="Decide nothing: say what difference these questions can show.")  # fmt: skip
@click.option(
    "--difference", metavar="X", help="With --plan: how many questions this difference from the margin needs."
)
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON on stdout.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Also write JUnit XML.")
@click.option("--markdown", type=click.Path(path_type=Path), metavar="FILE",
              help="Also write Markdown, as a CI job's summary shows it.")  # fmt: skip
@dry_run_option
def gate(
    config: str,
    new: str,
    old: str,
    against: str | None,
    metric: str | None,
    margin: str,
    level: float,
    by: str | None,
    peek: bool,
    plan: bool,
    difference: str | None,
    as_json: bool,
    junit: Path | None,
    markdown: Path | None,
    dry_run: str | None,
) -> int:
    """May NEW take the place of OLD? PASS (exit code 0), FAIL (4) or INCONCLUSIVE (5).

    With d = NEW − OLD: PASS when the lower bound of d lies above −margin, FAIL when the upper bound lies below it. Both
    are compared on the questions that both were asked; failed answers of NEW count as lost.
    """
    from arena.board.against import Other
    from arena.board.open import open_board
    from arena.cli.shorter import warn_of_shorter
    from arena.config.loading import load_config, naming_config
    from arena.errors import InputError
    from arena.files import round_floats, to_json, write_atomically
    from arena.reports.gate_words import to_junit, to_markdown
    from arena.stages.gate import Wish
    from arena.stages.gate import gate as decided

    loaded = load_config(config)
    board = open_board(loaded, cast("DryRun | None", dry_run))
    if board.simulated and dry_run is None and not plan:
        raise InputError(f"{config}: this board is simulated and decides nothing; with --dry-run the gate rehearses")
    _check_rehearsed(board, config, dry_run)
    warn_of_shorter(board.folders)
    other = None
    if against is not None:
        other = Other(open_board(load_config(against), cast("DryRun | None", dry_run)), against)
        _check_rehearsed(other.board, against, dry_run)
        warn_of_shorter(other.board.folders)
        if other.board.simulated and dry_run is None:
            raise InputError(f"{against}: this board is simulated and decides nothing")
    wish = Wish(new, old, metric, margin, level, by == "category", peek, other)
    if plan:
        _say_power(board, wish, difference, as_json=as_json)
        return 0
    if difference is not None:
        raise InputError("--difference goes with --plan")
    with naming_config(loaded.path):
        found = decided(board, wish)
    if junit is not None:
        write_atomically(junit, to_junit(found))
    if markdown is not None:
        write_atomically(markdown, to_markdown(found))
    if as_json:
        say_json(to_json(round_floats(found.to_json()), indent=True))
    else:
        print_gate(found)
    return found.exit_code


def _check_rehearsed(board: OpenBoard, config: str, dry_run: str | None) -> None:
    """Raises InputError where a gate is to be rehearsed on a board that was not."""
    from arena.errors import InputError

    folder = board.review_folder.root
    if dry_run is not None and not folder.is_dir():
        how = "--dry-run" if dry_run == "all" else f"--dry-run={dry_run}"
        raise InputError(f"{folder}: nothing is rehearsed there; rehearse first: arena run -c {config} {how}")


def _say_power(board: OpenBoard, wish: Wish, difference: str | None, *, as_json: bool) -> None:
    """What the board's questions can tell of the two."""
    from arena.files import round_floats, to_json
    from arena.reports.gate_words import power_lines
    from arena.stages.power import gate_power

    metric, margin, power = gate_power(board, wish, difference)
    if as_json:
        about: dict[str, JSON] = {"new": wish.new, "old": wish.old, "metric": metric.name, "unit": metric.unit}
        document = about | {"margin": margin, "level": wish.level} | power.to_json()
        say_json(to_json(round_floats(document), indent=True))
        return
    say(f"{wish.new} − {wish.old} by {metric.title}")
    for line in power_lines(power, metric, wish.level, peek=not board.config.reviews_gen.adaptive):
        say(line)


def print_gate(found: Gate) -> None:
    """The verdict, and under it what it rests on."""
    from rich.text import Text

    from arena.cli.console import console_on, simulated
    from arena.reports.gate_words import lines, title

    console = console_on()
    console.soft_wrap = True
    if found.simulated:
        console.print(simulated("No model was asked, this decides nothing."))
    style = {"PASS": "bold green", "FAIL": "bold red", "INCONCLUSIVE": "bold yellow"}[found.verdict]
    console.print(Text.assemble((found.verdict, style), "  ", (title(found), "bold")))
    for line in lines(found):
        console.print(line)
