"""What judging everything would still show: every difference as it stands, and the chance that it would be settled.

A fit that always exists: Bradley–Terry with the first slot's effect of each judge and a weak prior (sd 5 logits), so
that it can be asked after a handful of battles. The variance of a difference has two parts. What questions favour stays
however many battles are judged; what single verdicts scatter shrinks to what all of them would leave. Ties, means of
both orders and of several judges scatter less than coins: how much less is read off the battles.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray, Mask, add_up, sigmoid
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.question_scores import questions_of
from arena.ratings.intervals.student_t import t_quantile

_PRIOR = 5.0**-2
"""Precision of the prior on strengths and slot effects, in logits."""
_QUESTION_PART = 0.15
"""At least this share of a variance is taken for the questions': early estimates of it are too low."""
_LEAST = 0.05
"""Of what coins would scatter: battles that are nearly all ties tell nobody apart."""


class Foresight(NamedTuple):
    """What is known about every difference of two models, on the logit scale; arrays are (m, m) unless said."""

    theta: FloatArray
    """Strengths, mean 0; shape (m,)."""
    difference: FloatArray
    """θ of the row minus θ of the column."""
    se: FloatArray
    """Its standard error, clustered by question."""
    quantile: FloatArray
    """Student's t at the level, with the smaller number of questions of the two models."""
    power: FloatArray
    """P(judging everything would tell the two apart), given what is known now."""
    settled: FloatArray
    """The variance of the difference when everything is judged."""
    questions: FloatArray
    """Distinct questions of each model; shape (m,)."""

    @property
    def half_width(self) -> FloatArray:
        """Half the interval of every difference, as if nobody had looked before."""
        return self.quantile * self.se

    def separated(self, factor: float = 1.0) -> FloatArray:
        """1 where two models are told apart by intervals `factor` times as wide, else 0."""
        return (np.abs(self.difference) > factor * self.half_width).astype(float)

    def questions_needed(self, available: int, factor: float = 1.0) -> int | None:
        """How many questions, all judged, would tell half of the pairs apart that are open now, if differences are as
        estimated; None where none is open. The variance that is left falls with the number of questions."""
        i, j = np.triu_indices(len(self.theta), 1)
        still = (self.separated(factor)[i, j] == 0) & (np.abs(self.difference[i, j]) > 1e-9)
        i, j = i[still], j[still]
        if not len(i):
            return None
        width = factor * self.quantile[i, j] * np.sqrt(self.settled[i, j])
        return int(np.ceil(available * np.median((width / np.abs(self.difference[i, j])) ** 2)))


class _Sums(NamedTuple):
    """Battles added up, (k + 1, m, m): by judge with the first slot's model in front; last, where neither was first."""

    games: FloatArray
    points: FloatArray
    scatter: FloatArray
    """How many single verdicts' variances the battles have: a mean of both orders half of one."""


def foresee(table: BattleTable, cells: FloatArray, level: float = 0.95) -> Foresight:
    """The outlook of a board. `cells` (m, m) holds on how many questions full judging would show the row's model first
    and the column's second. Rows are battles as they are rated; `table.first` says whose answer stood first."""
    m, first = len(table.models), _first(table)
    layer, judges = _layers(table, first)
    swap = first < 0
    i, j = np.where(swap, table.b, table.a).astype(np.int64), np.where(swap, table.a, table.b).astype(np.int64)
    points = np.where(swap, 1 - table.outcome, table.outcome)
    weight = table.weights()
    code = (layer * m + i) * m + j
    shape = (judges + 1, m, m)
    sums = _Sums(
        *(
            add_up(code, each, int(np.prod(shape))).reshape(shape)
            for each in (weight, weight * points, weight**2 * np.where(_means(table), 0.5, 1.0))
        )
    )
    theta, beta, probability, hessian = _fit(sums, m, judges)
    inverse = np.asarray(np.linalg.inv(hessian), dtype=np.float64)
    residual = weight * (points - probability[layer, i, j])
    scores = _by_question(table, i, j, residual, layer, judges)
    used = max(2, int(np.count_nonzero(np.bincount(table.clusters()))) if len(table) else 2)
    influence = (scores @ inverse)[:, :m]
    covariance = inverse
    if not np.array_equal(sums.scatter, sums.games):
        scatter = _information(sums.scatter * probability * (1 - probability), m, judges)
        covariance = np.asarray(inverse @ scatter @ inverse, dtype=np.float64)
    coins = _of_differences(covariance[:m, :m])
    thrown = float((sums.scatter * probability * (1 - probability)).sum())
    calm = min(1.0, float((residual**2).sum()) / thrown * len(table) / max(1, len(table) - m)) if thrown > 0 else 1.0
    chance = calm * coins
    found = _of_differences(np.asarray(influence.T @ influence * (used / (used - 1)), dtype=np.float64))
    clustered = np.maximum(found, _LEAST * coins)
    questions = questions_of(table, independent=False)
    difference = theta[:, None] - theta[None, :]
    se = np.sqrt(clustered)
    quantile = t_quantile(level, np.maximum(np.minimum(questions[:, None], questions[None, :]) - 1, 3.0))
    settled = np.minimum(
        np.maximum(clustered - chance, _QUESTION_PART * clustered)
        + np.minimum(calm * _of_all(theta, beta, cells), chance),
        clustered,
    )
    power = _chance_to_settle(np.abs(difference), quantile * np.sqrt(settled), clustered - settled)
    return Foresight(theta, difference, se, quantile, power, settled, questions)


