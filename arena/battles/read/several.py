"""Battles in several files: which files are meant, and their rows as one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from arena.battles.read.files import read_battles
from arena.battles.read.wanted import BattleFile, Wanted
from arena.errors import DataError
from arena.ratings import BattleTable
from arena.ratings.data.arrays import Codes, FloatArray
from arena.ratings.data.table import Coded
from arena.tables import KINDS, STDIN, blank_warnings

_OPTIONAL = ("question", "judge", "category", "language", "weight", "first", "a_first_outcome", "b_first_outcome")
_CALLED = {"question": "question_id", "first": "first_model", "a_first_outcome": "verdicts",
           "b_first_outcome": "verdicts"}  # fmt: skip


def files_of(given: Sequence[Path]) -> tuple[Path, ...]:
    """The files that are meant by files, folders (all tables right inside) and patterns such as `battles/*.parquet`.

    In the order given, those of a folder or a pattern by name, each once. Raises DataError where there is none.
    """
    found: dict[Path, None] = {}
    for path in given:
        found |= dict.fromkeys(_meant(path))
    if len(found) > 1 and Path(STDIN) in found:
        raise DataError("- (stdin) is rated alone, not beside files")
    return tuple(found)


def _meant(path: Path) -> list[Path]:
    if path.is_dir():
        if (own := path / "reports" / "battles.jsonl").is_file():
            raise DataError(f"{path}: a board's folder; its battles are {own}")
        inside = sorted(file for file in path.iterdir() if file.is_file() and _is_table(file))
        if not inside:
            raise DataError(f"{path}: a folder without tables (allowed: {', '.join(KINDS)}, each also .gz)")
        return inside
    if path.exists() or str(path) == STDIN or not any(mark in str(path) for mark in "*?["):
        return [path]
    matching = sorted(file for file in _matching(path) if file.is_file())
    if not matching:
        raise DataError(f"{path}: no file is called like that")
    return matching


def _matching(pattern: Path) -> Iterable[Path]:
    root = Path(pattern.anchor)
    return root.glob(str(pattern.relative_to(root)))


def _is_table(file: Path) -> bool:
    name = file.with_suffix("") if file.suffix.lower() == ".gz" else file
    return name.suffix.lower() in KINDS and not file.name.startswith((".", "_"))


def called(files: Sequence[Path]) -> str:
    """How messages name them together."""
    return str(files[0]) if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"


def read_files(files: Sequence[Path], wanted: Wanted) -> BattleFile:
    """Read battle files of any kinds as one: as if their rows stood in one file, in the order of the files.

    Raises DataError that names the file: one that cannot be read, or has other columns than the first.
    """
    if len(files) == 1:
        return read_battles(files[0], wanted)
    read = [read_battles(file, replace(wanted, judge_elsewhere=True)) for file in files]
    if wanted.judge is not None and not any(len(file.table) or file.skipped for file in read):
        read_battles(files[0], wanted)  # says which judges there are
    for path, file in zip(files, read, strict=True):
        _check_layout(path, file.table, files[0], read[0].table)
    return _joined(read, called(files))


def _check_layout(path: Path, table: BattleTable, first: Path, model: BattleTable) -> None:
    for name in _OPTIONAL:
        there, expected = getattr(table, name) is not None, getattr(model, name) is not None
        if there != expected:
            what = f"no column {_CALLED.get(name, name)!r}" if expected else f"a column {_CALLED.get(name, name)!r}"
            raise DataError(f"{path}: another layout than {first}: {what}; rate files of one layout together")
    for name in sorted(table.style.keys() ^ model.style.keys()):
        what = f"{'a' if name in table.style else 'no'} column {name!r}"
        raise DataError(f"{path}: another layout than {first}: {what}; rate files of one layout together")


def _joined(read: Sequence[BattleFile], source: str) -> BattleFile:
    """The battles of all files. Where one has rows of the panel, the rows of others count as single judges'."""
    if any(file.every_judge is not None for file in read):
        read = [
            file if file.every_judge is not None
            else BattleFile(file.table.select(np.zeros(len(file.table), dtype=bool)), {}, file.table, file.simulated,
                            file.warnings)
            for file in read
        ]  # fmt: skip
    table = concatenated([file.table for file in read]).checked(source)
    every = [file.every_judge for file in read if file.every_judge is not None]
    skipped = BattleFile(table)
    for file in read:
        skipped = skipped.leaving_out(file.skipped)
    names = {"model": table.models} | {
        name: column.names
        for name, column in (("question_id", table.question), ("judge", table.judge), ("category", table.category))
        if column is not None
    }
    odd = [text for file in read for text in file.warnings]
    odd += [text for name, column in names.items() for text in blank_warnings(name, column)]
    return BattleFile(
        table, skipped.skipped, concatenated(every) if every else None,
        simulated=any(file.simulated for file in read), warnings=tuple(dict.fromkeys(odd)),
    )  # fmt: skip


def concatenated(tables: Sequence[BattleTable]) -> BattleTable:
    """The rows of all tables, one after the other, over the names of all. They have the same columns."""
    models = tuple(sorted({name for table in tables for name in table.models}))
    a = _recoded(((table.models, table.a) for table in tables), models)
    b = _recoded(((table.models, table.b) for table in tables), models)
    return BattleTable(
        models=models, a=a, b=b, outcome=np.concatenate([table.outcome for table in tables]),
        weight=_numbers(tables, lambda table: table.weight), question=_names(tables, lambda table: table.question),
        judge=_names(tables, lambda table: table.judge), category=_names(tables, lambda table: table.category),
        language=_names(tables, lambda table: table.language), first=_numbers(tables, lambda table: table.first),
        a_first_outcome=_numbers(tables, lambda table: table.a_first_outcome),
        b_first_outcome=_numbers(tables, lambda table: table.b_first_outcome),
        style={name: np.concatenate([table.style[name] for table in tables]) for name in tables[0].style},
    )  # fmt: skip


def _numbers(tables: Sequence[BattleTable], column: Callable[[BattleTable], FloatArray | None]) -> FloatArray | None:
    found = [values for table in tables if (values := column(table)) is not None]
    return np.concatenate(found) if found else None


def _names(tables: Sequence[BattleTable], column: Callable[[BattleTable], Coded | None]) -> Coded | None:
    found = [coded for table in tables if (coded := column(table)) is not None]
    if not found:
        return None
    names = tuple(sorted({name for coded in found for name in coded.names}))
    return Coded(names, _recoded(((coded.names, coded.codes) for coded in found), names))


def _recoded(columns: Iterable[tuple[Sequence[str], Codes]], names: Sequence[str]) -> Codes:
    """Codes into each column's own names, as codes into `names`; −1 stays."""
    place = {name: code for code, name in enumerate(names)}
    return np.concatenate([np.array([*(place[name] for name in own), -1], np.int32)[codes] for own, codes in columns])
