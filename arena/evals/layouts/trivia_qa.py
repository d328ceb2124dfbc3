"""TriviaQA: `unfiltered-web-dev.json` {Data [{Question, Answer}]}, or JSON lines {question, answer {aliases, …}}."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from arena.config.benchmarks import TaskConfig
from arena.errors import DataError
from arena.evals.documents import Layout, Part, Row
from arena.evals.layouts.files import checked, file_in, first_of, json_of, objects_of
from arena.types import JSON

DEV = ("unfiltered-web-dev.json", "dev.jsonl", "test.jsonl")
TRAIN = ("unfiltered-web-train.json", "train.jsonl")


def read(folder: Path, task: TaskConfig) -> list[Part]:
    """The one part."""
    train = first_of(folder, *TRAIN)
    return [Part("trivia_qa", _rows(file_in(folder, *DEV)), _rows(train) if train else None)]


def _rows(path: Path) -> list[Row]:
    if path.suffix == ".jsonl":
        lines = objects_of(path, "question", "answer")
        return [_row(line["question"], line["answer"], f"{path}:{n}") for n, line in enumerate(lines, 1)]
    rows = []
    for number, value in enumerate(cast("list[JSON]", checked(json_of(path), str(path), "Data")["Data"]), 1):
        place = f"{path}: item {number}"
        line = checked(value, place, "Question", "Answer")
        answer = {name.lower(): inner for name, inner in checked(line["Answer"], place, "Aliases").items()}
        rows.append(_row(line["Question"], cast("JSON", answer), place))
    return rows


def _row(question: JSON, answer: JSON, place: str) -> Row:
    """The hub's columns; its template adds the question mark."""
    if isinstance(answer, list):
        answer = {"aliases": answer}
    elif isinstance(answer, str):
        answer = {"aliases": [answer]}
    aliases = [str(alias) for alias in cast("list[JSON]", checked(answer, place, "aliases")["aliases"])]
    if not aliases:
        raise DataError(f"{place}: no right answer")
    return {"question": str(question).removesuffix("?"), "answer": {"aliases": list[JSON](aliases)}}


LAYOUT = Layout(("trivia_qa", "triviaqa"), " or ".join(DEV[:2]), " or ".join(TRAIN), read)
