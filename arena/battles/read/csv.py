"""Battles in CSV."""

from __future__ import annotations

from arena.battles.read.arrow import from_arrow
from arena.battles.read.wanted import BattleFile, Wanted
from arena.tables import TableFile, read_header
from arena.tables import read_csv as read_columns


def read_csv(file: TableFile, wanted: Wanted) -> BattleFile:
    """Columns separated by anything usual, UTF-8 with or without a byte order mark, quoted cells over several lines."""
    import pyarrow as pa

    header = read_header(file, wanted.candidates())
    columns = wanted.columns(file, header.names)
    text = pa.dictionary(pa.int32(), pa.string())
    types = {column: text if wanted.is_name(name) else pa.float64() for column, name in columns.items()}
    return from_arrow(read_columns(file, header, types).rename_columns(list(columns.values())), file, wanted)
