"""Rows of a part of a Parquet file as codes and outcomes, with the names seen so far kept from part to part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from arena.battles.read.arrow import dictionaries, numbers_of, values_of
from arena.errors import DataError
from arena.ratings.data.arrays import FloatArray, IntArray, Mask, placed
from arena.tables import TableFile, name_of
from arena.winners import ALLOWED, OUTCOMES, read_winners

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a file."""

    file: TableFile
    start: int
    data: pa.Table

    def refuse(self, bad: Mask, among: Mask | None, column: str, found: str, allowed: str) -> None:
        """Raise DataError for the first bad row that counts."""
        if bad.any() and (bad if among is None else bad & among).any():
            row = int(np.argmax(bad if among is None else bad & among))
            raise DataError(f"{self.file}: row {self.start + row + 1}: {column}: found {found}, allowed: {allowed}")


def some(codes: IntArray | None) -> IntArray:
    """Codes of a column whose names are always taken."""
    assert codes is not None
    return codes


class Coder:
    """Codes of columns of names; a dictionary that comes again in a column is not looked up again."""

    def __init__(self, codes_of: Callable[[Sequence[str | None]], Sequence[int] | IntArray | None]) -> None:
        self._codes_of = codes_of
        self._last: dict[str, tuple[pa.Array, IntArray]] = {}

    def codes(self, rows: Rows, name: str) -> IntArray | None:
        """One code per row, −1 where there is no name; None where `codes_of` says so."""
        found = []
        for chunk in dictionaries(rows.data.column(name), rows.file, name).chunks:
            if name not in self._last or not chunk.dictionary.equals(self._last[name][0]):
                codes = self._codes_of(_names(chunk.dictionary))
                if codes is None:
                    return None
                self._last[name] = chunk.dictionary, np.append(np.asarray(codes, np.int64), -1)
            # as wide as addresses are: NumPy takes by narrower ones many times slower
            found.append(self._last[name][1].take(values_of(chunk.indices, np.dtype(np.int64), -1), mode="wrap"))
        return found[0] if len(found) == 1 else np.concatenate([np.zeros(0, np.int64), *found])


def _names(dictionary: pa.Array) -> Sequence[str | None]:
    import pyarrow as pa

    values: list[str | None] = dictionary.to_pylist()
    plain = (pa.types.is_string(dictionary.type) or pa.types.is_large_string(dictionary.type)) and "" not in values
    return values if plain else [name_of(value) for value in values]


class Outcomes:
    """P(model_a wins) of rows, NaN where nothing is known."""

    def __init__(self, column: str, models: Mapping[str, int]) -> None:
        self._column, self._models = column, models
        self.texts: dict[str, int] = {}
        self._values: list[float] = []
        self._words: list[bool] = []
        self._skips: list[bool] = []
        self._coder = Coder(self._codes_of)
        self._codes: IntArray | None = None

    def of(self, rows: Rows, a: IntArray, b: IntArray) -> FloatArray:
        """Raises DataError for what is no outcome."""
        name = self._column
        if name != "winner":
            values = numbers_of(rows.data, name, rows.file)
            rows.refuse((values < 0) | (values > 1), None, name, "another number", "a number in [0, 1]")
            return values if name == "outcome" else 1 - values
        codes = self._codes = some(self._coder.codes(rows, name))
        outcome: FloatArray = np.array([*self._values, np.nan]).take(codes, mode="wrap")
        if not all(self._words):
            self._by_name(rows, codes, a, b, outcome)
        return outcome

    def _by_name(self, rows: Rows, codes: IntArray, a: IntArray, b: IntArray, outcome: FloatArray) -> None:
        """Fill in the outcomes of rows whose winner is a model's name."""
        places = [
            -1 if word else self._models.get(text, -2) for text, word in zip(self.texts, self._words, strict=True)
        ]
        winner = np.array([*places, -1]).take(codes, mode="wrap")
        outcome[(winner == a) & (winner >= 0)], outcome[(winner == b) & (winner >= 0)] = 1.0, 0.0
        alien = (winner != -1) & (winner != a) & (winner != b)
        if alien.any():
            found = repr(list(self.texts)[codes[int(np.argmax(alien))]])
            rows.refuse(alien, None, "winner", found, ALLOWED)

    def skipped(self) -> Mask | None:
        """Which of the last rows a voter skipped."""
        if self._codes is None or not any(self._skips):
            return None
        return np.array([*self._skips, False]).take(self._codes, mode="wrap")

    def _codes_of(self, names: Sequence[str | None]) -> list[int]:
        for text in names:
            if text is not None and text not in self.texts:
                choice = read_winners([(text, None)]).choices.get((text, None))
                self.texts[text] = len(self.texts)
                self._values.append(np.nan if choice is None else OUTCOMES.get(choice, np.nan))
                self._words.append(choice is not None)
                self._skips.append(text.strip().lower() == "skip")
        return [-1 if text is None else self.texts[text] for text in names]


class Judges:
    """Which rows are the wanted judge's."""

    def __init__(self, judge: str | None) -> None:
        self.names: dict[str, int] = {}
        self._judge = judge
        self._coder = Coder(lambda names: placed(names, self.names))

    def chosen(self, rows: Rows) -> Mask | None:
        """None where all rows are."""
        if "judge" not in rows.data.column_names:
            return None
        codes = some(self._coder.codes(rows, "judge"))
        return None if self._judge is None else codes == self.names.get(self._judge, -2)
