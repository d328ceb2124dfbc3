"""Battles in Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from arena.battles.read.arrow import from_arrow
from arena.battles.read.wanted import BattleFile, Wanted
from arena.errors import DataError
from arena.tables import TableFile

if TYPE_CHECKING:
    import pyarrow as pa


MANY = 5_000_000
"""With more battles than this, Parquet files are added up as they are read (`arena.battles.summed`)."""


def are_many(files: Sequence[Path]) -> bool:
    """Whether these are Parquet files of `MANY` battles; who reads them says what is wrong with one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not all(path.suffix.lower() == ".parquet" and path.is_file() for path in files):
        return False
    try:
        return sum(int(pq.read_metadata(path).num_rows) for path in files) > MANY
    except (pa.ArrowException, OSError):
        return False


def read_parquet(file: TableFile, wanted: Wanted) -> BattleFile:
    """Names come as dictionaries, which is how parquet stores them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.ParquetFile(file.path).schema_arrow
        columns = wanted.columns(file, schema.names)
        text = [name for name in columns if is_text(schema.field(name).type)]
        data = pq.ParquetFile(file.path, read_dictionary=text).read(columns=list(columns))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{file}: not readable as parquet: {error}") from error
    return from_arrow(data.rename_columns([columns[name] for name in data.column_names]), file, wanted)


def is_text(kind: pa.DataType) -> bool:
    """Whether a column's values can be read as a dictionary."""
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
