"""Boards of sums on which battles are drawn: the later a model's name, the more often it is right."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

from kit.boards import read_jsonl, write_config, write_jsonl

REFERENCE = {"reference": {"backend": "reference"}}


def adaptive_board(
    folder: Path, models: int = 5, questions: int = 40, *, schedule: object = "adaptive",
    judges: Mapping[str, object] | str = REFERENCE, same: float = 0.0, **reviews: object,
) -> Path:  # fmt: skip
    """Its config. A share `same` of the questions is answered alike by everybody."""
    ids = range(questions)
    write_jsonl(
        folder / "questions.jsonl",
        [{"question_id": i, "category": "sums", "text": f"What is {i} + 7?", "reference": str(i + 7)} for i in ids],
    )
    for name in add_models(folder, models, questions, same):
        assert (folder / f"{name}.jsonl").exists()
    return write_config(folder, config_of(models, schedule=schedule, judges=judges, **reviews))


def add_models(folder: Path, models: int, questions: int, same: float = 0.0) -> list[str]:
    """Write the recordings of so many models; those of earlier ones stay the same."""
    names = [f"m{place:02d}" for place in range(models)]
    for place, name in enumerate(names):
        rng = random.Random(place)
        right = [rng.random() < 0.15 + 0.08 * place for _ in range(questions)]
        alike = [i % 100 < 100 * same for i in range(questions)]
        answers = [
            {
                "question_id": i,
                "answer": f"All say {i + 7}." if alike[i] else f"{name}: {i + (7 if right[i] else 900)}.",
            }
            for i in range(questions)
        ]
        write_jsonl(folder / f"{name}.jsonl", answers)
    return names


def config_of(models: int, **reviews: object) -> dict[str, object]:
    """The config of a board of so many models."""
    names = [f"m{place:02d}" for place in range(models)]
    return {
        "question_file": "questions.jsonl",
        "output_dir": "out",
        "answers_gen": {name: {"backend": "recorded", "file": f"{name}.jsonl"} for name in names},
        "reviews_gen": {"mode": "pairwise", "judges": REFERENCE} | reviews,
    }


def schedule_lines(folder: Path, event: str = "round") -> list[dict[str, object]]:
    """The lines of one kind of a board's schedule.jsonl."""
    path = folder / "out/schedule.jsonl"
    return [line for line in read_jsonl(path) if line["event"] == event] if path.exists() else []


def drawn_cells(folder: Path) -> list[tuple[str, str, str]]:
    """Every cell that was drawn in a round: question, first, second."""
    return [tuple(cell) for line in schedule_lines(folder) for cell in line["cells"]]
