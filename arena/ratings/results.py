"""What a rating gives back: frozen results with the names of leaderboard.json."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

if TYPE_CHECKING:
    from arena.types import JSON


Unbounded = Literal["low", "high"]


Number = float | str | None
"""What stands in a column: a number, a word (`unbounded`), or None where it does not exist or was not asked for."""
_INLINE = ("numbers", "scores")
"""Fields of a row whose names stand in the row itself in leaderboard.json."""


class _WithNumbers:
    """A row whose numbers, by the names of the methods' columns, are read like fields: `row.rating_low`."""

    __slots__ = ()

    def __getattr__(self, name: str) -> float | None:
        for inner in () if name in _INLINE else _INLINE:
            numbers: Mapping[str, float | None] = getattr(self, inner, {})
            if name in numbers:
                return numbers[name]
        raise AttributeError(f"{type(self).__name__} has no {name!r}")

    @property
    def unbounded(self) -> Unbounded | None:
        """Won everything ("high") or lost everything ("low"): no rating, and one end of its interval is open."""
        return cast("Unbounded | None", self.__getattr__("unbounded"))


@dataclass(frozen=True, slots=True)
class SliceRow(_WithNumbers):
    """One model within one category or language."""

    n_battles: int
    n_questions: int
    thin: bool
    """Fewer than 20 questions: shown, but its interval is wide and its estimate rough."""
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    numbers: Mapping[str, Number]
    """Of every method, by the names of those of its columns that are known within slices."""


@dataclass(frozen=True, slots=True)
class ModelRow(_WithNumbers):
    """One model's line of the leaderboard. None where a number does not exist or was not asked for."""

    model: str
    component: int | None
    """Which connected set of models it belongs to; ranks count within it. None without battles."""
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    numbers: Mapping[str, Number]
    """Of every method that rates battles, by the names of its columns."""
    wins: int
    losses: int
    ties: int
    n_battles: int
    n_questions: int
    scores: Mapping[str, Number]
    """Of every method that rates scores of single answers."""
    win_rates: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    """Against each of several baselines: `rate`, and the ends of its interval. Empty with one."""
    categories: Mapping[str, SliceRow] = field(default_factory=dict)
    languages: Mapping[str, SliceRow] = field(default_factory=dict)
    criteria: Mapping[str, float] = field(default_factory=dict)
    """Mean of each criterion; of one that is 0 or 1 its rate."""
    criteria_low: Mapping[str, float | None] = field(default_factory=dict)
    criteria_high: Mapping[str, float | None] = field(default_factory=dict)
    weighted: Mapping[str, Number] | None = None
    """Rating, win rate (or score) with their ends, and ranks, where questions have weights."""
    set_aside: bool = False
    """Whether its battles count for nobody else: its own numbers come from a second fit, and it has no rank."""
    flags: tuple[str, ...] = ()

    def to_json(self) -> dict[str, JSON]:
        """Plain values under the names of `models` in leaderboard.json."""
        return _object(self)


@dataclass(frozen=True, slots=True)
class Pair:
    """The difference between two models in rating points, a − b."""

    a: str
    b: str
    diff: float | None
    low: float | None
    high: float | None
    p_better: float | None
    """P(a is truly better than b)."""
    n_questions: int
    """Questions on which both were compared."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A coefficient with its interval."""

    coef: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Anchored:
    """The model that holds the scale, and where it stands."""

    model: str
    rating: float


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Two models that follow each other on the board, and how few questions decide between them."""

    place: int
    """The better one's; the other has the next. Models on the same rank have places in the order they are shown."""
    better: str
    worse: str
    k: int | None
    """Without so many questions, found by their influence, the worse one is ahead; 0 where both are level, None where
    no set of at most a quarter of the questions was found."""
    questions: tuple[str, ...]
    """Which they are, the one that decides most first; empty above 20."""


@dataclass(frozen=True, slots=True)
class Stability:
    """What the order of a board rests on."""

    unit: Literal["questions", "battles"]
    """What is left out: battles where rows have no question."""
    of: int
    """How many there are."""
    places: tuple[Neighbours, ...]
    """Neighbours of the largest set of models that can be compared, the leader first; of more than 50 models the first
    20 pairs."""
    without_category: Mapping[str, str | None]
    """Who leads when a category is left out; null: the leader can then not be compared."""
    without_judge: Mapping[str, str | None]
    """The same for a judge; the verdicts of the others are pooled."""


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Everything that is computed from a table of battles or scores; `to_json` has leaderboard.json's names."""

    ranked_by: str
    judges: tuple[str, ...]
    baseline: str | None
    anchor: Anchored | None
    """None: mean 1000 over the finite models of each component."""
    level: float
    interval: str
    n_questions: int
    n_battles: int
    warnings: tuple[str, ...]
    judges_detail: tuple[Mapping[str, JSON], ...]
    pairs: tuple[Pair, ...]
    style: Mapping[str, Effect]
    diagnostics: Mapping[str, JSON]
    models: tuple[ModelRow, ...]
    stability: Stability | None = None
    """None where it is not asked for or not known: Elo, sums, more than 2,000 models."""

    def to_json(self) -> dict[str, JSON]:
        """Plain values under the names of the contract, floats unrounded."""
        return _object(self)


def _object(value: object) -> dict[str, JSON]:
    result = plain(value)
    assert isinstance(result, dict)
    return result


def plain(value: object) -> JSON:
    """JSON values from dataclasses, mappings, tuples and numpy scalars; NaN and infinities become null."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value):
        inner = {item.name: plain(getattr(value, item.name)) for item in fields(value)}
        return inner if not isinstance(value, _WithNumbers) else _inlined(inner)
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(inner) for inner in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _inlined(row: dict[str, JSON]) -> dict[str, JSON]:
    found: dict[str, JSON] = {}
    for name, value in row.items():
        found |= value if name in _INLINE and isinstance(value, dict) else {name: value}
    return found


def rounded(value: JSON, digits: int = 10) -> JSON:
    """The same with every float rounded to `digits` significant digits: what reports are written with."""
    if isinstance(value, float):
        return float(f"{value:.{digits}g}")
    if isinstance(value, dict):
        return {name: rounded(inner, digits) for name, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner, digits) for inner in value]
    return value


def number(value: float) -> float | None:
    """A float, or None where it is NaN or infinite."""
    return float(value) if math.isfinite(value) else None
