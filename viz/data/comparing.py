"""Two boards battle by battle, over their indexes: a board's size does not matter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arena.battles.counted import counted_codes
from arena.errors import DataError
from arena.reports.board import read_report
from arena.reports.diff import BoardDiff, BoardFile, ChangedBattle, compare_boards
from viz.data.board import index_of
from viz.data.rows import RATED, TIED, WON_A, Names, Rows

Index = tuple[Rows, Names]


class Compared(NamedTuple):
    """The second board seen from the first."""

    boards: BoardDiff
    """Models and ranks; its battles are empty: they are counted here."""
    both: int
    """Battles rated on both boards."""
    same: int
    """Of those, how many have the same winner."""
    changed: tuple[ChangedBattle, ...]
    """The first of the others, by question."""


def compare(before: Path, after: Path, most: int) -> Compared:
    """Two board folders; at most `most` changed battles are named. Raises DataError where one is not rated."""
    boards = compare_boards(_leaderboard(before), _leaderboard(after))
    old, new = _index(before), _index(after)
    if old is None or new is None:
        return Compared(boards, 0, 0, ())
    old_rows, new_rows = _same_battles(old, new)
    changed = np.flatnonzero(old[0].winner[old_rows] != new[0].winner[new_rows])
    named = sorted(
        (_changed(old, new, int(old_rows[place]), int(new_rows[place])) for place in changed),
        key=lambda c: (c.question_id, c.model_a, c.model_b, c.sample),
    )
    return Compared(boards, len(old_rows), len(old_rows) - len(changed), tuple(named[:most]))


def _leaderboard(board: Path) -> BoardFile:
    path = board / "reports" / "leaderboard.json"
    report = read_report(path)
    if report is None:
        raise DataError(f"{path}: nothing has been rated there yet")
    return BoardFile(path, report, ())


def _index(board: Path) -> Index | None:
    path = board / "reports" / "battles.jsonl"
    if not path.is_file():
        return None
    rows, names = index_of("pairs", path)
    return _by_name(rows, names), names


def _by_name(rows: Rows, names: Names) -> Rows:
    """The same battles with the models by code point: one that met the baseline may stand the other way round."""
    place = np.argsort(np.argsort(np.array(names.models, dtype=object))) if names.models else np.zeros(0, dtype=int)
    turned = place[rows.model_a] > place[rows.model_b]
    winner = np.where(turned & (rows.winner >= 0) & (rows.winner != TIED), 1 - rows.winner, rows.winner)
    return replace(
        rows,
        model_a=np.where(turned, rows.model_b, rows.model_a),
        model_b=np.where(turned, rows.model_a, rows.model_b),
        text_a=np.where(turned, rows.text_b, rows.text_a),
        text_b=np.where(turned, rows.text_a, rows.text_b),
        winner=winner,
    )


def _same_battles(old: Index, new: Index) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows of the battles rated on both boards, side by side."""
    questions = _codes([*old[1].questions, *new[1].questions])
    models = _codes([*old[1].models, *new[1].models])
    samples = 1 + max(int(rows.sample.max(initial=0)) for rows, _ in (old, new))
    (first, first_rows), (second, second_rows) = (_places(side, questions, models, samples) for side in (old, new))
    _, left, right = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    return first_rows[left], second_rows[right]


def _codes(names: list[str]) -> dict[str, int]:
    return {name: code for code, name in enumerate(dict.fromkeys(names))}


def _places(
    index: Index, questions: dict[str, int], models: dict[str, int], samples: int
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """One number per rated battle, the same on every board, and its row; of several rows the last counts."""
    rows, names = index
    counted = _counted(rows, names)
    mine = rows.take(counted)
    question = np.array([questions[name] for name in names.questions], dtype=np.int64)
    model = np.array([models[name] for name in names.models], dtype=np.int64)
    place = question[mine.question] * len(models) + model[mine.model_a]
    place = (place * len(models) + model[mine.model_b]) * samples + mine.sample
    distinct, last = np.unique(place[::-1], return_index=True)
    return distinct, counted[len(counted) - 1 - last]


def _counted(rows: Rows, names: Names) -> NDArray[np.intp]:
    """The rated rows that a board counts."""
    return np.flatnonzero((rows.state == RATED) & counted_codes(names.judges, rows.judge))


def _changed(old: Index, new: Index, before: int, after: int) -> ChangedBattle:
    rows, names = new
    a, b = names.models[rows.model_a[after]], names.models[rows.model_b[after]]
    answers = ((old[0].text_a[before], old[0].text_b[before]), (rows.text_a[after], rows.text_b[after]))
    return ChangedBattle(
        names.questions[rows.question[after]], a, b, int(rows.sample[after]),
        _winner(int(old[0].winner[before]), a, b), _winner(int(rows.winner[after]), a, b), answers[0] != answers[1],
    )  # fmt: skip


def _winner(code: int, a: str, b: str) -> str:
    return "tie" if code == TIED else a if code == WON_A else b
