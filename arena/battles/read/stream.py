"""Parquet files with more battles than memory should hold: read part by part and added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from arena.battles.read.parquet import is_text
from arena.battles.read.part_rows import Coder, Judges, Outcomes, Rows, some
from arena.battles.read.wanted import Wanted
from arena.errors import DataError
from arena.ratings.data.arrays import FloatArray, IntArray, Mask, placed
from arena.ratings.data.battle_sums import BattleSums, QuestionSums, Residuals, twice
from arena.ratings.data.nearby import Nearby
from arena.ratings.data.pair_sums import DENSE_LIMIT
from arena.tables import TableFile
from arena.terms import PANEL
from arena.winners import WORDS

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_IN_CACHE = 1 << 16
"""So many rows are added up at a time: what is computed of them stays in the processor's cache."""
_AT_ONCE = 1 << 20
"""About so many rows are read at a time."""
_UNSUPPORTED = ("weight", "state")
"""Columns that take rows in memory."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some row groups of a file."""

    path: Path
    groups: tuple[int, ...]
    start: int
    """How many rows of the file stand before them."""
    rows: int


@dataclass(frozen=True, slots=True)
class Stream:
    """Battles that are read part by part."""

    parts: tuple[Part, ...]
    outcome: str
    """Which column says who won."""
    columns: tuple[tuple[str, str], ...]
    """Columns of the files and what we call them."""
    judge: str | None
    cluster: str
    positions: bool
    """Whether the files say which answer was seen first, which is not looked at."""

    @property
    def has(self) -> frozenset[str]:
        """What there is, by our names."""
        return frozenset(name for _, name in self.columns)


