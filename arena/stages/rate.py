"""The third stage: from everything stored to battles and a leaderboard. No call is made, nothing stored changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from arena.battles.columns import battle_table, score_table
from arena.battles.counted import counted_rows, single_judges_rows
from arena.board.answers import Answers, current_answers
from arena.board.failures import too_many_failures
from arena.board.inputs import inputs_of
from arena.board.judge_details import judges_detail
from arena.board.matches import models_on_board
from arena.board.null_candidate import findings
from arena.board.open import OpenBoard
from arena.board.returned import other_models
from arena.board.scale import scale_of
from arena.board.soft import mixed_verdicts
from arena.board.steadiness import follows_a_slot, unsteady
from arena.board.tables import Row, rating_options, report_rows, sentinel_rows
from arena.board.verdicts import open_ledgers
from arena.board.weights import baselines_of, mostly_flagged, weights_asked
from arena.config.schema import Config
from arena.errors import InputError
from arena.evals.scores import with_benchmarks
from arena.judging.flags import Flagged, flag_answers
from arena.money import known_sum
from arena.ratings import Leaderboard, RatingOptions, rate, rate_scores
from arena.ratings.findings.panel import panel_diagnostics
from arena.reports.board import Report
from arena.reports.leaderboard import write_leaderboard
from arena.reports.options import options_json
from arena.reports.performance import performance
from arena.reports.probes import with_probes
from arena.reports.rows import write_rows
from arena.reports.scale import write_scale
from arena.scores.overall import with_overall
from arena.scores.summary import with_scores
from arena.stages.scheduled import Standing
from arena.types import JSON, Answer


@dataclass(frozen=True, slots=True)
class Rated:
    """The board as it was written."""

    leaderboard: Report
    folder: Path
    problems: tuple[str, ...]
    """Shares of failures above their thresholds: exit code 3."""
    said: tuple[str, ...] = ()
    """Warnings of the board that a problem says too."""


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
        rows = write_rows(folder / name, report_rows(board, answers, ledgers), board.simulated)
        null = list(sentinel_rows(board, answers, ledgers))
        inputs, odd = inputs_of(board, answers, ledgers), tuple(other_models(board, answers, ledgers))
    rows_of_null = write_rows(folder / "sentinel.jsonl", null, board.simulated) if null else []
    counted = counted_rows(rows)
    standing = Standing.of(board, answers) if board.config.reviews_gen.adaptive else None
    boundary = 1.0 if standing is None else standing.boundary
    models = models_on_board(board, answers)
    flagged = {model: flag_answers(model, _in_order(own)) for model, own in answers.items()}
    aside, kept = _set_aside(board.config, {model: flagged[model] for model in models})
    options = replace(rating_options(board.config, boundary), weights=weights_asked(board.config), set_aside=aside)
    rated, panel = _rate(board, rows, counted, models, options)
    schedule, said = (None, list[str]()) if standing is None else standing.facts(counted, rated)
    gamed = findings(board, rows_of_null)
    threshold = board.config.reviews_gen.null_sentinel.threshold
    found = [text for finding in gamed if (text := finding.warning(threshold)) and not board.simulated]
    details = judges_detail(rated, rows, inputs.judge_cost_usd, gamed)
    shaky = tuple(unsteady(board, details))
    rated = replace(
        rated,
        judges=tuple(sorted(board.judges)),
        diagnostics={**rated.diagnostics, **panel},
        judges_detail=tuple(details),
        models=tuple(replace(row, flags=(*row.flags, *flagged[row.model].flags)) for row in rated.models),
        warnings=(*board.warnings, *warnings, *said, *odd, *found, *mixed_verdicts(board, rows),
                  *(judge.warning for judge in shaky), *rated.warnings, *kept,
                  *(text for flags in flagged.values() for text in flags.warnings)),
    )  # fmt: skip
    document = _document(board, rated, counted, answers, flagged)
    document |= {"options": options_json(options), "inputs": inputs.sha256}
    document = with_benchmarks(board.review_folder.reports, document, board.config.rating_gen.interval.level)
    document = with_scores(board.review_folder.reports, document, board.config.rating_gen.interval.level)
    document = with_overall(board, with_probes(board.review_folder.reports, document))
    if schedule is not None:
        document |= {"schedule": schedule}
    written = write_leaderboard(folder, document)
    write_scale(folder, scale_of(board, answers, rated.anchor))
    problems = (*too_many_failures(board, rows, answers), *follows_a_slot(board, details))
    return Rated(written, folder, problems, tuple(judge.warning for judge in shaky if judge.fails))


def _rate(
    board: OpenBoard, rows: Sequence[Row], counted: Sequence[Row], models: list[str], options: RatingOptions
) -> tuple[Leaderboard, dict[str, JSON]]:
    """The leaderboard of the rows that count, and what a panel's judges say about each other.

    With a panel, what is said about judges rests on their own rows.
    """
    if board.config.reviews_gen.mode == "single":
        return rate_scores(score_table(counted, board.group_of, models=models), options), {}
    battles = battle_table(counted, board.group_of, models=models)
    if len(counted) == len(rows):
        return rate(battles, options), {}
    each = battle_table(single_judges_rows(rows), board.group_of, models=models)
    return rate(battles, options, every_judge=each), panel_diagnostics(each, options.level, options.seed)


def _set_aside(config: Config, flagged: Mapping[str, Flagged]) -> tuple[tuple[str, ...], list[str]]:
    """The models whose battles are to count for nobody else; and what is said of a baseline that would be one."""
    found, baselines = mostly_flagged(config, flagged), baselines_of(config)
    which = "the" if len(baselines) == 1 else "a"
    said = [
        f"{name} is {which} baseline, so it is not set aside, though {found[name].counts['suspicious']:,} of its "
        f"{found[name].counts['n']:,} answers look made to sway the judge: every win rate rests on them"
        for name in found if name in baselines
    ]  # fmt: skip
    return tuple(sorted(name for name in found if name not in baselines)), said


def _document(
    board: OpenBoard, rated: Leaderboard, rows: Sequence[Row], answers: Answers, flagged: Mapping[str, Flagged]
) -> dict[str, JSON]:
    """The leaderboard as rated, with what only the board's files know."""
    mode = board.config.reviews_gen.mode
    no_opponents: dict[str, JSON] = {"wins": None, "losses": None, "ties": None} if mode == "single" else {}
    excluded = Counter(str(row.reason) for row in rows if row.state == "excluded")
    return {
        "simulated": board.simulated,
        "mode": mode,
        "ranked_by": rated.ranked_by,
        **rated.to_json(),
        "models": [
            row.to_json()
            | no_opponents
            | _measured(_in_order(answers[row.model]))
            | {"answers": dict(flagged[row.model].counts)}
            for row in rated.models
        ],
        "seed": board.config.seed,
        "excluded": dict(sorted(excluded.items())),
        "pending": sum(row.state == "pending" for row in rows),
    }


def _in_order(own: Mapping[tuple[str, int], Answer]) -> list[Answer]:
    return [answer for _, answer in sorted(own.items())]


def _measured(own: Sequence[Answer]) -> dict[str, JSON]:
    """What a candidate's answers say about it, whatever the judges say."""
    lengths = [sum(len(turn) for turn in answer.turns) for answer in own if answer.status != "error"]
    return {
        "mean_length": fmean(lengths) if lengths else None,
        "cost_usd": known_sum([answer.cost_usd for answer in own]),
        "performance": performance(own),
    }
