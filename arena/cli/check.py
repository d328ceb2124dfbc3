"""`arena check`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from arena.cli.options import config_option
from arena.cli.terminal import say

if TYPE_CHECKING:
    from arena.config.kinds import BackendConfig


@click.command()
@config_option
def check(config: str) -> None:
    """Read and validate a config and everything it refers to. Nothing is sent, nothing is written."""
    from arena.backends import Opening, check_entry
    from arena.board.answers import current_answers
    from arena.board.open import open_board
    from arena.config.loading import load_config

    board = open_board(load_config(config))
    for name, candidate in board.candidates.items():
        if candidate.entry.enable:
            check_entry(Opening(name, "answers_gen"), candidate.entry)
    for name, judge in board.judges.items():
        check_entry(Opening(name, "reviews_gen.judges"), judge)
    _, warnings = current_answers(board)
    reviews = board.config.reviews_gen
    categories = sorted({question.category for question in board.questions})
    say(f"{board.loaded.path}: fine")
    say(f"  questions   {len(board.questions):,} in {len(categories)} categories ({', '.join(categories)})")
    for name, candidate in board.candidates.items():
        state = "" if candidate.entry.enable else " (disabled)"
        say(f"  candidate   {name}: {_behind(name, candidate.entry)}{state}")
    if reviews.enable:
        baseline = f" against {reviews.baseline}" if reviews.baseline and reviews.mode == "pairwise_baseline" else ""
        say(f"  mode        {reviews.mode}{baseline}, order {reviews.order}")
        for name, judge in board.judges.items():
            say(f"  judge       {name}: {_behind(name, judge)}")
        prompts = ", ".join(f"{category}: {prompt.name}" for category, prompt in board.prompts.items())
        say(f"  prompts     {prompts}")
    say(f"  board       {board.review_folder.root}")
    for warning in [*board.warnings, *warnings]:
        say(f"warning: {warning}", err=True)


def _behind(name: str, entry: BackendConfig) -> str:
    """What generates: the kind, the file or model, and the address without what may be secret in it."""
    from arena.redact import shown_url

    parts = [entry.backend]
    if entry.recording is not None or entry.asks_anybody:
        parts.append(str(entry.recording or entry.source(name)))
    if url := entry.address(os.environ):
        parts.append(f"at {shown_url(url)}")
    return " ".join(parts)
