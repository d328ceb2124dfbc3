"""Which columns a fit controls for: style features by name or preset, and the judges' position effect."""

from __future__ import annotations

import numpy as np

from arena.errors import DataError
from arena.ratings.data.arrays import FloatArray, Mask
from arena.ratings.data.table import BattleTable
from arena.ratings.methods.contextual import Columns

PRESETS: dict[str, tuple[str, ...]] = {"arena": ("length",), "alpaca_eval": ("length",)}
"""Presets and the columns they control for; both add length-controlled win rates
(`arena.ratings.methods.length_control`)."""

POSITION = "position"


def style_names(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Column names with presets written out, without repeats."""
    return tuple(dict.fromkeys(name for item in wanted for name in PRESETS.get(item, (item,))))


def columns_needed(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that features and presets are made of."""
    more = ("difficulty",) if "alpaca_eval" in wanted else ()
    return (*style_names(wanted), *more)


def style_columns(table: BattleTable, wanted: tuple[str, ...]) -> Columns:
    """Normalised differences of the wanted features.

    Both sides known: (a − b)/(a + b), 0 when both are 0; a single column is taken as the difference it is. Each is then
    divided by its root mean square, so that a coefficient is the effect of one typical difference. It is not centred:
    which model is called a is arbitrary, and equal style must stay at 0. NaN marks rows without a value (`with_style`).
    Raises DataError for a column that is not there.
    """
    names = _there(table, wanted)
    x = np.stack([_scaled(relative_difference(table.style[name])) for name in names])
    return Columns(names, x.T)


def with_style(table: BattleTable, wanted: tuple[str, ...]) -> Mask:
    """Which rows have a value in every column that the wanted features are made of.

    Raises DataError for a column that is not there.
    """
    known = np.ones(len(table), dtype=bool)
    names = _there(table, wanted)
    more = ("difficulty",) if "alpaca_eval" in wanted and "difficulty" in table.style else ()
    for name in (*names, *more):
        known &= ~np.isnan(table.style[name].reshape(len(table), -1)).any(axis=1)
    return known


def _there(table: BattleTable, wanted: tuple[str, ...]) -> tuple[str, ...]:
    names = style_names(wanted)
    for name in names:
        if name not in table.style:
            have = ", ".join(sorted(table.style)) or "none"
            raise DataError(f"style: no column {name!r} (have: {have}; presets: {', '.join(PRESETS)})")
    return names


def relative_difference(values: FloatArray) -> FloatArray:
    """(a − b)/(a + b) of an (n, 2) column, 0 where both are 0; an (n,) column is the difference already."""
    if values.ndim == 1:
        return values
    total = values[:, 0] + values[:, 1]
    difference = values[:, 0] - values[:, 1]
    result: FloatArray = np.where(total == 0, 0.0, difference / np.where(total == 0, 1.0, total))
    return result


def _scaled(values: FloatArray) -> FloatArray:
    known = values[~np.isnan(values)]
    size = float(np.sqrt(np.mean(known**2))) if len(known) else 0.0
    return values / size if size > 0 else values


def position_columns(table: BattleTable) -> Columns | None:
    """+1 where the judge saw model a first, −1 where it saw model b first; one column per judge.

    None when every battle was seen in both orders, or nothing is known about orders.
    """
    if table.first is None:
        return None
    first = np.nan_to_num(table.first)
    if not first.any():
        return None
    if table.judge is None or len(table.judge.names) == 1:
        name = POSITION if table.judge is None else f"{POSITION}:{table.judge.names[0]}"
        return Columns((name,), first[:, None])
    judges = [code for code in range(len(table.judge.names)) if first[table.judge.codes == code].any()]
    columns = [np.where(table.judge.codes == code, first, 0.0) for code in judges]
    return Columns(tuple(f"{POSITION}:{table.judge.names[code]}" for code in judges), np.stack(columns, axis=1))


def joined(*parts: Columns | None) -> Columns | None:
    """Several sets of columns as one; None when there is none."""
    there = [part for part in parts if part is not None and part.names]
    if not there:
        return None
    return Columns(sum((part.names for part in there), ()), np.concatenate([part.x for part in there], axis=1))
