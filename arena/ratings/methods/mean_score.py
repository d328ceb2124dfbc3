"""Single mode: the mean score, a question counting once; two models differ by what they differ on shared questions.

A model whose scores are all equal has no interval, and two that always differ by the same are not told apart: no
spread was seen, which is not the same as none.
"""

from __future__ import annotations

import numpy as np

from arena.ratings.columns import with_ends
from arena.ratings.intervals.covariance import NO_SPREAD
from arena.ratings.methods.method import Fitted, Method, Scores
from arena.ratings.methods.refits import Refits, of_means


def _rated(given: Scores) -> Fitted:
    means = given.means
    with np.errstate(invalid="ignore"):
        better = means.uncertainty.surely_better(means.mean) & (means.uncertainty.difference_se() > NO_SPREAD)
    return Fitted(means.mean, means.low, means.high, better=better)


def _refits(given: Scores) -> Refits:
    means = given.means
    group = np.where(means.questions > 0, 0, -1)
    return of_means([(means.per_question, means.seen)], means.mean, group)


MEAN_SCORE = Method((with_ends("score", "score", "score"),), of_scores=_rated, refits_of_scores=_refits)
