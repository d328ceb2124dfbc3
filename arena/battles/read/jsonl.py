"""Battles in JSON: lines of ours and of others, and arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from arena.battles.read.arrow import from_arrow
from arena.battles.read.own import Line, read_own
from arena.battles.read.wanted import BattleFile, Wanted
from arena.errors import DataError
from arena.types import JSON

if TYPE_CHECKING:
    import pyarrow as pa

_MARK = b"\xef\xbb\xbf"
"""The byte order mark that some editors put before UTF-8."""


def read_jsonl(path: Path, wanted: Wanted) -> BattleFile:
    """JSON lines: our own reports/battles.jsonl with its verdicts, or columns of anybody's."""
    first = first_line(path)
    if isinstance(first.get("verdicts"), list):
        return read_own(lines(path), path, wanted)
    return from_arrow(_columns(path, wanted, first), path, wanted)


def read_array(path: Path, wanted: Wanted) -> BattleFile:
    """A JSON array, as Chatbot Arena publishes its battles, object by object."""
    return from_arrow(_by_object(_elements(path), path, wanted), path, wanted)


def _columns(path: Path, wanted: Wanted, first: Line) -> pa.Table:
    """By pyarrow with the types of the first line; a file that mixes types is read line by line instead."""
    import pyarrow as pa
    from pyarrow import json

    types = {}
    for name in wanted.candidates():
        if wanted.is_name(name):
            types[name] = pa.int64() if isinstance(first.get(name), int) else pa.string()
        else:
            types[name] = pa.float64()
    attempts = [("ignore", list(types))]
    if first.keys() <= types.keys():  # then a field that begins further down is an error, and found for nothing
        attempts.insert(0, ("error", list(first)))
    for unexpected, names in attempts:
        schema = pa.schema([pa.field(name, types[name]) for name in names])
        parse = json.ParseOptions(explicit_schema=schema, unexpected_field_behavior=unexpected)
        try:
            data = json.read_json(path, read_options=json.ReadOptions(block_size=4 << 20), parse_options=parse)
        except (pa.ArrowException, UnicodeDecodeError):
            continue
        there = [name for name in names if name in first or data.column(name).null_count < len(data)]
        return data.select(wanted.columns(path, [*there, *(name for name in first if name not in there)]))
    return _by_object(lines(path), path, wanted)


def _by_object(objects: Iterable[tuple[int, Line]], path: Path, wanted: Wanted) -> pa.Table:
    """The wanted columns with identifiers written as text. Raises DataError that names the line of a bad value."""
    import pyarrow as pa

    found: dict[str, list[str | float | None]] = {name: [] for name in wanted.candidates()}
    names: dict[str, None] = {}
    for number, line in objects:
        names |= dict.fromkeys(line)
        for name, values in found.items():
            values.append(_cell(path, number, name, line.get(name), wanted))
    columns = wanted.columns(path, list(names))
    types = {name: pa.string() if wanted.is_name(name) else pa.float64() for name in columns}
    return pa.table({name: pa.array(found[name], types[name]) for name in columns})


def _cell(path: Path, number: int, name: str, value: JSON, wanted: Wanted) -> str | float | None:
    """One value of a column, whole numbers written as text where names are wanted."""
    if value is None:
        return None
    if not isinstance(value, bool):
        if wanted.is_name(name):
            if isinstance(value, str | int):
                return str(value)
            if isinstance(value, float) and value.is_integer():
                return str(int(value))
        elif isinstance(value, int | float):
            return float(value)
    kind = "a text or a whole number" if wanted.is_name(name) else "a number"
    raise DataError(f"{path}:{number}: {name}: found {value!r}, allowed: {kind}, or null")


def first_line(path: Path) -> Line:
    """The first line that is not empty. Raises DataError when there is none."""
    for _, line in lines(path):
        return line
    raise DataError(f"{path}: the file is empty")


def lines(path: Path) -> Iterator[tuple[int, Line]]:
    """The objects of a JSONL file with the numbers of their lines. Raises DataError that names the line."""
    import orjson

    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            text = raw.removeprefix(_MARK) if number == 1 else raw
            if not text.strip():
                continue
            try:
                line = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise DataError(f"{path}:{number}: not JSON: {error}") from error
            if not isinstance(line, dict):
                raise DataError(f"{path}:{number}: not a JSON object")
            yield number, line


def _elements(path: Path) -> Iterator[tuple[int, Line]]:
    """The objects of a JSON array, numbered from 1."""
    import orjson

    try:
        found = orjson.loads(path.read_bytes().removeprefix(_MARK))
    except orjson.JSONDecodeError as error:
        raise DataError(f"{path}: not JSON: {error}") from error
    if not isinstance(found, list) or not all(isinstance(element, dict) for element in found):
        raise DataError(f"{path}: not a JSON array of objects (one object per line belongs into a .jsonl file)")
    yield from enumerate(found, start=1)
