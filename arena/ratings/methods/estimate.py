"""One fit of a board: Bradley–Terry on the part with finite ratings, with its covariance and what is open beyond it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray, Mask, sigmoid
from arena.ratings.data.battle_sums import BattleSums, battle_sums
from arena.ratings.data.graph import CORE, HIGH, LOW, Graph, build_graph
from arena.ratings.data.pair_sums import DENSE_LIMIT, PairSums, laplacian, pair_sums
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.covariance import NO_SPREAD, Uncertainty, jointly, pseudo_inverse, sandwich
from arena.ratings.intervals.marginal import MarginalUncertainty, marginal_uncertainty
from arena.ratings.intervals.question_scores import (
    asked,
    clustered_meat,
    component_questions,
    independent_meat,
    questions_of,
    residuals,
    scores_by_question,
    seen_questions,
    weighty_questions,
)
from arena.ratings.intervals.stratified import stratified
from arena.ratings.intervals.student_t import t_quantile, widened
from arena.ratings.intervals.win_rates import WinRates, win_rates
from arena.ratings.methods.contextual import NO_MAXIMUM, Columns, fit_contextual, identified, independent_gram
from arena.ratings.methods.newton import Fit, fit_bradley_terry, limit_order, profile
from arena.ratings.options import Interval

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Scores = FloatArray | csr_array

CoreRates = Callable[[], tuple[PairSums, WinRates]]
"""Sums and win rates of the battles among models of finite rating."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Strengths on the natural scale (mean 0 in each component's core), and how sure they are."""

    pairs: PairSums
    """All battles, added up."""
    graph: Graph
    block: IntArray
    """Component of each model with a finite rating; −1 for the others."""
    theta: FloatArray
    """NaN where there is no finite rating."""
    order: FloatArray
    """A finite key that puts all models of a component in order, separated ones included."""
    questions: FloatArray
    """Distinct questions of each model (battles, where there are no ids)."""
    uncertainty: Uncertainty | MarginalUncertainty | None
    open_low: FloatArray
    """The finite lower end of a model that is unbounded above; NaN elsewhere."""
    open_high: FloatArray
    gradient_norm: float
    iterations: int
    columns: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    """Coefficients of the extra columns (style, position) with their intervals, on the natural scale."""
    scores: Scores | None = None
    """Scores of the likelihood by question, where the sandwich was made of them and there are no columns."""
    sums: BattleSums | None = None
    """All battles by two models and winner, where they were added up that way."""
    asked: IntArray | None = None
    """Codes of the questions that have battles; None without ids."""

    def inside(self, table: BattleTable) -> Mask | None:
        """Which rows of its table are among models of finite rating; None for all."""
        if not self.graph.separated:
            return None
        return (self.block[table.a] >= 0) & (self.block[table.b] >= 0)


def estimate(
    table: BattleTable,
    *,
    interval: Interval = "sandwich",
    level: float = 0.95,
    prefer: int | None = None,
    simultaneous: bool = False,
    seed: int = 0,
    columns: Columns | None = None,
    factor: float = 1.0,
) -> Estimate:
    """Fit a table by Bradley–Terry; `prefer` is the model that should be in the core when there is a choice.

    `factor` widens every interval of a model or a difference.
    `columns` are fitted along as far as they are identified; those that are not are missing from the result's.
    Without question ids rows are independent, whatever `interval` says. `bootstrap` is fitted like `sandwich` here:
    its percentiles are the business of `arena.ratings.methods.bootstrap`.
    """
    independent = interval == "independent" or table.question is None
    sums = battle_sums(table)
    pairs = pair_sums(table) if sums is None else sums.pair_sums()
    graph = build_graph(pairs, prefer)
    block = np.where((graph.side == CORE) & (graph.component >= 0), graph.component, -1)
    core = pairs.among((block[pairs.i] >= 0) & (block[pairs.j] >= 0))
    fit = fit_bradley_terry(core, block)
    inside = (block[table.a] >= 0) & (block[table.b] >= 0) if graph.separated else np.ones(len(table), dtype=bool)
    rows = table.select(inside) if graph.separated else table
    if columns is not None:
        columns = columns.select(inside) if graph.separated else columns
        columns = columns.keep(identified(rows, columns, block, fit.theta))
    questions = questions_of(table, independent=table.question is None)
    there = None if table.question is None else asked(table.question.codes)
    uncertainty: Uncertainty | MarginalUncertainty | None = None
    scores: Scores | None = None
    coefficients: dict[str, tuple[float, float, float]] = {}
    within = questions_of(rows, independent=independent) if graph.separated else questions
    if columns is not None and columns.names:
        fit, uncertainty, coefficients = _with_columns(
            rows, columns, block, fit.theta, within, None if interval == "none" else level, prefer,
            independent=independent,
        )  # fmt: skip
    elif interval != "none":
        if pairs.n_models > DENSE_LIMIT:
            wide = widened(level, factor)
            uncertainty = marginal_uncertainty(rows, core, fit.theta, block, wide, independent=independent)
        else:
            uncertainty, scores = _uncertainty(
                rows, core, fit.theta, block, within, there, level, prefer, independent=independent
            )
    if isinstance(uncertainty, Uncertainty):
        uncertainty = replace(uncertainty, factor=factor)
        uncertainty = jointly(uncertainty, block, seed) if simultaneous else uncertainty
    theta = np.where(block >= 0, fit.theta, np.nan)
    low, high = open_ends(pairs, graph, theta, widened(level, factor), _questions_with_core(table, graph, theta))
    return Estimate(
        pairs, graph, block, theta, order_of(pairs, graph, fit.theta), questions, uncertainty, low, high,
        fit.gradient_norm, fit.iterations, coefficients, scores, sums, there,
    )  # fmt: skip


