"""Win rates at equal length.

`arena`: one joint fit over a baseline board's own battles, logit P = θ_m − θ_base + β·d + δ_q, with d the relative
length difference and δ_q a question effect with a normal prior (sd 1): how hard the baseline is to beat there. The
controlled win rate is the mean over the questions of σ(θ_m − θ_base + δ_q), that is at d = 0. No anchors.

`alpaca_eval`: AlpacaEval 2's length-controlled win rate (Dubois et al. 2024, arXiv 2404.04475), model by model, given
the instructions' difficulty and, for the published numbers, the gamed anchors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arena.errors import DataError
from arena.ratings.data.arrays import Codes, FloatArray, IntArray, add_up, sigmoid
from arena.ratings.data.table import BattleTable
from arena.ratings.methods.style import style_columns
from arena.ratings.options import RatingOptions

QUESTION_SD = 1.0
PUBLISHED_C = 2.782559402207126
"""The C that AlpacaEval's cross-validation chose for most published models."""
C_GRID = tuple(float(c) for c in np.logspace(-4, 4, 10))


@dataclass(frozen=True, slots=True)
class GamedAnchors:
    """AlpacaEval's battles of answers gamed to be short and long; their labels enter through two sums alone."""

    design: FloatArray
    """(n, 2): tanh of the length difference, difficulty."""
    label_sums: FloatArray
    """(2,): Σ label·column."""
    weight: float = 0.1
    """Weight of a gamed row."""


def length_controlled(table: BattleTable, options: RatingOptions) -> dict[str, FloatArray]:
    """The column `lc_win_rate`, when a preset asks for it and there is a baseline to win against."""
    presets = {"arena", "alpaca_eval"} & set(options.style)
    if not presets or options.baseline is None or not len(table):
        return {}
    code = table.models.index(options.baseline)
    rates = _arena(table, code) if "arena" in presets else _alpaca(table, code)
    return {"lc_win_rate": np.array([rates.get(model, np.nan) for model in table.models])}


def _against_baseline(table: BattleTable, baseline: int) -> tuple[BattleTable, Codes, FloatArray, FloatArray]:
    """Battles with the baseline: rows, the other model, its outcome, and the sign of a difference in its frame."""
    rows = table.select((table.a == baseline) | (table.b == baseline))
    swapped = rows.a == baseline
    model = np.where(swapped, rows.b, rows.a)
    return rows, model, np.where(swapped, 1 - rows.outcome, rows.outcome), np.where(swapped, -1.0, 1.0)


def _arena(table: BattleTable, baseline: int) -> dict[str, float]:
    rows, model, outcome, sign = _against_baseline(table, baseline)
    if not len(rows):
        return {}
    d = sign * style_columns(rows, ("length",)).x[:, 0]
    used, place = np.unique(model, return_inverse=True)
    asked, question = np.unique(rows.clusters(), return_inverse=True)
    strength, _, difficulty = joint_length_fit(place, question, outcome, d, rows.weights(), len(used), len(asked))
    controlled = sigmoid(strength[:, None] + difficulty[None, :]).mean(axis=1)
    rates = {table.models[code]: float(rate) for code, rate in zip(used, controlled, strict=True)}
    return rates | {table.models[baseline]: 0.5}


def joint_length_fit(
    model: IntArray,
    question: IntArray,
    outcome: FloatArray,
    d: FloatArray,
    weight: FloatArray,
    m: int,
    n_questions: int,
) -> tuple[FloatArray, float, FloatArray]:
    """Strengths against the baseline, the length coefficient, and question effects (normal prior, sd 1).

    A model's strength has a prior of sd 10, so that one that won everything stays finite. Newton; the questions'
    block is diagonal and is eliminated.
    """
    strength, beta, effect = np.zeros(m), 0.0, np.zeros(n_questions)
    for _ in range(100):
        p = sigmoid(strength[model] + beta * d + effect[question])
        r, h = weight * (outcome - p), np.maximum(weight * p * (1 - p), 1e-12)
        top = np.r_[add_up(model, r, m) - strength / 100, float((r * d).sum())]
        low = add_up(question, r, n_questions) - effect / QUESTION_SD**2
        diagonal = add_up(question, h, n_questions) + 1 / QUESTION_SD**2
        corner = np.zeros((m + 1, m + 1))
        corner[np.arange(m), np.arange(m)] = add_up(model, h, m) + 0.01
        corner[:m, m] = corner[m, :m] = add_up(model, h * d, m)
        corner[m, m] = float((h * d * d).sum()) + 1e-9
        cross = np.zeros((m + 1, n_questions))
        np.add.at(cross, (model, question), h)
        cross[m] = add_up(question, h * d, n_questions)
        step = np.linalg.solve(corner - (cross / diagonal) @ cross.T, top - cross @ (low / diagonal))
        move = (low - cross.T @ step) / diagonal
        size = float(max(np.abs(step).max(), np.abs(move).max(initial=0.0)))
        scale = min(1.0, 2.0 / max(size, 1e-300))
        strength, beta, effect = strength + scale * step[:m], beta + scale * float(step[m]), effect + scale * move
        if size < 1e-9:
            break
    return strength, beta, effect


