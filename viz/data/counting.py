"""What pages count over rows: who beats whom, how steady judges are, who agrees with whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arena.errors import DataError
from arena.ratings import BattleTable
from arena.ratings.findings.agreement import Agreement, agreement
from arena.ratings.intervals.means import Mean, clustered_share
from arena.reports.page.health import DECIDED
from arena.store.votes import Votes
from arena.terms import PANEL
from viz.data.board import Board
from viz.data.ranking import battle_table
from viz.data.rows import NONE, PENDING, RATED, TIED, Rows

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Row model against column model; NaN where they never met."""

    models: tuple[str, ...]
    share: Floats
    """Mean outcome of the row model."""
    battles: NDArray[np.int64]


def meetings(board: Board, chosen: NDArray[np.intp], models: Sequence[str]) -> Matrix:
    """The matrix of mean outcomes over the rated rows."""
    rows = board.rows.take(chosen)
    rows = rows.take(rows.state == RATED)
    m = len(board.names.models)
    cell = rows.model_a.astype(np.int64) * m + rows.model_b
    battles = np.bincount(cell, minlength=m * m).reshape(m, m)
    points = np.bincount(cell, weights=rows.outcome, minlength=m * m).reshape(m, m)
    total = battles + battles.T
    won = points + (battles.T - points.T)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = won / total
    order = [board.codes[model] for model in models]
    return Matrix(tuple(models), share[np.ix_(order, order)], total[np.ix_(order, order)])


def outcomes_of(board: Board, chosen: NDArray[np.intp], one: str, other: str) -> tuple[Floats, NDArray[np.intp]]:
    """The outcomes of one model against another over the rated rows, in the frame of `one`, and their rows."""
    rows = board.rows
    a, b = board.codes[one], board.codes[other]
    picked = chosen[rows.state[chosen] == RATED]
    straight = picked[(rows.model_a[picked] == a) & (rows.model_b[picked] == b)]
    swapped = picked[(rows.model_a[picked] == b) & (rows.model_b[picked] == a)]
    return np.concatenate([rows.outcome[straight], 1 - rows.outcome[swapped]]), np.concatenate([straight, swapped])


def share_by_group(board: Board, outcomes: Floats, picked: NDArray[np.intp], level: float) -> list[tuple[str, Mean]]:
    """Mean outcome per category group, with intervals clustered by question; the largest group first."""
    groups, group_of = board.group_of_category()
    code = group_of[board.rows.category[picked]]
    found = []
    for number, group in enumerate(groups):
        inside = code == number
        if inside.any():
            found.append((group, clustered_share(outcomes[inside], board.rows.question[picked][inside], level)))
    return sorted(found, key=lambda entry: -entry[1].n)


@dataclass(frozen=True, slots=True)
class JudgeHealth:
    """How steady one judge is: shares of its battles and of its replies, with intervals clustered by question."""

    judge: str
    rows: int
    """What it was to decide: battles (scores) whose answers are there and differ."""
    replies: int
    """One per order and sample: what it said in the end, after a repair or another try."""
    consistency: Mean
    """Both orders name the same winner."""
    first_slot: Mean
    """Share of points for what was shown first; ½ is fair."""
    ties: Mean
    """Rated battles that ended in a tie."""
    unparsed: Mean
    """Replies without a verdict."""
    failed: Mean
    """Replies that never came."""
    longer_wins: Mean
    """Share of points for the longer answer; NaN rows are answers of equal length."""
    score: float | None = None
    """Single mode: its mean score."""


def judge_health(board: Board, chosen: NDArray[np.intp], level: float) -> list[JudgeHealth]:
    """One entry per judge among the rows; a panel has no orders and is left out."""
    found = []
    reasons = [NONE, *(code for code, reason in enumerate(board.names.reasons) if reason in DECIDED)]
    for code, judge in enumerate(board.names.judges):
        rows = board.rows.take(chosen[board.rows.judge[chosen] == code])
        if len(rows) and judge != PANEL:
            found.append(_health(judge, rows, level, reasons))
    return found


def _health(judge: str, rows: Rows, level: float, reasons: Sequence[int]) -> JudgeHealth:
    scored = np.isfinite(rows.score)
    verdicts = rows.first.astype(int) + rows.second + rows.tie
    replies = verdicts + scored + rows.unparsed + rows.failed
    unseen = (rows.identical > 0) & (replies == 0)
    decided = (rows.state != PENDING) & np.isin(rows.reason, reasons) & ~unseen
    tied = np.where(decided & (rows.state == RATED) & (rows.winner >= 0), rows.winner == TIED, np.nan)
    q = rows.question
    return JudgeHealth(
        judge, int(decided.sum()), int(replies.sum()),
        clustered_share(same_winner(rows), q, level), clustered_share(first_slot(rows), q, level),
        clustered_share(tied, q, level),
        _of_replies(rows.unparsed, replies, q, level), _of_replies(rows.failed, replies, q, level),
        clustered_share(_longer(rows), q, level), float(rows.score[scored].mean()) if scored.any() else None,
    )  # fmt: skip


