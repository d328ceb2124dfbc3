"""ARC: `ARC-Easy/ARC-Easy-Test.jsonl` and its `-Train`: {id, question {stem, choices [{text, label}]}, answerKey}."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import cast

from arena.config.benchmarks import TaskConfig
from arena.errors import DataError
from arena.evals.documents import Choice, Layout, Part, Row
from arena.evals.layouts.files import checked, file_in, first_of, objects_of
from arena.types import JSON


def read(folder: Path, task: TaskConfig, *, name: str) -> list[Part]:
    """The one part."""
    test = file_in(folder, f"{name}/{name}-Test.jsonl", f"{name}-Test.jsonl")
    train = first_of(folder, f"{name}/{name}-Train.jsonl", f"{name}-Train.jsonl")
    return [Part(name, _rows(test), _rows(train) if train else None)]


def _rows(path: Path) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(objects_of(path, "question", "answerKey"), 1):
        place = f"{path}:{number}"
        question = checked(line["question"], place, "stem", "choices")
        choices = [checked(c, place, "text", "label") for c in cast("list[JSON]", question["choices"])]
        labels, key = [str(choice["label"]) for choice in choices], str(line["answerKey"])
        if key not in labels:
            raise DataError(f"{place}: the right answer {key!r} is none of the options {', '.join(labels)}")
        rows.append({"id": line.get("id"), "question": question["stem"], "answerKey": key,
                     "choices": {"text": [str(c["text"]) for c in choices], "label": list[JSON](labels)}})  # fmt: skip
    return rows


def choice(row: Row) -> Choice:
    """As multiple choice."""
    choices = cast("dict[str, list[str]]", row["choices"])
    return Choice(str(row["question"]), tuple(choices["text"]), choices["label"].index(str(row["answerKey"])))


def _layout(name: str, folder: str) -> Layout:
    return Layout(
        (folder, "arc"), f"{name}/{name}-Test.jsonl", f"{name}/{name}-Train.jsonl", partial(read, name=name), choice
    )


EASY = _layout("ARC-Easy", "arc_easy")
CHALLENGE = _layout("ARC-Challenge", "arc_challenge")
