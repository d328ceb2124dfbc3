"""GSM8K: `test.jsonl` and `train.jsonl`: {question, answer with `#### n` at its end}."""

from __future__ import annotations

from pathlib import Path

from arena.config.benchmarks import TaskConfig
from arena.errors import DataError
from arena.evals.documents import Layout, Part, Row
from arena.evals.layouts.files import file_in, first_of, objects_of


def read(folder: Path, task: TaskConfig) -> list[Part]:
    """The one part."""
    train = first_of(folder, "train.jsonl")
    return [Part("main", _rows(file_in(folder, "test.jsonl")), _rows(train) if train else None)]


def _rows(path: Path) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(objects_of(path, "question", "answer"), 1):
        if "#### " not in str(line["answer"]):
            raise DataError(f"{path}:{number}: the answer does not end with `#### n`")
        rows.append({"question": str(line["question"]), "answer": str(line["answer"])})
    return rows


LAYOUT = Layout(("gsm8k",), "test.jsonl", "train.jsonl", read)
