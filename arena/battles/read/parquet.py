"""Battles in Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arena.battles.read.arrow import from_arrow
from arena.battles.read.wanted import BattleFile, Wanted
from arena.errors import DataError
from arena.tables import TableFile

if TYPE_CHECKING:
    import pyarrow as pa


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
