"""What an adaptive board would still ask, and what all pairs or a baseline would ask in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import NamedTuple

import numpy as np

from arena.board.answers import Answers
from arena.board.budgets import ECONOMY, FEWEST_QUESTIONS, USUAL, check_calls, left_of
from arena.board.cells import Cells, cells_of
from arena.board.drawn import orders_of, schedule_of
from arena.board.matches import Ledgers, Match, matches_of, models_on_board, paid_cells
from arena.board.open import OpenBoard
from arena.errors import InputError
from arena.judging.adaptive import Offer
from arena.judging.schedule import SCHEDULES
from arena.stages.cohorts import due_budgets, in_scope
from arena.stages.options import RunOptions
from arena.store.schedule_log import Round, ScheduleLog

WORTH, COUNTED = 5, 20_000_000
"""All pairs have other schedules set beside them from so many models on, and up to so many cells."""
SAMPLED = 1_000
"""Cells whose requests are written out, at most; the others are taken to be like them."""


class Expected(NamedTuple):
    """Shares of the pairs that judging everything tells apart, as `measurements/adaptive.py` found them."""

    economy: float
    usual: float
    baseline: float


MEASURED: Mapping[tuple[int, int], Expected] = {
    (8, 80): Expected(0.88, 0.92, 0.75),
    (8, 200): Expected(0.93, 0.96, 0.85),
    (8, 500): Expected(0.97, 0.98, 0.91),
    (20, 80): Expected(0.84, 0.89, 0.73),
    (20, 200): Expected(0.91, 0.94, 0.83),
    (20, 500): Expected(0.95, 0.96, 0.89),
    (50, 80): Expected(0.82, 0.86, 0.71),
    (50, 200): Expected(0.89, 0.92, 0.82),
    (50, 500): Expected(0.93, 0.95, 0.88),
}
"""By models and questions: means over what was simulated."""


@dataclass(frozen=True, slots=True)
class Way:
    """One schedule, as the plan sets it beside others."""

    name: str
    calls: int
    share: float | None
    """Expected part of the pairs that judging everything tells apart."""


@dataclass(frozen=True, slots=True)
class Coming:
    """What this invocation would draw."""

    cells: int
    """Cells that may need a call."""
    calls: int
    sample: tuple[Match, ...]
    """Requests of some of them."""
    weight: float
    """How many of all stand behind each of the sample."""
    scores: int
    """Answers that each reward model would read."""
    ways: tuple[Way, ...]
    notes: tuple[str, ...]


def coming(board: OpenBoard, answers: Answers, ledgers: Ledgers, options: RunOptions) -> Coming:
    """What an adaptive run would draw beyond what is drawn. Raises InputError for a budget or a goal that is none."""
    notes = list[str]()
    cells, stored = cells_of(board, answers), schedule_of(board).log
    due = due_budgets(board, stored, answers, cells, options, notes.append)
    paid = Round(0, None, 0, "", tuple(paid_cells(board, answers, ledgers) if due else ()))
    known = ScheduleLog(stored.path, [*stored.openings, *due], [*stored.rounds, paid], stored.stops)
    scope = [o for c, o in in_scope(known, options).items() if known.stopped(c) is None]
    left = [(opening, left_of(cells, known, opening)) for opening in scope]
    total = sum(count for _, count in left)
    drawn, reach = [], np.zeros_like(cells.possible)
    for opening, count in left:
        inside = np.array([name in opening.models for name in cells.models], dtype=bool)
        either = inside[:, None] | inside[None, :] if opening.cohort > 0 else inside[:, None] & inside[None, :]
        possible = cells.possible & ~cells.free
        if opening.limit is not None:
            possible[:, :, opening.limit :] = False
        reach |= possible & either[:, :, None]
        offer = Offer.of(possible, cells.mask(known.cells()), either)
        some = max(1, SAMPLED * count // max(total, 1)) if total > SAMPLED else count
        drawn += SCHEDULES["adaptive"].draw(offer, None, some, np.random.default_rng(board.config.seed))
    names = [(cells.questions[c.question], cells.models[c.first], cells.models[c.second]) for c in drawn]
    sample = tuple(matches_of(board, answers, ledgers, orders_of(names)))
    before = cells.mask(known.cells()) & ~cells.free
    scores = min(cells.scores(total), cells.scored(reach | before) - cells.scored(before))
    return Coming(
        total, cells.requests(total) - cells.scores(total) + scores, sample, total / max(1, len(drawn)),
        scores // max(1, cells.scorers), ways(board, cells, known), tuple(notes),
    )  # fmt: skip


def ways(board: OpenBoard, cells: Cells, known: ScheduleLog | None = None) -> tuple[Way, ...]:
    """All pairs, baseline mode and the adaptive schedule side by side; where all pairs are asked in one order only,
    nobody measured what the others find of it."""
    m, q, there = len(cells.models), len(cells.questions), cells.possible & ~cells.free
    opening = None if known is None else known.current(0)
    count = min(cells.n_full, USUAL * m * q) if opening is None else opening.cells
    orders = 1 if board.config.reviews_gen.asked_order in ("fixed", "random") else 2
    asked = there if orders == 2 else there & np.triu(np.ones((m, m), dtype=bool))[:, :, None]
    measured = measured_near(m, q)
    shares = measured.baseline, _share(count / max(1, m * q), cells.n_full / max(1, m * q), measured)
    baseline, adaptive = shares if orders == 2 else (None, None)
    return (
        Way("all pairs", cells.charged(asked)[1], 1.0),
        Way("baseline", cells.requests(orders * (m - 1) * q, there), baseline),
        Way("adaptive", cells.requests(count, there), adaptive),
    )


def beside_all_pairs(board: OpenBoard, answers: Answers) -> tuple[Way, ...]:
    """The same for a board that asks about all pairs; nothing where an adaptive schedule has nothing to save."""
    reviews, m = board.config.reviews_gen, len(models_on_board(board, answers))
    compared = reviews.mode == "pairwise" and reviews.asked_order not in ("recorded", "adaptive")
    if not compared or m < WORTH or m * m * len(board.questions) > COUNTED:
        return ()
    everything, baseline, adaptive = ways(board, cells_of(board, answers))
    return (everything, baseline, adaptive) if adaptive.calls < everything.calls else ()


def measured_near(models: int, questions: int) -> Expected:
    """The measured setting that is nearest, by ratios."""

    def distance(setting: tuple[int, int]) -> float:
        return abs(log(setting[0] / max(1, models))) + abs(log(setting[1] / max(1, questions)))

    return MEASURED[min(MEASURED, key=distance)]


def _share(cells: float, full: float, measured: Expected) -> float:
    """Between what was measured: nothing without a call, everything where everything is judged."""
    points = [(0.0, 0.0), (float(ECONOMY), measured.economy), (float(USUAL), measured.usual)]
    places, shares = zip(*[point for point in points if point[0] < full], (full, 1.0), strict=True)
    return float(np.interp(cells, places, shares))


def check_schedule(board: OpenBoard, answers: Answers) -> None:
    """Raises InputError for what can be known to be wrong with a schedule before anybody answers."""
    schedule, cells = board.config.reviews_gen.schedule, cells_of(board, answers)
    there = sum(board.candidates[name].entry.enable for name in cells.models)
    if schedule_of(board).log.current(0) is None:
        check_calls(board, cells, there)
    place = f"{board.loaded.path}: reviews_gen.schedule"
    if schedule.goal != "budget" and len(cells.questions) < FEWEST_QUESTIONS:
        raise InputError(
            f"{place}.goal: {schedule.goal} needs {FEWEST_QUESTIONS} questions, there are {len(cells.questions)}; "
            "goal budget needs none"
        )
    if schedule.goal == "top" and schedule.k >= there:
        raise InputError(f"{place}.k: found {schedule.k}, allowed: fewer than the {there} enabled models")
