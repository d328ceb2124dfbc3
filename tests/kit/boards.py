"""Small boards on disk for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml


def write_jsonl(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """Write rows as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read_jsonl(path: Path) -> list[dict[str, object]]:
    """Read JSON lines."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def arithmetic_board(folder: Path, n_questions: int = 12, **reviews: object) -> Path:
    """A board of sums whose true order is known: `right` > `half` > `wrong`. Returns its config."""
    questions = [
        {
            "question_id": i,
            "category": "math" if i % 2 else "sums",
            "text": f"What is {i} + 7?",
            "reference": str(i + 7),
        }
        for i in range(n_questions)
    ]
    write_jsonl(folder / "questions.jsonl", questions)
    correct = {"right": n_questions, "half": n_questions // 2, "wrong": 0}
    for model, count in correct.items():
        answers = [
            {"question_id": i, "answer": f"It is {i + 7}." if i < count else f"It is {i + 900}{len(model)}."}
            for i in range(n_questions)
        ]
        write_jsonl(folder / f"{model}.jsonl", answers)
    config = {
        "question_file": "questions.jsonl",
        "output_dir": "out",
        "answers_gen": {model: {"backend": "recorded", "file": f"{model}.jsonl"} for model in correct},
        "reviews_gen": {
            "mode": "pairwise_baseline",
            "baseline": "half",
            "judges": {"reference": {"backend": "reference"}},
        }
        | reviews,
    }
    return write_config(folder, config)


def write_config(folder: Path, config: Mapping[str, object], name: str = "config.yaml") -> Path:
    """Write a config file."""
    path = folder / name
    path.write_text(yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True), encoding="utf-8")
    return path


def edit_config(path: Path, **sections: object) -> Path:
    """Replace top-level keys of a config."""
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    return write_config(path.parent, config | sections, path.name)


def leaderboard(folder: Path, sub: str = "") -> dict[str, object]:
    """leaderboard.json of the board in `folder`; `sub` is `dry-run` for a rehearsal's."""
    return json.loads((folder / "out" / sub / "reports/leaderboard.json").read_text(encoding="utf-8"))


def models_of(folder: Path) -> dict[str, dict[str, object]]:
    """Rows of its leaderboard by model."""
    return {row["model"]: row for row in leaderboard(folder)["models"]}
