"""Benchmarks of a board: its scored documents, each model's numbers, and what two models made of the same document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from arena.evals.scores import ROWS, Sheet, benchmark_scores, correlations, paired_rows, sheet_of
from arena.reports.benchmarks import BenchmarkRow, read_benchmark_rows
from arena.reports.board import BenchmarkScore, read_report
from arena.reports.typed import read_as
from arena.store.folder import BoardFolder
from arena.store.items import Item, read_items
from arena.types import JSON


@dataclass(frozen=True, slots=True)
class Benchmarks:
    """Everything the page shows but replies."""

    sheet: Sheet
    """Rows by model and task."""
    scores: Mapping[str, Mapping[str, BenchmarkScore]]
    """By model and task."""
    correlations: Mapping[str, JSON]
    """By task: how its scores go with the judges' numbers; {n, spearman, kendall}."""

    @property
    def models(self) -> list[str]:
        """Who was asked any."""
        return list(self.scores)

    @property
    def tasks(self) -> list[str]:
        """What was asked."""
        return list(dict.fromkeys(task for own in self.scores.values() for task in own))

    def comparable(self, task: str) -> bool:
        """Whether all models were asked it alike."""
        first, *rest = [own[task] for own in self.scores.values() if task in own]
        return all(first.comparable(score) for score in rest)


def files_of(board: Path) -> list[Path]:
    """What the page is made of."""
    return [BoardFolder(board).reports / name for name in (ROWS, "leaderboard.json")]


def read_benchmarks(board: Path) -> Benchmarks:
    """A board's benchmarks; empty where it has none. Raises DataError naming a damaged line."""
    rows, leaderboard = files_of(board)
    sheet, report = sheet_of(read_benchmark_rows(rows)), read_report(leaderboard)
    scores = benchmark_scores(sheet, report.level if report is not None else 0.95)
    judged = {
        row.model: value
        for row in (report.models if report is not None else ())
        if report is not None and (value := row.interval(report.drawn).value) is not None
    }
    typed = {
        model: {task: read_as(BenchmarkScore, cast("dict[str, JSON]", score)) for task, score in own.items()}
        for model, own in scores.items()
    }
    together = correlations({model: dict(own) for model, own in scores.items()}, judged) if judged else {}
    return Benchmarks(sheet, typed, together)


def pairs_of(found: Benchmarks, task: str, a: str, b: str) -> list[tuple[BenchmarkRow, BenchmarkRow]]:
    """Documents that both models have a row of, in A's order."""
    mine, theirs = found.sheet.get(a, {}).get(task, []), found.sheet.get(b, {}).get(task, [])
    rated = [row for row, _, _ in paired_rows(mine, theirs)]
    by_item = {row.item: row for row in reversed(theirs) if row.state == "rated"}
    return [(row, by_item[row.item]) for row in rated if row.item in by_item]


def reply_to(board: Path, models: list[str], row: BenchmarkRow) -> Item | None:
    """What a model said to a document, from the stored line; None where only the row is there."""
    file = BoardFolder(board).items_file(row.task, row.model, models)
    found = None
    for item in read_items(file, model=row.model):
        if (item.doc_id, item.sample, item.item) == (row.question_id, row.sample, row.item):
            found = item
    return found
