"""More battles than memory holds, added up: by two models and winner, and by question and model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from arena.ratings.data.arrays import FloatArray, IntArray, Mask, pieces, placed
from arena.ratings.data.nearby import Nearby
from arena.ratings.data.pair_sums import Counts, PairSums, sums_of_cells, wide_cells
from arena.ratings.data.table import BattleTable

_AT_ONCE = 1_000
"""Questions added together at a time."""
_IN_CACHE = 1 << 14
"""So many battles are added at a time, so that what is computed of them stays in the processor's cache."""
_HALVES = np.array([0.0, 0.5, 1.0])
MOST_CELLS = 30_000_000
"""So many cells of (question, model) are added up; 16 bytes each."""


@dataclass(slots=True)
class BattleSums:
    """Battles added up by ordered pair (model a, model b) and winner. Rows weigh 1."""

    models: tuple[str, ...]
    cells: NDArray[np.int32]
    """(m, m, 3): how many model b won, were ties, model a won. A winner is whoever is above ½."""
    points: FloatArray | None = None
    """(m, m): Σ outcome; None where outcomes are 0, ½ and 1."""
    squares: FloatArray | None = None
    """(m, m): Σ outcome², known where `points` is."""
    games: FloatArray = field(init=False)
    """(m, m): how many battles there are."""
    wins: FloatArray = field(init=False)
    """(m, m): Σ P(model a wins)."""

    def __post_init__(self) -> None:
        lost, tied, won = (self.cells[:, :, result] for result in range(3))
        self.games = (lost + tied + won).astype(float)
        self.wins = won + tied / 2 if self.points is None else self.points

    def pair_sums(self) -> PairSums:
        """What Bradley–Terry is fitted to."""
        return sums_of_cells(self.wins, self.games)

    def squared(self, pairs: PairSums) -> FloatArray:
        """Σ outcome² of every pair, in the frame of its first model."""
        square = self.cells[:, :, 2] + self.cells[:, :, 1] / 4 if self.squares is None else self.squares
        back = square - 2 * self.wins + self.games  # Σ (1 − y)²
        result: FloatArray = square[pairs.i, pairs.j] + back[pairs.j, pairs.i]
        return result

    def winners(self) -> Counts:
        """Wins, losses and ties of every model."""
        first, second = self.cells.sum(axis=1), self.cells.sum(axis=0)
        return Counts(first[:, 2] + second[:, 0], first[:, 0] + second[:, 2], first[:, 1] + second[:, 1])

    def between(self, keep: Mask) -> BattleSums:
        """Those of some ordered pairs, (m, m)."""
        return BattleSums(
            self.models, self.cells * keep[:, :, None],
            None if self.points is None else self.points * keep,
            None if self.squares is None else self.squares * keep,
        )  # fmt: skip


def battle_sums(table: BattleTable) -> BattleSums | None:
    """Many battles added up; None for fewer than there are cells, for weights, and for outcomes between 0, ½ and 1."""
    m = len(table.models)
    if table.weight is not None or len(table) < 3 * m * m:
        return None
    cells = np.zeros(3 * m * m, dtype=np.int64)
    for rows in pieces(len(table)):
        won = twice(table.outcome[rows])
        if not np.array_equal(won, 2 * table.outcome[rows]):
            return None
        won += 3 * wide_cells(table.a[rows], table.b[rows], m)
        np.add.at(cells, won, 1)
    return BattleSums(table.models, cells.reshape(m, m, 3).astype(np.int32))


def twice(outcome: FloatArray) -> IntArray:
    """0, 1 and 2 for outcomes of 0, ½ and 1."""
    return (outcome + outcome).astype(np.int32).astype(np.int64)  # straight to the wide one takes many times longer


def added_to(sums: FloatArray) -> Mask:
    """Where something was added to sums that began with −0.0, a zero included: that makes +0.0 or another number."""
    result: Mask = ~((sums == 0) & np.signbit(sums))
    return result


@dataclass(frozen=True, slots=True)
class Residuals:
    """What is added up by question and model: outcomes less what they are expected to be."""

    models: tuple[str, ...]
    strength: FloatArray
    """exp θ of each model; P(a beats b) = strength a/(strength a + strength b)."""
    rate: FloatArray
    """Mean outcome of each model."""
    core: Mask | None = None
    """Models of finite rating; None when all are."""
    baseline: int | None = None
    against: FloatArray | None = None
    """Mean outcome of each model against the baseline."""


