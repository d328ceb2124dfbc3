"""Formats that score one answer: a single rating, or a rubric of weighted criteria."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from arena.formats.base import Kind, LabelLine, Outcome, expect_score
from arena.formats.text import label_line, read_number, write_number
from arena.types import ParsedScore

Scale = tuple[int, int]
_WIDEST = 100
NUMBERS = re.compile(r"-?\d[\d.,;/ ]*")
"""A label in numbers, in whatever brackets or none."""


class Criterion(BaseModel):
    """One thing a rubric asks about, as it stands in a prompt file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    about: str = ""
    """What the judge is told about it."""
    weight: float = Field(1.0, ge=0, allow_inf_nan=False)
    """Its share of the score; 0 is asked about and reported, but does not count."""
    scale: Scale | None = None
    """Lowest and highest value; None: the scale of the whole score."""
    reverse: bool = False
    """A high value is bad (a violation, an error)."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Criterion:
        if self.name == "explanation":
            raise ValueError("a criterion cannot be called explanation")
        if self.scale is not None:
            check_scale(self.scale)
        return self


@dataclass(frozen=True)
class Rating(LabelLine):
    """One number, `[[7]]`."""

    scale: Scale = (1, 10)

    name: ClassVar[str] = "rating"
    kind: ClassVar[Kind] = "single"
    looks: ClassVar[re.Pattern[str]] = NUMBERS

    def __post_init__(self) -> None:
        check_scale(self.scale)

    def menu(self) -> str:
        low, high = self.scale
        return f"X is your rating, a number from {low} (worst) to {high} (best)."

    def read(self, payload: str) -> Outcome | None:
        score = read_score(payload, self.scale)
        return None if score is None else ParsedScore(score)

    def spell(self, outcome: Outcome) -> str:
        return write_number(expect_score(outcome).score)

    def repair_choices(self, nonce: str | None) -> tuple[str, ...]:
        low, high = self.scale
        return tuple(label_line(str(n), nonce) for n in range(low, high + 1)) if high - low <= 20 else ()

    @property
    def bounds(self) -> tuple[float, float] | None:
        return self.scale


@dataclass(frozen=True)
class Rubric(LabelLine):
    """Several criteria at once, `[[accuracy=4 clarity=3]]`; the score is their weighted mean on `scale`."""

    scale: Scale = (1, 5)
    criteria: tuple[Criterion, ...] = (Criterion(name="quality"),)

    name: ClassVar[str] = "rubric"
    kind: ClassVar[Kind] = "single"
    looks: ClassVar[re.Pattern[str]] = re.compile(rf"(?:(?<!\w)[A-Za-z_]{{2,40}}\s?[=:]\s?)?{NUMBERS.pattern}")

    def __post_init__(self) -> None:
        check_scale(self.scale)
        check_criteria(self.criteria)

    def menu(self) -> str:
        form = " ".join(f"{c.name}=N" for c in self.criteria)
        return f"X is {form}, where each N is a whole number.\n{describe_criteria(self.criteria, self.scale)}"

    def read(self, payload: str) -> Outcome | None:
        parts = re.split(r"\s*[,;]\s*|\s+", re.sub(r"\s*[=:]\s*", "=", payload))
        values: dict[str, float] = {}
        for part in parts:
            name, _, text = part.lower().partition("=")
            value = read_number(text)
            if value is None or not value.is_integer() or values.get(name, value) != value:
                return None
            values[name] = value
        return combine_criteria(values, self.criteria, self.scale)

    def spell(self, outcome: Outcome) -> str:
        values = criteria_of(expect_score(outcome), self.criteria, self.scale)
        return " ".join(f"{name}={round(value)}" for name, value in values.items())

    @property
    def bounds(self) -> tuple[float, float] | None:
        return self.scale


def read_score(text: str, scale: Scale) -> float | None:
    """A number on the scale, also as `7/10` where 10 is the highest; None for anything else."""
    low, high = scale
    number, slash, out_of = text.partition("/")
    value = read_number(number.strip())
    if value is None or not low <= value <= high or (slash and read_number(out_of.strip()) != high):
        return None
    return value


def check_scale(scale: Scale) -> None:
    """Raises ValueError unless the scale goes up, by no more than 100 steps."""
    low, high = scale
    if not low < high <= low + _WIDEST:
        raise ValueError(f"a scale is [lowest, highest] with at most {_WIDEST} steps, found [{low}, {high}]")


def check_criteria(criteria: Sequence[Criterion]) -> None:
    """Raises ValueError when two criteria share a name or none of them counts."""
    names = [c.name for c in criteria]
    if len(set(names)) != len(names):
        raise ValueError(f"two criteria have the same name: {', '.join(names)}")
    if not any(c.weight for c in criteria):
        raise ValueError("at least one criterion needs a weight above 0")


def describe_criteria(criteria: Sequence[Criterion], scale: Scale) -> str:
    """A line per criterion: its name, its scale and what it is about."""
    lines = []
    for criterion in criteria:
        low, high = criterion.scale or scale
        ends = (f"{low} (not at all)", f"{high} (fully)") if criterion.reverse else (f"{low} (worst)", f"{high} (best)")
        about = f": {criterion.about.strip()}" if criterion.about else ""
        lines.append(f"- {criterion.name}, from {ends[0]} to {ends[1]}{about}")
    return "\n".join(lines)


def combine_criteria(values: Mapping[str, float], criteria: Sequence[Criterion], scale: Scale) -> ParsedScore | None:
    """The weighted mean of the criteria, each stretched to `scale`; None when one is missing, unknown or off scale."""
    if set(values) != {c.name for c in criteria}:
        return None
    total = 0.0
    for criterion in criteria:
        low, high = criterion.scale or scale
        if not low <= values[criterion.name] <= high:
            return None
        share = (values[criterion.name] - low) / (high - low)
        total += criterion.weight * (1 - share if criterion.reverse else share)
    share = total / sum(c.weight for c in criteria)
    return ParsedScore(scale[0] + share * (scale[1] - scale[0]), {c.name: values[c.name] for c in criteria})


def criteria_of(outcome: ParsedScore, criteria: Sequence[Criterion], scale: Scale) -> dict[str, float]:
    """The criteria of an outcome; for a bare score whole numbers on each criterion's scale that come near to it."""
    if set(outcome.criteria) == {c.name for c in criteria}:
        return {c.name: outcome.criteria[c.name] for c in criteria}
    share = (outcome.score - scale[0]) / (scale[1] - scale[0])
    values = {}
    for criterion in criteria:
        low, high = criterion.scale or scale
        values[criterion.name] = float(round(low + (1 - share if criterion.reverse else share) * (high - low)))
    return values
