"""Soft verdicts: a temperature that turns score differences into probabilities, fitted on human votes.

P(a is better) = σ(β·(score_a − score_b)), β by maximum likelihood (SoftElo, arXiv 2606.13221). The same serves judges'
log-probabilities: their difference is the logit of the stated probability, and β below 1 says that the judge is too
sure. Outcomes in between go into Bradley–Terry as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from arena.errors import DataError
from arena.ratings import voters
from arena.ratings.arrays import FloatArray
from arena.ratings.bradley_terry import sigmoid
from arena.ratings.table import Coded


def fit_temperature(
    difference: Sequence[float] | FloatArray,
    vote: Sequence[float] | FloatArray,
    *,
    question_id: Sequence[str | int] | None = None,
    level: float = 0.95,
) -> voters.Temperature:
    """β for score differences a − b and human outcomes in [0, 1] (½ is a tie) of the same battles.

    The interval is clustered by question where there are ids, else by row; None on a single question.
    Raises DataError when there is nothing to learn from: no votes, no differences, or differences that predict every
    vote (β would be infinite).
    """
    d, y = np.asarray(difference, dtype=float), np.asarray(vote, dtype=float)
    if d.shape != y.shape or not len(d):
        raise DataError(f"temperature: {d.size} score differences and {y.size} votes, allowed: equally many, 1 or more")
    if not (np.isfinite(d).all() and ((y >= 0) & (y <= 1)).all()):
        raise DataError("temperature: differences must be finite and votes in [0, 1]")
    clusters = np.arange(len(d), dtype=np.int32) if question_id is None else Coded.of(question_id).codes
    found = voters.fit_temperature(d, y, clusters, level)
    if found is None:
        raise DataError("temperature: the differences are all 0, or predict every vote, so no finite β fits best")
    return found


def soften(difference: Sequence[float] | FloatArray, beta: float) -> FloatArray:
    """Score differences a − b as P(a is better)."""
    return sigmoid(beta * np.asarray(difference, dtype=float))
