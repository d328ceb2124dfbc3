"""TruthfulQA: `mc_task.json`, a list of {question, mc1_targets {text: 0|1}, mc2_targets}. It has no examples."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import cast

from arena.config.benchmarks import TaskConfig
from arena.errors import DataError
from arena.evals.documents import Choice, Layout, Part, Row
from arena.evals.layouts.files import checked, file_in, json_of
from arena.types import JSON


def read(folder: Path, task: TaskConfig, *, targets: str) -> list[Part]:
    """The one part."""
    path = file_in(folder, "mc_task.json")
    found = json_of(path)
    if not isinstance(found, list) or not found:
        raise DataError(f"{path}: expected a list of {{question, {targets}}}")
    rows: list[Row] = []
    for number, value in enumerate(found, 1):
        place = f"{path}: item {number}"
        options = checked(checked(value, place, "question", targets)[targets], place)
        if 1 not in options.values():
            raise DataError(f"{place}: no right answer among the {targets}")
        row: dict[str, JSON] = {"question": checked(value, place)["question"]}
        row[targets] = {"choices": list[JSON](options), "labels": list(options.values())}
        rows.append(row)
    return [Part("multiple_choice", rows)]


def choice(row: Row) -> Choice:
    """As multiple choice, of the targets with one right answer."""
    targets = cast("dict[str, list[JSON]]", row["mc1_targets"])
    return Choice(str(row["question"]), tuple(map(str, targets["choices"])), targets["labels"].index(1))


MC1 = Layout(("truthful_qa", "truthfulqa"), "mc_task.json", None, partial(read, targets="mc1_targets"), choice)
MC2 = Layout(("truthful_qa", "truthfulqa"), "mc_task.json", None, partial(read, targets="mc2_targets"))
