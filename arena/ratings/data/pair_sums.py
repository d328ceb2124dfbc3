"""Sufficient statistics: everything a rating needs to know about its battles, added up once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arena.ratings.data.arrays import Codes, FloatArray, IntArray, Mask, add_up, pieces
from arena.ratings.data.table import BattleTable

DENSE_LIMIT = 2_000
"""Up to this many models matrices are dense and the full covariance is kept."""


@dataclass(frozen=True, slots=True)
class PairSums:
    """Battles added up by pair of models, one entry per pair that met, with i < j."""

    n_models: int
    i: IntArray
    j: IntArray
    wins: FloatArray
    """Sum of weight × outcome for model i."""
    games: FloatArray
    """Sum of the weights."""

    def among(self, keep: Mask) -> PairSums:
        """The pairs selected by a mask."""
        return PairSums(self.n_models, self.i[keep], self.j[keep], self.wins[keep], self.games[keep])


def pair_sums(table: BattleTable) -> PairSums:
    """Add battles up by unordered pair. Rows of weight 0 leave no trace."""
    m = len(table.models)
    points = table.outcome if table.weight is None else table.weight * table.outcome
    if m <= DENSE_LIMIT:
        code = cell_codes(table.a, table.b, m)
        wins = add_up(code, points, m * m).reshape(m, m)
        games = add_up(code, table.weight, m * m).reshape(m, m)
        return sums_of_cells(wins, games)
    swap = table.a > table.b
    low, high = np.where(swap, table.b, table.a), np.where(swap, table.a, table.b)
    weights = table.weights()
    pairs, where = np.unique(low.astype(np.int64) * m + high, return_inverse=True)
    games = add_up(where, weights, len(pairs))
    wins = add_up(where, np.where(swap, weights - points, points), len(pairs))
    met = games > 0
    return PairSums(m, pairs[met] // m, pairs[met] % m, wins[met], games[met])


def sums_of_cells(wins: FloatArray, games: FloatArray) -> PairSums:
    """Sums by unordered pair from those by ordered pair, both (m, m): what model a won, and how many there were."""
    i, j = np.nonzero(np.triu(games + games.T > 0, 1))
    return PairSums(len(games), i, j, wins[i, j] + games[j, i] - wins[j, i], games[i, j] + games[j, i])


class Counts(NamedTuple):
    """Battles of each model by winner; a winner is whoever is above ½."""

    wins: IntArray
    losses: IntArray
    ties: IntArray


def count_winners(table: BattleTable) -> Counts:
    """Wins, losses and ties of every model."""
    m = len(table.models)
    first, second = np.zeros(3 * m, dtype=np.int64), np.zeros(3 * m, dtype=np.int64)
    for rows in pieces(len(table)):
        result = (table.outcome[rows] > 0.5).astype(np.int64) - (table.outcome[rows] < 0.5) + 1
        first += np.bincount(3 * table.a[rows].astype(np.int64) + result, minlength=3 * m)
        second += np.bincount(3 * table.b[rows].astype(np.int64) + result, minlength=3 * m)
    one, other = first.reshape(m, 3), second.reshape(m, 3)
    return Counts(one[:, 2] + other[:, 0], one[:, 0] + other[:, 2], one[:, 1] + other[:, 1])


def cell_codes(row: Codes, column: Codes, width: int) -> NDArray[np.integer]:
    """row·width + column, in the narrowest integer that holds it."""
    top = (int(row.max(initial=0)) + 1) * width
    if top < 2**31:
        narrow: NDArray[np.integer] = row * np.int32(width) + column
        return narrow
    return row.astype(np.int64) * width + column


def by_cluster(clusters: Codes, models: Codes, values: FloatArray | None, n_clusters: int, m: int) -> FloatArray:
    """Sums of a per-row value by cluster and model, shape (n_clusters, m); counts when `values` is None."""
    found = np.zeros(n_clusters * m)
    for rows in pieces(len(clusters)):
        np.add.at(found, wide_cells(clusters[rows], models[rows], m), 1.0 if values is None else values[rows])
    return found.reshape(n_clusters, m)


def both_cells(table: BattleTable) -> Iterator[tuple[slice, IntArray, IntArray]]:
    """Some rows at a time, with the cells (question, model a) and (question, model b) of each: question·m + model."""
    clusters, m = table.clusters(), len(table.models)
    for rows in pieces(len(table)):
        first = clusters[rows].astype(np.int64)
        first *= m
        second = first + table.b[rows]
        first += table.a[rows]
        yield rows, first, second


def wide_cells(row: Codes, column: Codes, width: int) -> IntArray:
    """row·width + column, as wide as addresses are, by which NumPy finds fastest."""
    found = row.astype(np.int64)
    found *= width
    found += column
    return found


def laplacian(n_models: int, i: IntArray, j: IntArray, values: FloatArray) -> FloatArray:
    """Σ value·(e_i − e_j)(e_i − e_j)ᵀ as a dense matrix; each pair appears once."""
    matrix = np.zeros((n_models, n_models))
    matrix[i, j] = matrix[j, i] = -values
    matrix[np.arange(n_models), np.arange(n_models)] = -matrix.sum(axis=1)
    return matrix


def difference_sums(n_models: int, i: IntArray, j: IntArray, values: FloatArray) -> FloatArray:
    """Σ value·(e_i − e_j): what goes to the first of each pair is taken from the second."""
    return add_up(i, values, n_models) - add_up(j, values, n_models)
