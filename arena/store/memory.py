"""What was made of a ledger's lines, in columns: what each reply says, and which of them answers which case."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar, cast

from arena.files import from_json, to_json
from arena.types import JSON, Status

T = TypeVar("T")
By = TypeVar("By")
NOTHING = -1
"""No row, and no value yet."""
_AT_ONCE = 64
"""Tables that are held open together: more than one question needs."""


class Said(NamedTuple):
    """The part of a reply that a verdict is read from."""

    key: str
    status: Status
    text: str
    nonce: str | None
    logprobs: bool
    """Whether it has log-probabilities, which only the whole reply holds."""
    cost_usd: float | None


class Way(NamedTuple, Generic[By, T]):
    """A way to read replies with the help of something (a prompt), whose results can be kept.

    A result is a value, of which there are few, and a number that each reply has for itself.
    """

    read: Callable[[By, Said], tuple[T, int]]
    name: Callable[[By], str]
    """What is different wherever results would be."""
    to_json: Callable[[T], JSON]
    from_json: Callable[[JSON], T]


class Column(Generic[T]):
    """What somebody made of each row."""

    def __init__(
        self, to_json: Callable[[T], JSON], values: Sequence[T] = (), codes: bytes = b"", numbers: bytes = b""
    ) -> None:
        self._to_json = to_json
        self.values = list(values)
        """Every value once."""
        self.codes, self.numbers = array("i", codes), array("i", numbers)
        """By row: which of the values, or NOTHING; and its number."""
        self._code_of = {self._written(value): code for code, value in enumerate(self.values)}

    def set(self, row: int, value: T, number: int) -> None:
        """Remember what a row came to."""
        self.extend(row + 1)
        code = self._code_of.setdefault(self._written(value), len(self.values))
        if code == len(self.values):
            self.values.append(value)
        self.codes[row], self.numbers[row] = code, number

    def extend(self, rows: int) -> None:
        """Have a place for so many rows."""
        lacking = rows - len(self.codes)
        if lacking > 0:
            self.codes.extend([NOTHING] * lacking)
            self.numbers.extend([NOTHING] * lacking)

    def columns(self) -> list[bytes]:
        """As they are kept, for `kept`."""
        values = to_json([self._to_json(value) for value in self.values])
        return [values, self.codes.tobytes(), self.numbers.tobytes()]

    def _written(self, value: T) -> bytes:
        return to_json(self._to_json(value))


class Columns:
    """The columns of one ledger, one for each reader."""

    WIDTH = 3

    def __init__(self) -> None:
        self._made: dict[int, tuple[object, str, Column[object]]] = {}
        """By the reader's id, with the reader, so that no other can have it."""
        self._kept: dict[str, list[bytes]] = {}

    def __bool__(self) -> bool:
        return bool(self._made or self._kept)

    def of(self, by: By, way: Way[By, T], rows: int) -> Column[T]:
        """The column of one who reads with this object, long enough for so many rows."""
        found = self._made.get(id(by))
        if found is None:
            name = way.name(by)
            values, codes, numbers = self._kept.pop(name, (b"[]", b"", b""))
            known = [way.from_json(value) for value in cast("list[JSON]", from_json(values))]
            found = by, name, cast("Column[object]", Column(way.to_json, known, codes, numbers))
            self._made[id(by)] = found
        found[2].extend(rows)
        return cast("Column[T]", found[2])

    def grow(self, rows: int) -> None:
        """Have a place for so many rows in every column."""
        for _, _, column in self._made.values():
            column.extend(rows)

    def columns(self) -> tuple[list[str], list[bytes]]:
        """Names, and WIDTH columns of each."""
        kept = dict(self._kept) | {name: column.columns() for _, name, column in self._made.values()}
        return list(kept), [column for columns in kept.values() for column in columns]

    def restore(self, names: Sequence[str], columns: Sequence[bytes]) -> None:
        """Take what `columns` gave."""
        for number, name in enumerate(names):
            self._kept[name] = list(columns[number * self.WIDTH : (number + 1) * self.WIDTH])


class Cells:
    """Which rows answer the cases of one judge about one question: those that differ in the answers alone."""

    __slots__ = ("_codes", "_known", "_rows", "answers")

    def __init__(self, answers: Sequence[bytes] = (), codes: bytes = b"", rows: bytes = b"") -> None:
        self.answers = {answer: place for place, answer in enumerate(answers)}
        """A place for each digest of an answer."""
        self._codes, self._rows = array("q", codes), array("i", rows)
        self._known: dict[int, int] | None = None

    @property
    def known(self) -> dict[int, int]:
        """From `code` to row."""
        if self._known is None:
            self._known = dict(zip(self._codes, self._rows, strict=True))
        return self._known

    def place(self, answer: bytes) -> int:
        """The place of an answer's digest."""
        return self.answers.setdefault(answer, len(self.answers))

    def add(self, code: int, row: int) -> None:
        """Remember the row of a case that was not known."""
        self.known[code] = row
        self._codes.append(code)
        self._rows.append(row)

    def close(self) -> None:
        """Forget what can be made again."""
        self._known = None

    def columns(self) -> list[bytes]:
        """As they are kept."""
        return [b"".join(self.answers), self._codes.tobytes(), self._rows.tobytes()]


def code(first: int, second: int = 0) -> int:
    """A case by the places of the answers it shows."""
    return first << 32 | second


class CellTable:
    """The cells of one ledger, by what their cases have in common."""

    WIDTH = 3
    _DIGEST = 32

    def __init__(self) -> None:
        self._cells: dict[bytes, Cells] = {}
        self._open: list[Cells] = []

    def of(self, frame: bytes) -> Cells:
        """The cells of what has this digest."""
        cells = self._cells.get(frame)
        if cells is None:
            cells = self._cells[frame] = Cells()
        if len(self._open) >= _AT_ONCE:
            for one in self._open:
                one.close()
            self._open.clear()
        self._open.append(cells)
        return cells

    def columns(self) -> tuple[list[list[int]], list[bytes]]:
        """The lengths of each frame's columns, and everything joined."""
        each = [cells.columns() for cells in self._cells.values()]
        return [[*map(len, columns)] for columns in each], [
            b"".join(self._cells), *(b"".join(columns) for columns in zip(*each, strict=True)),
        ]  # fmt: skip

    def restore(self, lengths: Sequence[Sequence[int]], columns: Sequence[bytes]) -> None:
        """Take what `columns` gave."""
        ends = [0] * self.WIDTH
        for number, sizes in enumerate(lengths):
            starts, ends = ends, [end + size for end, size in zip(ends, sizes, strict=True)]
            answers, codes, rows = (
                column[start:end] for column, start, end in zip(columns[1:], starts, ends, strict=True)
            )
            frame = columns[0][number * self._DIGEST : (number + 1) * self._DIGEST]
            parts = [answers[at : at + self._DIGEST] for at in range(0, len(answers), self._DIGEST)]
            self._cells[frame] = Cells(parts, codes, rows)
