"""MATH: `test/<subject>/<n>.json` and `train/…`: {problem, level, type, solution with \\boxed}."""

from __future__ import annotations

from pathlib import Path

from arena.config.benchmarks import TaskConfig
from arena.errors import DataError
from arena.evals.documents import Layout, Part, Row
from arena.evals.layouts.files import checked, json_of
from arena.evals.mathematics import right_answer


def read(folder: Path, task: TaskConfig) -> list[Part]:
    """A part per subject."""
    subjects = sorted(path for path in (folder / "test").glob("*") if path.is_dir())
    parts = [Part(path.name, _rows(path), _rows(folder / "train" / path.name) or None) for path in subjects]
    if not any(part.rows for part in parts):
        raise DataError(f"{folder}: no test/<subject>/<n>.json in it")
    return parts


def _rows(folder: Path) -> list[Row]:
    rows: list[Row] = []
    for path in sorted(folder.glob("*.json"), key=lambda path: (len(path.stem), path.stem)):
        found = checked(json_of(path), str(path), "problem", "solution")
        if "\\boxed" not in str(found["solution"]) or right_answer(str(found["solution"])) is None:
            raise DataError(f"{path}: no \\boxed answer in the solution")
        rows.append({"problem": found["problem"], "level": str(found.get("level") or ""),
                     "type": str(found.get("type") or folder.name), "solution": found["solution"]})  # fmt: skip
    return rows


LAYOUT = Layout(
    ("competition_math", "math", "hendrycks_math"), "test/<subject>/<n>.json", "train/<subject>/<n>.json", read
)
