"""Multiple choice of one's own in a CSV: question, A, B, … and answer (a letter), perhaps subject."""

from __future__ import annotations

from functools import partial
from itertools import takewhile
from pathlib import Path
from string import ascii_uppercase

from arena.errors import DataError
from arena.evals.documents import Part, Row
from arena.evals.layouts.files import letter_place, table_of


def read_csv(path: Path) -> list[Part]:
    """A part per subject. Empty cells are no options. Raises DataError naming the row."""
    if not path.is_file():
        raise DataError(f"{path}: no such file (expected a CSV with question, A, B, …, answer)")
    by_subject: dict[str, list[Row]] = {}
    for number, cells in enumerate(table_of(path), 2):
        for name in ("question", "A", "B", "answer"):
            if name not in cells:
                raise DataError(f"{path}: no column {name} (expected question, A, B, …, answer)")
        options = [cells[x] for x in takewhile(partial(_filled, cells), ascii_uppercase)]
        if len(options) < 2:
            raise DataError(f"{path}: row {number}: fewer than two options (they stand under A, B, … without a gap)")
        gold = letter_place(cells["answer"], len(options), f"{path}: row {number}")
        subject = cells.get("subject") or path.stem
        by_subject.setdefault(subject, []).append(
            {"question": cells["question"], "subject": subject, "choices": list(options), "answer": gold}
        )
    return [Part(subject, rows) for subject, rows in sorted(by_subject.items())]


def _filled(cells: dict[str, str], name: str) -> bool:
    return bool(cells.get(name, "").strip())
