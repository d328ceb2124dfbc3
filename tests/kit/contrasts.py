"""Contrasts of two models, made up."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Fixed:
    """A difference with a standard error of 1, normal."""

    value: float
    n_questions: int = 100
    new: float = 0.0
    old: float = 0.0
    sd: float = 10.0

    def ends(self, level: float) -> tuple[float, float]:
        half = NormalDist().inv_cdf((1 + level) / 2)
        return self.value - half, self.value + half