def stream_of(files: Sequence[Path], wanted: Wanted) -> Stream | None:
    """The battles of Parquet files part by part; None for other files, and where their columns take rows in memory.

    Raises DataError that names a file that cannot be read or has other columns than the first.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if wanted.style or wanted.by or not all(path.suffix.lower() == ".parquet" and path.is_file() for path in files):
        return None
    parts: list[Part] = []
    columns: dict[str, str] = {}
    for path in files:
        file = TableFile(path, "parquet", str(path))
        try:
            with pq.ParquetFile(path) as opened:
                found = wanted.columns(file, opened.schema_arrow.names)
                parts += _parts(path, opened.metadata)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{file}: not readable as parquet: {error}") from error
        if columns and found != columns:
            other = sorted(found.keys() ^ columns.keys())
            raise DataError(
                f"{path}: another layout than {files[0]}: {'a' if other[0] in found else 'no'} column {other[0]!r}; "
                "rate files of one layout together"
            )
        columns = found
    there = set(columns.values())
    if there & set(_UNSUPPORTED):
        return None
    outcome = next(name for name in ("outcome", "winner", "human_pref") if name in there)
    used = {"model_a", "model_b", outcome, "judge", wanted.cluster}
    kept = tuple((column, name) for column, name in columns.items() if name in used)
    return Stream(tuple(parts), outcome, kept, wanted.judge, wanted.cluster, "first_model" in there)


def _parts(path: Path, metadata: pq.FileMetaData) -> Iterator[Part]:
    groups: list[int] = []
    start = rows = 0
    for group in range(metadata.num_row_groups):
        size = metadata.row_group(group).num_rows
        if groups and rows + size > _AT_ONCE:
            yield Part(path, tuple(groups), start, rows)
            groups, start, rows = [], start + rows, 0
        groups.append(group)
        rows += size
    if groups:
        yield Part(path, tuple(groups), start, rows)


@dataclass(slots=True)
class Counted:
    """What is known of some parts after they were read once."""

    sums: BattleSums
    skipped: Counter[str]
    judges: frozenset[str]
    winners: frozenset[str]
    """What stood for winners."""

    @property
    def ambiguous(self) -> bool:
        """Whether a model has a name that is a word for a winner."""
        models = set(self.sums.models)
        return any(text in models and text.strip().lower() in WORDS for text in self.winners)

    def merge(self, other: Counted) -> Counted:
        """Both together, over the names of both."""
        models = tuple(sorted({*self.sums.models, *other.sums.models}))
        both = [_over(found.sums, models) for found in (self, other)]
        points, squares = (_total(getattr(found, name) for found in both) for name in ("points", "squares"))
        return Counted(
            BattleSums(models, both[0].cells + both[1].cells, points, squares), self.skipped + other.skipped,
            self.judges | other.judges, self.winners | other.winners,
        )  # fmt: skip


def _total(found: Iterator[FloatArray | None]) -> FloatArray | None:
    first, second = found
    return None if first is None or second is None else first + second


def _over(sums: BattleSums, models: tuple[str, ...]) -> BattleSums:
    """The same sums over more names, in their order."""
    place = {name: code for code, name in enumerate(models)}
    at = np.ix_(*[[place[name] for name in sums.models]] * 2)

    def moved(values: np.ndarray) -> np.ndarray:
        found = np.zeros((len(models), len(models), *values.shape[2:]), dtype=values.dtype)
        found[at] = values
        return found

    return BattleSums(
        models, moved(sums.cells), None if sums.points is None else moved(sums.points),
        None if sums.squares is None else moved(sums.squares),
    )  # fmt: skip


def count(stream: Stream, parts: Sequence[Part]) -> Counted | None:
    """Battles of some parts by two models and winner; None where it takes rows in memory to count them.

    That is a panel among the judges, or more models than matrices are kept for. Raises DataError that names the row.
    """
    counter = _Counter(stream)
    for rows in _read(stream, parts, without=stream.cluster):
        if not counter.add(rows):
            return None
    return counter.counted()


def add_residuals(stream: Stream, parts: Sequence[Part], task: Residuals) -> QuestionSums | None:
    """Residuals of some parts by question and model; None where there are too many questions.

    Raises DataError that names the row.
    """
    found, halves = QuestionSums(task), stream.outcome == "winner"
    places = {name: code for code, name in enumerate(task.models)}
    models = Coder(lambda names: [-1 if name is None else places[name] for name in names])
    questions = Coder(found.codes_of)
    outcomes, judges = Outcomes(stream.outcome, places), Judges(stream.judge)
    for rows in _read(stream, parts):
        question = questions.codes(rows, stream.cluster)
        if question is None:
            return None
        a, b = (some(models.codes(rows, name)) for name in ("model_a", "model_b"))
        keep = judges.chosen(rows)
        outcome = outcomes.of(rows, a, b)
        known = _both(keep, _known(outcome))
        rows.refuse(question < 0, known, stream.cluster, "nothing", "a question's id")
        if known is not None:
            question, a, b, outcome = question[known], a[known], b[known], outcome[known]
        if halves:
            found.add_halves(question, a, b, outcome)
        else:
            found.add(question, a, b, outcome)
    found.settle()
    return found


def _known(outcome: FloatArray) -> Mask | None:
    """Rows with an outcome; None where all have one."""
    missing = np.isnan(outcome)
    return ~missing if missing.any() else None


def _both(first: Mask | None, second: Mask | None) -> Mask | None:
    return second if first is None else first if second is None else first & second


def _read(stream: Stream, parts: Sequence[Part], without: str = "") -> Iterator[Rows]:
    """The wanted columns under our names, about a million rows at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {column: name for column, name in stream.columns if name != without}
    path, opened, file = None, None, None
    for part in parts:
        try:
            if path != part.path or opened is None or file is None:
                path, file = part.path, TableFile(part.path, "parquet", str(part.path))
                schema = pq.ParquetFile(path).schema_arrow
                opened = pq.ParquetFile(path, read_dictionary=[c for c in columns if is_text(schema.field(c).type)])
            start = part.start
            for table in _tables(opened, part, list(columns)):
                data = table.rename_columns([columns[column] for column in table.column_names])
                yield Rows(file, start, data)
                start += len(data)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{part.path}: not readable as parquet: {error}") from error


def _tables(opened: pq.ParquetFile, part: Part, columns: list[str]) -> Iterator[pa.Table]:
    """So many rows as stay in the cache: of a large row group as they are decoded, of small ones all at once."""
    import pyarrow as pa

    if len(part.groups) == 1:
        for batch in opened.iter_batches(_IN_CACHE, row_groups=list(part.groups), columns=columns, use_threads=False):
            yield pa.Table.from_batches([batch])
        return
    table = opened.read_row_groups(list(part.groups), columns=columns)
    for start in range(0, len(table), _IN_CACHE):
        yield table.slice(start, _IN_CACHE)


