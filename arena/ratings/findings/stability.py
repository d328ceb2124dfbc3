"""How few questions decide between neighbours, and whether the leader stands without a category or a judge.

A board may be significant and still hang on a handful of questions. The questions whose scores speak most for the
better of two neighbours are found by their influence, taken out, and the order is fitted again without them
(Broderick, Giordano & Meager 2020, arXiv 2011.14999; Huang, Shen, Wei & Broderick 2025, arXiv 2508.11847, for
Bradley–Terry). It is an upper bound: another set may be smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Literal, TypeVar

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray
from arena.ratings.data.score_table import ScoreTable
from arena.ratings.data.table import BattleTable, Coded
from arena.ratings.methods.refits import Refits
from arena.ratings.results import Leaderboard, Neighbours, Stability

ALL_UP_TO = 50
"""Every pair of neighbours is looked at among so many models; among more the first ones."""
OF_MANY = 20
NAMED = 20
"""Sets of so many questions are named one by one."""
MOST_PARTS = 50
"""More categories or judges than this are not left out one by one."""
_SMALL = 4
"""A set of more than one in so many questions is not small."""
_LEVEL = 1e-9
_GUESSES = 8
"""So many sizes of a set are tried by what the last one left; then the interval in question is halved."""


def stability(
    models: Sequence[str], refits: Refits, questions: Sequence[str] | None,
    without: Callable[[str], Mapping[str, Mapping[str, str | None]]],
) -> Stability | None:  # fmt: skip
    """What the order of a board rests on; None where no two models are in order.

    `questions` are the names of the codes, None where rows have none. `without` says of the leader who leads without
    each part, by what the parts are: {"category": {"math": "A"}}.
    """
    placed = in_order(models, refits.key, refits.group)
    if len(placed) < 2:
        return None
    n, places = len(refits.asked), []
    shown = placed if len(placed) <= ALL_UP_TO else placed[: OF_MANY + 1]
    for place, (i, j) in enumerate(pairwise(shown), 1):
        gone = fewest(refits, i, j, n // _SMALL)
        k = None if gone is None else len(gone)
        places.append(Neighbours(place, models[i], models[j], k, _named(gone, questions)))
    parts = without(models[placed[0]])
    unit: Literal["questions", "battles"] = "battles" if questions is None else "questions"
    return Stability(unit, n, tuple(places), parts.get("category", {}), parts.get("judge", {}))


def in_order(models: Sequence[str], key: FloatArray, group: IntArray) -> list[int]:
    """The models of the largest set that can be compared, the best first, as the board shows them."""
    there = np.flatnonzero((group == 0) & ~np.isnan(key)).tolist()
    slack = _LEVEL * (1.0 + float(np.abs(key[there]).max(initial=0.0)))
    return sorted(there, key=lambda i: (int((key[there] > key[i] + slack).sum()), models[i]))


def fewest(refits: Refits, better: int, worse: int, most: int) -> IntArray | None:
    """Questions without which the worse of two is ahead, the one that decides most first; None: not with `most`.

    One fewer of them does not do it. Models that are level need none.
    """
    gap = float(refits.key[better] - refits.key[worse])
    slack = _LEVEL * (1.0 + abs(float(refits.key[better])))
    if gap <= slack:
        return np.zeros(0, dtype=np.int64)
    influence = refits.influence(better, worse)
    size = float(np.abs(influence).max(initial=0.0))
    order = np.flatnonzero(influence > 0)
    order = order[np.argsort(-np.round(influence[order] / max(size, 1e-300), 9), kind="stable")][:most]
    if not len(order):
        return None
    left, moved = refits.without(order, better, worse), np.cumsum(influence[order])
    low, high, needed, tried = 0, len(order) + 1, gap, 0
    while high - low > 1:
        nearest = int(np.searchsorted(moved, needed, "right")) + 1  # so many move as much as is needed, to first order
        k = min(max(nearest, low + 1), high - 1) if tried < _GUESSES else (low + high) // 2
        now, tried = left(k), tried + 1
        low, high = (low, k) if now < -slack else (k, high)
        needed = float(moved[k - 1]) + now
    return order[:high].astype(np.int64) if high <= len(order) else None


T = TypeVar("T", BattleTable, ScoreTable)


def leaders(table: T, parts: Coded | None, leader: str, rater: Callable[[T], Leaderboard]) -> dict[str, str | None]:
    """Who leads without each part of the rows, by its name; None where `leader` can then not be compared.

    Of several that are level it is `leader`. Empty where there is one part, or too many.
    """
    there = [] if parts is None else np.flatnonzero(np.bincount(parts.codes[parts.codes >= 0])).tolist()
    if parts is None or not 1 < len(there) <= MOST_PARTS:
        return {}
    return {parts.names[code]: _leader(rater(table.select(parts.codes != code)), leader) for code in there}


def _leader(board: Leaderboard, leader: str) -> str | None:
    now = next((row for row in board.models if row.model == leader), None)
    if now is None or now.rank is None or now.component is None:
        return None
    if now.rank == 1:
        return leader
    return next(row.model for row in board.models if row.rank == 1 and row.component == now.component)


def _named(gone: IntArray | None, questions: Sequence[str] | None) -> tuple[str, ...]:
    if gone is None or questions is None or len(gone) > NAMED:
        return ()
    return tuple(questions[code] for code in gone.tolist())
