"""From a table of battles to a leaderboard."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from arena.errors import DataError
from arena.ratings.arrays import FloatArray, IntArray
from arena.ratings.bradley_terry import ELO_MEAN, ELO_SCALE
from arena.ratings.covariance import Uncertainty, better_probability, competition_ranks, rank_ranges
from arena.ratings.elo import EloRatings, elo_ratings
from arena.ratings.estimate import Estimate, degenerate_ends, estimate, questions_of
from arena.ratings.graph import CORE, HIGH, LOW
from arena.ratings.options import RatingOptions
from arena.ratings.results import Anchored, Leaderboard, ModelRow, Pair, number
from arena.ratings.slices import slice_rows
from arena.ratings.table import BattleTable
from arena.ratings.winrate import WinRates, count_winners, win_rates

PAIRS_UP_TO = 50


class Ratings(NamedTuple):
    """Ratings in points, one entry per model; NaN where there is none."""

    rating: FloatArray
    low: FloatArray
    high: FloatArray
    held: int | None
    """The model that is held at the anchor, None when each component has mean 1000."""


class Ranks(NamedTuple):
    """Ranks within components; 0 means unranked."""

    rank: IntArray
    low: IntArray
    high: IntArray


def rate(table: BattleTable, options: RatingOptions = RatingOptions()) -> Leaderboard:  # noqa: B008
    """The leaderboard of a table of rated battles.

    Deterministic: the order of the rows does not matter, only `options.seed` does. A table without battles, with one
    model or with nothing but ties gives a leaderboard without ratings whose warnings say why.
    Raises DataError when the baseline, the anchor or a style column is not in the table.
    """
    anchor = _anchor(table, options)
    judges = table.judge.names if table.judge is not None else ()
    in_file_order = table
    table = table.canonical()
    fit = estimate(
        table, interval=options.interval, level=options.level, simultaneous=options.simultaneous, seed=options.seed,
        prefer=None if anchor is None else table.models.index(anchor.model),
    )  # fmt: skip
    warnings = list(_warnings(table, fit, options, anchor))
    ratings = rating_points(table, fit, options, anchor)
    rates = _win_rates(table, options)
    elo = _elo(in_file_order if options.elo_order == "file" else table, options)
    ranks = _ranks(fit, ratings, rates[0], elo, options)
    rows = _rows(table, fit, ratings, rates, elo, ranks)
    rows = slice_rows(table, rows, options, _sliced)
    return Leaderboard(
        ranked_by=options.methods[0],
        judges=judges,
        baseline=options.baseline,
        anchor=anchor,
        level=options.level,
        interval="independent" if table.question is None and options.interval == "sandwich" else options.interval,
        n_questions=0 if table.question is None else int(np.count_nonzero(np.bincount(table.question.codes))),
        n_battles=len(table),
        warnings=tuple(warnings),
        judges_detail=(),
        pairs=_pairs(table, fit, options),
        style={},
        diagnostics={"gradient_norm": fit.gradient_norm, "iterations": fit.iterations},
        models=tuple(sorted(rows, key=_position)),
    )


def _sliced(table: BattleTable, options: RatingOptions) -> Leaderboard:
    """The board of a slice: the same methods, without what only the whole board shows."""
    methods = tuple(method for method in options.methods if method != "elo") or ("bradley_terry",)
    if options.baseline is not None and options.baseline not in table.models:
        options = replace(options, baseline=None)
    return rate(table, replace(options, methods=methods, slices=(), pairs=False, simultaneous=False))


def _position(row: ModelRow) -> tuple[bool, int, int, str]:
    return (row.component is None, row.component or 0, row.rank or 0, row.model)


def _anchor(table: BattleTable, options: RatingOptions) -> Anchored | None:
    for what, name in (("baseline", options.baseline), ("anchor", options.anchor and options.anchor.model)):
        if name is not None and name not in table.models:
            raise DataError(f"{what}: no model {name!r} among the battles (have: {', '.join(table.models[:20])})")
    if options.anchor is not None:
        return options.anchor
    return None if options.baseline is None else Anchored(options.baseline, ELO_MEAN)


def rating_points(table: BattleTable, fit: Estimate, options: RatingOptions, anchor: Anchored | None) -> Ratings:
    """Ratings and intervals in points: the anchor's component stands on the anchor, the others have mean 1000."""
    centre = np.full(len(fit.theta), ELO_MEAN)
    uncertainty, held = fit.uncertainty, None
    if anchor is not None:
        model = table.models.index(anchor.model)
        if fit.block[model] >= 0:
            held = model
            together = fit.graph.component == fit.graph.component[model]
            centre[together] = anchor.rating - fit.theta[model] * ELO_SCALE
            uncertainty = None if uncertainty is None else uncertainty.held_at(model, fit.block)
    rating = centre + fit.theta * ELO_SCALE
    half = np.full(len(rating), np.nan) if uncertainty is None else uncertainty.half_width() * ELO_SCALE
    half = half if held is None else np.where(np.arange(len(half)) == held, np.nan, half)
    low, high = rating - half, rating + half
    independent = options.interval == "independent" or table.question is None
    flat, flat_low, flat_high = degenerate_ends(table, fit, half / ELO_SCALE, options.level, independent=independent)
    low, high = np.where(flat, centre + flat_low * ELO_SCALE, low), np.where(flat, centre + flat_high * ELO_SCALE, high)
    if held is not None:
        low[held] = high[held] = np.nan
    if options.interval != "none":
        low = np.where(np.isnan(fit.open_low), low, centre + fit.open_low * ELO_SCALE)
        high = np.where(np.isnan(fit.open_high), high, centre + fit.open_high * ELO_SCALE)
    if _nothing_but_ties(table):
        rating, low, high = (np.full(len(rating), np.nan) for _ in range(3))
    return Ratings(rating, low, high, held)


