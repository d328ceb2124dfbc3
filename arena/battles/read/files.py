"""Battle files of any origin: a kind of file is a row of READERS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from arena.battles.read.csv import read_csv
from arena.battles.read.jsonl import read_array, read_jsonl
from arena.battles.read.parquet import read_parquet
from arena.battles.read.wanted import BattleFile, Wanted
from arena.errors import DataError

READERS: dict[str, Callable[[Path, Wanted], BattleFile]] = {
    ".parquet": read_parquet, ".csv": read_csv, ".jsonl": read_jsonl, ".ndjson": read_jsonl, ".json": read_array,
}  # fmt: skip


def read_battles(path: Path, wanted: Wanted) -> BattleFile:
    """Read a battle file. Raises DataError that names the file, and the row or line where one is known."""
    if not path.is_file():
        raise DataError(f"{path}: {'a folder, not a file' if path.is_dir() else 'no such file'}")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: unknown kind of file {path.suffix!r} (allowed: {', '.join(READERS)})")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty")
    return reader(path, wanted)
