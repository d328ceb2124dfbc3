"""`arena show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from arena.cli.options import config_option, dry_run_option
from arena.cli.terminal import shown

if TYPE_CHECKING:
    from arena.board.open import DryRun
    from arena.stages.show import Shown


class ShowCommand(click.Command):
    """`--dry-run` takes its value after `=` only: what follows it is the question."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as usual, with the value that a bare --dry-run has."""
        return super().parse_args(ctx, ["--dry-run=all" if arg == "--dry-run" else arg for arg in args])


@click.command(cls=ShowCommand)
@config_option
@dry_run_option
@click.option("--short", is_flag=True, help="Without the prompts and the raw replies.")
@click.argument("question")
@click.argument("model_a", metavar="A")
@click.argument("model_b", metavar="B", required=False)
def show(
    config: str, dry_run: str | None, short: bool, question: str, model_a: str, model_b: str | None
) -> None:  # fmt: skip
    """One stored battle of question QUESTION between A and B (in single mode: A alone), with every prompt and raw
    reply. The models stand in the order you name them.
    """
    from arena.board.open import open_board
    from arena.board.verdicts import counted
    from arena.cli.shorter import warn_of_shorter
    from arena.config.loading import load_config
    from arena.stages.show import find_battle

    board = open_board(load_config(config), cast("DryRun | None", dry_run))
    warn_of_shorter(board.folders, counted(board))
    for part in find_battle(board, question, model_a, model_b, short=short):
        print_part(part)


def print_part(part: Shown) -> None:
    """One heading and its text, without markup."""
    from arena.cli.console import console_on
    from arena.redact import masked

    console = console_on()
    line = "─" * max(3, console.width - len(part.head) - 1)
    console.print(f"{part.head} {line}", soft_wrap=True, style="bold")
    console.print(shown(masked(part.body)), soft_wrap=True)
