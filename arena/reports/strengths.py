"""reports/strengths.json: where a model is better or worse than elsewhere, and what is wrong with its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from arena.errors import DataError
from arena.files import from_json
from arena.reports.typed import Misread, read_as

STRENGTHS = "strengths.json"
JUDGES = "judges"
"""The number that judges give: points of battles, or scores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """One model, one number, one part: by how much it leads the others inside, and outside."""

    number: str
    """`judges`, or a metric; of one where less is better, its negative."""
    by: str
    part: str
    inside: float
    """Mean lead over the mean of the other models on the same question (without others: the number itself)."""
    outside: float
    gap: float
    """inside − outside."""
    low: float
    high: float
    """Of the gap; all intervals of a model hold at once (Bonferroni)."""
    p_holm: float
    """Of no gap, corrected for all that was looked at of the model."""
    n_inside: int
    n_outside: int
    said: Literal["strength", "weakness"] | None = None
    """Where the interval leaves out 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """How many answers show a kind of mistake."""

    n: int = 0
    share: float | None = None
    low: float | None = None
    high: float | None = None
    examples: tuple[str, ...] = ()
    """The first questions that show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistakes:
    """One model's answers beside their references."""

    n: int = 0
    """Answers that were looked at."""
    kinds: Mapping[str, Mistake] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """What the file says."""

    level: float = 0.95
    strengths: Mapping[str, tuple[Strength, ...]] = field(default_factory=dict)
    mistakes: Mapping[str, Mistakes] = field(default_factory=dict)

    def said(self, model: str) -> list[tuple[Strength, tuple[str, ...]]]:
        """What is sure of a model, once for each part, the widest gap first: what the judges' number says of it, else
        the number with the widest gap; and all numbers that say the same."""
        sure = sorted(
            (one for one in self.strengths.get(model, ()) if one.said),
            key=lambda one: (one.number != JUDGES, -abs(one.gap), one.number, one.part),
        )
        first: dict[tuple[str, str], Strength] = {}
        for one in sure:
            first.setdefault((one.by, one.part), one)
        return [
            (one, tuple(other.number for other in sure if (other.by, other.part, other.said) == (*part, one.said)))
            for part, one in sorted(first.items(), key=lambda item: -abs(item[1].gap))
        ]


NOTHING_SAID = Strengths()


def read_strengths(path: Path) -> Strengths:
    """What lies there; nothing where there is no such file. Raises DataError."""
    try:
        return read_as(Strengths, from_json(path.read_bytes()))
    except FileNotFoundError:
        return NOTHING_SAID
    except (OSError, ValueError, Misread) as error:
        raise DataError(f"{path}: not what `arena score` writes ({error})") from None
