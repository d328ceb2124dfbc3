"""`arena show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from arena.cli.options import config_option, dry_run_option

if TYPE_CHECKING:
    from arena.stages.board import DryRun
    from arena.stages.show import Shown


@click.command()
@config_option
@dry_run_option
@click.argument("question")
@click.argument("model_a", metavar="A")
@click.argument("model_b", metavar="B", required=False)
def show(config: str, dry_run: str | None, question: str, model_a: str, model_b: str | None) -> None:
    """One stored battle of question QUESTION between A and B (in single mode: A alone), with every prompt and raw
    reply.
    """
    from arena.loading import load_config
    from arena.stages.board import open_board
    from arena.stages.show import find_battle

    board = open_board(load_config(config), cast("DryRun | None", dry_run))
    for part in find_battle(board, question, model_a, model_b):
        print_part(part)


def print_part(part: Shown) -> None:
    """One heading and its text, without markup."""
    from rich.console import Console
    from rich.rule import Rule

    console = Console(highlight=False)
    console.print(Rule(part.head, align="left", characters="─"))
    console.print(part.body, markup=False, highlight=False, soft_wrap=True)
