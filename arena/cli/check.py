"""`arena check`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arena.cli.options import config_option
from arena.cli.terminal import say

if TYPE_CHECKING:
    from arena.board.open import OpenBoard
    from arena.config.kinds import BackendConfig
    from arena.config.scores import ScoresConfig


@click.command()
@config_option
def check(config: str) -> None:
    """Read and validate a config and everything it refers to. Nothing is sent, nothing is written."""
    from arena.backends import Opening, check_entry
    from arena.board.answers import current_answers
    from arena.board.open import open_board
    from arena.config.loading import load_config, naming_config
    from arena.stages.benchmark import check_benchmarks
    from arena.stages.forecast import check_schedule
    from arena.stages.options import RunOptions
    from arena.stages.probe_answers import check_probes
    from arena.stages.score import check_scores

    board = open_board(load_config(config))
    for name, candidate in board.candidates.items():
        if candidate.entry.enable:
            check_entry(Opening(name, "answers_gen"), candidate.entry)
    for name, judge in board.judges.items():
        check_entry(Opening(name, "reviews_gen.judges"), judge)
    with naming_config(board.loaded.path):
        exams, notes = check_benchmarks(board, RunOptions()) if board.config.benchmarks else ([], [])
        notes += check_scores(board, RunOptions())
        probes = check_probes(board)
    answers, warnings = current_answers(board)
    reviews = board.config.reviews_gen
    if reviews.adaptive:
        check_schedule(board, answers)
    categories = sorted({question.category for question in board.questions})
    say(f"{board.loaded.path}: fine")
    say(f"  questions   {len(board.questions):,} in {len(categories)} categories ({', '.join(categories)})")
    for name, candidate in board.candidates.items():
        state = "" if candidate.entry.enable else " (disabled)"
        say(f"  candidate   {name}: {_behind(name, candidate.entry)}{state}")
    if reviews.enable:
        baseline = f" against {', '.join(reviews.baselines)}" if reviews.mode == "pairwise_baseline" else ""
        order = "" if reviews.mode == "single" else f", order {reviews.asked_order}"
        say(f"  mode        {reviews.mode}{baseline}{order}")
        for name, judge in board.judges.items():
            say(f"  judge       {name}: {_behind(name, judge)}")
        prompts = ", ".join(f"{category}: {prompt.name}" for category, prompt in board.prompts.items())
        say(f"  prompts     {prompts}")
    for exam in exams:
        say(f"  benchmark   {exam.name}: {len(exam.chosen):,} documents, {exam.shots} examples each")
    _say_scores(board.config.scores)
    if probes:
        say(f"  probes      with files of their own: {', '.join(probes)}")
    say(f"  board       {board.review_folder.root}")
    for warning in [*board.warnings, *warnings, *notes, *_missing_here(board)]:
        say(f"warning: {warning}", err=True)


def _say_scores(section: ScoresConfig) -> None:
    if section.metrics:
        say(f"  scores      {', '.join(section.metrics)}")
    if section.perplexity is not None:
        windows = f"windows of {section.perplexity.window:,} tokens, stride {section.perplexity.stride:,}"
        say(f"  perplexity  {section.perplexity.file}: {windows}")
    if section.reasons.enable:
        say("  reasons     found in what judges wrote")


def _missing_here(board: OpenBoard) -> list[str]:
    """What would keep an entry from being asked as things stand: a key that is not set, above all."""
    from arena.backends import Opening, check_backend
    from arena.errors import InputError

    entries = [(n, "answers_gen", c.entry) for n, c in board.candidates.items() if c.entry.enable]
    if board.config.reviews_gen.enable:
        entries += [(name, "reviews_gen.judges", judge) for name, judge in board.judges.items()]
    missing = []
    for name, place, entry in entries:
        try:
            check_backend(Opening(name, place), entry)
        except InputError as error:
            missing.append(f"a run would stop here: {error}")
    return missing


def _behind(name: str, entry: BackendConfig) -> str:
    """What generates: the kind, the file or model, and the address without what may be secret in it."""
    from arena.redact import shown_url

    parts = [entry.backend]
    if entry.recording is not None or entry.asks_anybody:
        source = str(entry.recording or entry.source(name))
        parts.append(str(Path(source).resolve()) if ".." in Path(source).parts else source)
    if url := entry.address(os.environ):
        parts.append(f"at {shown_url(url)}")
    return " ".join(parts)
