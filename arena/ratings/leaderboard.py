"""From a table of battles to a leaderboard."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from arena.errors import DataError
from arena.ratings.data.arrays import counted
from arena.ratings.data.pair_sums import DENSE_LIMIT, count_winners
from arena.ratings.data.table import BattleTable
from arena.ratings.findings.diagnostics import diagnose, more_questions
from arena.ratings.findings.judges import judge_details
from arena.ratings.findings.stability import leaders, stability
from arena.ratings.methods import METHODS, wrong_method
from arena.ratings.methods.bradley_terry import ELO_MEAN
from arena.ratings.methods.contextual import Columns
from arena.ratings.methods.estimate import Estimate, estimate
from arena.ratings.methods.length_control import length_controlled
from arena.ratings.methods.method import Battles, Fitted
from arena.ratings.methods.style import POSITION, joined, position_columns, style_columns, style_names, with_style
from arena.ratings.methods.win_rate import rates_against
from arena.ratings.options import RatingOptions
from arena.ratings.results import Anchored, Effect, Leaderboard, ModelRow, Stability, number
from arena.ratings.rows import Played, board_warnings, columns_of, model_rows, pair_differences, ranks_of
from arena.ratings.set_aside import with_some_aside, without
from arena.ratings.slices import of_a_part, slice_rows
from arena.ratings.weighted import weighted_rows

CROWD = 50
"""More judges than this are a crowd, as on Chatbot Arena: their battles count, nothing is said about each of them."""

_FEW = 50_000
"""Up to so many battles a fit with style or position is done again without some of the questions."""


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
    Raises DataError when there is no such method, or the baseline, the anchor, a style column or a model that is to be
    set aside is not in the table, and where weights leave nothing.
    """
    if options.set_aside:
        judged = None if every_judge is None else without(every_judge, options.set_aside)
        return with_some_aside(table, options, partial(rate, every_judge=judged), rate)
    methods, anchor = _methods(options), anchor_of(table.models, options)
    usable, notes = _usable(table, options)
    ordered = usable.canonical()
    table = ordered.evened().by_question()
    columns, options, more = _columns(table, options)
    fit, unfitted = _fit(table, columns, options, None if anchor is None else table.models.index(anchor.model))
    history = usable if options.elo_order == "file" else ordered
    given = Battles(table, history, options, fit, anchor, ranks=False, columns=columns if fit.columns else None)
    found = {name: method(replace(given, ranks=name == options.methods[0])) for name, method in methods.items()}
    ranks = ranks_of(found[options.methods[0]], fit.graph.component, options)
    numbers = columns_of(found, options) | length_controlled(table, options)
    rows = model_rows(table.models, numbers, ranks, _played(table, fit))
    rows = _with_rates(rows, table, options)
    rows = slice_rows(table, rows, options.slices, partial(_of_a_part, options=options))
    style, position = _effects(fit)
    told = [warning for fitted in found.values() for warning in fitted.warnings]
    diagnostics = diagnose(table, fit) if options.details else {}
    detailed = table if every_judge is None else _usable(every_judge, options)[0].canonical().evened()
    judges = judge_details(detailed, replace(options, style=()), position, _of_a_part) if options.details else ()
    n_questions = None if fit.asked is None else len(fit.asked)
    told = board_warnings(table.models, len(table), n_questions, fit, told)
    rows, weighed = weighted_rows(table, rows, options, rate, told)
    return Leaderboard(
        ranked_by=options.methods[0],
        judges=() if detailed.judge is None else detailed.judge.names,
        baseline=options.baseline,
        anchor=anchor,
        level=options.level,
        interval=_interval_name(table, options),
        n_questions=n_questions or 0,
        n_battles=len(table),
        warnings=(*told, *notes, *more, *unfitted, *more_questions(diagnostics), *weighed),
        judges_detail=judges,
        pairs=pair_differences(table, fit, options, anchor),
        style=style,
        diagnostics=diagnostics,
        models=tuple(sorted(rows, key=board_position)),
        stability=_stability(given, detailed) if options.details and options.stability else None,
    )


