"""The mean of paired differences, one per question, and how sure it is: also where hardly any question differs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from arena.ratings.data.arrays import FloatArray
from arena.ratings.intervals.student_t import t_quantile

RARE = 20
"""With fewer questions than this that differ from the commonest difference, t alone is too sure of itself."""


@dataclass(frozen=True, slots=True)
class Paired:
    """What two models came to on the questions they share, one entry per question; the first is the new one."""

    new: FloatArray
    old: FloatArray
    lowest: float
    """The smallest difference that one question can show, and the largest."""
    highest: float

    @property
    def terms(self) -> FloatArray:
        """new − old by question."""
        return self.new - self.old

    @property
    def sd(self) -> float | None:
        """How much a question's difference varies; None where nothing is seen to."""
        sd = float(self.terms.std(ddof=1)) if len(self.new) > 1 else 0.0
        return sd if sd > 0 else None

    @property
    def rare(self) -> bool:
        """Whether fewer than `RARE` questions show another difference than the commonest one."""
        return _differing(self.terms) < RARE

    def ends(self, level: float) -> tuple[float, float]:
        """The two-sided interval of the mean difference; infinite for fewer than two questions.

        Student's t, and wider on the side where the differences are skewed: rare losses that were not met are then
        counted in (Hall 1992, The Bootstrap and Edgeworth Expansion, 3.6: the quantile of t moves by γ(2t² + 1)/6√n).
        Where fewer than `RARE` questions tell the two apart, no spread seen is not the same as none: each end counts
        one question more, which shows the worst difference there can be.
        """
        if len(self.new) < 2:
            return -math.inf, math.inf
        low, high = self.terms, self.terms
        if self.rare:
            low, high = np.append(low, self.lowest), np.append(high, self.highest)
        return _end(low, level, -1.0), _end(high, level, 1.0)


def _end(terms: FloatArray, level: float, side: float) -> float:
    n, mean, sd = len(terms), float(terms.mean()), float(terms.std(ddof=1))
    if sd == 0:
        return mean
    t = float(t_quantile(level, np.array([n - 1.0]))[0])
    skewness = float(((terms - mean) ** 3).mean()) / sd**3
    more = max(0.0, side * skewness * (2 * t * t + 1) / (6 * math.sqrt(n)))
    return mean + side * (t + more) * sd / math.sqrt(n)


def _differing(terms: FloatArray) -> int:
    """How many questions show another difference than the commonest one."""
    _, counts = np.unique(np.round(terms, 9), return_counts=True)
    return len(terms) - int(counts.max(initial=0))
