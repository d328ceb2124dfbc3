"""What stored documents of benchmarks come to: rows, scores, differences, and which tasks failed too often. No call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from arena.board.open import OpenBoard
from arena.errors import DataError
from arena.evals.exams import Exam
from arena.evals.scores import ROWS, Sheet, benchmark_scores, correlations, differences, sheet_of
from arena.files import from_json, round_floats, to_json, write_atomically
from arena.redact import redact
from arena.reports.benchmarks import read_benchmark_rows
from arena.reports.board import BenchmarkScore, Report, read_report
from arena.reports.leaderboard import write_leaderboard
from arena.reports.typed import read_as, write_typed_rows
from arena.stages.benchmark import order_checks, stored_rows
from arena.types import JSON

SUMMARY = "benchmarks.json"


@dataclass(frozen=True, slots=True)
class BenchmarkReport:
    """The scores as they were written."""

    scores: Mapping[str, Mapping[str, BenchmarkScore]]
    """By model and task."""
    tasks: tuple[str, ...]
    problems: tuple[str, ...]
    """Tasks with too many failed calls: exit code 3."""
    folder: Path
    simulated: bool = False
    orders: Mapping[str, JSON] = field(default_factory=dict)
    """`order_check` by model and task; null where it was not asked."""


def write_benchmarks(board: OpenBoard, exams: Sequence[Exam], *, rated_later: bool) -> BenchmarkReport:
    """Write reports/benchmarks.jsonl and .json, and the scores into leaderboard.json unless that is `rated_later`.

    Rows of tasks that this invocation is not about stay as they are.
    """
    folder = board.review_folder.reports
    opened = {exam.name for exam in exams}
    kept = [row for row in read_benchmark_rows(folder / ROWS)
            if row.task not in opened and row.model in board.candidates]  # fmt: skip
    rows = [*kept, *stored_rows(board, exams)]
    order = {name: place for place, name in enumerate(board.names)}
    rows.sort(key=lambda row: (order[row.model], row.task))
    simulated = any(candidate.simulated for candidate in board.candidates.values())
    write_typed_rows(folder / ROWS, rows, simulated=simulated)
    sheet, level = sheet_of(rows), board.config.rating_gen.interval.level
    scores = round_floats(cast("JSON", benchmark_scores(sheet, level)))
    assert isinstance(scores, dict)
    before = None if rated_later else board_as_rated(folder)
    if before is not None:
        update(folder, before, "benchmarks", scores)
    checked = board.config.benchmarks is not None and board.config.benchmarks.order_check
    orders = order_checks(board, exams, level) if checked else {}
    summary = _summary(sheet, scores, level, before) | ({"order_check": orders} if checked else {})
    summary |= {"simulated": True} if simulated else {}
    write_atomically(folder / SUMMARY, to_json(round_floats(summary), indent=True) + b"\n")
    typed = {model: {task: read_as(BenchmarkScore, value) for task, value in _object(own).items()}
             for model, own in scores.items()}  # fmt: skip
    tasks = tuple(dict.fromkeys(row.task for row in rows))
    return BenchmarkReport(typed, tasks, tuple(_problems(board, sheet)), folder, simulated, orders)


def correlate(path: Path) -> None:
    """Write how the scores of a summary in reports/ go with the judges' board, once that is rated anew."""
    board = board_as_rated(path.parent)
    document = from_json(path.read_bytes())
    assert isinstance(document, dict)
    scores = {model: _object(own) for model, own in _object(document["models"]).items()}
    document["correlations"] = correlations(scores, judged_numbers(board)) if board else {}
    write_atomically(path, to_json(round_floats(document), indent=True) + b"\n")


def board_as_rated(folder: Path) -> Report | None:
    """The board as it was rated last; None where it was not."""
    try:
        return read_report(folder / "leaderboard.json")
    except DataError:  # the next rating writes it anew
        return None


def update(folder: Path, report: Report, field: str, scores: Mapping[str, JSON]) -> None:
    """Write the board as it was rated, with today's scores in a field of its models."""
    document = dict(report.stored)
    document["models"] = [
        {**row.stored, field: scores[row.model]} if row.model in scores else dict(row.stored) for row in report.models
    ]
    write_leaderboard(folder, document)


def _summary(sheet: Sheet, scores: Mapping[str, JSON], level: float, report: Report | None) -> dict[str, JSON]:
    judged = judged_numbers(report) if report else {}
    plain = {model: _object(own) for model, own in scores.items()}
    return {
        "level": level,
        "models": dict(scores),
        "differences": list[JSON](differences(sheet, level)),
        "correlations": correlations(plain, judged) if judged else {},
    }


def judged_numbers(report: Report) -> dict[str, float]:
    """The judges' number of every model: its score or win rate, which one that won everything has too."""
    found = {row.model: row.interval("score" if report.single else "win_rate").value for row in report.models}
    return {model: value for model, value in found.items() if value is not None}


def _problems(board: OpenBoard, sheet: Sheet) -> list[str]:
    section = board.config.benchmarks
    limit = section.max_failed if section else 1.0
    found = []
    for model, tasks in sheet.items():
        for task, rows in tasks.items():
            asked = [row for row in rows if row.state != "pending"]
            failed = [row for row in asked if row.reason == "call_failed"]
            if asked and len(failed) / len(asked) > limit:
                said = Counter(redact(" ".join(str(row.explanation).split()))[:200] for row in failed)
                mostly = min(said, key=lambda error: (-said[error], error))
                found.append(
                    f"{task}: {len(failed):,} of {len(asked):,} documents of {model} failed"
                    f" ({len(failed) / len(asked):.1%}, benchmarks.max_failed is {limit:.1%}); mostly: {mostly}"
                )
    return found


def _object(value: JSON) -> dict[str, JSON]:
    assert isinstance(value, dict)
    return value
