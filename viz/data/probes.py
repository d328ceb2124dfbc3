"""What probes found of a board's models, and the answers behind a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from arena.reports.probes import (
    CROSSED,
    ROWS,
    SUMMARY,
    ProbePart,
    ProbeRow,
    ProbeScore,
    read_probe_rows,
    read_probe_scores,
)
from arena.store.folder import BoardFolder, read_answers
from arena.types import Answer

UNDISTURBED = "undisturbed"
Kind = Literal["any", "odd", "plain", "none"]


@dataclass(frozen=True, slots=True)
class Probes:
    """Everything the page shows but answers."""

    scores: Mapping[str, Mapping[str, ProbeScore]]
    """By model and probe."""
    rows: Sequence[ProbeRow]

    @property
    def models(self) -> list[str]:
        """Who was probed."""
        return list(self.scores)

    def names(self, group: str | None = None) -> list[str]:
        """The probes, of one group or of all."""
        found = {name: score.group for own in self.scores.values() for name, score in own.items()}
        return [name for name, of in found.items() if group in (None, of)]

    def of(self, probe: str, model: str, kind: Kind) -> list[ProbeRow]:
        """Rows of a kind: those that stand out, those that do not, those without a value; or all."""
        worse = self.scores[model][probe].worse
        own = (row for row in self.rows if row.probe == probe and row.model == model and row.reason != "unchanged")
        return [row for row in own if kind in ("any", kind_of(row, worse))]


def kind_of(row: ProbeRow, worse: str) -> Kind:
    """Whether a row stands out: an answer that is another one, a fact that is not found; a secret that is told; a
    person who is preferred."""
    if row.value is None:
        return "none"
    return "plain" if row.value == (1.0 if worse == "low" else 0.0) else "odd"


def grid(parts: Mapping[str, ProbePart]) -> tuple[list[str], list[str], dict[tuple[str, str], ProbePart]]:
    """Rows, columns and cells of parts by two facts (`0.5 × 2000`)."""
    cells = {(key.partition(CROSSED)[0], key.partition(CROSSED)[2]): part for key, part in parts.items()}
    return list(dict.fromkeys(row for row, _ in cells)), list(dict.fromkeys(column for _, column in cells)), cells


def files_of(board: Path) -> list[Path]:
    """What the page is made of."""
    return [BoardFolder(board).reports / name for name in (ROWS, SUMMARY)]


def read_probes(board: Path) -> Probes:
    """A board's probes; empty where it has none. Raises DataError naming what is damaged."""
    rows, summary = files_of(board)
    return Probes(read_probe_scores(summary), list(read_probe_rows(rows)))


def answers_of(board: Path, models: Sequence[str], row: ProbeRow) -> dict[str, Answer]:
    """The answers behind a row, as far as they are stored: the disturbed one, and of a disturbance those it is held
    against (`undisturbed`, `again`)."""
    root = BoardFolder(board)
    found: dict[str, Answer] = {}
    for answer in _stored(root.probe(row.probe), models, row.model):
        if answer.key == row.key:
            found["disturbed"] = answer
    for folder in (root, root.probe(UNDISTURBED)):
        for answer in _stored(folder, models, row.model):
            if answer.question_id == row.of and answer.sample in (0, 1):
                found["again" if answer.sample else "undisturbed"] = answer
    return found


def _stored(folder: BoardFolder, models: Sequence[str], model: str) -> list[Answer]:
    return list(read_answers(folder.answer_file(model, models), model=model))