def _nothing_but_ties(table: BattleTable) -> bool:
    return len(table) > 0 and bool((table.outcome == 0.5).all())


def _win_rates(table: BattleTable, options: RatingOptions) -> tuple[WinRates | None, WinRates | None]:
    """Win rates to show (against the baseline where there is one), and over all battles."""
    if "win_rate" not in options.methods:
        return None, None
    ranked = options.methods[0] == "win_rate"
    independent = options.interval == "independent"
    overall = win_rates(table, options.level, independent=independent, covariance=ranked)
    shown = overall
    if options.baseline is not None:
        code = table.models.index(options.baseline)
        met = (table.a == code) | (table.b == code)
        if not met.all():
            shown = win_rates(table.select(met), options.level, independent=independent, covariance=ranked)
        shown = _baseline_at_half(shown, code)
    if options.interval == "none":
        shown, overall = _without_interval(shown), _without_interval(overall)
    return shown, overall


def _baseline_at_half(rates: WinRates, code: int) -> WinRates:
    rate, low, high = rates.rate.copy(), rates.low.copy(), rates.high.copy()
    rate[code], low[code], high[code] = 0.5, np.nan, np.nan
    covariance = None if rates.covariance is None else rates.covariance.copy()
    if covariance is not None:
        covariance[code, :] = covariance[:, code] = 0.0
    return replace(rates, rate=rate, low=low, high=high, covariance=covariance)


def _without_interval(rates: WinRates) -> WinRates:
    nothing = np.full(len(rates.rate), np.nan)
    return replace(rates, low=nothing, high=nothing, covariance=None)


def _elo(table: BattleTable, options: RatingOptions) -> EloRatings | None:
    if "elo" not in options.methods or not len(table):
        return None
    found = elo_ratings(
        table, k=options.elo_k, orders=options.elo_orders, order=options.elo_order, seed=options.seed,
        level=options.level,
    )  # fmt: skip
    if options.interval == "none":
        nothing = np.full(len(found.rating), np.nan)
        return replace(found, low=nothing, high=nothing, covariance=None)
    return found


