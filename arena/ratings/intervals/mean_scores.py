"""Mean scores of models over questions, and how sure they and their differences are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arena.ratings.data.arrays import FloatArray
from arena.ratings.data.pair_sums import by_cluster
from arena.ratings.data.score_table import ScoreTable
from arena.ratings.data.table import Mix
from arena.ratings.intervals.covariance import Uncertainty
from arena.ratings.intervals.stratified import stratified
from arena.ratings.intervals.student_t import t_quantile


@dataclass(frozen=True, slots=True)
class MeanScores:
    """Mean score of each model over its questions, NaN without any; a question counts once."""

    mean: FloatArray
    low: FloatArray
    high: FloatArray
    uncertainty: Uncertainty
    questions: FloatArray
    seen: FloatArray
    """(questions, models), 1 where there is a score."""
    per_question: FloatArray
    """(questions, models) mean score, 0 where there is none."""


def mean_scores(table: ScoreTable, level: float) -> MeanScores:
    """Means of the per-question means, with t intervals over questions.

    V_ij = √(f_i f_j)·Σ_q u_qi u_qj, u the centred question means divided by the number of questions, f = Q/(Q − 1):
    shared questions make differences between models more certain than their means.
    """
    m, n_questions = len(table.models), len(table.question.names)
    totals = by_cluster(table.question.codes, table.model, table.score, n_questions, m)
    counts = by_cluster(table.question.codes, table.model, None, n_questions, m)
    seen = counts > 0
    questions = seen.sum(axis=0).astype(float)
    if table.mix is not None:
        return _weighted(totals, counts, table.mix, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_question = np.where(seen, totals / counts, 0.0)
        mean = np.where(questions > 0, per_question.sum(axis=0) / questions, np.nan)
        influence = np.where(seen, per_question - mean, 0.0) / questions
        factor = np.sqrt(questions / (questions - 1))
        covariance = (np.nan_to_num(influence).T @ np.nan_to_num(influence)) * np.outer(factor, factor)
    covariance[~(questions > 1), :] = np.nan
    covariance[:, ~(questions > 1)] = np.nan
    half = t_quantile(level, questions - 1) * np.sqrt(np.diag(covariance))
    half = np.where(half > 0, half, np.nan)
    return MeanScores(
        mean, mean - half, mean + half, Uncertainty(covariance, questions - 1, level), questions, seen.astype(float),
        per_question,
    )  # fmt: skip


def _weighted(totals: FloatArray, counts: FloatArray, mix: Mix, level: float) -> MeanScores:
    """The same for a fixed mix of questions: their weighted mean, with the intervals of `stratified`."""
    seen, weight = counts > 0, mix.weight[: len(counts), None]
    size = np.where(seen, weight, 0.0).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_question = np.where(seen, totals / counts, 0.0)
        mean = (weight * per_question).sum(axis=0) / size
        influence = np.where(seen, weight * (per_question - mean) / size, 0.0)
    found = stratified(influence, seen, mix)
    covariance = found.influence.T @ found.influence
    half = t_quantile(level, found.df) * np.sqrt(np.diag(covariance))
    half = np.where(half > 0, half, np.nan)
    uncertainty = Uncertainty(covariance, found.df, level)
    return MeanScores(
        mean, mean - half, mean + half, uncertainty, seen.sum(axis=0).astype(float), seen.astype(float), per_question
    )
