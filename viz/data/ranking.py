"""Leaderboards for a filter: the same arithmetic as the command line, over the rows that are looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from arena.judging.style import FEATURES
from arena.ratings import BattleTable, RatingOptions, ScoreTable, Weights, rate, rate_scores
from arena.ratings.data.mix import weights_of
from arena.ratings.data.table import Coded, seen_first
from arena.ratings.methods import METHODS, methods_of
from arena.ratings.methods.style import style_names
from arena.ratings.options import USUAL_METHODS, Slice
from arena.reports.board import Report, report_of
from viz.data.board import Board
from viz.data.rows import EXCLUDED, PENDING, RATED, Rows

ELO_AT_MOST = 50_000
"""Battles of which Elo is still computed for a filter (replaying them in 100 orders takes 0.4 s), and what its order
rests on."""
_KEPT = ("cost_usd", "performance", "mean_length", "answers", "flags")
"""Measurements of the answers: they do not depend on the filter."""


def weights_of_board(board: Board) -> Weights | None:
    """What the board's own weighted numbers weigh by."""
    stored = None if board.report is None else board.report.options.stored.get("weights")
    return None if stored is None else weights_of(stored)


def rating_options(
    board: Board, *, baseline: str | None, style: Sequence[str] | None = None, slices: bool = False,
    weights: Weights | None = None,
) -> RatingOptions:  # fmt: skip
    """The options of the board's own rating, with another baseline, other style features or weights where asked.

    Models that the board sets aside are set aside here, but for one that is made the baseline.
    """
    report = board.report
    by: tuple[Slice, ...] = ("category", "language") if slices else ()
    if report is None:
        return RatingOptions(baseline=baseline, style=tuple(style or ()), slices=by, weights=weights)
    own, usual = report.options, RatingOptions()
    return RatingOptions(
        methods=_methods(report),
        baseline=baseline,
        more_baselines=report.baselines[1:] if baseline == report.baseline else (),
        anchor=report.anchor if baseline == report.baseline else None,
        interval=cast("Any", report.interval),
        level=report.level,
        simultaneous=own.simultaneous,
        style=_with_preset(report, report.controlled if style is None else tuple(style)),
        elo_k=own.elo_k or usual.elo_k,
        elo_orders=own.elo_orders or usual.elo_orders,
        seed=report.seed,
        implied=report.adaptive,
        boundary=own.boundary,
        slices=by,
        weights=weights,
        set_aside=tuple(name for name in own.set_aside if name != baseline),
    )


def _methods(report: Report) -> tuple[str, ...]:
    """What the board was rated by; the first ranks. Ratings are shown of every board."""
    shown = [
        name
        for name in methods_of(scores=False)
        if any(row.ends(METHODS[name].main).value is not None for row in report.models)
    ]
    known = dict.fromkeys([USUAL_METHODS[0], *shown])
    return tuple(sorted(known, key=lambda name: name != report.ranked_by))


def _with_preset(report: Report, style: tuple[str, ...]) -> tuple[str, ...]:
    """The features by the name of the board's own preset, which adds length-controlled win rates."""
    wanted = report.options.style_control
    return wanted if wanted and set(style) == set(report.controlled) else style


def rate_rows(board: Board, chosen: NDArray[np.intp], options: RatingOptions) -> Report:
    """The leaderboard of some rows. Rows that are pending or excluded are counted, never rated.

    Elo of more than `ELO_AT_MOST` battles is that of the board where these are all its battles, else left out.
    """
    rows = board.rows.take(chosen)
    reasons = Counter(board.names.reasons[code] for code in rows.reason[rows.state == EXCLUDED] if code >= 0)
    table = battle_table(board, chosen[rows.state == RATED], options.style)
    if len(table) > ELO_AT_MOST:
        methods = tuple(name for name in options.methods if not METHODS[name].costly)
        options = replace(options, methods=methods or USUAL_METHODS[:1], stability=False)
    found = rate(table, options)
    value = cast("dict[str, Any]", found.to_json())
    value |= {"excluded": dict(reasons), "pending": int((rows.state == PENDING).sum()), "mode": "pairwise"}
    if (report := board.report) is not None:
        value |= {"simulated": report.simulated, "mode": report.mode, "options": dict(report.options.stored)}
    value["options"] = {**value.get("options", {}), **_asked(options)}
    if report is not None:
        whole = found.n_battles == report.n_battles
        _keep(value["models"], report, (*_KEPT, *(_left_out(options) if whole else ())))
    else:
        _mean_lengths(board, chosen, value["models"])
    return report_of(value)