@dataclass(slots=True)
class _Counter:
    """Rows added up by two models and winner, models in the order in which they are met."""

    stream: Stream
    places: dict[str, int] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    cells: np.ndarray = field(default_factory=lambda: np.zeros((64, 64, 3), dtype=np.int32))
    points: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    squares: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    nearby: Nearby = field(init=False)
    models: Coder = field(init=False)
    outcomes: Outcomes = field(init=False)
    judges: Judges = field(init=False)

    def __post_init__(self) -> None:
        self.nearby, self.models = Nearby(self.cells.size), Coder(self._codes_of)
        self.outcomes, self.judges = Outcomes(self.stream.outcome, self.places), Judges(self.stream.judge)
        if self.soft:
            self.points, self.squares = np.zeros((64, 64)), np.zeros((64, 64))

    @property
    def soft(self) -> bool:
        """Whether outcomes may be other than 0, ½ and 1."""
        return self.stream.outcome != "winner"

    def _codes_of(self, names: Sequence[str | None]) -> list[int] | None:
        found = placed(names, self.places)
        return found if len(self.places) <= DENSE_LIMIT else None

    def add(self, rows: Rows) -> bool:
        a, b = self.models.codes(rows, "model_a"), self.models.codes(rows, "model_b")
        if a is None or b is None:
            return False
        self._make_room()
        keep = self.judges.chosen(rows)
        if PANEL in self.judges.names and self.stream.judge is None:
            return False
        outcome = self.outcomes.of(rows, a, b)
        known = self._counted_rows(keep, outcome)
        rows.refuse(a < 0, known, "model_a", "nothing", "a model's name")
        rows.refuse(b < 0, known, "model_b", "nothing", "a model's name")
        self._refuse_twins(rows, a, b, known)
        if known is not None:
            a, b, outcome = a[known], b[known], outcome[known]
        room = len(self.cells)
        pairs = a * room + b
        won = (outcome > 0.5).astype(np.int64) + (outcome >= 0.5) if self.soft else twice(outcome)
        won += 3 * pairs
        self._add_to_cells(self.nearby.add(won))
        if self.soft:
            np.add.at(self.points.reshape(-1), pairs, outcome)
            np.add.at(self.squares.reshape(-1), pairs, outcome**2)
        return True

    def _add_to_cells(self, shelves: Iterator[IntArray]) -> None:
        for cells in shelves:
            np.add.at(self.cells.reshape(-1), cells, np.int32(1))

    def _counted_rows(self, keep: Mask | None, outcome: FloatArray) -> Mask | None:
        """Rows that are rated, None for all; the others are counted by reason."""
        known = _known(outcome)
        if known is not None:
            missing = ~known if keep is None else ~known & keep
            skips = self.outcomes.skipped()
            by_voter = 0 if skips is None else int((missing & skips).sum())
            self.skipped += Counter({"skipped by the voter": by_voter, "no outcome": int(missing.sum()) - by_voter})
        return _both(keep, known)

    def _refuse_twins(self, rows: Rows, a: IntArray, b: IntArray, known: Mask | None) -> None:
        twins = a == b
        if twins.any() and (row := np.flatnonzero(twins if known is None else twins & known)).size:
            name = repr(list(self.places)[a[row[0]]])
            rows.refuse(twins, known, "model_a, model_b", name, "two different models")

    def _make_room(self) -> None:
        """A larger square once there are more models than fit."""
        room = len(self.cells)
        if len(self.places) <= room:
            return
        self._add_to_cells(self.nearby.rest())
        more = min(max(2 * room, len(self.places)), max(DENSE_LIMIT, len(self.places))) - room
        self.cells = np.pad(self.cells, ((0, more), (0, more), (0, 0)))
        self.nearby = Nearby(self.cells.size)
        if self.soft:
            self.points, self.squares = (np.pad(sums, (0, more)) for sums in (self.points, self.squares))

    def counted(self) -> Counted:
        """The sums over sorted names."""
        self._add_to_cells(self.nearby.rest())
        models = tuple(sorted(self.places))
        order = np.array([self.places[name] for name in models], dtype=np.intp)
        at, m = np.ix_(order, order), len(models)
        columns = (3 * order[:, None] + np.arange(3)).reshape(-1)
        cells = self.cells.reshape(len(self.cells), -1).take(order, axis=0).take(columns, axis=1).reshape(m, m, 3)
        soft = self.soft
        sums = BattleSums(models, cells, self.points[at] if soft else None, self.squares[at] if soft else None)
        return Counted(sums, self.skipped, frozenset(self.judges.names), frozenset(self.outcomes.texts))
