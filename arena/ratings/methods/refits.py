"""What puts the models of a board in order, and how two of them would stand without some of the questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from arena.ratings.data.arrays import Codes, FloatArray, IntArray, Mask, add_up, sigmoid
from arena.ratings.data.pair_sums import PairSums, cell_codes, difference_sums, laplacian, pair_sums
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.covariance import pseudo_inverse
from arena.ratings.intervals.question_scores import asked, residuals, scores_by_question
from arena.ratings.methods.contextual import Columns
from arena.ratings.methods.estimate import Estimate, estimate

if TYPE_CHECKING:
    from arena.ratings.methods.estimate import Scores

_STEPS = 30
_SURE = 0.1
"""A step this small against the difference itself can no longer turn its sign: every step is at most half the last, so
that all that follow move two models apart by less than twice as much."""
_SETTLED = 1e-12


@dataclass(frozen=True, slots=True)
class Refits:
    """An order of models with the two things that one asks about it: who decides, and what if they were not there."""

    key: FloatArray
    """(m,) the better the higher; NaN for a model that has no place."""
    group: IntArray
    """(m,) which models can be compared; −1 for none."""
    asked: IntArray
    """Codes of the questions that count."""
    influence: Callable[[int, int], FloatArray]
    """(questions,) by how much each one moves key[i] − key[j] up, to first order; 0 for those that do not count."""
    without: Callable[[IntArray, int, int], Callable[[int], float]]
    """Of questions in an order and two models: key[i] − key[j] without the first so many; NaN where the two can then
    not be compared."""


def of_fit(table: BattleTable, fit: Estimate, columns: Columns | None) -> Refits:
    """The order of a Bradley–Terry fit: influence H⁺ s_q from the sandwich's own scores, and Newton's method again.

    `columns` are those of the fit; then every refit is a fit of the rows from the start.
    """
    inside = fit.inside(table)
    rows = table if inside is None else table.select(inside)
    core = fit.pairs if inside is None else pair_sums(rows)
    theta = np.nan_to_num(fit.theta)
    beyond = _beyond(rows, fit, columns, inside)
    p = sigmoid(theta[rows.a] - theta[rows.b] + beyond) if beyond is not None else None
    curvature = _curvature(core, theta) if p is None else _curvature_of_rows(rows, p)
    inverse = pseudo_inverse(curvature, fit.block)
    scores = fit.scores
    if scores is None:
        residual = residuals(rows, theta) if p is None else rows.outcome - p
        scores = scores_by_question(rows, residual if rows.weight is None else residual * rows.weight)

    def influence(i: int, j: int) -> FloatArray:
        found: FloatArray = np.asarray(scores @ (inverse[:, i] - inverse[:, j]))
        return found

    quick = _Quick(rows, core, theta, inverse, scores)

    def without(order: IntArray, i: int, j: int) -> Callable[[int], float]:
        lost = _Lost(quick, order) if columns is None and fit.block[i] == fit.block[j] >= 0 else None

        def difference(n: int) -> float:
            found = None if lost is None else lost.difference(n, i, j)
            if found is not None:
                return found
            kept = ~_members(table.clusters(), order[:n])
            return _refitted(table.select(kept), None if columns is None else columns.select(kept), i, j)

        return difference

    there = fit.asked if inside is None else None
    return Refits(
        fit.order, fit.graph.component, asked(rows.clusters()) if there is None else there, influence, without
    )


def of_means(
    parts: Sequence[tuple[FloatArray, FloatArray]], key: FloatArray, group: IntArray, own: Sequence[int] = ()
) -> Refits:
    """The order of means over questions: (questions, m) sums of points and of weights, of one or several parts.

    A model's key is the mean of Σ points/Σ weights over the parts that it has. `own` says whose part each is: that
    model's mean there is ½.
    """
    totals = [(points.sum(axis=0), weights.sum(axis=0)) for points, weights in parts]
    counted = [
        [k for k, (_, total) in enumerate(totals) if total[i] > 0 or i in own[k : k + 1]] for i in range(len(key))
    ]

    def moved(model: int) -> FloatArray:
        found = np.zeros(len(parts[0][0]))
        for k in counted[model]:
            if model not in own[k : k + 1]:
                (points, weights), (gained, total) = parts[k], totals[k]
                residual = points[:, model] - gained[model] / total[model] * weights[:, model]
                found += residual / total[model] / len(counted[model])
        return found

    def mean(gone: IntArray, model: int) -> float:
        rates = []
        for k in counted[model]:
            (points, weights), (gained, total) = parts[k], totals[k]
            left = total[model] - weights[gone, model].sum()
            if model not in own[k : k + 1] and left <= _SETTLED:
                return float("nan")
            half = model in own[k : k + 1]
            rates.append(0.5 if half else (gained[model] - points[gone, model].sum()) / left)
        return float(np.mean(rates)) if rates else float("nan")

    asked = np.flatnonzero(np.sum([weights.any(axis=1) for _, weights in parts], axis=0))

    def without(order: IntArray, i: int, j: int) -> Callable[[int], float]:
        return lambda n: mean(order[:n], i) - mean(order[:n], j)

    return Refits(key, group, asked, lambda i, j: moved(i) - moved(j), without)


class _Quick:
    """Newton's method again without some questions, with the curvature of the whole: most sets are a few questions."""

    def __init__(
        self, rows: BattleTable, core: PairSums, theta: FloatArray, inverse: FloatArray, scores: Scores
    ) -> None:
        self._rows, self.core, self._theta, self._inverse, self.scores = rows, core, theta, inverse, scores
        self._pair = np.zeros((len(theta), len(theta)), dtype=np.int32)
        self._pair[core.i, core.j] = self._pair[core.j, core.i] = np.arange(len(core.i))
        clusters = rows.clusters()
        few = int(clusters.max(initial=0)) < 2**16  # sorted by digits, many times faster
        together = bool((clusters[1:] >= clusters[:-1]).all())
        self._order = None if together else np.argsort(clusters.astype(np.uint16) if few else clusters, kind="stable")
        self._ends = np.concatenate([[0], np.cumsum(np.bincount(clusters))])

    def difference(self, gone: FloatArray, left: PairSums, i: int, j: int) -> float | None:
        """θ_i − θ_j of what is left, as exact as its sign needs; None where the steps do not settle.

        `gone` are the scores that are lost: at the whole's maximum, their opposite is the gradient of what is left.
        """
        theta, last, step = self._theta, np.inf, -(self._inverse @ gone)
        for _ in range(_STEPS):
            size = float(np.abs(step).max(initial=0.0))
            if size > last / 2 and size > _SETTLED:
                return None
            theta, last = theta + step, size
            found = float(theta[i] - theta[j])
            if size <= max(_SETTLED, _SURE * abs(found)) and np.isfinite(found):
                return found
            p = sigmoid(theta[left.i] - theta[left.j])
            step = self._inverse @ difference_sums(left.n_models, left.i, left.j, left.wins - left.games * p)
        return None

    def of_questions(self, questions: IntArray) -> tuple[IntArray, FloatArray, FloatArray | None, IntArray]:
        """Pair, points of its first model and weight of every row of some questions, and where each one's rows end."""
        start, count = self._ends[questions], self._ends[questions + 1] - self._ends[questions]
        ends = np.cumsum(count)
        rows = np.repeat(start - ends + count, count) + np.arange(count.sum())
        rows = rows if self._order is None else self._order[rows]
        a, b, points = self._rows.a[rows], self._rows.b[rows], self._rows.outcome[rows]
        weight = None if self._rows.weight is None else self._rows.weight[rows]
        points = np.where(a < b, points, 1 - points) * (1.0 if weight is None else weight)
        return self._pair[a, b], points, weight, ends


