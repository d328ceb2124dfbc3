"""How far an adaptive board is: what its budgets are, what of them is spent, and what that makes of its claims."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from arena.board.answers import Answers
from arena.board.cells import Cells, Mask, cells_of
from arena.board.drawn import schedule_of
from arena.board.open import OpenBoard
from arena.errors import InputError
from arena.judging.adaptive import early_boundary
from arena.store.schedule_log import Opening, ScheduleLog

USUAL, ECONOMY, JOINING = 3, 2, 2
"""Cells for every model and question: as usual, in economy, and for a model that joins."""
FEW_PER_MODEL = 10
"""Below so many cells for every model intervals cannot be expected."""
FEWEST_QUESTIONS = 20
"""Before every model was seen on so many questions no goal is looked at."""
HOPELESS = 0.5
"""Where fewer pairs than this can be expected to come apart, calls no longer help."""


class Budget(NamedTuple):
    """How much is to be drawn."""

    cells: int
    calls: int


def budget_of(board: OpenBoard, cells: Cells, models: Sequence[str], limit: int | None = None) -> Budget:
    """What the config's `calls` come to for some models, on the first `limit` questions.

    A number is never passed; `economy` and null count cells. Raises InputError where nobody would meet.
    """
    schedule = board.config.reviews_gen.schedule
    inside, asked = _inside(cells, models), len(cells.questions) if limit is None else min(limit, len(cells.questions))
    there = cells.possible & ~cells.free & (inside[:, None] & inside[None, :])[:, :, None]
    there[:, :, asked:] = False
    full, m = int(there.sum()), int(inside.sum())
    if isinstance(schedule.calls, int) and limit is None:
        check_calls(board, cells, m)
        return Budget(min(full, cells.within(schedule.calls, there)), schedule.calls)
    count = min(full, (ECONOMY if schedule.calls == "economy" else USUAL) * m * asked)
    return Budget(count, cells.requests(count, there))


def check_calls(board: OpenBoard, cells: Cells, models: int) -> None:
    """Raises InputError where the config's calls are too few for everybody to meet somebody."""
    calls = board.config.reviews_gen.schedule.calls
    if isinstance(calls, int) and (found := cells.within(calls)) < models:
        raise InputError(
            f"{board.loaded.path}: reviews_gen.schedule.calls: found {calls}, which is {found} cells for "
            f"{models} models, allowed: at least {cells.requests(models)}; below that nobody would meet"
        )


def check_goal(board: OpenBoard, cells: Cells, models: Sequence[str]) -> None:
    """Raises InputError for a goal that the answers there are cannot reach."""
    schedule, place = board.config.reviews_gen.schedule, f"{board.loaded.path}: reviews_gen.schedule"
    if schedule.goal == "top" and schedule.k >= len(models):
        raise InputError(f"{place}.k: found {schedule.k}, allowed: fewer than the {len(models)} models with answers")
    if schedule.goal == "budget" or not models:
        return
    inside = np.flatnonzero(_inside(cells, models))
    met = cells.possible[np.ix_(inside, inside)].any(axis=1).sum(axis=1)
    if (fewest := int(met.min(initial=len(cells.questions)))) < FEWEST_QUESTIONS:
        raise InputError(
            f"{place}.goal: {schedule.goal} needs {FEWEST_QUESTIONS} questions on which every model can be compared, "
            f"{cells.models[inside[int(met.argmin())]]} has {fewest}; goal budget needs none"
        )


class Claims(NamedTuple):
    """What may be claimed of a board that drew its battles."""

    boundary: float = 1.0
    """Factor on every interval."""
    finished: bool = True
    """Whether nothing more is to be drawn."""


UNLIMITED = Claims()
"""Where everything is judged nothing stands against any claim."""


def claims_of(board: OpenBoard, answers: Answers) -> Claims:
    """Of a board as its files say."""
    if not board.config.reviews_gen.adaptive:
        return UNLIMITED
    cells, log = cells_of(board, answers), schedule_of(board).log
    return Claims(round(boundary_of(cells, log), 6), stopped_by(cells, log) is not None)


def spent_mask(cells: Cells, log: ScheduleLog, opening: Opening) -> Mask:
    """The cells that were drawn from a cohort's budget: for the first models also what was there before."""
    first = opening.cohort <= 0
    found = cells.mask(
        cell
        for drawn in log.rounds
        if drawn.cohort == opening.cohort or (first and (drawn.cohort or 0) <= 0)
        for cell in drawn.cells
    )
    if opening.limit is not None:
        found[:, :, opening.limit :] = False
    return found


def left_of(cells: Cells, log: ScheduleLog, opening: Opening) -> int:
    """Cells of a cohort's budget that are not spent."""
    return max(0, opening.cells - cells.charged(spent_mask(cells, log, opening))[0])


def spent_share(cells: Cells, log: ScheduleLog, opening: Opening) -> float:
    """The part of a cohort's budget that is spent."""
    return 1 - left_of(cells, log, opening) / max(1, opening.cells)


def boundary_of(cells: Cells, log: ScheduleLog) -> float:
    """What the intervals of an adaptive board are multiplied by: 1 at a planned budget, more where a run may stop on
    what it sees, or went on after it had been seen."""
    first = log.current(0)
    if first is None or (first.goal == "budget" and not log.boundary_since):
        return 1.0
    return early_boundary(spent_share(cells, log, first))


def stopped_by(cells: Cells, log: ScheduleLog) -> str | None:
    """Why nothing more is drawn; None while something is."""
    cohorts = sorted({opening.cohort for opening in log.openings if opening.cohort >= 0})
    reasons = list[str]()
    for cohort in cohorts:
        opening, stop = log.current(cohort), log.stopped(cohort)
        assert opening is not None
        if stop is None and left_of(cells, log, opening) > 0:
            return None
        reasons.append("budget" if stop is None else stop.why)
    return reasons[0] if reasons else None


def _inside(cells: Cells, models: Sequence[str]) -> Mask:
    return np.array([name in models for name in cells.models], dtype=bool)
