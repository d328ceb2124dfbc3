"""Battles in CSV."""

from __future__ import annotations

from pathlib import Path

from arena.battles.read.arrow import from_arrow
from arena.battles.read.wanted import BattleFile, Wanted
from arena.errors import DataError


def read_csv(path: Path, wanted: Wanted) -> BattleFile:
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
        return from_arrow(pa.table({name: pa.array([], kind) for name, kind in types.items()}), path, wanted)
    convert = csv.ConvertOptions(column_types=types, include_columns=columns, strings_can_be_null=True,
                                 null_values=["", "null", "NULL", "None", "NaN", "nan", "NA"])  # fmt: skip
    try:
        data = csv.read_csv(path, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=convert)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}") from error
    return from_arrow(data, path, wanted)
