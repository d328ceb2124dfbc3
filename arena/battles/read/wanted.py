"""What a caller wants of a battle file, and what it gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from arena.errors import DataError
from arena.ratings.data.table import BattleTable

NAMES = ("question_id", "model_a", "model_b", "winner", "judge", "category", "language", "first_model", "state",
         "reason")  # fmt: skip
NUMBERS = ("outcome", "weight")
_SHOWN = 20
"""So many of a file's columns are named in a message."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows and columns are needed."""

    judge: str | None = None
    style: tuple[str, ...] = ()
    cluster: str = "question_id"
    """The column whose values are the questions."""
    by: tuple[str, ...] = ()
    """Columns whose values are rated apart."""

    def candidates(self) -> tuple[str, ...]:
        """Every column that would be used if it were there."""
        style = [name for wish in self.style for name in (wish, f"{wish}_a", f"{wish}_b")]
        return tuple(dict.fromkeys((*NAMES, self.cluster, *NUMBERS, *style)))

    def is_name(self, column: str) -> bool:
        """Whether a column holds names rather than numbers."""
        return column in NAMES or column == self.cluster

    def columns(self, path: Path, there: Sequence[str]) -> list[str]:
        """The needed ones among the columns of a file. Raises DataError for one that is missing or there twice."""
        found = [name for name in self.candidates() if name in there]
        for name in found:
            if list(there).count(name) > 1:
                raise DataError(f"{path}: the column {name!r} is there {list(there).count(name)} times")
        have = ", ".join(there[:_SHOWN]) + (", …" if len(there) > _SHOWN else "")
        for name in ("model_a", "model_b", *self.by):
            if name not in found:
                raise DataError(f"{path}: no column {name!r} (have: {have})")
        if self.cluster != "question_id" and self.cluster not in found:
            raise DataError(f"{path}: no column {self.cluster!r} to cluster by (have: {have})")
        if not {"outcome", "winner"} & set(found):
            raise DataError(f"{path}: needs a column 'outcome' or 'winner' (have: {have})")
        for name in self.style:
            if name not in found and not {f"{name}_a", f"{name}_b"} <= set(found):
                raise DataError(f"{path}: style: no column {name!r}, nor {name}_a and {name}_b (have: {have})")
        return found


@dataclass(frozen=True, slots=True)
class BattleFile:
    """What was read, and what was left out and why."""

    table: BattleTable
    skipped: dict[str, int] = field(default_factory=dict)
    every_judge: BattleTable | None = None
    """Rows of all judges where `table` has the panel's alone."""
    simulated: bool = False
    """Whether the battles are a rehearsal's."""