def _ranks(
    fit: Estimate, ratings: Ratings, rates: WinRates | None, elo: EloRatings | None, options: RatingOptions
) -> Ranks:
    """Ranks by the first method, within components."""
    group = fit.graph.component
    if options.methods[0] == "bradley_terry":
        key, low, high, uncertainty = fit.order, ratings.low, ratings.high, fit.uncertainty
        if ratings.held is not None:
            low, high = low.copy(), high.copy()
            low[ratings.held] = high[ratings.held] = ratings.rating[ratings.held]
        values = fit.theta
    else:
        chosen = rates if options.methods[0] == "win_rate" else elo
        assert chosen is not None or not len(group[group >= 0])
        if chosen is None:
            return Ranks(*(np.zeros(len(group), dtype=np.int64) for _ in range(3)))
        values = chosen.rate if isinstance(chosen, WinRates) else chosen.rating
        key, low, high = np.nan_to_num(values, nan=-np.inf), chosen.low, chosen.high
        uncertainty = None if chosen.covariance is None else Uncertainty(chosen.covariance, chosen.df, options.level)
    rank = competition_ranks(key, group)
    if options.interval == "none":
        nothing = np.zeros_like(rank)
        return Ranks(rank, nothing, nothing)
    same = (group[:, None] == group[None, :]) & (group >= 0)[:, None]
    apart = low[:, None] > high[None, :]
    better = apart
    if uncertainty is not None:
        width = uncertainty.half_width()
        solid = np.isfinite(values) & np.isfinite(width) & (width > 1e-7)
        with np.errstate(invalid="ignore"):
            better = np.where(solid[:, None] & solid[None, :], uncertainty.surely_better(values), apart)
    return Ranks(rank, *rank_ranges(better & same, group))


def _rows(
    table: BattleTable,
    fit: Estimate,
    ratings: Ratings,
    rates: tuple[WinRates | None, WinRates | None],
    elo: EloRatings | None,
    ranks: Ranks,
) -> list[ModelRow]:
    counts = count_winners(table)
    questions = questions_of(table, independent=table.question is None)
    shown, overall = rates
    nothing = np.full(len(table.models), np.nan)
    elo_sd = nothing if elo is None or elo.order_sd is None else elo.order_sd
    rows = []
    for i, model in enumerate(table.models):
        played = fit.graph.component[i] >= 0
        side = fit.graph.side[i] if played else CORE
        rows.append(
            ModelRow(
                model=model,
                component=int(fit.graph.component[i]) if played else None,
                rank=int(ranks.rank[i]) or None,
                rank_low=int(ranks.low[i]) or None,
                rank_high=int(ranks.high[i]) or None,
                rating=number(ratings.rating[i]),
                rating_low=number(ratings.low[i]),
                rating_high=number(ratings.high[i]),
                unbounded="high" if side == HIGH else "low" if side == LOW else None,
                elo=None if elo is None else number(elo.rating[i]),
                elo_low=None if elo is None else number(elo.low[i]),
                elo_high=None if elo is None else number(elo.high[i]),
                elo_order_sd=number(elo_sd[i]),
                win_rate=None if shown is None else number(shown.rate[i]),
                win_rate_low=None if shown is None else number(shown.low[i]),
                win_rate_high=None if shown is None else number(shown.high[i]),
                win_rate_overall=None if overall is None else number(overall.rate[i]),
                win_rate_overall_low=None if overall is None else number(overall.low[i]),
                win_rate_overall_high=None if overall is None else number(overall.high[i]),
                lc_win_rate=None,
                wins=int(counts.wins[i]),
                losses=int(counts.losses[i]),
                ties=int(counts.ties[i]),
                n_battles=int(counts.wins[i] + counts.losses[i] + counts.ties[i]),
                n_questions=int(questions[i]),
            )
        )
    return rows


