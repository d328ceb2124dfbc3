"""In which order questions are asked where a run is looked at while it grows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from arena.keys import canonical
from arena.types import Question


@dataclass(frozen=True, slots=True)
class SeededOrder:
    """A permutation of a board's questions that depends on its seed and their ids alone."""

    seed: int
    questions: tuple[Question, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The questions' ids in this order."""
        return tuple(question.question_id for question in self.questions)

    @property
    def sha256(self) -> str:
        """What tells two orders apart."""
        return hashlib.sha256(canonical(list(self.ids))).hexdigest()


def seeded_order(questions: Sequence[Question], seed: int) -> SeededOrder:
    """The questions as if drawn one after another: whatever the file is sorted by, a prefix is a sample of all."""

    def drawn(question: Question) -> bytes:
        return hashlib.sha256(canonical([seed, "question order", question.question_id])).digest()

    return SeededOrder(seed, tuple(sorted(questions, key=drawn)))
