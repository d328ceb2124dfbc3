"""Several judges in one fit: each judge has a scale of its own, how sharply it tells models apart (arXiv 2601.21817).

P(a beats b | judge) = σ(λ_j(θ_a − θ_b)). The geometric mean of the positive scales is 1, log λ has a normal prior with
sd 0.5. Judges with fewer than 30 battles share one scale. A judge that contradicts the others gets the negative scale
that fits it, without a prior: it is reported, not clipped.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray, Mask, add_up, centre, sigmoid
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.covariance import pseudo_inverse, sandwich
from arena.ratings.intervals.question_scores import clustered_meat, scores_by_question
from arena.ratings.intervals.student_t import t_quantile
from arena.ratings.methods.estimate import estimate
from arena.ratings.results import number

PRIOR_SD = 0.5
POOLED_BELOW = 30


class Reliability(NamedTuple):
    """One judge's scale: 1 is the average judge, 0 a coin, negative a contrarian."""

    judges: tuple[str, ...]
    scale: float
    low: float | None
    high: float | None
    n_battles: int


class JudgeAware(NamedTuple):
    """Strengths that weigh every judge by how sharply it tells models apart."""

    theta: FloatArray
    """Natural scale of the average judge, mean 0 in each component; NaN outside the cores."""
    se: FloatArray
    """Clustered by question (rows, without ids); NaN where nothing is known."""
    reliability: tuple[Reliability, ...]


def judge_aware_fit(table: BattleTable, level: float = 0.95) -> JudgeAware:
    """Fit strengths and judges' scales together. The table's `judge` column must be there, with two judges or more.

    Where nobody tells the models apart, or everybody won or lost everything, no judge has a scale: strengths are NaN
    and the reliability is empty.
    """
    try:
        fit = _fit(table, level)
    except np.linalg.LinAlgError:
        fit = None
    unknown = np.full(len(table.models), np.nan)
    return fit or JudgeAware(unknown, unknown, ())


def _fit(table: BattleTable, level: float) -> JudgeAware | None:
    assert table.judge is not None
    plain = estimate(table, interval="none")
    rows = table.select((plain.block[table.a] >= 0) & (plain.block[table.b] >= 0))
    assert rows.judge is not None
    if not len(rows):
        return None
    group, names = _groups(rows)
    theta = np.nan_to_num(plain.theta)
    scale = np.array([_slope(rows, theta, group == g) for g in range(len(names))])
    positive = scale > 0
    theta, scale = _normalised(theta, np.where(positive, np.maximum(scale, 0.05), scale), positive)
    for _ in range(500):
        step = _step(rows, plain.block, theta, scale, group, positive)
        size = float(np.abs(step).max(initial=0.0))
        step = step * min(1.0, 0.5 / max(size, 1e-300))
        m = len(theta)
        theta = centre(theta + step[:m], plain.block)
        scale = np.where(positive, scale * np.exp(step[m:]), scale + step[m:])
        theta, scale = _normalised(theta, scale, positive)
        if size < 1e-10:
            break
    se, spread, df = _errors(rows, plain.block, theta, scale, group, positive)
    half = t_quantile(level, np.full(len(names), df)) * spread
    low = np.where(positive, scale * np.exp(-half), scale - half)
    high = np.where(positive, scale * np.exp(half), scale + half)
    counts = np.bincount(group, minlength=len(names))
    reliability = tuple(
        Reliability(name, float(s), number(a), number(b), int(n))
        for name, s, a, b, n in zip(names, scale, low, high, counts, strict=True)
    )
    return JudgeAware(np.where(plain.block >= 0, theta, np.nan), np.where(plain.block >= 0, se, np.nan), reliability)


def _groups(rows: BattleTable) -> tuple[IntArray, list[tuple[str, ...]]]:
    """Judges as groups of their own, those with few battles together."""
    assert rows.judge is not None
    counts = np.bincount(rows.judge.codes, minlength=len(rows.judge.names))
    alone = [code for code in range(len(counts)) if counts[code] >= POOLED_BELOW]
    few = [code for code in range(len(counts)) if 0 < counts[code] < POOLED_BELOW]
    number = np.zeros(len(counts), dtype=np.int64)
    for place, code in enumerate(alone):
        number[code] = place
    number[few] = len(alone)
    names: list[tuple[str, ...]] = [(rows.judge.names[code],) for code in alone]
    if few:
        names.append(tuple(rows.judge.names[code] for code in few))
    return number[rows.judge.codes], names


