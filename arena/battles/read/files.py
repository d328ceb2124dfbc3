"""Battle files of any origin: a kind of file is a row of READERS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import cast

from arena.battles.read.wanted import BattleFile, Wanted
from arena.tables import Kind, TableFile, open_table

READERS: Mapping[Kind, str] = {
    "parquet": "arena.battles.read.parquet:read_parquet", "csv": "arena.battles.read.csv:read_csv",
    "jsonl": "arena.battles.read.jsonl:read_jsonl", "json": "arena.battles.read.jsonl:read_array",
}  # fmt: skip
"""Where the reader of each kind lives: it is imported when there is such a file."""


def read_battles(path: Path, wanted: Wanted) -> BattleFile:
    """Read a battle file, packed or not; `-` is stdin. Raises DataError that names the file, and the row or line where
    one is known."""
    with open_table(path) as file:
        module, _, name = READERS[file.kind].partition(":")
        read = cast("Callable[[TableFile, Wanted], BattleFile]", getattr(import_module(module), name))
        return read(file, wanted)