def _uncertainty(
    rows: BattleTable,
    core: PairSums,
    theta: FloatArray,
    block: IntArray,
    questions: FloatArray,
    there: IntArray | None,
    level: float,
    held: int | None,
    *,
    independent: bool,
) -> tuple[Uncertainty, Scores | None]:
    residual, scores = residuals(rows, theta), None
    if rows.weight is not None:
        residual *= rows.weight
    if independent:
        meat = independent_meat(rows, residual)
        df = np.full(core.n_models, np.inf)
    elif rows.mix is not None:
        inverse = pseudo_inverse(information_of(core, theta), block)
        covariance, df = _of_a_mix(rows, scores_by_question(rows, residual), inverse, block, held)
        return Uncertainty(_known(covariance, block), df, level), None
    else:
        scores = scores_by_question(rows, residual)
        meat = clustered_meat(scores, component_questions(rows, block, there))
        meat = np.where((block[:, None] == block[None, :]) & (block >= 0)[:, None], meat, 0.0)
        df = questions - 1.0
    return uncertainty_of(core, theta, block, meat, df, level), scores


def uncertainty_of(
    core: PairSums, theta: FloatArray, block: IntArray, meat: FloatArray, df: FloatArray, level: float
) -> Uncertainty:
    """The sandwich around `meat`, the (m, m) covariance of the scores."""
    return Uncertainty(_known(sandwich(pseudo_inverse(information_of(core, theta), block), meat), block), df, level)


def information_of(core: PairSums, theta: FloatArray) -> FloatArray:
    """The Hessian of the likelihood, (m, m)."""
    p = sigmoid(theta[core.i] - theta[core.j])
    return laplacian(core.n_models, core.i, core.j, core.games * p * (1 - p))


def _of_a_mix(
    rows: BattleTable, scores: FloatArray | csr_array, inverse: FloatArray, block: IntArray, held: int | None
) -> tuple[FloatArray, FloatArray]:
    """The covariance of all parameters under a fixed mix of questions, and degrees of freedom.

    The latter are those of the distance to the model that is `held`, where it is in the same block: that is what is
    shown, and every other difference is of two such distances.
    """
    assert rows.mix is not None
    influence = np.asarray(scores @ inverse)
    seen = np.ones(influence.shape, dtype=bool)
    seen[:, : len(block)] = seen_questions(rows)
    found = stratified(influence, seen, rows.mix)
    df = found.df
    if held is not None and block[held] >= 0:
        together = np.flatnonzero(block == block[held])
        to_held = influence.copy()
        to_held[:, together] -= influence[:, [held]]
        df = stratified(to_held, seen, rows.mix).df
        df[held] = np.inf
    return found.influence.T @ found.influence, df


def _known(covariance: FloatArray, block: IntArray) -> FloatArray:
    """NaN outside all blocks."""
    covariance[block < 0, :] = np.nan
    covariance[:, block < 0] = np.nan
    return covariance


def _with_columns(
    rows: BattleTable,
    columns: Columns,
    block: IntArray,
    start: FloatArray,
    questions: FloatArray,
    level: float | None,
    held: int | None,
    *,
    independent: bool,
) -> tuple[Fit, Uncertainty | None, dict[str, tuple[float, float, float]]]:
    """The contextual fit with the covariance of the ratings and the coefficients' intervals (none without level)."""
    m = len(block)
    fit = fit_contextual(rows, columns, block, start)
    plain = Fit(fit.theta, fit.gradient_norm, fit.iterations)
    if level is None:
        return plain, None, {name: (float(b), np.nan, np.nan) for name, b in zip(columns.names, fit.beta, strict=True)}
    residual = rows.outcome - sigmoid(fit.theta[rows.a] - fit.theta[rows.b] + columns.x @ fit.beta)
    if rows.weight is not None:
        residual *= rows.weight
    if independent:
        meat = independent_gram(rows, columns, residual**2)
        df = np.full(m + len(fit.beta), np.inf)
    else:
        of_columns = np.full(len(fit.beta), float(len(asked(rows.clusters()))))
        scores = scores_by_question(rows, residual, [residual * x for x in columns.x.T])
        meat = clustered_meat(scores, np.r_[component_questions(rows, block), of_columns])
        df = np.r_[questions, of_columns] - 1.0
    try:
        inverse = pseudo_inverse(fit.hessian, block)
        covariance = sandwich(inverse, meat)
        if rows.mix is not None and not independent:
            covariance, df = _of_a_mix(rows, scores, inverse, block, held)
    except np.linalg.LinAlgError as error:
        raise RuntimeError(NO_MAXIMUM) from error
    half = t_quantile(level, df[m:]) * np.sqrt(np.maximum(np.diag(covariance)[m:], 0.0))
    covariance[:m][block < 0] = np.nan
    covariance[:, :m][:, block < 0] = np.nan
    coefficients = {
        name: (float(b), float(b - h), float(b + h)) for name, b, h in zip(columns.names, fit.beta, half, strict=True)
    }
    return plain, Uncertainty(covariance[:m, :m], df[:m], level), coefficients


