"""Tables as people have them: CSV with any separator, JSON lines and arrays, Parquet, plain or gzipped, or from stdin.

What is missing is the same in all of them: an empty cell and a number that is not finite, and in columns of numbers
the words of `NO_NUMBER` too. In a column of names NA, None, nan and null are names.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from arena.errors import DataError
from arena.files import from_json, object_of, read_lines

if TYPE_CHECKING:
    import pyarrow as pa

    from arena.types import JSON

Kind = Literal["csv", "jsonl", "json", "parquet"]
KINDS: Mapping[str, Kind] = {
    ".parquet": "parquet", ".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
}  # fmt: skip
"""By suffix; `.gz` may stand behind each of them."""
NO_NUMBER = ("na", "none", "nan", "null")
SEPARATORS = ",;\t|"
STDIN = "-"
_MARK = b"\xef\xbb\xbf"
"""The byte order mark that some editors put before UTF-8."""
_BLOCK = 16 << 20
_LARGEST_BLOCK = 1 << 30


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file of rows. As a text it is what the user called it, which is how messages begin."""

    path: Path
    """Where its bytes lie."""
    kind: Kind
    name: str

    def __str__(self) -> str:
        return self.name


@contextmanager
def open_table(path: Path, usual: Kind | None = None) -> Iterator[TableFile]:
    """A table by its name, unpacked or fetched from stdin while this lasts. Stdin is told by its first byte.

    `usual` is the kind of a file whose suffix says nothing. Raises DataError.
    """
    if str(path) == STDIN:
        with _unpacked(path) as held:
            yield TableFile(held, _sniffed(held), STDIN)
        return
    if not path.is_file():
        raise DataError(f"{path}: {'a folder, not a file' if path.is_dir() else 'no such file'}")
    suffix, zipped = _suffix(path)
    kind = KINDS.get(suffix, usual)
    if kind is None:
        raise DataError(f"{path}: unknown kind of file {suffix!r} (allowed: {', '.join(KINDS)}, each also .gz)")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty")
    if not zipped:
        yield TableFile(path, kind, str(path))
        return
    with _unpacked(path) as held:
        yield TableFile(held, kind, str(path))


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """What stdin or a packed file holds, as a file for as long as this lasts."""
    import gzip
    import shutil
    import tempfile
    import zlib

    with tempfile.TemporaryDirectory(prefix="arena-") as folder:
        held = Path(folder) / "held"
        try:
            if str(path) == STDIN:
                with held.open("wb") as out:
                    shutil.copyfileobj(sys.stdin.buffer, out)
            source = held if str(path) == STDIN else path
            if _start(source, 2) == b"\x1f\x8b":
                with gzip.open(source) as packed, (held := Path(folder) / "unpacked").open("wb") as out:
                    shutil.copyfileobj(packed, out)
            elif source is path:
                raise DataError(f"{path}: not gzip, as its name says")
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path}: cannot be read: {error}") from None
        if held.stat().st_size == 0:
            raise DataError(f"{path}: the file is empty")
        yield held


def _sniffed(path: Path) -> Kind:
    start = _start(path, 1 << 12).removeprefix(_MARK).lstrip()
    if start.startswith(b"PAR1"):
        return "parquet"
    return "jsonl" if start.startswith(b"{") else "json" if start.startswith(b"[") else "csv"


def _start(path: Path, n: int) -> bytes:
    with path.open("rb") as file:
        return file.read(n)


def _suffix(path: Path) -> tuple[str, bool]:
    """A file's suffix, and whether it is packed."""
    zipped = path.suffix.lower() == ".gz"
    return (path.with_suffix("") if zipped else path).suffix.lower(), zipped