def _first(table: BattleTable) -> FloatArray:
    return np.zeros(len(table)) if table.first is None else np.nan_to_num(table.first)


def _means(table: BattleTable) -> Mask:
    """Which battles are means of both orders."""
    sides = table.a_first_outcome, table.b_first_outcome
    if sides[0] is None or sides[1] is None:
        return np.zeros(len(table), dtype=bool)
    return ~np.isnan(sides[0]) & ~np.isnan(sides[1])


def _layers(table: BattleTable, first: FloatArray) -> tuple[IntArray, int]:
    """Whose slot effect each row has, and how many judges there are; rows without one are in the last layer."""
    judges = 1 if table.judge is None else max(1, len(table.judge.names))
    own = np.zeros(len(table), dtype=np.int64) if table.judge is None else table.judge.codes.astype(np.int64)
    return np.where((first == 0) | (own < 0), judges, own), judges


def _fit(sums: _Sums, m: int, judges: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Strengths, slot effects, probabilities (k + 1, m, m) and the information, by Newton with steps of at most 2."""
    point = np.zeros(m + judges)
    for _ in range(50):
        theta, beta = point[:m], np.append(point[m:], 0.0)
        probability = sigmoid(theta[None, :, None] - theta[None, None, :] + beta[:, None, None])
        error = sums.points - sums.games * probability
        hessian = _information(sums.games * probability * (1 - probability), m, judges)
        over = error.sum(axis=0)
        gradient = np.concatenate([over.sum(axis=1) - over.sum(axis=0), error[:judges].sum(axis=(1, 2))])
        step = np.linalg.solve(hessian, gradient - _PRIOR * point)
        size = float(np.abs(step).max())
        point = point + step * min(1.0, 2.0 / max(size, 1e-12))
        if size < 1e-8:
            break
    theta = point[:m] - point[:m].mean()
    return theta, point[m:], probability, hessian


def _information(weight: FloatArray, m: int, judges: int) -> FloatArray:
    hessian = np.zeros((m + judges, m + judges))
    pair = weight.sum(axis=0)
    pair = pair + pair.T
    hessian[:m, :m] = -pair
    hessian[np.arange(m), np.arange(m)] = pair.sum(axis=1)
    for judge in range(judges):
        across = weight[judge].sum(axis=1) - weight[judge].sum(axis=0)
        hessian[:m, m + judge] = hessian[m + judge, :m] = across
        hessian[m + judge, m + judge] = weight[judge].sum()
    hessian[np.arange(m + judges), np.arange(m + judges)] += _PRIOR
    return hessian


def _by_question(
    table: BattleTable, i: IntArray, j: IntArray, residual: FloatArray, layer: IntArray, judges: int
) -> FloatArray:
    """Scores of the likelihood summed by question, (questions, m + judges)."""
    m, cluster = len(table.models), table.clusters().astype(np.int64)
    n = int(cluster.max(initial=-1)) + 1
    width = m + judges + 1
    out = add_up(cluster * width + i, residual, n * width) - add_up(cluster * width + j, residual, n * width)
    out += add_up(cluster * width + m + layer, residual, n * width)
    return out.reshape(n, width)[:, : m + judges]


def _of_differences(covariance: FloatArray) -> FloatArray:
    variance = np.diag(covariance)
    result: FloatArray = np.maximum(variance[:, None] + variance[None, :] - 2 * covariance, 1e-12)
    return result


def _of_all(theta: FloatArray, beta: FloatArray, cells: FloatArray) -> FloatArray:
    """The variances of differences that single verdicts would leave if all were judged."""
    m = len(theta)
    effect = float(beta.mean()) if len(beta) else 0.0
    probability = sigmoid(theta[:, None] - theta[None, :] + effect)
    weight = probability * (1 - probability) * cells
    weight = weight + weight.T
    np.fill_diagonal(weight, 0.0)
    information = np.diag(weight.sum(axis=1)) - weight + 1.0 / m
    return _of_differences(np.asarray(np.linalg.pinv(information, hermitian=True), dtype=np.float64))


def _chance_to_settle(size: FloatArray, width: FloatArray, spread: FloatArray) -> FloatArray:
    """P(|d| > width) for d normal around what is known with the variance that further verdicts can still move it by."""
    sd = np.sqrt(np.maximum(spread, 1e-9))
    return _normal((size - width) / sd) + _normal((-size - width) / sd)


def _normal(z: FloatArray) -> FloatArray:
    """The normal distribution function, to 1e-7: Abramowitz & Stegun 7.1.26."""
    x = np.abs(z) / np.sqrt(2.0)
    t = 1.0 / (1.0 + 0.3275911 * x)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    upper = 0.5 * poly * np.exp(-x * x)
    result: FloatArray = np.where(z > 0, 1.0 - upper, upper)
    return result
