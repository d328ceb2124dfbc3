"""What a board's questions can tell, and how many a difference needs: before a decision is asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import combinations, islice
from statistics import median

import numpy as np

from arena.battles.columns import battle_table, score_table
from arena.battles.counted import counted_rows
from arena.board.answers import current_answers
from arena.board.budgets import claims_of
from arena.board.duel import scale_of
from arena.board.evidence import Compared, Evidence, compared_on, evidence_of
from arena.board.open import OpenBoard
from arena.board.tables import board_rows, rating_options
from arena.board.verdicts import open_ledgers
from arena.ratings.intervals.sequence import detectable, questions_needed
from arena.reports.gate import Metric, Power, measured_in, parse_amount
from arena.stages.gate import Wish, asked_for, metric_asked

POWER = 0.8
MOST_PAIRS = 45
_ASSUMED = {"win_rate": 0.5, "rating": 350.0}
"""A question's difference varies by so much, where nothing is known; of a score by a quarter of its scale."""


@dataclass(frozen=True, slots=True)
class BoardPower:
    """What a board can tell of any two of its models."""

    metric: Metric
    level: float
    typical: Power
    """For the pair in the middle."""
    widest: Power | None = None
    """For the pair that varies most; None where nothing is known of any."""
    pair: tuple[str, str] | None = None
    n_pairs: int = 0


def gate_power(board: OpenBoard, wish: Wish, difference: str | None) -> tuple[Metric, float, Power]:
    """The metric, the margin, and what all questions of the board tell of two models. Raises InputError."""
    metric, duel, old = asked_for(board, wish, there=False)
    margin = parse_amount(wish.margin, metric, scale=duel.scale)
    wanted = margin or None if difference is None else parse_amount(difference, metric, "--difference", duel.scale)
    contrast = None
    if duel.rows:
        compared = compared_on(board, duel, wish.new, old, metric.name)
        contrast = evidence_of(board, duel, wish.new).contrast(compared)
    sd = None if contrast is None else contrast.sd
    return metric, margin, power_of(board, metric, sd, wish.level, len(board.questions), wanted)


def board_power(board: OpenBoard, level: float, questions: int, difference: str | None) -> BoardPower:
    """What so many questions tell of any two models, by what the difference is measured in, else by what ranks the
    board. Raises InputError."""
    metric = metric_asked(board, None if difference is None else measured_in(difference))
    wanted = None if difference is None else parse_amount(difference, metric, "--difference", scale_of(board))
    spreads = dict(_spreads(board, metric))
    if not spreads:
        return BoardPower(metric, level, power_of(board, metric, None, level, questions, wanted))
    pair = max(spreads, key=lambda names: spreads[names])
    middle, widest = (
        power_of(board, metric, sd, level, questions, wanted) for sd in (median(spreads.values()), spreads[pair])
    )
    return BoardPower(metric, level, middle, widest, pair, len(spreads))


def power_of(
    board: OpenBoard, metric: Metric, sd: float | None, level: float, questions: int, difference: float | None
) -> Power:
    """What a spread comes to; without one a rule of thumb is taken."""
    low, high = scale_of(board)
    known = _ASSUMED.get(metric.name, (high - low) / 4) if sd is None else sd
    seen = [detectable(known, questions, level, POWER, watched=watched) for watched in (False, True)]
    once, looked = (value if math.isfinite(value) else None for value in seen)
    if board.config.reviews_gen.adaptive:  # nobody looks at it while it grows
        looked = None
    found = Power(questions, known, sd is None, POWER, once, looked)
    if not difference:
        return found
    needed = [questions_needed(known, difference, level, POWER, watched=watched) for watched in (False, True)]
    watched = None if board.config.reviews_gen.adaptive else needed[1]
    return replace(found, difference=difference, needed=needed[0], needed_watched=watched)


def _spreads(board: OpenBoard, metric: Metric) -> Iterator[tuple[tuple[str, str], float]]:
    """How much a question's difference varies, for every pair that is decided upon: with the baseline, or any."""
    answers, _ = current_answers(board)
    with ExitStack() as stack:
        rows = counted_rows(list(board_rows(board, answers, open_ledgers(board, stack))))
    rated = [row for row in rows if row.state == "rated"]
    single, options = (
        board.config.reviews_gen.mode == "single",
        rating_options(board.config, claims_of(board, answers).boundary),
    )
    table = (score_table if single else battle_table)(rated, board.group_of)
    evidence = Evidence(table, np.zeros(len(table), dtype=bool))
    models = sorted(table.models)
    base = options.baseline
    pairs = [(model, base) for model in models if model != base] if base in models else combinations(models, 2)
    for new, old in islice(pairs, MOST_PAIRS):
        contrast = evidence.contrast(Compared(new, str(old), metric.name, options, scale_of(board)))
        if contrast is not None and contrast.sd is not None:
            yield (new, str(old)), contrast.sd