def _slope(rows: BattleTable, theta: FloatArray, mine: Mask) -> float:
    """The scale that fits one judge best when strengths are given: a logistic slope, by a damped Newton."""
    x, y, w = (theta[rows.a] - theta[rows.b])[mine], rows.outcome[mine], rows.weights()[mine]
    slope = 0.0
    for _ in range(100):
        p = sigmoid(slope * x)
        step = float((w * x * (y - p)).sum()) / max(float((w * x * x * p * (1 - p)).sum()) + 1e-3, 1e-12)
        slope += max(-1.0, min(1.0, step))
        if abs(step) < 1e-9 or abs(slope) > 20:
            break
    return slope


def _normalised(theta: FloatArray, scale: FloatArray, positive: Mask) -> tuple[FloatArray, FloatArray]:
    mean = float(np.exp(np.log(scale[positive]).mean())) if positive.any() else 1.0
    return theta * mean, scale / mean


def _design(
    rows: BattleTable, theta: FloatArray, scale: FloatArray, group: IntArray, positive: Mask
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Per row: the judge's scale, p, and the derivative of the logit by the judge's own parameter."""
    x = theta[rows.a] - theta[rows.b]
    own = scale[group]
    return own, sigmoid(own * x), np.where(positive[group], own * x, x)


def _curvature(
    rows: BattleTable,
    block: IntArray,
    own: FloatArray,
    p: FloatArray,
    slope: FloatArray,
    group: IntArray,
    prior: FloatArray,
) -> FloatArray:
    """Fisher information of (θ, judges' parameters) plus the prior's."""
    m, k = len(block), len(prior)
    w = rows.weights() * p * (1 - p)
    matrix = np.zeros((m + k, m + k))
    pair = add_up(rows.a * np.int64(m) + rows.b, w * own**2, m * m).reshape(m, m)
    matrix[:m, :m] = np.diag(pair.sum(axis=0) + pair.sum(axis=1)) - pair - pair.T
    for g in range(k):
        mine = group == g
        cross = add_up(rows.a[mine], (w * own * slope)[mine], m) - add_up(rows.b[mine], (w * own * slope)[mine], m)
        matrix[:m, m + g] = matrix[m + g, :m] = cross
        matrix[m + g, m + g] = float((w * slope**2)[mine].sum()) + prior[g]
    return matrix


def _step(
    rows: BattleTable, block: IntArray, theta: FloatArray, scale: FloatArray, group: IntArray,
    positive: Mask,
) -> FloatArray:  # fmt: skip
    """One Fisher-scoring step of the penalised likelihood."""
    m, k = len(theta), len(scale)
    own, p, slope = _design(rows, theta, scale, group, positive)
    residual = rows.weights() * (rows.outcome - p)
    prior = np.where(positive, 1 / PRIOR_SD**2, 0.0)
    gradient = np.empty(m + k)
    gradient[:m] = add_up(rows.a, residual * own, m) - add_up(rows.b, residual * own, m)
    logs = np.where(positive, np.log(np.where(positive, scale, 1.0)), 0.0)
    gradient[m:] = add_up(group, residual * slope, k) - prior * logs
    result: FloatArray = pseudo_inverse(_curvature(rows, block, own, p, slope, group, prior), block) @ gradient
    return result


def _errors(
    rows: BattleTable, block: IntArray, theta: FloatArray, scale: FloatArray, group: IntArray,
    positive: Mask,
) -> tuple[FloatArray, FloatArray, float]:  # fmt: skip
    """Clustered standard errors of θ and of the judges' parameters within the gauge, and degrees of freedom."""
    m, k = len(theta), len(scale)
    own, p, slope = _design(rows, theta, scale, group, positive)
    residual = rows.weights() * (rows.outcome - p)
    scores = scores_by_question(rows, residual * own, [np.where(group == g, residual * slope, 0.0) for g in range(k)])
    asked = float(np.count_nonzero(np.bincount(rows.clusters(), minlength=1)))
    prior = np.where(positive, 1 / PRIOR_SD**2, 0.0)
    inverse = pseudo_inverse(_curvature(rows, block, own, p, slope, group, prior), block)
    meat = clustered_meat(scores, np.full(m + k, asked))
    covariance = sandwich(inverse, meat)
    gauge = np.eye(m + k)
    log_scale = np.where(positive, 1.0 / max(int(positive.sum()), 1), 0.0)
    gauge[m:, m:] -= np.outer(positive.astype(float), log_scale)
    gauge[:m, m:] += np.outer(theta, log_scale)
    covariance = gauge @ covariance @ gauge.T
    error = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    return error[:m], error[m:], asked - 1.0
