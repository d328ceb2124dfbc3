"""What a caller wants of a battle file, and what it gets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from arena.errors import DataError
from arena.ratings.data.table import BattleTable
from arena.tables import TableFile

NAMES = ("question_id", "model_a", "model_b", "winner", "judge", "category", "language", "first_model", "state",
         "reason")  # fmt: skip
NUMBERS = ("outcome", "human_pref", "weight")
"""`human_pref` is P(model_b wins), as SoftElo writes it."""
ALIASES: Mapping[str, tuple[str, ...]] = {"question_id": ("row_id", "id"), "language": ("meta_lang", "lang")}
"""What other tools call a column, where there is none of our name."""
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
    judge_elsewhere: bool = False
    """Whether a file without battles by `judge` will do, because others are read with it."""

    def candidates(self) -> tuple[str, ...]:
        """Every column that would be used if it were there."""
        style = [name for wish in self.style for name in (wish, f"{wish}_a", f"{wish}_b")]
        return tuple(dict.fromkeys((*NAMES, self.cluster, *NUMBERS, *style)))

    def aliases(self, there: Collection[str]) -> dict[str, str]:
        """Columns of a file under other names than ours, and ours."""
        lacking = [name for name in ALIASES if name not in there and (name != "question_id" or name == self.cluster)]
        found = {name: next((other for other in ALIASES[name] if other in there), None) for name in lacking}
        return {other: name for name, other in found.items() if other is not None}

    def is_name(self, column: str) -> bool:
        """Whether a column holds names rather than numbers."""
        return column in NAMES or column == self.cluster

    def columns(self, file: TableFile, there: Sequence[str]) -> dict[str, str]:
        """The needed ones among the columns of a file, and what we call them. Raises DataError for one that is missing
        or there twice."""
        columns = {name: name for name in self.candidates() if name in there} | self.aliases(there)
        found = list(columns.values())
        for name in columns:
            if list(there).count(name) > 1:
                raise DataError(f"{file}: the column {name!r} is there {list(there).count(name)} times")
        have = ", ".join(there[:_SHOWN]) + (", …" if len(there) > _SHOWN else "")
        for name in ("model_a", "model_b", *self.by):
            if name not in found:
                raise DataError(f"{file}: no column {name!r} (have: {have})")
        if self.cluster != "question_id" and self.cluster not in found:
            raise DataError(f"{file}: no column {self.cluster!r} to cluster by (have: {have})")
        if not {"outcome", "winner", "human_pref"} & set(found):
            raise DataError(f"{file}: needs a column 'outcome' or 'winner' (have: {have})")
        for name in self.style:
            if name not in found and not {f"{name}_a", f"{name}_b"} <= set(found):
                raise DataError(f"{file}: style: no column {name!r}, nor {name}_a and {name}_b (have: {have})")
        return columns


@dataclass(frozen=True, slots=True)
class BattleFile:
    """What was read, and what was left out and why."""

    table: BattleTable
    skipped: dict[str, int] = field(default_factory=dict)
    every_judge: BattleTable | None = None
    """Rows of all judges where `table` has the panel's alone."""
    simulated: bool = False
    """Whether the battles are a rehearsal's."""
    warnings: tuple[str, ...] = ()
    """What is odd about the file."""

    def leaving_out(self, more: Mapping[str, int]) -> BattleFile:
        """The same, with what was left out before."""
        names = self.skipped.keys() | more.keys()
        return replace(self, skipped={name: self.skipped.get(name, 0) + more.get(name, 0) for name in names})
