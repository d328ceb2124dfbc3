"""Formats that compare two answers with a label at the end of the reply."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import ClassVar

from arena.formats.base import Kind, LabelLine, Outcome, expect_pair
from arena.formats.scores import NUMBERS, Scale, check_scale, read_score
from arena.formats.text import label_line, write_number
from arena.types import Label, Parsed

WEAK: dict[Label, Label] = {
    "first_strong": "first",
    "first": "first",
    "tie": "tie",
    "second": "second",
    "second_strong": "second",
}
"""Every label as one of three."""
_LETTERS: dict[Label, str] = {"first": "A", "second": "B", "tie": "C"}
_FROM_LETTERS: dict[str, Label] = {"A": "first", "B": "second", "C": "tie", "TIE": "tie"}
_LEVELS: dict[Label, str] = {
    "first_strong": "A>>B",
    "first": "A>B",
    "tie": "A=B",
    "second": "B>A",
    "second_strong": "B>>A",
}
_FROM_LEVELS: dict[str, Label] = {
    **{text: label for label, text in _LEVELS.items()},
    "B=A": "tie",
    "B<<A": "first_strong",
    "B<A": "first",
    "A<B": "second",
    "A<<B": "second_strong",
}


LETTERS = re.compile(r"(?<!\w)(?:[AB]\s?[<>=]{1,3}\s?[AB]|[ABC](?:\s?,\s?[ABC])?|(?i:tie))(?!\w|['’]\w)")
"""A label in letters, in whatever brackets or none."""


@dataclass(frozen=True)
class PairLabel(LabelLine):
    """`[[A]]`, `[[B]]`, or `[[C]]` for a tie."""

    ties: bool = True
    """Whether the judge may call a tie."""

    name: ClassVar[str] = "label"
    kind: ClassVar[Kind] = "pairwise"
    looks: ClassVar[re.Pattern[str]] = LETTERS

    def menu(self) -> str:
        tie = ", C if they are equally good" if self.ties else "; you have to choose one of them"
        return f"X is A if answer A is better, B if answer B is better{tie}."

    def read(self, payload: str) -> Outcome | None:
        label = _FROM_LETTERS.get(payload.upper())
        return None if label is None or (label == "tie" and not self.ties) else Parsed(label)

    def spell(self, outcome: Outcome) -> str:
        label = WEAK[expect_pair(outcome).label]
        return _LETTERS["first" if label == "tie" and not self.ties else label]

    def repair_choices(self, nonce: str | None) -> tuple[str, ...]:
        return tuple(label_line(letter, nonce) for letter in ("A", "B", "C") if letter != "C" or self.ties)


@dataclass(frozen=True)
class Levels(LabelLine):
    """Five levels from `[[A>>B]]` to `[[B>>A]]`."""

    name: ClassVar[str] = "levels"
    kind: ClassVar[Kind] = "pairwise"
    looks: ClassVar[re.Pattern[str]] = LETTERS

    def menu(self) -> str:
        return (
            "X is A>>B if answer A is much better, A>B if answer A is better, A=B if they are equally good, "
            "B>A if answer B is better, B>>A if answer B is much better."
        )

    def read(self, payload: str) -> Outcome | None:
        label = _FROM_LEVELS.get(payload.upper().replace(" ", "").replace("&GT;", ">").replace("&LT;", "<"))
        return None if label is None else Parsed(label)

    def spell(self, outcome: Outcome) -> str:
        return _LEVELS[expect_pair(outcome).label]

    def repair_choices(self, nonce: str | None) -> tuple[str, ...]:
        return tuple(label_line(level, nonce) for level in _LEVELS.values())


@dataclass(frozen=True)
class ScorePair(LabelLine):
    """Two scores, `[[8, 6]]`: that of answer A first. The higher one wins."""

    scale: Scale = (1, 10)

    name: ClassVar[str] = "score_pair"
    kind: ClassVar[Kind] = "pairwise"
    looks: ClassVar[re.Pattern[str]] = NUMBERS

    def __post_init__(self) -> None:
        check_scale(self.scale)

    def menu(self) -> str:
        low, high = self.scale
        return (
            "X is two numbers with a comma between them: first the score of answer A, then the score of answer B, "
            f"each from {low} (worst) to {high} (best). Equal scores mean that they are equally good."
        )

    def read(self, payload: str) -> Outcome | None:
        parts = re.split(r"\s*[,;]\s*|(?<!/)\s+(?!/)", payload)
        scores = [score for part in parts if (score := read_score(part, self.scale)) is not None]
        if len(parts) != 2 or len(scores) != 2:
            return None
        first, second = scores
        return Parsed("first" if first > second else "second" if second > first else "tie", first, second)

    def read_bare(self, line: str) -> Outcome | None:
        return self.read(line.strip().strip("*`"))

    def spell(self, outcome: Outcome) -> str:
        parsed = expect_pair(outcome)
        first, second = parsed.score_first, parsed.score_second
        low, high = self.scale
        if first is None or second is None or not (low <= first <= high and low <= second <= high):
            first, second = self._scores_for(parsed.label)
        return f"{write_number(first)}, {write_number(second)}"

    def _scores_for(self, label: Label) -> tuple[float, float]:
        """Scores that say what a bare label says, on this scale."""
        low, high = self.scale
        middle = (low + high) / 2
        match label:
            case "tie":
                return middle, middle
            case "first":
                return (middle + high) / 2, (middle + low) / 2
            case "second":
                return (middle + low) / 2, (middle + high) / 2
            case "first_strong":
                return high, low
            case "second_strong":
                return low, high


@dataclass(frozen=True)
class Ranking(LabelLine):
    """The answers as a list, best first: `[[A, B]]`, or `[[A = B]]`. Without a nonce also a JSON list of ranks."""

    name: ClassVar[str] = "ranking"
    kind: ClassVar[Kind] = "pairwise"
    looks: ClassVar[re.Pattern[str]] = LETTERS

    def menu(self) -> str:
        return (
            "X is the list of both answers with the better one first: A, B or B, A. "
            "If they are equally good, write A = B."
        )

    def read(self, payload: str) -> Outcome | None:
        match re.sub(r"\s+", "", payload.upper()):
            case "A,B" | "A>B":
                return Parsed("first")
            case "B,A" | "B>A":
                return Parsed("second")
            case "A=B" | "B=A":
                return Parsed("tie")
            case _:
                return None

    def read_bare(self, line: str) -> Outcome | None:
        """A list of {model, rank} objects, as older judges write it."""
        try:
            listed = json.loads(line)
            ranks = {str(entry["model"]).upper(): float(entry["rank"]) for entry in listed}
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return None
        if set(ranks) != {"A", "B"} or len(listed) != 2 or not set(ranks.values()) <= {1.0, 2.0}:
            return None
        return Parsed("first" if ranks["A"] < ranks["B"] else "second" if ranks["B"] < ranks["A"] else "tie")

    def spell(self, outcome: Outcome) -> str:
        return {"first": "A, B", "second": "B, A", "tie": "A = B"}[WEAK[expect_pair(outcome).label]]

    def repair_choices(self, nonce: str | None) -> tuple[str, ...]:
        return tuple(label_line(listed, nonce) for listed in ("A, B", "B, A", "A = B"))
