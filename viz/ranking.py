"""Leaderboards for a filter: the same arithmetic as the command line, over the rows that are looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from arena.ratings import BattleTable, RatingOptions, ScoreTable, rate, rate_scores
from arena.ratings.results import Anchored
from arena.ratings.table import Coded
from viz.reading.board import Board
from viz.reading.report import Report, report_from
from viz.reading.rows import EXCLUDED, PENDING, RATED

STYLE_FEATURES = ("length",)


def rating_options(board: Board, *, baseline: str | None, style: bool, slices: bool = False) -> RatingOptions:
    """The options of the board's own rating, with another baseline and with style control where asked."""
    report = board.report
    by: tuple[Literal["category", "language"], ...] = ("category", "language") if slices else ()
    if report is None:
        return RatingOptions(baseline=baseline, style=STYLE_FEATURES if style else (), slices=by)
    anchor = None
    if baseline == report.baseline and report.anchor:
        anchor = _anchor(report.anchor)
    return RatingOptions(
        methods=("win_rate", "bradley_terry") if report.ranked_by == "win_rate" else ("bradley_terry", "win_rate"),
        baseline=baseline,
        anchor=anchor,
        interval=cast("Any", report.interval),
        level=report.level,
        style=STYLE_FEATURES if style else (),
        seed=report.seed,
        slices=by,
    )


def rate_rows(board: Board, chosen: NDArray[np.intp], options: RatingOptions) -> Report:
    """The leaderboard of some rows. Rows that are pending or excluded are counted, never rated."""
    rows = board.rows.take(chosen)
    reasons = Counter(board.names.reasons[code] for code in rows.reason[rows.state == EXCLUDED] if code >= 0)
    table = battle_table(board, chosen[rows.state == RATED])
    found = rate(table, options)
    value = cast("dict[str, Any]", found.to_json())
    value |= {"excluded": dict(reasons), "pending": int((rows.state == PENDING).sum()), "mode": "pairwise"}
    if board.report is not None:
        value |= {"simulated": board.report.simulated, "mode": board.report.mode}
        _keep_measurements(value["models"], board.report)
    else:
        _mean_lengths(board, chosen, value["models"])
    return report_from(value)


def battle_table(board: Board, chosen: NDArray[np.intp]) -> BattleTable:
    """Rated rows as `arena.ratings` takes them."""
    rows, names = board.rows.take(chosen), board.names
    models, model_codes = _sorted(names.models)
    style = {}
    if len(rows) and not np.isnan(rows.length_a).any() and not np.isnan(rows.length_b).any():
        style["length"] = np.stack([rows.length_a, rows.length_b], axis=1).astype(float)
    a_first, b_first = ~np.isnan(rows.outcome_a_first), ~np.isnan(rows.outcome_b_first)
    groups, group_of = board.group_of_category()
    return BattleTable(
        models=models,
        a=model_codes[rows.model_a],
        b=model_codes[rows.model_b],
        outcome=rows.outcome,
        weight=rows.weight,
        question=_coded(names.questions, rows.question),
        judge=_coded(names.judges, rows.judge),
        category=_coded(groups, group_of[rows.category]),
        language=_coded(names.languages, rows.language),
        first=np.where(a_first == b_first, np.where(a_first, 0.0, np.nan), np.where(a_first, 1.0, -1.0)),
        a_first_outcome=rows.outcome_a_first,
        b_first_outcome=rows.outcome_b_first,
        style=style,
    ).checked(str(board.path))


def _sorted(names: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Names by code point, and the new code of each old one (the last entry serves -1)."""
    order = sorted(range(len(names)), key=names.__getitem__)
    codes = np.full(len(names) + 1, -1, dtype=np.int32)
    codes[order] = np.arange(len(names), dtype=np.int32)
    return tuple(names[i] for i in order), codes


def _coded(names: Sequence[str], codes: NDArray[np.int32]) -> Coded:
    ordered, recoded = _sorted(names)
    return Coded(ordered, recoded[codes])


def _anchor(value: object) -> Anchored | None:
    match value:
        case {"model": str(model), "rating": int() | float() as rating}:
            return Anchored(model, float(rating))
        case _:
            return None


def _keep_measurements(models: list[dict[str, Any]], report: Report) -> None:
    """Cost, speed and length do not depend on the filter: they are measurements of the answers."""
    stored = {standing.model: standing for standing in report.models}
    for model in models:
        if (known := stored.get(model["model"])) is not None:
            model |= {
                "cost_usd": known.cost_usd,
                "performance": dict(known.performance),
                "mean_length": known.mean_length,
            }


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


def scores_report(board: Board, chosen: NDArray[np.intp], *, slices: bool = False) -> Report:
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
    options = RatingOptions(level=report.level if report else 0.95, slices=("category", "language") if slices else ())
    value = cast("dict[str, Any]", rate_scores(table, options).to_json())
    value |= {"excluded": dict(reasons), "pending": int((rows.state == PENDING).sum()), "mode": "single"}
    if report is not None:
        value["simulated"] = report.simulated
        _keep_measurements(value["models"], report)
    return report_from(value)
