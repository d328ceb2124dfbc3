"""Thousands of models: the Laplacian of their battles, solved without a dense matrix.

The Laplacian of a random tournament fills in completely when it is factored (10,000 models: 800 MB and minutes), but it
is well conditioned: conjugate gradients with the diagonal as preconditioner solve it in some tens of products. Where
they do not (long chains), the factor is sparse, and that is taken instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray, add_up, centre
from arena.ratings.data.pair_sums import PairSums

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_PRODUCTS = 400
"""After so many products without convergence the matrix is factored instead."""


class SparseLaplacian:
    """Σ information·(e_i − e_j)(e_i − e_j)ᵀ + ridge, to be solved within the gauge Σ = 0 per block."""

    def __init__(self, pairs: PairSums, information: FloatArray, block: IntArray, ridge: float = 0.0) -> None:
        from scipy.sparse import csr_array

        m = pairs.n_models
        self._block, self._gauged = block, ridge == 0.0
        self._diagonal = add_up(pairs.i, information, m) + add_up(pairs.j, information, m) + ridge
        self._diagonal[self._diagonal == 0] = 1.0
        rows = np.concatenate([pairs.i, pairs.j, np.arange(m)])
        columns = np.concatenate([pairs.j, pairs.i, np.arange(m)])
        values = np.concatenate([-information, -information, self._diagonal])
        self._matrix: csr_array = csr_array((values, (rows, columns)), shape=(m, m))

    def solve(self, right: FloatArray) -> FloatArray:
        """H⁻¹·right for one (m,) or several (m, k) right-hand sides, each of which sums to 0 per block."""
        columns = right[:, None] if right.ndim == 1 else right
        found = self._conjugate_gradients(columns)
        if found is None:
            found = self._factored(columns)
        if self._gauged:
            found = _centred(found, self._block)
        return found[:, 0] if right.ndim == 1 else found

    def _conjugate_gradients(self, right: FloatArray) -> FloatArray | None:
        """All columns advance together, each with its own step; None when they take too long."""
        x = np.zeros_like(right)
        residual = _centred(right, self._block) if self._gauged else right.copy()
        inverse = (1 / self._diagonal)[:, None]
        z = inverse * residual
        direction = z.copy()
        rho = (residual * z).sum(axis=0)
        start, target = rho, 1e-22 * rho
        for _ in range(_PRODUCTS):
            if np.all(rho <= target):
                return x
            moved = self._matrix @ direction
            curvature = (direction * moved).sum(axis=0)
            alpha = np.where(rho > target, rho / np.where(curvature > 0, curvature, 1.0), 0.0)
            x += alpha * direction
            residual -= alpha * moved
            z = inverse * residual
            before, rho = rho, (residual * z).sum(axis=0)
            direction = z + rho / np.where(before > 0, before, 1.0) * direction
        return x if np.all(rho <= 1e-14 * start) else None

    def _factored(self, right: FloatArray) -> FloatArray:
        """By a sparse factor with the first model of every block tied down."""
        from scipy.sparse import csc_array, diags_array
        from scipy.sparse.linalg import splu

        inside = np.flatnonzero(self._block >= 0)
        tied = inside[np.unique(self._block[inside], return_index=True)[1]]
        extra = np.zeros(len(self._block))
        if self._gauged:
            extra[tied] = float(self._diagonal.max(initial=1.0))
        matrix = csc_array(self._matrix + diags_array(extra))
        return np.asarray(splu(matrix, permc_spec="MMD_AT_PLUS_A").solve(right), dtype=np.float64)


def _centred(columns: FloatArray, block: IntArray) -> FloatArray:
    """Each column centred within blocks."""
    if (block == 0).all():
        result: FloatArray = columns - columns.mean(axis=0)
        return result
    return np.stack([centre(column, block) for column in columns.T], axis=1)
