"""Scored answers as columns: what single mode is computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from arena.errors import DataError
from arena.ratings.data.arrays import Codes, FloatArray, Mask
from arena.ratings.data.table import Coded, Mix


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """Scored answers, one per row: model, question, score; several rows of a question are one cluster."""

    models: tuple[str, ...]
    model: Codes
    score: FloatArray
    question: Coded
    judge: Coded | None = None
    category: Coded | None = None
    language: Coded | None = None
    criteria: Mapping[str, FloatArray] = field(default_factory=dict)
    """Further scores of the same answers; NaN where one is missing."""
    mix: Mix | None = None
    """Where questions count differently."""

    def __len__(self) -> int:
        return len(self.model)

    @classmethod
    def from_columns(
        cls,
        model: Sequence[str],
        question_id: Sequence[str | int],
        score: Sequence[float],
        *,
        judge: Sequence[str] | None = None,
        category: Sequence[str | None] | None = None,
        language: Sequence[str | None] | None = None,
        criteria: Mapping[str, Sequence[float | None]] | None = None,
        models: Sequence[str] = (),
        source: str = "scores",
    ) -> ScoreTable:
        """A validated table from plain sequences of equal length. Raises DataError that names the row."""
        everyone = Coded.of([*models, *model])
        values = np.asarray(score, dtype=float).reshape(len(model))
        if not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values)))
            raise DataError(f"{source}: row {row + 1}: score: found {values[row]:g}, allowed: a finite number")
        return cls(
            models=everyone.names,
            model=everyone.codes[len(models) :],
            score=values,
            question=Coded.of(question_id),
            judge=None if judge is None else Coded.of(judge),
            category=None if category is None else Coded.of(category),
            language=None if language is None else Coded.of(language),
            criteria={
                name: np.array([np.nan if v is None else v for v in column], dtype=float)
                for name, column in (criteria or {}).items()
            },
        )

    def select(self, rows: Mask | NDArray[np.intp]) -> ScoreTable:
        """Some of the rows (a mask or an order). All names stay."""
        return replace(
            self,
            model=self.model[rows],
            score=self.score[rows],
            question=self.question.take(rows),
            judge=None if self.judge is None else self.judge.take(rows),
            category=None if self.category is None else self.category.take(rows),
            language=None if self.language is None else self.language.take(rows),
            criteria={name: column[rows] for name, column in self.criteria.items()},
        )
