"""The stage of scores: every answer by every metric of the config, beside the judges. No call is made."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from arena.board.answers import Answers, current_answers
from arena.board.open import OpenBoard, nearest
from arena.config.loading import naming_config
from arena.errors import ConfigError, DataError
from arena.evals.scores import correlations
from arena.files import round_floats, to_json, write_atomically
from arena.metrics import Metric
from arena.metrics.killable import worker
from arena.metrics.number import Tools
from arena.reports.leaderboard import write_leaderboard
from arena.reports.metrics import read_metric_rows
from arena.reports.scores import MetricScore
from arena.reports.strengths import JUDGES, STRENGTHS
from arena.reports.typed import read_as, write_typed_rows
from arena.scores.features import parts_of
from arena.scores.languages import odd_references
from arena.scores.mistakes import mistakes_of
from arena.scores.overall import with_overall
from arena.scores.rows import Measure, Sheet, Wanted, place_of, text_of
from arena.scores.strengths import numbers_of_judges, numbers_of_metrics, strengths
from arena.scores.strengths import to_json as strengths_to_json
from arena.scores.summary import ROWS, by_model, differences, model_scores, with_scores
from arena.stages.benchmark_report import board_as_rated, judged_numbers
from arena.stages.options import RunOptions
from arena.stages.perplexity import check_perplexity, wants_perplexity
from arena.stages.reasons import check_reasons
from arena.stages.reasons import wanted as wants_reasons
from arena.types import JSON

SUMMARY = "metrics.json"


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """The numbers as they were written."""

    scores: Mapping[str, Mapping[str, MetricScore]]
    """By model and metric."""
    folder: Path
    simulated: bool = False


def measures_of(board: OpenBoard, options: RunOptions) -> list[Measure]:
    """The metrics that an invocation is about. Raises ConfigError for a name that there is not."""
    configured = board.config.scores.metrics
    section = board.config.scores
    known = [*configured, *(["perplexity"] if section.perplexity is not None else [])]
    for name in options.metrics or ():
        if name not in known:
            raise ConfigError(f"--metrics: no metric {name!r} in the config{nearest(name, known)}")
    encoder = section.encoder
    tools = Tools(encoder.path if encoder else None, encoder.layer if encoder else None, section.sandbox)
    found = [Measure(name, setting, tools) for name, setting in configured.items()]
    return [one for one in found if one.metric and (options.metrics is None or one.name in options.metrics)]


def check_scores(board: OpenBoard, options: RunOptions) -> list[str]:
    """All that can be wrong with the section `scores`, before anything is done; notes. Raises InputError."""
    if "scores" not in options.stages:
        return []
    check_reasons(board, options)
    for name in options.models or ():
        if name not in board.candidates:
            raise ConfigError(f"--models: no candidate {name!r}{nearest(name, board.names)}")
    notes = check_perplexity(board, options)
    if not board.config.scores.metrics:
        others = wants_reasons(board, options) or wants_perplexity(board, options)
        if options.stages == ("scores",) and not others:
            raise ConfigError(f"{board.loaded.path}: there are no metrics in it (`scores: {{metrics: [exact, chrf]}}`)")
        return notes
    with naming_config(board.loaded.path):
        measures = measures_of(board, options)
        with closing(worker()):
            for measure in measures:
                _check(measure, board)
    compares = any(measure.metric.against == "reference" for measure in measures)
    return [*notes, *(odd_references(board.questions) if compares else ())]


def _check(measure: Measure, board: OpenBoard) -> None:
    """Raises InputError where a metric lacks something: what it compares with, a package, data, a folder."""
    file, place = board.config.question_file, f"scores.metrics.{measure.name}"
    if measure.setting is not None:
        if measure.metric.against in {"", "reference", "question"}:
            raise ConfigError(f"{place}: it takes no setting, found {measure.setting!r:.80}")
        _can_be_compared_with(measure, measure.setting, place)
    expected = 0
    for question in board.questions:
        if (own := question.metadata.get(measure.metric.against)) is not None:
            _can_be_compared_with(measure, own, f"{file}: question {question.question_id}: {measure.metric.against}")
        expected += any(part is not None for part in measure.expected(question))
    if not expected:
        raise DataError(f"{place} {_lacks(measure.metric, file)}")
    try:
        measure.metric.check(measure.tools)
    except DataError as error:
        raise DataError(f"{place}: {error}") from None


def _can_be_compared_with(measure: Measure, value: JSON, place: str) -> None:
    try:
        measure.metric.check_expected(text_of(value))
    except DataError as error:
        raise DataError(f"{place}: {error}") from None


def _lacks(metric: Metric, file: Path) -> str:
    if metric.against == "reference":
        return f"compares with a reference, and no question of {file} has one"
    return f"needs a field `{metric.against}` in a question of {file}, or a setting here"


def sheet_of(board: OpenBoard, answers: Answers) -> Sheet:
    """A board's questions with these answers, and what is known of them."""
    known = {place_of(row): row for row in read_metric_rows(board.review_folder.reports / ROWS)}
    samples = {name: candidate.samples for name, candidate in board.candidates.items()}
    there = {name: own for name, own in answers.items() if own or board.candidates[name].entry.enable}
    return Sheet(board.questions, there, samples, known)


