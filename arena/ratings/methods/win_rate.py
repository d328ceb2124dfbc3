"""Win rates: against the baseline (itself ½) or the mean over several, else over all battles, or as the fit implies."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from arena.ratings.columns import Column, with_ends
from arena.ratings.data.table import BattleTable
from arena.ratings.intervals.student_t import widened
from arena.ratings.intervals.win_rates import WinRates, mean_rates, sums_by_question, win_rates
from arena.ratings.methods.implied import implied_rates
from arena.ratings.methods.method import Battles, Fitted, Method, ToldApart
from arena.ratings.methods.refits import Refits, of_fit, of_means
from arena.ratings.options import RatingOptions

_CELLS = 10_000_000
"""With more cells of question and model than this it is not asked which questions decide."""


def _rated(given: Battles) -> Fitted:
    table, options = given.table, given.options
    if options.implied:
        implied = implied_rates(given.estimate, options.level, options.boundary)
        better = given.told_apart(implied.rate, implied.low, implied.high, implied.covariance, implied.df)
        return Fitted(implied.rate, implied.low, implied.high, better=better)
    level, independent = widened(options.level, options.boundary), options.interval == "independent"
    rates = partial(win_rates, level=level, independent=independent, covariance=given.ranks)
    overall = rates(table)
    if options.baseline is None:
        return fitted(overall, overall, None, given.told_apart)
    if options.more_baselines:
        codes = [table.models.index(name) for name in options.baselines]
        return fitted(overall, mean_rates(table, codes, level, independent=independent), None, given.told_apart)
    code = table.models.index(options.baseline)
    met = (table.a == code) | (table.b == code)
    return fitted(overall, overall if met.all() else rates(table.select(met)), code, given.told_apart)


def _refits(given: Battles) -> Refits | None:
    """Without some questions: the same means over the others, or the fit that they are implied by."""
    table = given.table
    if given.options.implied:
        return of_fit(table, given.estimate, given.columns)
    n_clusters = int(table.clusters().max(initial=-1)) + 1
    if n_clusters * len(table.models) > _CELLS:
        return None
    codes = [table.models.index(name) for name in given.options.baselines]
    shown = [table.select((table.a == code) | (table.b == code)) for code in codes] or [table]
    parts = [sums_by_question(part, n_clusters) for part in shown]
    return of_means(parts, _rated(given).value, given.estimate.graph.component, codes)


def rates_against(table: BattleTable, options: RatingOptions) -> dict[str, WinRates]:
    """The win rates against each of several baselines; of one alone, or of those that a fit implies, nothing."""
    if not options.more_baselines or options.implied:
        return {}
    level, independent = widened(options.level, options.boundary), options.interval == "independent"
    found = {}
    for name in options.baselines:
        code = table.models.index(name)
        rates = win_rates(table.select((table.a == code) | (table.b == code)), level, independent=independent)
        found[name] = _baseline_at_half(rates, code)
    return found


def fitted(overall: WinRates, shown: WinRates, baseline: int | None, told_apart: ToldApart) -> Fitted:
    """Win rates as the board's columns: `shown` are those against the baseline, where there is one."""
    low, high = shown.low, shown.high
    if baseline is not None:
        shown = _baseline_at_half(shown, baseline)
        exact = (np.arange(len(shown.rate)) == baseline) & (shown.df >= 1)  # its ½ is, for the ranks
        low, high = np.where(exact, shown.rate, shown.low), np.where(exact, shown.rate, shown.high)
    more = {
        "win_rate_overall": overall.rate, "win_rate_overall_low": overall.low, "win_rate_overall_high": overall.high,
    }  # fmt: skip
    better = told_apart(shown.rate, low, high, shown.covariance, shown.df)
    return Fitted(shown.rate, shown.low, shown.high, more, better=better)


def _baseline_at_half(rates: WinRates, code: int) -> WinRates:
    rate, low, high = rates.rate.copy(), rates.low.copy(), rates.high.copy()
    rate[code], low[code], high[code] = 0.5, np.nan, np.nan
    covariance = None if rates.covariance is None else rates.covariance.copy()
    if covariance is not None:
        covariance[code, :] = covariance[:, code] = 0.0
    return replace(rates, rate=rate, low=low, high=high, covariance=covariance)


WIN_RATE = Method(
    (
        with_ends("win_rate", "win rate", "percent"),
        with_ends("win_rate_overall", "win rate over all battles", "percent", where="json", sliced=False),
        Column("lc_win_rate", "LC win rate", "percent", sliced=False),
    ),
    of_battles=_rated,
    refits=_refits,
)
"""`lc_win_rate` is filled in where a style preset asks for it (`arena.ratings.methods.length_control`)."""
