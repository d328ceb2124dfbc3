"""C-Eval: `val/<subject>_val.csv` and `dev/…` with a header. CMMLU: `test/<subject>.csv` and `dev/…`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from arena.config.benchmarks import TaskConfig
from arena.errors import DataError
from arena.evals.documents import Choice, Layout, Part, Row
from arena.evals.layouts.files import letter_place, subject_files, table_of


def read(folder: Path, task: TaskConfig, *, split: str, ending: str, dev: str, columns: tuple[str, str]) -> list[Part]:
    """Every subject. `columns` are what the question and the letter are called."""
    parts = []
    for subject, path in subject_files(folder, split, ending, dev, task.subjects).items():
        examples = folder / "dev" / f"{subject}{dev}"
        parts.append(Part(subject, _rows(path, columns), _rows(examples, columns) if examples.is_file() else None))
    return parts


def _rows(path: Path, columns: tuple[str, str]) -> list[Row]:
    rows: list[Row] = []
    for number, cells in enumerate(table_of(path), 2):
        for name in (*columns, *"ABCD"):
            if name not in cells:
                raise DataError(f"{path}: no column {name} (found {', '.join(cells)})")
        letter_place(cells[columns[1]], 4, f"{path}: row {number}")
        rows.append({name: cells[name].strip() if name == columns[1] else cells[name]
                     for name in (columns[0], *"ABCD", columns[1])})  # fmt: skip
    return rows


def choice(row: Row) -> Choice:
    """As multiple choice."""
    named = {name.lower(): str(value).strip() for name, value in row.items()}
    return Choice(named["question"], tuple(named[x] for x in "abcd"), "ABCD".index(named["answer"].upper()))


CEVAL = Layout(
    ("ceval",), "val/<subject>_val.csv", "dev/<subject>_dev.csv",
    partial(read, split="val", ending="_val.csv", dev="_dev.csv", columns=("question", "answer")), choice,
)  # fmt: skip
CMMLU = Layout(
    ("cmmlu",), "test/<subject>.csv", "dev/<subject>.csv",
    partial(read, split="test", ending=".csv", dev=".csv", columns=("Question", "Answer")), choice,
)  # fmt: skip