def _with_rates(rows: list[ModelRow], table: BattleTable, options: RatingOptions) -> list[ModelRow]:
    """The rows with the win rates against each of several baselines."""
    found, ends = rates_against(table, options), options.interval != "none"
    if not found:
        return rows
    shown = []
    for row, place in zip(rows, range(len(rows)), strict=True):
        own = {
            name: {"rate": number(rates.rate[place]), "low": number(rates.low[place]) if ends else None,
                   "high": number(rates.high[place]) if ends else None}
            for name, rates in found.items()
        }  # fmt: skip
        shown.append(replace(row, win_rates=own))
    return shown


def _stability(given: Battles, detailed: BattleTable) -> Stability | None:
    """How few questions decide between neighbours; `detailed` has the rows of every judge."""
    table, options = given.table, given.options
    again = METHODS[options.methods[0]].refits
    slow = given.columns is not None and len(table) > _FEW
    if again is None or slow or table.all_ties or not len(table) or len(table.models) > DENSE_LIMIT:
        return None
    refits = again(given)
    if refits is None:
        return None
    rater = partial(_of_a_part, options=replace(options, interval="none"))

    def without(leader: str) -> dict[str, dict[str, str | None]]:
        return {
            "category": leaders(table, table.category, leader, rater),
            "judge": leaders(detailed, detailed.judge, leader, rater),
        }

    names = None if table.question is None else table.question.names
    return stability(table.models, refits, names, without)


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
        seed=options.seed, prefer=prefer, factor=options.boundary,
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


def _of_a_part(table: BattleTable, options: RatingOptions) -> Leaderboard:
    """The board of a slice or of one judge: the same methods, without what only the whole board shows."""
    if not set(options.baselines) <= set(table.models):
        options = replace(options, baseline=None, more_baselines=())
    return rate(table, of_a_part(options))


def _methods(options: RatingOptions) -> dict[str, Callable[[Battles], Fitted]]:
    """How each of the methods asked for rates battles."""
    found = {}
    for name in options.methods:
        if (wrong := wrong_method(name)) is not None:
            raise DataError(f"methods: {wrong}")
        method = METHODS[name].of_battles
        assert method is not None
        found[name] = method
    return found


def _played(table: BattleTable, fit: Estimate) -> Played:
    wins, losses, ties = count_winners(table) if fit.sums is None else fit.sums.winners()
    return Played(fit.graph.component, wins, losses, ties, wins + losses + ties, fit.questions)


def board_position(row: ModelRow) -> tuple[bool, int, int, str]:
    """What puts the rows of a board in order."""
    return (row.component is None, row.component or 0, row.rank or 0, row.model)


def anchor_of(models: tuple[str, ...], options: RatingOptions) -> Anchored | None:
    """The model that holds the scale. Raises DataError when it, or a baseline, is not among the models."""
    held = None if options.anchor is None else options.anchor.model
    named = [*(("baseline", name) for name in options.baselines), *([("anchor", held)] if held is not None else [])]
    for what, name in named:
        if name not in models:
            close = difflib.get_close_matches(name, models, n=1, cutoff=0.5)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise DataError(f"{what}: no model {name!r} among the battles{hint} (have: {', '.join(models[:20])})")
    twice = next((name for n, name in enumerate(options.baselines) if name in options.baselines[:n]), None)
    if twice is not None:
        raise DataError(f"baseline: {twice!r} is named twice")
    if options.anchor is not None:
        if not np.isfinite(options.anchor.rating):
            raise DataError(f"anchor: found {options.anchor.rating:g} for {options.anchor.model}, allowed: a number")
        return options.anchor
    return None if options.baseline is None else Anchored(options.baseline, ELO_MEAN)
