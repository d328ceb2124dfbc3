"""Values of a quantity in their order, each once with how often it comes: percentiles and means of millions in little
room. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Sample:
    """Values, ascending, and how many values are at or below each of them (the last: all there are)."""

    values: FloatArray
    through: IntArray

    @classmethod
    def of(cls, values: FloatArray) -> Sample:
        """Of values in any order."""
        return cls(np.sort(values), np.arange(1, len(values) + 1))

    def __len__(self) -> int:
        """How many values there are."""
        return int(self.through[-1]) if len(self.through) else 0

    @property
    def mean(self) -> float:
        """Of at least one."""
        return float(self.values @ self._counts) / len(self)

    @property
    def variance(self) -> float:
        """Of at least two: the unbiased one."""
        away = self.values - self.mean
        away *= away
        return float(away @ self._counts) / (len(self) - 1)

    @property
    def _counts(self) -> IntArray:
        return np.diff(self.through, prepend=0)

    def at(self, rank: int) -> float:
        """The value of a rank, from 1."""
        return float(self.values[np.searchsorted(self.through, rank)])

    def percentile(self, q: float) -> float:
        """The smallest value with at least a share q of all values at or below it (the inverse of the distribution)."""
        return self.at(max(1, math.ceil(q * len(self) - 1e-9)))

    def share(self, value: float) -> float:
        """Of all values, the share at or below one."""
        below = int(np.searchsorted(self.values, value, side="right"))
        return float(self.through[below - 1]) / len(self) if below else 0.0
