"""Rows of a plan about scores: what local engines would be asked, and what is found without asking anybody."""

from __future__ import annotations

from dataclasses import replace

from arena.board.answers import Answers
from arena.board.open import OpenBoard
from arena.stages.options import RunOptions
from arena.stages.perplexity import owed, perplexity_models, wants_perplexity
from arena.stages.plan import PlanRow, Rates, Volume, plan_row
from arena.stages.score import due, measures_of

NAMED = 3
"""Metrics that a plan names; of more it says how many."""


def score_rows(board: OpenBoard, options: RunOptions, answers: Answers) -> list[PlanRow]:
    """A row for each local engine that is asked for perplexity, and one for all metrics, over the answers that there
    are and those that come."""
    rows = []
    if wants_perplexity(board, options):
        for name in perplexity_models(board, options):
            todo, done = owed(board, name, options)
            entry = board.candidates[name].entry
            volume = Volume().count((ask.request for ask in todo), entry)
            row = plan_row("scores", name, entry, volume, done, Rates(None, 0.0), 0.0)
            rows.append(replace(row, task="perplexity"))
    if "scores" in options.stages and board.config.scores.metrics:
        rows.append(_metrics(board, options, answers))
    return rows


def _metrics(board: OpenBoard, options: RunOptions, answers: Answers) -> PlanRow:
    todo, known = due(board, options, answers)
    measures = measures_of(board, options)
    names = ", ".join(one.name for one in measures) if len(measures) <= NAMED else f"{len(measures)} metrics"
    return PlanRow(
        stage="scores", name=names, backend="rule", asked=todo, calls=0, stored=known, input_chars=0, input_tokens=0,
        output_tokens=0, cost_usd=0.0, most_usd=0.0, paid=False, cached_usd=None, measured=True, free=True,
    )  # fmt: skip
