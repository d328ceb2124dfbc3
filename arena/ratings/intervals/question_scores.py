"""What fills the sandwich: scores of the likelihood by question or by row, and how many questions there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from arena.ratings.data.arrays import Codes, FloatArray, IntArray, Mask, add_up, pieces, sigmoid
from arena.ratings.data.mix import effective_size
from arena.ratings.data.pair_sums import both_cells, cell_codes, laplacian, wide_cells
from arena.ratings.data.table import BattleTable

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_CELLS = 10_000_000
"""Up to so many cells of (question, model) scores are a dense array."""
_MARKED = 30_000_000
"""Up to so many cells the questions of each model are counted by marking them."""


def questions_of(table: BattleTable, *, independent: bool) -> FloatArray:
    """How many distinct questions each model was compared on (battles, where rows are independent)."""
    m, clusters = len(table.models), table.clusters()
    if independent or not len(table):
        return add_up(table.a, None, m) + add_up(table.b, None, m)
    if (int(clusters.max()) + 1) * m <= _MARKED:
        counts: FloatArray = seen_questions(table).sum(axis=0).astype(float)
        return counts
    cells = cell_codes(clusters, table.a, m), cell_codes(clusters, table.b, m)
    ordered = np.sort(np.concatenate(cells))  # np.unique hashes, which is many times slower here
    return add_up(ordered[np.diff(ordered, prepend=-1) > 0] % m, None, m)


def seen_questions(table: BattleTable) -> Mask:
    """(questions, models): on which questions each model was compared."""
    seen = np.zeros((int(table.clusters().max(initial=-1)) + 1, len(table.models)), dtype=bool)
    for _, first, second in both_cells(table):
        seen.reshape(-1)[first] = seen.reshape(-1)[second] = True
    return seen


def weighty_questions(table: BattleTable) -> FloatArray:
    """How many questions of equal weight each model was compared on, as far as what they tell goes."""
    if table.mix is None:
        return questions_of(table, independent=table.question is None)
    seen = seen_questions(table).astype(float)
    return effective_size(seen, table.mix.weight[: len(seen)])


def asked(clusters: Codes) -> IntArray:
    """Codes of the questions that have rows."""
    seen = np.zeros(int(clusters.max(initial=-1)) + 1, dtype=bool)
    for rows in pieces(len(clusters)):
        seen[clusters[rows].astype(np.int64)] = True
    return np.flatnonzero(seen)


def component_questions(rows: BattleTable, block: IntArray, there: IntArray | None = None) -> FloatArray:
    """Q of each model's component: distinct questions with a battle inside it. 0 outside all components.

    `there` are the questions of all rows, where they are known.
    """
    found, clusters = np.zeros(len(block)), rows.clusters()
    if there is not None and (block == 0).all():
        return np.full(len(block), float(len(there)))
    for number in range(int(block.max(initial=-1)) + 1):
        found[block == number] = len(asked(clusters[block[rows.a] == number]))
    return found


def residuals(rows: BattleTable, theta: FloatArray) -> FloatArray:
    """outcome − p, row by row; the few probabilities are computed by pair and looked up."""
    m = len(theta)
    if m * m > len(rows):
        return rows.outcome - sigmoid(theta[rows.a] - theta[rows.b])
    p = sigmoid((theta[:, None] - theta[None, :]).ravel())
    found = np.empty(len(rows))
    for some in pieces(len(rows)):
        np.subtract(rows.outcome[some], p.take(wide_cells(rows.a[some], rows.b[some], m)), out=found[some])
    return found


def scores_by_question(
    rows: BattleTable, residual: FloatArray, more: Sequence[FloatArray] = ()
) -> FloatArray | csr_array:
    """Scores of the likelihood summed by question, shape (questions, models + further parameters).

    A row's score is `residual` for model a, its opposite for model b, and its value in each column of `more` for the
    further parameters. Sparse where the array would be large.
    """
    m, clusters = len(rows.models), rows.clusters()
    n_clusters = int(clusters.max(initial=-1)) + 1
    if n_clusters * m > _CELLS:
        return sparse_scores(rows, residual, more)
    scores = np.zeros((n_clusters, m))
    for some, first, second in both_cells(rows):
        np.add.at(scores.reshape(-1), first, residual[some])
        np.subtract.at(scores.reshape(-1), second, residual[some])
    return np.column_stack([scores, *(add_up(clusters, column, n_clusters) for column in more)]) if more else scores


def sparse_scores(rows: BattleTable, residual: FloatArray, more: Sequence[FloatArray] = ()) -> csr_array:
    """`scores_by_question` as a sparse matrix."""
    from scipy.sparse import csr_array

    m, clusters = len(rows.models), rows.clusters()
    columns = [rows.a, rows.b, *(np.full(len(rows), m + place, dtype=np.int32) for place in range(len(more)))]
    shape = (int(clusters.max(initial=-1)) + 1, m + len(more))
    values = np.concatenate([residual, -residual, *more])
    scores = csr_array((values, (np.tile(clusters, len(columns)), np.concatenate(columns))), shape=shape)
    scores.sum_duplicates()
    return scores


def products(scores: FloatArray | csr_array) -> FloatArray:
    """Σ_q s_q s_qᵀ, dense."""
    product = scores.T @ scores
    result: FloatArray = product if isinstance(product, np.ndarray) else product.toarray()
    return result


def clustered_meat(scores: FloatArray | csr_array, n_clusters: FloatArray) -> FloatArray:
    """B = f fᵀ ∘ Σ_q s_q s_qᵀ for scores of shape (clusters, parameters), f² = Q/(Q − 1) of each parameter.

    A parameter seen on one cluster only has no variance to speak of: its entries are NaN.
    """
    return factored(products(scores), n_clusters)


def factored(products: FloatArray, n_clusters: FloatArray) -> FloatArray:
    """`clustered_meat` of Σ_q s_q s_qᵀ."""
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(n_clusters > 1, np.sqrt(n_clusters / (n_clusters - 1)), np.nan)
    result: FloatArray = products * factor[:, None] * factor[None, :]
    return result


def centred_meat(scores: FloatArray | csr_array, n_clusters: int) -> FloatArray:
    """Covariance of the scores over `n_clusters` questions, times Q/(Q − 1): for scores that do not sum to 0.

    Rows of clusters that nobody was asked are 0 and count for nothing.
    """
    total = np.asarray(scores.sum(axis=0), dtype=float).ravel()
    q = float(n_clusters)
    factor = q / (q - 1) if q > 1 else np.nan
    result: FloatArray = factor * (products(scores) - np.outer(total, total) / max(q, 1.0))
    return result


def independent_meat(rows: BattleTable, residual: FloatArray) -> FloatArray:
    """Σ rows of squared scores: a Laplacian, because every row touches two models."""
    m = len(rows.models)
    square = add_up(rows.a * np.int64(m) + rows.b, residual**2, m * m).reshape(m, m)
    i, j = np.triu_indices(m, 1)
    return laplacian(m, i, j, square[i, j] + square[j, i])
