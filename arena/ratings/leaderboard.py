"""From a table of battles to a leaderboard."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from arena.errors import DataError
from arena.ratings.data.arrays import FloatArray, counted
from arena.ratings.data.pair_sums import DENSE_LIMIT
from arena.ratings.data.table import BattleTable
from arena.ratings.findings.diagnostics import diagnose, more_questions
from arena.ratings.findings.judges import details_options, judge_details
from arena.ratings.intervals.covariance import NO_SPREAD, Uncertainty, competition_ranks, jointly, rank_ranges
from arena.ratings.methods.bootstrap import percentile_interval, question_bootstrap
from arena.ratings.methods.bradley_terry import ELO_MEAN, ELO_SCALE
from arena.ratings.methods.contextual import Columns
from arena.ratings.methods.elo import EloRatings, elo_ratings
from arena.ratings.methods.estimate import Estimate, degenerate_ends, estimate
from arena.ratings.methods.length_control import with_length_control
from arena.ratings.methods.style import POSITION, joined, position_columns, style_columns, style_names, with_style
from arena.ratings.methods.win_rate import WinRates, win_rates
from arena.ratings.options import RatingOptions
from arena.ratings.results import Anchored, Effect, Leaderboard, ModelRow, number
from arena.ratings.rows import Ranks, Ratings, board_warnings, model_rows, nothing_but_ties, pair_differences
from arena.ratings.slices import slice_rows

CROWD = 50
"""More judges than this are a crowd, as on Chatbot Arena: their battles count, nothing is said about each of them."""


def rate(
    table: BattleTable,
    options: RatingOptions = RatingOptions(),  # noqa: B008
    *,
    every_judge: BattleTable | None = None,
) -> Leaderboard:
    """The leaderboard of a table of rated battles.

    Deterministic: the order of the rows does not matter, only `options.seed` does. A table without battles, with one
    model or with nothing but ties gives a leaderboard without ratings whose warnings say why. `every_judge` holds the
    rows of all judges where `table` has the panel's alone; `judges` and `judges_detail` are then about them. Numbers of
    methods that are not among `options.methods` are None.
    Raises DataError when the baseline, the anchor or a style column is not in the table.
    """
    anchor = _anchor(table, options)
    usable, notes = _usable(table, options)
    ordered = usable.canonical()
    table = ordered.evened()
    columns, options, more = _columns(table, options)
    fit, unfitted = _fit(table, columns, options, None if anchor is None else table.models.index(anchor.model))
    ratings = rating_points(table, fit, options, anchor)
    rates = _win_rates(table, options)
    elo = _elo(usable if options.elo_order == "file" else ordered, options)
    ranks = _ranks(table, fit, ratings, rates[0], elo, options)
    rows = model_rows(table, fit, ratings, rates, elo, ranks)
    if "bradley_terry" not in options.methods:
        rows = [replace(row, rating=None, rating_low=None, rating_high=None, unbounded=None) for row in rows]
    rows = with_length_control(table, rows, options)
    rows = slice_rows(table, rows, options, _sliced)
    style, position = _effects(fit)
    diagnostics = diagnose(table, fit) if options.details else {}
    detailed = table if every_judge is None else _usable(every_judge, options)[0].canonical().evened()
    return Leaderboard(
        ranked_by=options.methods[0],
        judges=() if detailed.judge is None else detailed.judge.names,
        baseline=options.baseline,
        anchor=anchor,
        level=options.level,
        interval=_interval_name(table, options),
        n_questions=0 if table.question is None else int(np.count_nonzero(np.bincount(table.question.codes))),
        n_battles=len(table),
        warnings=(*board_warnings(table, fit, options, anchor), *notes, *more, *unfitted, *more_questions(diagnostics)),
        judges_detail=judge_details(detailed, details_options(options), position, _sliced) if options.details else (),
        pairs=pair_differences(table, fit, options),
        style=style,
        diagnostics=diagnostics,
        models=tuple(sorted(rows, key=_position)),
    )


def _usable(table: BattleTable, options: RatingOptions) -> tuple[BattleTable, list[str]]:
    """The battles that weigh something and have a value in every style column, and what was left out.

    A crowd of judges is one judge without a name.
    """
    notes = []
    if table.judge is not None and (judges := len(table.judge.names)) > CROWD:
        notes.append(f"{judges} judges are taken together; nothing is said about each of them")
        table = replace(table, judge=None)
    if table.weight is not None and not table.weight.all():
        notes.append(f"{counted(int((table.weight == 0).sum()), 'battle')} of weight 0 left out")
        table = table.select(np.flatnonzero(table.weight))
    if options.style and len(table):
        known = with_style(table, options.style)
        if not known.all():
            without = f"without a value for {', '.join(style_names(options.style))}"
            notes.append(f"{counted(int((~known).sum()), 'battle')} {without} left out")
            table = table.select(np.flatnonzero(known))
    return table, notes


def _columns(table: BattleTable, options: RatingOptions) -> tuple[Columns | None, RatingOptions, list[str]]:
    """The columns that are asked for or called for; the options as far as they go together with them, and notes."""
    style = style_columns(table, options.style) if options.style and len(table) else None
    columns, notes = joined(style, position_columns(table) if options.position else None), []
    if columns is not None and len(table.models) > DENSE_LIMIT:
        notes.append(f"no style or position effects above {DENSE_LIMIT} models")
        columns = None
    if options.interval == "bootstrap" and (columns is not None or len(table.models) > DENSE_LIMIT):
        why = f"{', '.join(columns.names)} in the fit" if columns is not None else f"more than {DENSE_LIMIT} models"
        notes.append(f"no bootstrap with {why}: intervals are those of the sandwich")
        options = replace(options, interval="sandwich")
    return columns, options, notes


def _fit(
    table: BattleTable, columns: Columns | None, options: RatingOptions, prefer: int | None
) -> tuple[Estimate, list[str]]:
    """Fit with the columns, without them where they cannot be fitted; and which could not."""
    choose = partial(
        estimate, table, interval=options.interval, level=options.level, simultaneous=options.simultaneous,
        seed=options.seed, prefer=prefer,
    )  # fmt: skip
    try:
        fit = choose(columns=columns)
    except RuntimeError as error:
        if columns is None:
            raise
        return choose(), [f"style and position effects are not fitted: {error}"]
    missing = [name for name in (columns.names if columns is not None else ()) if name not in fit.columns]
    told = f"not fitted, because the battles cannot tell it from the models: {', '.join(missing)}"
    return fit, [told] if missing else []


def _effects(fit: Estimate) -> tuple[dict[str, Effect], dict[str, Effect]]:
    """Coefficients of style columns, and position effects by judge."""
    style, position = {}, {}
    for name, (coef, low, high) in fit.columns.items():
        effect = Effect(coef, number(low), number(high))
        if name.partition(":")[0] == POSITION:
            position[name.partition(":")[2]] = effect
        else:
            style[name] = effect
    return style, position


def _interval_name(table: BattleTable, options: RatingOptions) -> str:
    return "independent" if table.question is None and options.interval == "sandwich" else options.interval


def _sliced(table: BattleTable, options: RatingOptions) -> Leaderboard:
    """The board of a slice: the same methods, without what only the whole board shows."""
    methods = tuple(method for method in options.methods if method != "elo") or ("bradley_terry",)
    if options.baseline is not None and options.baseline not in table.models:
        options = replace(options, baseline=None)
    return rate(table, replace(options, methods=methods, slices=(), pairs=False, simultaneous=False, details=False))


def _position(row: ModelRow) -> tuple[bool, int, int, str]:
    return (row.component is None, row.component or 0, row.rank or 0, row.model)


def _anchor(table: BattleTable, options: RatingOptions) -> Anchored | None:
    for what, name in (("baseline", options.baseline), ("anchor", options.anchor and options.anchor.model)):
        if name is not None and name not in table.models:
            raise DataError(f"{what}: no model {name!r} among the battles (have: {', '.join(table.models[:20])})")
    if options.anchor is not None:
        if not np.isfinite(options.anchor.rating):
            raise DataError(f"anchor: found {options.anchor.rating:g} for {options.anchor.model}, allowed: a number")
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
    low, high = np.full(len(rating), np.nan), np.full(len(rating), np.nan)
    if uncertainty is not None:
        half = uncertainty.half_width() * ELO_SCALE
        low, high = rating - half, rating + half
        if options.interval == "bootstrap":
            low, high = (
                np.where(np.isnan(half), np.nan, end) for end in _percentiles(table, fit, options, centre, held)
            )
        independent = options.interval == "independent" or table.question is None
        error = uncertainty.standard_error()
        flat, flat_low, flat_high = degenerate_ends(table, fit, error, options.level, independent=independent)
        low = np.where(flat, centre + flat_low * ELO_SCALE, low)
        high = np.where(flat, centre + flat_high * ELO_SCALE, high)
    if held is not None:
        low[held] = high[held] = np.nan
    if options.interval != "none":
        low = np.where(np.isnan(fit.open_low), low, centre + fit.open_low * ELO_SCALE)
        high = np.where(np.isnan(fit.open_high), high, centre + fit.open_high * ELO_SCALE)
    if nothing_but_ties(table):
        rating, low, high = (np.full(len(rating), np.nan) for _ in range(3))
    return Ratings(rating, low, high, held)


def _percentiles(
    table: BattleTable, fit: Estimate, options: RatingOptions, centre: FloatArray, held: int | None
) -> tuple[FloatArray, FloatArray]:
    """Percentile intervals in points, relative to the anchor where one is held."""
    replicates = question_bootstrap(table, fit.theta, fit.block, options.bootstraps, options.seed)
    if held is not None:
        together = fit.block == fit.block[held]
        with np.errstate(invalid="ignore"):
            moved = replicates[:, together] - replicates[:, held][:, None] + fit.theta[held]
        replicates[:, together] = moved
    low, high = percentile_interval(replicates, options.level)
    return centre + low * ELO_SCALE, centre + high * ELO_SCALE


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
        level=options.level, independent=options.interval == "independent",
    )  # fmt: skip
    if options.interval == "none":
        nothing = np.full(len(found.rating), np.nan)
        return replace(found, low=nothing, high=nothing, covariance=None)
    return found


def _ranks(
    table: BattleTable, fit: Estimate, ratings: Ratings, rates: WinRates | None, elo: EloRatings | None,
    options: RatingOptions,
) -> Ranks:  # fmt: skip
    """Ranks by the first method, within components."""
    group = fit.graph.component
    if options.methods[0] == "bradley_terry":
        key, values, low, high, uncertainty = fit.order, fit.theta, ratings.low, ratings.high, fit.uncertainty
        if ratings.held is not None:
            low, high = low.copy(), high.copy()
            low[ratings.held] = high[ratings.held] = ratings.rating[ratings.held]
    else:
        chosen = rates if options.methods[0] == "win_rate" else elo
        if chosen is None:
            return Ranks(*(np.zeros(len(group), dtype=np.int64) for _ in range(3)))
        values = chosen.rate if isinstance(chosen, WinRates) else chosen.rating
        key, low, high = np.nan_to_num(values, nan=-np.inf), chosen.low, chosen.high
        if isinstance(chosen, WinRates) and options.baseline is not None:  # its ½ is exact
            exact = (np.array(table.models) == options.baseline) & (chosen.df >= 1)
            low, high = np.where(exact, values, low), np.where(exact, values, high)
        uncertainty = None
        if chosen.covariance is not None:
            uncertainty = Uncertainty(chosen.covariance, chosen.df, options.level)
            uncertainty = jointly(uncertainty, group, options.seed) if options.simultaneous else uncertainty
    rank = competition_ranks(key, group)
    if options.interval == "none":
        nothing = np.zeros_like(rank)
        return Ranks(rank, nothing, nothing)
    same = (group[:, None] == group[None, :]) & (group >= 0)[:, None]
    apart = low[:, None] > high[None, :]
    better = apart
    if uncertainty is not None:
        error = uncertainty.standard_error()
        solid = np.isfinite(values) & np.isfinite(error) & (uncertainty.df >= 1) & (error > NO_SPREAD)
        with np.errstate(invalid="ignore"):
            better = np.where(solid[:, None] & solid[None, :], uncertainty.surely_better(values), apart)
    return Ranks(rank, *rank_ranges(better & same, group))