class _Lost:
    """What is left without the first questions of an order; from one number of them to the next only rows move."""

    def __init__(self, quick: _Quick, order: IntArray) -> None:
        self._quick, self._order, self._looked_up = quick, order, 0
        self._n, self._left, self._gone = 0, quick.core, np.zeros(quick.core.n_models)

    def difference(self, n: int, i: int, j: int) -> float | None:
        """θ_i − θ_j without the first n, as `_Quick.difference` says."""
        if n > self._looked_up:
            self._looked_up, self._rows = n, self._quick.of_questions(self._order[:n])
        low, high, sign = min(n, self._n), max(n, self._n), 1.0 if n > self._n else -1.0
        pair, points, weight, ends = self._rows
        rows, left = slice(ends[low - 1] if low else 0, ends[high - 1] if high else 0), self._left
        games = sign * add_up(pair[rows], None if weight is None else weight[rows], len(left.i))
        wins = sign * add_up(pair[rows], points[rows], len(left.i))
        self._left = PairSums(left.n_models, left.i, left.j, left.wins - wins, left.games - games)
        self._gone = self._gone + sign * np.asarray(self._quick.scores[self._order[low:high]].sum(axis=0))
        self._n = n
        return self._quick.difference(self._gone, self._left, i, j)


def _refitted(table: BattleTable, columns: Columns | None, i: int, j: int) -> float:
    try:
        found = estimate(table, interval="none", columns=columns)
    except RuntimeError:  # together with the columns the few battles that are left have no fit
        return float("nan")
    component = found.graph.component
    if component[i] < 0 or component[i] != component[j]:
        return float("nan")
    return float(found.order[i] - found.order[j])


def _beyond(rows: BattleTable, fit: Estimate, columns: Columns | None, inside: Mask | None) -> FloatArray | None:
    """What the columns add to the log-odds of every row."""
    if columns is None or not fit.columns:
        return None
    known = columns.keep([place for place, name in enumerate(columns.names) if name in fit.columns])
    found: FloatArray = (known if inside is None else known.select(inside)).x @ np.array(
        [fit.columns[name][0] for name in known.names]
    )
    return found


def _curvature(core: PairSums, theta: FloatArray) -> FloatArray:
    p = sigmoid(theta[core.i] - theta[core.j])
    return laplacian(core.n_models, core.i, core.j, core.games * p * (1 - p))


def _curvature_of_rows(rows: BattleTable, p: FloatArray) -> FloatArray:
    m = len(rows.models)
    cells = add_up(cell_codes(rows.a, rows.b, m), rows.weights() * p * (1 - p), m * m).reshape(m, m)
    i, j = np.nonzero(np.triu(cells + cells.T > 0, 1))
    return laplacian(m, i, j, cells[i, j] + cells[j, i])


def _members(codes: Codes, some: NDArray[np.int64]) -> Mask:
    found = np.zeros(int(codes.max(initial=-1)) + 1, dtype=bool)
    found[some] = True
    result: Mask = found[codes]
    return result