def name_of(value: object) -> str | None:
    """A cell of a column of names: whole numbers without a fraction; None where there is nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, float):
        return None if not isfinite(value) else str(int(value)) if value.is_integer() else str(value)
    return str(value)


def number_of(value: object) -> float | None:
    """A cell of a column of numbers; None where there is nothing. Raises ValueError for anything else."""
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", *NO_NUMBER)):
        return None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError("not a number")


def blank_warnings(column: str, names: Iterable[str]) -> list[str]:
    """Names that differ from another one by blanks around them alone: they stay apart, and that is said."""
    there = set(names)
    padded = sorted(name for name in there if name != name.strip() and name.strip() in there)
    if not padded:
        return []
    more = f" ({len(padded)} such names)" if len(padded) > 1 else ""
    return [f"{column}: {padded[0]!r} and {padded[0].strip()!r} differ by blanks alone and are kept apart{more}"]


@dataclass(frozen=True, slots=True)
class Header:
    """The first row of a CSV, and how its rows are cut."""

    names: tuple[str, ...]
    separator: str
    lines: int
    """How many lines stand above the first row of values."""
    has_rows: bool


def read_header(file: TableFile, known: Collection[str]) -> Header:
    """The header of a CSV: separated as `sep=` says, else by what finds most of the `known` columns."""
    import csv
    import io

    try:
        with file.path.open(encoding="utf-8-sig", newline="") as lines:
            top, read = next(lines, ""), 1
            while top and not top.strip():
                top, read = next(lines, ""), read + 1
            stated = top.strip()[4:5] if top[:4].lower() == "sep=" else None
            if stated is not None:
                top, read = next(lines, ""), read + 1
            while top.count('"') % 2 and (more := next(lines, "")):  # a quoted name over several lines
                top, read = top + more, read + 1
            options = [stated] if stated else [*SEPARATORS]
            cut = {
                mark: [name.strip() for name in next(csv.reader(io.StringIO(top, newline=""), delimiter=mark), [])]
                for mark in options
            }
            best = max(options, key=lambda mark: (len(set(cut[mark]) & set(known)), -options.index(mark)))
            return Header(tuple(cut[best]), best, read, any(line.strip() for line in lines))
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 text: {error}") from error
    except csv.Error as error:
        raise DataError(f"{file}: {error}") from error


def read_csv(file: TableFile, header: Header, columns: Mapping[str, pa.DataType]) -> pa.Table:
    """Some columns of a CSV by their types; cells may be of any length and hold newlines. Raises DataError."""
    import pyarrow as pa
    from pyarrow import csv

    if not header.has_rows:
        return pa.table({name: pa.array([], kind) for name, kind in columns.items()})
    spellings = [*NO_NUMBER, *map(str.upper, NO_NUMBER), *map(str.title, NO_NUMBER), "NaN", ""]
    convert = csv.ConvertOptions(column_types=dict(columns), include_columns=list(columns), null_values=spellings)
    parse = csv.ParseOptions(delimiter=header.separator, newlines_in_values=True)
    block, threads = _BLOCK, True
    while True:
        reading = csv.ReadOptions(
            block_size=block, use_threads=threads, column_names=list(header.names), skip_rows=header.lines
        )
        try:
            return csv.read_csv(file.path, read_options=reading, parse_options=parse, convert_options=convert)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            said = str(error)
            if "straddl" in said and block < min(file.path.stat().st_size, _LARGEST_BLOCK):
                block *= 8
            elif threads:
                threads = False  # one thread knows the number of the row
            else:
                raise DataError(f"{file}: {_explained(said, header)}") from error


def _explained(said: str, header: Header) -> str:
    """What pyarrow says against a CSV, in our words: rows are counted without the header, columns go by name."""
    import re

    row = re.search(r"Row #(\d+): ", said)
    place = f"row {int(row[1]) - header.lines}: " if row else ""
    column = re.search(r"In CSV column #(\d+): ", said)
    name = f"{header.names[int(column[1])]}: " if column else ""
    if "UTF8" in said:
        return f"{place}{name}not UTF-8 text"
    if value := re.search(r"CSV conversion error to double: invalid value '(.*)'", said, re.S):
        return f"{place}{name}found {value[1]!r:.80}, allowed: a number"
    what = said[row.end() if row else 0 :].removeprefix("CSV parse error: ")
    return f"{place}{name}{what[:1].lower()}{' '.join(what[1:200].split())}"


def read_rows(path: Path, known: Collection[str]) -> Iterator[tuple[str, dict[str, JSON]]]:
    """Row by row, whichever kind of file it is, with the place that messages begin with: `q.csv: row 2`, `q.jsonl:2`.

    A file whose suffix says nothing holds JSON lines. Of CSV every cell is a text, None where it is empty. Raises
    DataError.
    """
    if is_lines(path) and not _suffix(path)[1]:
        is_array = path.is_file() and path.suffix.lower() == ".json" and _sniffed(path) == "json"
        yield from rows_of(TableFile(path, "json" if is_array else "jsonl", str(path)), known)
        return
    with open_table(path, "jsonl") as file:
        yield from rows_of(file, known)


def rows_of(file: TableFile, known: Collection[str]) -> Iterator[tuple[str, dict[str, JSON]]]:
    """The rows of an open file and their places, as `read_rows` gives them."""
    if file.kind == "jsonl":
        for number, line in objects(file):
            yield f"{file}:{number}", line
    elif file.kind == "json":
        for number, line in elements(file):
            yield f"{file}: row {number}", line
    else:
        batches = _all_columns(file, known).to_batches(max_chunksize=1024)
        for number, row in enumerate((row for batch in batches for row in batch.to_pylist()), start=1):
            yield f"{file}: row {number}", {name: _plain(value) for name, value in row.items()}


def is_lines(path: Path) -> bool:
    """Whether a file holds JSON, in which a column may be left out: every suffix that does not say otherwise."""
    return KINDS.get(_suffix(path)[0], "jsonl") in ("jsonl", "json")


def texts_of(value: JSON) -> JSON:
    """A cell of texts, as a list where it is one, which CSV says as `["a", "b"]`."""
    if isinstance(value, str) and value.startswith('["'):
        try:
            found = from_json(value)
        except ValueError:
            return value
        if isinstance(found, list) and all(isinstance(text, str) for text in found):
            return found
    return value


def objects(file: TableFile) -> Iterator[tuple[int, dict[str, JSON]]]:
    """The objects of JSON lines with the numbers of their lines. Raises DataError that names the line."""
    for where, line in read_lines(file.path):
        yield where.number, object_of(Path(file.name), where.number, line)


def elements(file: TableFile) -> Iterator[tuple[int, dict[str, JSON]]]:
    """The objects of a JSON array, numbered from 1. Raises DataError."""
    try:
        found = from_json(file.path.read_bytes().removeprefix(_MARK))
    except ValueError as error:
        raise DataError(f"{file}: not JSON: {error}") from error
    if not isinstance(found, list) or not all(isinstance(element, dict) for element in found):
        raise DataError(f"{file}: not a JSON array of objects (one object per line belongs into a .jsonl file)")
    yield from enumerate(cast("list[dict[str, JSON]]", found), start=1)


def _all_columns(file: TableFile, known: Collection[str]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if file.kind == "csv":
        header = read_header(file, known)
        if len(set(header.names)) < len(header.names):
            twice = next(name for name in header.names if header.names.count(name) > 1)
            raise DataError(f"{file}: the column {twice!r} is there {header.names.count(twice)} times")
        return read_csv(file, header, dict.fromkeys(header.names, pa.string()))
    try:
        return pq.ParquetFile(file.path).read()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{file}: not readable as parquet: {error}") from error


def _plain(value: object) -> JSON:
    """A cell as JSON would have it; nothing where it is empty or not finite."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, float):
        return None if not isfinite(value) else int(value) if value.is_integer() else value
    if value is None or value == "" or isinstance(value, str | int):
        return value or None if isinstance(value, str) else value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
