"""A column of the leaderboard: which numbers stand in it, and how they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from arena.types import JSON


Shown = Literal["points", "percent", "score", "count", "text"]
"""points of a rating (0 digits), percent of a share in [0, 1], a score (2 digits), a number of things, a word."""
Where = Literal["tables", "files", "json"]
"""In the tables that people read and in leaderboard.csv; in leaderboard.csv and .json; in leaderboard.json alone."""


@dataclass(frozen=True, slots=True)
class Column:
    """One number per model, with the ends of its interval where it has one."""

    name: str
    """Its name in `models` of leaderboard.json."""
    title: str
    """What people call it."""
    shown: Shown
    low: str | None = None
    """The names of the ends of its interval."""
    high: str | None = None
    where: Where = "tables"
    ends: bool = True
    """Whether tables show the interval beside the number."""
    sliced: bool = True
    """Whether it is also known within each category and language."""

    @property
    def fields(self) -> tuple[str, ...]:
        """All its names in leaderboard.json: the number, then the ends."""
        return tuple(name for name in (self.name, self.low, self.high) if name is not None)

    def of(self, row: Mapping[str, JSON]) -> tuple[JSON, JSON, JSON]:
        """Number, lower and upper end in a model's row of leaderboard.json; None where there is none."""
        low, high = (None if name is None else row.get(name) for name in (self.low, self.high))
        return row.get(self.name), low, high


def with_ends(
    name: str, title: str, shown: Shown, *, where: Where = "tables", ends: bool = True, sliced: bool = True
) -> Column:
    """A column whose interval has the ends `<name>_low` and `<name>_high`."""
    return Column(name, title, shown, f"{name}_low", f"{name}_high", where, ends, sliced)
