"""Large dense matrices: a few rows at a time, and symmetric ones by their Cholesky factor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from arena.ratings.data.arrays import FloatArray

_ENTRIES = 1 << 16
"""So many are computed at a time, which stay in the processor's cache."""


def rows_of(m: int) -> Iterator[slice]:
    """The rows of an (m, m) matrix, some at a time."""
    size = max(1, _ENTRIES // max(m, 1))
    return (slice(start, min(start + size, m)) for start in range(0, m, size))


@dataclass(frozen=True, slots=True)
class Factor:
    """The Cholesky factor of a symmetric matrix, in the place of the matrix."""

    lower: FloatArray

    @classmethod
    def of(cls, matrix: FloatArray) -> Factor | None:
        """Of a symmetric matrix in row order, whose memory is taken; None when it is not positive definite."""
        from scipy.linalg.lapack import dpotrf

        lower, failed = dpotrf(matrix.T, lower=1, clean=1, overwrite_a=1)
        return None if failed else cls(lower)

    def solve(self, right: FloatArray) -> FloatArray:
        """matrix⁻¹·right."""
        from scipy.linalg.lapack import dpotrs

        found, _ = dpotrs(self.lower, right, lower=1)
        return np.asarray(found, dtype=np.float64)

    def inverse(self) -> FloatArray:
        """matrix⁻¹, symmetric to the last bit; the factor is gone then."""
        from scipy.linalg.lapack import dpotri

        half, _ = dpotri(self.lower, lower=1, overwrite_c=1)
        found = np.asarray(half + half.T, dtype=np.float64)
        found.flat[:: len(found) + 1] *= 0.5
        return found


class Products:
    """Σ rowᵀ·row over many rows, of which one triangle is added up."""

    def __init__(self, m: int) -> None:
        self._half = np.zeros((m, m), order="F")

    def add(self, rows: FloatArray) -> None:
        """Some more rows, (n, m) in row order."""
        from scipy.linalg.blas import dsyrk

        self._half = dsyrk(1.0, rows.T, beta=1.0, c=self._half, lower=1, overwrite_c=1)

    def total(self) -> FloatArray:
        """(m, m)."""
        half = self._half
        found = np.asarray(half + half.T, dtype=np.float64)
        found.flat[:: len(found) + 1] *= 0.5
        return found
