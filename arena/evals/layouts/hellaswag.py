"""HellaSwag: `hellaswag_val.jsonl` and `hellaswag_train.jsonl`: {ctx_a, ctx_b, endings, label, activity_label}."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from arena.config.benchmarks import TaskConfig
from arena.errors import DataError
from arena.evals.documents import Choice, Layout, Part, Row
from arena.evals.layouts.files import file_in, first_of, objects_of
from arena.types import JSON

COLUMNS = ("ctx_a", "endings", "label", "activity_label")


def read(folder: Path, task: TaskConfig) -> list[Part]:
    """The one part."""
    train = first_of(folder, "hellaswag_train.jsonl")
    return [Part("hellaswag", _rows(file_in(folder, "hellaswag_val.jsonl")), _rows(train) if train else None)]


def _rows(path: Path) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(objects_of(path, *COLUMNS), 1):
        endings = [str(ending) for ending in cast("list[JSON]", line["endings"])]
        label = str(line["label"])
        if not label.isdecimal() or int(label) >= len(endings):
            raise DataError(f"{path}:{number}: the label {label!r} is none of the {len(endings)} endings")
        rows.append({"ctx_a": str(line["ctx_a"]), "ctx_b": str(line.get("ctx_b") or ""), "label": label,
                     "activity_label": str(line["activity_label"]), "endings": list[JSON](endings)})  # fmt: skip
    return rows


def choice(row: Row) -> Choice:
    """As multiple choice: which ending continues the text."""
    begun = f"{row['activity_label']}: {row['ctx_a']} {str(row['ctx_b']).capitalize()}"
    endings = tuple(_clean(str(ending)) for ending in cast("list[JSON]", row["endings"]))
    return Choice(f"Which ending continues the text best?\n\n{_clean(begun)} …", endings, int(str(row["label"])))


def _clean(text: str) -> str:
    """Without the marks of WikiHow's pages, as lm-eval has it."""
    return re.sub(r"\[.*?\]", "", text.strip().replace(" [title]", ". ")).replace("  ", " ")


LAYOUT = Layout(("hellaswag",), "hellaswag_val.jsonl", "hellaswag_train.jsonl", read, choice)
