"""Battle files of any origin: a kind of file is a row of READERS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from arena.battles.read.csv import read_csv
from arena.battles.read.jsonl import read_array, read_jsonl
from arena.battles.read.parquet import read_parquet
from arena.battles.read.wanted import BattleFile, Wanted
from arena.tables import Kind, TableFile, open_table

READERS: Mapping[Kind, Callable[[TableFile, Wanted], BattleFile]] = {
    "parquet": read_parquet, "csv": read_csv, "jsonl": read_jsonl, "json": read_array,
}  # fmt: skip


def read_battles(path: Path, wanted: Wanted) -> BattleFile:
    """Read a battle file, packed or not; `-` is stdin. Raises DataError that names the file, and the row or line where
    one is known."""
    with open_table(path) as file:
        return READERS[file.kind](file, wanted)
