"""The leaderboard of battles that are known by their sums alone: more of them than memory holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from arena.ratings.data.arrays import FloatArray, IntArray, Mask
from arena.ratings.data.battle_sums import BattleSums, QuestionSums, Residuals, added_to
from arena.ratings.data.dense import Products
from arena.ratings.data.graph import CORE, Graph, build_graph
from arena.ratings.data.pair_sums import PairSums, laplacian
from arena.ratings.findings.diagnostics import diagnose_sums
from arena.ratings.intervals.covariance import jointly
from arena.ratings.intervals.means import wilson
from arena.ratings.intervals.question_scores import factored
from arena.ratings.intervals.student_t import t_quantile
from arena.ratings.intervals.win_rates import WinRates
from arena.ratings.leaderboard import anchor_of, board_position
from arena.ratings.methods import win_rate
from arena.ratings.methods.bradley_terry import Ratings, fitted, points_of
from arena.ratings.methods.estimate import Estimate, open_ends, order_of, uncertainty_of
from arena.ratings.methods.method import Fitted, told_apart_by
from arena.ratings.methods.newton import fit_bradley_terry
from arena.ratings.options import USUAL_METHODS, RatingOptions
from arena.ratings.results import Anchored, Leaderboard, Pair
from arena.ratings.rows import (
    Played,
    board_warnings,
    columns_of,
    differences,
    model_rows,
    pairs_wanted,
    ranks_of,
)

_AT_ONCE = 1_000
"""Questions whose scores are multiplied at a time."""


def rate_sums(
    sums: BattleSums, options: RatingOptions, by_question: Callable[[Residuals], QuestionSums] | None,
    left_out: Sequence[str] = (),
) -> Leaderboard:  # fmt: skip
    """The leaderboard of battles added up: what `rate` says of the same rows by bradley_terry and win_rate.

    `by_question` goes through the battles once more and adds up the residuals of the fit; None: there are no question
    ids. What needs rows is left out, and the board says so of methods, the bootstrap, and what the caller names in
    `left_out`. Raises DataError as `rate` does.
    """
    anchor = anchor_of(sums.models, options)
    options, notes = _summed(options, left_out)
    pairs = sums.pair_sums()
    prefer = None if anchor is None else sums.models.index(anchor.model)
    graph = build_graph(pairs, prefer)
    block = np.where((graph.side == CORE) & (graph.component >= 0), graph.component, -1)
    core = pairs.among((block[pairs.i] >= 0) & (block[pairs.j] >= 0))
    fit = fit_bradley_terry(core, block)
    code = None if options.baseline is None else sums.models.index(options.baseline)
    rates = [sums] if code is None else [sums, sums.between(_meeting(len(sums.models), code))]
    found = _by_question(sums, rates, options, by_question, graph, block, fit.theta, code)
    uncertainty = None
    if options.interval != "none":
        meat = found.meat if found.meat is not None else _independent_meat(sums, core, fit.theta)
        uncertainty = uncertainty_of(core, fit.theta, block, meat, found.df, options.level)
        uncertainty = jointly(uncertainty, block, options.seed) if options.simultaneous else uncertainty
    theta = np.where(block >= 0, fit.theta, np.nan)
    low, high = open_ends(pairs, graph, theta, options.level, found.with_core)
    estimate = Estimate(
        pairs, graph, block, theta, order_of(pairs, graph, fit.theta), found.questions, uncertainty, low, high,
        fit.gradient_norm, fit.iterations,
    )  # fmt: skip
    return _board(sums, options, anchor, estimate, pairs, found, notes)


def _summed(options: RatingOptions, left_out: Sequence[str]) -> tuple[RatingOptions, list[str]]:
    """What of the options holds for sums, and a sentence where something is left out."""
    methods = tuple(name for name in options.methods if name in USUAL_METHODS)
    what = [name for name in options.methods if name not in USUAL_METHODS]
    if options.interval == "bootstrap":
        what.append("bootstrap (intervals are those of the sandwich)")
        options = replace(options, interval="sandwich")
    what += left_out
    notes = [f"so many battles are added up as they are read, which leaves out: {', '.join(what)}"] if what else []
    return replace(options, methods=methods or USUAL_METHODS[:1], style=(), slices=()), notes


class _Questions(NamedTuple):
    """What is known by question, one entry per model."""

    n: int | None
    """How many questions there are; None without ids."""
    meat: FloatArray | None
    """(m, m); None: rows are independent."""
    df: FloatArray
    questions: FloatArray
    with_core: FloatArray
    rates: list[WinRates]
    """Over all battles, and against the baseline."""
    within: FloatArray
    shared: FloatArray


def _by_question(
    sums: BattleSums, rated: list[BattleSums], options: RatingOptions,
    by_question: Callable[[Residuals], QuestionSums] | None, graph: Graph, block: IntArray, theta: FloatArray,
    baseline: int | None,
) -> _Questions:  # fmt: skip
    """Questions, scores and win rates: from one more pass over the battles, or without ids from the sums."""
    m = len(sums.models)
    means = [_mean(part) for part in rated]
    battles = sums.games.sum(axis=1) + sums.games.sum(axis=0)
    inside, independent = block >= 0, []
    if by_question is None or options.interval == "independent":
        independent = [_independent_rates(part, mean, options.level) for part, mean in zip(rated, means, strict=True)]
    if by_question is None:
        across = np.where(inside[:, None] != inside[None, :], sums.games, 0.0)
        met = across.sum(axis=1) + across.sum(axis=0)
        pairs = sums.games + sums.games.T
        return _Questions(None, None, np.full(m, np.inf), battles, met, independent, battles, pairs)
    task = Residuals(
        sums.models, np.exp(np.where(inside, theta, 0.0)), np.nan_to_num(means[0][0]),
        inside if graph.separated else None, baseline, None if baseline is None else np.nan_to_num(means[1][0]),
    )  # fmt: skip
    found = by_question(task)
    return _reduced(found, means, independent, options, block, pairs=pairs_wanted(sums.models, options))


def _reduced(
    found: QuestionSums, means: list[tuple[FloatArray, FloatArray]], independent: list[WinRates],
    options: RatingOptions, block: IntArray, *, pairs: bool,
) -> _Questions:  # fmt: skip
    """Sums of squares and products over the questions, some of them at a time."""
    m, clustered = len(block), options.interval != "independent"
    of_ratings = clustered and options.interval != "none"
    matrix = options.methods[0] == "win_rate"
    meat, shared = Products(m), np.zeros((m, m))
    seen, core_seen, across = np.zeros(m), np.zeros(m), np.zeros(m)
    in_component = np.zeros(int(block.max(initial=-1)) + 1)
    squares = [_Squares.of(m, matrix=matrix) for _ in means]
    for part in _parts(found):
        gained = np.ascontiguousarray(found.scores[part].imag)
        marked = added_to(gained)
        core_marked = marked if found.in_core is None else found.in_core[part]
        times = squares[0].add(gained, marked)
        seen += times
        core_seen += times if found.in_core is None else core_marked.sum(axis=0)
        if found.with_core is not None:
            across += found.with_core[part].sum(axis=0)
        for number in range(len(in_component)):
            of_it = core_marked if (block == number).all() else core_marked[:, block == number]
            in_component[number] += of_it.any(axis=1).sum()
        if of_ratings:
            meat.add(np.ascontiguousarray(found.scores[part].real))
        if pairs:
            shared += marked.astype(np.float32).T @ marked.astype(np.float32)
        if found.against is not None:
            squares[1].add(found.against[part], added_to(found.against[part]))
    rates = independent or [
        _clustered_rates(rate, total, square, options.level)
        for (rate, total), square in zip(means, squares, strict=True)
    ]
    inside = np.append(in_component, 0.0)[np.where(block >= 0, block, len(in_component))]
    of_scores = factored(meat.total(), inside) if of_ratings else None
    if of_scores is not None and not (block == 0).all():
        of_scores = np.where((block[:, None] == block[None, :]) & (block >= 0)[:, None], of_scores, 0.0)
    df = core_seen - 1.0 if clustered else np.full(m, np.inf)
    return _Questions(len(found.places), of_scores, df, seen, across, rates, core_seen, shared)


def _parts(found: QuestionSums) -> Iterator[slice]:
    n = len(found.places)
    return (slice(start, min(start + _AT_ONCE, n)) for start in range(0, n, _AT_ONCE))


class _Squares:
    """Squares of the residuals of win rates over questions, their products where they rank, and who was seen."""

    def __init__(self, m: int, *, matrix: bool) -> None:
        self.squares, self.seen = np.zeros(m), np.zeros(m)
        self.products = np.zeros((m, m)) if matrix else None

    @classmethod
    def of(cls, m: int, *, matrix: bool) -> _Squares:
        return cls(m, matrix=matrix)

    def add(self, residual: FloatArray, marked: Mask) -> IntArray:
        """Returns on how many of these questions each model was seen."""
        times: IntArray = marked.sum(axis=0)
        self.seen += times
        self.squares += np.einsum("qm,qm->m", residual, residual)
        if self.products is not None:
            self.products += residual.T @ residual
        return times


def _meeting(m: int, code: int) -> Mask:
    """(m, m): the ordered pairs in which a model stands."""
    found = np.zeros((m, m), dtype=bool)
    found[code, :] = found[:, code] = True
    return found


def _mean(sums: BattleSums) -> tuple[FloatArray, FloatArray]:
    """Mean outcome of every model (NaN without battles), and its number of battles."""
    games, wins = sums.games, sums.wins
    total = games.sum(axis=1) + games.sum(axis=0)
    points = wins.sum(axis=1) + (games - wins).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return points / total, total


def _clustered_rates(rate: FloatArray, total: FloatArray, found: _Squares, level: float) -> WinRates:
    """`win_rates` of questions: V = Q/(Q − 1)·Σ_q (Σ outcome − rate)²/total²."""
    safe, seen = np.where(total > 0, total, 1.0), found.seen
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(seen > 1, np.sqrt(seen / (seen - 1)), 0.0) / safe
    variance = found.squares * factor**2
    matrix = None if found.products is None else found.products * factor[:, None] * factor[None, :]
    return _rates(rate, variance, seen, seen - 1.0, level, matrix)


def _independent_rates(sums: BattleSums, mean: tuple[FloatArray, FloatArray], level: float) -> WinRates:
    rate, total = mean
    games, wins = sums.games, sums.wins
    square = sums.cells[:, :, 2] + sums.cells[:, :, 1] / 4 if sums.squares is None else sums.squares
    back = square - 2 * wins + games
    points = wins.sum(axis=1) + (games - wins).sum(axis=0)
    squares = square.sum(axis=1) + back.sum(axis=0)
    safe, known = np.where(total > 0, total, 1.0), np.nan_to_num(rate)
    variance = np.maximum(squares - 2 * known * points + known**2 * total, 0.0) / safe**2
    return _rates(rate, variance, total, np.full(len(rate), np.inf), level, None)


def _rates(
    rate: FloatArray, variance: FloatArray, n: FloatArray, df: FloatArray, level: float, matrix: FloatArray | None
) -> WinRates:
    size = np.where(variance > 1e-14, rate * (1 - rate) / np.maximum(variance, 1e-14), n)
    low, high = wilson(rate, size, t_quantile(level, df))
    return WinRates(rate, low, high, matrix, df)


def _independent_meat(sums: BattleSums, core: PairSums, theta: FloatArray) -> FloatArray:
    """Σ rows of squared scores, from Σ (y − p)² by pair."""
    p = theta[core.i] - theta[core.j]
    p = 0.5 * (1.0 + np.tanh(0.5 * p))
    return laplacian(
        core.n_models, core.i, core.j, sums.squared(core) - 2 * p * core.wins + p**2 * core.games
    )  # fmt: skip


def _board(
    sums: BattleSums, options: RatingOptions, anchor: Anchored | None, fit: Estimate, pairs: PairSums,
    found: _Questions, notes: list[str],
) -> Leaderboard:  # fmt: skip
    all_ties = bool(sums.games.any()) and not sums.cells[:, :, (0, 2)].any()
    rank_by = options.methods[0]
    core = pairs.among((fit.block[pairs.i] >= 0) & (fit.block[pairs.j] >= 0))
    points = partial(
        points_of, sums.models, fit, anchor=anchor, core=partial(_among_the_core, sums, fit, core, found, options),
        all_ties=all_ties,
    )  # fmt: skip
    results: dict[str, Fitted] = {}
    for name in options.methods:
        if name == "bradley_terry":
            results[name] = fitted(sums.models, points(options), fit, anchor, ranks=rank_by == name)
        else:
            code = None if options.baseline is None else sums.models.index(options.baseline)
            apart = partial(told_apart_by, options, fit) if rank_by == name else lambda *_: None
            results[name] = win_rate.fitted(found.rates[0], found.rates[-1], code, apart)
    ranks = ranks_of(results[rank_by], fit.graph.component, options)
    wins, losses, ties = sums.winners()
    played = Played(fit.graph.component, wins, losses, ties, wins + losses + ties, fit.questions)
    rows = model_rows(sums.models, columns_of(results, options), ranks, played)
    told = [warning for result in results.values() for warning in result.warnings]
    n_battles = int(sums.cells.sum())
    return Leaderboard(
        ranked_by=rank_by,
        judges=(),
        baseline=options.baseline,
        anchor=anchor,
        level=options.level,
        interval="independent" if found.n is None and options.interval == "sandwich" else options.interval,
        n_questions=found.n or 0,
        n_battles=n_battles,
        warnings=(*board_warnings(sums.models, n_battles, found.n, fit, told), *notes),
        judges_detail=(),
        pairs=_pairs(sums, options, fit, points, found, all_ties=all_ties),
        style={},
        diagnostics=diagnose_sums(sums.models, fit, pairs, sums.squared(core)) if options.details else {},
        models=tuple(sorted(rows, key=board_position)),
    )


def _pairs(
    sums: BattleSums, options: RatingOptions, fit: Estimate, points: Callable[[RatingOptions], Ratings],
    found: _Questions, *, all_ties: bool,
) -> tuple[Pair, ...]:  # fmt: skip
    if not pairs_wanted(sums.models, options) or fit.uncertainty is None or all_ties:
        return ()
    ends = points(replace(options, interval="sandwich")) if fit.graph.separated else None
    return differences(sums.models, fit, options, ends, found.shared)


def _among_the_core(
    sums: BattleSums, fit: Estimate, core: PairSums, found: _Questions, options: RatingOptions
) -> tuple[PairSums, WinRates]:
    """Win rates of the battles in the core, for models whose residuals do not vary: n is that of their questions."""
    inside = fit.block >= 0
    rate, total = _mean(sums.between(inside[:, None] & inside[None, :]))
    df = found.df
    n = total if np.isinf(df).all() else found.within
    return core, _rates(rate, np.zeros(len(rate)), n, df, options.level, None)
