"""Which cells a judge reads next: those of pairs that further verdicts can tell apart.

A cell is (question, first, second): one question, the models in the first slot and in the second. Pairs are drawn in
proportion to the chance that judging everything would tell them apart, given what is known, a fixed share over all
pairs alike. Within a pair the questions come first on which its models were seen least; a second order only where every
question has its first; slots are balanced inside the pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Mask = NDArray[np.bool_]

EXPLORE = 0.3
"""The share of a round that goes over all pairs alike."""
WARM = 10
"""Before every model was seen on so many questions, all pairs are alike."""
FAINT = 0.02
"""What an unsettled pair counts at least, however small its chance."""
CLEAR = 1.2
"""A pair whose difference is so many times its interval is asked no more about."""
_AT_ONCE = 8
"""So many pairs at least (as many as there are models) draw their questions side by side."""
_SECOND_ORDER = 1e3
"""What makes a question that has one order come later than those that have none."""


class Cell(NamedTuple):
    """One thing for the judges to read, by the places of its question and models."""

    question: int
    first: int
    second: int


class Estimates(NamedTuple):
    """What is known about every pair so far; shape (m, m) unless said."""

    difference: FloatArray
    half_width: FloatArray
    """Half the interval of the difference, in the same units."""
    power: FloatArray
    """The chance that judging everything would tell the two apart."""
    questions: FloatArray
    """Distinct questions of each model, shape (m,)."""


@dataclass(slots=True)
class Offer:
    """What can be drawn; arrays are indexed [first, second, question]."""

    free: Mask
    """Cells that can be judged and were not drawn."""
    drawn: Mask
    want: Mask
    """(m, m), symmetric: pairs that are worth a call."""
    load: FloatArray
    """(m, questions): how often a model was drawn on a question."""
    left: IntArray
    """(m, m): free cells of each order."""
    ahead: IntArray
    """(m, m): how often the row's model was drawn first against the column's."""

    @classmethod
    def of(cls, possible: Mask, drawn: Mask, want: Mask | None = None) -> Offer:
        """An offer of every possible cell that was not drawn."""
        m = len(possible)
        pairs = np.ones((m, m), dtype=bool) if want is None else want.copy()
        pairs[np.arange(m), np.arange(m)] = False
        free = possible & ~drawn
        load = (drawn.sum(axis=1) + drawn.sum(axis=0)).astype(float)
        return cls(free, drawn.copy(), pairs, load, free.sum(axis=2), drawn.sum(axis=2))

    def take(self, first: IntArray, second: IntArray, questions: IntArray) -> list[Cell]:
        """Draw cells, no two of them alike."""
        self.free[first, second, questions] = False
        self.drawn[first, second, questions] = True
        np.add.at(self.load, (first, questions), 1.0)
        np.add.at(self.load, (second, questions), 1.0)
        np.add.at(self.left, (first, second), -1)
        np.add.at(self.ahead, (first, second), 1)
        return [Cell(*cell) for cell in zip(questions.tolist(), first.tolist(), second.tolist(), strict=True)]


def draw_adaptive(offer: Offer, estimates: Estimates | None, n: int, rng: np.random.Generator) -> list[Cell]:
    """Up to n cells, taken from the offer. Fewer where there are no more."""
    m = len(offer.want)
    i, j = np.triu_indices(m, 1)
    want = offer.want[i, j]
    need = _need(offer, estimates)[i, j] * want
    found: list[Cell] = []
    wanted = n
    while n > 0:
        there = (offer.left[i, j] + offer.left[j, i] > 0) & want
        if not there.any():
            break
        count = _shares(need, there, n, rng)
        for turn in range(1, int(count.max()) + 1):
            pairs = rng.permutation(np.flatnonzero(count >= turn))
            for start in range(0, len(pairs), max(_AT_ONCE, m)):
                some = pairs[start : start + max(_AT_ONCE, m)]
                found += _one_each(offer, i[some], j[some], rng)
        n = wanted - len(found)
    return found


def _need(offer: Offer, estimates: Estimates | None) -> FloatArray:
    m = len(offer.want)
    busy = offer.want.any(axis=1)
    if estimates is None or not busy.any() or estimates.questions[busy].min() < WARM:
        return np.ones((m, m))
    clear = np.abs(estimates.difference) > CLEAR * estimates.half_width
    return np.where(clear, 0.0, np.maximum(estimates.power, FAINT))


def _shares(need: FloatArray, there: Mask, n: int, rng: np.random.Generator) -> IntArray:
    """How many cells each pair gets, rounded at random so that all together are n."""
    alike = there / there.sum()
    wanted = need * there
    wanted = wanted / wanted.sum() if wanted.sum() > 0 else alike
    exact = n * (EXPLORE * alike + (1 - EXPLORE) * wanted)
    count: IntArray = np.floor(exact).astype(np.int64)
    rest = exact - count
    more = min(round(n - int(count.sum())), int((rest > 0).sum()))
    if more > 0:
        count[rng.choice(len(count), more, replace=False, p=rest / rest.sum())] += 1
    return count


def _one_each(offer: Offer, a: IntArray, b: IntArray, rng: np.random.Generator) -> list[Cell]:
    """One cell of each of some pairs, as far as they have any left."""
    can_a, can_b = offer.free[a, b], offer.free[b, a]
    cost = offer.load[a] + offer.load[b] + rng.random(can_a.shape)
    cost += _SECOND_ORDER * (offer.drawn[a, b] | offer.drawn[b, a])
    cost[~(can_a | can_b)] = np.inf
    question, row = cost.argmin(axis=1), np.arange(len(a))
    lead, coin = offer.ahead[a, b] - offer.ahead[b, a], rng.random(len(a)) < 0.5
    swapped = ~can_a[row, question] | (can_b[row, question] & ((lead > 0) | ((lead == 0) & coin)))
    there = np.isfinite(cost[row, question])
    first, second = np.where(swapped, b, a), np.where(swapped, a, b)
    return offer.take(first[there], second[there], question[there])


def draw_everything(offer: Offer, estimates: Estimates | None, n: int, rng: np.random.Generator) -> list[Cell]:
    """The first n cells of the offer, question by question, both orders of a pair together."""
    return _in_order(offer, offer.want, n)


def _in_order(offer: Offer, want: Mask, n: int) -> list[Cell]:
    places = np.argwhere(offer.free & want[:, :, None])
    found = [Cell(q, first, second) for first, second, q in places.tolist()]
    found.sort(key=lambda cell: (cell.question, *sorted(cell[1:]), cell.first))
    found = found[:n]
    places = np.array(found, dtype=np.int64).reshape(-1, 3)
    return offer.take(places[:, 1], places[:, 2], places[:, 0])


EARLY_MOST, EARLY_SCALE = 1.7, 1.27
"""The boundary of a board that is looked at while it runs (`measurements/adaptive.py` tunes them)."""


def early_boundary(share: float) -> float:
    """What a claim's interval is multiplied by where a run may stop on what it sees, at this share of its budget."""
    return min(EARLY_MOST, EARLY_SCALE / float(np.sqrt(min(1.0, max(share, 1e-9)))))
