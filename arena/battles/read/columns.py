"""The columns of a battle file, whatever its kind: .parquet, .csv and .jsonl by pyarrow, the rest line by line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from arena.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

NAMES = ("question_id", "model_a", "model_b", "winner", "judge", "category", "language", "first_model", "state",
         "reason")  # fmt: skip
NUMBERS = ("outcome", "weight")
_SHOWN = 20
"""So many of a file's columns are named in a message."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows and columns are needed."""

    judge: str | None = None
    style: tuple[str, ...] = ()
    cluster: str = "question_id"
    """The column whose values are the questions."""
    by: tuple[str, ...] = ()
    """Columns whose values are rated apart."""

    def candidates(self) -> tuple[str, ...]:
        """Every column that would be used if it were there."""
        style = [name for wish in self.style for name in (wish, f"{wish}_a", f"{wish}_b")]
        return tuple(dict.fromkeys((*NAMES, self.cluster, *NUMBERS, *style)))

    def is_name(self, column: str) -> bool:
        """Whether a column holds names rather than numbers."""
        return column in NAMES or column == self.cluster

    def columns(self, path: Path, there: Sequence[str]) -> list[str]:
        """The needed ones among the columns of a file. Raises DataError for one that is missing or there twice."""
        found = [name for name in self.candidates() if name in there]
        for name in found:
            if list(there).count(name) > 1:
                raise DataError(f"{path}: the column {name!r} is there {list(there).count(name)} times")
        have = ", ".join(there[:_SHOWN]) + (", …" if len(there) > _SHOWN else "")
        for name in ("model_a", "model_b", *self.by):
            if name not in found:
                raise DataError(f"{path}: no column {name!r} (have: {have})")
        if self.cluster != "question_id" and self.cluster not in found:
            raise DataError(f"{path}: no column {self.cluster!r} to cluster by (have: {have})")
        if not {"outcome", "winner"} & set(found):
            raise DataError(f"{path}: needs a column 'outcome' or 'winner' (have: {have})")
        for name in self.style:
            if name not in found and not {f"{name}_a", f"{name}_b"} <= set(found):
                raise DataError(f"{path}: style: no column {name!r}, nor {name}_a and {name}_b (have: {have})")
        return found


def reader_of(path: Path) -> Callable[[Path, Wanted], pa.Table]:
    """What reads this kind of file. Raises DataError for a kind that nothing reads."""
    readers: dict[str, Callable[[Path, Wanted], pa.Table]] = {
        ".parquet": read_parquet, ".csv": read_csv, ".jsonl": read_jsonl, ".ndjson": read_jsonl, ".json": read_array,
    }  # fmt: skip
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: unknown kind of file {path.suffix!r} (allowed: {', '.join(readers)})")
    return reader


def read_parquet(path: Path, wanted: Wanted) -> pa.Table:
    """Names come as dictionaries, which is how parquet stores them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.ParquetFile(path).schema_arrow
        columns = wanted.columns(path, schema.names)
        text = [name for name in columns if _is_text(schema.field(name).type)]
        return pq.ParquetFile(path, read_dictionary=text).read(columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not readable as parquet: {error}") from error


def read_csv(path: Path, wanted: Wanted) -> pa.Table:
    """Comma-separated, UTF-8 with or without a byte order mark, quoted cells over several lines."""
    import csv as plain_csv

    import pyarrow as pa
    from pyarrow import csv

    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = plain_csv.reader(lines)
            header, has_rows = next(rows, []), next(rows, None) is not None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text: {error}") from error
    except plain_csv.Error as error:
        raise DataError(f"{path}: {error}") from error
    columns = wanted.columns(path, header)
    text = pa.dictionary(pa.int32(), pa.string())
    types = {name: text if wanted.is_name(name) else pa.float64() for name in columns}
    if not has_rows:
        return pa.table({name: pa.array([], kind) for name, kind in types.items()})
    convert = csv.ConvertOptions(column_types=types, include_columns=columns, strings_can_be_null=True,
                                 null_values=["", "null", "NULL", "None", "NaN", "nan", "NA"])  # fmt: skip
    try:
        return csv.read_csv(path, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=convert)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}") from error


def read_jsonl(path: Path, wanted: Wanted) -> pa.Table:
    """By pyarrow with the types of the first line; a file that mixes types is read line by line instead."""
    import pyarrow as pa
    from pyarrow import json

    from arena.battles.read.lines import first_line

    first = first_line(path)
    types = {}
    for name in wanted.candidates():
        if wanted.is_name(name):
            types[name] = pa.int64() if isinstance(first.get(name), int) else pa.string()
        else:
            types[name] = pa.float64()
    attempts = [("ignore", list(types))]
    if first.keys() <= types.keys():  # then a field that begins further down is an error, and found for nothing
        attempts.insert(0, ("error", list(first)))
    for unexpected, names in attempts:
        schema = pa.schema([pa.field(name, types[name]) for name in names])
        parse = json.ParseOptions(explicit_schema=schema, unexpected_field_behavior=unexpected)
        try:
            data = json.read_json(path, read_options=json.ReadOptions(block_size=4 << 20), parse_options=parse)
        except (pa.ArrowException, UnicodeDecodeError):
            continue
        there = [name for name in names if name in first or data.column(name).null_count < len(data)]
        return data.select(wanted.columns(path, [*there, *(name for name in first if name not in there)]))
    return read_array(path, wanted)


def read_array(path: Path, wanted: Wanted) -> pa.Table:
    """A JSON array, and any JSON lines, object by object."""
    from arena.battles.read.lines import read_columns

    return read_columns(path, wanted)


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