def order_of(pairs: PairSums, graph: Graph, theta: FloatArray) -> FloatArray:
    """θ inside the core; beyond it the limit of the fit, kept outside the core's range."""
    if not graph.separated:
        return theta
    limit = limit_order(pairs, graph.component, theta, (graph.side != CORE) & (graph.component >= 0))
    order = np.where(graph.side == CORE, theta, limit)
    for number in range(graph.n_components):
        members = graph.component == number
        core = members & (graph.side == CORE)
        for side, sign in ((HIGH, 1.0), (LOW, -1.0)):
            beyond = members & (graph.side == side)
            if beyond.any():
                edge = float(np.max(sign * theta[core])) + 1.0
                order[beyond] = sign * edge + limit[beyond] - sign * float(np.min(sign * limit[beyond]))
    return order


def _questions_with_core(table: BattleTable, graph: Graph, theta: FloatArray) -> FloatArray:
    if not graph.separated:
        return np.zeros(len(theta))
    with_core = table.select(np.isfinite(theta[table.a]) != np.isfinite(theta[table.b]))
    return weighty_questions(with_core)


def open_ends(
    pairs: PairSums, graph: Graph, theta: FloatArray, level: float, questions: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Finite ends of unbounded models: Clopper–Pearson on the pooled win probability, the others held fixed.

    Its n is the number of `questions` (battles, without ids) on which a model met the core.
    """
    low, high = np.full(len(theta), np.nan), np.full(len(theta), np.nan)
    if not graph.separated:
        return low, high
    for model in np.flatnonzero((graph.side == HIGH) | (graph.side == LOW)):
        mine = (pairs.i == model) | (pairs.j == model)
        opponents = np.where(pairs.i[mine] == model, pairs.j[mine], pairs.i[mine])
        known = np.isfinite(theta[opponents])
        if not known.any() or not questions[model] >= 1:
            continue
        bound = ((1 - level) / 2) ** (1 / questions[model])
        games, others = pairs.games[mine][known], theta[opponents[known]]
        if graph.side[model] == HIGH:
            low[model] = profile(others, games, bound)
        else:
            high[model] = profile(others, games, 1 - bound)
    return low, high


def degenerate_ends(fit: Estimate, error: FloatArray, core: CoreRates) -> tuple[Mask, FloatArray, FloatArray]:
    """Ends for models whose battles do not vary at all (all ties): Wilson's interval of the win rate, mapped to θ.

    None (NaN) beside fitted columns, where a win rate is not a rating's alone.

    The win rate is that against the models of the core, which is what the fit reproduces; `core` gives the sums and
    win rates of the battles among them. `error` holds standard errors. Returns which models these are and their ends on
    the natural scale.
    """
    low, high = np.full(len(fit.theta), np.nan), np.full(len(fit.theta), np.nan)
    flat = np.isfinite(error) & (error < NO_SPREAD) & (fit.block >= 0)
    if not flat.any() or fit.columns:
        return flat, low, high
    pairs, rates = core()
    for model in np.flatnonzero(flat):
        mine = (pairs.i == model) | (pairs.j == model)
        others = np.where(pairs.i[mine] == model, pairs.j[mine], pairs.i[mine])
        known = np.isfinite(fit.theta[others])
        games, thetas = pairs.games[mine][known], fit.theta[others[known]]
        if known.any() and np.isfinite(rates.low[model]):
            low[model] = profile(thetas, games, float(rates.low[model]))
            high[model] = profile(thetas, games, float(rates.high[model]))
    return flat, low, high


def among_the_core(table: BattleTable, fit: Estimate, level: float, *, independent: bool) -> tuple[PairSums, WinRates]:
    """Sums and win rates of the battles among models of finite rating."""
    rows = table.select((fit.block[table.a] >= 0) & (fit.block[table.b] >= 0))
    return pair_sums(rows), win_rates(rows, level, independent=independent)
