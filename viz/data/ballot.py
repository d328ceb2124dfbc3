"""Which battle a voter sees next, and which side is left: decided without showing anything about it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from arena.store.votes import Pair, Votes, pair_key
from arena.terms import PANEL
from viz.data.board import Board
from viz.data.counting import winners_of_judges
from viz.data.rows import EXCLUDED, RATED


@dataclass(frozen=True, slots=True)
class Ballot:
    """One blind battle."""

    row: int
    left: Literal["model_a", "model_b"]


def next_ballot(board: Board, rows: NDArray[np.intp], votes: Votes, voter: str, seed: int) -> Ballot | None:
    """A battle of different answers that this voter has not seen; None when there is none left.

    Battles on which the orders or the judges disagree come first, in an order that differs between voters.
    """
    open_rows = _one_row_per_battle(board, rows)
    seen = {pair for (who, pair) in votes.latest() if who == voter}
    waiting = [row for row in open_rows.tolist() if pair_key(*pair_of(board, row)) not in seen]
    if not waiting:
        return None
    contested = _contested(board, rows)
    draw = random.Random(f"{seed}\n{voter}\n{len(seen)}")
    first = [row for row in waiting if _battle(board, row) in contested]
    row = draw.choice(first or waiting)
    return Ballot(row, "model_a" if draw.random() < 0.5 else "model_b")


def pair_of(board: Board, row: int) -> Pair:
    """Question and models of a row, the way round it has them."""
    rows, names = board.rows, board.names
    return (
        names.questions[rows.question[row]],
        names.models[rows.model_a[row]],
        names.models[rows.model_b[row]],
    )


def _battle(board: Board, row: int) -> tuple[int, int, int, int]:
    rows = board.rows
    return int(rows.question[row]), int(rows.model_a[row]), int(rows.model_b[row]), int(rows.sample[row])


def _one_row_per_battle(board: Board, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """The first row of every battle whose two answers exist and differ."""
    r = board.rows
    rows = rows[(r.model_b[rows] >= 0) & (r.sample[rows] == 0) & _answered(board, rows)]
    m = len(board.names.models)
    key = (r.question[rows].astype(np.int64) * m + r.model_a[rows]) * m + r.model_b[rows]
    _, first = np.unique(key, return_index=True)
    alike = np.isin(key[first], key[r.identical[rows] > 0])
    return np.asarray(rows[np.sort(first[~alike])])


def _answered(board: Board, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    missing = [code for code, name in enumerate(board.names.reasons) if name.startswith("answer_")]
    r = board.rows
    return np.asarray(~((r.state[rows] == EXCLUDED) & np.isin(r.reason[rows], missing)))


def _contested(board: Board, rows: NDArray[np.intp]) -> set[tuple[int, int, int, int]]:
    """Battles on which the two orders, or two judges, name different winners."""
    r = board.rows
    found = {_battle(board, row) for row in rows[(r.consistent[rows] == 0) & (r.state[rows] == RATED)].tolist()}
    said = winners_of_judges(board, rows)
    judges: Sequence[str] = [judge for judge in said if judge != PANEL]
    for number, one in enumerate(judges):
        for other in judges[number + 1 :]:
            both = said[one].keys() & said[other].keys()
            found |= {battle for battle in both if said[one][battle] != said[other][battle]}
    return found
