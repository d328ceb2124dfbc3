"""Data frames as battle files: pandas, polars, pyarrow, or columns by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from arena.errors import DataError


def write_frame(battles: object, path: Path) -> Path:
    """Write a data frame as a Parquet file, which is returned. Raises DataError for what is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if isinstance(battles, pa.Table):
            table = battles
        elif isinstance(battles, Mapping):
            table = pa.table(dict(battles))
        elif hasattr(battles, "to_arrow"):
            table = battles.to_arrow()
        elif hasattr(battles, "columns"):
            table = pa.Table.from_pandas(battles, preserve_index=False)
        else:
            found = type(battles).__name__
            raise DataError(f"battles: found {found}, allowed: a path, a data frame, or columns by name")
        pq.write_table(table, path)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(f"battles: {error}") from None
    return path