def due(board: OpenBoard, options: RunOptions, answers: Answers) -> tuple[int, int]:
    """How many of these answers' numbers an invocation would find, and how many are known."""
    sheet, measures, wanted = sheet_of(board, answers), measures_of(board, options), _wanted(board, options)
    todo = known = 0
    for row, *_ in sheet.bare(measures):
        if row.key is not None and wanted.holds(row):
            earlier = sheet.known.get(place_of(row))
            same = earlier is not None and earlier.key == row.key
            todo, known = todo + (not same), known + same
    return todo, known


def _wanted(board: OpenBoard, options: RunOptions) -> Wanted:
    models = board.names if options.models is None else options.models
    questions = {question.question_id for question in options.asked_questions(board.questions)}
    return Wanted(models, questions, {measure.name for measure in measures_of(board, options)})


def write_scores(board: OpenBoard, options: RunOptions, *, rated_later: bool) -> ScoreReport:
    """Write reports/metrics.jsonl and .json, and the numbers into leaderboard.json unless that is `rated_later`.

    A number whose answer, reference and metric are the same as before is taken as it was.
    """
    folder = board.review_folder.reports
    sheet = sheet_of(board, current_answers(board)[0])
    if not any(sheet.answers.values()):
        raise DataError(f"{board.answer_folder.root}: no answers are stored yet; run --stage answers first")
    every = measures_of(board, RunOptions())
    with closing(worker()):
        rows = list(sheet.rows(every, _wanted(board, options)))
    simulated = any(candidate.simulated for candidate in board.candidates.values())
    write_typed_rows(folder / ROWS, rows, simulated=simulated)
    level, found = board.config.rating_gen.interval.level, by_model(rows)
    scores = cast("dict[str, dict[str, JSON]]", round_floats(cast("JSON", model_scores(found, level))))
    before = board_as_rated(folder)
    if before is not None and not rated_later:
        write_leaderboard(folder, with_overall(board, with_scores(folder, dict(before.stored), level)))
    summary: dict[str, JSON] = {
        "level": level,
        "models": cast("JSON", scores),
        "differences": list[JSON](differences(found, level)),
        "correlations": correlations(scores, judged_numbers(before)) if before is not None else {},
    }
    summary |= {"simulated": True} if simulated else {}
    write_atomically(folder / SUMMARY, to_json(round_floats(summary), indent=True) + b"\n")
    if not rated_later:
        write_strengths(board)
    typed = {m: {name: read_as(MetricScore, value) for name, value in own.items()} for m, own in scores.items()}
    return ScoreReport(typed, folder, simulated)


def write_strengths(board: OpenBoard) -> None:
    """Write reports/strengths.json, of the metrics and the judges' verdicts as they lie there: where every model is
    better or worse than elsewhere, and what is wrong with its answers beside their references."""
    folder, level = board.review_folder.reports, board.config.rating_gen.interval.level
    adaptive = board.config.reviews_gen.adaptive
    judged = {} if adaptive else {JUDGES: numbers_of_judges(folder)}
    numbers = {name: own for name, own in judged.items() if own} | numbers_of_metrics(read_metric_rows(folder / ROWS))
    document: dict[str, JSON] = {
        "level": level,
        "strengths": strengths_to_json(strengths(numbers, parts_of(board.questions), level)),
        "mistakes": mistakes_of(board.questions, current_answers(board)[0], level),
    }
    document |= {"simulated": True} if board.simulated else {}
    write_atomically(folder / STRENGTHS, to_json(round_floats(document), indent=True) + b"\n")