def _pairs(table: BattleTable, fit: Estimate, options: RatingOptions) -> tuple[Pair, ...]:
    m = len(table.models)
    wanted = options.pairs if options.pairs is not None else m <= PAIRS_UP_TO
    if not wanted or not isinstance(fit.uncertainty, Uncertainty) or _nothing_but_ties(table):
        return ()
    i, j = np.triu_indices(m, 1)
    together = (fit.graph.component[i] == fit.graph.component[j]) & (fit.graph.component[i] >= 0)
    i, j = i[together], j[together]
    difference, se = fit.theta[i] - fit.theta[j], fit.uncertainty.difference_se()[i, j]
    width = np.where(se > 1e-9, fit.uncertainty.difference_quantile()[i, j] * se, np.nan)
    better = better_probability(difference, se, np.minimum(fit.uncertainty.df[i], fit.uncertainty.df[j]))
    shared = _shared_questions(table)
    return tuple(
        Pair(
            table.models[x], table.models[y], number(d * ELO_SCALE), number((d - w) * ELO_SCALE),
            number((d + w) * ELO_SCALE), number(p), int(shared[x, y]),
        )
        for x, y, d, w, p in zip(i, j, difference, width, better, strict=True)
    )  # fmt: skip


def _shared_questions(table: BattleTable) -> FloatArray:
    """(m, m): on how many questions both models were compared with somebody; battles where there are no ids."""
    m = len(table.models)
    if table.question is None:
        met = np.bincount(table.a * np.int64(m) + table.b, minlength=m * m).reshape(m, m)
        return (met + met.T).astype(float)
    seen = np.zeros((len(table.question.names), m), dtype=np.float32)
    seen[table.question.codes, table.a] = 1.0
    seen[table.question.codes, table.b] = 1.0
    result: FloatArray = (seen.T @ seen).astype(float)
    return result


def _warnings(table: BattleTable, fit: Estimate, options: RatingOptions, anchor: Anchored | None) -> list[str]:
    found = []
    if not len(table):
        return ["no battles: nothing to rate"]
    if table.question is None:
        found.append("no question_id: rows count as independent, intervals are too narrow where questions repeat")
    elif int(np.count_nonzero(np.bincount(table.question.codes))) == 1:
        found.append("one question only: nothing is known about other questions, so there are no intervals")
    if _nothing_but_ties(table):
        found.append("every battle is a tie: nothing tells the models apart, so there are no ratings")
    if fit.graph.n_components > 1:
        sizes = np.bincount(fit.graph.component[fit.graph.component >= 0])
        found.append(
            f"{len(sizes)} sets of models never met, directly or through others ({', '.join(map(str, sizes))} models): "
            "ranks and ratings hold within a set only"
        )
    for side, text in ((HIGH, "won everything"), (LOW, "lost everything")):
        names = [table.models[i] for i in np.flatnonzero((fit.graph.side == side) & (fit.graph.component >= 0))]
        if names:
            found.append(f"{', '.join(names)}: {text} against the rest, so the rating has no upper end"
                         if side == HIGH else
                         f"{', '.join(names)}: {text} against the rest, so the rating has no lower end")  # fmt: skip
    cut = [table.models[i] for i in np.flatnonzero(fit.graph.side == 9)]
    if cut:
        found.append(f"{', '.join(cut)}: only met models of unbounded rating, so it cannot be placed")
    if anchor is not None and fit.block[table.models.index(anchor.model)] < 0:
        found.append(f"{anchor.model} cannot hold the scale (it has no finite rating): ratings have mean 1000 instead")
    idle = [table.models[i] for i in np.flatnonzero(fit.graph.component < 0)]
    if idle:
        found.append(f"without a rated battle: {', '.join(idle)}")
    return found
