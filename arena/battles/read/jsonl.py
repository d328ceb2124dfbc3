"""Battles in JSON: lines of ours and of others, and arrays."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from arena.battles.read.arrow import from_arrow
from arena.battles.read.own import Line, read_own
from arena.battles.read.wanted import BattleFile, Wanted
from arena.errors import DataError
from arena.store.votes import counted_lines, is_ours
from arena.tables import TableFile, elements, name_of, number_of, objects

if TYPE_CHECKING:
    import pyarrow as pa

    from arena.types import JSON


def read_jsonl(file: TableFile, wanted: Wanted) -> BattleFile:
    """JSON lines: our own reports/battles.jsonl with its verdicts, or columns of anybody's."""
    first = next(objects(file), (0, None))[1]
    if first is None:
        raise DataError(f"{file}: the file is empty")
    if isinstance(first.get("verdicts"), list):
        return read_own(objects(file), file, wanted)
    if is_ours(first):
        kept, left_out = counted_lines(objects(file))
        return from_arrow(_by_object(kept, file, wanted), file, wanted).leaving_out(left_out)
    return from_arrow(_columns(file, wanted, first), file, wanted)


def read_array(file: TableFile, wanted: Wanted) -> BattleFile:
    """A JSON array, as Chatbot Arena publishes its battles, object by object."""
    return from_arrow(_by_object(elements(file), file, wanted), file, wanted)


def _columns(file: TableFile, wanted: Wanted, first: Line) -> pa.Table:
    """By pyarrow with the types of the first line; a file that mixes types is read line by line instead."""
    import pyarrow as pa
    from pyarrow import json

    types = {}
    for column, name in _possible(wanted, first).items():
        if wanted.is_name(name):
            types[column] = pa.int64() if isinstance(first.get(column), int) else pa.string()
        else:
            types[column] = pa.float64()
    attempts = [("ignore", list(types))]
    if first.keys() <= types.keys():  # then a field that begins further down is an error, and found for nothing
        attempts.insert(0, ("error", list(first)))
    for unexpected, names in attempts:
        schema = pa.schema([pa.field(name, types[name]) for name in names])
        parse = json.ParseOptions(explicit_schema=schema, unexpected_field_behavior=unexpected)
        try:
            data = json.read_json(file.path, read_options=json.ReadOptions(block_size=4 << 20), parse_options=parse)
        except (pa.ArrowException, UnicodeDecodeError):
            continue
        there = [name for name in names if name in first or data.column(name).null_count < len(data)]
        columns = wanted.columns(file, [*there, *(name for name in first if name not in there)])
        return data.select(list(columns)).rename_columns(list(columns.values()))
    return _by_object(objects(file), file, wanted)


def _possible(wanted: Wanted, first: Line) -> dict[str, str]:
    """The columns that a file with this first line may have for us, and what we call them."""
    return {name: name for name in wanted.candidates()} | wanted.aliases(first)


def _by_object(objects: Iterable[tuple[int, Line]], file: TableFile, wanted: Wanted) -> pa.Table:
    """The wanted columns with identifiers written as text. Raises DataError that names the line of a bad value."""
    import pyarrow as pa

    lines = iter(objects)
    first = next(lines, (0, Line()))
    possible = _possible(wanted, first[1])
    found: dict[str, list[str | float | None]] = {column: [] for column in possible}
    names: dict[str, None] = {}
    for number, line in chain([first] if first[1] else [], lines):
        names |= dict.fromkeys(line)
        for column, values in found.items():
            values.append(_cell(file, number, column, line.get(column), wanted.is_name(possible[column])))
    columns = wanted.columns(file, list(names))
    return pa.table(
        {
            name: pa.array(found[column], pa.string() if wanted.is_name(name) else pa.float64())
            for column, name in columns.items()
        }
    )


def _cell(file: TableFile, number: int, column: str, value: JSON, is_name: bool) -> str | float | None:
    """One value of a column, whole numbers written as text where names are wanted."""
    if not isinstance(value, bool | list | dict):
        try:
            return _encodable(name_of(value)) if is_name else number_of(value)
        except ValueError:
            pass
    kind = "a text or a number" if is_name else "a number"
    raise DataError(f"{file}:{number}: {column}: found {value!r:.80}, allowed: {kind}, or null")


def _encodable(name: str | None) -> str | None:
    """A name without half characters, which JSON can say and UTF-8 cannot: they are written as escapes."""
    return None if name is None else name.encode("utf-8", "backslashreplace").decode("utf-8")
