"""When an adaptive board sets a budget: at first, for models that joined, and anew where a larger one is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from arena.board.answers import Answers
from arena.board.budgets import FEW_PER_MODEL, JOINING, Budget, budget_of, check_goal, left_of
from arena.board.cells import Cells, Mask
from arena.board.matches import Ledgers, paid_cells
from arena.board.open import OpenBoard
from arena.reports.board import read_report
from arena.stages.options import RunOptions
from arena.store.schedule_log import LIMITED, Opening, ScheduleLog

SMALLEST_ROUND, ROUNDS, IN_FLIGHT = 200, 50, 4
"""A round is as large as the largest of: this many cells, this part of the budget, so many times what judges have in
flight."""
Note = Callable[[str], None]


def set_budgets(
    board: OpenBoard,
    log: ScheduleLog,
    answers: Answers,
    ledgers: Ledgers,
    cells: Cells,
    options: RunOptions,
    note: Note,
) -> None:
    """Write down what was paid before, and every budget that is due. Raises InputError for one that makes no sense."""
    due = due_budgets(board, log, answers, cells, options, note)
    if due:
        drawn = set(log.cells())
        if paid := [cell for cell in paid_cells(board, answers, ledgers) if cell not in drawn]:
            log.paid(paid)
    for opening in due:
        log.open(opening)


def due_budgets(
    board: OpenBoard, log: ScheduleLog, answers: Answers, cells: Cells, options: RunOptions, note: Note
) -> list[Opening]:
    """The budgets that this invocation sets. Raises InputError for one that makes no sense."""
    named = options.models
    there = [name for name in cells.models if board.candidates[name].entry.enable and answers[name]
             and (named is None or name in named)]  # fmt: skip
    first = log.current(0)
    if options.limit is not None:
        trial = first is None and len(there) > 1
        return _trial(board, log, cells, there, options.limit) if trial else []
    if first is None:
        return [_first(board, cells, there, note)] if len(there) > 1 else []
    known = {name for opening in log.openings if opening.cohort >= 0 for name in opening.models}
    joined = [name for name in there if name not in known]
    return [*_again(board, log, cells, first), *(_joined(board, log, cells, joined) if joined else [])]


def in_scope(log: ScheduleLog, options: RunOptions) -> dict[int, Opening]:
    """The budgets that an invocation may draw from, by cohort."""
    if options.limit is not None:
        trial = log.current(LIMITED) if log.current(0) is None else None
        return {} if trial is None else {LIMITED: trial}
    found, named = dict[int, Opening](), options.models
    for cohort in sorted({opening.cohort for opening in log.openings if opening.cohort >= 0}):
        opening = log.current(cohort)
        if opening is not None and (named is None or {*opening.models} <= {*named}):
            found[cohort] = opening
    return found


def _trial(board: OpenBoard, log: ScheduleLog, cells: Cells, models: list[str], limit: int) -> list[Opening]:
    """A few questions, on a budget of their own, so that a first look at a board is none at its results."""
    budget, known = budget_of(board, cells, models, limit), log.current(LIMITED)
    if known is not None and (known.models, known.cells, known.limit) == (tuple(models), budget.cells, limit):
        return []
    return [_opening(board, cells, LIMITED, models, budget, goal="budget", limit=limit)]


def _first(board: OpenBoard, cells: Cells, models: list[str], note: Note) -> Opening:
    check_goal(board, cells, models)
    budget = budget_of(board, cells, models)
    if budget.cells < FEW_PER_MODEL * len(models):
        note(few_cells(budget.cells, len(models)))
    if cells.scorers and budget.calls >= cells.calls_full:
        note(
            "reward models read each answer once, so judging everything costs no more requests: schedule all tells "
            "more models apart"
        )
    for a, b in strangers(cells)[:3]:
        note(f"{a} and {b} have no question in common: they are compared through the others alone")
    return _opening(board, cells, 0, models, budget)


def few_cells(cells: int, models: int) -> str:
    """The warning about a budget that is too small for intervals."""
    return (
        f"{cells} cells for {models} models are fewer than {FEW_PER_MODEL} for each: do not expect intervals that say "
        "anything"
    )


def _joined(board: OpenBoard, log: ScheduleLog, cells: Cells, models: list[str]) -> list[Opening]:
    inside = np.array([name in models for name in cells.models], dtype=bool)
    with_them = (inside[:, None] | inside[None, :])[:, :, None]
    there = cells.possible & ~cells.free & ~cells.mask(log.cells()) & with_them
    count = min(int(there.sum()), JOINING * len(models) * len(cells.questions))
    cohort = max(0, *(opening.cohort for opening in log.openings)) + 1
    budget = Budget(count, cells.requests(count, there))
    return [_opening(board, cells, cohort, models, budget, goal="budget")] if count else []


def _again(board: OpenBoard, log: ScheduleLog, cells: Cells, before: Opening) -> list[Opening]:
    """Another budget in numbers, or another goal, is a new stage; if results were seen, its claims are those of a board
    that may stop early. A smaller budget than is spent changes nothing."""
    wanted = board.config.reviews_gen.schedule
    models = [name for name in before.models if name in cells.models]
    budget = Budget(before.cells, before.calls)
    if isinstance(wanted.calls, int) and wanted.calls != before.calls:
        other, left = budget_of(board, cells, models), left_of(cells, log, before)
        if other.cells > before.cells or before.cells - left < other.cells < before.cells:
            budget = other
    goal = wanted.goal, wanted.share if wanted.goal == "separations" else 0, wanted.k if wanted.goal == "top" else 0
    known = before.goal, before.share if before.goal == "separations" else 0, before.k if before.goal == "top" else 0
    if budget.cells == before.cells and (goal == known or wanted.goal == "budget"):
        return []
    check_goal(board, cells, models)
    seen = before.looked or before.goal != "budget" or looked_at(board)
    return [_opening(board, cells, 0, models, budget, stage=before.stage + 1, looked=seen)]


def _opening(
    board: OpenBoard, cells: Cells, cohort: int, models: Iterable[str], budget: Budget, *, goal: str | None = None,
    stage: int = 1, limit: int | None = None, looked: bool = False,
) -> Opening:  # fmt: skip
    wanted = board.config.reviews_gen.schedule
    judges = [judge for judge in board.judges.values() if judge.enable and not judge.replays]
    flight = IN_FLIGHT * sum(judge.in_flight for judge in judges) // max(1, cells.requests(1))
    batch = wanted.batch or max(SMALLEST_ROUND, flight, budget.cells // ROUNDS)
    return Opening(
        stage, cohort, board.config.seed, tuple(models), goal or wanted.goal, wanted.share, wanted.k, budget.cells,
        budget.calls, batch, limit, looked,
    )  # fmt: skip


def looked_at(board: OpenBoard) -> bool:
    """Whether results of this schedule stand in the board's reports."""
    report = read_report(board.review_folder.reports / "leaderboard.json")
    about = None if report is None else report.stored.get("schedule")
    calls = about.get("calls") if isinstance(about, dict) else None
    return isinstance(calls, int) and calls > 0


def strangers(cells: Cells) -> list[tuple[str, str]]:
    """Enabled models that no judge can compare on any question."""
    met: Mask = cells.possible.sum(axis=2) > 0
    busy = np.flatnonzero(met.sum(axis=1)).tolist()
    return [(cells.models[i], cells.models[j]) for i in busy for j in busy if i < j and not (met[i, j] or met[j, i])]
