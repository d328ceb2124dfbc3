"""Battles in Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from arena.battles.read.arrow import from_arrow
from arena.battles.read.wanted import BattleFile, Wanted
from arena.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


def read_parquet(path: Path, wanted: Wanted) -> BattleFile:
    """Names come as dictionaries, which is how parquet stores them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.ParquetFile(path).schema_arrow
        columns = wanted.columns(path, schema.names)
        text = [name for name in columns if _is_text(schema.field(name).type)]
        data = pq.ParquetFile(path, read_dictionary=text).read(columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not readable as parquet: {error}") from error
    return from_arrow(data, path, wanted)


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
