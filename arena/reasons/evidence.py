"""Which words go with losing: two statistics that permutations calibrate, so that noise is told as none.

`by_model`: a word stands in what is said when one model loses more often than its share of the losses of the same
question. Null: the texts of a question are dealt out to its losses at random. `by_side`: a word is said of losers more
often than of winners. Null: each question's winners and losers change places. The largest statistic over all words (and
models) is compared with its distribution over permutations (Westfall and Young 1993, max-T), so that the chance to find
any word where there is nothing is the level, however many words there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from arena.ratings.data.arrays import Codes

if TYPE_CHECKING:
    from scipy import sparse

Floats = NDArray[np.float64]
PERMUTATIONS = 199


class Evidence(NamedTuple):
    """One statistic per word, and the value that the largest of them passes by chance with probability alpha."""

    statistic: Floats
    threshold: float

    @property
    def found(self) -> NDArray[np.bool_]:
        """The words that pass."""
        return np.asarray(self.statistic > self.threshold)

    @property
    def hinted(self) -> NDArray[np.bool_]:
        """The words that come near it: too rare to tell alone, or hardly more than noise."""
        return np.asarray(self.statistic > 0.75 * self.threshold)


def strata_of(questions: Codes, categories: Codes, losers: Codes) -> Codes:
    """Which losses may change their texts: those of one question. Where a question has one loser alone, its first loss
    stands with others of its category, and further ones (which depend on it) with nobody."""
    losers_of: dict[int, set[int]] = {}
    for question, loser in zip(questions.tolist(), losers.tolist(), strict=True):
        losers_of.setdefault(question, set()).add(loser)
    known: dict[tuple[str, int], int] = {}
    seen: set[int] = set()
    strata = []
    for row, (question, category) in enumerate(zip(questions.tolist(), categories.tolist(), strict=True)):
        alone = len(losers_of[question]) == 1
        place = ("row", row) if alone and question in seen else ("category", category) if alone else ("q", question)
        seen.add(question)
        strata.append(known.setdefault(place, len(known)))
    return np.array(strata)


def by_model(
    there: sparse.csr_matrix, losers: Codes, strata: Codes, rng: np.random.Generator, alpha: float
) -> Evidence:
    """`there`: losses × words, 0 or 1. The statistic is the largest standardised excess over the models."""
    n, models = len(losers), int(losers.max()) + 1
    rows, words = there.nonzero()
    lost = np.bincount(strata * models + losers, minlength=(int(strata.max()) + 1) * models).reshape(-1, models)
    sizes = lost.sum(axis=1, dtype=float)
    shares = lost / sizes[:, None]
    counts = _counts(words, strata[rows], there.shape[1], len(sizes))
    expected = counts @ shares
    spread = counts.copy()
    size = sizes[spread.indices]
    spread.data = spread.data * (size - spread.data) / np.maximum(size - 1, 1)
    deviation = np.sqrt(np.maximum(spread @ (shares * (1 - shares)), 1e-12))
    enough = deviation > 1.0
    place, many = words * models, there.shape[1] * models

    def largest(of: Codes) -> Floats:
        excess = (np.bincount(place + of[rows], minlength=many).reshape(-1, models) - expected) / deviation
        return np.asarray(np.where(enough, excess, 0.0).max(axis=1))

    order = np.argsort(strata, kind="stable")
    dealt = np.empty_like(losers)
    drawn = []
    for _ in range(PERMUTATIONS):
        dealt[order] = losers[np.lexsort((rng.random(n), strata))]
        drawn.append(float(largest(dealt).max(initial=0.0)))
    return Evidence(largest(losers), _quantile(drawn, alpha))


def _counts(words: Codes, strata: Codes, n_words: int, n_strata: int) -> sparse.csr_matrix:
    """How often a word stands in a stratum."""
    from scipy import sparse

    return sparse.csr_matrix((np.ones(len(words)), (words, strata)), (n_words, n_strata))


def by_side(difference: sparse.csr_matrix, questions: Codes, rng: np.random.Generator, alpha: float) -> Evidence:
    """`difference`: losses × words, 1 where said of the loser alone, −1 where of the winner alone."""
    from scipy import sparse

    n = len(questions)
    sums = (sparse.csr_matrix((np.ones(n), (questions, np.arange(n)))) @ difference).tocsr()
    squares = sums.copy()
    squares.data **= 2
    deviation = np.sqrt(np.maximum(np.asarray(squares.sum(axis=0)).ravel(), 1e-12))
    enough = deviation > 2.0
    signs = rng.choice(np.array([-1.0, 1.0]), (PERMUTATIONS, sums.shape[0]))
    drawn = np.where(enough, (signs @ sums) / deviation, 0.0).max(axis=1, initial=0.0)
    statistic = np.where(enough, np.asarray(sums.sum(axis=0)).ravel() / deviation, 0.0)
    return Evidence(statistic, _quantile(drawn.tolist(), alpha))


def _quantile(drawn: Sequence[float], alpha: float) -> float:
    """What at most a share alpha of all permutations, the observed one among them, lies above."""
    rank = math.ceil((1 - alpha) * (len(drawn) + 1))
    return math.inf if rank > len(drawn) else sorted(drawn)[rank - 1]
