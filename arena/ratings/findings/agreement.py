"""How far two raters agree: a judge with people, or a judge with a judge.

Both are tables of battles; battles are matched by question and pair of models, whichever way round. Used by the command
line and the viewer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arena.errors import DataError
from arena.ratings.data.arrays import FloatArray
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.means import Mean, clustered_share
from arena.ratings.intervals.student_t import t_quantile
from arena.ratings.methods.bootstrap import question_bootstrap
from arena.ratings.methods.estimate import Estimate, estimate
from arena.ratings.results import plain
from arena.types import JSON

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of two raters on the battles both have judged. Intervals are clustered by question."""

    n_battles: int
    n_questions: int
    n_models: int
    raw: Mean
    """Share of battles with the same winner, ties included as a verdict of their own."""
    decisive: Mean
    """The same where neither calls a tie."""
    kappa: Mean
    """Cohen's κ over {a, tie, b}: agreement beyond what the shares of each verdict give by chance."""
    spearman: Mean
    """Rank correlation of the two boards that the same battles give; None with fewer than three models."""
    kendall: Mean
    """Kendall's τ-b of the two boards."""
    confusion: tuple[tuple[int, ...], ...]
    """Counts, rows the first rater's verdict (a, tie, b; a is the model first by name), columns the second's."""

    def to_json(self) -> dict[str, JSON]:
        """Plain values, means as {value, low, high, n}."""
        means = {name: getattr(self, name)._asdict() for name in ("raw", "decisive", "kappa", "spearman", "kendall")}
        result = plain(
            {"n_battles": self.n_battles, "n_questions": self.n_questions, "n_models": self.n_models}
            | means
            | {"confusion": self.confusion}
        )
        assert isinstance(result, dict)
        return result


def agreement(
    first: BattleTable, second: BattleTable, *, level: float = 0.95, seed: int = 0, bootstraps: int = 500
) -> Agreement:
    """Compare two raters battle by battle and board by board.

    Several rows of one rater on a battle (samples, orders) are averaged first. The boards' correlations have percentile
    intervals from `bootstraps` resamplings of the questions, refitted for both raters on the same draws; 0 leaves the
    correlations out.
    Raises DataError without question ids or without a common battle.
    """
    ours, theirs = _outcomes(first), _outcomes(second)
    keys = sorted(ours.keys() & theirs.keys())
    if not keys:
        raise DataError("agreement: the two have no battle in common (same question, same two models)")
    x, y = np.array([ours[key] for key in keys]), np.array([theirs[key] for key in keys])
    tables = tuple(BattleTable.of_outcomes(keys, values.tolist()) for values in (x, y))
    assert tables[0].question is not None
    clusters = tables[0].question.codes
    a, b = _verdicts(x), _verdicts(y)
    same = (a == b).astype(float)
    confusion = np.bincount(3 * a + b, minlength=9).reshape(3, 3)
    spearman, kendall = _boards(tables[0], tables[1], level, seed, bootstraps)
    return Agreement(
        n_battles=len(keys),
        n_questions=len(tables[0].question.names),
        n_models=len(tables[0].models),
        raw=clustered_share(same, clusters, level),
        decisive=clustered_share(np.where((a == 1) | (b == 1), np.nan, same), clusters, level),
        kappa=_kappa(a, b, clusters, level),
        spearman=spearman,
        kendall=kendall,
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
    )


def _outcomes(table: BattleTable) -> dict[Key, float]:
    """Mean outcome of every battle for the model that is first by name."""
    if table.question is None:
        raise DataError("agreement: needs question ids to match battles by")
    sums: dict[Key, tuple[float, int]] = {}
    for a, b, q, y in zip(table.a.tolist(), table.b.tolist(), table.question.codes.tolist(), table.outcome.tolist(),
                          strict=True):  # fmt: skip
        low, high, value = (a, b, y) if a < b else (b, a, 1 - y)
        key = (table.question.names[q], table.models[low], table.models[high])
        total, count = sums.get(key, (0.0, 0))
        sums[key] = (total + value, count + 1)
    return {key: total / count for key, (total, count) in sums.items()}


