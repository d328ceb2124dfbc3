"""Which rows count: the panel's where there are any, else every judge's. The one place that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from arena.terms import PANEL

Row = TypeVar("Row")
_of_row: Callable[[object], object] = attrgetter("judge")


def counted_judges(judges: Iterable[str]) -> tuple[str, ...]:
    """Whose rows count, of the judges that have rows."""
    there = tuple(judges)
    return (PANEL,) if PANEL in there else there


def counted_rows(rows: Sequence[Row], judge_of: Callable[[Row], object] = _of_row) -> list[Row]:
    """The rows that count."""
    return [row for row in rows if judge_of(row) == PANEL] or list(rows)


def counted_codes(judges: Sequence[str], codes: NDArray[np.integer]) -> NDArray[np.bool_]:
    """The rows that count, over a column of codes into the names of the judges that have rows."""
    if PANEL in counted_judges(judges):
        return np.asarray(codes == judges.index(PANEL))
    return np.ones(len(codes), dtype=bool)


def single_judges_rows(rows: Iterable[Row], judge_of: Callable[[Row], object] = _of_row) -> list[Row]:
    """The rows of every judge by itself: all but the panel's, which is made of them."""
    return [row for row in rows if judge_of(row) != PANEL]
