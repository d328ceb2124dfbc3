"""Battles as columns: what every rating is computed from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from arena.errors import DataError
from arena.ratings.data.arrays import Codes, FloatArray, Mask, pieces, taken

_CANONICAL_LIMIT = 250_000
"""Up to this many rows are sorted before anything is added up, so that their order cannot touch the last bit."""

_NAMES = 20
FAINTEST = 1e-9
"""Weights further apart than this are beyond the precision of a sum."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of names as codes into a sorted tuple of distinct names; −1 is unknown."""

    names: tuple[str, ...]
    codes: Codes

    @classmethod
    def of(cls, values: Sequence[str | int | None]) -> Coded:
        """Encode a column; integers and strings are compared and written as strings, None becomes −1."""
        names = tuple(sorted({str(value) for value in values if value is not None}))
        index = {name: code for code, name in enumerate(names)}
        codes = np.fromiter((-1 if v is None else index[str(v)] for v in values), dtype=np.int32, count=len(values))
        return cls(names, codes)

    @classmethod
    def recoded(cls, names: Sequence[str | None], *codes: Codes) -> Coded:
        """A column of codes, in parts, into names in any order, None and double ones among them; −1 stays unknown."""
        own = cls.of(names)
        return cls(own.names, taken(np.append(own.codes, np.int32(-1)), *codes))

    def take(self, rows: NDArray[np.intp] | Mask) -> Coded:
        """The same names over some of the rows."""
        return Coded(self.names, self.codes[rows])


@dataclass(frozen=True, slots=True)
class Mix:
    """A fixed mix of questions, one entry per question's code (`arena.ratings.data.mix`)."""

    weight: FloatArray
    stratum: Codes
    """The questions of one stratum are drawn from one pool."""