def _verdicts(outcome: FloatArray) -> NDArray[np.intp]:
    """0 for the first model, 1 for a tie, 2 for the second."""
    return np.where(outcome > 0.5, 0, np.where(outcome < 0.5, 2, 1))


def _kappa(a: NDArray[np.intp], b: NDArray[np.intp], clusters: NDArray[np.int32], level: float) -> Mean:
    """Cohen's κ with a jackknife interval over questions; None where chance alone gives full agreement."""
    q = int(clusters.max()) + 1
    cells = np.bincount(clusters * 9 + 3 * a + b, minlength=9 * q).reshape(q, 3, 3).astype(float)
    total = cells.sum(axis=0)
    value = float(_kappas(total[None])[0])
    if not np.isfinite(value):
        return Mean(None, None, None, len(a))
    left_out = _kappas(total - cells)
    if q < 2 or not np.isfinite(left_out).all():
        return Mean(value, None, None, len(a))
    se = float(np.sqrt((q - 1) / q * ((left_out - left_out.mean()) ** 2).sum()))
    if se < 1e-12:
        return Mean(value, None, None, len(a))
    half = float(t_quantile(level, np.array([q - 1.0]))[0]) * se
    return Mean(value, max(value - half, -1.0), min(value + half, 1.0), len(a))


def _kappas(tables: FloatArray) -> FloatArray:
    n = tables.sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = np.trace(tables, axis1=1, axis2=2) / n
        chance = (tables.sum(axis=2) * tables.sum(axis=1)).sum(axis=1) / n**2
        result: FloatArray = np.where(chance < 1 - 1e-12, (observed - chance) / (1 - chance), np.nan)
    return result


def _boards(x: BattleTable, y: BattleTable, level: float, seed: int, bootstraps: int) -> tuple[Mean, Mean]:
    """Rank correlations of the two boards with percentile intervals."""
    m = len(x.models)
    nothing = Mean(None, None, None, m)
    if m < 3 or not bootstraps:
        return nothing, nothing
    fits = [estimate(table, interval="none") for table in (x, y)]
    if any(fit.graph.n_components > 1 for fit in fits):
        return nothing, nothing
    values = _spearman(fits[0].order, fits[1].order), _kendall(fits[0].order, fits[1].order)
    replicates = [_replicates(table, fit, bootstraps, seed) for table, fit in zip((x, y), fits, strict=True)]
    found = []
    for value, correlate in zip(values, (_spearman, _kendall), strict=True):
        drawn = np.array([correlate(one, other) for one, other in zip(*replicates, strict=True)])
        drawn = drawn[np.isfinite(drawn)]
        if not np.isfinite(value) or len(drawn) < bootstraps / 2:
            found.append(nothing)
            continue
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
        found.append(Mean(value, float(low), float(high), m))
    return found[0], found[1]


def _replicates(table: BattleTable, fit: Estimate, bootstraps: int, seed: int) -> FloatArray:
    """Order keys of resampled boards; models outside the core keep the place of the full fit."""
    theta = question_bootstrap(table, fit.theta, fit.block, bootstraps, seed)
    return np.where(np.isnan(theta), fit.order, theta)


def _spearman(x: FloatArray, y: FloatArray) -> float:
    a, b = _average_ranks(x), _average_ranks(y)
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / size if size > 0 else float("nan")


def _kendall(x: FloatArray, y: FloatArray) -> float:
    """τ-b."""
    a, b = _average_ranks(x), _average_ranks(y)
    i, j = np.triu_indices(len(a), 1)
    one, other = np.sign(a[i] - a[j]), np.sign(b[i] - b[j])
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / size if size > 0 else float("nan")


def _average_ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, equal values (to 9 digits) share their mean rank."""
    shown = np.where(np.isfinite(values), np.round(values, 9), values)
    _, where, counts = np.unique(shown, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    result: FloatArray = ((2 * ends - counts + 1) / 2)[where]
    return result
