"""Words that go with losing, put together where they are said together; and who of all losses belongs to each group."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy import sparse

Floats = NDArray[np.float64]
TOGETHER = 0.05
"""Words belong to one group where, on average over two of them, this share of the rarer one's texts has the other too,
beyond what chance has (0 to 1)."""
FEWEST_TOGETHER = 3
"""Texts in which two words have to meet."""
LIFT = 2.0
"""A word tells of a group when it is this many times as frequent in it as outside."""
_ROUNDS = 8
_SAME = 0.5
"""Groups that share more of their members than this are one."""


class Group(NamedTuple):
    """A group of words, and how a text is told to belong to it: its log odds are `bias` + the sum of its words'
    weights (Bernoulli naive Bayes)."""

    words: tuple[int, ...]
    """Columns, the most telling first."""
    weights: Floats
    bias: float

    def odds(self, there: sparse.csr_matrix) -> Floats:
        """The log odds of every text."""
        return np.asarray(there @ self.weights + self.bias)


def groups_of(there: sparse.csr_matrix, found: NDArray[np.intp], hinted: NDArray[np.bool_]) -> list[Group]:
    """The groups of the words `found`, the largest first. `there`: texts × words, 0 or 1. `hinted`: the words that may
    join, because they go with losing a little themselves."""
    groups = [group for words in _together(there, found) if (group := _grown(there, words, hinted)) is not None]
    members = [group.odds(there) > 0 for group in groups]
    order = sorted(range(len(groups)), key=lambda n: (-int(members[n].sum()), groups[n].words))
    kept: list[int] = []
    for one in order:
        if members[one].any() and not any(_overlap(members[one], members[other]) > _SAME for other in kept):
            kept.append(one)
    return [groups[n] for n in kept]


def _overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / min(one.sum(), other.sum()))


def _together(there: sparse.csr_matrix, found: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The words that are said together: average linkage, so that one word that two reasons share does not join them."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(found) < 2:
        return [found]
    own = there[:, found]
    both = (own.T @ own).toarray()
    counts = both.diagonal()
    chance = np.outer(counts, counts) / there.shape[0]
    most = np.minimum.outer(counts, counts)
    shared = np.where(both >= FEWEST_TOGETHER, (both - chance) / np.maximum(most - chance, 1e-12), 0.0)
    apart = 1 - np.clip(shared, 0.0, 1.0)
    np.fill_diagonal(apart, 0.0)
    labels = fcluster(linkage(squareform(apart, checks=False), "average"), 1 - TOGETHER, "distance")
    return [found[labels == label] for label in np.unique(labels)]


def _grown(there: sparse.csr_matrix, words: NDArray[np.intp], hinted: NDArray[np.bool_]) -> Group | None:
    """Naive Bayes by expectation and maximisation, from texts with two of the words (one, where there is but one): so
    that words too rare to be found alone count too, and words that others say as well count less."""
    n = there.shape[0]
    hits = np.asarray(there[:, words].sum(axis=1)).ravel()
    member = (hits >= min(2, len(words))).astype(float)
    totals = np.asarray(there.sum(axis=0)).ravel()
    for _ in range(_ROUNDS):
        size = member.sum()
        if size < FEWEST_TOGETHER or size > n - FEWEST_TOGETHER:
            return None
        inside = np.asarray(there.T @ member).ravel()
        within = (inside + 0.5) / (size + 1)
        outside = (totals - inside + 0.5) / (n - size + 1)
        telling = hinted & (within > LIFT * outside) & (inside >= FEWEST_TOGETHER)
        weights = np.where(telling, np.log(within / outside) - np.log((1 - within) / (1 - outside)), 0.0)
        absent = np.where(telling, np.log((1 - within) / (1 - outside)), 0.0).sum()
        bias = float(np.log(size / (n - size)) + absent)
        member = 1 / (1 + np.exp(-np.clip(there @ weights + bias, -30, 30)))
    kept = np.flatnonzero(weights > 0)
    gain = inside[kept] * weights[kept]
    ordered = kept[np.lexsort((kept, -gain))]
    return Group(tuple(int(word) for word in ordered), weights, bias) if len(ordered) else None