def _of_replies(ended: NDArray[np.int8], replies: NDArray[np.int64], q: NDArray[np.int32], level: float) -> Mean:
    """The share of all replies that ended so: a battle has as many as it has orders."""
    found = np.zeros(int(replies.sum()))
    start = np.cumsum(replies) - replies
    for nth in range(int(ended.max(initial=0))):
        found[start[ended > nth] + nth] = 1.0
    return clustered_share(found, np.repeat(q, replies), level)


def same_winner(rows: Rows) -> Floats:
    """1 where both orders name the same winner, 0 where not, NaN with one order."""
    return np.where(rows.consistent < 0, np.nan, rows.consistent.astype(float))


def first_slot(rows: Rows) -> Floats:
    """Share of points for what was shown first, of battles with both orders; NaN elsewhere."""
    result: Floats = (rows.outcome_a_first + 1 - rows.outcome_b_first) / 2
    return result


def _longer(rows: Rows) -> Floats:
    """Points of the longer answer; NaN without lengths, with equal lengths or without an outcome."""
    longer_a = rows.length_a > rows.length_b
    known = (rows.length_a != rows.length_b) & np.isfinite(rows.length_a) & np.isfinite(rows.length_b)
    return np.where(known & (rows.state == RATED), np.where(longer_a, rows.outcome, 1 - rows.outcome), np.nan)


def length_curve(rows: Rows, level: float, bins: int = 9) -> list[tuple[float, Mean]]:
    """Mean outcome of model a by how much longer its answer is (as a ratio), in bins of equal size."""
    rows = rows.take((rows.state == RATED) & (rows.length_a > 0) & (rows.length_b > 0))
    if len(rows) < 5 * bins:
        return []
    ratio = np.log2(rows.length_a.astype(float) / rows.length_b)
    both = np.concatenate([ratio, -ratio])  # every battle from both sides: the curve is symmetric by construction
    outcome, question = np.concatenate([rows.outcome, 1 - rows.outcome]), np.tile(rows.question, 2)
    edges = np.unique(np.quantile(both, np.linspace(0, 1, bins + 1)))
    if len(edges) < 3:
        return []
    number = np.clip(np.searchsorted(edges, both, side="right") - 1, 0, len(edges) - 2)
    return [
        (float(2 ** both[number == n].mean()), clustered_share(outcome[number == n], question[number == n], level))
        for n in range(len(edges) - 1)
        if (number == n).any()
    ]


def winners_of_judges(board: Board, chosen: NDArray[np.intp]) -> dict[str, dict[tuple[int, int, int, int], int]]:
    """What every judge (the panel too) says about each battle: {judge: {battle: 0, 1 or 2}}."""
    rows = board.rows.take(chosen)
    said: dict[str, dict[tuple[int, int, int, int], int]] = {}
    for code, judge in enumerate(board.names.judges):
        mine = rows.take((rows.judge == code) & (rows.winner >= 0))
        keys = zip(
            mine.question.tolist(), mine.model_a.tolist(), mine.model_b.tolist(), mine.sample.tolist(), strict=True
        )
        if len(mine):
            said[judge] = dict(zip(keys, mine.winner.tolist(), strict=True))
    return said


def judge_table(board: Board, chosen: NDArray[np.intp], judge: str) -> BattleTable:
    """What one judge (or the panel) says about the rows, as battles."""
    code = board.names.judges.index(judge)
    rows = board.rows
    return battle_table(board, chosen[(rows.judge[chosen] == code) & (rows.state[chosen] == RATED)])


def people_table(votes: Votes) -> BattleTable | None:
    """What people say: every vote that counts is a battle; None without any. Both bad is a tie."""
    counted = votes.counted()
    if not counted:
        return None
    return BattleTable.of_outcomes([vote.pair for vote in counted], [vote.first_wins for vote in counted])


def agreement_of(one: BattleTable, other: BattleTable, level: float) -> Agreement | None:
    """How two raters agree on winners; None without a common battle. The boards' correlations are not resampled."""
    try:
        return agreement(one, other, level=level, bootstraps=0)
    except DataError:
        return None
