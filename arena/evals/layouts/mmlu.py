"""MMLU: `test/<subject>_test.csv` and `dev/<subject>_dev.csv` without header: question, four options, letter."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from arena.config.benchmarks import TaskConfig
from arena.evals.documents import Choice, Layout, Part, Row
from arena.evals.layouts.files import letter_place, subject_files, table_of
from arena.types import JSON

COLUMNS = ("question", "A", "B", "C", "D", "answer")


def read(folder: Path, task: TaskConfig) -> list[Part]:
    """Every subject."""
    parts = []
    for subject, path in subject_files(folder, "test", "_test.csv", "_dev.csv", task.subjects).items():
        dev = folder / "dev" / f"{subject}_dev.csv"
        parts.append(Part(subject, _rows(path, subject), _rows(dev, subject) if dev.is_file() else None))
    return parts


def _rows(path: Path, subject: str) -> list[Row]:
    rows: list[Row] = []
    for number, cells in enumerate(table_of(path, COLUMNS), 1):
        gold = letter_place(cells["answer"], 4, f"{path}: row {number}")
        rows.append({"question": cells["question"], "subject": subject, "choices": [cells[x] for x in "ABCD"],
                     "answer": gold})  # fmt: skip
    return rows


def choice(row: Row) -> Choice:
    """As multiple choice."""
    options = tuple(str(option) for option in cast("list[JSON]", row["choices"]))
    return Choice(str(row["question"]).strip(), options, int(cast("int", row["answer"])))


LAYOUT = Layout(("mmlu",), "test/<subject>_test.csv", "dev/<subject>_dev.csv", read, choice)
