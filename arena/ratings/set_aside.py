"""Models whose battles count for nobody else: the others are rated without them, they by a second fit with all."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from arena.errors import DataError
from arena.ratings.data.score_table import ScoreTable
from arena.ratings.data.table import BattleTable
from arena.ratings.options import RatingOptions
from arena.ratings.results import Leaderboard, ModelRow, Number, SliceRow
from arena.ratings.slices import T

Rater = Callable[[T, RatingOptions], Leaderboard]
_SHOWN = 20


def with_some_aside(table: T, options: RatingOptions, others: Rater[T], whole: Rater[T]) -> Leaderboard:
    """The board of all other models, and below it those set aside, without ranks.

    `others` rates the battles in which none of them is; `whole` all battles, on the same scale: with the same anchor,
    or the mean of the same models at 1000. Raises DataError for a name that is not on the board, and for the baseline.
    """
    names = options.set_aside
    _check(table.models, names, options.baselines)
    plain = replace(options, set_aside=())
    notes: list[str] = []
    if options.anchor is not None and options.anchor.model in names:
        plain = replace(plain, anchor=None)
        where = "the baseline stands at 1000" if options.baseline else "ratings have mean 1000"
        notes.append(f"set aside: {options.anchor.model}, which was to hold the scale: {where} instead")
    return _joined(options, others(without(table, names), plain), plain, notes, partial(whole, table))


def _joined(
    options: RatingOptions, main: Leaderboard, plain: RatingOptions, notes: list[str],
    whole: Callable[[RatingOptions], Leaderboard],
) -> Leaderboard:  # fmt: skip
    names = options.set_aside
    rated = tuple(row.model for row in main.models if row.numbers.get("rating") is not None)
    interval = "sandwich" if options.interval == "bootstrap" else options.interval
    second = whole(replace(plain, centre=rated, interval=interval, pairs=False, details=False))
    aside = [_unranked(row) for row in second.models if row.model in names]
    return replace(main, models=(*main.models, *aside), warnings=(*main.warnings, *notes))


def _check(models: Sequence[str], names: Sequence[str], baselines: Sequence[str]) -> None:
    for name in names:
        if name not in models:
            close = difflib.get_close_matches(name, models, n=1, cutoff=0.5)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise DataError(f"set aside: no model {name!r} on this board{hint} (have: {_listed(models)})")
    for baseline in baselines:
        if baseline in names:
            which = "the baseline" if len(baselines) == 1 else "a baseline"
            raise DataError(f"set aside: {baseline} is {which}, which all win rates are against")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def without(table: T, names: Sequence[str]) -> T:
    """The rows in which none of these models is, over the other models."""
    stays = np.array([name not in names for name in table.models], dtype=bool)
    code = (np.cumsum(stays) - 1).astype(np.int32)
    models = tuple(name for name in table.models if name not in names)
    if isinstance(table, ScoreTable):
        own = table.select(stays[table.model])
        return replace(own, models=models, model=code[own.model])
    assert isinstance(table, BattleTable)
    rest = table.select(stays[table.a] & stays[table.b])
    return replace(rest, models=models, a=code[rest.a], b=code[rest.b])


def _unranked(row: ModelRow) -> ModelRow:
    none: dict[str, Number] = {"rank": None, "rank_low": None, "rank_high": None}
    return replace(
        row, rank=None, rank_low=None, rank_high=None, set_aside=True,
        weighted=None if row.weighted is None else dict(row.weighted) | none,
        categories=_parts(row.categories), languages=_parts(row.languages),
    )  # fmt: skip


def _parts(found: Mapping[str, SliceRow]) -> dict[str, SliceRow]:
    return {name: replace(part, rank=None, rank_low=None, rank_high=None) for name, part in found.items()}
