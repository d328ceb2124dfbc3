"""The index: one entry per battle (or per score in single mode), as arrays of small numbers."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

RATED, PENDING, EXCLUDED = 0, 1, 2
STATES = ("rated", "pending", "excluded")
WON_A, WON_B, TIED = 0, 1, 2
WINNERS = ("model_a", "model_b", "tie")
NONE = -1
"""The code of whatever does not apply."""


_TYPECODES = {"int64": "q", "int32": "i", "int8": "b", "float64": "d", "float32": "f", "uint64": "Q"}


@dataclass(frozen=True, slots=True)
class Rows:
    """Parallel arrays. Names are codes into `Names`; -1 is "does not apply"."""

    offset: NDArray[np.int64]
    """Byte offset of the line in its file."""
    length: NDArray[np.int32]
    offset_swapped: NDArray[np.int64]
    """Where the second order stands as a line of its own (llmuses files); -1 elsewhere."""
    length_swapped: NDArray[np.int32]
    question: NDArray[np.int32]
    category: NDArray[np.int32]
    language: NDArray[np.int32]
    model_a: NDArray[np.int32]
    model_b: NDArray[np.int32]
    """-1 in single mode."""
    judge: NDArray[np.int32]
    sample: NDArray[np.int32]
    state: NDArray[np.int8]
    reason: NDArray[np.int8]
    winner: NDArray[np.int8]
    consistent: NDArray[np.int8]
    """1, 0, or -1 with one order."""
    outcome: NDArray[np.float64]
    outcome_a_first: NDArray[np.float64]
    """The mean of the verdicts that saw model_a first, in model_a's frame; NaN without any."""
    outcome_b_first: NDArray[np.float64]
    weight: NDArray[np.float64]
    score: NDArray[np.float64]
    """Single mode: the judge's score."""
    first: NDArray[np.int8]
    """Verdicts for what stood first, and so on: counts over the orders of this battle."""
    second: NDArray[np.int8]
    tie: NDArray[np.int8]
    identical: NDArray[np.int8]
    unparsed: NDArray[np.int8]
    failed: NDArray[np.int8]
    length_a: NDArray[np.float32]
    length_b: NDArray[np.float32]
    headers_a: NDArray[np.float32]
    """Style features of the two answers, as `style` of a battle has them; NaN where it has none."""
    headers_b: NDArray[np.float32]
    lists_a: NDArray[np.float32]
    lists_b: NDArray[np.float32]
    bold_a: NDArray[np.float32]
    bold_b: NDArray[np.float32]
    text_question: NDArray[np.uint64]
    """Keys of the searchable texts."""
    text_a: NDArray[np.uint64]
    text_b: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.offset)

    def take(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Rows:
        """The chosen rows."""
        return Rows(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})


@dataclass(frozen=True, slots=True)
class Names:
    """What the codes mean."""

    questions: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    judges: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


COLUMNS: dict[str, str] = {
    f.name: next(code for name, code in _TYPECODES.items() if f"np.{name}]" in str(f.type)) for f in fields(Rows)
}
"""The typecode of every column, read off its annotation."""


class Coder:
    """Gives every distinct text a small number, in order of appearance."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def __call__(self, text: str | None) -> int:
        if text is None:
            return NONE
        return self._codes.setdefault(text, len(self._codes))

    def names(self) -> tuple[str, ...]:
        return tuple(self._codes)


class RowsBuilder:
    """Collects rows without a Python object per number."""

    def __init__(self) -> None:
        self._arrays = {name: array(code) for name, code in COLUMNS.items()}
        self.question, self.category, self.language = Coder(), Coder(), Coder()
        self.model, self.judge, self.reason = Coder(), Coder(), Coder()

    def add(self, values: Iterable[float]) -> None:
        """One row, its values in the order of `Rows`."""
        for column, value in zip(self._arrays.values(), values, strict=True):
            column.append(value)  # type: ignore[arg-type]

    def build(self) -> tuple[Rows, Names]:
        """The index; model names are coded in the order they appeared."""
        arrays = {
            name: np.frombuffer(a, dtype=a.typecode) if len(a) else _empty(a.typecode)
            for name, a in self._arrays.items()
        }
        names = Names(
            self.question.names(),
            self.category.names(),
            self.language.names(),
            self.model.names(),
            self.judge.names(),
            self.reason.names(),
        )
        return Rows(**arrays), names  # type: ignore[arg-type]  # dtypes by column


def _empty(typecode: str) -> NDArray[np.generic]:
    return np.zeros(0, dtype=typecode)
