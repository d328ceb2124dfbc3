"""RACE: `test/{high,middle}/*.txt`, each a JSON object: article, questions, options, answers."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import cast

from arena.config.benchmarks import TaskConfig
from arena.errors import DataError
from arena.evals.documents import CLUSTER, Choice, Layout, Part, Row
from arena.evals.layouts.files import checked, json_of, letter_place
from arena.types import JSON

LEVELS = ("high", "middle")


def read(folder: Path, task: TaskConfig) -> list[Part]:
    """A part per level. The last question of an article, those before it shown with their answers, as lm-eval does; or
    all, each alone."""
    whole = task.questions == "all"
    parts = [
        Part(level, _rows(folder / "test" / level, whole=whole), _rows(folder / "train" / level, whole=whole) or None)
        for level in LEVELS
        if (folder / "test" / level).is_dir()
    ]
    if not any(part.rows for part in parts):
        raise DataError(f"{folder}: no test/high/*.txt or test/middle/*.txt in it")
    return parts


def _rows(folder: Path, *, whole: bool) -> list[Row]:
    rows: list[Row] = []
    for path in sorted(folder.glob("*.txt"), key=lambda path: (len(path.stem), path.stem)):
        found = checked(json_of(path), str(path), "article", "questions", "options", "answers")
        columns = [cast("list[JSON]", found[name]) for name in ("questions", "options", "answers")]
        if len({len(column) for column in columns}) != 1:
            raise DataError(f"{path}: questions, options and answers are not equally many")
        problems = []
        for question, options, answer in zip(*columns, strict=True):
            letter_place(str(answer), len(cast("list[JSON]", options)), str(path))
            problems.append({"question": question, "answer": answer, "options": options})
        groups = [[problem] for problem in problems] if whole else [problems]
        rows += [{"article": found["article"], "problems": repr(group), CLUSTER: f"{folder.name}/{path.stem}"}
                 for group in groups]  # fmt: skip
    return rows


def choice(row: Row) -> Choice:
    """As multiple choice: the last question, those before it with their answers."""
    *before, last = cast("list[dict[str, JSON]]", ast.literal_eval(str(row["problems"])))
    told = "".join(f"\n\nQuestion: {p['question']}\nAnswer: {_right(p)}" for p in before)
    options = tuple(str(option) for option in cast("list[JSON]", last["options"]))
    text = f"Article: {row['article']}{told}\n\nQuestion: {last['question']}"
    return Choice(text, options, ord(str(last["answer"])) - ord("A"))


def _right(problem: dict[str, JSON]) -> str:
    return str(cast("list[JSON]", problem["options"])[ord(str(problem["answer"])) - ord("A")])


LAYOUT = Layout(("race",), "test/{high,middle}/*.txt", "train/{high,middle}/*.txt", read, choice)
