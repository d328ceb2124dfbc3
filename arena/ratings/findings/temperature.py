"""Soft verdicts: a temperature that turns score differences into probabilities, fitted on human votes.

P(a is better) = σ(β·(score_a − score_b)), β by maximum likelihood (SoftElo, arXiv 2606.13221). The same serves judges'
log-probabilities: their difference is the logit of the stated probability, and β below 1 says that the judge is too
sure. Outcomes in between go into Bradley–Terry as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arena.errors import DataError
from arena.ratings.data.arrays import FloatArray, add_up, sigmoid
from arena.ratings.data.table import Coded
from arena.ratings.intervals.student_t import t_quantile


class Temperature(NamedTuple):
    """A fitted β with its interval, and what it gains over a coin."""

    beta: float
    low: float | None
    high: float | None
    """Clustered by question where there are ids, else by row; None on a single question."""
    n: int
    log_loss: float
    """Mean log loss of σ(β·difference) against the votes; a coin has ln 2 = 0.693."""


def fit_temperature(
    difference: Sequence[float] | FloatArray,
    vote: Sequence[float] | FloatArray,
    *,
    question_id: Sequence[str | int] | None = None,
    level: float = 0.95,
) -> Temperature:
    """β for score differences a − b and human outcomes in [0, 1] (½ is a tie) of the same battles.

    Raises DataError when there is nothing to learn from: no votes, no differences, or differences that predict every
    vote (β would be infinite).
    """
    d, y = np.asarray(difference, dtype=float), np.asarray(vote, dtype=float)
    if d.shape != y.shape or not len(d):
        raise DataError(f"temperature: {d.size} score differences and {y.size} votes, allowed: equally many, 1 or more")
    if not (np.isfinite(d).all() and ((y >= 0) & (y <= 1)).all()):
        raise DataError("temperature: differences must be finite and votes in [0, 1]")
    scale = float(np.abs(d).max())
    if scale == 0:
        raise DataError("temperature: every score difference is 0")
    beta = 0.0
    for _ in range(200):
        p = sigmoid(beta * d)
        step = float((d * (y - p)).sum()) / max(float((d * d * p * (1 - p)).sum()), 1e-12)
        beta += max(-2 / scale, min(2 / scale, step))
        if abs(step) * scale < 1e-11:
            break
        if abs(beta) * scale > 30:
            raise DataError("temperature: the score differences predict every vote, so no finite β fits best")
    p = sigmoid(beta * d)
    clusters = np.arange(len(d)) if question_id is None else Coded.of(question_id).codes
    low, high = _interval(beta, d * (y - p), float((d * d * p * (1 - p)).sum()), clusters, level)
    eta = beta * d
    return Temperature(beta, low, high, len(d), float((np.logaddexp(0, eta) - y * eta).mean()))


def _interval(
    beta: float, scores: FloatArray, information: float, clusters: NDArray[np.integer], level: float
) -> tuple[float | None, float | None]:
    q = int(clusters.max()) + 1
    if q < 2:
        return None, None
    meat = q / (q - 1) * float((add_up(clusters, scores, q) ** 2).sum())
    half = float(t_quantile(level, np.array([q - 1.0]))[0]) * meat**0.5 / information
    return beta - half, beta + half
