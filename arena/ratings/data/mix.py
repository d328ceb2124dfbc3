"""Questions that count more than others: the weight of each, and the strata within which they are drawn."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import TypeVar

import numpy as np

from arena.errors import DataError
from arena.ratings.data.arrays import Codes, FloatArray, IntArray, Mask, add_up, counted
from arena.ratings.data.score_table import ScoreTable
from arena.ratings.data.table import FAINTEST, BattleTable, Coded, Mix
from arena.ratings.options import Weights

T = TypeVar("T", BattleTable, ScoreTable)
BALANCED = "balanced"
_SHOWN = 20


def weights_of(value: object, where: str = "weights") -> Weights:
    """Weights as people write them: `balanced`, or {category: {name: weight}, language: {...}}. Raises DataError."""
    if value == BALANCED:
        return Weights(balanced=True)
    if not isinstance(value, Mapping) or not value:
        raise DataError(f"{where}: found {value!r:.60}, allowed: {BALANCED}, or {{category: {{name: weight}}}}")
    found: dict[str, dict[str, float]] = {"category": {}, "language": {}}
    for key, named in value.items():
        if key not in found:
            raise DataError(f"{where}: no key {key!r}{_nearest(str(key), list(found))}")
        if not isinstance(named, Mapping):
            raise DataError(f"{where}.{key}: found {named!r:.60}, allowed: a weight for each name, as in {{math: 2}}")
        for name, weight in named.items():
            number = isinstance(weight, int | float) and not isinstance(weight, bool)
            if not number or not isfinite(weight) or weight < 0:
                raise DataError(f"{where}.{key}.{name}: found {weight!r:.60}, allowed: a number of at least 0")
            found[key][str(name)] = float(weight)
    if not any(found.values()):
        raise DataError(f"{where}: no weight is named; as in {{category: {{math: 2}}}}, or {BALANCED}")
    return Weights(found["category"], found["language"])


def check_names(weights: Weights, categories: Sequence[str], languages: Sequence[str], where: str = "weights") -> None:
    """Refuse weights of categories and languages that do not exist. Raises DataError that names the nearest one."""
    for key, named, known in (
        ("category", weights.category, categories), ("language", weights.language, languages),
    ):  # fmt: skip
        for name in named:
            if name not in known:
                there = _nearest(name, known) if known else f": no question has a {key}"
                raise DataError(f"{where}.{key}: no {key} {name!r}{there}")
    if weights.balanced and not categories:
        raise DataError(f"{where}: {BALANCED} needs categories, and no question has one")


def _nearest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"{f'; did you mean {close[0]}?' if close else ''} (have: {', '.join(sorted(known)[:_SHOWN])}{more})"


def mixed(table: T, weights: Weights) -> tuple[T, list[str]]:
    """The rows with the weights of their questions, those of weight 0 left out; and what a reader should know of it.

    The mix of questions is taken as fixed: `mix` says which questions are drawn from one pool, those of one category
    and language. Rows without question ids are weighed one by one. Raises DataError where a question is in two
    categories, no row has any weight, or weights are too far apart to be added up.
    """
    question = table.question or Coded(tuple(map(str, range(len(table)))), np.arange(len(table), dtype=np.int32))
    n = len(question.names)
    own = {
        "category": _of_questions(question, table.category, "category"),
        "language": _of_questions(question, table.language, "language"),
    }
    weight = np.ones(n)
    weight *= _named(table.category, weights.category)[own["category"]]
    weight *= _named(table.language, weights.language)[own["language"]]
    present = add_up(question.codes, None, n) > 0
    if weights.balanced:
        size = add_up(own["category"][present] + 1, None, int(own["category"].max(initial=-1)) + 2)
        weight = 1.0 / np.maximum(size[own["category"] + 1], 1.0)
    if len(table) and not weight[question.codes].any():
        raise DataError("weights: every question with a battle has weight 0, so that nothing is left to rate")
    heaviest = float(weight.max(initial=0.0))
    if ((weight > 0) & (weight < FAINTEST * heaviest)).any():
        raise DataError(
            f"weights: found {weight[weight > 0].min():g} beside {heaviest:g}, allowed: 0, or at least a billionth of "
            "the largest"
        )
    _, stratum = np.unique(np.stack([own["category"], own["language"]]), axis=1, return_inverse=True)
    mix = Mix(weight, stratum.reshape(n).astype(np.int32))
    rows = np.flatnonzero(weight[question.codes] > 0)
    told = _notes(table, mix, present & (weight > 0), balanced=weights.balanced)
    chosen = replace(table.select(rows), mix=mix if table.question is not None else None)
    if isinstance(chosen, BattleTable):
        chosen = replace(chosen, weight=chosen.weights() * weight[question.codes[rows]])
    return chosen, told


def _named(column: Coded | None, weights: Mapping[str, float]) -> FloatArray:
    """The weight of each name of a column, and at the end that of what has none."""
    return np.array([*(weights.get(name, 1.0) for name in (column.names if column is not None else ())), 1.0])


def _of_questions(question: Coded, column: Coded | None, key: str) -> Codes:
    """What every question has in a column, −1 where that is not known."""
    found = np.full(len(question.names), -1, dtype=np.int32)
    if column is None:
        return found
    found[question.codes] = column.codes
    odd = np.flatnonzero(found[question.codes] != column.codes)
    if len(odd):
        name = question.names[question.codes[odd[0]]]
        raise DataError(f"weights: question {name!r} has more than one {key}, and a weight is each question's")
    return found


def _notes(table: BattleTable | ScoreTable, mix: Mix, present: Mask, *, balanced: bool) -> list[str]:
    told = []
    sizes = np.bincount(mix.stratum[present])
    single = int((sizes == 1).sum())
    if single and table.question is not None:
        told.append(
            f"weights: {counted(single, 'part')} of the mix (category and language) with one question only; how much "
            "questions differ there is taken from others"
        )
    if balanced and len(table) and (table.category is None or len(np.unique(table.category.codes)) < 2):
        told.append("weights: balanced changes nothing where all questions are of one category")
    return told


def pooled(stratum: Codes) -> list[IntArray]:
    """The places of the questions that are drawn from one pool.

    Strata of a single question are one pool together; where there is one such only, it joins the smallest other.
    """
    codes = np.unique(stratum, return_inverse=True)[1]
    sizes = np.bincount(codes)
    single = sizes == 1
    group = np.where(single[codes], len(sizes), codes)
    if single.sum() == 1 and len(sizes) > 1:
        smallest = int(np.argmin(np.where(single, np.iinfo(np.int64).max, sizes)))
        group = np.where(single[codes], smallest, codes)
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(group) else []


def effective_size(seen: FloatArray, weight: FloatArray) -> FloatArray:
    """How many questions of equal weight tell as much, (Σw)²/Σw² (Kish 1965), of those marked in each column."""
    squares = seen.T @ weight**2
    result: FloatArray = np.where(squares > 0, (seen.T @ weight) ** 2 / np.where(squares > 0, squares, 1.0), 0.0)
    return result
