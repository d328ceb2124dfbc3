"""The third stage: from everything stored to battles and a leaderboard. No call is made, nothing stored changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import cast

from arena.battles.columns import battle_table, score_table
from arena.battles.counted import counted_rows, single_judges_rows
from arena.board.answers import Answers, current_answers
from arena.board.failures import too_many_failures
from arena.board.inputs import inputs_of
from arena.board.judge_details import judges_detail
from arena.board.matches import models_on_board
from arena.board.null_candidate import findings
from arena.board.open import OpenBoard
from arena.board.tables import Row, board_rows, rating_options, sentinel_rows
from arena.board.verdicts import open_ledgers
from arena.config.schema import Config
from arena.errors import InputError
from arena.judging.flags import flag_answers
from arena.money import known_sum
from arena.ratings import Leaderboard, rate, rate_scores
from arena.ratings.findings.panel import panel_diagnostics
from arena.reports.board import Report
from arena.reports.leaderboard import write_leaderboard
from arena.reports.performance import performance
from arena.reports.rows import write_rows
from arena.types import JSON


@dataclass(frozen=True, slots=True)
class Rated:
    """The board as it was written."""

    leaderboard: Report
    folder: Path
    problems: tuple[str, ...]
    """Shares of failures above their thresholds: exit code 3."""


def rate_stage(board: OpenBoard, folder: Path | None = None) -> Rated:
    """Derive battles (or scores) and the leaderboard, and write every report into the board's own folder or `folder`.

    Raises InputError when there is nothing on the board to compare.
    """
    answers, warnings = current_answers(board)
    if not any(answers.values()):
        raise InputError(f"{board.answer_folder.root}: no answers are stored yet; run --stage answers first")
    folder = folder or board.review_folder.reports
    with ExitStack() as stack:
        ledgers = open_ledgers(board, stack)
        name = "scores.jsonl" if board.config.reviews_gen.mode == "single" else "battles.jsonl"
        rows = write_rows(folder / name, board_rows(board, answers, ledgers), board.simulated)
        null = list(sentinel_rows(board, answers, ledgers))
        inputs = inputs_of(board, answers, ledgers)
    if null:
        write_rows(folder / "sentinel.jsonl", null, board.simulated)
    counted = counted_rows(rows)
    rated, panel = _rate(board, rows, counted, models_on_board(board, answers))
    document = _document(board, rated, counted, answers)
    document["diagnostics"] = cast("dict[str, JSON]", document["diagnostics"]) | panel
    document["inputs"] = inputs.sha256
    gamed = findings(board, null)
    document["judges_detail"] = judges_detail(rated, rows, inputs.judge_cost_usd, gamed)
    threshold = board.config.reviews_gen.null_sentinel.threshold
    found = [text for finding in gamed if (text := finding.warning(threshold)) and not board.simulated]
    document["warnings"] = [*board.warnings, *warnings, *found, *cast("list[JSON]", document["warnings"])]
    written = write_leaderboard(folder, document)
    return Rated(written, folder, tuple(too_many_failures(board, rows, answers)))


def _rate(
    board: OpenBoard, rows: Sequence[Row], counted: Sequence[Row], models: list[str]
) -> tuple[Leaderboard, dict[str, JSON]]:
    """The leaderboard of the rows that count, and what a panel's judges say about each other.

    With a panel, what is said about judges rests on their own rows.
    """
    options = rating_options(board.config)
    if board.config.reviews_gen.mode == "single":
        return rate_scores(score_table(counted, board.group_of, models=models), options), {}
    battles = battle_table(counted, board.group_of, models=models)
    if len(counted) == len(rows):
        return rate(battles, options), {}
    each = battle_table(single_judges_rows(rows), board.group_of, models=models)
    return rate(battles, options, every_judge=each), panel_diagnostics(each, options.level, options.seed)


def _options(config: Config) -> dict[str, JSON]:
    """What the ratings rest on that stands nowhere else on the board: whoever rates a part of it needs the same."""
    rating = config.rating_gen
    return {
        "style_control": list[JSON](rating.style_control),
        "simultaneous": rating.interval.simultaneous,
        "elo_k": rating.elo.k,
        "elo_orders": rating.elo.orders,
    }


def _document(board: OpenBoard, rated: Leaderboard, rows: Sequence[Row], answers: Answers) -> dict[str, JSON]:
    """The leaderboard as rated, with what only the board's files know."""
    document = rated.to_json()
    excluded = Counter(row.reason for row in rows if row.state == "excluded")
    document |= {
        "simulated": board.simulated,
        "mode": board.config.reviews_gen.mode,
        "judges": list[JSON](sorted(board.judges)),
        "seed": board.config.seed,
        "options": _options(board.config),
        "excluded": {str(reason): count for reason, count in sorted(excluded.items(), key=lambda item: str(item[0]))},
        "pending": sum(row.state == "pending" for row in rows),
    }
    for row in cast("list[dict[str, JSON]]", document["models"]):
        own = [answer for _, answer in sorted(answers[str(row["model"])].items())]
        lengths = [sum(len(turn) for turn in answer.turns) for answer in own if answer.status != "error"]
        row["mean_length"] = fmean(lengths) if lengths else None
        row["cost_usd"] = known_sum([answer.cost_usd for answer in own])
        row["performance"] = performance(own)
        flagged = flag_answers(str(row["model"]), own)
        if board.config.reviews_gen.mode == "single":
            row |= {"wins": None, "losses": None, "ties": None}
        row["flags"] = [*cast("list[JSON]", row.get("flags") or []), *flagged.flags]
        cast("list[JSON]", document["warnings"]).extend(flagged.warnings)
    order = ("simulated", "mode", "ranked_by")
    return {name: document[name] for name in order} | document