@dataclass(frozen=True, slots=True)
class BattleTable:
    """Rated battles, one per row: who met whom on which question, and how it ended for model a.

    Build it with `from_columns`, which validates. Arrays all have length n. Nothing here is rated "by default":
    rows without an outcome do not belong in the table.
    """

    models: tuple[str, ...]
    """Sorted by code point; models without any battle may be among them."""
    a: Codes
    b: Codes
    outcome: FloatArray
    """P(model a wins) in [0, 1]; ½ is a tie."""
    weight: FloatArray | None = None
    """None: every battle weighs 1."""
    question: Coded | None = None
    """None: no question ids, every row is a question of its own."""
    judge: Coded | None = None
    category: Coded | None = None
    language: Coded | None = None
    first: FloatArray | None = None
    """+1 where the judge saw model a first, −1 where it saw model b first, 0 for both orders, NaN for unknown."""
    a_first_outcome: FloatArray | None = None
    """The outcome of the order with model a first alone; NaN where that order is missing."""
    b_first_outcome: FloatArray | None = None
    """The outcome (still P(model a wins)) of the order with model b first; NaN where it is missing."""
    style: Mapping[str, FloatArray] = field(default_factory=dict)
    """Features of the answers: (n,) differences a − b as given, or (n, 2) values of both sides."""
    mix: Mix | None = None
    """Where questions count differently; `weight` then holds their weights already."""

    def __len__(self) -> int:
        return len(self.a)

    @classmethod
    def from_columns(
        cls,
        model_a: Sequence[str],
        model_b: Sequence[str],
        outcome: Sequence[float],
        *,
        question_id: Sequence[str | int] | None = None,
        weight: Sequence[float] | None = None,
        judge: Sequence[str] | None = None,
        category: Sequence[str | None] | None = None,
        language: Sequence[str | None] | None = None,
        first_model: Sequence[str | None] | None = None,
        outcome_a_first: Sequence[float | None] | None = None,
        outcome_b_first: Sequence[float | None] | None = None,
        style: Mapping[str, Sequence[float] | Sequence[tuple[float, float]] | FloatArray] | None = None,
        models: Sequence[str] = (),
        source: str = "battles",
    ) -> BattleTable:
        """A validated table from plain sequences of equal length.

        `first_model` names the model the judge saw first (None: both orders, or not known); it is derived from
        `outcome_a_first` and `outcome_b_first` where those are given. `models` are on the board even without battles.
        Raises DataError that names the column and the row (counted from 1).
        """
        given = {"model_b": model_b, "outcome": outcome, "question_id": question_id, "weight": weight, "judge": judge,
                 "category": category, "language": language, "first_model": first_model,
                 "outcome_a_first": outcome_a_first, "outcome_b_first": outcome_b_first, **(style or {})}  # fmt: skip
        for name, column in given.items():
            if column is not None and len(column) != len(model_a):
                raise DataError(f"{source}: {name} has {len(column)} rows, model_a has {len(model_a)}")
        everyone = Coded.of([*models, *model_a, *model_b])
        n, listed = len(model_a), len(models)
        a, b = everyone.codes[listed : listed + n], everyone.codes[listed + n :]
        sides = (_outcomes(outcome_a_first, n), _outcomes(outcome_b_first, n))
        return cls(
            models=everyone.names,
            a=a,
            b=b,
            outcome=np.asarray(outcome, dtype=float).reshape(n),
            weight=None if weight is None else np.asarray(weight, dtype=float).reshape(n),
            question=None if question_id is None else Coded.of(question_id),
            judge=None if judge is None else Coded.of(judge),
            category=None if category is None else Coded.of(category),
            language=None if language is None else Coded.of(language),
            first=_first(everyone, a, b, first_model, sides, source),
            a_first_outcome=sides[0],
            b_first_outcome=sides[1],
            style={name: np.asarray(values, dtype=float) for name, values in (style or {}).items()},
        ).checked(source)

    @classmethod
    def of_outcomes(cls, battles: Sequence[tuple[str, str, str]], outcome: Sequence[float]) -> BattleTable:
        """Battles of (question_id, model_a, model_b) and P(model_a wins), of which nothing else is known."""
        return cls.from_columns(
            [model_a for _, model_a, _ in battles],
            [model_b for _, _, model_b in battles],
            outcome,
            question_id=[question for question, _, _ in battles],
        )

    def checked(self, source: str = "battles") -> BattleTable:
        """Itself, when every value is one that can be rated. Raises DataError that names the first bad row."""
        _refuse(~((self.outcome >= 0) & (self.outcome <= 1)), self.outcome, source, "outcome", "a number in [0, 1]")
        _refuse(self.a == self.b, "the same model twice", source, "model_a and model_b", "two different models")
        if self.weight is not None:
            good = (self.weight >= 0) & np.isfinite(self.weight)
            _refuse(~good, self.weight, source, "weight", "a number of at least 0")
            lost = (self.weight > 0) & (self.weight < FAINTEST * self.weight.max(initial=0.0))
            _refuse(lost, self.weight, source, "weight", "0, or at least a billionth of the largest")
        for name, column in (("model_a", self.a), ("model_b", self.b)):
            _refuse(column < 0, "nothing", source, name, "a model's name")
        if self.question is not None:
            _refuse(self.question.codes < 0, "nothing", source, "question_id", "a question's id")
        for name, sides in (("outcome_a_first", self.a_first_outcome), ("outcome_b_first", self.b_first_outcome)):
            if sides is not None:
                _refuse((sides < 0) | (sides > 1), sides, source, name, "a number in [0, 1]")
        for name, values in self.style.items():
            infinite = np.atleast_1d(np.isinf(values.reshape(len(self), math.prod(values.shape[1:]))).any(axis=1))
            _refuse(infinite, values, source, name, "a finite number")
        return self

    def select(self, rows: NDArray[np.intp] | Mask) -> BattleTable:
        """Some of the rows (a mask or an order). All models and names stay."""
        return replace(
            self,
            a=self.a[rows],
            b=self.b[rows],
            outcome=self.outcome[rows],
            weight=None if self.weight is None else self.weight[rows],
            question=None if self.question is None else self.question.take(rows),
            judge=None if self.judge is None else self.judge.take(rows),
            category=None if self.category is None else self.category.take(rows),
            language=None if self.language is None else self.language.take(rows),
            first=None if self.first is None else self.first[rows],
            a_first_outcome=None if self.a_first_outcome is None else self.a_first_outcome[rows],
            b_first_outcome=None if self.b_first_outcome is None else self.b_first_outcome[rows],
            style={name: values[rows] for name, values in self.style.items()},
        )

    def canonical(self, limit: int = _CANONICAL_LIMIT) -> BattleTable:
        """The same rows in an order that depends on their content alone (left as they are above `limit` rows)."""
        if not 1 < len(self) <= limit:
            return self
        numbers = [self.a_first_outcome, self.b_first_outcome, self.first, self.weight]
        numbers += [side for values in self.style.values() for side in values.reshape(len(self), -1).T]
        names = [self.language, self.category, self.judge, self.question]
        keys: list[FloatArray | Codes] = [np.nan_to_num(column, nan=-1.0) for column in numbers if column is not None]
        keys += [self.outcome, *(column.codes for column in names if column is not None)]
        return self.select(np.lexsort((*keys, self.b, self.a)))

    def by_question(self, limit: int = _CANONICAL_LIMIT) -> BattleTable:
        """Many rows sorted by question, so that what is added up by question stays in the processor's cache.

        A row is then one number, which sorts in a fraction of the time. `limit` rows and fewer stay as they are, and so
        do rows of which more is known than question, models and winner.
        """
        more = (self.weight, self.judge, self.category, self.language, self.first, self.a_first_outcome,
                self.b_first_outcome, self.mix)  # fmt: skip
        if len(self) <= limit or self.question is None or self.style or any(column is not None for column in more):
            return self
        m, n = len(self.models), len(self)
        if 3 * m * m * len(self.question.names) > np.iinfo(np.int32).max:
            return self
        numbers = np.empty(n, dtype=np.int32)
        for some in pieces(n):
            won = (2 * self.outcome[some]).astype(np.int32)
            if not np.array_equal(won, 2 * self.outcome[some]):
                return self
            numbers[some] = ((self.question.codes[some] * m + self.a[some]) * m + self.b[some]) * 3 + won
        numbers.sort()
        a, b, outcome = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32), np.empty(n)
        for some in pieces(n):
            rest, won = _parted(numbers[some], 3)
            outcome[some] = won / 2
            rest, b[some] = _parted(rest, m)
            numbers[some], a[some] = _parted(rest, m)
        return replace(self, a=a, b=b, outcome=outcome, question=Coded(self.question.names, numbers))

    def evened(self) -> BattleTable:
        """The same rows with weights of mean 1: all but online Elo depends on their ratios alone."""
        if self.weight is None or not self.weight.any():
            return self
        weight = self.weight / self.weight.max()
        return replace(self, weight=weight / weight.mean())

    @property
    def all_ties(self) -> bool:
        """Whether there are battles and every one of them is a tie."""
        return len(self) > 0 and bool((self.outcome == 0.5).all())

    def listed(self, which: Mask) -> str:
        """The names of some models, as many as a sentence can hold."""
        return listed(self.models, which)

    def weights(self) -> FloatArray:
        """One weight per row."""
        return np.ones(len(self)) if self.weight is None else self.weight

    def clusters(self) -> Codes:
        """The question of every row; without question ids every row is its own."""
        return np.arange(len(self), dtype=np.int32) if self.question is None else self.question.codes


