"""Finished benchmark runs: their documents and rows in a board's folder, and a judge that needs no key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from arena.files import round_floats, to_json
from arena.importers.found_board import FoundBoard
from arena.importers.placing import Placing
from arena.importers.runs import rows_of
from arena.reports.typed import as_line
from arena.store.folder import BoardFolder
from arena.store.items import Item, item_to_json
from arena.types import Question


def write_items(found: FoundBoard, board: BoardFolder, models: Sequence[str], place: Placing) -> None:
    """benchmarks/<task>/<model>.jsonl and reports/benchmarks.jsonl of a board whose lock is held."""
    items = sorted(found.items, key=lambda item: (models.index(item.model), item.task))
    files: dict[Path, list[Item]] = {}
    for item in items:
        files.setdefault(board.items_file(item.task, item.model, models), []).append(item)
    for path, own in files.items():
        place.write(path, b"".join(to_json(round_floats(item_to_json(item))) + b"\n" for item in own))
    if items:
        rows = rows_of(items, found.metrics)
        place.write(board.reports / "benchmarks.jsonl", b"".join(to_json(as_line(row)) + b"\n" for row in rows))


def reviews_of_runs(questions: Iterable[Question], *, answered: bool) -> dict[str, object]:
    """How answers of finished runs are judged: by their references where each has one, since that needs no key."""
    if not answered:
        return {"enable": False, "mode": "pairwise"}
    if all(any(question.reference) for question in questions):
        return {"mode": "pairwise", "judges": {"reference": {"backend": "reference"}}, "order": "fixed"}
    return {"mode": "pairwise", "judges": {"gpt-4.1-mini": {"backend": "openai", "model": "gpt-4.1-mini"}}}