def _alpaca(table: BattleTable, baseline: int) -> dict[str, float]:
    sides, difficulty = table.style.get("length"), table.style.get("difficulty")
    if sides is None or sides.ndim != 2 or difficulty is None or difficulty.ndim != 1:
        raise DataError("style alpaca_eval: needs columns length_a, length_b and difficulty (one value per question)")
    rows, model, outcome, sign = _against_baseline(table, baseline)
    gap = -sign * (rows.style["length"][:, 0] - rows.style["length"][:, 1])
    found = {table.models[baseline]: 0.5}
    for code in np.unique(model):
        mine = model == code
        found[table.models[code]] = alpaca_length_controlled(outcome[mine], gap[mine], rows.style["difficulty"][mine])
    return found


def alpaca_length_controlled(
    preference: FloatArray,
    length_gap: FloatArray,
    difficulty: FloatArray,
    *,
    gamed: GamedAnchors | None = None,
    c: float | None = PUBLISHED_C,
    groups: Codes | None = None,
) -> float:
    """AlpacaEval's length-controlled win rate of one model, in [0, 1].

    `preference` is P(model beats baseline), `length_gap` len_baseline − len_model, one per instruction. Minimises
    Σ logloss + weight·Σ logloss(gamed) + ‖w‖₁/C over tanh(gap/sd), difficulty, 1{not gamed}. C is the one most
    published values were computed with; None chooses it by 5-fold cross-validation over `groups` (instructions), which
    without the gamed rows' labels is not AlpacaEval's own choice. Without `gamed` values differ from those published.
    """
    spread = float(np.std(length_gap, ddof=1)) if len(length_gap) > 1 else 0.0
    gap = np.tanh(length_gap / spread) if spread > 0 else np.zeros(len(length_gap))
    x = np.column_stack([gap, difficulty, np.ones(len(difficulty))])
    chosen = _chosen_c(x, preference, groups, gamed) if c is None else c
    w = _fit_l1(x, preference, chosen, gamed)
    return float(sigmoid(w[2] + w[1] * difficulty).mean())


def _chosen_c(x: FloatArray, y: FloatArray, groups: Codes | None, gamed: GamedAnchors | None) -> float:
    """The C with the smallest mean held-out log loss over five folds of whole groups."""
    distinct, where = np.unique(np.arange(len(y)) if groups is None else groups, return_inverse=True)
    sizes = np.bincount(where)
    fold = np.empty(len(distinct), dtype=np.int64)
    load = np.zeros(5)
    for group in np.argsort(-sizes, kind="stable"):
        fold[group] = int(np.argmin(load))
        load[fold[group]] += sizes[group]
    losses = []
    for c in C_GRID:
        total = 0.0
        for k in range(5):
            held = fold[where] == k
            w = _fit_l1(x[~held], y[~held], c, gamed)
            eta = x[held] @ w
            total += float((np.logaddexp(0, eta) - y[held] * eta).mean())
        losses.append(total)
    return C_GRID[int(np.argmin(losses))]


def _fit_l1(x: FloatArray, y: FloatArray, c: float, gamed: GamedAnchors | None) -> FloatArray:
    """L1-penalised logistic regression without intercept by proximal Newton."""
    w = np.zeros(x.shape[1])
    for _ in range(200):
        gradient, hessian = _smooth(x, y, w, gamed)
        moved = _proximal_step(w, gradient, hessian, 1 / c)
        step, before, t = moved - w, _l1_objective(x, y, w, c, gamed), 1.0
        while t > 1e-8 and _l1_objective(x, y, w + t * step, c, gamed) > before + 1e-12 * abs(before):
            t /= 2
        w = w + t * step
        if float(np.abs(step).max()) < 1e-10:
            break
    return w


def _smooth(x: FloatArray, y: FloatArray, w: FloatArray, gamed: GamedAnchors | None) -> tuple[FloatArray, FloatArray]:
    p = sigmoid(x @ w)
    gradient: FloatArray = x.T @ (p - y)
    hessian: FloatArray = x.T @ (x * (p * (1 - p))[:, None]) + 1e-12 * np.eye(len(w))
    if gamed is not None:
        q = sigmoid(gamed.design @ w[:2])
        gradient[:2] += gamed.weight * (gamed.design.T @ q - gamed.label_sums)
        hessian[:2, :2] += gamed.weight * gamed.design.T @ (gamed.design * (q * (1 - q))[:, None])
    return gradient, hessian


def _proximal_step(w: FloatArray, gradient: FloatArray, hessian: FloatArray, penalty: float) -> FloatArray:
    """The minimiser of the quadratic model plus penalty·‖w‖₁, by coordinate descent."""
    new = w.copy()
    for _ in range(500):
        change = 0.0
        for j in range(len(w)):
            slope = gradient[j] + float(hessian[j] @ (new - w)) - hessian[j, j] * new[j]
            value = -np.sign(slope) * max(abs(slope) - penalty, 0.0) / hessian[j, j]
            change = max(change, abs(float(value) - float(new[j])))
            new[j] = value
        if change < 1e-13:
            break
    return new


def _l1_objective(x: FloatArray, y: FloatArray, w: FloatArray, c: float, gamed: GamedAnchors | None) -> float:
    eta = x @ w
    value = float((np.logaddexp(0, eta) - y * eta).sum()) + float(np.abs(w).sum()) / c
    if gamed is not None:
        value += gamed.weight * float(np.logaddexp(0, gamed.design @ w[:2]).sum() - gamed.label_sums @ w[:2])
    return value