@dataclass(slots=True)
class QuestionSums:
    """Residuals added up by question and model, questions in the order in which they are met."""

    task: Residuals
    places: dict[str, int] = field(default_factory=dict)
    scores: NDArray[np.complex128] = field(init=False)
    """(questions that fit, m): Σ outcome − P of battles in the core, and imaginary Σ outcome − rate of all: of every
    battle, and side by side in memory, so that a battle is found there once."""
    against: FloatArray | None = field(init=False, default=None)
    """Σ outcome − rate against the baseline."""
    in_core: Mask | None = field(init=False, default=None)
    with_core: Mask | None = field(init=False, default=None)
    """Where models are separated: who met somebody inside the core, and across its edge."""
    _bits: int = field(init=False)
    """So many tell models apart."""
    _nearby: Nearby = field(init=False)

    def __post_init__(self) -> None:
        m = len(self.task.models)
        room = MOST_CELLS // max(m, 1)
        self._bits = m.bit_length()
        self._nearby = Nearby(room << (2 * self._bits + 2))
        self.scores = np.empty((room, m), dtype=complex)  # pages are taken from the system when they are written to
        if self.task.baseline is not None:
            self.against = np.empty((room, m))
        if self.task.core is not None:
            self.in_core, self.with_core = np.zeros((room, m), dtype=bool), np.zeros((room, m), dtype=bool)

    @property
    def has_room(self) -> bool:
        """Whether further questions can be added; not when it was sent here."""
        return len(self.scores) > len(self.places)

    def codes_of(self, names: Sequence[str | None]) -> IntArray | None:
        """Places of questions, new ones among them; −1 where there is no name. None when there are too many."""
        before = len(self.places)
        found = placed(names, self.places)
        if len(self.places) > len(self.scores):
            return None
        new = slice(before, len(self.places))
        self.scores[new] = complex(-0.0, -0.0)
        if self.against is not None:
            self.against[new] = -0.0
        return np.array(found, dtype=np.int64)

    def add(self, question: IntArray, a: IntArray, b: IntArray, outcome: FloatArray) -> None:
        """Add battles; all codes are known."""
        task, m = self.task, len(self.task.models)
        strength, both = task.strength.take(a), task.strength.take(b)
        both += strength
        residual = outcome - np.divide(strength, both, out=strength)
        first = question * m
        second = first + b
        first += a
        if task.core is not None:
            residual = self._near_the_core(first, second, task.core[a], task.core[b], residual)
        scores, values = self.scores.reshape(-1), np.empty(len(a), dtype=complex)
        values.real, values.imag = residual, outcome - task.rate.take(a)
        np.add.at(scores, first, values)
        np.subtract(0.0, residual, out=values.real)  # not −residual: a sum of −0.0 would pass for none
        values.imag = (1.0 - outcome) - task.rate.take(b)
        np.add.at(scores, second, values)
        if self.against is not None and task.against is not None:
            met = np.flatnonzero((a == task.baseline) | (b == task.baseline))
            flat = self.against.reshape(-1)
            np.add.at(flat, first[met], outcome[met] - task.against[a[met]])
            np.add.at(flat, second[met], 1.0 - outcome[met] - task.against[b[met]])

    def add_halves(self, question: IntArray, a: IntArray, b: IntArray, outcome: FloatArray) -> None:
        """`add` of outcomes 0, ½ and 1, some of them later: at the latest when all is `settle`d."""
        keys = question << self._bits
        keys |= a
        keys <<= self._bits
        keys |= b
        keys <<= 2
        keys |= twice(outcome)
        self._add_shelves(self._nearby.add(keys))

    def settle(self) -> None:
        """Add what is held back."""
        self._add_shelves(self._nearby.rest())

    def _add_shelves(self, shelves: Iterator[IntArray]) -> None:
        bits, model = self._bits, (1 << self._bits) - 1
        for shelf in shelves:
            for start in range(0, len(shelf), _IN_CACHE):
                keys = shelf[start : start + _IN_CACHE]
                outcome = _HALVES.take(keys & 3)
                keys >>= 2
                self.add(keys >> 2 * bits, (keys >> bits) & model, keys & model, outcome)

    def _near_the_core(self, first: IntArray, second: IntArray, a: Mask, b: Mask, residual: FloatArray) -> FloatArray:
        """Mark who met whom; the residuals of battles that the ratings do not rest on become 0."""
        assert self.in_core is not None
        assert self.with_core is not None
        inside, across = a & b, a != b
        for flags, rows in ((self.in_core, inside), (self.with_core, across)):
            flat = flags.reshape(-1)
            flat[first[rows]] = flat[second[rows]] = True
        return np.where(inside, residual, 0.0)

    def merge(self, other: QuestionSums) -> bool:
        """Add another part's sums; False when there are too many questions."""
        places = self.codes_of(list(other.places))
        if places is None:
            return False
        pairs = [(self.scores, other.scores), (self.against, other.against)]
        for start in range(0, len(places), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            for sums, more in pairs:
                if sums is not None and more is not None:
                    sums[places[part]] += more[: len(places)][part]
        for flags, found in ((self.in_core, other.in_core), (self.with_core, other.with_core)):
            if flags is not None and found is not None:
                flags[places] |= found[: len(places)]
        return True

    def trimmed(self) -> QuestionSums:
        """Itself without the room for further questions, to be sent somewhere."""
        n = len(self.places)
        self.scores, self.against = self.scores[:n], None if self.against is None else self.against[:n]
        self.in_core = None if self.in_core is None else self.in_core[:n]
        self.with_core = None if self.with_core is None else self.with_core[:n]
        return self