def _asked(options: RatingOptions) -> dict[str, Any]:
    """What of the options a table says of itself."""
    weights = None if options.weights is None else options.weights.to_json()
    return {"weights": weights, "set_aside": list(options.set_aside)}


def _left_out(options: RatingOptions) -> list[str]:
    """The numbers of methods that take too long for a filter."""
    costly = [method for name, method in METHODS.items() if method.costly and name not in options.methods]
    return [name for method in costly for column in method.columns for name in column.fields]


def battle_table(board: Board, chosen: NDArray[np.intp], style: Sequence[str] = ()) -> BattleTable:
    """Rated rows as `arena.ratings` takes them, with the style features that are asked for (the length always)."""
    rows, names = board.rows.take(chosen), board.names
    a, b = (Coded.recoded(names.models, codes) for codes in (rows.model_a, rows.model_b))
    wanted = {"length", *style_names(tuple(style))}.intersection(FEATURES)
    groups, group_of = board.group_of_category()
    return BattleTable(
        models=a.names,
        a=a.codes,
        b=b.codes,
        outcome=rows.outcome,
        weight=rows.weight,
        question=Coded.recoded(names.questions, rows.question),
        judge=Coded.recoded(names.judges, rows.judge),
        category=Coded.recoded(groups, group_of[rows.category]),
        language=Coded.recoded(names.languages, rows.language),
        first=seen_first(rows.outcome_a_first, rows.outcome_b_first),
        a_first_outcome=rows.outcome_a_first,
        b_first_outcome=rows.outcome_b_first,
        style={name: _both_sides(rows, name) for name in sorted(wanted) if _is_known(board.rows, name)},
    ).checked(str(board.path))


def _is_known(rows: Rows, feature: str) -> bool:
    return not bool(np.isnan(getattr(rows, f"{feature}_a")).all())


def _both_sides(rows: Rows, feature: str) -> NDArray[np.float64]:
    """A feature of both answers; an answer that is not there has none of it, as in the board's own rating."""
    sides = np.stack([getattr(rows, f"{feature}_a"), getattr(rows, f"{feature}_b")], axis=1)
    return np.asarray(np.nan_to_num(sides), dtype=np.float64)


def _keep(models: list[dict[str, Any]], report: Report, names: Sequence[str]) -> None:
    """Take these numbers of every model from the board's own report."""
    stored = {row.model: row.stored for row in report.models}
    for model in models:
        model |= {name: stored[model["model"]].get(name) for name in names if model["model"] in stored}


def _mean_lengths(board: Board, chosen: NDArray[np.intp], models: list[dict[str, Any]]) -> None:
    """Mean answer length in characters, from the index."""
    rows = board.rows.take(chosen)
    m = len(board.names.models)
    total = np.bincount(rows.model_a, weights=rows.length_a, minlength=m)
    total += np.bincount(rows.model_b, weights=rows.length_b, minlength=m)
    count = np.bincount(rows.model_a, minlength=m) + np.bincount(rows.model_b, minlength=m)
    for model in models:
        code = board.codes[model["model"]]
        if count[code] and np.isfinite(total[code]):
            model["mean_length"] = float(total[code] / count[code])


def scores_report(
    board: Board, chosen: NDArray[np.intp], *, slices: bool = False, weights: Weights | None = None
) -> Report:
    """The leaderboard of a board of scores (single mode) over some rows."""
    rows, names = board.rows.take(chosen), board.names
    reasons = Counter(names.reasons[code] for code in rows.reason[rows.state == EXCLUDED] if code >= 0)
    rated = board.rows.take(chosen[rows.state == RATED])
    report = board.report
    groups, group_of = board.group_of_category()
    table = ScoreTable.from_columns(
        [names.models[code] for code in rated.model_a],
        [names.questions[code] for code in rated.question],
        rated.score.tolist(),
        judge=[names.judges[code] for code in rated.judge],
        category=[groups[code] if code >= 0 else None for code in group_of[rated.category]],
        language=[names.languages[code] if code >= 0 else None for code in rated.language],
    )
    options = RatingOptions(
        methods=("score",), level=report.level if report else 0.95, slices=("category", "language") if slices else (),
        weights=weights, set_aside=report.options.set_aside if report else (),
    )  # fmt: skip
    value = cast("dict[str, Any]", rate_scores(table, options).to_json())
    value |= {"excluded": dict(reasons), "pending": int((rows.state == PENDING).sum()), "mode": "single"}
    for model in value["models"]:
        model |= {"wins": None, "losses": None, "ties": None}  # a score has no opponent
    value["options"] = {**(report.options.stored if report else {}), **_asked(options)}
    if report is not None:
        value["simulated"] = report.simulated
        _keep(value["models"], report, _KEPT)
    return report_of(value)
