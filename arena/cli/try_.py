"""`arena try`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from arena.cli.options import config_option, names
from arena.cli.terminal import say

if TYPE_CHECKING:
    from arena.board.open import OpenBoard
    from arena.config.loading import LoadedConfig
    from arena.stages.options import Only

FAILED = 3
"""The exit code where a call or a verdict failed."""
NOBODY_LET_IN = 2
"""The exit code where no endpoint let anybody in, and nothing can have been billed."""


@click.command("try")
@config_option
@click.option("--question", metavar="ID", help="Default: the first question.")
@click.option("--models", metavar="A,B", help="Who meets (in single mode: one name). Default: the first pair.")
def try_(config: str, question: str | None, models: str | None) -> int:
    """One question, one battle, live: the exact prompt, the raw reply, what it was parsed to, tokens and cost.

    What comes back is stored as a run would store it, and is not paid again.
    """
    from arena.board.open import open_board
    from arena.cli.interrupt import says_how_to_go_on
    from arena.cli.progress import console_progress
    from arena.config.loading import load_config, with_schedule
    from arena.errors import ArenaError
    from arena.stages.options import RunOptions
    from arena.stages.run import run_board

    loaded = _impatient(load_config(config))
    if loaded.config.reviews_gen.adaptive:  # what is tried need not have been drawn
        loaded = with_schedule(loaded, "all", None)
    only = _choose(open_board(loaded), question, names(models))
    with says_how_to_go_on(), console_progress() as progress:
        result = run_board(loaded, RunOptions(("answers", "reviews"), battle=only), progress)
    problems = list(result.problems)
    try:
        if result.exit_code != NOBODY_LET_IN:  # else there is nothing to show but why
            problems += _shown(loaded, only)
    except ArenaError as error:
        if not result.spent:
            raise
        problems.append(str(error))  # something may have been billed: 3, whatever fails later
    for problem in problems:
        say(f"arena: {problem}", err=True)
    return result.exit_code or (FAILED if problems else 0)


def _shown(loaded: LoadedConfig, only: Only) -> list[str]:
    """Print everything that is stored about the battle; what of it failed, one line each."""
    from arena.board.open import open_board
    from arena.cli.show import print_part
    from arena.stages.show import find_battle

    failed = []
    for part in find_battle(open_board(loaded), only.question_id, only.models[0], (*only.models, None)[1]):
        print_part(part)
        failed += [f"{part.head}: {part.body}"] if part.failed else []
    return failed


def _impatient(loaded: LoadedConfig) -> LoadedConfig:
    """The config with endpoints that are not waited for: whoever tries is looking at the screen."""
    config, reviews = loaded.config, loaded.config.reviews_gen
    answers = {name: entry.at_once() for name, entry in config.answers_gen.items()}
    if not isinstance(reviews.judges, str):
        judges = {name: entry.at_once() for name, entry in reviews.judges.items()}
        reviews = reviews.model_copy(update={"judges": judges})
    return replace(loaded, config=config.model_copy(update={"answers_gen": answers, "reviews_gen": reviews}))


def _choose(board: OpenBoard, question: str | None, models: tuple[str, ...] | None) -> Only:
    from arena.board.open import nearest
    from arena.errors import InputError
    from arena.stages.options import Only

    ids = [q.question_id for q in board.questions]
    if question is not None and question not in ids:
        raise InputError(f"--question: no question {question!r}{nearest(question, ids)}")
    reviews = board.config.reviews_gen
    enabled = [name for name, candidate in board.candidates.items() if candidate.entry.enable]
    wanted = 1 if reviews.mode == "single" else 2
    if models is None:
        ordered = sorted(enabled, key=lambda name: name != reviews.baseline) if wanted == 2 else enabled
        models = tuple(ordered[:wanted])
    for name in models:
        if name not in board.candidates:
            raise InputError(f"--models: no candidate {name!r}{nearest(name, board.names)}")
    if len(set(models)) != wanted:
        raise InputError(f"--models: mode {reviews.mode} needs {wanted} different names, found {len(set(models))}")
    if reviews.mode == "pairwise_baseline" and not set(reviews.baselines) & set(models):
        raise InputError(
            f"--models: in mode pairwise_baseline one of them is the baseline {' or '.join(reviews.baselines)}"
        )
    return Only(ids[0] if question is None else question, models)