def _parted(codes: Codes, width: int) -> tuple[Codes, Codes]:
    """x and y of x·width + y."""
    high = codes // width
    return high, codes - high * width


def listed(models: Sequence[str], which: Mask) -> str:
    """The names of some models, as many as a sentence can hold."""
    names = [models[i] for i in np.flatnonzero(which).tolist()]
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more


def seen_first(a_first: FloatArray, b_first: FloatArray) -> FloatArray:
    """`first` of a table, from which of the two orders have an outcome."""
    has_a, has_b = ~np.isnan(a_first), ~np.isnan(b_first)
    return np.where(has_a | has_b, has_a.astype(float) - has_b, np.nan)


def _outcomes(values: Sequence[float | None] | None, n: int) -> FloatArray | None:
    if values is None:
        return None
    return np.fromiter((np.nan if v is None else v for v in values), dtype=float, count=n)


def _first(
    everyone: Coded,
    a: Codes,
    b: Codes,
    first_model: Sequence[str | None] | None,
    sides: tuple[FloatArray | None, FloatArray | None],
    source: str,
) -> FloatArray | None:
    """Who was seen first, from the named column or else from which orders have an outcome."""
    if first_model is None:
        if sides[0] is None or sides[1] is None:
            return None
        return seen_first(sides[0], sides[1])
    index = {name: code for code, name in enumerate(everyone.names)}
    codes = np.fromiter((-1 if v is None else index.get(v, -2) for v in first_model), np.int32, len(first_model))
    alien = (codes != -1) & (codes != a) & (codes != b)
    _refuse(alien, "another name", source, "first_model", "model_a or model_b of its row")
    return np.where(codes == -1, np.nan, np.where(codes == a, 1.0, -1.0))


def _refuse(bad: Mask, values: FloatArray | str, source: str, column: str, allowed: str) -> None:
    """Raise DataError for the first bad row; `values` shows what was found (a text where there is no number)."""
    if bad.any():
        row = int(np.argmax(bad))
        found = values if isinstance(values, str) else f"{np.ravel(values[row])[0]:g}"
        raise DataError(f"{source}: row {row + 1}: {column}: found {found}, allowed: {allowed}")
