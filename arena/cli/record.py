"""`arena record`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from arena.cli.options import config_option, dry_run_option
from arena.cli.terminal import say

if TYPE_CHECKING:
    from arena.board.open import DryRun, OpenBoard


@click.command()
@config_option
@click.option("--check", is_flag=True, help="Write nothing: compare the record with the files that lie there.")
@click.option("--card", metavar="MODEL", help="Write nothing: print one model's section for its model card.")
@dry_run_option
def record(config: str, check: bool, card: str | None, dry_run: str | None) -> int:
    """What was evaluated, how, with which data: reports/record.md and record.json, every line with its file and hash.

    For auditors and model cards. Nothing is asked. With --check the exit code is 3 where a file is missing or is no
    longer the one recorded.
    """
    from arena.board.open import open_board
    from arena.cli.report import board_title
    from arena.cli.shorter import warn_of_shorter
    from arena.config.loading import load_config

    if check and card is not None:
        raise click.UsageError("--check and --card: give one of them")
    loaded = load_config(config)
    board = open_board(loaded, cast("DryRun | None", dry_run))
    warn_of_shorter(board.folders)
    title = board_title(loaded.path)
    if check:
        return _check(board, title)
    return _print_card(board, title, card) if card is not None else _write(board, title)


def _write(board: OpenBoard, title: str) -> int:
    from arena.board.record.check import JSON_FILE, MARKDOWN_FILE, json_bytes
    from arena.board.record.facts import record_of
    from arena.files import write_atomically
    from arena.reports.record import to_markdown

    found = record_of(board, title)
    folder = board.review_folder.reports
    for name, content in ((JSON_FILE, json_bytes(found)), (MARKDOWN_FILE, to_markdown(found))):
        write_atomically(folder / name, content)
        say(str(folder / name))
    lines = sum(1 for section in found.sections for _ in section)
    say(f"{lines:,} lines from {len(found.sources):,} sources")
    return 0


def _print_card(board: OpenBoard, title: str, model: str) -> int:
    from arena.board.open import nearest
    from arena.board.record.facts import record_of
    from arena.errors import InputError
    from arena.reports.record import model_card, models_of

    found = record_of(board, title)
    if model not in models_of(found):
        raise InputError(f"--card: no model {model!r} on the leaderboard{nearest(model, models_of(found))}")
    say(model_card(found, model).rstrip("\n"))
    return 0


def _check(board: OpenBoard, title: str) -> int:
    from arena.board.record.check import problems_of

    problems = list(problems_of(board, title))
    for problem in problems:
        say(problem)
    say(f"{len(problems)} of the record's lines no longer hold" if problems else "the record fits the files")
    return 3 if problems else 0
